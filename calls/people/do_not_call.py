"""Putting the numbers of calls on the do-not-call list, and taking that back."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from agents import phone
from agents.models import Direction
from calls.models import Suppression
from dashboard.models import AuditEntry, User, Workspace

ADDED = "numbers suppressed"
TAKEN_BACK = "numbers allowed again"
# An oversight shows soon; later an admin takes numbers off one by one.
UNDO_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers at the other end of calls: `new` would be added, `known` are there.

    `odd` counts those that the list cannot hold: hidden, or of a telephone system.
    """

    new: tuple[str, ...]
    known: int
    odd: int


def numbers_of(workspace: Workspace, call_ids: Iterable[uuid.UUID]) -> Numbers:
    """Return whose numbers are in these calls of the workspace, each once."""
    calls = workspace.calls.filter(pk__in=set(call_ids))
    inbound = Q(direction=Direction.INBOUND)
    found = set(calls.filter(inbound).values_list("from_number", flat=True))
    found |= set(calls.exclude(inbound).values_list("to_number", flat=True))
    read = {phone.e164(text, workspace.country) for text in found}
    usable = {number for number in read if number}
    listed = workspace.suppressions.filter(number__in=usable)
    known = set(listed.values_list("number", flat=True))
    new = tuple(sorted(usable - known))
    return Numbers(new, len(known), len(found) - len(usable))


@transaction.atomic
def add(
    workspace: Workspace, numbers: Iterable[str], user: User, now: datetime
) -> AuditEntry:
    """Put numbers on the list; return the entry by which it can be taken back."""
    reason = f"Chosen in the list of calls on {now:%d %b %Y}"
    rows = [
        Suppression(
            workspace=workspace,
            number=number,
            reason=reason,
            created_by=user,
            created_at=now,
        )
        for number in numbers
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return AuditEntry.record(
        workspace,
        ADDED,
        user,
        subject=f"{len(rows)} number{'s' * (len(rows) != 1)}",
        at=now,
        after={"numbers": [row.number for row in rows], "reason": reason},
    )


def may_undo(entry: AuditEntry, user: User, now: datetime) -> bool:
    """Tell whether this person may still take an addition back."""
    is_fresh = now - entry.at <= UNDO_WITHIN
    return entry.action == ADDED and entry.user_id == user.pk and is_fresh


@transaction.atomic
def take_back(entry: AuditEntry, user: User, now: datetime) -> int:
    """Take off the list what an addition put there; return how many numbers."""
    mine = entry.workspace.suppressions.filter(
        number__in=entry.after["numbers"], created_by=user, created_at=entry.at
    )
    numbers = sorted(mine.values_list("number", flat=True))
    mine.delete()
    if numbers:
        AuditEntry.record(
            entry.workspace,
            TAKEN_BACK,
            user,
            subject=f"{len(numbers)} number{'s' * (len(numbers) != 1)}",
            at=now,
            before={"numbers": numbers},
        )
    return len(numbers)
