"""Home: today's figures, what goes on now, what needs a look."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from calls import endpoints, spending
from dashboard.context import LIVE
from dashboard.figures import compare, spark, today
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import Workspace

RECENT = 10
MOST_LIVE = 20
LOOKS = 8
LOOK_BACK = timedelta(days=7)
PARTS = ("live", "figures", "looks")


@require_GET
def home(request: HtmxRequest) -> HttpResponse:
    """Show the day; its parts poll, and get 204 while no call has changed."""
    version = newest_change(request.workspace)
    if version and request.GET.get("v") == version:
        return HttpResponse(status=204)
    part = request.htmx.target if request.htmx.target in PARTS else ""
    builders = {"live": calls_now, "figures": figures, "looks": needs_a_look}
    now = timezone.now()
    context: dict[str, Any] = {"version": version}
    for name in [part] if part else PARTS:
        context |= builders[name](request.workspace, now)
    if not part:
        seen = request.session.get(spending.NOTICED, "")
        context["money_notices"] = spending.news(request.member, seen, now)
    if not version:
        context |= first_steps(request.workspace)
    if not part and request.member.may("administer"):
        context["paused_webhooks"] = endpoints.paused_by_us(request.workspace)
    return render_page(request, "dashboard/home.html", context, part=part)


def newest_change(workspace: Workspace) -> str:
    """Return when a call of the workspace changed last; empty without any call."""
    newest = workspace.calls.order_by("-changed_at").values_list("changed_at")
    row = newest.first()
    return row[0].isoformat() if row else ""


def calls_now(workspace: Workspace, now: datetime) -> dict[str, Any]:
    """Return the live calls and the newest ones."""
    calls = workspace.calls.for_list()
    return {
        "live": calls.filter(status__in=LIVE)[:MOST_LIVE],
        "recent": calls[:RECENT],
    }


def needs_a_look(workspace: Workspace, now: datetime) -> dict[str, Any]:
    """Return the calls of the last days that a person should see."""
    lately = workspace.calls.for_list().filter(created_at__gte=now - LOOK_BACK)
    return {"looks": lately.needs_a_look()[:LOOKS]}


def figures(workspace: Workspace, now: datetime) -> dict[str, Any]:
    """Return today's figures, how they differ from yesterday's, and a line of hours."""
    new, old = today(workspace, now)
    local = now.astimezone(ZoneInfo(workspace.timezone))
    spent, currency = new.spent
    spent_before = float(old.spend[currency])
    return {
        "day": local.date(),
        "today": new,
        "spent": spent,
        "currency": currency,
        "spark": spark(new.by_hour[: local.hour + 1]),
        "changes": {
            "calls": compare(new.calls, old.calls),
            "rate": compare(new.answer_rate, old.answer_rate, unit="pt"),
            "average": compare(new.average_ms, old.average_ms),
            "spend": compare(float(spent), spent_before),
        },
    }


def first_steps(workspace: Workspace) -> dict[str, Any]:
    """Return how far a new workspace has come."""
    return {
        "is_connected": workspace.connections.exists(),
        "is_synced": workspace.agents.current().exists(),
    }
