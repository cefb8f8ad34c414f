"""How a call went: why it ended, how quick the agent was, what was noted of it."""

import json
from decimal import Decimal, InvalidOperation
from statistics import quantiles
from typing import Any

from calls.models import Call, Fault
from calls.story.lines import Line

# Why calls end, in one sentence; {agent} and {who} are filled in.
ENDS: dict[str, str] = {
    "user_hangup": "{who} hung up.",
    "agent_hangup": "{agent} said goodbye and hung up.",
    "transferred": "{agent} transferred the call.",
    "voicemail": "A voicemail answered.",
    "inactivity": "Nobody spoke for a while, so the call was ended.",
    "max_duration": "The call reached its longest allowed duration.",
    "busy": "The line was busy.",
    "no_answer": "Nobody answered.",
    "declined": "{who} declined the call.",
    "invalid_number": "The number cannot be reached.",
    "blocked": "The call was blocked before it could ring.",
    "not_permitted": "The provider does not permit this call.",
    "concurrency_limit": "Too many calls were going on at the provider.",
    "no_funds": "The account at the provider has no funds left.",
    "provider_error": "The provider could not place or hold the call.",
    "agent_error": "The agent failed during the call.",
    "canceled": "The call was taken back before it was connected.",
    "lost": "The provider does not know this call: it did not go out, or was lost.",
}


def why_ended(call: Call) -> str:
    """Say in one sentence why the call is over; empty while it is not."""
    if call.is_open or not call.end_reason:
        return ""
    return _fill(ENDS.get(call.end_reason, "The call is over."), call)


def _fill(sentence: str, call: Call) -> str:
    agent = call.agent.name if call.agent else "The agent"
    return sentence.format(who=call.who, agent=agent)


def whose_fault(call: Call) -> str:
    """Say on whose side the end was; empty where it was nobody's, or is unknown."""
    return FAULTS.get(call.fault, "").format(
        who=call.who, label=call.connection.kind.label
    )


FAULTS: dict[str, str] = {
    Fault.CALLEE: "On the side of the person called.",
    Fault.CARRIER: "On the side of the carrier.",
    Fault.PROVIDER: "On the side of the provider, {label}.",
    Fault.AGENT: "On the side of the agent.",
    Fault.US: "On the side of Switchboard.",
}


def latency(call: Call, told: list[Line]) -> dict[str, int]:
    """Return the median and the slow end of the agent's answers, in ms."""
    whole = call.latency.get("e2e") if isinstance(call.latency, dict) else None
    if isinstance(whole, dict) and whole.get("p50"):
        return {name: round(whole[name]) for name in ("p50", "p95") if whole.get(name)}
    seen = [line.turn.latency_ms for line in told if line.turn and line.turn.latency_ms]
    if len(seen) < 2:
        return {"p50": seen[0]} if seen else {}
    cuts = quantiles(seen, n=20, method="inclusive")
    return {"p50": round(cuts[9]), "p95": round(cuts[18])}


def interruptions(told: list[Line]) -> int:
    """Count how often somebody was cut short."""
    return sum(1 for line in told if line.turn and line.turn.is_interrupted)


def facts(values: Any) -> list[tuple[str, str]]:
    """Return extracted data as names and values for reading."""
    rows = values.items() if isinstance(values, dict) else ()
    return [(_name(name), _text(value)) for name, value in rows]


def overrides(call: Call) -> list[tuple[str, str]]:
    """Return what was set for this call only, for reading."""
    told = {name: value for name, value in call.overrides.items() if value}
    if longest := told.pop("max_duration_ms", None):
        told["longest_duration"] = f"{longest / 60_000:g} min"
    return facts(told)


def cost_parts(call: Call) -> list[tuple[str, Decimal]]:
    """Return what the cost is made of, dearest first; empty where nobody tells."""
    known = call.cost_parts if isinstance(call.cost_parts, dict) else {}
    parts = [(_name(name), _amount(value)) for name, value in known.items()]
    # One part alone is the whole, said twice.
    return sorted(parts, key=lambda part: -part[1]) if len(parts) > 1 else []


def _amount(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def ids(call: Call) -> list[tuple[str, str]]:
    """Return the names under which the call is known, to us and to others."""
    known = {
        "Call id": str(call.pk),
        "Provider’s call id": call.provider_call_id,
        "Provider’s other id": call.other_call_id,
        "External id": call.external_id,
    }
    return [(label, value) for label, value in known.items() if value]


def metadata(known: Any) -> str:
    """Return metadata as JSON for reading; empty where there is none."""
    return json.dumps(known, indent=2, ensure_ascii=False) if known else ""


def evidence(call: Call) -> dict[str, Any]:
    """Return what was looked at before the call went out, and what came of it.

    `checks` are in the order in which they were made; `when` has every moment known.
    """
    launcher = call.launched_by or call.api_key
    moments = ("created_at", "scheduled_at", "dialed_at", "answered_at", "ended_at")
    return {
        "call_id": str(call.pk),
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "contact": str(call.contact) if call.contact else None,
        "agent": call.agent.name if call.agent else None,
        "agent_version": call.agent_version,
        "connection": call.connection.name,
        "provider": call.connection.kind.label,
        "provider_call_id": call.provider_call_id or None,
        "source": call.get_source_display(),
        "launched_by": str(launcher) if launcher else None,
        "checks": call.evidence,
        "status": call.status,
        "end_reason": call.end_reason or None,
        "note": call.note or None,
        "when": {name: getattr(call, name) for name in moments},
    }


def _name(name: object) -> str:
    words = str(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is None or value == "":
        return "—"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
