"""Folding what a provider said of a call into its row; the newer fact wins."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents import phone
from agents.models import Agent, Connection, PhoneNumber
from agents.providers.base import CallUpdate
from calls.models import Call, Contact, Source
from calls.models.call import FINAL, CallType
from dashboard.models import Workspace

PLAIN = ("end_reason_raw", "answered_by", "fault", "recording_url", "status_raw")
TIMED = ("ringing_at", "answered_at", "ended_at", "duration_ms", "cost", "latency")
# What may be missing of a stranger's call when it comes in, and be told later.
LATER = (
    *("source", "direction", "agent", "agent_version", "phone_number", "contact"),
    *("from_number", "to_number", "variables", "metadata"),
)
# What an update may change.
WATCHED = (
    *PLAIN,
    *TIMED,
    *("status", "provider_call_id", "other_call_id", "end_reason"),
    *("summary", "sentiment", "successful", "analysis", "join", "cost_parts"),
)
# What is saved with it, without a word of whether it changed.
BESIDE = (
    *("currency", "note", "due_at", "ask_at", "asks"),
    *("dialed_at", "heard_at", "changed_at", "answered_by_heard"),
)
SAVED = (*WATCHED, *BESIDE)
# A shorter run of digits is an extension, and stays as it is.
SHORTEST = 7
LONGEST = 40


def is_news(call: Call, update: CallUpdate) -> bool:
    """Whether the update is at least as new as what we know."""
    at = update.occurred_at
    return call.heard_at is None or at is None or at >= call.heard_at


def fold(call: Call, update: CallUpdate, *, is_new: bool) -> None:
    """Set the facts of `update` on `call` in memory; older ones only fill gaps."""
    if update.cost is not None and (is_new or not call.cost):
        call.currency = update.currency
        if update.cost_parts or update.cost != call.cost:
            call.cost_parts = dict(update.cost_parts)
    for name in PLAIN + TIMED:
        value = getattr(update, name)
        if name == "answered_by" and call.answered_by_heard:
            # A person knows better who answered.
            name = "answered_by_heard"
        if value not in ("", None) and (is_new or not getattr(call, name)):
            setattr(call, name, value)
    if update.join:
        call.join = update.join
    _fold_ids(call, update)
    _fold_end(call, update)
    _fold_analysis(call, update, is_new=is_new)


def _fold_ids(call: Call, update: CallUpdate) -> None:
    """Keep both ids; an update that has both says which is which."""
    first, second = update.provider_call_id, update.other_call_id
    known = {call.provider_call_id, call.other_call_id} - {""}
    if first and second and known <= {first, second}:
        call.provider_call_id, call.other_call_id = first, second
        return
    if first and not call.provider_call_id:
        call.provider_call_id = first
    other = second or first
    if not call.other_call_id and other not in ("", call.provider_call_id):
        call.other_call_id = other


def _fold_end(call: Call, update: CallUpdate) -> None:
    """Take the reason, once the call is over; a known reason is kept over "other"."""
    if call.status not in FINAL or not update.end_reason:
        return
    if not call.end_reason or update.end_reason != "other":
        call.end_reason = update.end_reason


def _fold_analysis(call: Call, update: CallUpdate, *, is_new: bool) -> None:
    facts = update.analysis
    if facts is None or call.transcript_erased_at:
        return
    if not is_new and call.summary:
        return
    call.summary = facts.summary or call.summary
    call.sentiment = facts.sentiment or call.sentiment
    if facts.successful is not None:
        call.successful = facts.successful
    call.analysis = facts.custom or call.analysis


# --- Calls we did not start ----------------------------------------------------------
def of_a_stranger(
    connection: Connection, update: CallUpdate, now: datetime
) -> dict[str, Any]:
    """Return the fields of a new row for a call that we did not start."""
    found = _parties(connection, update) | {
        "workspace": connection.workspace,
        "connection": connection,
        "type": update.type,
        "provider_call_id": update.provider_call_id or update.other_call_id,
        "ignore_e164_validation": True,
        "created_at": update.answered_at or update.occurred_at or now,
        "changed_at": now,
    }
    if update.provider_call_id:
        found["other_call_id"] = update.other_call_id
    return found


def complete(call: Call, update: CallUpdate) -> set[str]:
    """Fill what was missing of a stranger's call in memory; return the names."""
    turned = update.direction == "inbound" and call.direction != "inbound"
    told = (
        (update.from_number, call.from_number),
        (update.to_number, call.to_number),
        (update.agent_id, call.agent_id),
    )
    if not turned and not any(new and not old for new, old in told):
        return set()
    direction = update.direction or call.direction
    known = replace(
        update,
        direction=direction,
        from_number=call.from_number or update.from_number,
        to_number=call.to_number or update.to_number,
    )
    found = _parties(call.connection, known)
    changed = set()
    for name, value in found.items():
        if value and (not getattr(call, name) or (turned and name in TURNED)):
            setattr(call, name, value)
            changed.add(name)
    return changed


