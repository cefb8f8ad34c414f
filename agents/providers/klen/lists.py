"""Klen AI's list of calls: by pages, without a date filter, in an undocumented order.

Sheet, sections 0 and 2.1. It is read so that either order is right, and quick where the
newest come first.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from agents.providers.base import CallHandle, Json
from agents.providers.klen import facts
from agents.providers.reading import iso, text

LIMIT = 100
# How far apart the clocks here and there may be.
CLOCKS = timedelta(minutes=1)
# A search that is not over after so many pages is given up: the minute has 60 requests.
MOST_PAGES = 20


def at(row: Json) -> datetime | None:
    """Return when a call was; None for one that has no time (yet)."""
    return iso(row.get("started_at")) or iso(row.get("ended_at"))


def is_recent(row: Json, since: datetime) -> bool:
    """Tell whether a call may have begun at or after `since`."""
    when = at(row)
    return when is None or when >= since


def goes_on(answer: Json, page: int, calls: Sequence[Json], since: datetime) -> bool:
    """Tell whether the next page may hold calls since then.

    Where the newest come first, a page that ends before `since` was the last one.
    """
    pages = facts.count(answer.get("pages"))
    is_last = len(calls) < LIMIT if pages is None else page >= pages
    if is_last or not calls:
        return False
    times = [when for when in map(at, calls) if when]
    falls = times == sorted(times, reverse=True) and times[:1] > times[-1:]
    return not (falls and times[-1] < since)


def could_be(row: Json, handle: CallHandle, since: datetime) -> bool:
    """Tell whether a call may be the one of an unclear dial (sheet, adapter rule 1)."""
    _, call_id = facts.ids(row)
    asked = handle.request
    return (
        bool(call_id)
        and call_id not in handle.taken
        and row.get("type") == "outbound"
        and facts.agent_id(row) in ("", asked.agent_id)
        and _digits(text(row.get("phone_number"))) == _digits(asked.to_number)
        and is_recent(row, since)
    )


def candidates(
    calls: Iterable[Json], handle: CallHandle, since: datetime
) -> list[Json]:
    """Return the calls that may be the one of an unclear dial, each once."""
    fits = (row for row in calls if could_be(row, handle, since))
    return list({facts.ids(row)[1]: row for row in fits}.values())


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)
