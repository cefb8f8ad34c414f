"""UponAI's two lists of calls, by pages: what to ask for, and what a page says.

The plain list names calls and their metadata; the history has numbers, recording and
cost, and no metadata (contract sheet, sections 2.2 and 2.3). In which order they come
is not documented.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from agents.providers.base import Json
from agents.providers.reading import mapping, rows, span, when

LIST, HISTORY = "/api/v1/calls", "/api/v1/calls/history"
LIMIT = 100


def question(since: datetime | None, page: int, **more: Any) -> Json:
    """Return the query of a page.

    The history has date filters whose names are cut off in the sheet; `fromDate` is
    that of the plain list, and `recent` does without it.
    """
    at = since.astimezone(UTC).isoformat(timespec="milliseconds") if since else None
    date = at.replace("+00:00", "Z") if at else None
    return {**more, "fromDate": date, "page": page, "limit": LIMIT}


def calls_in(answer: Any) -> list[Json] | None:
    """Return the calls of a page; None: it is no list of calls."""
    listed = mapping(answer).get("calls")
    return rows(listed) if isinstance(listed, list) else None


def has_more(answer: Any, page: int) -> bool:
    """Tell whether a page follows: by the count of pages, else by that of calls."""
    found = calls_in(answer) or []
    told = mapping(mapping(answer).get("pagination"))
    pages, total = span(told.get("pages")), span(told.get("total"))
    if not found:
        return False
    if pages is not None:
        return page < pages
    if total is not None:
        return page * (span(told.get("limit")) or LIMIT) < total
    return len(found) >= LIMIT


def recent(found: Sequence[Json], since: datetime) -> list[Json]:
    """Leave out what started before; a row without a start is kept."""
    starts = [(row, when(row.get("startedAt"))) for row in found]
    return [row for row, at in starts if at is None or at >= since]


def is_past(found: Sequence[Json], since: datetime) -> bool:
    """Tell whether a page that runs from new to old has come behind `since`."""
    starts = [at for row in found if (at := when(row.get("startedAt")))]
    falls = all(a >= b for a, b in pairwise(starts))
    return len(starts) > 1 and falls and starts[0] > starts[-1] and starts[-1] < since
