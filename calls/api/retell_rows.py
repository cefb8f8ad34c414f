"""Agents as Retell's clients make and change them, on our own rows.

Only agents of a connection that plays by itself are made here: a real provider's
agents live at the provider, and are only read.
"""

from typing import Any

from django.utils import timezone

from agents.models import Agent, AgentVersion, Connection
from agents.providers.retell import server
from calls.api.visit import Json, Problem, Visit
from dashboard.models import Workspace

LLM_PREFIX = "llm_"


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
    """Tell whether the platform has no address: then its agents are our rows."""
    return not connection.kind.default_base_url


def own(agent: Agent) -> Agent:
    """Return the agent if a client may change it here."""
    if not plays_itself(agent.connection):
        label = agent.connection.kind.label
        raise Problem(
            400, f"{agent.name} lives at {label}: change it there, then sync."
        )
    return agent


def find(visit: Visit) -> Agent:
    """Return the agent the address names; unknown ids are 422 in this dialect."""
    agent = visit.workspace.agents.known_as(visit.id)
    if agent is None:
        raise Problem(422, server.NOT_THERE)
    return agent


def versions(agent: Agent) -> list[AgentVersion]:
    """Return the agent's versions, oldest first."""
    return sorted(agent.versions.all(), key=lambda row: row.version)


def pick(agent: Agent, wanted: Any) -> AgentVersion:
    """Return the version named by a number or a tag; nothing means the latest."""
    rows = versions(agent)
    if wanted == "latest_published":
        rows = [row for row in rows if row.is_published]
    elif wanted not in (None, "", "latest"):
        rows = [row for row in rows if str(row.version) == str(wanted)]
    if not rows:
        raise Problem(422, server.NOT_THERE)
    return rows[-1]


def draft(agent: Agent) -> AgentVersion:
    """Return the version that may be changed: published ones never are."""
    latest = pick(agent, None)
    return copy(latest) if latest.is_published else latest


def copy(source: AgentVersion) -> AgentVersion:
    """Make the next version, with the words of `source`."""
    latest = pick(source.agent, None)
    return source.agent.versions.create(
        version=latest.version + 1,
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


def llm_id(agent: Agent) -> str:
    """Return the id of the Retell LLM that stands for the agent's words."""
    return str(agent.settings.get("llm_id") or f"{LLM_PREFIX}{agent.pk.hex}")


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
