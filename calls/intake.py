"""The call that an update speaks of: found, or written for a call we did not start."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls import lifecycle
from calls.changes import POLL, Heard
from calls.lifecycle import Applied
from calls.matching import Known, Row, ids_of
from calls.privacy import erasing


class WasErased(LookupError):
    """The call was erased here: whatever tells of it, it does not come back."""


def find_or_create(
    known: Known,
    connection: Connection,
    update: CallUpdate,
    now: datetime,
    found_at: datetime | None = None,
) -> tuple[uuid.UUID, bool]:
    """Return the call and whether it is new; `found_at` goes to a new one only.

    Raises WasErased where somebody erased the call.
    """
    row = known.find(connection, update)
    if row is None:
        if erasing.was_erased(connection, {*ids_of(update), update.reference}):
            raise WasErased
        try:
            with transaction.atomic():
                call = lifecycle.create(connection, update, now, found_at)
        except IntegrityError:
            # Somebody wrote it meanwhile; anything else is not a race.
            row = Known([(connection, update)]).find(connection, update)
            if row is None:
                raise
        else:
            known.add(Row.of(call))
            return call.pk, True
    known.note(row, update)
    return row.pk, False


def take_in(
    connection: Connection,
    updates: Sequence[CallUpdate],
    now: datetime,
    heard: Heard = POLL,
    found_at: datetime | None = None,
) -> tuple[Applied, bool]:
    """Apply what the provider says of one call; return it, and whether it is new.

    Raises WasErased where somebody erased the call.
    """
    with transaction.atomic():
        known = Known([(connection, update) for update in updates])
        best = next((u for u in updates if known.find(connection, u)), updates[0])
        call_id, is_new = find_or_create(known, connection, best, now, found_at)
        pairs = [(call_id, update) for update in updates]
        done = lifecycle.apply_all(pairs, now, [heard] * len(pairs))
    return done[-1], is_new
