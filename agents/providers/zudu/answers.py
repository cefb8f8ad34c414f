"""Zudu's envelope and pages, in every form its two generations of answers have.

Contract sheet, section 0: `status` in the envelope is not to be trusted (a Bad Request
says "success"), so what counts is the status of HTTP, and then whether `data` holds what
was asked for.
"""

from datetime import datetime
from typing import Any

from agents.providers import reading
from agents.providers.base import Json
from agents.providers.reading import flag, mapping, moment, number, rows, span

# The sheet's rule: an integer below this is seconds of the epoch, otherwise ms.
SECONDS_BELOW = 10**11
# Where the page counts stand; on some lists they lie flat in `data`.
PAGINATION = ("pagination", "paging")
GOES_ON = ("has_next_page", "has_next")
TOTALS = ("total_count", "total")


def data(answer: Any) -> Any:
    """Return what an answer holds: its `data`, or all of it where there is none.

    Some answers of the newer generation have no envelope.
    """
    return mapping(answer).get("data", answer)


def listed(answer: Any, name: str) -> list[Json] | None:
    """Return the rows of a list; None where there is no list.

    They are in `data.<name>`, or `data` is the list; the sheet does not say it of all.
    """
    held = data(mapping(answer))
    found = held.get(name) if isinstance(held, dict) else held
    return rows(found) if isinstance(found, list) else None


def goes_on(answer: Any, page: int, got: int, limit: int) -> bool:
    """Tell whether there is a page after `page` (from 0), which had `got` rows."""
    held = mapping(data(answer))
    nested = (mapping(held.get(name)) for name in PAGINATION)
    counts = next((each for each in nested if each), held)
    if not got:
        return False
    for name in GOES_ON:
        said = flag(counts.get(name))
        if said is not None:
            return said
    pages = span(counts.get("total_pages"))
    if pages is not None:
        return page + 1 < pages
    size = span(counts.get("limit")) or limit
    for name in TOTALS:
        total = span(counts.get(name))
        if total is not None:
            return (page + 1) * size < total
    return got >= size


def when(value: Any) -> datetime | None:
    """Read a time: epoch seconds, epoch ms or ISO 8601; without a zone it is UTC."""
    epoch = number(value)
    if epoch is not None and abs(epoch) < SECONDS_BELOW:
        return moment(epoch * 1000)
    return reading.when(value)
