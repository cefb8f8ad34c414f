"""What the call form starts with: a contact, an agent, or a call to be made again."""

import json
import uuid
from dataclasses import dataclass

from agents import phone
from agents.models import Agent, Direction, PhoneNumber
from agents.providers.base import Overrides
from calls import variables
from calls.forms.launch import VARIABLE
from calls.models import Call, Contact
from dashboard.models import Workspace


@dataclass(frozen=True, slots=True)
class Opening:
    """What the address named; nothing of it is needed."""

    contact: Contact | None = None
    agent: Agent | None = None
    number: PhoneNumber | None = None
    to: str = ""
    again: Call | None = None


def data(workspace: Workspace, opening: Opening) -> dict[str, str]:
    """Return the form's first data, with a key of its own: one form, one call."""
    fields = _again(opening.again) if opening.again else {}
    if opening.to:
        fields |= {"who": opening.to}
    if opening.contact:
        fields |= {"who": str(opening.contact), "contact": str(opening.contact.pk)}
    if opening.number:
        fields |= {"from_number": opening.number.number}
    if not fields.get("agent") or opening.agent or opening.number:
        agent = opening.agent or default_agent(workspace, opening.number)
        fields |= {"agent": str(agent.pk) if agent else ""}
    return fields | {"launch_key": str(uuid.uuid4())}


def default_agent(workspace: Workspace, number: PhoneNumber | None) -> Agent | None:
    """Return the number's outbound agent, else one that calls out, else the first."""
    if number and (bound := number.binding(Direction.OUTBOUND)):
        return bound.agent
    agents = workspace.agents.current().order_by("created_at")
    if number:
        agents = agents.filter(connection=number.connection_id)
    out = agents.filter(bindings__direction=Direction.OUTBOUND, bindings__ended_at=None)
    return out.first() or agents.first()


def _again(call: Call) -> dict[str, str]:
    """Return the wish of a call, as it would have been typed."""
    inbound = call.direction == Direction.INBOUND
    skips = call.ignore_e164_validation and not phone.is_e164(call.other_number)
    named = call.contact is not None and not skips
    known = variables.values(call.workspace, call.contact)
    typed = {
        VARIABLE + name: value
        for name, value in call.variables.items()
        if known.get(name) != value
    }
    return {
        "who": str(call.contact) if named else call.other_number,
        "contact": str(call.contact_id or ""),
        "agent": str(call.agent_id or ""),
        "from_number": call.to_number if inbound else call.from_number,
        "metadata": _json(call.metadata),
        "sip_headers": "\n".join(f"{n}: {v}" for n, v in call.sip_headers.items()),
        "trunk_name": call.trunk_name,
        "customer_name": call.customer_name,
        "ignore_e164_validation": "on" if skips else "",
        **_overrides(Overrides(**call.overrides)),
        **typed,
    }


def _overrides(overrides: Overrides) -> dict[str, str]:
    longest = overrides.max_duration_ms
    return {
        "voice": overrides.voice,
        "model": overrides.model,
        "opening_line": overrides.opening_line,
        "max_minutes": f"{longest / 60_000:g}" if longest else "",
        "raw": _json(overrides.raw),
    }


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
