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

from calls import looks, summary
from calls.fixed import fixed
from calls.history import taking
from calls.models import Call
from calls.models.call import FINAL, CallQuerySet

BATCH = 200
Part = Callable[[Sequence[Call], datetime], None]
# What takes calls in. A part is given calls that are over, and may not change them.
PARTS: tuple[Part, ...] = (taking.take_in, summary.take_in, looks.take_in)


def stale() -> CallQuerySet:
    """Return calls that ended, or changed after their end, since they were taken in.

    Oldest first, and to be asked for in this order: PostgreSQL thinks that they are
    many, and reads all calls where it may take any. So no `exists()` either.
    """
    unseen = Q(digested_at=None) | ~Q(digested_at=F("changed_at"))
    over = Q(status__in=fixed(FINAL))
    return Call.objects.filter(unseen, over).order_by("id")


def run(now: datetime) -> int:
    """Take in some stale calls, the oldest first; return how many: 0, none are left."""
    if not stale().values_list("pk")[:1]:
        return 0
    with transaction.atomic():
        # Held until all is written: none is deleted meanwhile, and two workers take
        # different calls.
        free = stale().select_for_update(skip_locked=True, no_key=True, of=("self",))
        calls = list(free.select_related("workspace")[:BATCH])
        for part in PARTS if calls else ():
            part(calls, now)
        if calls:
            mark(calls)
    return len(calls)


def mark(calls: Sequence[Call]) -> None:
    """Say that these calls were taken in as they were read; one changed since stays."""
    seen = (Q(pk=call.pk, changed_at=call.changed_at) for call in calls)
    rows = Call.objects.filter(reduce(or_, seen))
    rows.update(digested_at=F("changed_at"))
