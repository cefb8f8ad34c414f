"""Reading what Klen AI sends: any JSON in, our facts out; nothing here ever raises.

A call comes in four shapes (sheet, section 2.3): as created, in the list, in detail, in
a webhook. One reader takes them all, because a whole number is always a database id and
a string always Klen's call id or assistant id. Seconds come in; milliseconds go out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from agents.providers.base import Analysis, CallUpdate, Json, TurnFacts
from agents.providers.klen import words
from agents.providers.reading import (
    NO_CURRENCY,
    iso,
    kept,
    link,
    mapping,
    of_seconds,
    text,
)

# Fields of a call that never hold why it failed.
NO_REASON = frozenset(
    {
        *("id", "call_id", "klen_call_id", "agent_id", "agent_name", "assistant_id"),
        *("agent", "status", "type", "phone_number", "started_at", "ended_at"),
        *("duration_seconds", "duration", "summary", "transcript", "recording_url"),
        *("contact", "team", "billing", "created_at", "estimated_start"),
    }
)


# --- A call --------------------------------------------------------------------------
def call_update(
    call: Json, received_at: datetime, event: str = "", told_at: Any = None
) -> CallUpdate:
    """Turn a call object of any shape into an update, in the light of its event.

    `told_at` is the `timestamp` of a webhook.
    """
    said, duration = _status(call, event), duration_ms(call)
    raw = failure_reason(call) if said == "failed" else ""
    outcome = words.outcome(said, raw, was_connected=bool(duration))
    status = outcome.status
    talked, is_over = status in {"in_progress", "ended"}, status in words.FINAL
    database_id, klen_id = ids(call)
    direction, number = text(call.get("type")), text(call.get("phone_number"), 40)
    return CallUpdate(
        provider_call_id=klen_id,
        other_call_id=database_id,
        occurred_at=min(iso(told_at) or received_at, received_at),
        status=status,
        status_raw=text(call.get("status"), 60),
        answered_at=iso(call.get("started_at")) if talked else None,
        ended_at=iso(call.get("ended_at")) if is_over else None,
        duration_ms=duration if is_over else None,
        end_reason=outcome.end_reason,
        end_reason_raw=raw,
        fault=outcome.fault,
        turns=turns(call.get("transcript")),
        analysis=analysis(call.get("summary")),
        cost=cost(call.get("billing")),
        currency=NO_CURRENCY,
        recording_url=_recording(call),
        metadata=_surroundings(call),
        # `type` is the direction. The number is the one of the person at the other end;
        # which of ours it was is not said: it is the agent's.
        direction=direction if direction in ("inbound", "outbound") else "",
        from_number=number if direction == "inbound" else "",
        to_number=number if direction == "outbound" else "",
        agent_id=agent_id(call),
    )


def _status(call: Json, event: str) -> str:
    """Return our status: the event says more than the word beside it."""
    told = {words.STARTED: "in_progress", words.ENDED: "ended", words.FAILED: "failed"}
    return told.get(event, words.STATUSES.get(text(call.get("status")), ""))


def ids(call: Json) -> tuple[str, str]:
    """Return the database id, as text, and Klen's call id; empty: not said."""
    names = ("klen_call_id", "call_id", "id")
    klen_ids = (text(call.get(name), 160) for name in names)
    return number_text(call.get("id")), next(filter(None, klen_ids), "")


def agent_id(row: Json) -> str:
    """Return the assistant id of a call's agent, or the database id where that is all.

    `agent_id` is the one in the list and the other in a webhook.
    """
    agent = mapping(row.get("agent"))
    told = (agent.get("assistant_id"), row.get("assistant_id"), row.get("agent_id"))
    known = (text(value, 120) for value in told)
    numbers = (number_text(value) for value in (row.get("agent_id"), agent.get("id")))
    return next(filter(None, (*known, *numbers)), "")


