"""Calls per second: one clock on the lane's row, shared by every worker.

A lane is a phone number or, for calls without one, a connection. `next_start_at` on its
row says when its next call may start and is moved under the row's lock, so that no
window of one second holds more starts than the limit, whoever makes them. The starts
are spaced evenly, a little wider than the limit asks for, so that a start that is some
milliseconds late does not crowd the ones behind it; one that is later pushes the clock.
"""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import F

from agents.models import Connection, PhoneNumber

Lane = PhoneNumber | Connection

# Starts lie this much further apart than the limit asks for: 99.2 % of it is used.
SLACK = 1.008
# A start this far away may be taken now and waited for; a worker never waits longer.
REACH = timedelta(milliseconds=60)
# A start this much late could share a second with one start too many.
TOLERANCE = timedelta(milliseconds=4)
# What one write to the database may take.
WRITE = timedelta(milliseconds=6)


def spacing(lane: Lane) -> timedelta:
    """Return the time between two starts of the lane."""
    return timedelta(seconds=SLACK / float(lane.cps))


def next_start(lane: Lane, now: datetime) -> datetime:
    """Return when the lane's next call may start."""
    return max(now, lane.next_start_at or now)


def take(lane: Lane, start: datetime) -> None:
    """Move the clock past `start`. The caller holds the lane's row lock."""
    lane.next_start_at = start + spacing(lane)


def wait_until(start: datetime) -> None:
    """Wait, at most REACH, for a start that was taken."""
    wait = (start - datetime.now(tz=UTC)).total_seconds()
    if wait > 0:
        time.sleep(min(wait, REACH.total_seconds()))


def started(lane: Lane, start: datetime, now: datetime) -> None:
    """Push the clock when a start came later than its place allows.

    Saying so takes a write, which makes the start later still: as much is added. More
    than a second makes no more room in any window of one second.
    """
    late = now - start
    if late > TOLERANCE:
        push = min(late + WRITE, timedelta(seconds=1))
        rows = type(lane)._default_manager.filter(pk=lane.pk)
        rows.update(next_start_at=F("next_start_at") + push)
