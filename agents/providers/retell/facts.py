"""Reading what Retell sends: any JSON in, our facts out; nothing here ever raises.

Units are turned here and nowhere else: epoch ms, seconds and cents come in.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    Analysis,
    BindingFacts,
    CallUpdate,
    Json,
    NumberFacts,
    ToolFacts,
    TurnFacts,
)
from agents.providers.reading import (
    LARGEST,
    flag,
    kept,
    mapping,
    moment,
    rows,
    span,
    strings,
    text,
)
from agents.providers.retell import words

SPOKEN = ("transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls")


# --- A call --------------------------------------------------------------------------
def call_update(call: Json, received_at: datetime, event: str = "") -> CallUpdate:
    """Turn a call object, in the light of the event it came with, into an update."""
    raw_reason = text(call.get("disconnection_reason"), 80)
    reason = words.REASONS.get(raw_reason, words.OTHER)
    started, ended = moment(call.get("start_timestamp")), None
    status = _status(call, event, raw_reason, was_answered=started is not None)
    is_over = status in words.FINAL
    if is_over:
        ended = moment(call.get("end_timestamp"))
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
        cost=cost(call.get("call_cost")),
        recording_url=_recording(call),
        type="web" if call.get("call_type") == "web_call" else "phone",
        direction=_direction(call),
        from_number=text(call.get("from_number"), 40),
        to_number=text(call.get("to_number"), 40),
        agent_id=text(call.get("agent_id"), 120),
        agent_version=span(call.get("agent_version")),
        variables=strings(call.get("retell_llm_dynamic_variables")),
        metadata=metadata,
    )


def _status(call: Json, event: str, reason: str, *, was_answered: bool) -> str:
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


def _direction(call: Json) -> str:
    direction = call.get("direction")
    if direction in ("inbound", "outbound"):
        return str(direction)
    return ""


def _recording(call: Json) -> str:
    plain = text(call.get("recording_url"), 4000)
    url = plain or text(call.get("scrubbed_recording_url"), 4000)
    return url if url.startswith(("https://", "http://")) else ""


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


def cost(value: Any) -> Decimal | None:
    """Return the whole cost in dollars; Retell counts in cents."""
    cents = mapping(value).get("combined_cost")
    if isinstance(cents, bool) or not isinstance(cents, int | float):
        return None
    if not 0 <= cents < 10_000_000:
        return None
    return (Decimal(str(cents)) / 100).quantize(Decimal("0.000001"))


# --- What was said -------------------------------------------------------------------
def spoken(
    call: Json,
) -> tuple[tuple[TurnFacts, ...] | None, tuple[ToolFacts, ...] | None]:
    """Return turns and tools; None for what the object does not carry."""
    found = next((call[name] for name in SPOKEN if isinstance(call.get(name), list)), 0)
    if not isinstance(found, list):
        plain = call.get("transcript_object")
        turns = tuple(map(_turn, rows(plain)))
        return (turns if isinstance(plain, list) else None), None
    turns_seen: list[TurnFacts] = []
    tools: list[Json] = []
    for row in rows(found):
        role = row.get("role")
        if role == "tool_call_invocation":
            tools.append({"row": row, "after": len(turns_seen) - 1})
        elif role == "tool_call_result":
            _give_result(tools, row)
        elif role != "node_transition" and _said(row):
            turns_seen.append(_turn(row))
    return tuple(turns_seen), tuple(map(_tool, tools))


def _said(row: Json) -> str:
    """Return what an item says; a key press is said as one."""
    if row.get("role") == "dtmf":
        return f"Pressed {text(row.get('digit'), 20)}"
    return text(row.get("content"))


def _turn(row: Json) -> TurnFacts:
    timed = rows(row.get("words"))
    at = row.get("time_sec")
    return TurnFacts(
        role=words.ROLES.get(text(row.get("role")), "other"),
        text=_said(row),
        start_ms=_milliseconds(timed[0].get("start") if timed else at),
        end_ms=_milliseconds(timed[-1].get("end") if timed else at),
    )


def _milliseconds(seconds: Any) -> int | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return span(seconds * 1000) if abs(seconds) < LARGEST else None


def _give_result(tools: list[Json], row: Json) -> None:
    """Put a result to the invocation it belongs to, the last of that id."""
    wanted = text(row.get("tool_call_id"))
    for tool in reversed(tools):
        if text(tool["row"].get("tool_call_id")) == wanted:
            tool["result"] = row
            return


def _tool(seen: Mapping[str, Any]) -> ToolFacts:
    row, result = seen["row"], seen.get("result", {})
    return ToolFacts(
        name=text(row.get("name"), 120),
        tool_id=text(row.get("tool_call_id"), 120),
        arguments=text(row.get("arguments")),
        result=text(result.get("content")),
        succeeded=flag(result.get("successful")),
        after_turn=seen["after"],
    )


# --- A number ------------------------------------------------------------------------
def number(row: Json) -> NumberFacts:
    """Turn a phone number object into facts."""
    countries = row.get("allowed_outbound_country_list")
    listed = countries if isinstance(countries, list) else []
    return NumberFacts(
        number=text(row.get("phone_number"), 20),
        label=text(row.get("nickname"), 120),
        carrier=words.CARRIERS.get(text(row.get("phone_number_type")), "custom"),
        countries=tuple(text(code, 2) for code in listed if isinstance(code, str)),
        inbound=binding(row.get("inbound_agents")),
        outbound=binding(row.get("outbound_agents")),
    )


def binding(value: Any) -> BindingFacts:
    """Return who is bound: of several the one with the most weight, all in `weights`."""
    bound = [row for row in rows(value) if text(row.get("agent_id"))]
    if not bound:
        return BindingFacts()
    first = max(bound, key=lambda row: _weight(row.get("weight")))
    version = version_number(first.get("agent_version"))
    # One agent at a plain version needs no more words; anything else is kept whole.
    is_plain = len(bound) == 1 and first.get("agent_version") in (
        None,
        "latest",
        version,
    )
    weights = () if is_plain else tuple(kept(row) for row in bound)
    return BindingFacts(text(first["agent_id"], 120), version, weights)


def _weight(value: Any) -> float:
    """Return a weight for comparing; anything that is no number weighs nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) < LARGEST else 0.0


def version_number(value: Any) -> int | None:
    """Return a version given as a number, or as one in a string; None: by a name."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return span(int(value[:12]))
    return span(value)
