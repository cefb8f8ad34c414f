"""Celery tasks: each finds its row and calls one function. Safe to run twice.

A message is only a nudge; the rows are the queue, and `sweep` finds what was missed.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from agents.models import Connection, PhoneNumber
from agents.providers import http
from calls import contact_import, dispatch, outbox, reconcile, webhooks
from calls.lifecycle import Applied
from calls.models import Call, CallStatus
from calls.pacing import Lane

logger = logging.getLogger(__name__)
LANES: dict[str, type[Lane]] = {"number": PhoneNumber, "connection": Connection}
# A worker looks at a lane this much before its next start, and waits the rest exactly.
LEAD = timedelta(milliseconds=40)
# Later questions are left to the sweep.
SOON = timedelta(seconds=10)


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _seconds(until: datetime) -> float:
    return max(0.0, (until - _now()).total_seconds())


# --- Nudges --------------------------------------------------------------------------
def nudge(call: Call) -> None:
    """Have the call's lane looked at, once its row is committed."""
    # Robust: the row is written, and the sweep finds it when the broker is down.
    transaction.on_commit(
        lambda: look(call.phone_number_id, call.connection_id), robust=True
    )


def look(number: uuid.UUID | None, connection: uuid.UUID) -> None:
    """Look at the lane of a number or, for calls without one, of their connection."""
    kind, lane_id = dispatch.lane_name(number, connection)
    dispatch_lane.delay(kind, str(lane_id))


def apply_soon(seconds: float = 0.0) -> bool:
    """Have stored webhooks applied; False when the broker is down: the sweep will."""
    try:
        apply_events.apply_async(countdown=seconds)
    except OperationalError:
        logger.warning("The broker is down; the sweep will apply what is stored.")
        return False
    return True


def follow(applied: Iterable[Applied | None]) -> None:
    """Do what changes of calls ask for: questions, free slots, webhooks we owe."""
    owes, freed = False, set()
    for done in applied:
        if done is None:
            continue
        call = done.call
        owes |= bool(call.dialect) and bool(done.changed)
        if call.ask_at and call.ask_at - _now() < SOON:
            ask_call.apply_async((str(call.pk),), countdown=_seconds(call.ask_at))
        if call.status == CallStatus.QUEUED:
            nudge(call)
        if done.freed_slot:
            freed.add(call.connection_id)
    for connection_id in freed:
        wake_waiting(connection_id)
    if owes:
        deliver.delay()


def wake_waiting(connection_id: uuid.UUID) -> None:
    """Look at the lanes of a connection that has a slot again."""
    waiting = Call.objects.waiting().filter(connection=connection_id).order_by()
    for number in waiting.values_list("phone_number", flat=True).distinct():
        look(number, connection_id)


# --- Tasks ---------------------------------------------------------------------------
@shared_task
def dispatch_lane(kind: str, lane_id: str) -> None:
    """Dial the next call of a lane, if its time has come."""
    # Ready before a start is taken: a worker's first use reads the certificates.
    http.network.client()
    lane = LANES[kind]._default_manager.get(pk=lane_id)
    step = dispatch.step(lane, _now())
    if step.wake_at:
        wait = _seconds(step.wake_at - LEAD)
        dispatch_lane.apply_async((kind, lane_id), countdown=wait)
    if step.call_id and step.start:
        follow([dispatch.dial(step.call_id, step.attempt, step.start)])


@shared_task
def ask_call(call_id: str) -> None:
    """Ask the provider about one call."""
    follow([reconcile.ask(uuid.UUID(call_id), _now())])


@shared_task
def apply_events() -> None:
    """Apply stored webhooks until there are none."""
    while (applied := webhooks.apply_pending(_now())) is not None:
        follow(applied)


@shared_task
def deliver() -> None:
    """Send the webhooks we owe."""
    outbox.deliver_due(_now())


@shared_task
def import_contacts(import_id: str) -> None:
    """Import a file of contacts, or go on with it."""
    contact_import.run(uuid.UUID(import_id))


@shared_task
def sweep() -> None:
    """Find what lost nudges and killed workers left behind."""
    now = _now()
    reconcile.recover(now)
    for kind, lane_id in dispatch.lanes_waiting(now):
        dispatch_lane.delay(kind, str(lane_id))
    for call_id in reconcile.due(now - timedelta(seconds=1)):
        ask_call.delay(str(call_id))
    apply_events.delay()
    deliver.delay()
    for import_id in contact_import.overdue(now):
        import_contacts.delay(str(import_id))
