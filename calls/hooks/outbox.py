"""Sending the webhooks we owe: signed, in order, and again when they were not taken.

Any number of processes send at once. A delivery is claimed for a while (its lease) and
comes back by itself when its process dies. In a process one thread sends for all:
whoever comes meanwhile rings its bell and goes.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from agents.providers import http
from calls.hooks import settling, voices
from calls.hooks.settling import Sent
from calls.models import Delivery, WebhookEndpoint

logger = logging.getLogger(__name__)
# How long a receiver may take, and how long a process keeps a delivery to itself.
ANSWER_SECONDS = 10.0
LEASE = timedelta(seconds=20)
# How many are on their way at once: in one process, to one endpoint, and to one whose
# last try failed. One that is slow or dead so leaves the others their lanes.
LANES, TO_ONE, TO_FAILING = 64, 8, 1
# A delivery's endpoint. The sum keeps the database from looking by it, who may have had
# millions of deliveries, where a call has a handful.
TO = F("endpoint_id") + 0
NO_KEY = "No API key is left to sign with. Make one under Settings."


@dataclass(frozen=True, slots=True)
class Parcel:
    """One claimed delivery, with all that sending it takes; no database needed."""

    delivery: Delivery
    endpoint: WebhookEndpoint
    at: datetime
    keys: tuple[str, ...] = field(repr=False)

    def send(self) -> Sent:
        """Sign and post it; say what was sent and what came of it."""
        dialect, body = self.endpoint.dialect, self.delivery.body.encode()
        if voices.needs_key(dialect) and not self.keys:
            return self._sent({}, http.Receipt(problem=NO_KEY))
        now_ms = round(time.time() * 1000)
        message_id = self.delivery.message_id
        headers = voices.headers(dialect, message_id, body, self.keys, now_ms)
        began = time.monotonic()
        try:
            receipt = http.post(self.endpoint.url, body, headers, ANSWER_SECONDS)
        except Exception:
            # One receiver must not keep the others from hearing anything.
            logger.exception("A webhook to endpoint %s broke", self.endpoint.pk)
            receipt = http.Receipt(problem="It could not be sent: see the log.")
        return self._sent(headers, receipt, time.monotonic() - began)

    def _sent(
        self, headers: dict[str, str], receipt: http.Receipt, seconds: float = 0.0
    ) -> Sent:
        took = round(seconds * 1000)
        return Sent(self.delivery, self.endpoint, self.at, headers, receipt, took)


# --- One thread for all --------------------------------------------------------------
class Desk:
    """Where one thread of this process sits and sends; others ring the bell."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.bell: Future[None] | None = None

    def take(self) -> bool:
        """Sit down; False when somebody sits there, who then looks again."""
        with self.lock:
            if self.bell is None:
                self.bell = Future()
                return True
            if not self.bell.done():
                self.bell.set_result(None)
            return False

    def leave(self, *, at_once: bool = False) -> bool:
        """Stand up; False when the bell was rung: there may be more."""
        with self.lock:
            if self.bell is not None and self.bell.done() and not at_once:
                self.bell = Future()
                return False
            self.bell = None
            return True

    def landed(self, flying: Collection[Future[Sent]]) -> list[Future[Sent]]:
        """Wait until some have landed, or the bell is rung: then there may be none."""
        bell = self.bell
        assert bell is not None
        waited: list[Future[Any]] = [*flying, bell]
        wait(waited, return_when=FIRST_COMPLETED)
        with self.lock:
            if bell.done():
                self.bell = Future()
        return [one for one in flying if one.done()]


desk = Desk()


@contextmanager
def _seated() -> Iterator[bool]:
    """Sit at the desk, if it is free, and leave it whatever happens."""
    is_mine = desk.take()
    try:
        yield is_mine
    except BaseException:
        if is_mine:
            desk.leave(at_once=True)
        raise


def deliver_due(now: datetime) -> int:
    """Send everything that is due; return how many were taken."""
    with _seated() as is_mine:
        return _deliver(now) if is_mine else 0


def _deliver(now: datetime) -> int:
    taken, began = 0, time.monotonic()
    flying: dict[Future[Sent], Parcel] = {}
    with ThreadPoolExecutor(LANES) as lanes:
        while True:
            at = now + timedelta(seconds=time.monotonic() - began)
            for parcel in claim(flying.values(), at):
                flying[lanes.submit(parcel.send)] = parcel
            if not flying:
                if desk.leave():
                    return taken
                continue
            landed = desk.landed(flying)
            for one in landed:
                flying.pop(one)
            at = now + timedelta(seconds=time.monotonic() - began)
            taken += settling.settle([one.result() for one in landed], at)


