"""What the home page asks first: is there anything new, and are the sums complete?"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, Subquery

from calls import digest
from calls.hooks import endpoints
from calls.models import Call, Look, StaleHour, WebhookEndpoint
from calls.review import looks
from calls.sums import freshness
from calls.sums.freshness import EXACT, Freshness
from dashboard.counting import CountOf
from dashboard.models import Workspace


@dataclass(frozen=True, slots=True)
class State:
    """`version` is empty without any call; `looks` counts no further than the badge."""

    version: str
    looks: int
    is_stale: bool
    has_paused_webhooks: bool


def read(workspace: Workspace, now: datetime) -> State:
    """Return the state of a workspace; one query."""
    mine = OuterRef("pk")
    calls = Call.objects.filter(workspace=mine).order_by("-changed_at")
    ended = digest.stale().filter(workspace=mine)
    stopped = WebhookEndpoint.objects.filter(paused_at__isnull=False)
    waiting = Look.objects.filter(workspace=mine).open()
    row = (
        Workspace.objects.filter(pk=workspace.pk)
        .annotate(
            newest=Subquery(calls.values("changed_at")[:1]),
            looks_open=CountOf(waiting, looks.MOST_COUNTED),
            is_counted=Q(summary__zone=F("timezone")),
            has_marks=Exists(StaleHour.objects.filter(workspace=mine)),
            ended=Subquery(ended.values("pk")[:1]),
            has_paused=Exists(stopped.filter(workspace=mine)),
        )
        .values()
        .get()
    )
    is_stale = bool(not row["is_counted"] or row["has_marks"] or row["ended"])
    hour = now.astimezone(ZoneInfo(workspace.timezone))
    newest = row["newest"]
    words = (
        f"{newest and newest.isoformat()} {row['looks_open']} {is_stale} {hour:%j%H}"
    )
    return State(
        version=words.replace(" ", "_") if newest else "",
        looks=row["looks_open"],
        is_stale=is_stale,
        has_paused_webhooks=row["has_paused"],
    )


def freshened(workspace: Workspace, state: State) -> Freshness:
    """Count what little is missing in the sums; say up to when they hold."""
    return freshness.freshen(workspace) if state.is_stale else EXACT


def paused(workspace: Workspace, state: State) -> list[WebhookEndpoint]:
    """Return the webhooks that were paused by us; no query where there are none."""
    return list(endpoints.paused_by_us(workspace)) if state.has_paused_webhooks else []
