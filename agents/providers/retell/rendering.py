"""Our calls, agents and numbers as Retell shows them.

Every field the SDK's models require is always there, and no word they do not know:
the SDK tells a phone call from a web call by what validates.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.providers.base import (
    AgentFacts,
    CallRecord,
    Json,
    NumberFacts,
    VersionFacts,
)
from agents.providers.retell import words
from agents.providers.voicewire import telling
from agents.providers.voicewire import words as wire
from agents.providers.voicewire.shares import shares


# --- A call --------------------------------------------------------------------------
def call(
    record: CallRecord, *, with_transcript: bool = True, with_analysis: bool = True
) -> Json:
    """Return the call object."""
    update = record.update
    shown = start(record) | _end(record)
    shown["call_status"] = wire.THEIR_STATUSES.get(record.status, "error")
    if with_transcript and record.status in {"in_progress", *wire.FINAL}:
        shown |= telling.transcript(update)
    if with_analysis and update.analysis:
        shown["call_analysis"] = telling.analysis(update.analysis, update.answered_by)
    return shown


def start(record: CallRecord) -> Json:
    """Return the call object as it is when somebody has just picked up."""
    shown = telling.start(record, words.VARIABLES)
    if record.type == "web":
        join = record.update.join or {}
        shown["access_token"] = str(join.get("access_token", ""))
    return shown


def _end(record: CallRecord) -> Json:
    """Return what is only known once the call is over.

    Of the latency only what the SDK knows; the price of a second follows from the cost.
    """
    shown = telling.end(record, words.REASONS)
    if latency := _latency(shown.pop("latency", {})):
        shown["latency"] = latency
    if cost := shown.get("call_cost"):
        cents, seconds = cost["combined_cost"], cost["total_duration_seconds"]
        price = round(cents / seconds, 6) if seconds else 0
        cost["total_duration_unit_price"] = price
    return shown


def _latency(told: Json) -> Json:
    shown = {
        name: {p: numbers[p] for p in words.PERCENTILES if p in numbers}
        for name, numbers in told.items()
        if isinstance(numbers, Mapping)
    }
    return {name: numbers for name, numbers in shown.items() if numbers}


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
        "last_modification_timestamp": telling.milliseconds(version.changed_at),
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
        "user_modified_timestamp": telling.milliseconds(changed_at),
    }


def version_row(version: VersionFacts) -> Json:
    """Return a version as the list of versions shows it."""
    shown: Json = {
        "version": version.version,
        "is_published": version.is_published,
        "last_modification_timestamp": telling.milliseconds(version.changed_at),
    }
    return shown | telling.known({"version_title": version.title})


def llm(version: VersionFacts, llm_id: str, kept: Mapping[str, Any]) -> Json:
    """Return the Retell LLM behind a version: its prompt, opening line and model."""
    return dict(kept) | {
        "llm_id": llm_id,
        "version": version.version,
        "is_published": version.is_published,
        "general_prompt": version.prompt,
        "begin_message": version.opening_line,
        "model": version.model or None,
        "last_modification_timestamp": telling.milliseconds(version.changed_at),
    }


# --- Numbers -------------------------------------------------------------------------
def number(facts: NumberFacts, pretty: str, changed_at: datetime) -> Json:
    """Return a phone number object."""
    shown: Json = {
        "phone_number": facts.number,
        "phone_number_pretty": pretty,
        "phone_number_type": words.THEIR_CARRIERS.get(facts.carrier, "custom"),
        "nickname": facts.label or None,
        "inbound_agents": shares(facts.inbound) or None,
        "outbound_agents": shares(facts.outbound) or None,
        "allowed_outbound_country_list": list(facts.countries) or None,
        "last_modification_timestamp": telling.milliseconds(changed_at),
    }
    return shown
