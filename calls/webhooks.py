"""Webhooks in: verify, store exactly as it came, answer; understand later.

The view parses nothing (but the question of a ringing caller). Events are stored in
groups: the first request that finds nobody writing becomes the writer for all that
queue up meanwhile, so a burst costs a few inserts and a lone webhook never waits.
"""

import hashlib
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls import batches, lifecycle
from calls.lifecycle import Applied
from calls.models import Call, WebhookEvent
from calls.models.traffic import Verdict

logger = logging.getLogger(__name__)

# How many events are written, and how many are applied, in one transaction.
GROUP = 200
BATCH = 50
IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CACHE_SECONDS = 5.0
TRIES = 10
Name = tuple[uuid.UUID, str]
# While events come closely together, a writer waits this long for company.
LINGER = 0.001


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
                time.sleep(LINGER)
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


# --- Applying ------------------------------------------------------------------------
def apply_pending(now: datetime) -> list[Applied] | None:
    """Apply a group of stored events; return what that did, None when none wait.

    A group goes in one transaction. When it fails, its events go one by one, and the
    one that cannot be applied keeps the error for the operator and the next sweep.
    """
    try:
        with transaction.atomic():
            events = _locked(BATCH, now)
            return _apply_group(events, now) if events else None
    except Exception:
        logger.exception("A group of webhooks could not be applied; one by one now")
    applied: list[Applied] = []
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


def _apply_one(now: datetime) -> list[Applied] | None:
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


def _apply_group(events: list[WebhookEvent], now: datetime) -> list[Applied]:
    told = [(event, update) for event in events for update in _updates(event)]
    known = _known_calls(told)
    pairs = []
    for event, update in told:
        names = _names(event.connection, update)
        call_id = next((known[name] for name in names if name in known), None)
        if call_id is None:
            call_id = lifecycle.create(event.connection, update, now).pk
            known |= dict.fromkeys(names, call_id)
        event.call_id = call_id
        pairs.append((call_id, _as_hint(event, update, now)))
    applied = lifecycle.apply_all(pairs, now) if pairs else []
    for event in events:
        event.applied_at, event.error = now, ""
    batches.save(events, ["applied_at", "error", "call"])
    return applied


def _updates(event: WebhookEvent) -> list[CallUpdate]:
    payload = _decoded(event.body)
    return event.connection.client().parse_webhook(payload, event.received_at)


def _decoded(body: str | bytes) -> Any:
    """Return what the JSON says; None when it is none, or too deep to be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _as_hint(event: WebhookEvent, update: CallUpdate, now: datetime) -> CallUpdate:
    """An unsigned webhook is believed only in that there is something to ask."""
    if event.verdict == Verdict.SIGNED:
        return update
    return CallUpdate(provider_call_id=update.provider_call_id, ask_again_at=now)


def _names(connection: Connection, update: CallUpdate) -> list[Name]:
    """Return what a call is known by: our reference first, their id second.

    With the reference goes their id: metadata gets copied, and a call that is known by
    another id is not meant.
    """
    theirs = update.provider_call_id
    words = (update.reference and f"{update.reference}/{theirs}", theirs)
    return [(connection.pk, word) for word in words if word]


def _known_calls(told: list[tuple[WebhookEvent, CallUpdate]]) -> dict[Name, uuid.UUID]:
    """Look up the calls that updates speak of; those we did not start are not there."""
    updates = [update for _, update in told]
    ours = {u.reference for u in updates if IS_ID.fullmatch(u.reference)}
    theirs = {u.provider_call_id for u in updates if u.provider_call_id}
    rows = Call.objects.filter(
        connection__in={event.connection_id for event, _ in told}
    )
    columns = ("connection_id", "pk", "provider_call_id")
    known: dict[Name, uuid.UUID] = {}
    for connection_id, pk, name in rows.filter(pk__in=ours).values_list(*columns):
        for word in {name, ""} if name else {"", *theirs}:
            known[connection_id, f"{pk}/{word}"] = pk
    found = rows.filter(provider_call_id__in=theirs)
    for connection_id, pk, name in found.values_list(*columns):
        known[connection_id, name] = pk
    return known


# --- A ringing caller ----------------------------------------------------------------
def answer_ringing(connection: Connection, body: bytes) -> dict[str, Any] | None:
    """Answer "a caller is ringing, what to do?"; None when that is not the question.

    The agent is the one bound inbound here; the caller's contact supplies variables.
    Answered from our own rows only: a person is listening to the ringing.
    """
    marker = connection.kind.inbound_marker
    if not marker or marker not in body:
        return None
    client = connection.client()
    ringing = client.parse_inbound(_decoded(body))
    if ringing is None:
        return None
    workspace = connection.workspace
    number = workspace.numbers.filter(
        connection=connection, number=ringing.to_number
    ).first()
    bound = number.binding("inbound") if number else None
    contact = workspace.contacts.filter(number=ringing.from_number).first()
    variables = contact.as_variables() if contact else {}
    return client.answer_inbound(
        bound.agent.provider_agent_id if bound else "", variables
    )
