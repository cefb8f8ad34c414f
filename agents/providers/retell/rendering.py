"""Our calls, agents and numbers as Retell shows them.

Every field the SDK's models require is always there, and no word they do not know:
the SDK tells a phone call from a web call by what validates.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.providers.base import (
    AgentFacts,
    Analysis,
    BindingFacts,
    CallRecord,
    CallUpdate,
    Json,
    NumberFacts,
    ToolFacts,
    TurnFacts,
    VersionFacts,
)
from agents.providers.retell import words


def milliseconds(moment: datetime | None) -> int | None:
    """Return a time as epoch ms."""
    return None if moment is None else round(moment.timestamp() * 1000)


def call_id(our_id: str) -> str:
    """Return the id under which a client knows our call."""
    return f"call_{our_id.replace('-', '')}"


def _known(pairs: Json) -> Json:
    """Leave out what is not known: Retell sends absent fields, not null ones."""
    return {name: value for name, value in pairs.items() if value not in (None, "", {})}


# --- A call --------------------------------------------------------------------------
def call(
    record: CallRecord, *, with_transcript: bool = True, with_analysis: bool = True
) -> Json:
    """Return the call object."""
    update = record.update
    shown = start(record) | _known(_end(record, update))
    shown["call_status"] = words.THEIR_STATUSES.get(record.status, "error")
    if with_transcript and record.status in {"in_progress", *words.FINAL}:
        shown |= _transcript(update)
    if with_analysis and update.analysis:
        shown["call_analysis"] = _analysis(update.analysis, update.answered_by)
    return shown


def start(record: CallRecord) -> Json:
    """Return the call object as it is when somebody has just picked up."""
    shown: Json = {
        "call_id": call_id(record.id),
        "call_type": f"{record.type}_call",
        "agent_id": record.agent_id,
        "agent_version": record.agent_version,
        "call_status": "ongoing",
    }
    if record.type == "web":
        join = record.update.join or {}
        shown["access_token"] = str(join.get("access_token", ""))
    else:
        shown |= {
            "direction": record.direction,
            "from_number": record.from_number,
            "to_number": record.to_number,
        }
    return shown | _known(
        {
            "agent_name": record.agent_name,
            "metadata": record.metadata,
            "retell_llm_dynamic_variables": dict(record.variables),
            "custom_sip_headers": dict(record.sip_headers),
            "start_timestamp": milliseconds(record.update.answered_at),
        }
    )


def _end(record: CallRecord, update: CallUpdate) -> Json:
    """Return what is only known once the call is over."""
    if record.status not in words.FINAL:
        return {}
    raw = update.end_reason_raw
    return {
        "end_timestamp": milliseconds(update.ended_at),
        "duration_ms": update.duration_ms,
        "disconnection_reason": words.their_reason(
            record.status, update.end_reason, raw
        ),
        "recording_url": update.recording_url,
        "latency": _latency(update.latency or {}),
        "call_cost": _cost(update.cost, update.duration_ms or 0),
    }


def _latency(known: Mapping[str, Any]) -> Json:
    shown = {}
    for name in words.LATENCIES:
        numbers = known.get(name)
        if isinstance(numbers, Mapping):
            shown[name] = {p: numbers[p] for p in words.PERCENTILES if p in numbers}
    return {name: numbers for name, numbers in shown.items() if numbers}


def _cost(dollars: Decimal | None, duration_ms: int) -> Json | None:
    """Return the cost in cents; the price of a second follows from it."""
    if dollars is None:
        return None
    cents, seconds = float(dollars * 100), round(duration_ms / 1000)
    return {
        "combined_cost": cents,
        "total_duration_seconds": seconds,
        "total_duration_unit_price": round(cents / seconds, 6) if seconds else 0,
        "product_costs": [{"product": "voice_agent", "cost": cents}],
    }


def _analysis(facts: Analysis, answered_by: str) -> Json:
    voicemail = {"machine": True, "human": False}.get(answered_by)
    return _known(
        {
            "call_summary": facts.summary,
            "user_sentiment": words.THEIR_SENTIMENTS.get(facts.sentiment),
            "call_successful": facts.successful,
            "in_voicemail": voicemail,
            "custom_analysis_data": facts.custom,
        }
    )


# --- What was said -------------------------------------------------------------------
def _transcript(update: CallUpdate) -> Json:
    turns, tools = update.turns or (), update.tools or ()
    utterances = [_utterance(turn) for turn in turns]
    names = {"agent": "Agent", "user": "User", "transfer_target": "Transfer Target"}
    lines = [f"{names[u['role']]}: {u['content']}\n" for u in utterances]
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
    """Spread a turn's words evenly over its time: theirs are approximate as well."""
    spoken, start, end = turn.text.split(), turn.start_ms, turn.end_ms
    if not spoken or start is None or end is None:
        return []
    step = (end - start) / len(spoken)
    marks = [round((start + step * n) / 1000, 3) for n in range(len(spoken) + 1)]
    return [
        {"word": word, "start": marks[n], "end": marks[n + 1]}
        for n, word in enumerate(spoken)
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


# --- Agents --------------------------------------------------------------------------
def agent(
    facts: AgentFacts, version: VersionFacts, llm_id: str, kept: Mapping[str, Any]
) -> Json:
    """Return one version of an agent; `kept` are settings we only keep for a client."""
    engine = {"type": "retell-llm", "llm_id": llm_id, "version": version.version}
    return dict(kept) | {
        "agent_id": facts.agent_id,
        "agent_name": facts.name,
        "version": version.version,
        "is_published": version.is_published,
        "version_title": version.title or None,
        "voice_id": version.voice,
        "language": kept.get("language") or version.language or "en-US",
        "response_engine": kept.get("response_engine") or engine,
        "channel": "voice",
        "last_modification_timestamp": milliseconds(version.changed_at),
    }


def agent_row(facts: AgentFacts, changed_at: datetime) -> Json:
    """Return an agent as the list shows it: no voice, no version."""
    published = [v.version for v in facts.versions if v.is_published]
    tags = {"latest_published": {"version": max(published)}} if published else {}
    return {
        "agent_id": facts.agent_id,
        "agent_name": facts.name,
        "channel": "voice",
        "is_suspended": False,
        "is_transfer_agent": False,
        "tags": tags,
        "user_modified_timestamp": milliseconds(changed_at),
    }


def version_row(version: VersionFacts) -> Json:
    """Return a version as the list of versions shows it."""
    shown: Json = {
        "version": version.version,
        "is_published": version.is_published,
        "last_modification_timestamp": milliseconds(version.changed_at),
    }
    return shown | _known({"version_title": version.title})


def llm(version: VersionFacts, llm_id: str, kept: Mapping[str, Any]) -> Json:
    """Return the Retell LLM behind a version: its prompt, opening line and model."""
    return dict(kept) | {
        "llm_id": llm_id,
        "version": version.version,
        "is_published": version.is_published,
        "general_prompt": version.prompt,
        "begin_message": version.opening_line,
        "model": version.model or None,
        "last_modification_timestamp": milliseconds(version.changed_at),
    }


# --- Numbers -------------------------------------------------------------------------
def number(facts: NumberFacts, pretty: str, changed_at: datetime) -> Json:
    """Return a phone number object."""
    shown: Json = {
        "phone_number": facts.number,
        "phone_number_pretty": pretty,
        "phone_number_type": words.THEIR_CARRIERS.get(facts.carrier, "custom"),
        "nickname": facts.label or None,
        "inbound_agents": _bound(facts.inbound),
        "outbound_agents": _bound(facts.outbound),
        "allowed_outbound_country_list": list(facts.countries) or None,
        "last_modification_timestamp": milliseconds(changed_at),
    }
    return shown


def _bound(binding: BindingFacts) -> list[Json] | None:
    if not binding.agent_id:
        return None
    one: Json = {"agent_id": binding.agent_id, "weight": 1}
    if binding.version is not None:
        one["agent_version"] = binding.version
    return [one]
