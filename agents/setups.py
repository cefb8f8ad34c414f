"""What is set on a number, as a value: compared, kept, and said in words."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.models import Agent, Connection, Direction, PhoneNumber
from agents.providers.base import BindingFacts

Json = dict[str, Any]
SAID: dict[str, str] = {
    Direction.INBOUND: "Calls in",
    Direction.OUTBOUND: "Calls out",
}


@dataclass(frozen=True, slots=True)
class Side:
    """Who has one direction: no agent is off, no version is always the latest."""

    agent: Agent | None = None
    version: int | None = None

    def facts(self) -> BindingFacts:
        """Return it as a provider's adapter takes it."""
        agent_id = self.agent.provider_agent_id if self.agent else ""
        return BindingFacts(agent_id, self.version)

    def as_json(self) -> Json | None:
        """Return it for the audit log."""
        if self.agent is None:
            return None
        return {
            "agent": self.agent.name,
            "agent_id": str(self.agent.pk),
            "version": self.version,
        }

    def __str__(self) -> str:
        if self.agent is None:
            return "off"
        if self.version is None:
            return f"{self.agent}, always the latest"
        return f"{self.agent} v{self.version}"


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a person may set on a number."""

    inbound: Side
    outbound: Side
    label: str
    cps: Decimal
    countries: tuple[str, ...]

    @classmethod
    def of(cls, number: PhoneNumber) -> "Setup":
        """Return what is set on a number now."""
        return cls(
            inbound=_side(number, Direction.INBOUND),
            outbound=_side(number, Direction.OUTBOUND),
            label=number.label,
            cps=Decimal(number.cps).normalize(),
            countries=tuple(number.countries),
        )

    def side(self, direction: str) -> Side:
        """Return who has a direction."""
        return self.inbound if direction == Direction.INBOUND else self.outbound

    def as_json(self) -> Json:
        """Return it for the audit log and for telling two setups apart."""
        return {
            "inbound": self.inbound.as_json(),
            "outbound": self.outbound.as_json(),
            "label": self.label,
            "cps": f"{self.cps.normalize():f}",
            "countries": list(self.countries),
        }

    def fingerprint(self) -> str:
        """Return a short text that is another for every other setup."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _side(number: PhoneNumber, direction: str) -> Side:
    """Return who has a direction now."""
    row = number.binding(direction)
    return Side(row.agent, row.version) if row else Side()


def lives_there(connection: Connection, direction: str) -> bool:
    """Tell whether the provider keeps this binding; else only Switchboard does."""
    can: bool = getattr(connection.kind, f"can_bind_{direction}")
    return can


def as_theirs(side: Side) -> Json:
    """Return a side as a sync notes what the provider has."""
    facts = side.facts()
    return {"agent_id": facts.agent_id, "version": facts.version}


# --- Telling -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two setups, in words."""

    name: str
    before: str
    after: str
    kept_by: str = "Switchboard"


def differences(number: PhoneNumber, before: Setup, after: Setup) -> list[Change]:
    """Say in words what saving `after` would change, and who keeps it."""
    there = number.connection.kind.label
    rows = [
        Change(
            SAID[d],
            str(before.side(d)),
            str(after.side(d)),
            there if lives_there(number.connection, d) else "Switchboard",
        )
        for d in Direction.values
        if before.side(d) != after.side(d)
    ]
    plain = (
        ("Label", before.label or "none", after.label or "none"),
        ("Calls per second", f"{before.cps:f}", f"{after.cps:f}"),
        ("May call", countries(before.countries), countries(after.countries)),
    )
    rows += [Change(name, old, new) for name, old, new in plain if old != new]
    return rows


def resent(number: PhoneNumber, wish: Setup, names: Mapping[str, str]) -> list[Change]:
    """Say in words what the provider gets where it has drifted."""
    there = number.connection.kind.label
    return [
        Change(
            f"{SAID[d]} at {there}",
            their_words(number.theirs[d], names),
            str(wish.side(d)),
            there,
        )
        for d in Direction.values
        if has_drifted(number, d)
    ]


def countries(codes: Sequence[str]) -> str:
    """Say in words which countries a number may call."""
    return ", ".join(codes) or "every country"


def has_drifted(number: PhoneNumber, direction: str) -> bool:
    """Tell whether the provider had something else than we have, when last asked."""
    theirs = number.theirs.get(direction)
    if theirs is None or not lives_there(number.connection, direction):
        return False
    if len(theirs.get("weights") or ()) > 1:
        return True
    ours = Setup.of(number).side(direction).facts()
    theirs_is = (theirs.get("agent_id") or "", theirs.get("version"))
    if not ours.agent_id:
        return bool(theirs_is[0])
    return theirs_is != (ours.agent_id, ours.version)


def drift(number: PhoneNumber, names: Mapping[str, str] | None = None) -> list[str]:
    """Say where the provider has something else than the screen; empty: nowhere.

    `names` are agents' names by the provider's ids.
    """
    there = number.connection.kind.label
    return [
        f"{SAID[d]}: {there} has {their_words(number.theirs[d], names or {})}"
        for d in Direction.values
        if has_drifted(number, d)
    ]


def their_words(theirs: Json, names: Mapping[str, str]) -> str:
    """Say who the provider has, as `Side` says who we have."""
    if len(theirs.get("weights") or ()) > 1:
        return "more than one agent"
    agent_id, version = theirs.get("agent_id") or "", theirs.get("version")
    if not agent_id:
        return "off"
    name = names.get(agent_id, agent_id)
    return f"{name}, always the latest" if version is None else f"{name} v{version}"
