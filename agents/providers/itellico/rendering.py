"""Our calls, agents and numbers as itellico shows them (contract sheet, sections 2–7).

What is not known is null: their summaries have every field.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from agents.providers.base import CallRecord, Json, ToolFacts, TurnFacts
from agents.providers.dialects import Tenant
from agents.providers.itellico import words
from agents.providers.listing import AgentRecord, NumberRecord


def time(at: datetime | None) -> str | None:
    """Write a time as they do: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


# --- A call --------------------------------------------------------------------------
def summary(record: CallRecord) -> Json:
    """Return a call as the list shows it."""
    return {
        "id": record.id,
        "type": record.type,
        "status": words.their_status(record.status, record.update.end_reason),
        "created": time(record.created_at),
        "modified": time(_modified(record)),
        "direction": record.direction,
        "answer_status": _answer(record),
        "agent_id": record.agent_id or None,
        "agent_name": record.agent_name or None,
        "from_number": record.from_number or None,
        "to_number": record.to_number or None,
        "external_id": record.external_id or None,
        "started_at": time(record.update.answered_at),
        "ended_at": _ended_at(record),
        "duration_seconds": _duration(record),
    }


def created(record: CallRecord) -> Json:
    """Return a call as its creation is answered; only a web call can be joined."""
    join = _join(record) if record.type == "web" else None
    return summary(record) | {"success": True, "join": join}


def call(record: CallRecord) -> Json:
    """Return a call with what was said and recorded."""
    return summary(record) | {"messages": messages(record), "capture": _capture(record)}


def conversation(record: CallRecord) -> Json:
    """Return a call under its older name, seen from the agent."""
    is_inbound, is_phone = record.direction == "inbound", record.type == "phone"
    both = record.from_number or None, record.to_number or None
    theirs, ours = both if is_inbound else both[::-1]
    return {
        "conversation_id": record.id,
        "start_timestamp": time(record.update.answered_at or record.created_at),
        "status": words.their_status(record.status, record.update.end_reason),
        "type": record.type,
        "direction": record.direction,
        "agent_id": record.agent_id or None,
        "agent_name": record.agent_name or None,
        "phone_number_id": None,
        "phone_number": ours if is_phone else None,
        "contact_number": theirs if is_phone else None,
        "duration_seconds": _duration(record),
        "messages": messages(record),
        "capture": _capture(record),
    }


def _modified(record: CallRecord) -> datetime:
    return max(record.created_at, record.update.occurred_at or record.created_at)


def _answer(record: CallRecord) -> str | None:
    is_dialled = record.type == "phone" and record.direction == "outbound"
    reason, people = record.update.end_reason, record.update.answered_by
    found = words.their_answer(record.status, reason, people, is_dialled=is_dialled)
    return found or None


def _ended_at(record: CallRecord) -> str | None:
    return time(record.update.ended_at) if record.status in words.FINAL else None


def _duration(record: CallRecord) -> int | None:
    ms = record.update.duration_ms
    if ms is None or record.status not in words.FINAL:
        return None
    return round(ms / 1000)


def _capture(record: CallRecord) -> Json:
    return {"recording_url": record.update.recording_url or None}


def _join(record: CallRecord) -> Json:
    join = record.update.join or {}
    return {
        "token": str(join.get("access_token", "")),
        "livekit_url": str(join.get("url", "")),
        "room_sid": room(record),
    }


def room(record: CallRecord) -> str | None:
    """Return the room of a web call; one of our own where the provider has none."""
    if record.type != "web":
        return None
    known = (record.update.join or {}).get("room_sid")
    return str(known) if known else f"RM_{UUID(record.id).hex}"


# --- What was said -------------------------------------------------------------------
def messages(record: CallRecord) -> list[Json]:
    """Return what was said and used, in order: each tool behind its turn."""
    start, update = record.update.answered_at, record.update
    turns, tools = update.turns or (), update.tools or ()
    told: list[Json] = []
    for index in range(-1, len(turns)):
        if index >= 0:
            told.append(_message(turns[index], start))
        told += [_tool(tool, start) for tool in tools if tool.after_turn == index]
    return told


def _message(turn: TurnFacts, start: datetime | None) -> Json:
    role = words.THEIR_ROLES.get(turn.role, "system")
    at = _at(turn.start_ms, start)
    return {"role": role, "message": turn.text, "timestamp": at}


def _tool(tool: ToolFacts, start: datetime | None) -> Json:
    """Return a tool; what it was given has no place in their shape."""
    return {
        "role": "tool",
        "name": tool.name,
        "result": _decoded(tool.result),
        "message": None,
        "timestamp": _at(tool.start_ms, start),
    }


