"""What the history makes of a call that is over: found by words, counted, looked at.

A call is stale until `digested_at` is its `changed_at`: so a change after the end is
taken in as well, and one that comes meanwhile is not lost. Every part works out its
rows anew from the call, so that doing it twice does no harm.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q

from calls.fixed import fixed
from calls.history import taking
from calls.models import Call
from calls.models.call import FINAL, CallQuerySet
from calls.review import looks
from calls.sums import summary

logger = logging.getLogger(__name__)

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
    """Take in some stale calls, the oldest first; return how many: 0, none are left.

    When that fails they go one by one, and one that cannot be taken in is set aside
    until it changes: it must not hold up the others.
    """
    if not stale().values_list("pk")[:1]:
        return 0
    try:
        return _take_in(BATCH, now)
    except Exception:
        logger.exception("Calls could not be taken in; one by one now")
    taken = 0
    while taken < BATCH and (more := _take_in_one(now)):
        taken += more
    return taken


@transaction.atomic
def _take_in(count: int, now: datetime) -> int:
    calls = _locked(count)
    for part in PARTS if calls else ():
        part(calls, now)
    mark(calls)
    return len(calls)


@transaction.atomic
def _take_in_one(now: datetime) -> int:
    calls = _locked(1)
    try:
        with transaction.atomic():
            for part in PARTS if calls else ():
                part(calls, now)
    except Exception:
        logger.exception("Call %s could not be taken in", calls[0].pk)
    mark(calls)
    return len(calls)


def _locked(count: int) -> list[Call]:
    """Return stale calls, held until all is written: none is deleted meanwhile."""
    # Two workers take different ones.
    free = stale().select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(free.select_related("workspace")[:count])


def mark(calls: Sequence[Call]) -> None:
    """Say that these calls were taken in as they were read; one changed since stays."""
    if not calls:
        return
    seen = (Q(pk=call.pk, changed_at=call.changed_at) for call in calls)
    rows = Call.objects.filter(reduce(or_, seen))
    rows.update(digested_at=F("changed_at"))
