"""The reviewed mark: somebody has looked at these calls."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from calls import changes
from calls.models import Call
from dashboard.models import User

# So many are marked by one statement: SQLite takes 32,766 values in one.
CHUNK = 5_000


def mark(
    calls: Sequence[Call], by: User, now: datetime, *, is_reviewed: bool = True
) -> int:
    """Mark calls as reviewed, or as not; return how many were not so before.

    `changed_at` moves on, so that pages and the history see it; the first reviewer of
    a call stays.
    """
    marked = 0
    for first in range(0, len(calls), CHUNK):
        marked += _mark(calls[first : first + CHUNK], by, now, is_reviewed=is_reviewed)
    return marked


@transaction.atomic
def _mark(calls: Sequence[Call], by: User, now: datetime, *, is_reviewed: bool) -> int:
    rows = Call.objects.filter(pk__in=[call.pk for call in calls])
    rows = rows.filter(reviewed_at__isnull=is_reviewed).order_by("pk")
    ids = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    Call.objects.filter(pk__in=ids).update(
        reviewed_at=now if is_reviewed else None,
        reviewed_by=by if is_reviewed else None,
        changed_at=now,
    )
    note = "Marked as reviewed." if is_reviewed else "No longer marked as reviewed."
    changes.all_by_hand([(pk, note) for pk in ids], by, now)
    return len(ids)
