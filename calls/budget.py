"""How often we may ask a provider about calls.

What counts for everything that is asked is in `agents/budget.py`; here is what we allow
ourselves for webhooks about calls that nobody here knows.
"""

from datetime import datetime

from agents.budget import NOW, Turns, at_once, may_ask, moved, spend
from agents.models import Connection
from calls.models import Watch

__all__ = ["HINTS_PER_MINUTE", "Turns", "at_once", "may_ask", "may_look_up", "spend"]
# So many unknown calls are asked about in a minute.
HINTS_PER_MINUTE = 30


def may_look_up(connection: Connection, now: datetime) -> bool:
    """Take one question about a call nobody knows; False: later."""
    rows = Watch.objects.filter(connection=connection)
    while True:
        watch, _ = Watch.objects.get_or_create(connection=connection)
        after, wait = moved(watch.hints_until, HINTS_PER_MINUTE, now)
        if wait > NOW:
            return False
        if rows.filter(hints_until=watch.hints_until).update(hints_until=after):
            return True
