"""Webhooks in: verify, store exactly as it came, answer; understand later.

The view parses nothing. Events are stored in
groups: the first request that finds nobody writing becomes the writer for all that
queue up meanwhile, so a burst costs a few inserts and a lone webhook never waits.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls import batches, hints, intake, lifecycle
from calls.changes import Heard
from calls.hints import Hint
from calls.lifecycle import Applied
from calls.matching import Known, ids_of
from calls.merging import CallGone
from calls.models import ToldBy, WebhookEvent
from calls.models.traffic import Verdict
from calls.privacy import erasing

logger = logging.getLogger(__name__)

# How many events are written, and how many are applied, in one transaction.
GROUP = 200
BATCH = 100
# After a group so small, more is waited for: each costs the same but for its events.
FEW = 25
CACHE_SECONDS = 5.0
TRIES = 10
# A refused webhook is noted this often at most.
NOTED = timedelta(minutes=1)


# --- Storing -------------------------------------------------------------------------
class Entry:
    """One event waiting to be written, and the request waiting for that.

    The request waits by a plain lock: `threading.Event` costs more than the insert.
    """

    __slots__ = ("error", "event", "leads", "turn")

    def __init__(self, event: WebhookEvent) -> None:
        self.event = event
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False
        self.error: BaseException | None = None


class GroupWriter:
    """Writes events in groups; `put` returns once the event is in the database."""

    def __init__(self, write: Callable[[list[WebhookEvent]], None]) -> None:
        self.write = write
        self.lock = threading.Lock()
        self.queue: list[Entry] = []
        self.is_writing = False

    def put(self, event: WebhookEvent) -> None:
        """Store the event; raises what the database raised."""
        entry = Entry(event)
        with self.lock:
            self.queue.append(entry)
            if not self.is_writing:
                self.is_writing = entry.leads = True
        if not entry.leads:
            entry.turn.acquire()
        if entry.leads:
            self._write_group()
        if entry.error:
            raise entry.error

    def _write_group(self) -> None:
        """Write what is queued, then hand over to the next in line."""
        with self.lock:
            group, self.queue = self.queue[:GROUP], self.queue[GROUP:]
        error: BaseException | None = None
        try:
            self.write([entry.event for entry in group])
        except DatabaseError:
            self._write_singly(group)
        except BaseException as problem:
            error = problem
            raise
        finally:
            self._release(group, error)

    def _write_singly(self, group: list[Entry]) -> None:
        """Write each event for itself: one that fails fails only its own request."""
        for entry in group:
            try:
                self.write([entry.event])
            except DatabaseError as problem:
                entry.error = problem

    def _release(self, group: list[Entry], error: BaseException | None) -> None:
        """Let the requests of a group go on, and the next in line write."""
        for entry in group:
            entry.error = entry.error or error
            if not entry.leads:
                entry.turn.release()
        with self.lock:
            follower = self.queue[0] if self.queue else None
            self.is_writing = follower is not None
        if follower:
            follower.leads = True
            follower.turn.release()


writer = GroupWriter(batches.insert_new)


def receive(
    connection: Connection, headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Verify and store one webhook; False when it is not the provider's.

    `headers` have lower-case names. A repeat (the same bytes) is stored once.
    """
    client = connection.client()
    if not client.verify_webhook(headers, body, now):
        return False
    kept = (*KEPT, *client.signature_headers())
    event = WebhookEvent(
        connection_id=connection.pk,
        event_key=hashlib.sha256(body).hexdigest(),
        verdict=Verdict.HINT if client.webhooks_are_hints else Verdict.SIGNED,
        headers={name: headers[name] for name in kept if name in headers},
        # PostgreSQL keeps no NUL.
        body=body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        received_at=now,
    )
    writer.put(event)
    return True


KEPT = ("content-type", "user-agent")


class Directory:
    """Connections by webhook token, remembered for some seconds."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, Connection]] = {}

    def find(self, token: str, *, fresh: bool = False) -> Connection | None:
        """Return the connection of a token; `fresh` asks the database."""
        at, connection = self.known.get(token, (0.0, None))
        if connection and not fresh and time.monotonic() - at < CACHE_SECONDS:
            return connection
        rows = Connection.objects.select_related("workspace")
        connection = rows.filter(webhook_token=token).first()
        if connection:
            self.known[token] = (time.monotonic(), connection)
        return connection


directory = Directory()


def first_seen(connection: Connection, now: datetime) -> None:
    """Note that the provider's first webhook arrived."""
    if connection.first_event_at is None:
        rows = Connection.objects.filter(pk=connection.pk, first_event_at=None)
        rows.update(first_event_at=now)
        connection.first_event_at = now


