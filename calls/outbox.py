"""Webhooks we owe: told to those who listen, in their dialect, signed and in order.

The row is the queue. `owe` writes it in the transaction that changed the call;
`deliver_due` sends what is due, in any number of workers at once.
"""

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from agents.providers import http
from agents.providers.base import Manner
from agents.providers.dialects import Tenant, Voice
from agents.providers.registry import DIALECTS
from calls.models import Call, Delivery, WebhookEndpoint
from calls.records import record

# How long a receiver may take, and how long a worker keeps a delivery to itself.
ANSWER_SECONDS = 10.0
LEASE = timedelta(seconds=20)
# A webhook that was not taken is sent again after these, then given up.
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 30, 120))
# How many are on their way at once, in one worker.
LANES = 16
# A held webhook waits for the one that overtakes it, but not for ever.
HOLD = timedelta(seconds=60)
AFTER = timedelta(microseconds=1)
# A call, its status before, and the names of what changed.
Change = tuple[Call, str, set[str]]


# --- Owing ---------------------------------------------------------------------------
def owe(call: Call, before_status: str, changed: set[str]) -> None:
    """Write what is to be told of a change; called inside its transaction."""
    owe_all([(call, before_status, changed)])


def owe_all(changes: Iterable[Change]) -> None:
    """Write what is to be told of changes: call, status before, names of what changed.

    Who listens is asked once for all of them: most often nobody does.
    """
    changes = list(changes)
    spaces = {call.workspace_id for call, _, _ in changes}
    rows = WebhookEndpoint.objects.filter(workspace__in=spaces, is_active=True)
    rows = rows.select_related("workspace")
    endpoints = [row for row in rows if row.dialect in DIALECTS]
    for call, before_status, changed in changes if endpoints else []:
        listeners = _listeners(call, endpoints)
        if listeners:
            _owe(call, before_status, changed, listeners)


def _owe(
    call: Call, before_status: str, changed: set[str], listeners: list[WebhookEndpoint]
) -> None:
    manner = _manner(call)
    for dialect in {endpoint.dialect for endpoint in listeners}:
        side = DIALECTS[dialect]
        events = side.events(before_status, call.status, changed)
        mine = [endpoint for endpoint in listeners if endpoint.dialect == dialect]
        _write(call, side, _told(side, events, manner), mine, manner)


def _listeners(
    call: Call, endpoints: Iterable[WebhookEndpoint]
) -> list[WebhookEndpoint]:
    """Return who listens: the agent's own endpoints replace the workspace's."""
    found = [
        row
        for row in endpoints
        if row.workspace_id == call.workspace_id
        and row.agent_id in (None, call.agent_id)
    ]
    own = {row.dialect for row in found if row.agent_id}
    return [row for row in found if row.agent_id or row.dialect not in own]


def _manner(call: Call) -> Manner:
    """Return how the client that launched the call is to be treated."""
    if not call.dialect or call.type == "web":
        return Manner()
    return call.connection.client().manner(call.to_number)


def _told(side: Voice, events: list[str], manner: Manner) -> list[str]:
    """Leave out what a scripted trouble keeps quiet."""
    if manner.webhooks == "none":
        return []
    if manner.webhooks == "no_end":
        return [event for event in events if not side.is_terminal(event)]
    return events


def _write(
    call: Call,
    side: Voice,
    events: list[str],
    listeners: Iterable[WebhookEndpoint],
    manner: Manner,
) -> None:
    now = timezone.now()
    wanted = [
        (endpoint, event)
        for event in events
        for endpoint in listeners
        if side.is_wanted(event, endpoint.events)
    ]
    if not wanted:
        return
    told = record(call)
    workspace = wanted[0][0].workspace
    tenant = Tenant(str(workspace.pk), workspace.name)
    bodies = {
        event: json.dumps(side.webhook(event, told, tenant), separators=(",", ":"))
        for event in {event for _, event in wanted}
    }
    rows = [
        Delivery(
            endpoint=endpoint,
            call=call,
            event=event,
            body=bodies[event],
            created_at=now,
            due_at=now,
        )
        for endpoint, event in wanted
    ]
    if manner.webhooks == "twice_reversed":
        rows = _twice_reversed(call, side, rows, now)
    Delivery.objects.bulk_create(rows)


def _twice_reversed(
    call: Call, side: Voice, rows: list[Delivery], now: datetime
) -> list[Delivery]:
    """Send every webhook twice and in the wrong order: the later one goes first."""
    waiting = call.deliveries.filter(attempts=0, due_at__gt=now + AFTER)
    overtaken = waiting.update(due_at=now + AFTER)
    is_over = any(side.is_terminal(row.event) for row in rows)
    due_at = now if overtaken or is_over else now + HOLD
    twice = [row for row in reversed(rows) for _ in range(2)]
    return [
        Delivery(
            endpoint=row.endpoint,
            call=row.call,
            event=row.event,
            body=row.body,
            created_at=now,
            due_at=due_at,
        )
        for row in twice
    ]