# --- Claiming ------------------------------------------------------------------------
def claim(flying: Collection[Parcel], at: datetime) -> list[Parcel]:
    """Take what is due beside what is on its way, some of each endpoint's."""
    room, parcels = LANES - len(flying), list[Parcel]()
    busy = Counter(parcel.endpoint.pk for parcel in flying)
    for endpoint in _with_something_due(at) if room else ():
        most = TO_FAILING if endpoint.failing_since else TO_ONE
        count = min(most - busy[endpoint.pk], room - len(parcels))
        if count > 0:
            parcels += _take(endpoint, count, at)
    return parcels


def _with_something_due(at: datetime) -> QuerySet[WebhookEndpoint]:
    """Return who is owed something now, those that take it first.

    Where an endpoint is paused, only its tests are sent.
    """
    due = Delivery.objects.filter(endpoint=OuterRef("pk"), due_at__lte=at)
    tests = Delivery.objects.alias(to=TO).filter(
        call=None, to=OuterRef("pk"), due_at__lte=at
    )
    running = Q(paused_at=None) & Exists(due)
    rows = WebhookEndpoint.objects.filter(
        running | Q(paused_at__isnull=False) & Exists(tests)
    )
    return rows.order_by(F("failing_since").asc(nulls_first=True), "pk")


def _take(endpoint: WebhookEndpoint, count: int, at: datetime) -> list[Parcel]:
    """Take what is due for this process only; a crash gives it back after the lease."""
    with transaction.atomic():
        rows = list(_due(endpoint, at)[:count])
        if rows:
            claimed = Delivery.objects.filter(pk__in=[row.pk for row in rows])
            claimed.update(attempts=F("attempts") + 1, due_at=at + LEASE)
    for row in rows:
        row.attempts += 1
    return [Parcel(row, endpoint, at, _keys(row, endpoint, at)) for row in rows]


def _due(endpoint: WebhookEndpoint, at: datetime) -> QuerySet[Delivery]:
    """Return what is due, without what an earlier one of its call holds back."""
    rows = endpoint.deliveries.filter(due_at__lte=at)
    if endpoint.paused_at:
        rows = rows.filter(call=None)
    to_same = Delivery.objects.alias(to=TO).filter(
        call=OuterRef("call"), to=OuterRef("endpoint_id"), due_at__isnull=False
    )
    if voices.in_strict_order(endpoint.dialect):
        rows = rows.exclude(Exists(to_same.filter(pk__lt=OuterRef("pk"))))
    else:
        rows = rows.filter(Q(attempts__gt=0) | ~Exists(_before(to_same)))
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    # A call is a wide row, and nothing of it is needed but its key.
    lean = locked.select_related("call__api_key").only(
        *("attempts", "body", "event", "endpoint_id", "call__api_key__signing")
    )
    return lean.order_by("due_at", "id")


def _before(to_same: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Return what comes before a delivery in a dialect.

    That is an earlier one that is waiting for its first try, or is on its way with it;
    one that failed is sent again later and holds up nobody.
    """
    earlier = Q(due_at__lt=OuterRef("due_at")) | Q(
        due_at=OuterRef("due_at"), pk__lt=OuterRef("pk")
    )
    first_tries = to_same.filter(Q(attempts__gt=0) | earlier, last_error="")
    return first_tries.exclude(pk=OuterRef("pk"))


def _keys(row: Delivery, endpoint: WebhookEndpoint, at: datetime) -> tuple[str, ...]:
    """Return what signs: the endpoint's secrets, else an API key, else nothing."""
    keys = [str(endpoint.secret)]
    until = endpoint.old_secret_until
    if until and until > at:
        keys.append(str(endpoint.old_secret))
    if not keys[0] and voices.needs_key(endpoint.dialect):
        own = row.call.api_key if row.call else None
        keys = [str(own.signing) if own else _workspace_key(endpoint)]
    return tuple(filter(None, keys))


def _workspace_key(endpoint: WebhookEndpoint) -> str:
    """Return the workspace's oldest living key: no client launched this call."""
    keys = endpoint.workspace.api_keys.filter(revoked_at=None).order_by("created_at")
    oldest = keys.first()
    return str(oldest.signing) if oldest else ""
