"""The sums of a workspace's calls, kept up to date and always exact.

What changes leaves a mark (`StaleHour`) in its own transaction; whoever counts, counts
the marked hours anew from the calls (`tallies`). So counting twice does no harm, and
a call that changed, moved into another or was deleted is counted as it now is.

One at a time counts for a workspace: it holds the row of its `Summary` locked.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from calls.models import Call, StaleHour, Summary
from calls.sums import tallies
from dashboard.models import Workspace

# So many marks are worked off in one transaction.
MOST_MARKS = 500
Moment = tuple[uuid.UUID, datetime]


# --- Marking -------------------------------------------------------------------------
def mark_stale(workspace_id: uuid.UUID, created_at: datetime) -> None:
    """Have the hour of a call that was created then counted anew.

    To be called in the transaction that changes or deletes the call, where that is
    not a change after the end that the digest sees by itself.
    """
    mark_all_stale([(workspace_id, created_at)])


def mark_all_stale(moments: Iterable[Moment]) -> None:
    """Do as `mark_stale` for many calls: workspace id and `created_at` of each."""
    full = {(space, _floor(at)) for space, at in moments}
    marks = [StaleHour(workspace_id=space, at=at) for space, at in full]
    StaleHour.objects.bulk_create(marks, batch_size=500)


def _floor(at: datetime) -> datetime:
    """Return the quarter of an hour: no hour of any zone's clock begins within one."""
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def take_in(calls: Sequence[Call], now: datetime) -> None:
    """Mark the hours of calls that ended or changed: a part of the digest."""
    mark_all_stale((call.workspace_id, call.created_at) for call in calls)


# --- Counting ------------------------------------------------------------------------
def catch_up() -> None:
    """Count all that is stale, except where somebody else is counting already."""
    marked = StaleHour.objects.order_by().values("workspace").distinct()
    moved = Q(summary=None) | ~Q(summary__zone=F("timezone"))
    for workspace in Workspace.objects.filter(Q(pk__in=marked) | moved):
        while count(workspace) and workspace.stale_hours.exists():
            pass


def count(workspace: Workspace, also: Iterable[datetime] = ()) -> bool:
    """Count some stale hours anew, the oldest marks first, and those of `also`.

    False: somebody else is counting, nothing was done.
    """
    Summary.objects.get_or_create(workspace=workspace)
    with transaction.atomic():
        free = Summary.objects.select_for_update(skip_locked=True, of=("self",))
        row = free.select_related("workspace").filter(pk=workspace.pk).first()
        if row is None:
            return False
        _count(row, also)
    return True


def rebuild(workspace: Workspace) -> None:
    """Count everything anew; waits for whoever is counting."""
    Summary.objects.get_or_create(workspace=workspace)
    with transaction.atomic():
        rows = Summary.objects.select_for_update(of=("self",))
        _count_all(rows.select_related("workspace").get(pk=workspace.pk))


def _count(row: Summary, also: Iterable[datetime]) -> None:
    space = row.workspace
    if row.zone != space.timezone:
        _count_all(row)
        return
    # Seen before anything is counted: a mark that comes meanwhile stays.
    marks = list(space.stale_hours.order_by("id")[:MOST_MARKS])
    zone = ZoneInfo(row.zone)
    moments = {mark.at for mark in marks} | set(also)
    hours = sorted({tallies.hour_of(zone, at) for at in moments})
    for hour in hours:
        tallies.write_hour(space, zone, hour)
    if hours:
        tallies.write_days(space, sorted({day for day, _ in hours}))
    _done(row, [mark.pk for mark in marks])


def _count_all(row: Summary) -> None:
    space = row.workspace
    marks = list(space.stale_hours.values_list("pk", flat=True))
    row.zone = space.timezone
    tallies.write_all(space, ZoneInfo(row.zone))
    _done(row, marks)


def _done(row: Summary, marks: Sequence[int]) -> None:
    for first in range(0, len(marks), MOST_MARKS):
        seen = marks[first : first + MOST_MARKS]
        StaleHour.objects.filter(pk__in=seen).delete()
    row.counted_at = timezone.now()
    row.save(update_fields=["zone", "counted_at"])
