"""What people and programs do with endpoints: make, change, pause, send again, test.

Each verb that changes something writes an entry in the audit log, never with a secret.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from calls.hooks import voices
from calls.hooks.outbox import LEASE
from calls.hooks.owing import deliver_soon
from calls.models import Attempt, Delivery, WebhookEndpoint
from dashboard.models import AuditEntry, Author, Workspace

# How long an old secret goes on signing beside the new one.
OVERLAP = timedelta(hours=24)
# Rows deleted at once.
BATCH = 500
# More waiting deliveries than this are not counted.
MOST_COUNTED = 1000


def of_workspace(workspace: Workspace) -> QuerySet[WebhookEndpoint]:
    """Return the endpoints that are told of calls, oldest first."""
    rows = workspace.endpoints.filter(dialect__in=list(voices.VOICES))
    return rows.select_related("workspace", "agent").order_by("pk")


def paused_by_us(workspace: Workspace) -> QuerySet[WebhookEndpoint]:
    """Return the endpoints that were paused because nothing was taken for long."""
    rows = of_workspace(workspace).defer("secret", "old_secret")
    return rows.filter(paused_at__isnull=False).exclude(paused_why="")


# --- Making and changing -------------------------------------------------------------
@transaction.atomic
def create(
    workspace: Workspace,
    by: Author,
    *,
    dialect: str,
    url: str,
    name: str = "",
    events: Collection[str] = (),
) -> WebhookEndpoint:
    """Make an endpoint; its secret is on the row, to be shown this once."""
    row = WebhookEndpoint.objects.create(
        workspace=workspace,
        dialect=dialect,
        url=url,
        name=name,
        events=list(events),
        secret=voices.first_secret(dialect),
    )
    _note(row, by, "webhook added", after=_facts(row))
    return row


@transaction.atomic
def change(row: WebhookEndpoint, by: Author, fields: dict[str, Any]) -> None:
    """Set name, url or events; what is the same stays unnoted."""
    before = _facts(row)
    for name, value in fields.items():
        setattr(row, name, value)
    after = _facts(row)
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        row.save(update_fields=list(fields))
        _note(
            row,
            by,
            "webhook changed",
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


@transaction.atomic
def rotate(row: WebhookEndpoint, by: Author, now: datetime) -> str:
    """Give the endpoint a new secret and return it.

    In our own format the old one goes on signing beside it for a day; the dialects have
    room for one signature only.
    """
    old = str(row.secret) if row.dialect == voices.NATIVE else ""
    row.old_secret, row.old_secret_until = old, now + OVERLAP if old else None
    row.secret = voices.make_secret(row.dialect)
    row.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _note(row, by, "webhook secret replaced")
    return str(row.secret)


def delete(row: WebhookEndpoint, by: Author) -> None:
    """Delete an endpoint with its log, and what it is still owed."""
    WebhookEndpoint.objects.filter(pk=row.pk).update(is_active=False)
    _note(row, by, "webhook deleted", before=_facts(row))
    _drop(row.deliveries.order_by("pk"))
    row.delete()


# --- Pausing -------------------------------------------------------------------------
@transaction.atomic
def pause(row: WebhookEndpoint, by: Author, now: datetime) -> None:
    """Let what is owed wait from now on."""
    running = WebhookEndpoint.objects.filter(pk=row.pk, paused_at=None)
    if running.update(paused_at=now, paused_why=""):
        _note(row, by, "webhook paused")


@transaction.atomic
def resume(row: WebhookEndpoint, by: Author, now: datetime) -> None:
    """Send what waits at once, with a whole day of tries for what had failed."""
    # What is on its way is due within its lease.
    row.deliveries.filter(due_at__gt=now + LEASE).update(due_at=now, attempts=0)
    paused = WebhookEndpoint.objects.filter(pk=row.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, paused_why="", failing_since=None, failures=0):
        _note(row, by, "webhook resumed")
    deliver_soon()


# --- Sending again -------------------------------------------------------------------
@transaction.atomic
def test(row: WebhookEndpoint, now: datetime) -> Delivery:
    """Have a test sent, also where the endpoint is paused; it is tried once."""
    event, body = voices.test(row, now)
    sent = row.deliveries.create(event=event, body=body, created_at=now, due_at=now)
    deliver_soon()
    return sent


@transaction.atomic
def replay(
    rows: QuerySet[Delivery], endpoint: WebhookEndpoint, by: Author, now: datetime
) -> int:
    """Send deliveries once more that are over; return how many those are.

    They keep their ids, by which a receiver knows what it has had.
    """
    # What it told may have been erased since: there is nothing to send then.
    over = rows.filter(endpoint=endpoint, due_at=None).exclude(body="")
    count = over.update(
        due_at=now, attempts=0, delivered_at=None, last_status=None, last_error=""
    )
    if count:
        _note(endpoint, by, "webhooks sent again", after={"count": count})
        deliver_soon()
    return count


def in_time(
    endpoint: WebhookEndpoint, since: datetime, until: datetime, *, only_failed: bool
) -> QuerySet[Delivery]:
    """Return what was to be told from `since` to before `until`."""
    rows = endpoint.deliveries.filter(created_at__gte=since, created_at__lt=until)
    return rows.exclude(last_error="") if only_failed else rows


# --- The log -------------------------------------------------------------------------
def log(
    endpoint: WebhookEndpoint, *, only_failed: bool = False, before: int | None = None
) -> QuerySet[Delivery]:
    """Return an endpoint's deliveries, newest first, behind one of them (a keyset)."""
    rows = endpoint.deliveries.order_by("-pk").select_related("call")
    if only_failed:
        rows = rows.exclude(last_error="")
    return rows.filter(pk__lt=before) if before is not None else rows


def waiting(endpoint: WebhookEndpoint) -> int:
    """Count what is still to be sent, up to MOST_COUNTED and one."""
    rows = endpoint.deliveries.filter(due_at__isnull=False)
    return rows[: MOST_COUNTED + 1].count()


def forget(now: datetime) -> int:
    """Drop what was told longer ago than the log is kept; return how much that was.

    The oldest come first, so nothing else is looked at.
    """
    until = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    oldest = Delivery.objects.order_by("pk")
    count = 0
    while True:
        ids = list(oldest.values_list("pk", "created_at")[:BATCH])
        old = [pk for pk, created_at in ids if created_at < until]
        if not old:
            return count
        count += _drop_ids(old)


def _drop(rows: QuerySet[Delivery]) -> None:
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        _drop_ids(ids)


def _drop_ids(ids: list[int]) -> int:
    with transaction.atomic():
        Attempt.objects.filter(delivery__in=ids).delete()
        return Delivery.objects.filter(pk__in=ids).delete()[0]


def _facts(row: WebhookEndpoint) -> dict[str, Any]:
    """Return what an entry says of an endpoint."""
    return {
        "name": row.name,
        "url": row.url,
        "format": row.dialect,
        "events": row.events,
    }


def _note(row: WebhookEndpoint, by: Author, action: str, **facts: Any) -> None:
    AuditEntry.record(
        row.workspace,
        action,
        by,
        subject=str(row)[:200],
        **facts,
    )