def refused(connection: Connection, now: datetime) -> None:
    """Note that a webhook came whose signature did not fit."""
    late = Q(refused_event_at=None) | Q(refused_event_at__lt=now - NOTED)
    Connection.objects.filter(late, pk=connection.pk).update(refused_event_at=now)


# --- Applying ------------------------------------------------------------------------
def apply_pending(now: datetime) -> list[Applied | Hint] | None:
    """Apply a group of stored events; return what that did, None when none wait.

    A group goes in one transaction. When it fails, its events go one by one, and the
    one that cannot be applied keeps the error for the operator and the next sweep.
    """
    try:
        with transaction.atomic():
            events = _locked(BATCH, now)
            return _apply_group(events, now) if events else None
    except CallGone:
        logger.info("A call of a group of webhooks became part of another; once more")
    except Exception:
        logger.exception("A group of webhooks could not be applied; one by one now")
    applied: list[Applied | Hint] = []
    for _ in range(BATCH):
        done = _apply_one(now)
        if done is None:
            break
        applied += done
    return applied


def _locked(count: int, now: datetime) -> list[WebhookEvent]:
    rows = WebhookEvent.objects.filter(applied_at=None, attempts__lt=TRIES)
    rows = rows.filter(Q(retry_at=None) | Q(retry_at__lte=now))
    locked = rows.select_for_update(skip_locked=True, no_key=True)
    events = list(locked.order_by("id")[:count])
    # Each connection is read once: decrypting its secrets for every event is slow.
    owners = {event.connection_id for event in events}
    known = Connection.objects.select_related("workspace").in_bulk(owners)
    for event in events:
        event.connection = known[event.connection_id]
    return events


def _apply_one(now: datetime) -> list[Applied | Hint] | None:
    """Apply the next event alone; what goes wrong is written on its row."""
    with transaction.atomic():
        events = _locked(1, now)
        if not events:
            return None
        try:
            with transaction.atomic():
                return _apply_group(events, now)
        except Exception as error:
            logger.exception("Webhook %s could not be applied", events[0].pk)
            rows = WebhookEvent.objects.filter(pk=events[0].pk)
            words = f"{type(error).__name__}: {error}"
            tries = events[0].attempts + 1
            later = now + timedelta(seconds=2.0**tries)
            rows.update(error=words[:2000], attempts=tries, retry_at=later)
    return []


def _apply_group(events: list[WebhookEvent], now: datetime) -> list[Applied | Hint]:
    """Apply events under their locks; hints about unknown calls are looked up later."""
    told = [(event, update) for event in events for update in updates(event)]
    known = Known([(event.connection, update) for event, update in told])
    strange = [event for event, update in told if _is_strange(event, update, known)]
    left_alone = {event.pk for event in strange}
    meant, pairs, heard = [], [], []
    for event, update in told:
        is_of_a_call = ids_of(update) or known.find(event.connection, update)
        if is_of_a_call and event.pk not in left_alone:
            try:
                call_id, _ = intake.find_or_create(known, event.connection, update, now)
            except intake.WasErased:
                erasing.empty(event)
                continue
            meant.append(event)
            pairs.append((call_id, as_told(event, update, now)))
            heard.append(Heard(ToldBy.WEBHOOK, event.pk))
    applied = lifecycle.apply_all(pairs, now, heard) if pairs else []
    for event, done in zip(meant, applied, strict=True):
        event.call_id = done.call.pk
    settled = [event for event in events if event.pk not in left_alone]
    for event in settled:
        event.applied_at, event.error = now, ""
    batches.save(settled, ["applied_at", "error", "call"])
    return [*applied, *hints.put_off(dict.fromkeys(strange), now)]


def updates(event: WebhookEvent) -> list[CallUpdate]:
    """Return what a webhook says, of one call or several."""
    return event.connection.client().parse_webhook(event.payload, event.received_at)


def _is_strange(event: WebhookEvent, update: CallUpdate, known: Known) -> bool:
    """Tell whether a hint is about a call that we do not know."""
    if event.verdict == Verdict.SIGNED or not ids_of(update):
        return False
    return known.find(event.connection, update) is None


def as_told(event: WebhookEvent, update: CallUpdate, now: datetime) -> CallUpdate:
    """Return what of an update is believed: of a hint, that there is something to ask."""
    if event.verdict == Verdict.SIGNED:
        return update
    return replace(hints.believed(event, update), ask_again_at=now)
