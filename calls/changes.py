"""The story of a call's changes: what changed, when, and who told us."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from calls import batches
from calls.models import Call, CallChange, ToldBy
from dashboard.models import ApiKey, Author, User

# Of no interest to a reader: they change at every look.
SILENT = frozenset({"status_raw", "provider_call_id", "other_call_id"})


@dataclass(frozen=True, slots=True)
class Heard:
    """Who told us of a change; `event_id`: the webhook that did."""

    told_by: ToldBy
    event_id: int | None = None


REPLY = Heard(ToldBy.REPLY)
POLL = Heard(ToldBy.POLL)
LIST = Heard(ToldBy.LIST)
MERGE = Heard(ToldBy.MERGE)
US = Heard(ToldBy.US)


def change(
    call: Call,
    heard: Heard,
    before: str,
    changed: Iterable[str],
    at: datetime,
    note: str = "",
) -> CallChange:
    """Return the unsaved row of a change; `changed` are names of fields, and "turns"."""
    after = call.status
    return CallChange(
        call_id=call.pk,
        at=at,
        told_by=heard.told_by,
        event_id=heard.event_id,
        status_before=before if before != after else "",
        status_after=after if before != after else "",
        fields=sorted(set(changed) - SILENT - {"status"}),
        note=note[:400],
    )


def is_worth(row: CallChange) -> bool:
    """Tell whether a change says anything to a reader."""
    return bool(row.status_after or row.fields or row.note)


def write(rows: Iterable[CallChange]) -> None:
    """Write changes, in one statement."""
    batches.add([row for row in rows if is_worth(row)])


def moved(call_id: uuid.UUID, before: str, after: str, note: str) -> None:
    """Write that we moved a call from one status to another, and why."""
    CallChange.objects.create(
        call_id=call_id,
        told_by=ToldBy.US,
        status_before=before,
        status_after=after,
        note=note[:400],
    )


def by_hand(call: Call, by: Author, at: datetime, note: str) -> None:
    """Write what a person or a program did to a call, in words."""
    all_by_hand([(call.pk, note)], by, at)


def all_by_hand(
    notes: Iterable[tuple[uuid.UUID, str]], by: Author, at: datetime
) -> None:
    """Write what somebody did to calls, a note on each; one statement for all."""
    user = by if isinstance(by, User) else None
    api_key = by if isinstance(by, ApiKey) else None
    told_by = ToldBy.PERSON if user else ToldBy.PROGRAM if api_key else ToldBy.US
    write(
        CallChange(
            call_id=call_id,
            at=at,
            told_by=told_by,
            user=user,
            api_key=api_key,
            note=note[:400],
        )
        for call_id, note in notes
    )
