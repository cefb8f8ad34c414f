"""Reading calls as UponAI tells them: any JSON in, our facts out; nothing here raises.

Three dialects coexist: camelCase with ISO times over REST, a row of its own in the
history, snake_case with epoch ms in webhooks. Their names never mean two things, so one
tolerant reader takes all of them; units are turned here and nowhere else.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.providers.base import CallUpdate, Json
from agents.providers.reading import (
    NO_CURRENCY,
    mapping,
    money,
    span,
    strings,
    text,
    when,
)
from agents.providers.uponai import words
from agents.providers.uponai.spoken import spoken
from agents.providers.voicewire import facts as wire
from agents.providers.voicewire.words import FINAL

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# A call lasts two hours at most (contract sheet, section 8), and some minutes of grace.
LONGEST_SECONDS = 7_800


# --- Their ways of writing -----------------------------------------------------------
def plain(value: Json) -> Json:
    """Return an object with snake_case names; what was written so goes before."""
    known = {name: item for name, item in value.items() if item is not None}
    return {HUMP.sub("_", name).lower(): item for name, item in known.items()} | known


def message(body: Any) -> str:
    """Return the sentence of an answer that says no, in any of its likely forms.

    How errors look is not documented (contract sheet, section 0).
    """
    said = mapping(body)
    error = said.get("error")
    for value in (said.get("message"), error, mapping(error).get("message")):
        if found := text(value, 300):
            return found
    return ""


def ids(call: Json) -> tuple[str, str]:
    """Return the call's id and, where it is another, its SID.

    `callId`, `call_sid`, `callSid` and `call_id` may all differ: whether they are equal
    is not documented.
    """
    named = plain(call)
    sid = text(named.get("call_sid"), 160)
    first = text(named.get("call_id"), 160) or sid
    return first, sid if sid != first else ""


# --- A call --------------------------------------------------------------------------
def call_update(call: Json, received_at: datetime, event: str = "") -> CallUpdate:
    """Turn a call object, in the light of the event it came with, into an update.

    Get Call promises more than its reference shows: what is there is taken.
    """
    told = _as_told(call)
    update = wire.call_update(told, received_at, event, reasons=words.REASONS, at=when)
    call_id, sid = ids(told)
    turns, tools = spoken(told)
    return replace(
        update,
        provider_call_id=call_id,
        other_call_id=sid,
        turns=turns,
        tools=tools,
        variables=_variables(told),
    )


def _as_told(call: Json) -> Json:
    """Return a call of any dialect as a webhook would tell it; times stay as written."""
    told = plain(call)
    began = told.get("start_timestamp")
    return told | {
        "call_status": text(told.get("call_status"), 60) or told.get("status"),
        "start_timestamp": began if when(began) else told.get("started_at"),
        "call_analysis": _concluded(told),
        "call_cost": plain(mapping(told.get("call_cost"))),
    }


def _concluded(call: Json) -> Json:
    """Return what was concluded; empty when nothing was.

    A webhook has it in an object of its own, the history beside everything else.
    """
    told = plain(mapping(call.get("call_analysis")))
    mood = text(told.get("user_sentiment")) or text(call.get("sentiment"))
    summary = text(told.get("call_summary")) or text(call.get("summary"))
    if not (told or mood or summary):
        return {}
    # In title case in a webhook, in lower case in the history.
    return told | {"user_sentiment": mood.capitalize(), "call_summary": summary}


def history_update(row: Json, received_at: datetime) -> CallUpdate:
    """Turn a row of the history into an update.

    It is as new as the call's start, so that webhooks, which know the milliseconds, go
    before it and it only fills gaps.
    """
    update = call_update(row, received_at)
    started = when(row.get("startedAt"))
    is_over = update.status in FINAL
    duration = _duration(row.get("duration")) if is_over else None
    ended = None
    if started and duration is not None:
        ended = started + timedelta(milliseconds=duration)
    # Neither unit nor currency is named; webhooks tell theirs as the platform does.
    cost = money(mapping(row.get("costs")).get("total"))
    return replace(
        update,
        occurred_at=min(started or received_at, received_at),
        duration_ms=update.duration_ms if duration is None else duration,
        ended_at=update.ended_at or ended,
        cost=update.cost if cost is None else cost,
        cost_parts=update.cost_parts if cost is None else _parts(row.get("costs")),
        currency=update.currency if cost is None else NO_CURRENCY,
    )


# What a total is made of; `gross` is their sum before what is added to it.
PARTS = ("voice", "llm")


def _parts(costs: Any) -> dict[str, str]:
    told = {name: money(mapping(costs).get(name)) for name in PARTS}
    return {name: str(amount) for name, amount in told.items() if amount is not None}


def filled(update: CallUpdate, row: CallUpdate) -> CallUpdate:
    """Put what the history knows into the gaps of what Get Call told."""
    names = (
        *("ended_at", "duration_ms", "answered_at", "analysis", "cost"),
        *("recording_url", "direction", "from_number", "to_number"),
    )
    empty = (None, "")
    told = {name: getattr(row, name) for name in names}
    new = {n: v for n, v in told.items() if getattr(update, n) in empty}
    if new.get("cost") is not None:
        new |= {"currency": row.currency, "cost_parts": row.cost_parts}
    return replace(update, **new)


def _variables(call: Json) -> dict[str, str]:
    """Return the variables, under UponAI's name over REST and Retell's in webhooks."""
    ours = strings(call.get("uponai_dynamic_variables"))
    return ours or strings(call.get("retell_llm_dynamic_variables"))


def _duration(value: Any) -> int | None:
    """Return a duration of the history in ms.

    Its unit is not documented and reads as seconds; what is longer than any call can
    last must be milliseconds.
    """
    number = span(value)
    if number is None:
        return None
    return number * 1000 if number <= LONGEST_SECONDS else number