# --- Sending -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Parcel:
    """One claimed delivery, with all that sending it takes; no database needed."""

    delivery: Delivery
    url: str
    body: bytes
    key: str = field(repr=False)
    dialect: str

    def send(self) -> tuple[int, str]:
        """Sign and post it; return the status and what went wrong."""
        side = DIALECTS[self.dialect]
        if side.NEEDS_KEY and not self.key:
            return 0, "No API key is left to sign with. Make one under Settings."
        now_ms = round(time.time() * 1000)
        headers = side.headers(self.body, self.key, now_ms)
        return http.post(self.url, self.body, headers, ANSWER_SECONDS)


def deliver_due(now: datetime) -> int:
    """Send everything that is due; return how many were taken.

    A slow receiver holds up one lane only: others go on as lanes become free.
    """
    taken, began = 0, time.monotonic()
    flying: dict[Future[tuple[int, str]], Parcel] = {}
    with ThreadPoolExecutor(LANES) as lanes:
        while True:
            at = now + timedelta(seconds=time.monotonic() - began)
            for parcel in _claim(LANES - len(flying), now, at):
                flying[lanes.submit(parcel.send)] = parcel
            if not flying:
                return taken
            landed = wait(flying, return_when=FIRST_COMPLETED).done
            results = [(flying.pop(one), *one.result()) for one in landed]
            at = now + timedelta(seconds=time.monotonic() - began)
            taken += _settle(results, at)


def _claim(count: int, due: datetime, at: datetime) -> list[Parcel]:
    """Take what is due for one worker only; a crash gives it back after the lease."""
    if count <= 0:
        return []
    with transaction.atomic():
        rows = list(_due(due)[:count])
        ids = [row.pk for row in rows]
        if ids:
            claimed = Delivery.objects.filter(pk__in=ids)
            claimed.update(attempts=F("attempts") + 1, due_at=at + LEASE)
    for row in rows:
        row.attempts += 1
    return [_parcel(row) for row in rows]


def _due(now: datetime) -> QuerySet[Delivery]:
    """Return due deliveries, the first of each call and endpoint only.

    An earlier one that is waiting for its first try, or is on its way with it, comes
    first; one that failed is sent again later and holds up nobody.
    """
    earlier = Q(due_at__lt=OuterRef("due_at")) | Q(
        due_at=OuterRef("due_at"), pk__lt=OuterRef("pk")
    )
    # The sum keeps the database from looking by endpoint, which may have had millions
    # of deliveries, where a call has a handful.
    to_same = Delivery.objects.alias(to=F("endpoint_id") + 0)
    before = to_same.filter(
        Q(attempts__gt=0) | earlier,
        call=OuterRef("call"),
        to=OuterRef("endpoint_id"),
        due_at__isnull=False,
        last_error="",
    ).exclude(pk=OuterRef("pk"))
    rows = Delivery.objects.filter(Q(attempts__gt=0) | ~Exists(before), due_at__lte=now)
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    loaded = locked.select_related("endpoint", "call__api_key")
    # A call is a wide row, and nothing of it is needed but its key.
    lean = loaded.only(
        *("attempts", "body", "endpoint", "call__api_key__signing"),
    )
    return lean.order_by("due_at", "id")


def _parcel(row: Delivery) -> Parcel:
    endpoint = row.endpoint
    key = endpoint.secret or (row.call.api_key.signing if row.call.api_key else "")
    return Parcel(
        delivery=row,
        url=endpoint.url,
        body=row.body.encode(),
        key=key or _workspace_key(endpoint),
        dialect=endpoint.dialect,
    )


def _workspace_key(endpoint: WebhookEndpoint) -> str:
    """Return the workspace's oldest living key: no client launched this call."""
    keys = endpoint.workspace.api_keys.filter(revoked_at=None).order_by("created_at")
    oldest = keys.first()
    return str(oldest.signing) if oldest else ""


def _settle(results: Sequence[tuple[Parcel, int, str]], at: datetime) -> int:
    """Write down what became of some deliveries; return how many were taken."""
    taken = []
    for parcel, status, problem in results:
        if not problem:
            taken.append((parcel.delivery.pk, status))
            continue
        tries = parcel.delivery.attempts
        again = at + BACKOFF[tries - 1] if tries <= len(BACKOFF) else None
        rows = Delivery.objects.filter(pk=parcel.delivery.pk)
        rows.update(due_at=again, last_status=status or None, last_error=problem)
    for status in {status for _, status in taken}:
        ids = [pk for pk, its in taken if its == status]
        rows = Delivery.objects.filter(pk__in=ids)
        rows.update(due_at=None, delivered_at=at, last_status=status, last_error="")
    return len(taken)
