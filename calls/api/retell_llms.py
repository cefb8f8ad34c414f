"""Retell's LLM endpoints: the words of an agent live in an LLM of their own there.

Here they are the agent's own. An LLM that no agent uses yet waits in a row that is
retired from the start, so that no list of agents shows it.
"""

import uuid

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from agents.mirror import version_facts
from agents.models import Agent, AgentVersion
from agents.providers.retell import rendering, server
from calls.api.own_rows import draft, home, keep, kept, own, string, touch
from calls.api.retell_rows import LLM_PREFIX, llm_id, pick
from calls.api.visit import Action, Json, Problem, Visit
from dashboard.models import Workspace

KNOWN = {
    "llm_id",
    "version",
    "is_published",
    "general_prompt",
    "begin_message",
    "model",
    "last_modification_timestamp",
}
LONGEST = 200_000


@transaction.atomic
def create_llm(visit: Visit) -> HttpResponse:
    """Make an LLM that waits for an agent."""
    name = f"{LLM_PREFIX}{uuid.uuid4().hex}"
    holder = Agent(
        workspace=visit.workspace,
        connection=home(visit.workspace),
        provider_agent_id=name,
        name=name,
        settings={"llm_id": name, "made_here": True},
        retired_at=timezone.now(),
    )
    keep(holder, "llm", visit.body, KNOWN)
    holder.save()
    row = AgentVersion(agent=holder, version=0)
    _take(row, visit.body)
    return JsonResponse(_shown(holder, row), status=201)


def get_llm(visit: Visit) -> HttpResponse:
    """Return an LLM at the version asked for."""
    agent = _users(visit.workspace, visit.id)[0]
    return JsonResponse(_shown(agent, pick(agent, visit.parameter("version"))))


@transaction.atomic
def update_llm(visit: Visit) -> HttpResponse:
    """Change the words of every agent that speaks with this LLM."""
    users = _users(visit.workspace, visit.id)
    for agent in users:
        keep(own(agent), "llm", visit.body, KNOWN)
        _take(draft(agent), visit.body)
        touch(agent, "settings")
    visit.note("llm.changed", visit.id, {}, {"fields": sorted(visit.body)})
    return get_llm(visit)


def words_of(workspace: Workspace, engine: Json) -> AgentVersion | None:
    """Return the version that holds the words of an engine; None: it has none here."""
    wanted = engine.get("llm_id")
    if engine.get("type") != "retell-llm":
        return None
    if not isinstance(wanted, str) or not wanted:
        raise Problem(400, "response_engine.llm_id is required.")
    return pick(_users(workspace, wanted)[0], engine.get("version"))


def _users(workspace: Workspace, name: str) -> list[Agent]:
    """Return the agents, and the waiting row, that speak with an LLM."""
    wanted = Q(settings__llm_id=name)
    try:
        wanted |= Q(pk=uuid.UUID(name.removeprefix(LLM_PREFIX)))
    except ValueError:
        pass
    waiting = Q(provider_agent_id=name)
    rows = workspace.agents.filter(wanted, Q(retired_at=None) | waiting)
    found = list(rows.select_related("connection").order_by("retired_at", "created_at"))
    # An agent that was given another LLM since does not answer for its first one.
    users = [agent for agent in found if llm_id(agent) == name]
    if not users:
        raise Problem(422, server.NOT_THERE)
    return sorted(users, key=lambda agent: agent.retired_at is not None)


def _take(row: AgentVersion, body: Json) -> None:
    """Take over the words of a body; what is null or absent stays."""
    prompt = string(body, "general_prompt", LONGEST)
    line = string(body, "begin_message", LONGEST)
    row.prompt = row.prompt if prompt is None else prompt
    row.opening_line = row.opening_line if line is None else line
    row.model = string(body, "model", 120) or row.model
    row.save()


def _shown(agent: Agent, row: AgentVersion) -> Json:
    return rendering.llm(version_facts(row), llm_id(agent), kept(agent, "llm"))


ACTIONS: dict[str, Action] = {
    "create_llm": ("agents:write", create_llm),
    "get_llm": ("agents:read", get_llm),
    "update_llm": ("agents:write", update_llm),
}
