"""The pages of agents."""

import uuid
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from agents import phone
from agents.abilities import lacks
from agents.compare import compare_versions
from agents.models import Agent, AgentVersion, Direction
from agents.setups import Setup, keeper_words, names_of
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import Workspace

PER_PAGE = 50
LAST_CALLS = 5


@require_safe
def agent_list(request: HtmxRequest) -> HttpResponse:
    """Show the agents that the search finds."""
    wanted = request.GET.get("q", "").strip()
    rows = search_agents(request.workspace, wanted)
    page = Paginator(rows.for_list(), PER_PAGE).get_page(request.GET.get("page"))
    agents = list(page)
    bound = numbers_bound(request.workspace, agents)
    today = calls_today(request.workspace, agents, timezone.now())
    lines = [
        {
            "agent": agent,
            "latest": agent.version(None),
            "bound": bound.get(agent.pk, 0),
            "today": today.get(agent.pk, 0),
        }
        for agent in agents
    ]
    context = {"page": page, "lines": lines, "q": wanted}
    return render_page(request, "agents/agent_list.html", context, part="rows")


def search_agents(workspace: Workspace, text: str) -> Any:
    """Return the current agents that `text` finds: by name, id, or a number's digits.

    The digits are those of a number the agent is bound to.
    """
    rows = workspace.agents.current()
    if not text:
        return rows
    found = (
        Q(name__icontains=text)
        | Q(provider_agent_id__iexact=text)
        | Q(connection__name__icontains=text)
    )
    for digits in phone.spellings(text, workspace.country):
        numbers = workspace.numbers.filter(
            number__contains=digits, bindings__ended_at=None
        )
        found |= Q(pk__in=numbers.values("bindings__agent"))
    return rows.filter(found)


def numbers_bound(workspace: Workspace, agents: list[Agent]) -> dict[uuid.UUID, int]:
    """Count the numbers each agent is bound to, either way."""
    active = workspace.agents.filter(
        pk__in=[agent.pk for agent in agents],
        bindings__ended_at=None,
        bindings__number__retired_at=None,
    )
    counted = active.annotate(bound=Count("bindings__number", distinct=True))
    return dict(counted.order_by().values_list("pk", "bound"))


def calls_today(
    workspace: Workspace, agents: list[Agent], now: datetime
) -> dict[uuid.UUID, int]:
    """Count each agent's calls since midnight where the workspace is."""
    zone = ZoneInfo(workspace.timezone)
    midnight = datetime.combine(now.astimezone(zone), time.min, zone)
    calls = workspace.calls.filter(
        agent__in=[agent.pk for agent in agents], created_at__gte=midnight
    )
    rows = calls.order_by().values_list("agent").annotate(count=Count("pk"))
    return {agent: count for agent, count in rows if agent}


@require_safe
def agent_detail(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what an agent says, its versions side by side, and where it answers."""
    found = request.workspace.agents.for_list()
    agent = get_object_or_404(found, pk=pk)
    versions = list(agent.versions.all())
    left, right = choose_two(
        versions, request.GET.get("left"), request.GET.get("right")
    )
    context = {
        "agent": agent,
        "latest": agent.version(None),
        "versions": versions,
        "left": left,
        "right": right,
        "compared": compare_versions(left, right) if left and right else [],
        "bound": bound_to(request.workspace, agent),
        "lacks_versions": lacks(agent.connection.kind, "has_versions"),
        "lacks_variables": lacks(agent.connection.kind, "has_variables"),
        "calls": agent.calls.for_list()[:LAST_CALLS],
    }
    return render_page(request, "agents/agent_detail.html", context, part="versions")


def choose_two(
    versions: list[AgentVersion], left: str | None, right: str | None
) -> tuple[AgentVersion | None, AgentVersion | None]:
    """Return the two versions asked for; the newest two where none are."""
    if len(versions) < 2:
        return None, None
    by_number = {str(row.version): row for row in versions}
    newest = sorted(versions, key=lambda row: row.version)
    return (
        by_number.get(left or "", newest[-2]),
        by_number.get(right or "", newest[-1]),
    )


def bound_to(workspace: Workspace, agent: Agent) -> list[dict[str, Any]]:
    """Return the numbers an agent is on, with what it does there, in words."""
    rows: QuerySet[Any] = workspace.numbers.current().for_list()
    on = list(rows.filter(bindings__agent=agent, bindings__ended_at=None).distinct())
    names = names_of(workspace, on)
    lines = []
    for number in on:
        line: dict[str, Any] = {"number": number}
        for direction in Direction.values:
            side = Setup.of(number).side(direction)
            line[direction] = side.words(names) if side.agent == agent else ""
            line[f"{direction}_kept"] = keeper_words(number.connection, direction)
        lines.append(line)
    return lines
