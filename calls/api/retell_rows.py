"""How Retell's clients name an agent, its versions and its words."""

from typing import Any

from agents import named
from agents.models import Agent, AgentVersion
from agents.providers.retell import server
from calls.api.own_rows import versions
from calls.api.visit import Problem, Visit

LLM_PREFIX = "llm_"


def find(visit: Visit) -> Agent:
    """Return the agent the address names; unknown ids are 422 in this dialect."""
    agent = named.agent(visit.workspace, visit.id)
    if agent is None:
        raise Problem(422, server.NOT_THERE)
    return agent


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


def is_ascending(visit: Visit) -> bool:
    """Read the order of a list; newest first where it is left open (section 0)."""
    order = visit.parameter("sort_order") or "descending"
    if order not in ("ascending", "descending"):
        raise Problem(400, "sort_order must be ascending or descending.")
    return order == "ascending"


def llm_id(agent: Agent) -> str:
    """Return the id of the Retell LLM that stands for the agent's words."""
    return str(agent.settings.get("llm_id") or f"{LLM_PREFIX}{agent.pk.hex}")