def number_text(value: Any) -> str:
    """Return a database id as text; empty when it is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    return str(value) if 0 <= value < 2**63 else ""


def count(value: Any) -> int | None:
    """Return a number of things; None when it is none."""
    return value if number_text(value) else None


def failure_reason(call: Json) -> str:
    """Return the word for why a call failed, wherever it stands.

    The field's name is unseen (sheet, section 7.3): a documented word in any field that
    is not documented for something else, or what stands in a field called a reason.
    """
    found = list(_undocumented(call))
    known = (value for _, value in found if value in words.REASONS)
    named = (value for name, value in found if "reason" in name.lower())
    return next(chain(known, named), "")


def _undocumented(call: Json) -> Iterator[tuple[str, str]]:
    """Yield the texts of fields that no page names, and one level below them."""
    for name, value in call.items():
        if name in NO_REASON:
            continue
        for inner, part in mapping(value).items():
            if text(part):
                yield f"{name}.{inner}", text(part, 80)
        if text(value):
            yield str(name), text(value, 80)


def duration_ms(call: Json) -> int | None:
    """Return how long the call took; `call.ended` says it by two names."""
    told = of_seconds(call.get("duration_seconds"))
    return of_seconds(call.get("duration")) if told is None else told


def analysis(summary: Any) -> Analysis | None:
    """Return the summary; Klen concludes nothing else."""
    return Analysis(summary=text(summary)) if text(summary).strip() else None


def cost(billing: Any) -> Decimal | None:
    """Return the total; the other charges are parts of it and are never added to it.

    Its currency is undocumented (see NO_CURRENCY).
    """
    total = mapping(billing).get("total_charge")
    if isinstance(total, bool) or not isinstance(total, int | float | str):
        return None
    try:
        amount = Decimal(str(total)).quantize(Decimal("0.000001"))
        return amount if 0 <= amount < 1_000_000 else None
    except (InvalidOperation, ValueError):
        return None


def _recording(call: Json) -> str:
    return link(call.get("recording_url"))


def _surroundings(call: Json) -> Json:
    """Return the contact and the team, for a call that Klen tells us of first."""
    names = ("contact", "team")
    return {name: kept(call[name]) for name in names if mapping(call.get(name))}


# --- What was said -------------------------------------------------------------------
def turns(transcript: Any) -> tuple[TurnFacts, ...] | None:
    """Return a transcript's turns, without times; None where there is none (yet).

    It is one plain string whose form is undocumented. It is split where its lines begin
    with a speaker nobody can doubt, else it stays whole.
    """
    whole = text(transcript).strip()
    if not whole:
        return None
    said: list[tuple[str, str]] = []
    for line in whole.splitlines():
        speaker, mark, words_ = line.partition(":")
        role = words.SPEAKERS.get(speaker.strip().lower()) if mark else None
        if role:
            said.append((role, words_.strip()))
        elif not said:
            return (TurnFacts("other", whole),)
        else:
            said[-1] = (said[-1][0], f"{said[-1][1]}\n{line}".strip())
    return tuple(TurnFacts(role, words_) for role, words_ in said)


# --- Asking again --------------------------------------------------------------------
# Transcript, summary and recording come one after another, each with an event: one
# question after them is enough.
SETTLED = timedelta(seconds=5)
# From one question to the next it takes at least this long, and longer and longer.
AGAIN = timedelta(seconds=30)
# What has not come by then does not come.
LATE = timedelta(minutes=15)


def ask_again_at(
    update: CallUpdate, now: datetime, dialed_at: datetime | None
) -> datetime | None:
    """Return when to ask for what has not come of a call that took place; None: never.

    Only the detail has the transcript (sheet, adapter rule 5).
    """
    if update.status != "ended" or (update.turns and update.recording_url):
        return None
    ended_at = update.ended_at or dialed_at
    if ended_at is None or now - ended_at >= LATE:
        return None
    return now + max(AGAIN, (now - ended_at) / 2)
