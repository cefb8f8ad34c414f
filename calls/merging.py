"""One call, two rows: a stranger's row goes into the one that it turns out to be.

A webhook may tell of our call before the provider's reply does, and a provider that
carries no reference of ours gives us no way to know it. The row made then is a
stranger's, until an update of our call names the same id. What the stranger's row
holds (events, deliveries, turns, facts, the recording) is taken over, and it goes.

Two calls that were both launched here are never made one: see `Fusion.believed`.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from agents.providers.base import CallUpdate
from calls.billing import money
from calls.matching import Row, ids_of, rows_named, rows_with
from calls.models import (
    Call,
    CallChange,
    Delivery,
    Note,
    Recording,
    RecordingState,
    WebhookEvent,
)
from calls.models.recording import store
from calls.records import record
from calls.sums import summary

Pair = tuple[uuid.UUID, CallUpdate]
T = TypeVar("T")
DEADLOCK = "40P01"
# How often updates are applied anew when another transaction came between.
TRIES = 5
DOUBT = (
    "{label} answered with the id of another call of ours, so it is not clear whether "
    "this one went out. We are asking; it will not be dialled again."
)


class CallGone(LookupError):
    """The call is part of another by now: look again which one is meant."""


class Held(Exception):
    """Other calls have ids that an update names: they must be locked as well."""

    def __init__(self, calls: Collection[uuid.UUID]) -> None:
        super().__init__("Other calls have these ids.")
        self.calls = calls


def settle(apply: Callable[[set[uuid.UUID] | None], T]) -> T:
    """Apply updates until nobody comes between; `apply` is one transaction.

    It is given which calls it is to lock beside its own. As it locks all of them in one
    order, it is rolled back and begun again when it meets more. At first it is given
    None: it need not look for others where the database would say that an id is taken.
    """
    also: set[uuid.UUID] | None = None
    for left in reversed(range(TRIES)):
        try:
            return apply(also)
        except Held as held:
            also = (also or set()) | set(held.calls)
        except (IntegrityError, OperationalError) as error:
            also = also or set()
            if not left or not _is_race(error):
                raise
    raise CallGone("Other transactions came between, again and again.")


def _is_race(error: Exception) -> bool:
    """Tell whether another transaction came between, and trying again may help."""
    if isinstance(error, OperationalError):
        return getattr(error.__cause__, "sqlstate", "") == DEADLOCK
    return True


class Fusion:
    """What updates of locked calls make one; raises CallGone, or Held.

    `calls` holds the rows that remain, `told` what went with the others. Unless it
    `looks`, the unique constraint is left to find who else has a call's first id.
    """

    def __init__(
        self, calls: dict[uuid.UUID, Call], pairs: Sequence[Pair], *, looks: bool
    ) -> None:
        if any(call_id not in calls for call_id, _ in pairs):
            raise CallGone
        self.calls, self.looks = calls, looks
        self.told: list[Pair] = []
        self._into: dict[uuid.UUID, uuid.UUID] = {}
        self._taken: set[tuple[uuid.UUID, str]] = set()
        for call_id, row, word in self._holders(pairs):
            self._meet(call_id, row.pk, word)

    def call_of(self, call_id: uuid.UUID) -> Call:
        """Return the call that a given one is, or is part of."""
        while call_id in self._into:
            call_id = self._into[call_id]
        return self.calls[call_id]

    def believed(self, call: Call, update: CallUpdate) -> CallUpdate | None:
        """Return what of an update a call may take; None: it may not be about it.

        That is so where it names an id that another call of ours has. A call that has
        an id of its own takes the facts.
        """
        if not any((call.pk, word) in self._taken for word in ids_of(update)):
            return update
        if not _ids(call) & ids_of(update):
            return None
        return replace(update, provider_call_id="", other_call_id="")

    def _holders(self, pairs: Sequence[Pair]) -> list[tuple[uuid.UUID, Row, str]]:
        """Return who else has an id, or is the call, that an update names."""
        wanted = [(self.calls[call_id], update) for call_id, update in pairs]
        new = {word for call, update in wanted for word in self._sought(call, update)}
        named = {u.reference for call, u in wanted if not call.is_ours} - {""}
        connections = {call.connection_id for call, _ in wanted}
        by_id = rows_with(connections, new)
        by_reference = rows_named(connections, named)
        missing = {row.pk for row in (*by_id, *by_reference)} - self.calls.keys()
        if missing:
            raise Held(missing)
        found = []
        for call, update in wanted:
            ids = _new_ids(call, update)
            for row in by_id:
                if row.connection_id == call.connection_id and ids & row.ids:
                    found.append((call.pk, row, min(ids & row.ids)))
            for row in by_reference if not call.is_ours else ():
                is_meant = str(row.pk) == update.reference and row.is_ours
                if is_meant and row.fits(ids_of(update) | _ids(call)):
                    found.append((call.pk, row, ""))
        return found

    def _sought(self, call: Call, update: CallUpdate) -> set[str]:
        """Return the ids for which others are to be looked up."""
        is_first_and_only = not _ids(call) and not update.other_call_id
        if is_first_and_only and not self.looks:
            return set()
        return _new_ids(call, update)

    def _meet(self, call_id: uuid.UUID, other_id: uuid.UUID, word: str) -> None:
        call, other = self.call_of(call_id), self.call_of(other_id)
        if call is other:
            return
        if call.is_ours and other.is_ours:
            self._taken.add((call.pk, word))
            return
        call, stranger = (other, call) if other.is_ours else (call, other)
        self.told.append((call.pk, told_by(stranger)))
        self._into[stranger.pk] = call.pk
        del self.calls[stranger.pk]
        take_over(call, stranger)


def _ids(call: Call) -> set[str]:
    return {call.provider_call_id, call.other_call_id} - {""}


def _new_ids(call: Call, update: CallUpdate) -> set[str]:
    return ids_of(update) - _ids(call)


def told_by(stranger: Call) -> CallUpdate:
    """Return all that is known of a stranger's call, as one update."""
    return record(stranger).update


def take_over(call: Call, stranger: Call) -> None:
    """Hang all that belongs to the stranger's row on the call, and delete the row.

    Webhooks of ours that never went out are dropped: they would speak of a call that is
    no more, and the same news is owed for the call itself. Both rows are locked.
    """
    WebhookEvent.objects.filter(call=stranger).update(call=call)
    CallChange.objects.filter(call=stranger).update(call=call)
    Note.objects.filter(call=stranger).update(call=call, turn=None)
    call.tags.add(*stranger.tags.all())
    owed = Delivery.objects.filter(call=stranger)
    owed.filter(attempts=0).delete()
    owed.update(call=call)
    _take_recording(call, stranger)
    money.give_back(stranger)
    summary.mark_stale(stranger.workspace_id, stranger.created_at)
    stranger.delete()


def _take_recording(call: Call, stranger: Call) -> None:
    """Take the stranger's recording, unless the call has one that is no worse."""
    theirs = Recording.objects.filter(call=stranger).first()
    if theirs is None:
        return
    mine = Recording.objects.filter(call=call)
    if mine.exists() and theirs.state != RecordingState.KEPT:
        return
    if mine.filter(state=RecordingState.KEPT).exists():
        name = theirs.file.name or ""
        transaction.on_commit(lambda: store().delete(name), robust=True)
        return
    mine.delete()
    Recording.objects.filter(pk=theirs.pk).update(call=call)
