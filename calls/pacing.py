"""Calls per second: the last starts of a lane, on its row, shared by every worker.

A lane is a phone number or, for calls without one, a connection. `starts` on its row
holds the moments at which its last calls started, as many as may start in one second;
it changes under the row's lock only. The next call starts a second and a little after
the one that many before it, so that no window of one second holds more starts than the
limit, whoever makes them. A start that comes late only delays the one that many later.
"""

import logging
import time
import uuid
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, transaction

from agents.models import Connection, PhoneNumber

logger = logging.getLogger(__name__)

Lane = PhoneNumber | Connection
# What a task is told of a lane's kind.
KINDS: dict[str, type[Lane]] = {"number": PhoneNumber, "connection": Connection}

# The way to the provider is not always equally long: a second is this much longer.
MARGIN = 0.008
# Starts lie at least this much of an even distance apart. The rest is what one may come
# late by without holding up the others: with hardly any, each late start cost the line.
EVEN = 0.8
# A start this far away may be taken now and waited for; a worker never waits longer.
REACH = timedelta(milliseconds=230)
# A worker looks at a lane this much before its next start: a message that comes late by
# less delays nothing.
LEAD = timedelta(milliseconds=200)
# A start later than this is written down as it was.
TOLERANCE = timedelta(milliseconds=1)
# A start later than this may have lost its place: the next ones counted on it.
MISSED = timedelta(milliseconds=500)
# Before a worker can ask the provider, it has this much to look up.
READY = timedelta(milliseconds=5)
# A call is marked as asked this much before its start, where there is time for that: to
# write it may take as long, and a worker killed behind it leaves the call in doubt.
MARKED = timedelta(milliseconds=15)
# Starts further ahead than this were written by a clock that was wrong.
AHEAD = 10.0


def room(lane: Lane) -> tuple[int, float]:
    """Return how many calls may start in how many seconds.

    What a limit has behind its point is not used, but below one call a second.
    """
    cps = float(lane.cps)
    return (int(cps), 1.0) if cps >= 1 else (1, 1 / cps)


def next_start(lane: Lane, now: datetime) -> datetime:
    """Return when the lane's next call may start, no sooner than anybody is ready."""
    count, seconds = room(lane)
    at = (now + READY).timestamp()
    starts = [start for start in lane.starts[-count:] if start < at + AHEAD]
    if starts:
        at = max(at, starts[-1] + EVEN * seconds / count)
    if len(starts) == count:
        at = max(at, starts[0] + seconds + MARGIN)
    return datetime.fromtimestamp(at, tz=UTC)


def take(lane: Lane, start: datetime) -> None:
    """Note a start. The caller holds the lane's row lock, and saves `starts`."""
    count, _ = room(lane)
    lane.starts = [*lane.starts, start.timestamp()][-count:]


def wait_until(start: datetime) -> None:
    """Wait, at most REACH, for a start that was taken."""
    wait = (start - datetime.now(tz=UTC)).total_seconds()
    if wait > 0:
        time.sleep(min(wait, REACH.total_seconds()))


def is_missed(start: datetime, now: datetime) -> bool:
    """Tell whether it is too late to start in this place: another is to be taken."""
    return now - start > MISSED


def started(
    kind: type[Lane], lane_id: uuid.UUID, start: datetime, at: datetime
) -> None:
    """Note a start that came later than planned as late as it was; never raises.

    It is soon enough when the request has left: the next that counts on it starts a
    second later.
    """
    if at - start <= TOLERANCE:
        return
    planned = start.timestamp()
    try:
        with transaction.atomic():
            rows = kind._default_manager.select_for_update(no_key=True)
            row = rows.only("cps", "starts").get(pk=lane_id)
            count, _ = room(row)
            others = [other for other in row.starts if other != planned]
            row.starts = sorted([*others, at.timestamp()])[-count:]
            row.save(update_fields=["starts"])
    except DatabaseError:
        # The call is on its way; a start a little too early is the lesser evil.
        logger.exception("A late start of lane %s could not be noted", lane_id)
