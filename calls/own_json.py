"""A call in our own JSON: as the native API shows it, and as our own webhooks tell it."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from calls.models import Call

Json = dict[str, Any]


def time(value: datetime | None) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def call_json(call: Call, *, with_transcript: bool = True) -> Json:
    """Return a call; `turns` and `tool_calls` are prefetched where they are wanted."""
    spoken = _spoken(call) if with_transcript else {"transcript": [], "tool_calls": []}
    agent = call.agent
    return {
        "id": str(call.pk),
        "status": call.status,
        "type": call.type,
        "direction": call.direction,
        "provider": call.connection.provider,
        "connection_id": str(call.connection_id),
        "agent": agent
        and {"id": str(agent.pk), "name": agent.name, "version": call.agent_version},
        "from_number": call.from_number or None,
        "to_number": call.to_number or None,
        "contact_id": str(call.contact_id) if call.contact_id else None,
        "answered_by": call.answered_by or None,
        "end_reason": call.end_reason or None,
        "end_reason_raw": call.end_reason_raw or None,
        "fault": call.fault or None,
        "note": call.note or None,
        "variables": call.variables,
        "overrides": {name: v for name, v in call.overrides.items() if v},
        "sip_headers": call.sip_headers,
        "metadata": call.metadata,
        "external_id": call.external_id or None,
        "provider_call_id": call.provider_call_id or None,
        **{name: time(getattr(call, name)) for name in TIMES},
        "duration_ms": call.duration_ms,
        "cost": None
        if call.cost is None
        else {"amount": str(call.cost), "currency": call.currency},
        **spoken,
        "latency": call.latency,
        "analysis": {
            "summary": call.summary or None,
            "sentiment": call.sentiment or None,
            "successful": call.successful,
            "custom": call.analysis,
        },
        "recording_url": _recording_url(call),
        "join": call.join,
    }


def unheard(told: Json) -> Json:
    """Return a call without what was said in it: for who may not read calls."""
    nothing: Json = {
        "summary": None,
        "sentiment": None,
        "successful": None,
        "custom": {},
    }
    silent: Json = {"transcript": [], "tool_calls": [], "recording_url": None}
    return told | silent | {"analysis": nothing}


TIMES = (
    "created_at",
    "scheduled_at",
    "queued_at",
    "dialed_at",
    "ringing_at",
    "answered_at",
    "ended_at",
)


def _recording_url(call: Call) -> str | None:
    """Return where a key with calls:read hears it: the provider's own link expires."""
    where = f"{settings.BASE_URL}/api/v1/calls/{call.pk}/recording"
    return where if call.recording_url else None


def _spoken(call: Call) -> Json:
    turns = ("index", "role", "text", "start_ms", "end_ms")
    tools = ("name", "arguments", "result", "succeeded", "start_ms", "duration_ms")
    return {
        "transcript": [
            {name: getattr(turn, name) for name in turns} for turn in call.turns.all()
        ],
        "tool_calls": [
            {name: getattr(tool, name) for name in tools}
            for tool in call.tool_calls.all()
        ],
    }
