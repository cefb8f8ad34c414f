"""Zudu's list of calls: by pages from 0, sorted and filtered in two dialects.

Contract sheet, section 2.1. What is answered is filtered here again, as the list may
leave out filters. A call that has not begun has no start, and where a list sorted by
start puts such calls is undocumented: so they are looked for in lists sorted by when
calls were made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from agents.providers.base import Json, Page, ProviderRefused, ProviderUnclear
from agents.providers.reading import mapping, text
from agents.providers.zudu import words
from agents.providers.zudu.answers import goes_on, listed, when
from agents.providers.zudu.catalog import Ask
from agents.providers.zudu.facts import call_object, made_at

PATH = "/api/calls"
# The largest page is unseen; half of what batches allow is hoped to do.
PAGE = 50
# Of an agent's newest calls, how many pages are searched for one.
SEARCHED = 4
BY_START, BY_MAKING = "start_timestamp", "created_at"
CLOCKS = timedelta(minutes=1)
# What a list may answer that does not know a field of the other generation.
NOT_UNDERSTOOD = (400, 422)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to ask for calls: how they are sorted, and which."""

    sort_by: str
    criteria: Json


class CallList:
    """The calls of an account, read with `ask`."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask

    def newest(self, limit: int) -> list[Json]:
        """Return the newest calls."""
        return self._read(Look(BY_START, {}), 0, limit)[0]

    def find(self, agent_id: str, reference: str, dialed_at: datetime) -> list[Json]:
        """Return the calls of an agent that carry a reference.

        Asked the newer way first, then the older one, then for those that go on now.
        """
        looks = (
            Look(BY_START, {"agent_id": [agent_id]}),
            Look(BY_MAKING, {"agent_id": agent_id}),
            Look(BY_START, {"agent_id": [agent_id], "call_status": ["ongoing"]}),
        )
        refusals: list[ProviderRefused] = []
        for look in looks:
            try:
                found = self._search(look, reference, dialed_at - CLOCKS)
            except ProviderRefused as error:
                if error.status not in NOT_UNDERSTOOD:
                    raise
                refusals.append(error)
                continue
            if found:
                return found
        if len(refusals) == len(looks):
            raise refusals[0]
        return []

    def _search(self, look: Look, reference: str, since: datetime) -> list[Json]:
        """Return the calls that carry a reference, of the first page that has any."""
        for page in range(SEARCHED):
            calls, more = self._read(look, page, PAGE)
            whole = (self._whole(call, since) for call in calls)
            found = [call for call in whole if _carries(call, reference)]
            if found or not more or _is_past(calls, since):
                return found
        return []

    def _whole(self, call: Json, since: datetime) -> Json:
        """Return a listed call, fetched where the list leaves out its metadata.

        What of a call a list shows is seen in examples only. One that is older than the
        dial cannot be the one.
        """
        call_id, at = text(call.get("call_id"), 160), _started_at(call) or made_at(call)
        if "metadata" in call or not call_id or (at and at < since):
            return call
        return call_object(self.ask("GET", f"{PATH}/{quote(call_id, safe='')}"))

    def page(self, since: datetime, cursor: str) -> Page[Json]:
        """Return one page: first calls by their start, then those without one.

        A cursor is the sorting and the page. A server that does not know the second
        sorting has told all it can.
        """
        sort_by, _, number = cursor.partition(":")
        begun = sort_by != BY_MAKING
        page = int(number[:9]) if number.isascii() and number.isdigit() else 0
        look = Look(BY_START if begun else BY_MAKING, {})
        try:
            calls, more = self._read(look, page, PAGE)
        except ProviderRefused as error:
            if begun or page or error.status not in NOT_UNDERSTOOD:
                raise
            return Page(())
        wanted = _begun(calls, since) if begun else _never_begun(calls, since)
        if more and not _is_past(calls, since):
            return Page(tuple(wanted), f"{look.sort_by}:{page + 1}")
        return Page(tuple(wanted), f"{BY_MAKING}:0" if begun else "")

    def _read(self, look: Look, page: int, limit: int) -> tuple[list[Json], bool]:
        """Return the calls of one page, and whether another follows."""
        body: Json = {
            "page": page,
            "limit": limit,
            "sort_by": look.sort_by,
            "sort_order": "descending",
        }
        if look.criteria:
            body["filter_criteria"] = look.criteria
        answer: Any = self.ask("POST", PATH, json=body)
        calls = listed(answer, "calls")
        if calls is None:
            raise ProviderUnclear("Zudu AI answered without a list.")
        return calls, goes_on(answer, page, len(calls), limit)


def _carries(call: Json, reference: str) -> bool:
    carried = text(mapping(call.get("metadata")).get(words.REFERENCE))
    return bool(text(call.get("call_id"))) and carried == reference


def _started_at(call: Json) -> datetime | None:
    return when(call.get("start_timestamp"))


def _begun(calls: Iterable[Json], since: datetime) -> Iterable[Json]:
    for call in calls:
        started = _started_at(call)
        if started and started >= since:
            yield call


def _never_begun(calls: Iterable[Json], since: datetime) -> Iterable[Json]:
    """Yield the calls without a start; a record that waits is no call yet."""
    for call in calls:
        waits = words.fold(call.get("call_status")) in words.NOT_BEGUN
        if not waits and not _started_at(call) and (made_at(call) or since) >= since:
            yield call


def _is_past(calls: Iterable[Json], since: datetime) -> bool:
    """Tell whether all calls with a time are older: what follows is older still."""
    times = [_started_at(call) or made_at(call) for call in calls]
    known = [at for at in times if at]
    return bool(known) and all(at < since for at in known)
