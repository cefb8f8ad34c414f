"""What may be chosen on the call form: agents, versions and caller numbers."""

from typing import Any

from agents import phone
from agents.models import AgentVersion, PhoneNumber
from calls.plan import Plan

# (value, label), or (group, [(value, label), …]).
Choices = list[tuple[Any, Any]]


def agents(plan: Plan) -> Choices:
    """Return the agents, in groups where there is more than one connection."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for agent in plan.workspace.agents.current().select_related("connection"):
        row = (str(agent.pk), agent.name)
        groups.setdefault(agent.connection.name, []).append(row)
    rows: Choices = list(groups.items())
    if len(rows) == 1:
        rows = rows[0][1]
    return rows if plan.agent else [("", "Choose an agent"), *rows]


def versions(plan: Plan) -> Choices:
    """Return "latest", and each version of the agent, newest first."""
    if plan.agent is None:
        return [("", "Latest")]
    known = sorted(plan.agent.versions.all(), key=lambda v: -v.version)
    latest = f"Latest (v{known[0].version})" if known else "Latest"
    return [("", latest), *((v.version, _version_words(v)) for v in known)]


def numbers(plan: Plan) -> Choices:
    """Return the best match, and each number that can call with the agent."""
    rows = plan.workspace.numbers.current()
    if plan.connection:
        rows = rows.filter(connection=plan.connection)
    best = plan.number if plan.number_reason else None
    automatic = f"Best match: {_number_words(best)}" if best else "Best match"
    return [("", automatic), *((n.number, _number_words(n)) for n in rows)]


def _version_words(version: AgentVersion) -> str:
    title = f" · {version.title}" if version.title else ""
    return f"v{version.version}{title}"


def _number_words(number: PhoneNumber) -> str:
    pretty = phone.pretty(number.number)
    return f"{number.label} · {pretty}" if number.label else pretty