def _at(offset_ms: int | None, start: datetime | None) -> str | None:
    if offset_ms is None or start is None:
        return None
    return time(start + timedelta(milliseconds=offset_ms))


def _decoded(result: str) -> Any:
    """Return a result as the JSON it is, or as the text it is."""
    try:
        return json.loads(result) if result else None
    except (ValueError, RecursionError):
        return result


# --- Webhooks ------------------------------------------------------------------------
def event(name: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook; a repeat of the same news has the same id."""
    created_at = _modified(record)
    return {
        "event_id": str(uuid5(UUID(record.id), f"{name} {created_at.isoformat()}")),
        "event_type": name,
        "created": created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "organization_uuid": tenant.id,
        "organization_name": tenant.name,
        "data": _data(name, record),
    }


def _data(name: str, record: CallRecord) -> Json:
    """Return what an event tells, under the names that webhooks have.

    Our choice, as it is unseen: the analysis event has the fields of the ended one, and
    its results in `goal_results` and `analysis_results`.
    """
    whole = summary(record)
    data: Json = {
        "conversation_uuid": record.id,
        "agent_uuid": whole["agent_id"],
        "agent_name": whole["agent_name"],
        "channel": record.type,
        "started_at": whole["started_at"],
        "from_number": whole["from_number"],
        "to_number": whole["to_number"],
        "ip_address": None,
        "campaign_uuid": None,
        "campaign_contact_uuid": None,
        "direction": record.direction,
        "room_sid": room(record),
        "metadata": record.metadata,
    }
    if name == words.STARTED:
        return data
    later = ("status", "ended_at", "duration_seconds", "answer_status")
    data |= {field: whole[field] for field in later}
    data |= {"messages": messages(record), "events": []}
    return data | _results(record) if name == words.ANALYSED else data


def _results(record: CallRecord) -> Json:
    facts = record.update.analysis
    if facts is None:
        return {"goal_results": [], "analysis_results": {}}
    known = {
        "summary": facts.summary or None,
        "sentiment": facts.sentiment or None,
        "successful": facts.successful,
    }
    told = {name: value for name, value in known.items() if value is not None}
    return {"goal_results": [], "analysis_results": dict(facts.custom) | told}


# --- The account, agents, numbers ----------------------------------------------------
def account(tenant: Tenant, created_at: datetime) -> Json:
    """Return an account; ours have no parents."""
    return {
        "id": tenant.id,
        "name": tenant.name,
        "is_active": True,
        "parent_account_id": None,
        "created": time(created_at),
        "modified": time(created_at),
    }


def agent(record: AgentRecord, tenant: Tenant) -> Json:
    """Return an agent: its latest version, as theirs have none."""
    version = record.latest
    said = version.opening_line or None
    return {
        "id": record.facts.agent_id,
        "account_id": tenant.id,
        "name": record.facts.name,
        "allow_auto_hangup": True,
        "allow_caller_recording_opt_out": False,
        "initial_message": {
            "message": said,
            "mode": "fixed_message" if said else "user_first",
            "delay_ms": 0,
            "interruptible": False,
        },
        "inactivity_settings": {
            "reminder_timeout_ms": None,
            "reminder_max_count": None,
            "end_call_timeout_ms": None,
            "reset_on_activity": False,
        },
        "response_timing": {"min_endpointing_delay_seconds": 0.1},
        "interrupt_settings": None,
        "ambient_sound": {"source": None, "volume": None},
        "max_duration_seconds": None,
        "capture_settings": None,
        "volume": None,
        "denoising": None,
        "model": {"model": version.model} if version.model else None,
        "transcriber": {"language": version.language} if version.language else None,
        "voice": {"voice_id": version.voice} if version.voice else None,
        "tags": [],
        "note": None,
        "metadata": None,
        "created": time(record.created_at),
        "modified": time(record.changed_at),
    }


def number(record: NumberRecord) -> Json:
    """Return a phone number; ours are reached, so each has a trunk to show."""
    facts = record.facts
    inbound = {
        "id": facts.inbound.agent_id,
        "name": record.inbound_name,
        "avatar": None,
    }
    return {
        "id": record.id,
        "number": facts.number,
        "friendly_name": facts.label[:100] or None,
        "inbound_agent": inbound if facts.inbound.agent_id else None,
        "sip_trunk": {
            "id": str(uuid5(UUID(record.id), "sip-trunk")),
            "name": facts.carrier,
            "is_managed": facts.carrier != "custom",
        },
        "spam_data": None,
        "tellows_data": None,
    }
