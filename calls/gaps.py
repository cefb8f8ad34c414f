"""Gaps: calls that a provider has and we lack, found by comparing its list with ours.

Webhooks get lost, and some ends are told by none. So the list of each connection's
provider is looked through again and again, a little of the past included. What is not
here is fetched and brought in; what is open here and over there is asked about.
"""

import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Q

from agents import budget
from agents.models import Connection
from agents.providers.base import (
    CallUpdate,
    Provider,
    ProviderError,
    ProviderRefused,
)
from calls import asking, changes, hints, intake, lifecycle, unclear
from calls.lifecycle import Applied
from calls.matching import Known, ids_of
from calls.models import CallStatus, Watch
from calls.models.call import FINAL
from calls.privacy import erasing

logger = logging.getLogger(__name__)

# How often a connection is looked at, and how long one worker has for it.
EVERY = timedelta(minutes=5)
LEASE = timedelta(minutes=15)
# How far each look goes back behind the last one: lists lag behind what happens. Some
# show a call only once it is over, so now and then a look goes back as far as a call
# can last.
OVERLAP = timedelta(minutes=15)
DEEP_EVERY = timedelta(hours=1)
# The first look goes back to when the account was connected, but no further than this.
FIRST = timedelta(days=1)
# A call that ended less than this ago may still be told of: that is no gap.
GRACE = timedelta(minutes=1)
# What one look may read; the next one goes on where it stopped.
PAGES = 10
FETCHES = 100


@dataclass(slots=True)
class Look:
    """What one look found. `is_done`: it came to the end of the list."""

    compared: int = 0
    found: int = 0
    asked: int = 0
    fetches: int = 0
    is_done: bool = False
    # Something that may be a call of ours was left for the next look.
    has_left_out: bool = False
    error: str = ""
    applied: list[Applied] = field(default_factory=list)


def due(now: datetime) -> list[uuid.UUID]:
    """Return the connections whose calls are to be compared now."""
    rested = Q(watch=None) | Q(watch__looked_at=None)
    rested |= Q(watch__looked_at__lte=now - EVERY) | Q(watch__since__isnull=False)
    free = Q(watch=None) | Q(watch__lease_until=None) | Q(watch__lease_until__lte=now)
    rows = Connection.objects.filter(rested, free, is_active=True)
    return list(rows.order_by("watch__looked_at").values_list("pk", flat=True))


def look(connection: Connection, now: datetime) -> Look | None:
    """Compare the provider's calls with ours; None: somebody else does so just now.

    What went wrong is kept on the row, and in the Look, in words.
    """
    watch = _claim(connection, now)
    if watch is None:
        return None
    done = Look()
    try:
        _look(connection, watch, done, now)
    except ProviderError as error:
        logger.warning("Looking for gaps of %s: %s", connection.pk, error.message)
        done.error = error.message
        if isinstance(error, ProviderRefused):
            # Perhaps the place in the list is no longer known: begin anew.
            watch.since, watch.cursor = None, ""
    finally:
        _release(watch, done, now)
    return done


# --- Whose turn it is ----------------------------------------------------------------
def _claim(connection: Connection, now: datetime) -> Watch | None:
    Watch.objects.get_or_create(connection=connection)
    rows = Watch.objects.filter(connection=connection)
    free = rows.filter(Q(lease_until=None) | Q(lease_until__lte=now))
    return rows.get() if free.update(lease_until=now + LEASE) else None


def _release(watch: Watch, done: Look, now: datetime) -> None:
    watch.lease_until, watch.looked_at, watch.error = None, now, done.error
    names = ["lease_until", "looked_at", "error", "began_at", "since", "cursor"]
    watch.save(update_fields=[*names, "seen_until", "deep_at"])
    if done.found:
        rows = Watch.objects.filter(pk=watch.pk)
        rows.update(found=F("found") + done.found, last_found_at=now)


def _begin(connection: Connection, watch: Watch, now: datetime) -> datetime:
    """Return from when on calls are compared; a look that was cut short goes on."""
    if watch.since is not None:
        return watch.since
    watch.began_at, watch.cursor = now, ""
    if watch.seen_until is None:
        watch.since, watch.deep_at = max(connection.created_at, now - FIRST), now
    elif watch.deep_at is None or watch.deep_at <= now - DEEP_EVERY:
        watch.since, watch.deep_at = watch.seen_until - _longest(connection), now
    else:
        watch.since = watch.seen_until - OVERLAP
    return watch.since


def _longest(connection: Connection) -> timedelta:
    return max(OVERLAP, connection.kind.longest_call)


# --- Looking -------------------------------------------------------------------------
def _look(connection: Connection, watch: Watch, done: Look, now: datetime) -> None:
    """Go through the list page by page, until its end or as far as one look may."""
    since, turns = _begin(connection, watch, now), budget.Turns(connection)
    client = connection.client(turns)
    for _ in range(PAGES):
        if not turns.may_ask(now):
            return
        page = client.list_calls(since, watch.cursor)
        if not _compare(turns, client, page.items, done, now):
            return
        if not page.next or page.next == watch.cursor:
            break
        watch.cursor = page.next
    else:
        return
    done.is_done = True
    if not done.has_left_out:
        watch.seen_until = watch.began_at
    watch.since, watch.cursor = None, ""


def _compare(
    turns: budget.Turns,
    client: Provider,
    told: tuple[CallUpdate, ...],
    done: Look,
    now: datetime,
) -> bool:
    """Compare one page; False: no more can be fetched now, look at it again later."""
    connection = turns.connection
    known = Known([(connection, update) for update in told])
    dialled = unclear.numbers(connection)
    stale = []
    for update in told:
        row = known.find(connection, update)
        if row:
            was_lost = row.status == CallStatus.FAILED and not row.ids
            is_open = row.status not in FINAL
            if was_lost or (is_open and update.status in FINAL):
                stale.append(row.pk)
        elif not ids_of(update) or _is_fresh(update, now):
            continue
        elif not update.reference and unclear.may_be_one(
            dialled, connection, update.direction, update.to_number
        ):
            done.has_left_out = True
        elif not _bring_in(turns, client, update, done, now):
            return False
    done.compared += len(told)
    pairs = [(pk, asking.hint(now)) for pk in dict.fromkeys(stale)]
    done.asked += len(pairs)
    heard = [changes.LIST] * len(pairs)
    done.applied += lifecycle.apply_all(pairs, now, heard) if pairs else []
    return True


def _is_fresh(update: CallUpdate, now: datetime) -> bool:
    """Tell whether it happened so lately that its webhooks may be on their way."""
    at = update.ended_at or update.answered_at or update.ringing_at
    if at is None:
        return update.status not in FINAL
    return now - at < GRACE


def _bring_in(
    turns: budget.Turns,
    client: Provider,
    update: CallUpdate,
    done: Look,
    now: datetime,
) -> bool:
    """Fetch a call and write it here; False: there is no request left for it."""
    if erasing.was_erased(turns.connection, ids_of(update)):
        return True
    if done.fetches >= FETCHES or not turns.may_ask(now):
        return False
    done.fetches += 1
    fetched = hints.fetch(client, update)
    # A call that goes on may still be told of; one that is over was missed.
    is_over = (fetched or update).status in FINAL
    told = [update, fetched] if fetched else [update]
    found_at = now if is_over else None
    applied, is_new = intake.take_in(
        turns.connection, told, now, changes.LIST, found_at
    )
    done.found += is_new and is_over
    done.applied.append(applied)
    return True
