"""Our calls and agents as Klen AI shows them.

The id trap is theirs (sheet, section 2.3): one id is a whole number here and a string
there, and the same name stands for both.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agents.providers import numeric
from agents.providers.base import CallRecord, Json, TurnFacts
from agents.providers.dialects import Tenant
from agents.providers.klen import words
from agents.providers.listing import AgentRecord

# As in the example of the sheet, section 1.1.
USUAL_START = timedelta(seconds=5)


def time(moment: datetime | None) -> str | None:
    """Write a time as ISO 8601 with Z, without fractions."""
    if moment is None:
        return None
    whole = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{whole.isoformat()}Z"


def call_id(our_id: str) -> str:
    """Return Klen's call id for our call."""
    return f"call_{our_id.replace('-', '')}"


def agent_number(assistant_id: str) -> int:
    """Return the database id of an agent.

    It is made of the assistant id, which is all that a call says of its agent.
    """
    digest = hashlib.sha256(assistant_id.encode()).digest()
    return int.from_bytes(digest[:6], "big")


# --- A call --------------------------------------------------------------------------
def created(record: CallRecord) -> Json:
    """Return the answer to a launch."""
    return {
        "id": numeric.number_of(record.id),
        "call_id": call_id(record.id),
        "status": words.THEIR_STATUSES[record.status],
        "type": record.direction,
        "phone_number": other_number(record),
        "agent": _agent_of(record),
        "created_at": time(record.created_at),
        "estimated_start": time(record.created_at + USUAL_START),
    }


def listed(record: CallRecord) -> Json:
    """Return a call as the list shows it: no number of the database, a flat agent."""
    return {
        "id": call_id(record.id),
        "agent_id": record.agent_id,
        "agent_name": record.agent_name,
        **_course(record),
        "recording_url": record.update.recording_url or None,
        "contact": None,
    }


def detail(record: CallRecord, tenant: Tenant) -> Json:
    """Return one call with what was said in it."""
    return {
        "id": numeric.number_of(record.id),
        "call_id": call_id(record.id),
        "agent": _agent_of(record),
        **_course(record),
        "transcript": transcript(record.update.turns or ()),
        "recording_url": record.update.recording_url or None,
        "contact": None,
        "team": {"id": numeric.number_of(tenant.id), "name": tenant.name},
        "billing": _billing(record.update.cost),
    }


def told(record: CallRecord) -> Json:
    """Return what every webhook says of a call: its ids are the numbers."""
    course = _course(record)
    course.pop("summary")
    return {
        "id": numeric.number_of(record.id),
        "klen_call_id": call_id(record.id),
        "agent_id": agent_number(record.agent_id),
        "agent_name": record.agent_name,
        **course,
    }


def _agent_of(record: CallRecord) -> Json:
    return {
        "id": agent_number(record.agent_id),
        "name": record.agent_name,
        "assistant_id": record.agent_id,
    }


def _course(record: CallRecord) -> Json:
    """Return what became of a call; what is not known is null (undocumented)."""
    update = record.update
    is_over = record.status in words.FINAL
    return {
        "status": words.THEIR_STATUSES[record.status],
        "type": record.direction,
        "phone_number": other_number(record),
        "started_at": time(update.answered_at),
        "ended_at": time(update.ended_at) if is_over else None,
        "duration_seconds": seconds(update.duration_ms) if is_over else None,
        "summary": update.analysis.summary if update.analysis else None,
    }


def other_number(record: CallRecord) -> str:
    """Return the number of the person at the other end."""
    return record.from_number if record.direction == "inbound" else record.to_number


def seconds(duration_ms: int | None) -> int | None:
    """Return a duration in whole seconds."""
    return None if duration_ms is None else round(duration_ms / 1000)


def transcript(turns: Sequence[TurnFacts]) -> str:
    """Return what was said as one text, a line for a turn (form: our choice)."""
    names = words.THEIR_SPEAKERS
    return "\n".join(f"{names.get(turn.role, 'Other')}: {turn.text}" for turn in turns)


def _billing(cost: Decimal | None) -> Json | None:
    """Return the charges. We know only the whole, so all three say it."""
    if cost is None:
        return None
    charges = ("initial_charge", "final_charge", "total_charge")
    return {"status": "billed", **dict.fromkeys(charges, float(cost))}


# --- Agents --------------------------------------------------------------------------
def agent(record: AgentRecord, tenant: Tenant) -> Json:
    """Return an agent. It has one number, and its role says the direction of it.

    One that answers and calls is shown as calling. Minutes and calls are not counted
    here, so they are null.
    """
    facts, latest = record.facts, record.latest
    calls_out = bool(record.outbound_numbers) or not record.inbound_numbers
    numbers = record.outbound_numbers if calls_out else record.inbound_numbers
    return {
        "id": agent_number(facts.agent_id),
        "assistant_id": facts.agent_id,
        "name": facts.name,
        "role": words.OUTBOUND_ROLE if calls_out else words.INBOUND_ROLE,
        "phone_number": numbers[0] if numbers else None,
        "minutes_used": None,
        "total_calls": None,
        "model": latest.model,
        "voice_id": latest.voice,
        "can_make_calls": bool(numbers),
        "team_id": numeric.number_of(tenant.id),
    }
