"""What a workspace has to make calls from: agents on numbers, contacts, people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from agents.models import Agent, AgentVersion, Direction, PhoneNumber
from agents.providers.simulator.numbers import script_digits
from calls.models import Contact
from dashboard.models import User, Workspace


@dataclass(frozen=True, slots=True)
class Line:
    """A number with an agent on it, in one direction."""

    number: PhoneNumber
    agent: Agent
    versions: Sequence[AgentVersion]
    direction: str


@dataclass(slots=True)
class Stock:
    """What a workspace has to make calls from."""

    workspace: Workspace
    outbound: list[Line] = field(default_factory=list)
    inbound: list[Line] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    variables: dict[UUID, dict[str, str]] = field(default_factory=dict)
    by_id: dict[UUID, Contact] = field(default_factory=dict)
    # How often each contact is called, each with those before it added.
    shares: list[float] = field(default_factory=list)
    # Of calls that were over by then some were reviewed; None: of none.
    reviewed_before: datetime | None = None

    @classmethod
    def of(cls, workspace: Workspace) -> "Stock":
        """Read it from the database."""
        members = workspace.members.exclude(role="reviewer").select_related("user")
        stock = cls(
            workspace,
            contacts=list(workspace.contacts.order_by("created_at")),
            people=[member.user for member in members],
        )
        often = (
            0.1 if script_digits(c.number) >= "50" else 1.0 for c in stock.contacts
        )
        stock.shares = list(accumulate(often))
        stock.by_id = {contact.pk: contact for contact in stock.contacts}
        stock.variables = {c.pk: c.as_variables() for c in stock.contacts}
        rows = workspace.agents.current().prefetch_related("versions")
        agents = {agent.pk: agent for agent in rows}
        for number in workspace.numbers.current().for_list().order_by("created_at"):
            stock.inbound += _lines(number, Direction.INBOUND, agents)
            stock.outbound += _lines(number, Direction.OUTBOUND, agents)
        return stock

    def missing(self) -> str:
        """Say what there is to add before calls can be made up; empty: nothing."""
        if not self.outbound:
            return (
                f"{self.workspace.name} has no number with an agent to call from. Add a "
                "connection, sync it (`manage.py connection sync ID`), and bind an "
                "agent to a number for calls out."
            )
        if not self.contacts:
            return (
                f"{self.workspace.name} has no contacts to call. Add some, or import "
                "a file of them."
            )
        return ""


def _lines(
    number: PhoneNumber, direction: str, agents: dict[UUID, Agent]
) -> Iterator[Line]:
    bound = number.binding(direction)
    agent = agents.get(bound.agent_id) if bound else None
    if agent and bound:
        latest = [row for row in [agent.version(bound.version)] if row]
        yield Line(number, agent, latest, direction)
