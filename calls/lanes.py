"""What waits in a lane, and whether there is a slot: asked at every look at one.

A lane is a phone number or, for calls without one, a connection (`calls/pacing.py`).
The questions of a dial are written once.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, DateTimeField, JSONField, QuerySet, UUIDField

from agents.models import Connection, PhoneNumber
from calls import pacing
from calls.models import Call
from calls.models.call import CallQuerySet
from calls.pacing import Lane
from dashboard.prepared import Given, Prepared, PreparedUpdate

PK = Given("pk", UUIDField())
Kind = type[Lane]


# --- Names ---------------------------------------------------------------------------
def name(number: uuid.UUID | None, connection: uuid.UUID) -> tuple[str, uuid.UUID]:
    """Return what a task is told of a lane: its kind (`pacing.KINDS`) and its id."""
    return ("number", number) if number else ("connection", connection)


def of(call: Call) -> tuple[Kind, uuid.UUID]:
    """Return which row's pace the call keeps."""
    kind, lane_id = name(call.phone_number_id, call.connection_id)
    return pacing.KINDS[kind], lane_id


# --- A lane --------------------------------------------------------------------------
def locked(kind: Kind, lane_id: uuid.UUID) -> Lane:
    """Lock a lane and read what its pace takes; a click waits while this is read."""
    return LOCKED[kind].get(pk=lane_id)


def save(lane: Lane) -> None:
    """Write when its last calls started, and when it is looked at next."""
    SAVED[type(lane)].run(pk=lane.pk, starts=lane.starts, wake_at=lane.wake_at)


def due(kind: Kind, lane_id: uuid.UUID, now: datetime) -> list[tuple[uuid.UUID, int]]:
    """Return the first two calls that are due: their ids, and how often tried."""
    return DUE[kind].all(pk=lane_id, now=now)


def later(lane: Lane) -> datetime | None:
    """Return when the next waiting call of a lane is due."""
    rows = _waiting(type(lane), lane.pk)
    return rows.values_list("due_at", flat=True).first()


def has_slot(lane: Lane) -> bool:
    """Whether the connection is on and has room for one more call; it is locked."""
    pk = lane.connection_id if isinstance(lane, PhoneNumber) else lane.pk
    is_active, concurrency = SLOTS.get(pk=pk)
    return is_active and (USED.first(pk=pk) or 0) < concurrency


def _locked(kind: Kind, *names: str) -> QuerySet[Any]:
    rows = kind._default_manager.select_for_update(no_key=True).filter(pk=PK)
    return rows.only("cps", "starts", "wake_at", *names)


def _waiting(kind: Kind, lane_id: uuid.UUID | Given) -> CallQuerySet:
    rows = Call.objects.waiting().order_by("due_at", "id")
    if kind is PhoneNumber:
        return rows.filter(phone_number=lane_id)
    return rows.filter(phone_number=None, connection=lane_id)


def _due(kind: Kind) -> QuerySet[Any, tuple[uuid.UUID, int]]:
    rows = _waiting(kind, PK).filter(due_at__lte=Given("now", DateTimeField()))
    return rows.values_list("pk", "attempts")[:2]


LOCKED: dict[Kind, Prepared[Lane]] = {
    PhoneNumber: Prepared(lambda: _locked(PhoneNumber, "connection")),
    Connection: Prepared(lambda: _locked(Connection)),
}
DUE: dict[Kind, Prepared[tuple[uuid.UUID, int]]] = {
    kind: Prepared(partial(_due, kind)) for kind in LOCKED
}
SAVED: dict[Kind, PreparedUpdate] = {
    kind: PreparedUpdate(
        partial(kind._default_manager.filter, pk=PK),
        starts=Given("starts", JSONField()),
        wake_at=Given("wake_at", DateTimeField(null=True)),
    )
    for kind in LOCKED
}
SLOTS = Prepared(
    lambda: (
        Connection.objects.select_for_update(no_key=True)
        .filter(pk=PK)
        .values_list("is_active", "concurrency")
    )
)
USED = Prepared(
    lambda: (
        Call.objects.at_provider()
        .filter(connection=PK)
        .order_by()
        .values("connection")
        .annotate(used=Count("pk"))
        .values_list("used", flat=True)
    )
)


# --- All lanes -----------------------------------------------------------------------
def waiting(now: datetime) -> list[tuple[str, uuid.UUID]]:
    """Return the lanes with a due call and nobody about to look: lost nudges."""
    calls = Call.objects.waiting().filter(due_at__lte=now)
    rows = calls.filter(connection__is_active=True).order_by()
    pairs = rows.values_list(
        "phone_number", "connection", "phone_number__wake_at", "connection__wake_at"
    ).distinct()
    late = now - timedelta(seconds=1)
    found = []
    for number, connection, number_wake, connection_wake in pairs:
        wake = number_wake if number else connection_wake
        if wake is None or wake < late:
            found.append(name(number, connection))
    return found
