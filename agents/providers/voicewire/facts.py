"""Reading what the wire says of a call: any JSON in, our facts out; nothing raises.

Units are turned here and nowhere else: seconds and cents come in. How times are written
is the provider's, and so is the name of the field that holds a call's variables.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agents.providers.base import Analysis, CallUpdate, InboundCall, Json
from agents.providers.reading import (
    flag,
    kept,
    link,
    mapping,
    money,
    product_costs,
    span,
    text,
)
from agents.providers.voicewire import words
from agents.providers.voicewire.spoken import spoken

ReadTime = Callable[[Any], datetime | None]


# --- A call --------------------------------------------------------------------------
def call_update(
    call: Json,
    received_at: datetime,
    event: str,
    *,
    reasons: words.Reasons,
    at: ReadTime,
) -> CallUpdate:
    """Turn a call object, in the light of the event it came with, into an update.

    `at` reads a time; variables are left to the provider.
    """
    raw_reason = text(call.get("disconnection_reason"), 80)
    reason = reasons.read(raw_reason)
    started, ended = at(call.get("start_timestamp")), None
    status = _status(call, event, reason, was_answered=started is not None)
    is_over = status in words.FINAL
    if is_over:
        ended = at(call.get("end_timestamp"))
    talked = status in {"in_progress", "ended"}
    turns, tools = spoken(call)
    metadata = kept(mapping(call.get("metadata")))
    return CallUpdate(
        provider_call_id=text(call.get("call_id"), 160),
        reference=text(metadata.get(words.REFERENCE), 60),
        occurred_at=_occurred_at(event, started, ended, received_at),
        status=status,
        status_raw=text(call.get("call_status"), 60),
        answered_at=started if talked else None,
        ended_at=ended,
        duration_ms=span(call.get("duration_ms")) if is_over else None,
        answered_by=_answered_by(call, reason) if is_over else "",
        end_reason=reason.end_reason if is_over and raw_reason else "",
        end_reason_raw=raw_reason if is_over else "",
        fault=reason.fault if is_over and raw_reason else "",
        turns=turns,
        tools=tools,
        latency=latency(call.get("latency")),
        analysis=analysis(call.get("call_analysis")),
        cost=money(mapping(call.get("call_cost")).get("combined_cost"), 100),
        cost_parts=product_costs(call.get("call_cost"), 100),
        recording_url=_recording(call),
        metadata=metadata,
        **_who(call),
    )


def _who(call: Json) -> Json:
    """Return who talks with whom, and how."""
    direction = text(call.get("direction"))
    return {
        "type": "web" if call.get("call_type") == "web_call" else "phone",
        "direction": direction if direction in ("inbound", "outbound") else "",
        "from_number": text(call.get("from_number"), 40),
        "to_number": text(call.get("to_number"), 40),
        "agent_id": text(call.get("agent_id"), 120),
        "agent_version": span(call.get("agent_version")),
    }


def _status(call: Json, event: str, reason: words.Reason, *, was_answered: bool) -> str:
    """Return our status: the event and the reason go before the status field."""
    status = text(call.get("call_status"))
    known = words.STATUSES.get(status, "")
    if event in words.TERMINAL_EVENTS or known in words.FINAL:
        return words.final_status(reason, status, was_answered=was_answered)
    return "in_progress" if event == "call_started" else known


def _occurred_at(
    event: str,
    started: datetime | None,
    ended: datetime | None,
    received_at: datetime,
) -> datetime:
    """Return how new the facts are; a retried webhook tells what was, not what is."""
    told = {"call_started": started, "call_ended": ended}.get(event)
    return min(told or received_at, received_at)


def _answered_by(call: Json, reason: words.Reason) -> str:
    """Return who picked up; the analysis knows better than the reason."""
    in_voicemail = flag(mapping(call.get("call_analysis")).get("in_voicemail"))
    if in_voicemail and reason.status != "not_connected":
        return "machine"
    if in_voicemail is False and reason.answered_by == "unknown":
        return "human"
    return reason.answered_by


def _recording(call: Json) -> str:
    """Return where the recording is, or what a scrubbing has left of it."""
    whole = text(call.get("recording_url"))
    return link(whole or call.get("scrubbed_recording_url"))


def latency(value: Any) -> Json | None:
    """Return the latencies in ms, as they are; None when there are none."""
    known = {name: mapping(mapping(value).get(name)) for name in words.LATENCIES}
    return {name: kept(numbers) for name, numbers in known.items() if numbers} or None


def analysis(value: Any) -> Analysis | None:
    """Return what was concluded; None when nothing was."""
    facts = mapping(value)
    if not facts:
        return None
    return Analysis(
        summary=text(facts.get("call_summary")),
        sentiment=words.SENTIMENTS.get(text(facts.get("user_sentiment")), ""),
        successful=flag(facts.get("call_successful")),
        custom=kept(mapping(facts.get("custom_analysis_data"))),
    )


# --- An event --------------------------------------------------------------------------
def event_of(payload: Any) -> tuple[str, Json]:
    """Return the event of a webhook and its call; empty where it is about no call."""
    event = text(mapping(payload).get("event"), 60)
    call = mapping(mapping(payload).get("call"))
    return (event, call) if event in words.CALL_EVENTS else ("", {})


# --- A caller is ringing ---------------------------------------------------------------
# What every question about a ringing caller holds.
INBOUND_MARKER = b'"call_inbound"'


def inbound(payload: Any) -> InboundCall | None:
    """Return the ringing call of a `call_inbound` event."""
    if mapping(payload).get("event") != "call_inbound":
        return None
    call = mapping(mapping(payload).get("call_inbound"))
    return InboundCall(
        from_number=text(call.get("from_number"), 40),
        to_number=text(call.get("to_number"), 40),
        agent_id=text(call.get("agent_id"), 120),
        provider_call_id=text(call.get("call_id"), 160),
    )


def inbound_answer(
    agent_id: str, variables: Mapping[str, str], version: int | None = None
) -> Json:
    """Say who answers and what they are told; everything in it is optional."""
    answer: Json = {}
    if agent_id:
        answer["override_agent_id"] = agent_id
    if agent_id and version is not None:
        answer["override_agent_version"] = version
    if variables:
        answer["dynamic_variables"] = dict(variables)
    return {"call_inbound": answer}
