"""Home: today's figures, what goes on now, what needs a look, and the last weeks."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from calls.billing import spending
from calls.fixed import fixed
from calls.review import looks
from dashboard.context import LIVE
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import Workspace
from dashboard.overview import board, state
from dashboard.overview.board import Choice
from dashboard.overview.state import State

RECENT = 10
MOST_LIVE = 20
LOOKS = 8
PARTS = ("figures", "live", "looks", "overview")


@require_GET
def home(request: HtmxRequest) -> HttpResponse:
    """Show the day and the last weeks; parts poll, and get 204 while nothing is new."""
    now = timezone.now()
    seen = state.read(request.workspace, now)
    if seen.version and request.GET.get("v") == seen.version:
        return HttpResponse(status=204)
    part = request.htmx.target if request.htmx.target in PARTS else ""
    context: dict[str, Any] = {"version": seen.version, "looks_count": seen.looks}
    if not seen.version:
        context |= first_steps(request.workspace)
    elif part == "live":
        context |= calls_now(request.workspace)
    elif part == "looks":
        context |= needs_a_look(request.workspace)
    else:
        context |= _figures(request, seen, now, part)
    if not part:
        context |= _whole(request, seen, now)
    return render_page(request, "dashboard/home.html", context, part=part)


def _figures(
    request: HtmxRequest, seen: State, now: datetime, part: str
) -> dict[str, Any]:
    """Return the figures of today, of the range, or both."""
    fresh = state.freshened(request.workspace, seen)
    choice = Choice.read(request.GET)
    found = board.read(request.workspace, now, choice, with_days=part != "figures")
    return found | {"fresh": fresh}


def _whole(request: HtmxRequest, seen: State, now: datetime) -> dict[str, Any]:
    """Return what only the whole page shows."""
    context: dict[str, Any] = {}
    if seen.version:
        context |= calls_now(request.workspace) | needs_a_look(request.workspace)
    last_seen = request.session.get(spending.NOTICED, "")
    context["money_notices"] = spending.news(request.member, last_seen, now)
    if request.member.may("administer"):
        context["paused_webhooks"] = state.paused(request.workspace, seen)
    return context


def calls_now(workspace: Workspace) -> dict[str, Any]:
    """Return the live calls and the newest ones."""
    calls = workspace.calls.for_list()
    return {
        "live": calls.filter(status__in=fixed(LIVE))[:MOST_LIVE],
        "recent": calls[:RECENT],
    }


def needs_a_look(workspace: Workspace) -> dict[str, Any]:
    """Return the newest calls that a person should see."""
    return {"looks": looks.open_looks(workspace).for_queue()[:LOOKS]}


def first_steps(workspace: Workspace) -> dict[str, Any]:
    """Return how far a new workspace has come."""
    return {
        "is_connected": workspace.connections.exists(),
        "is_synced": workspace.agents.current().exists(),
    }
