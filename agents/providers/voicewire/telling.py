"""Our calls as the wire tells of them: snake_case, epoch ms, seconds, cents.

What is not known is absent. A provider adds what only its own clients expect.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
from agents.providers.voicewire import words

# What our stand-ins tell of, in order; they never transfer a call.
EVENTS = ("call_started", "transcript_updated", "call_ended", "call_analyzed")
# What of a call is only known once it was analysed.
ANALYSED = frozenset({"summary", "sentiment", "successful", "analysis"})
SPEAKER_OF = {role: speaker for speaker, role in words.SPEAKERS.items()}


def milliseconds(moment: datetime | None) -> int | None:
    """Return a time as epoch ms."""
    return None if moment is None else round(moment.timestamp() * 1000)


def call_id(our_id: str) -> str:
    """Return the id under which a client knows our call."""
    return f"call_{our_id.replace('-', '')}"


def known(pairs: Json) -> Json:
    """Leave out what is not known: the wire has absent fields, not null ones."""
    return {name: value for name, value in pairs.items() if value not in (None, "", {})}


# --- Which events --------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the events a change gives, in their order.

    A call that never connected has no `call_started`; its `call_analyzed` comes at
    once, as there is nothing to analyse.
    """
    return list(_events(before, status, frozenset(changed)))


def _events(before: str, status: str, changed: frozenset[str]) -> Iterator[str]:
    over, was_over = status in words.FINAL, before in words.FINAL
    talks = status in {"in_progress", "ended"}
    if talks and before != "in_progress" and not was_over:
        yield "call_started"
    if talks and "turns" in changed:
        yield "transcript_updated"
    if over and not was_over:
        yield "call_ended"
    never_talked = over and not was_over and status != "ended"
    if never_talked or (status == "ended" and changed & ANALYSED):
        yield "call_analyzed"


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event; an empty choice is the default."""
    return event in (chosen or words.DEFAULT_EVENTS)


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over."""
    return event in words.TERMINAL_EVENTS


# --- The call ------------------------------------------------------------------------
def start(record: CallRecord, variables: str) -> Json:
    """Return a call as it is when somebody has just picked up.

    `variables` is the name of the field that holds them.
    """
    shown: Json = {
        "call_id": call_id(record.id),
        "call_type": f"{record.type}_call",
        "agent_id": record.agent_id,
        "agent_version": record.agent_version,
        "call_status": "ongoing",
    }
    if record.type != "web":
        shown |= {
            "direction": record.direction,
            "from_number": record.from_number,
            "to_number": record.to_number,
        }
    return shown | known(
        {
            "agent_name": record.agent_name,
            "metadata": record.metadata,
            variables: dict(record.variables),
            "custom_sip_headers": dict(record.sip_headers),
            "start_timestamp": milliseconds(record.update.answered_at),
        }
    )


def end(record: CallRecord, reasons: words.Reasons) -> Json:
    """Return what is only known once the call is over."""
    if record.status not in words.FINAL:
        return {}
    update = record.update
    raw, duration = update.end_reason_raw, update.duration_ms
    return known(
        {
            "end_timestamp": milliseconds(update.ended_at),
            "duration_ms": duration,
            "disconnection_reason": reasons.said(record.status, update.end_reason, raw),
            "recording_url": update.recording_url,
            "latency": _latency(update.latency or {}),
            "call_cost": _cost(update.cost, duration or 0),
        }
    )


def _latency(told: Mapping[str, Any]) -> Json:
    return {name: told[name] for name in words.LATENCIES if told.get(name)}


def _cost(dollars: Decimal | None, duration_ms: int) -> Json | None:
    """Return the cost in cents."""
    if dollars is None:
        return None
    cents = float(dollars * 100)
    return {
        "combined_cost": cents,
        "total_duration_seconds": round(duration_ms / 1000),
        "product_costs": [{"product": "voice_agent", "cost": cents}],
    }


def analysis(facts: Analysis, answered_by: str) -> Json:
    """Return what was concluded."""
    return known(
        {
            "call_summary": facts.summary,
            "user_sentiment": words.THEIR_SENTIMENTS.get(facts.sentiment),
            "call_successful": facts.successful,
            "in_voicemail": {"machine": True, "human": False}.get(answered_by),
            "custom_analysis_data": facts.custom,
        }
    )


# --- What was said -------------------------------------------------------------------
def transcript(update: CallUpdate) -> Json:
    """Return what was said in all three forms: plain, by turns, with the tools."""
    turns, tools = update.turns or (), update.tools or ()
    lines = [f"{SPEAKER_OF.get(t.role, 'Transfer Target')}: {t.text}\n" for t in turns]
    utterances = [_utterance(turn) for turn in turns]
    return {
        "transcript": "".join(lines),
        "transcript_object": utterances,
        "transcript_with_tool_calls": _woven(utterances, tools),
    }


def _utterance(turn: TurnFacts) -> Json:
    return {
        "role": words.THEIR_ROLES.get(turn.role, "transfer_target"),
        "content": turn.text,
        "words": _words(turn),
    }


def _words(turn: TurnFacts) -> list[Json]:
    """Return a turn's words in seconds; theirs are approximate as well."""
    return [
        {"word": word, "start": round(start / 1000, 3), "end": round(end / 1000, 3)}
        for word, start, end in turn.words()
    ]


def _woven(utterances: list[Json], tools: Sequence[ToolFacts]) -> list[Json]:
    """Put every tool call behind the turn it came after."""
    woven: list[Json] = []
    for index in range(-1, len(utterances)):
        if index >= 0:
            woven.append(utterances[index])
        for number, tool in enumerate(tools):
            if tool.after_turn == index:
                woven += _tool(tool, tool.tool_id or f"tool_{number}")
    return woven


def _tool(tool: ToolFacts, tool_id: str) -> list[Json]:
    asked: Json = {
        "role": "tool_call_invocation",
        "tool_call_id": tool_id,
        "name": tool.name,
        "arguments": tool.arguments,
    }
    if not tool.result and tool.succeeded is None:
        return [asked]
    result: Json = {
        "role": "tool_call_result",
        "tool_call_id": tool_id,
        "content": tool.result,
    }
    if tool.succeeded is not None:
        result["successful"] = tool.succeeded
    return [asked, result]
