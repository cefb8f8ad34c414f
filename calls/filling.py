"""Filling a workspace with calls that are over, as the simulator would have played them.

For a first look and for benchmarks. Nothing here dials, and no lifecycle runs.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.models import Direction
from agents.providers.base import CallRequest, CallUpdate
from agents.providers.simulator.client import recording_url
from agents.providers.simulator.numbers import script_digits
from agents.providers.simulator.timeline import state_at, timeline
from calls import batches, lifecycle
from calls.history import taking
from calls.models import Call, CallStatus, Contact, Fault, Source, ToolCall, Turn
from calls.moments import moments_of
from calls.stock import Line, Stock
from calls.transcript import TOOL_FIELDS, TURN_FIELDS

BATCH = 1_000
INBOUND = 0.12
# How calls end that the number alone does not decide.
OUTCOMES = {
    "answers": 74,
    "voicemail": 8,
    "no_answer": 8,
    "busy": 3,
    "declined": 3,
    "failed": 2,
    "invalid": 1,
    "canceled": 1,
}
BY_NUMBER = {
    "50": "busy",
    "51": "no_answer",
    "52": "declined",
    "53": "voicemail",
    "54": "invalid",
    "55": "lost",
    "57": "lost",
    "62": "long",
}
# The share of calls that somebody reviewed, where any were.
REVIEWED = 0.3
SOURCES = {Source.BUTTON: 7, Source.API: 2, Source.COMPAT: 1}
CAMPAIGNS = ("autumn renewals", "win back", "welcome", "payment reminder")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """How a call ended that never rang."""

    status: str
    end_reason: str
    fault: str
    note: str
    end_reason_raw: str = ""


UNPLACED = {
    "failed": Unplaced(
        CallStatus.FAILED,
        "provider_error",
        Fault.PROVIDER,
        "The provider answered 500 (server error). Nobody was called.",
        "500",
    ),
    "lost": Unplaced(
        CallStatus.FAILED,
        "lost",
        Fault.PROVIDER,
        "The provider never confirmed this call and, asked 4 times, does not know it. "
        "It did not go out.",
    ),
    "canceled": Unplaced(
        CallStatus.CANCELED, "canceled", Fault.NONE, "Canceled before it went out."
    ),
}


@dataclass(slots=True)
class Filled:
    """What was written."""

    calls: int = 0
    turns: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> int:
        """How many calls a second."""
        return round(self.calls / self.seconds) if self.seconds else self.calls


def fill(
    stock: Stock,
    count: int,
    days: int,
    now: datetime,
    random: Random,
    tell: Callable[[Filled], None] | None = None,
) -> Filled:
    """Write `count` calls of the last `days` days, oldest first.

    By a thousand, each in a transaction of its own; `tell` hears of each thousand.
    """
    began, filled = time.monotonic(), Filled()
    moments = moments_of(stock.workspace, count, days, now, random)
    while some := list(islice(moments, BATCH)):
        made = [make(stock, at, random) for at in some]
        with transaction.atomic():
            filled.turns += _write(stock, made)
        filled.calls += len(made)
        filled.seconds = round(time.monotonic() - began, 2)
        if tell:
            tell(filled)
    return filled


def _write(stock: Stock, made: list[tuple[Call, CallUpdate]]) -> int:
    """Write calls with all that was said in them; return how many turns."""
    calls = [call for call, _ in made]
    turns = [row for c, u in made for row in _rows(c, u.turns or (), TURN_FIELDS)]
    tools = [row for c, u in made for row in _rows(c, u.tools or (), TOOL_FIELDS)]
    batches.write(Call, batches.names_of(Call), batches.values_of(calls))
    batches.write(Turn, ("call_id", "index", *TURN_FIELDS), turns)
    batches.write(ToolCall, ("call_id", "index", *TOOL_FIELDS), tools)
    _take_in(stock, calls, [[turn.text for turn in u.turns or ()] for _, u in made])
    return len(turns)


def _take_in(stock: Stock, calls: list[Call], said: list[list[str]]) -> None:
    """Write what the history finds the calls by, as the digest would."""
    names = [taking.named(call, stock.by_id) for call in calls]
    documents = [
        taking.document(call, name, lines)
        for call, name, lines in zip(calls, names, said, strict=True)
    ]
    taking.write(calls, names, documents)


def _rows(
    call: Call, facts: Sequence[Any], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    for index, fact in enumerate(facts):
        yield (call.pk, index, *[getattr(fact, name) for name in names])


# --- One call ------------------------------------------------------------------------
def make(stock: Stock, at: datetime, random: Random) -> tuple[Call, CallUpdate]:
    """Return one unsaved call that is over, and what was said in it."""
    contact = random.choices(stock.contacts, cum_weights=stock.shares)[0]
    digits = script_digits(contact.number)
    rang_us = stock.inbound and digits < "50" and random.random() < INBOUND
    line = random.choice(stock.inbound if rang_us else stock.outbound)
    request = _request(line, contact, stock, _id_at(at, random))
    outcome = "answers" if rang_us else BY_NUMBER.get(digits) or _outcome(random)
    fields = _wish(line, contact, request) | _asker(stock, line, random)
    if outcome in UNPLACED:
        update = CallUpdate()
        fields |= _unplaced(UNPLACED[outcome], at, random)
    else:
        plan = timeline(request, outcome)
        update = state_at(plan, plan.done_ms)
        times = (plan.answered_ms, plan.ended_ms, plan.done_ms)
        fields |= _played(request, update, times, at + _wait(random))
    if stock.reviewed_before and fields["changed_at"] < stock.reviewed_before:
        fields |= _review(stock, fields["changed_at"], random)
    fields |= {"created_at": at, "queued_at": at, "digested_at": fields["changed_at"]}
    call = lifecycle.imported(workspace_id=stock.workspace.pk, **fields)
    return call, update


def _id_at(at: datetime, random: Random) -> UUID:
    """Return a version 7 id as it would have been made then, so that ids sort by it."""
    stamp = int(at.timestamp() * 1_000) << 80
    noise = random.getrandbits(12) << 64 | random.getrandbits(62)
    return UUID(int=stamp | 7 << 76 | 2 << 62 | noise)


def _outcome(random: Random) -> str:
    return random.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]


def _wait(random: Random) -> timedelta:
    """Return how long a wish waits before the call goes out."""
    return timedelta(milliseconds=random.randint(40, 600))


def _request(line: Line, contact: Contact, stock: Stock, id_: UUID) -> CallRequest:
    version = line.versions[0] if line.versions else None
    known = stock.variables[contact.pk]
    names = version.variables if version else []
    ours, theirs = line.number.number, contact.number
    inbound = line.direction == Direction.INBOUND
    return CallRequest(
        reference=str(id_),
        type="phone",
        agent_id=line.agent.provider_agent_id,
        to_number=ours if inbound else theirs,
        from_number=theirs if inbound else ours,
        agent_version=version.version if version else None,
        variables={name: known[name] for name in names if name in known},
        customer_name=contact.name,
        agent_name=line.agent.name,
        prompt=version.prompt if version else "",
        opening_line=version.opening_line if version else "",
    )


def _wish(line: Line, contact: Contact, request: CallRequest) -> dict[str, Any]:
    return {
        "id": UUID(request.reference),
        "connection_id": line.number.connection_id,
        "agent_id": line.agent.pk,
        "phone_number_id": line.number.pk,
        "contact_id": contact.pk,
        "direction": line.direction,
        "from_number": request.from_number,
        "to_number": request.to_number,
        "agent_version": request.agent_version,
        "variables": request.variables,
    }


def _asker(stock: Stock, line: Line, random: Random) -> dict[str, Any]:
    """Return who asked for the call."""
    if line.direction == Direction.INBOUND:
        return {"source": Source.INBOUND}
    source = random.choices(list(SOURCES), list(SOURCES.values()))[0]
    by_person = source == Source.BUTTON and stock.people
    order = f"A-{random.randrange(10**7):07d}"
    wished = {
        "external_id": f"order-{order}",
        "metadata": {"order": order, "campaign": random.choice(CAMPAIGNS)},
    }
    return {
        **({} if by_person else wished),
        "source": source,
        "dialect": "retell" if source == Source.COMPAT else "",
        "launched_by_id": random.choice(stock.people).pk if by_person else None,
    }


def _unplaced(how: Unplaced, at: datetime, random: Random) -> dict[str, Any]:
    """Return how it went for a call that never rang."""
    is_canceled = how.status == CallStatus.CANCELED
    ended_at = at + timedelta(seconds=random.uniform(1, 40))
    return {
        "status": how.status,
        "end_reason": how.end_reason,
        "end_reason_raw": how.end_reason_raw,
        "fault": how.fault,
        "note": how.note,
        "attempts": 0 if is_canceled else 1,
        "claimed_at": None if is_canceled else at,
        "dialed_at": None if is_canceled else at,
        "ended_at": ended_at,
        "changed_at": ended_at,
    }


def _played(
    request: CallRequest,
    update: CallUpdate,
    times: tuple[int | None, int, int],
    dialed_at: datetime,
) -> dict[str, Any]:
    """Return how it went for a call that rang."""
    answered, ended, done = times
    provider_call_id = f"sim_{request.reference}"
    analysis = update.analysis
    return {
        "status": update.status,
        "status_raw": update.status_raw,
        "provider_call_id": provider_call_id,
        "attempts": 1,
        "claimed_at": dialed_at,
        "dialed_at": dialed_at,
        "ringing_at": dialed_at,
        "answered_at": None if answered is None else _after(dialed_at, answered),
        "ended_at": _after(dialed_at, ended),
        "heard_at": _after(dialed_at, done),
        "changed_at": _after(dialed_at, done),
        "answered_by": update.answered_by,
        "end_reason": update.end_reason,
        "end_reason_raw": update.end_reason_raw,
        "fault": update.fault,
        "duration_ms": update.duration_ms,
        "cost": update.cost,
        "latency": update.latency or {},
        "summary": analysis.summary if analysis else "",
        "sentiment": analysis.sentiment if analysis else "",
        "successful": analysis.successful if analysis else None,
        "analysis": analysis.custom if analysis else {},
        "recording_url": "" if answered is None else recording_url(provider_call_id),
    }


def _review(stock: Stock, at: datetime, random: Random) -> dict[str, Any]:
    """Return that somebody reviewed a call that was over then, as is done with some."""
    if random.random() > REVIEWED or not stock.people:
        return {}
    person = random.choice(stock.people)
    return {"reviewed_at": at, "reviewed_by_id": person.pk}


def _after(at: datetime, milliseconds: int) -> datetime:
    return at + timedelta(milliseconds=milliseconds)
