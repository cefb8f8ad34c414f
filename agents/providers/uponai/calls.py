"""Asking UponAI about calls: one, the one we are not sure of, and all since a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.providers.base import (
    CallHandle,
    CallUpdate,
    Json,
    Page,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
)
from agents.providers.reading import mapping
from agents.providers.uponai import facts, pages
from agents.providers.uponai.line import LABEL, Line, part, says_no, utc_now
from agents.providers.voicewire.words import FINAL

# How far our clock and theirs may differ.
CLOCKS = timedelta(minutes=1)
# Pages of an agent's calls since the dial that are looked through for ours.
MOST_PAGES = 20


# --- One call ------------------------------------------------------------------------
def fetch(line: Line, handle: CallHandle) -> CallUpdate | None:
    """Return what UponAI knows of a call; None when it does not know the id.

    Get Call says where the call is; of one that is over, the history says the rest.
    """
    asked = handle.provider_call_id
    try:
        call = _call_in(line.ask("GET", f"{pages.LIST}/{part(asked)}"))
    except ProviderRefused as error:
        if error.status == 404:
            return None
        raise
    update = facts.call_update(call, utc_now())
    named = set(facts.ids(call)) - {""}
    # Asked for by its SID, a call is answered under its id: the reference then decides.
    if asked not in named and update.reference not in ("", handle.request.reference):
        raise ProviderUnclear(f"{LABEL} answered with another call.")
    if update.status in FINAL:
        known = {asked, handle.other_call_id} | named
        update = _with_history(line, update, handle, known - {""})
    # The id asked for stays the first one: it may be the SID of the answer's call.
    other = handle.other_call_id or min(named - {asked}, default="")
    return replace(update, provider_call_id=asked, other_call_id=other)


def _call_in(answer: Any) -> Json:
    """Return the call of an answer, in its envelope or bare."""
    call = mapping(mapping(answer).get("call")) or mapping(answer)
    if says_no(answer) or not facts.ids(call)[0]:
        raise ProviderUnclear(f"{LABEL} answered without the call.")
    return call


def _with_history(
    line: Line, update: CallUpdate, handle: CallHandle, known: set[str]
) -> CallUpdate:
    """Add what the history's first page says of the call, where it can be asked."""
    if line.workspace is None:
        return update
    since = handle.dialed_at - CLOCKS if handle.dialed_at else None
    narrow = {"workspaceId": line.workspace, "agentId": update.agent_id or None}
    try:
        answer = line.ask(
            "GET", pages.HISTORY, params=pages.question(since, 1, **narrow)
        )
    except ProviderError:
        return update  # where the call is counts; the rest may still come by webhook
    for row in pages.calls_in(answer) or ():
        if known & set(facts.ids(row)):
            return facts.filled(update, facts.history_update(row, utc_now()))
    return update


# --- The call of an unclear dial -----------------------------------------------------
def find(line: Line, handle: CallHandle) -> CallUpdate | None:
    """Return the call that carries our reference; None: it is not there.

    A web call carries none: the only one of the agent since the dial is it.
    """
    if handle.dialed_at is None:
        return None
    request, since = handle.request, handle.dialed_at - CLOCKS
    found = [
        update
        for update in _calls_of(line, request.agent_id, since)
        if update.provider_call_id not in handle.taken and _may_be(update, handle)
    ]
    if len(found) > 1:
        raise ProviderUnclear(
            f"{LABEL} has {len(found)} calls that may be it; a person must decide."
        )
    if found and not found[0].provider_call_id:
        raise ProviderUnclear(f"{LABEL} has this call, but told no id of it.")
    return replace(found[0], reference=request.reference) if found else None


def _may_be(update: CallUpdate, handle: CallHandle) -> bool:
    """Tell whether a call of the list may be the one we asked for."""
    request = handle.request
    if request.type != "web":
        return update.reference == request.reference
    is_same_agent = update.agent_id in ("", request.agent_id)
    return update.type == "web" and is_same_agent and not update.reference


def _calls_of(line: Line, agent_id: str, since: datetime) -> Iterator[CallUpdate]:
    """Yield an agent's calls since a time, each with its metadata."""
    for number in range(1, MOST_PAGES + 1):
        narrow = {"workspaceId": line.workspace, "agentId": agent_id}
        answer = _page(line, pages.LIST, pages.question(since, number, **narrow))
        for call in pages.calls_in(answer) or ():
            yield facts.call_update(_whole(line, call), utc_now())
        if not pages.has_more(answer, number):
            return
    raise ProviderUnclear(f"{LABEL} has too many calls since the dial to look through.")


def _whole(line: Line, call: Json) -> Json:
    """Return a listed call, fetched where the list leaves out its metadata."""
    call_id = facts.ids(call)[0]
    if "metadata" in call or not call_id:
        return call
    return _call_in(line.ask("GET", f"{pages.LIST}/{part(call_id)}"))


# --- All calls -----------------------------------------------------------------------
def page(line: Line, since: datetime, cursor: str) -> Page[CallUpdate]:
    """Return a page of the calls since a time, of the history where it is open."""
    number = int(cursor) if cursor.isdecimal() else 1
    is_rich = line.workspace is not None
    path = pages.HISTORY if is_rich else pages.LIST
    query = pages.question(since, number, workspaceId=line.workspace)
    answer = _page(line, path, query)
    listed, at = pages.calls_in(answer) or [], utc_now()
    read = facts.history_update if is_rich else facts.call_update
    updates = (read(row, at) for row in pages.recent(listed, since))
    ends = not pages.has_more(answer, number) or pages.is_past(listed, since)
    named = tuple(update for update in updates if update.provider_call_id)
    return Page(named, "" if ends else str(number + 1))


def _page(line: Line, path: str, query: Json) -> Any:
    answer = line.ask("GET", path, params=query)
    if pages.calls_in(answer) is None or says_no(answer):
        raise ProviderUnclear(f"{LABEL} answered without a list of calls.")
    return answer
