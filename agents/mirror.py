"""Our agents and numbers as a provider would tell of them.

The dialects render them; and the demo's connection gets from here what a sync through
the compatible API would bring, before there is a server to sync with.
"""

from datetime import datetime

from agents.models import (
    Agent,
    AgentVersion,
    Binding,
    Connection,
    Direction,
    PhoneNumber,
)
from agents.providers.base import AgentFacts, BindingFacts, NumberFacts, VersionFacts


def agents_of(connection: Connection) -> list[AgentFacts]:
    """Return the agents the connection has now."""
    return [agent_facts(agent) for agent in connection.agents.current().for_list()]


def agent_facts(agent: Agent) -> AgentFacts:
    """Return one agent with its versions, oldest first."""
    rows = sorted(agent.versions.all(), key=lambda row: row.version)
    told = tuple(map(version_facts, rows))
    return AgentFacts(agent.provider_agent_id, agent.name, told)


def numbers_of(connection: Connection) -> list[NumberFacts]:
    """Return the numbers the connection has now, with what is bound to them."""
    return [number_facts(row) for row in connection.numbers.current().for_list()]


def number_facts(row: PhoneNumber) -> NumberFacts:
    """Return one number with what is bound to it."""
    return NumberFacts(
        number=row.number,
        label=row.label,
        carrier=row.carrier,
        countries=tuple(row.countries),
        inbound=_binding(row.binding(Direction.INBOUND)),
        outbound=_binding(row.binding(Direction.OUTBOUND)),
    )


def version_facts(
    row: AgentVersion, changed_at: datetime | None = None
) -> VersionFacts:
    """Return one version of an agent."""
    return VersionFacts(
        version=row.version,
        is_published=row.is_published,
        prompt=row.prompt,
        opening_line=row.opening_line,
        voice=row.voice,
        model=row.model,
        language=row.language,
        title=row.title,
        changed_at=changed_at or row.created_at,
    )


def _binding(row: Binding | None) -> BindingFacts:
    if row is None:
        return BindingFacts()
    agent: Agent = row.agent
    return BindingFacts(agent.provider_agent_id, row.version, tuple(row.weights))
