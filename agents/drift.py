"""Where a provider has something else on a number than we want, in words.

`PhoneNumber.theirs` is what the provider had when it was last asked, or was last told:
per direction `{agent_id, version, weights}`; `is_unclear` where it gave no answer to a
change, and `trouble` for what it says is wrong with the number.
"""

from dataclasses import dataclass

from agents import shares
from agents.models import Agent, Direction, PhoneNumber
from agents.providers.base import BindingFacts
from agents.setups import SAID, Json, Keeper, Names, Setup, Side, keeper

UNCLEAR: Json = {"agent_id": "", "version": None, "is_unclear": True}


@dataclass(frozen=True, slots=True)
class Drift:
    """One direction in which the provider has something else."""

    direction: str
    label: str
    ours: str
    theirs: str
    # Sending ours would end what several agents share there.
    ends_split: bool = False
    # Why theirs cannot be taken over, in words; empty: it can.
    obstacle: str = ""

    @property
    def name(self) -> str:
        """The direction, as the pages call it."""
        return SAID[self.direction]

    def __str__(self) -> str:
        return f"{self.name}: {self.label} has {self.theirs}"


def drifts(number: PhoneNumber, names: Names | None = None) -> list[Drift]:
    """Return each direction that has drifted.

    `names` are agents' names by the provider's ids; one that is not among them is not
    known here, and cannot be taken over.
    """
    setup = Setup.of(number)
    return [
        _drift(number, setup.side(d), d, names or {})
        for d in Direction.values
        if has_drifted(number, d, setup)
    ]


def _drift(number: PhoneNumber, ours: Side, direction: str, names: Names) -> Drift:
    theirs = number.theirs[direction]
    return Drift(
        direction,
        number.connection.kind.label,
        ours.words(names),
        _their_words(number, theirs, names),
        ends_split=shares.is_split(theirs.get("weights") or ()),
        obstacle=_obstacle(number, theirs, names),
    )


def _obstacle(number: PhoneNumber, theirs: Json, names: Names) -> str:
    if theirs.get("is_unclear"):
        return f"Sync {number.connection} to see what it has."
    agent_id = theirs.get("agent_id") or ""
    if agent_id and agent_id not in names:
        return f"That agent is not known here yet: sync {number.connection}."
    return ""


def has_drifted(
    number: PhoneNumber, direction: str, setup: Setup | None = None
) -> bool:
    """Tell whether the provider had something else than we have, when last asked."""
    theirs = number.theirs.get(direction)
    is_told = keeper(number.connection, direction) is Keeper.PROVIDER
    if theirs is None or not is_told:
        return False
    if theirs.get("is_unclear"):
        return True
    ours, there = (setup or Setup.of(number)).side(direction).facts(), facts_of(theirs)
    if ours.weights or there.weights:
        return shares.compared(ours.weights) != shares.compared(there.weights)
    if ours.agent_id != there.agent_id:
        return True
    counts = bool(ours.agent_id) and number.connection.kind.has_versions
    return counts and ours.version != there.version


def facts_of(theirs: Json) -> BindingFacts:
    """Return what the provider had in one direction, as its adapter takes it."""
    return BindingFacts(
        theirs.get("agent_id") or "",
        theirs.get("version"),
        tuple(theirs.get("weights") or ()),
    )


def as_theirs(facts: BindingFacts) -> Json:
    """Return a binding as it is kept of what the provider has."""
    kept: Json = {"agent_id": facts.agent_id, "version": facts.version}
    return kept | ({"weights": list(facts.weights)} if facts.weights else {})


def side_of(theirs: Json, agent: Agent | None) -> Side:
    """Return what the provider has, as a side of ours; `agent` is our row of it."""
    facts = facts_of(theirs)
    return Side(agent, facts.version, facts.weights) if agent else Side()


def _their_words(number: PhoneNumber, theirs: Json, names: Names) -> str:
    """Say who the provider has, as `Side` says who we have."""
    if theirs.get("is_unclear"):
        return "given no answer: nobody here knows what it has"
    facts = facts_of(theirs)
    if facts.weights:
        return shares.in_words(facts.weights, names)
    if not facts.agent_id:
        return "off"
    name = names.get(facts.agent_id, facts.agent_id)
    if not number.connection.kind.has_versions:
        return name
    version = facts.version
    return f"{name}, always the latest" if version is None else f"{name} v{version}"