TURNED = ("source", "direction", "phone_number", "contact")


def _parties(connection: Connection, update: CallUpdate) -> dict[str, Any]:
    """Return who spoke with whom, over which number and about what."""
    inbound = update.direction == "inbound"
    direction, workspace = update.direction or "outbound", connection.workspace
    ours, theirs = update.to_number[:LONGEST], update.from_number[:LONGEST]
    if not inbound:
        ours, theirs = theirs, ours
    agent = workspace.agents.filter(
        connection=connection, provider_agent_id=update.agent_id
    ).first()
    number = number_of(connection, ours)
    if not ours and agent and update.type == CallType.PHONE:
        number = _only_bound(agent, direction)
    contact = contact_of(workspace, theirs)
    ours = number.number if number else _written(ours, workspace)
    theirs = contact.number if contact else _written(theirs, workspace)
    return {
        "source": Source.INBOUND if inbound else Source.FOUND,
        "direction": direction,
        "agent": agent,
        "agent_version": update.agent_version,
        "phone_number": number,
        "contact": contact,
        "from_number": theirs if inbound else ours,
        "to_number": ours if inbound else theirs,
        "variables": dict(update.variables),
        "metadata": update.metadata,
    }


def number_of(connection: Connection, text: str) -> PhoneNumber | None:
    """Return the connection's number that is written so, in any usual form."""
    words = _spellings(text, connection.workspace)
    rows = connection.workspace.numbers.filter(connection=connection, number__in=words)
    return min(rows, key=lambda row: words.index(row.number), default=None)


def contact_of(workspace: Workspace, text: str) -> Contact | None:
    """Return the contact whose number is written so, in any usual form."""
    words = _spellings(text, workspace)
    rows = workspace.contacts.filter(number__in=words)
    return min(rows, key=lambda row: words.index(row.number), default=None)


def _spellings(text: str, workspace: Workspace) -> Sequence[str]:
    """Return how we may have written the number, the likeliest first."""
    if not text:
        return []
    digits = phone.digits(text)
    full = [_written(text, workspace), f"+{digits}"] if len(digits) >= SHORTEST else []
    return list(dict.fromkeys([text, *full]))


def _written(text: str, workspace: Workspace) -> str:
    """Return a number as E.164; one that is none, or an extension, as it is."""
    if len(phone.digits(text)) < SHORTEST:
        return text
    return phone.e164(text, workspace.country) or text


def _only_bound(agent: Agent, direction: str) -> PhoneNumber | None:
    """Return the only number an agent has, where nobody says which number it was.

    One that it is bound to this way round goes before one of the other way.
    """
    bound = agent.bindings.filter(ended_at=None).select_related("number")
    rows = list(bound)
    same = [row for row in rows if row.direction == direction]
    numbers = {row.number for row in same or rows}
    return numbers.pop() if len(numbers) == 1 else None
