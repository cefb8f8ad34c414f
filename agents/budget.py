"""How often we may ask a provider: its requests a minute, shared by all workers.

Everything that is asked over a connection counts: syncs, checks, bindings, questions,
dials. Dials, and what a person waits for, always go; what they spend is missing for the
rest, which waits. Of a minute's requests one part in six may go at once, the rest evenly,
so that no minute holds more than are allowed. The clock is on the connection's row.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from agents.models import Connection

AT_ONCE = 6
MINUTE = timedelta(minutes=1)
NOW = timedelta()


def at_once(a_minute: int) -> int:
    """Return how many requests may go at the same moment."""
    return max(1, a_minute // AT_ONCE)


def moved(
    clock: datetime | None, a_minute: int, now: datetime
) -> tuple[datetime, timedelta]:
    """Return a clock that counts one request more, and how long that is to wait."""
    burst = at_once(a_minute)
    step = MINUTE / max(1, a_minute - burst)
    ahead = (clock or now) - (now + step * (burst - 1))
    return max(clock or now, now) + step, max(ahead, NOW)


def take(connection: Connection, now: datetime) -> timedelta:
    """Take one request of the allowance, or return how long to wait before that."""
    return _take(connection, now, waits=True)


def may_ask(connection: Connection, now: datetime) -> bool:
    """Take one request of the allowance; False: later."""
    return take(connection, now) == NOW


def spend(connection: Connection, now: datetime) -> None:
    """Count a request that does not wait."""
    _take(connection, now, waits=False)


def _take(connection: Connection, now: datetime, *, waits: bool) -> timedelta:
    """Move the clock by one request, unless it is too far ahead."""
    a_minute = connection.kind.requests_per_minute
    rows = Connection.objects.filter(pk=connection.pk)
    while a_minute:
        clock = rows.values_list("asks_until", flat=True).get()
        after, wait = moved(clock, a_minute, now)
        if waits and wait:
            return wait
        if rows.filter(asks_until=clock).update(asks_until=after):
            break
    return NOW


class Turns:
    """The pace of an adapter that asks when it was given leave, or for a person.

    An answer may take several requests: leave is asked for the first, and those behind
    it are counted. Without leave all are counted, and none waits.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.granted = 0

    def may_ask(self, now: datetime) -> bool:
        """Ask leave for one question; False: later."""
        is_granted = may_ask(self.connection, now)
        self.granted += is_granted
        return is_granted

    def __call__(self) -> None:
        """Count a request that goes out now."""
        if self.granted:
            self.granted -= 1
        else:
            spend(self.connection, timezone.now())
