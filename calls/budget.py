"""How often we may ask a provider: its requests a minute, shared by all workers.

The clock is on a row beside the connection (`Watch`). Dials always go; what they spend is
missing for questions, which wait. Of a minute's requests one part in six may go at once,
the rest evenly, so that no minute holds more than are allowed.
"""

from datetime import datetime, timedelta

from agents.models import Connection
from calls.models import Watch

AT_ONCE = 6
MINUTE = timedelta(minutes=1)
# Webhooks about calls that nobody here knows make us ask about so many in a minute.
HINTS_PER_MINUTE = 30


def may_ask(connection: Connection, now: datetime) -> bool:
    """Take one request of the provider's allowance; False: later."""
    a_minute = connection.kind.requests_per_minute
    return not a_minute or _take(connection, "asks_until", a_minute, now)


def may_look_up(connection: Connection, now: datetime) -> bool:
    """Take one question about a call nobody knows; False: later."""
    return _take(connection, "hints_until", HINTS_PER_MINUTE, now)


def spend(connection: Connection, now: datetime) -> None:
    """Count a request that does not wait: a dial."""
    if a_minute := connection.kind.requests_per_minute:
        _take(connection, "asks_until", a_minute, now, waits=False)


def at_once(a_minute: int) -> int:
    """Return how many requests may go at the same moment."""
    return max(1, a_minute // AT_ONCE)


def _take(
    connection: Connection,
    clock: str,
    a_minute: int,
    now: datetime,
    *,
    waits: bool = True,
) -> bool:
    """Move the clock by one request, unless it is too far ahead."""
    burst = at_once(a_minute)
    step = MINUTE / max(1, a_minute - burst)
    rows = Watch.objects.filter(connection=connection)
    while True:
        watch, _ = Watch.objects.get_or_create(connection=connection)
        spent = getattr(watch, clock)
        if waits and spent and spent > now + step * (burst - 1):
            return False
        moved = max(spent or now, now) + step
        if rows.filter(**{clock: spent}).update(**{clock: moved}):
            return True
