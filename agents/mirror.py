"""Our agents and numbers as a provider would tell of them.

The demo's connection gets from here what a sync through the compatible API would bring,
before there is a server to sync with.
"""

from agents.models import Agent, AgentVersion, Binding, Connection, Direction
from agents.providers.base import AgentFacts, BindingFacts, NumberFacts, VersionFacts


def agents_of(connection: Connection) -> list[AgentFacts]:
    """Return the agents the connection has now."""
    rows = connection.agents.current().for_list()
    return [
        AgentFacts(
            agent_id=agent.provider_agent_id,
            name=agent.name,
            versions=tuple(_version(row) for row in agent.versions.all()),
        )
        for agent in rows
    ]


def numbers_of(connection: Connection) -> list[NumberFacts]:
    """Return the numbers the connection has now, with what is bound to them."""
    return [
        NumberFacts(
            number=row.number,
            label=row.label,
            carrier=row.carrier,
            countries=tuple(row.countries),
            inbound=_binding(row.binding(Direction.INBOUND)),
            outbound=_binding(row.binding(Direction.OUTBOUND)),
        )
        for row in connection.numbers.current().for_list()
    ]


def _version(row: AgentVersion) -> VersionFacts:
    return VersionFacts(
        version=row.version,
        is_published=row.is_published,
        prompt=row.prompt,
        opening_line=row.opening_line,
        voice=row.voice,
        model=row.model,
        language=row.language,
        title=row.title,
        changed_at=row.created_at,
    )


def _binding(row: Binding | None) -> BindingFacts:
    if row is None:
        return BindingFacts()
    agent: Agent = row.agent
    return BindingFacts(agent.provider_agent_id, row.version)
