"""What a client asks of a list, and the rows it is made of, in our words and units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.providers.vocabulary import AgentFacts, NumberFacts, VersionFacts


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; all of a list's must hold.

    `op`: eq ne sw ew co gt ge lt le in pr np. `key` names a field of free JSON. Fields:
    id agent (pairs of agent id and version or None) status type direction end_reason
    (ours or theirs) from_number to_number created_at changed_at started_at ended_at duration_ms cost
    launch_key sentiment successful answered_by metadata variables analysis nothing (never holds).
    """

    field: str
    op: str
    value: Any = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class ListWish:
    """One page of a list. `cursor` is what we gave with the page before."""

    conditions: tuple[Condition, ...] = ()
    limit: int = 50
    cursor: str = ""
    skip: int = 0
    ascending: bool = False
    with_total: bool = False
    with_turns: bool = False


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """One of our agents, for a dialect to render. `id` is ours, a UUID as text."""

    id: str
    facts: AgentFacts
    created_at: datetime
    changed_at: datetime
    inbound_numbers: tuple[str, ...] = ()
    outbound_numbers: tuple[str, ...] = ()

    @property
    def latest(self) -> VersionFacts:
        """The latest version."""
        return max(
            self.facts.versions, key=lambda v: v.version, default=VersionFacts(0)
        )


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """One of our numbers, for a dialect to render. `id` is ours, a UUID as text.

    The bindings in `facts` hold the providers' agent ids; the names go with them.
    """

    id: str
    facts: NumberFacts
    created_at: datetime
    inbound_name: str = ""
    outbound_name: str = ""
