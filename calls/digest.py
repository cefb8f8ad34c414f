"""What the history makes of a call that is over: found by words, counted, looked at.

A call is stale until `digested_at` is its `changed_at`: so a change after the end is
taken in as well, and one that comes meanwhile is not lost. Every part works out its
rows anew from the call, so that doing it twice does no harm.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q

from calls.models import Call
from calls.models.call import FINAL, CallQuerySet

BATCH = 200
Part = Callable[[Sequence[Call], datetime], None]
# What takes calls in. A part is given calls that are over, and may not change them.
PARTS: tuple[Part, ...] = ()


def stale() -> CallQuerySet:
    """Return calls that ended, or changed after their end, since they were taken in."""
    unseen = Q(digested_at=None) | ~Q(digested_at=F("changed_at"))
    return Call.objects.filter(unseen, status__in=FINAL)


def run(now: datetime) -> int:
    """Take in some stale calls, the oldest first; return how many: 0, none are left."""
    calls = list(stale().select_related("workspace").order_by("id")[:BATCH])
    if not calls:
        return 0
    with transaction.atomic():
        for part in PARTS:
            part(calls, now)
        mark(calls)
    return len(calls)


def mark(calls: Sequence[Call]) -> None:
    """Say that these calls were taken in as they were read; one changed since stays."""
    seen = (Q(pk=call.pk, changed_at=call.changed_at) for call in calls)
    rows = Call.objects.filter(reduce(or_, seen))
    rows.update(digested_at=F("changed_at"))
