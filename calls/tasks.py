"""Celery tasks: each finds its row and calls one function. Safe to run twice.

A message is only a nudge; the rows are the queue, and `sweep` finds what was missed.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore, Lock

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from agents import sync
from agents.models import Connection
from agents.providers import http
from calls import digest, dispatch, gaps, hints, lanes, pacing, reconcile, webhooks
from calls.billing import money
from calls.export import exports
from calls.hints import Hint
from calls.hooks import endpoints, outbox
from calls.lifecycle import Applied
from calls.models import Call, CallStatus
from calls.people import contact_import, optout
from calls.privacy import retention
from calls.review import looks
from calls.sound import audio, recordings
from calls.sums import summary

logger = logging.getLogger(__name__)
# So many recordings are fetched, and lists gone through, at once in one worker.
HANDS = BoundedSemaphore(4)
# Later questions are left to the sweep.
SOON = timedelta(seconds=10)


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _seconds(until: datetime) -> float:
    return max(0.0, (until - _now()).total_seconds())


class Turnstile:
    """Lets one thread of this process do a piece of work at a time, and none in vain.

    Who comes while another is at it has it done once more by that other.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.is_wanted = False

    def run(self, work: Callable[[], None]) -> None:
        """Do the work, unless somebody is at it: then they do it again."""
        self.is_wanted = True
        while self.is_wanted and self.lock.acquire(blocking=False):
            try:
                self.is_wanted = False
                work()
            finally:
                self.lock.release()


applying = Turnstile()


@contextmanager
def spare_hand() -> Iterator[bool]:
    """Give one of a worker's few hands for what may take minutes; False: none is free.

    The other hands stay free for dialling.
    """
    is_free = HANDS.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            HANDS.release()


# --- Nudges --------------------------------------------------------------------------
def nudge(call: Call) -> None:
    """Have the call's lane looked at, once its row is committed."""
    # Robust: the row is written, and the sweep finds it when the broker is down.
    transaction.on_commit(
        lambda: look(call.phone_number_id, call.connection_id), robust=True
    )


def look(number: uuid.UUID | None, connection: uuid.UUID) -> None:
    """Look at the lane of a number or, for calls without one, of their connection."""
    kind, lane_id = lanes.name(number, connection)
    dispatch_lane.delay(kind, str(lane_id))


def apply_soon(seconds: float = 0.0) -> bool:
    """Have stored webhooks applied; False when the broker is down: the sweep will."""
    try:
        apply_events.apply_async(countdown=seconds)
    except OperationalError:
        logger.warning("The broker is down; the sweep will apply what is stored.")
        return False
    return True


def fetch_soon(call_id: uuid.UUID) -> None:
    """Have a recording fetched; the sweep does when the broker is down."""
    transaction.on_commit(lambda: fetch_recording.delay(str(call_id)), robust=True)


def hang_up(call: Call) -> None:
    """Have a call ended, and ask soon how it ended; raises ProviderError in words."""
    dispatch.hang_up(call)
    ask_call.apply_async((str(call.pk),), countdown=1)


def look_soon(connection_id: uuid.UUID) -> bool:
    """Have a connection looked at for gaps; False when the broker is down."""
    try:
        look_for_gaps.delay(str(connection_id))
    except OperationalError:
        return False
    return True


def follow(applied: Iterable[Applied | Hint | None]) -> None:
    """Do what changes of calls ask for: questions, free slots."""
    freed = set()
    heard: dict[uuid.UUID, Call] = {}
    for done in applied:
        if done is None:
            continue
        if isinstance(done, Hint):
            look_up_hint.delay(done.event_id)
            continue
        call = done.call
        if {"status", "recording_url"} & done.changed and audio.is_elsewhere(call):
            fetch_soon(call.pk)
        if optout.is_worth(call, done.changed):
            heard[call.pk] = call
        if call.ask_at and call.ask_at - _now() < SOON:
            ask_call.apply_async((str(call.pk),), countdown=_seconds(call.ask_at))
        if call.status == CallStatus.QUEUED:
            nudge(call)
        if done.freed_slot:
            freed.add(call.connection_id)
    if heard:
        optout.hear(heard.values())
    for connection_id in freed:
        wake_waiting(connection_id)


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
    step = dispatch.step(pacing.KINDS[kind], uuid.UUID(lane_id), _now())
    if step.wake_at:
        wait = _seconds(step.wake_at - pacing.LEAD)
        dispatch_lane.apply_async((kind, lane_id), countdown=wait)
    if step.call_id and step.start:
        follow([dispatch.dial(step.call_id, step.attempt, step.start)])


