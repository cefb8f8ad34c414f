"""Our calls, agents and numbers as UponAI's REST API shows them.

Calls are camelCase with ISO times; agents and numbers are snake_case. How a call looks
in a webhook is in `telling.py`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from agents.providers import numeric
from agents.providers.base import CallRecord, Json, VersionFacts
from agents.providers.listing import AgentRecord, NumberRecord
from agents.providers.voicewire.shares import shares
from agents.providers.voicewire.telling import call_id
from agents.providers.voicewire.words import THEIR_STATUSES

ENGINE = "uponai-llm"


def iso(moment: datetime | None) -> str | None:
    """Return a time as UponAI writes it."""
    if moment is None:
        return None
    written = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def call_sid(our_id: str) -> str:
    """Return the SID of our call.

    Whether it equals the id is not documented, so a client must bear both: of half of
    the calls it does.
    """
    return our_id if UUID(our_id).int & 1 else call_id(our_id)


# --- A call --------------------------------------------------------------------------
def call(record: CallRecord) -> Json:
    """Return the call object: its eleven fields, and none of what was said."""
    is_web = record.type == "web"
    join = record.update.join or {} if is_web else {}
    return {
        "callId": call_id(record.id),
        "callType": f"{record.type}_call",
        "status": THEIR_STATUSES.get(record.status, "error"),
        "agentId": record.agent_id,
        "agentVersion": record.agent_version,
        "metadata": record.metadata,
        "optOutSensitiveDataStorage": False,
        "accessToken": str(join.get("access_token", "")) if is_web else None,
        "expiresAt": join.get("expires_at"),
        "webCallUrl": None,
        "uponai_dynamic_variables": dict(record.variables),
    }


def launched(record: CallRecord) -> Json:
    """Return the answer to a launch, in its two envelopes."""
    inner = {"success": True, "call": call(record)}
    return {"success": True, "call_sid": call_sid(record.id), "call": inner}


def history_row(
    record: CallRecord, customer_name: str, workspace: tuple[int, str]
) -> Json:
    """Return a call as the history shows it: durations in seconds, costs in dollars."""
    update = record.update
    told = update.analysis
    duration = update.duration_ms
    return {
        "callSid": call_sid(record.id),
        "callStatus": THEIR_STATUSES.get(record.status, "error"),
        "agentId": record.agent_id,
        "agentVersion": record.agent_version,
        "agentName": record.agent_name,
        "workspaceId": workspace[0],
        "workspaceName": workspace[1],
        "fromNumber": record.from_number,
        "toNumber": record.to_number,
        "direction": record.direction,
        "customerName": customer_name or None,
        "duration": None if duration is None else round(duration / 1000),
        "startedAt": iso(update.answered_at or record.created_at),
        "recordingUrl": update.recording_url or None,
        "sentiment": (told.sentiment if told else "") or None,
        "summary": (told.summary if told else "") or None,
        "costs": _costs(update.cost),
    }


def _costs(dollars: Decimal | None) -> Json | None:
    """Return the parts of a cost; ours are not split, so all of it is the voice's."""
    if dollars is None:
        return None
    total = float(dollars)
    return {"voice": total, "llm": 0, "gross": total, "total": total}


# --- Agents --------------------------------------------------------------------------
def agent(record: AgentRecord, version: VersionFacts, kept: Mapping[str, Any]) -> Json:
    """Return one version of an agent; `kept` are settings we only keep for a client."""
    usual = {"type": ENGINE, "llm_id": f"llm_{record.id.replace('-', '')}"}
    return {
        "agent_id": record.facts.agent_id,
        "version": version.version,
        "agent_name": record.facts.name,
        "voice_id": version.voice,
        "response_engine": kept.get("response_engine") or usual,
        "response_threshold": kept.get("response_threshold"),
        "interruption_sensitivity": kept.get("interruption_sensitivity"),
        "ambient_sound": kept.get("ambient_sound"),
        "responsiveness": kept.get("responsiveness"),
        "max_call_duration_ms": kept.get("max_call_duration_ms"),
        "created_at": iso(record.created_at),
        "updated_at": iso(version.changed_at or record.changed_at),
    }


def agent_rows(record: AgentRecord) -> list[Json]:
    """Return an agent as the list shows it: a row for each version (our choice)."""
    versions = record.facts.versions or (record.latest,)
    return [
        {
            "agent_id": record.facts.agent_id,
            "version": version.version,
            "agent_name": record.facts.name,
        }
        for version in versions
    ]


def version_rows(record: AgentRecord) -> list[Json]:
    """Return the versions of an agent, oldest first (our choice)."""
    return [
        {
            "agent_id": record.facts.agent_id,
            "version": version.version,
            "updated_at": iso(version.changed_at),
        }
        for version in record.facts.versions
    ]


# --- Numbers -------------------------------------------------------------------------
def number(record: NumberRecord, account_sid: str, workspace_id: int) -> Json:
    """Return a number record. The single outbound agent is its plain `agent_id`."""
    facts = record.facts
    return {
        "id": numeric.number_of(record.id),
        "number": facts.number,
        "base_number": facts.number,
        "account_sid": account_sid,
        "workspace_id": workspace_id,
        "agent_id": facts.outbound.agent_id or None,
        "default_agent_id": None,
        "inbound_agent_id": facts.inbound.agent_id or None,
        "inbound_agents": shares(facts.inbound),
        "outbound_agents": shares(facts.outbound),
        "inbound_agent_version": facts.inbound.version,
        "outbound_agent_version": facts.outbound.version,
        "application_sid": None,
        "phone_number_sid": record.id,
        "inbound_webhook_url": None,
        "is_time_routing_enabled": False,
        "platform_import_error": bool(facts.trouble),
        "platform_import_error_message": facts.trouble or None,
    }


def bound(record: NumberRecord, account_sid: str, workspace_id: int) -> Json:
    """Return the answer to a binding."""
    shown = number(record, account_sid, workspace_id)
    names = (
        *("account_sid", "workspace_id", "agent_id", "inbound_agent_id"),
        *("inbound_agents", "outbound_agents"),
    )
    return {
        "success": True,
        "message": "Phone number assignment updated.",
        "numbers": [shown],
        "assignment": {name: shown[name] for name in names},
    }
