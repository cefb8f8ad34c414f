"""Our agents and numbers as Zudu shows them (contract sheet, sections 3 and 4)."""

from datetime import datetime

from agents import phone
from agents.providers.base import BindingFacts, Json
from agents.providers.listing import AgentRecord, NumberRecord
from agents.providers.zudu.facts import ONLY_VERSION


def iso(moment: datetime) -> str:
    """Return a time as agents, numbers and webhooks have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- Agents --------------------------------------------------------------------------
def agent_row(agent: AgentRecord) -> Json:
    """Return an agent as the list shows it."""
    return {
        "agent_id": agent.facts.agent_id,
        "agent_name": agent.facts.name,
        "language": agent.latest.language or None,
        "created_at": iso(agent.created_at),
        "updated_at": iso(agent.changed_at),
    }


def agent(agent: AgentRecord, organization: str, webhook: str) -> Json:
    """Return an agent in full; `webhook` is what it tells after a call, or empty.

    What we have no such thing as is null or empty.
    """
    latest = agent.latest
    spoken = {"language": latest.language or None, "language_name": None}
    return {
        **agent_row(agent),
        "organization_id": organization,
        "begin_message": latest.opening_line or None,
        "begin_message_variables": [],
        "begin_message_delay_ms": 0,
        "test_variables": {},
        "webhook_url": None,
        "post_call_webhook_id": webhook or None,
        "end_call_after_silence_ms": None,
        "max_call_duration_ms": None,
        "take_turn_after_silence_seconds": None,
        "timezone": None,
        "knowledge_base_ids": [],
        "mcp_server_ids": [],
        "rag_config": None,
        "llm_config": {
            "system_message": latest.prompt,
            "temperature": None,
            "max_tokens": None,
            "tools": [],
            "system_message_variables": [],
        },
        "stt_config": spoken | {"use_realtime": None},
        "tts_config": spoken
        | {
            "voice_id": latest.voice or None,
            "voice_speed": None,
            "provider": None,
            "model": None,
        },
        "post_call_analysis_data": [],
        "post_call_analysis_model": None,
        "post_call_evaluation_criteria": [],
        "widget_config": None,
        "additional_languages": [],
        "access_info": {},
    }


# --- Numbers -------------------------------------------------------------------------
def number(row: NumberRecord, organization: str) -> Json:
    """Return a phone number object (section 4)."""
    facts = row.facts
    own = facts.carrier == "custom"
    return {
        "phone_number": facts.number,
        "phone_number_pretty": phone.pretty(facts.number),
        "organization_id": organization,
        "nickname": facts.label or None,
        "area_code": area_code(facts.number),
        "phone_number_type": "custom" if own else f"zudu-{facts.carrier}",
        "number_provider": None if own else facts.carrier,
        **_bound("inbound", facts.inbound),
        **_bound("outbound", facts.outbound),
        "inbound_webhook_url": None,
        "inbound_trunk_id": None,
        "outbound_trunk_id": None,
        "dispatch_rule_id": None,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.created_at),
    }


def area_code(written: str) -> int | None:
    """Return the area code of a number of North America; others have none here."""
    digits = written[2:5]
    return int(digits) if written.startswith("+1") and digits.isdigit() else None


def _bound(direction: str, binding: BindingFacts) -> Json:
    version = ONLY_VERSION if binding.version is None else binding.version
    return {
        f"{direction}_agent_id": binding.agent_id or None,
        f"{direction}_agent_version": version,
    }
