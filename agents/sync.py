"""Checking a connection, and bringing its agents and numbers here.

The row is the queue: `ask` wants a sync, whoever takes it holds a claim that its signs
of life renew, and a claim gone silent may be taken over. So two never sync at once, and
a killed one is done again.
"""

import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now as utc_now

from agents import budget, catalog, number_catalog
from agents.budget import Turns
from agents.catalog import Counts
from agents.condition import SILENCE
from agents.models import Connection
from agents.providers.base import (
    AgentFacts,
    Check,
    NumberFacts,
    ProviderBusy,
    ProviderError,
)

logger = logging.getLogger(__name__)
T = TypeVar("T")
# A sign of life, at most this often.
TELL_SECONDS = 1.0
# A wanted sync that nobody took in this time is offered again.
PATIENCE = timedelta(seconds=10)
# A sync that waits for its turn looks again after so many seconds, at the latest.
LONGEST_WAIT = 10.0
SPENT = (
    "The requests that {label} allows in a minute are spent, and nobody works in the "
    "background. Sync again in a minute."
)
FAULT = "A fault of Switchboard stopped it; the log has the details."
# What part of an account's requests a minute the schedule may use.
SHARE = 0.25


class SyncRunning(Exception):
    """Somebody else syncs the connection right now."""


class ClaimLost(SyncRunning):
    """We were silent for so long that somebody else may have taken the sync over."""


@dataclass(slots=True)
class SyncCounts:
    """What one sync did."""

    agents: Counts = field(default_factory=Counts)
    numbers: Counts = field(default_factory=Counts)


# --- Checking ------------------------------------------------------------------------
def check(connection: Connection, now: datetime | None = None) -> list[Check]:
    """Try the account; keep what was found, in words."""
    try:
        checks = connection.client(Turns(connection)).check()
    except ProviderError as error:
        _keep_checks(connection, [Check("Connection", False, error.message)], now)
        raise
    _keep_checks(connection, checks, now)
    return checks


def _keep_checks(
    connection: Connection, checks: Sequence[Check], now: datetime | None
) -> None:
    connection.check_results = [asdict(check) for check in checks]
    connection.checked_at = now or utc_now()
    connection.save(update_fields=["check_results", "checked_at"])


# --- Wanting a sync ------------------------------------------------------------------
def ask(connection_id: uuid.UUID, now: datetime) -> bool:
    """Want a sync; False when it is wanted already, or runs."""
    rows = Connection.objects.filter(pk=connection_id, sync_asked_at=None)
    return bool(rows.update(sync_asked_at=now, sync_seen_at=None, sync_progress={}))


def due(now: datetime) -> list[uuid.UUID]:
    """Return the connections to be synced now: on schedule, and those left behind.

    Left behind is a wanted sync that nobody took, or whose worker died.
    """
    lost = Q(sync_seen_at=None, sync_asked_at__lt=now - PATIENCE)
    silent = Q(sync_seen_at__lt=now - SILENCE)
    wanted = Connection.objects.exclude(sync_asked_at=None).filter(lost | silent)
    left = list(wanted.values_list("pk", flat=True))
    return left + [pk for pk in _scheduled(now) if ask(pk, now)]


def _scheduled(now: datetime) -> list[uuid.UUID]:
    """Return the active connections whose next sync is due."""
    if not settings.SYNC_MINUTES:
        return []
    old = now - timedelta(minutes=settings.SYNC_MINUTES)
    is_old = Q(sync_ended_at__lt=old) | Q(sync_ended_at=None, created_at__lt=old)
    idle = Connection.objects.filter(is_old, is_active=True, sync_asked_at=None)
    rows = idle.annotate(count=Count("agents")).order_by("created_at")
    return [row.pk for row in rows if _leaves_room(row, row.count, now)]


def _leaves_room(connection: Connection, agents: int, now: datetime) -> bool:
    """Tell whether a sync now leaves calls enough of the account's requests a minute.

    Some providers are asked about each agent, so that is what a sync may cost.
    """
    limit = connection.kind.requests_per_minute
    last = connection.sync_ended_at or connection.created_at
    return not limit or now - last >= timedelta(minutes=agents / (limit * SHARE))


# --- Syncing -------------------------------------------------------------------------
def sync(connection: Connection, now: datetime | None = None) -> SyncCounts:
    """Fetch everything and keep it, now. Safe to run twice.

    A ProviderError is kept on the row, in words, and raised again. Raises SyncRunning
    while somebody else syncs the connection.
    """
    claim = _claim(connection.pk, Q())
    if claim is None:
        raise SyncRunning(f"{connection} is being synced already.")
    try:
        return _fetch_and_keep(connection, claim, now)
    finally:
        connection.refresh_from_db()


