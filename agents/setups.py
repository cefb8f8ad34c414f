"""What is set on a number, as a value: compared, kept, and said in words."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from agents import shares
from agents.models import Agent, Connection, Direction, PhoneNumber
from agents.providers.base import BindingFacts
from dashboard.models import Workspace

# What a column holds; what a carrier allows is less (`PhoneNumber.cps_ceiling`).
MAX_CPS = 999.99
Json = dict[str, Any]
Names = Mapping[str, str]
SAID: dict[str, str] = {
    Direction.INBOUND: "Calls in",
    Direction.OUTBOUND: "Calls out",
}


class Keeper(Enum):
    """Who has the last word on who answers, or calls from, a number."""

    PROVIDER = "told of every change, at once"
    # It gives its agents their numbers by itself: read at every sync, never told.
    AGENTS = "set at the provider only"
    SWITCHBOARD = "kept by Switchboard"


def keeper(connection: Connection, direction: str) -> Keeper:
    """Return who keeps the bindings of one direction."""
    if getattr(connection.kind, f"can_bind_{direction}"):
        return Keeper.PROVIDER
    picks = connection.kind.picks_caller
    return Keeper.AGENTS if picks else Keeper.SWITCHBOARD


def keeper_words(connection: Connection, direction: str) -> str:
    """Say who keeps a binding, unless that is the provider as usual."""
    there = connection.kind.label
    return {
        Keeper.PROVIDER: "",
        Keeper.AGENTS: f"set at {there}",
        Keeper.SWITCHBOARD: "kept by Switchboard",
    }[keeper(connection, direction)]


@dataclass(frozen=True, slots=True)
class Side:
    """Who has one direction: no agent is off, no version is always the latest.

    `weights` are the provider's own rows where several agents share it; `agent` is then
    the one with the most.
    """

    agent: Agent | None = None
    version: int | None = None
    weights: tuple[Json, ...] = ()

    def facts(self) -> BindingFacts:
        """Return it as a provider's adapter takes it."""
        agent_id = self.agent.provider_agent_id if self.agent else ""
        return BindingFacts(agent_id, self.version, self.weights)

    def as_json(self) -> Json | None:
        """Return it for the audit log."""
        if self.agent is None:
            return None
        kept: Json = {
            "agent": self.agent.name,
            "agent_id": str(self.agent.pk),
            "version": self.version,
        }
        return kept | ({"weights": list(self.weights)} if self.weights else {})

    @property
    def is_split(self) -> bool:
        """Whether several agents share it."""
        return shares.is_split(self.weights)

    def words(self, names: Names) -> str:
        """Say who it is; `names` are agents' names by the provider's ids."""
        if self.agent is None:
            return "off"
        if self.weights:
            own = {self.agent.provider_agent_id: self.agent.name}
            return shares.in_words(self.weights, {**names, **own})
        if not self.agent.connection.kind.has_versions:
            return str(self.agent)
        if self.version is None:
            return f"{self.agent}, always the latest"
        return f"{self.agent} v{self.version}"

    def __str__(self) -> str:
        return self.words({})


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


class SideRefused(Exception):
    """An agent cannot be put on a number so; `str()` says why.

    `code` is one of the gate's where there is one for it.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def side_with(number: PhoneNumber, agent: Agent, version: int | str | None) -> Side:
    """Return the side with that agent; no version, or `latest`, is always the latest.

    Raises SideRefused where the agent belongs elsewhere, or has no such version.
    """
    if agent.connection_id != number.connection_id:
        raise SideRefused(f"{agent} and {number} belong to different connections.")
    if version in (None, "", "latest"):
        return Side(agent)
    known = {str(row.version): row.version for row in agent.versions.all()}
    if str(version) not in known:
        words = f"{agent} has no version {version}."
        raise SideRefused(words, "agent_version_not_found")
    return Side(agent, known[str(version)])


def shared_side(number: PhoneNumber, parts: Sequence[tuple[Side, float]]) -> Side:
    """Return the side that several share, each with its weight; nobody is off.

    Raises SideRefused where the provider puts one agent on a number.
    """
    if len(parts) < 2:
        return parts[0][0] if parts else Side()
    if not number.connection.kind.has_shares:
        there = number.connection.kind.label
        raise SideRefused(f"{there} puts one agent on a number. Send one.")
    rows: list[Json] = []
    for side, weight in parts:
        version = {} if side.version is None else {"agent_version": side.version}
        rows.append({"agent_id": side.facts().agent_id, **version, "weight": weight})
    first = max(parts, key=lambda part: part[1])[0]
    return Side(first.agent, first.version, tuple(rows))


def _side(number: PhoneNumber, direction: str) -> Side:
    """Return who has a direction now."""
    row = number.binding(direction)
    if row is None:
        return Side()
    if row.agent.connection_id == number.connection_id:
        row.agent.connection = number.connection
    return Side(row.agent, row.version, tuple(row.weights))


def names_of(workspace: Workspace, numbers: Iterable[PhoneNumber]) -> dict[str, str]:
    """Return the names that words about these numbers need, by the provider's ids."""
    wanted: set[str] = set()
    for number in numbers:
        for direction in Direction.values:
            theirs = number.theirs.get(direction) or {}
            wanted |= {theirs.get("agent_id") or ""}
            wanted |= set(shares.ids(theirs.get("weights") or ()))
            wanted |= set(shares.ids(_side(number, direction).weights))
    rows = workspace.agents.filter(provider_agent_id__in=wanted - {""}).order_by()
    return dict(rows.values_list("provider_agent_id", "name"))


# --- Telling -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two setups, in words."""

    name: str
    before: str
    after: str
    kept_by: str = "Switchboard"


def differences(
    number: PhoneNumber, before: Setup, after: Setup, names: Names | None = None
) -> list[Change]:
    """Say in words what saving `after` would change, and who keeps it."""
    there, known = number.connection.kind.label, names or {}
    rows = [
        Change(
            SAID[d],
            before.side(d).words(known),
            after.side(d).words(known),
            there if keeper(number.connection, d) is Keeper.PROVIDER else "Switchboard",
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


def countries(codes: Sequence[str]) -> str:
    """Say in words which countries a number may call."""
    return ", ".join(codes) or "every country"