@shared_task
def ask_call(call_id: str) -> None:
    """Ask the provider about one call."""
    follow([reconcile.ask(uuid.UUID(call_id), _now())])


@shared_task
def apply_events() -> None:
    """Apply stored webhooks until there are few: for these a nudge is on its way."""
    applying.run(_apply_events)


def _apply_events() -> None:
    applied: Sequence[Applied | Hint] | None = ()
    while applied is not None:
        follow(applied)
        if 0 < len(applied) < webhooks.FEW:
            break
        applied = webhooks.apply_pending(_now())


@shared_task
def look_up_hint(event_id: int) -> None:
    """Ask the provider about a call that only an unsigned webhook speaks of."""
    follow(hints.look_up(event_id, _now()))


@shared_task
def fetch_recording(call_id: str) -> None:
    """Fetch the recording of one call; the sweep comes back where no hand is free."""
    with spare_hand() as is_free:
        if is_free:
            recordings.fetch(uuid.UUID(call_id), _now())


@shared_task
def find_gaps() -> None:
    """Look at each connection whose turn it is for calls that we lack."""
    for connection_id in gaps.due(_now()):
        look_for_gaps.delay(str(connection_id))


@shared_task
def look_for_gaps(connection_id: str) -> None:
    """Compare the calls of one connection with the provider's list."""
    rows = Connection.objects.select_related("workspace")
    with spare_hand() as is_free:
        done = gaps.look(rows.get(pk=connection_id), _now()) if is_free else None
    follow(done.applied if done else [])


@shared_task
def deliver() -> None:
    """Send the webhooks we owe."""
    outbox.deliver_due(_now())


@shared_task
def forget_deliveries() -> None:
    """Drop what was told longer ago than the log is kept."""
    endpoints.forget(_now())


@shared_task
def import_contacts(import_id: str) -> None:
    """Import a file of contacts, or go on with it."""
    contact_import.run(uuid.UUID(import_id))


@shared_task
def sync_connection(connection_id: str) -> None:
    """Bring the agents and numbers of a connection here, if that is wanted."""
    sync.run_wanted(uuid.UUID(connection_id))


@shared_task
def sync_connections() -> None:
    """Sync the connections whose time has come."""
    for connection_id in sync.due(_now()):
        sync_connection.delay(str(connection_id))


@shared_task
def settle_missed() -> None:
    """Settle the money of calls that are over, where that was missed."""
    money.settle_missed(_now())


@shared_task
def digest_calls() -> None:
    """Take calls that are over into search, summaries and the queue of looks."""
    with spare_hand() as is_free:
        while is_free and digest.run(_now()):
            pass
        if is_free:
            looks.watch(_now())
            summary.catch_up()


@shared_task
def write_export(export_id: str) -> None:
    """Write a file of calls that somebody asked for."""
    with spare_hand() as is_free:
        if is_free:
            exports.write(uuid.UUID(export_id), _now())


@shared_task
def erase_old(run_id: str) -> None:
    """Do a turn of erasing what is too old, and have the next one done."""
    with spare_hand() as is_free:
        if is_free and retention.work(uuid.UUID(run_id), _now()):
            erase_old.delay(run_id)


@shared_task
def look_for_old() -> None:
    """See what is too old, and whose erasing was interrupted; drop old exports."""
    for run_id in retention.due(_now()):
        erase_old.delay(str(run_id))
    exports.drop_expired(_now())


@shared_task
def sweep() -> None:
    """Find what lost nudges and killed workers left behind."""
    now = _now()
    reconcile.recover(now)
    for kind, lane_id in lanes.waiting(now):
        dispatch_lane.delay(kind, str(lane_id))
    for call_id in reconcile.due(now - timedelta(seconds=1)):
        ask_call.delay(str(call_id))
    for call_id in recordings.due(now - timedelta(seconds=1)):
        fetch_recording.delay(str(call_id))
    apply_events.delay()
    deliver.delay()
    digest_calls.delay()
    for import_id in contact_import.overdue(now):
        import_contacts.delay(str(import_id))
    for export_id in exports.due(now):
        write_export.delay(str(export_id))