def run_wanted(connection_id: uuid.UUID, *, may_wait: bool = True) -> None:
    """Do the sync that is wanted, unless somebody does; an error is on the row.

    Unless it may wait, it ends where the provider's requests are spent.
    """
    claim = _claim(connection_id, Q(sync_asked_at__isnull=False))
    if claim is None:
        return
    connection = Connection.objects.get(pk=connection_id)
    try:
        _fetch_and_keep(connection, claim, None, may_wait=may_wait)
    except ProviderError as error:
        logger.info("Connection %s was not synced: %s", connection_id, error.message)
    except ClaimLost:
        logger.warning("The sync of connection %s was taken over", connection_id)


class Claim:
    """The right to sync a connection; lost when it was silent for too long."""

    def __init__(self, connection_id: uuid.UUID, seen_at: datetime) -> None:
        self.connection_id = connection_id
        self.seen_at = seen_at
        self.told = time.monotonic()
        self.progress: dict[str, int] = {}
        # An adapter may read with several threads.
        self.lock = Lock()

    def write(self, **fields: Any) -> None:
        """Write what the sync has to say; raises ClaimLost."""
        rows = Connection.objects.filter(pk=self.connection_id)
        if not rows.filter(sync_seen_at=self.seen_at).update(**fields):
            raise ClaimLost

    def read(self, rows: Iterable[T], what: str) -> list[T]:
        """Read rows from the provider, saying how many there are as they come."""
        found: list[T] = []
        for row in rows:
            found.append(row)
            if time.monotonic() - self.told > TELL_SECONDS:
                self.tell(what, len(found))
        self.tell(what, len(found))
        return found

    def tell(self, what: str, count: int) -> None:
        """Say how far it has come; raises ClaimLost."""
        self.progress[what] = count
        self.live()

    def live(self, **more: bool) -> None:
        """Give a sign of life; raises ClaimLost."""
        with self.lock:
            now = utc_now()
            self.write(sync_seen_at=now, sync_progress={**self.progress, **more})
            self.seen_at, self.told = now, time.monotonic()

    def end(self, **fields: Any) -> None:
        """Let go of the sync."""
        fields |= {"sync_asked_at": None, "sync_seen_at": None, "sync_progress": {}}
        self.write(sync_ended_at=utc_now(), **fields)


@dataclass(frozen=True, slots=True)
class InTurn:
    """The pace of a sync: each request waits for its turn, and says so."""

    connection: Connection
    claim: Claim
    may_wait: bool

    def __call__(self) -> None:
        """Take one request; raises ProviderBusy where it may not wait."""
        while wait := budget.take(self.connection, utc_now()):
            if not self.may_wait:
                raise ProviderBusy(SPENT.format(label=self.connection.kind.label))
            self.claim.live(waits=True)
            time.sleep(min(wait.total_seconds(), LONGEST_WAIT))


def _claim(connection_id: uuid.UUID, wanted: Q) -> Claim | None:
    """Take the sync of a connection, unless somebody alive has it."""
    now = utc_now()
    free = Q(sync_seen_at=None) | Q(sync_seen_at__lt=now - SILENCE)
    rows = Connection.objects.filter(free, wanted, pk=connection_id)
    asked = Coalesce("sync_asked_at", Value(now))
    taken = rows.update(sync_asked_at=asked, sync_seen_at=now, sync_progress={})
    return Claim(connection_id, now) if taken else None


def _fetch_and_keep(
    connection: Connection,
    claim: Claim,
    now: datetime | None,
    *,
    may_wait: bool = True,
) -> SyncCounts:
    try:
        client = connection.client(InTurn(connection, claim, may_wait))
        agents = claim.read(client.list_agents(), "agents")
        numbers = claim.read(client.list_numbers(), "numbers")
        counts = _keep(connection, agents, numbers, now or utc_now())
        synced = {"synced_at": now or utc_now(), "sync_error": ""}
        claim.end(sync_counts=asdict(counts), **synced)
    except ProviderError as error:
        claim.end(sync_error=error.message)
        raise
    except ClaimLost:
        raise
    except Exception:
        claim.end(sync_error=FAULT)
        raise
    return counts


def _keep(
    connection: Connection,
    agents: Iterable[AgentFacts],
    numbers: Iterable[NumberFacts],
    now: datetime,
) -> SyncCounts:
    # Agents first: what is bound to numbers is looked up among them.
    kept = catalog.keep(connection, agents, now)
    return SyncCounts(kept, number_catalog.keep(connection, numbers, now))


def keep(
    connection: Connection,
    agents: Iterable[AgentFacts],
    numbers: Iterable[NumberFacts],
    now: datetime,
) -> SyncCounts:
    """Make our rows say what is told, as a sync that reads it from elsewhere would."""
    with transaction.atomic():
        counts = _keep(connection, agents, numbers, now)
        connection.synced_at, connection.sync_error = now, ""
        connection.sync_ended_at, connection.sync_counts = now, asdict(counts)
        fields = ["synced_at", "sync_error", "sync_ended_at", "sync_counts"]
        connection.save(update_fields=fields)
    return counts
