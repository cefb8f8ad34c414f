"""Agents and numbers as a dialect's clients make and change them, on our own rows.

Only those of a connection that plays by itself are made here: a real provider's live at
the provider, and are only read.
"""

from django.utils import timezone

from agents.models import Agent, AgentVersion, Connection
from calls.api.visit import Json, Problem
from dashboard.models import Workspace


def home(workspace: Workspace) -> Connection:
    """Return the connection that new agents and numbers belong to."""
    active = workspace.connections.filter(is_active=True).order_by("created_at")
    here = next((row for row in active if plays_itself(row)), None)
    if here is None:
        raise Problem(
            400,
            "There is no active connection that agents can be made in. Add the "
            "simulator under Connections, or make the agent at the provider and sync.",
        )
    return here


def plays_itself(connection: Connection) -> bool:
    """Tell whether the platform has no agents of its own: then they are our rows."""
    return connection.kind.plays_itself


def own(agent: Agent) -> Agent:
    """Return the agent if a client may change it here."""
    if not plays_itself(agent.connection):
        label = agent.connection.kind.label
        raise Problem(
            400, f"{agent.name} lives at {label}: change it there, then sync."
        )
    return agent


# --- Versions ------------------------------------------------------------------------
def versions(agent: Agent) -> list[AgentVersion]:
    """Return the agent's versions, oldest first."""
    return sorted(agent.versions.all(), key=lambda row: row.version)


def latest(agent: Agent) -> AgentVersion:
    """Return the latest version; an agent without any is as good as not there."""
    rows = versions(agent)
    if not rows:
        words = f"{agent} has no version."
        raise Problem(404, words, "agent_version_not_found")
    return rows[-1]


def draft(agent: Agent) -> AgentVersion:
    """Return the version that may be changed: published ones never are."""
    row = latest(agent)
    return copy(row) if row.is_published else row


def copy(source: AgentVersion) -> AgentVersion:
    """Make the next version, with the words of `source`."""
    return source.agent.versions.create(
        version=latest(source.agent).version + 1,
        prompt=source.prompt,
        opening_line=source.opening_line,
        voice=source.voice,
        model=source.model,
        language=source.language,
    )


# --- What we only keep ---------------------------------------------------------------
def kept(agent: Agent, part: str) -> Json:
    """Return the settings we keep for a client and do not interpret."""
    found = agent.settings.get(part)
    return found if isinstance(found, dict) else {}


def keep(agent: Agent, part: str, body: Json, known: set[str]) -> None:
    """Keep a body's settings that are not in `known`; null clears one."""
    rest = {name: value for name, value in body.items() if name not in known}
    merged = kept(agent, part) | rest
    left = {name: value for name, value in merged.items() if value is not None}
    agent.settings = agent.settings | {part: left}


def string(
    body: Json, name: str, longest: int, *, required: bool = False
) -> str | None:
    """Return a string of a body; None when it is not there."""
    value = body.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or (required and not value):
        raise Problem(400, f"{name} must be a string.")
    if len(value) > longest:
        raise Problem(400, f"{name} is longer than {longest} characters.")
    return value


def touch(agent: Agent, *fields: str) -> None:
    """Save the agent's fields and that it changed."""
    agent.changed_at = timezone.now()
    agent.save(update_fields=[*fields, "changed_at"])
