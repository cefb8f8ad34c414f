"""Our calls as Zudu shows them: the newer generation (S) of its answers.

Contract sheet, sections 1, 2 and 6. Unlike others Zudu writes null for what is not known.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    Analysis,
    CallRecord,
    CallUpdate,
    Json,
    ToolFacts,
    TurnFacts,
)
from agents.providers.zudu import words

# What is left out of the shorter objects of `POST /api/calls` (our choice; unseen).
LONG = ("transcript", "transcript_object", "transcript_with_tool_calls", "latency")

NUMBERS = ("from_number", "to_number")


def envelope(data: Any, message: str) -> Json:
    """Return an answer that went well."""
    return {"message": message, "status": "success", "error": None, "data": data}


def milliseconds(moment: datetime | None) -> int | None:
    """Return a time as epoch ms."""
    return None if moment is None else round(moment.timestamp() * 1000)


# --- A call --------------------------------------------------------------------------
def is_record_only(record: CallRecord) -> bool:
    """Tell whether it is what `/api/calls/create` makes, which nobody ever dials."""
    return record.update.end_reason_raw == words.RECORD_ONLY


def call_id(record: CallRecord) -> str:
    """Return the id under which a client knows our call; it may have given its own."""
    if is_record_only(record):
        own = record.update.provider_call_id
    else:
        own = record.external_id if record.dialect == words.SLUG else ""
    return own or f"call_{record.id}"


def status(record: CallRecord) -> str:
    """Return Zudu's word for where a call is."""
    if is_record_only(record):
        return record.update.status_raw.upper()
    if record.type == "web" and record.status in words.BEFORE_JOINING:
        return "REGISTERED"
    return words.THEIR_STATUSES.get(record.status, "ERROR")


def call(record: CallRecord, organization: str, *, with_id: bool = True) -> Json:
    """Return the call object of get and list, in upper case."""
    update = record.update
    over = record.status in words.FINAL and not is_record_only(record)
    began = update.answered_at
    shown: Json = {"id": record.id} if with_id else {}
    shown |= {
        "call_id": call_id(record),
        "agent_id": record.agent_id,
        "organization_id": organization,
        "call_status": status(record),
        "call_type": f"{record.type}_call".upper(),
        "direction": record.direction.upper(),
    }
    if record.type == "phone" and record.to_number:
        shown |= {"from_number": record.from_number, "to_number": record.to_number}
    return shown | {
        "start_timestamp": milliseconds(began),
        "end_timestamp": milliseconds(update.ended_at) if over else None,
        "call_duration": update.duration_ms if over and began else None,
        "disconnection_reason": _reason(update.end_reason) if over else None,
        "recording_url": update.recording_url or None,
        "public_log_url": None,
        "opt_out_sensitive_data_storage": False,
        "metadata": record.metadata,
        "events": _events(record),
        **_transcript(update),
        "latency": update.latency or None,
        "call_analysis": _analysis(update),
        "call_cost": _cost(update.cost),
        "telephony_identifier": None,
    }


def lower(shown: Json) -> Json:
    """Return a call object as create and update show it: those words in lower case."""
    names = ("call_status", "call_type", "direction")
    return shown | {name: str(shown[name]).lower() for name in names}


def short(shown: Json) -> Json:
    """Return a call object as the list that is asked for by POST shows it."""
    return {name: value for name, value in shown.items() if name not in LONG}


def started(record: CallRecord, organization: str) -> Json:
    """Return the call in the answer of a launch (sections 1.2 and 1.3)."""
    shown: Json = {
        "call_id": call_id(record),
        "agent_id": record.agent_id,
        "organization_id": organization,
        "call_status": "REGISTERED" if record.type == "web" else "ONGOING",
        "call_type": f"{record.type}_call".upper(),
    }
    if record.type == "phone":
        shown |= {
            "from_number": record.from_number,
            "to_number": record.to_number,
            "direction": "OUTBOUND",
        }
    return shown | {"created_at": milliseconds(record.created_at)}


def _reason(reason: str) -> str | None:
    """Return why a call is over: our word in their case (our choice; undocumented)."""
    return None if reason in ("", "other") else reason.upper()


def _events(record: CallRecord) -> list[Json]:
    """Return what happened, oldest first, in the words of the examples."""
    ended = record.update.ended_at if record.status in words.FINAL else None
    happened = (
        (record.created_at, "Call created via API"),
        (record.update.answered_at, f"Call started - {record.direction.upper()}"),
        (None if is_record_only(record) else ended, "Call ended"),
    )
    return [
        {"timestamp": milliseconds(at), "event": event, "session_time": 0, "data": {}}
        for at, event in happened
        if at
    ]


def _analysis(update: CallUpdate) -> Json | None:
    facts: Analysis | None = update.analysis
    if facts is None:
        return None
    return dict(facts.custom) | {
        "call_successful": facts.successful,
        "call_summary": facts.summary,
        "user_sentiment": facts.sentiment.capitalize() or None,
        "in_voicemail": {"machine": True, "human": False}.get(update.answered_by),
    }


def _cost(amount: Decimal | None) -> Json | None:
    if amount is None:
        return None
    cost = float(amount)
    return {
        "combined_cost": cost,
        "product_costs": [{"product": "voice_agent", "cost": cost, "unit_price": cost}],
    }


# --- What was said -------------------------------------------------------------------
def _transcript(update: CallUpdate) -> Json:
    """Return the three forms; the plain one has no marks of who speaks."""
    turns = update.turns or ()
    start = milliseconds(update.answered_at)
    said = [_utterance(turn, start) for turn in turns]
    return {
        "transcript": "\n".join(turn.text for turn in turns) or None,
        "transcript_object": said,
        "transcript_with_tool_calls": _woven(said, update.tools or ()),
    }


def _utterance(turn: TurnFacts, start: int | None) -> Json:
    known = start is not None and turn.start_ms is not None
    return {
        "role": words.THEIR_ROLES.get(turn.role, "other"),
        "content": turn.text,
        "timestamp": (start or 0) + (turn.start_ms or 0) if known else None,
        "words": _words(turn, start),
    }


def _words(turn: TurnFacts, start: int | None) -> list[Json]:
    """Return a turn's words in epoch ms; none where the call's start is not known."""
    if start is None:
        return []
    return [
        {"word": word, "start": start + round(begin), "end": start + round(end)}
        for word, begin, end in turn.words()
    ]


def _woven(said: list[Json], tools: Sequence[ToolFacts]) -> list[Json]:
    """Put every tool behind the turn it came after (our choice; undocumented)."""
    woven: list[Json] = []
    for index in range(-1, len(said)):
        woven += said[index : index + 1] if index >= 0 else []
        woven += [_tool(tool) for tool in tools if tool.after_turn == index]
    return woven


def _tool(tool: ToolFacts) -> Json:
    return {
        "role": "tool",
        "tool_call_id": tool.tool_id,
        "name": tool.name,
        "arguments": tool.arguments,
        "result": tool.result,
        "successful": tool.succeeded,
    }
