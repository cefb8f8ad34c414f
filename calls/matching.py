"""Which call an update speaks of: our reference says so, or one of the provider's ids.

A provider may have two ids for a call, and either may come in a webhook or a list.
"""

import re
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db.models import CharField, QuerySet, UUIDField

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls.fixed import Fixed
from calls.models import Call
from calls.models.call import NOT_OURS
from dashboard.prepared import GivenMany, Prepared

IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COLUMNS = (
    "pk",
    "connection_id",
    "provider_call_id",
    "other_call_id",
    "source",
    "status",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What telling calls apart takes of one."""

    pk: uuid.UUID
    connection_id: uuid.UUID
    provider_call_id: str
    other_call_id: str
    source: str
    status: str

    @classmethod
    def of(cls, call: Call) -> "Row":
        """Return what telling apart takes of a call."""
        return cls(*(getattr(call, name) for name in COLUMNS))

    @property
    def ids(self) -> set[str]:
        """The ids the provider has for it, as far as we know them."""
        return {self.provider_call_id, self.other_call_id} - {""}

    @property
    def is_ours(self) -> bool:
        """Whether it was launched here."""
        return self.source not in NOT_OURS

    def fits(self, ids: set[str]) -> bool:
        """Whether it may be the call with these ids."""
        return not self.ids or not ids or bool(self.ids & ids)


def ids_of(update: CallUpdate) -> set[str]:
    """Return the provider's ids of the call that an update speaks of."""
    return {update.provider_call_id, update.other_call_id} - {""}


def rows_with(connections: Iterable[uuid.UUID], ids: set[str]) -> list[Row]:
    """Return the calls of the connections that have one of the ids."""
    return _rows(connections, ids, set())


def rows_named(connections: Iterable[uuid.UUID], references: set[str]) -> list[Row]:
    """Return the calls of the connections that the references name."""
    return _rows(connections, set(), references)


def _rows(
    connections: Iterable[uuid.UUID], ids: set[str], references: set[str]
) -> list[Row]:
    """Return the calls that have one of the ids, or that a reference names."""
    ours = {uuid.UUID(word) for word in references if IS_ID.fullmatch(word)}
    if not ours and not ids:
        return []
    asked = {"connections": set(connections), "ours": ours, "ids": ids}
    return [Row(*row) for row in MEANT.all(**asked)]


def _meant() -> QuerySet[Any, Any]:
    """Return the calls of connections that have one of some ids, or are among ours.

    Each way by an index of its own: joined by OR, all calls of a connection were read.
    """
    calls = Call.objects.filter(connection__among=GivenMany("connections", UUIDField()))
    ids = GivenMany("ids", CharField())
    named = calls.filter(pk__among=GivenMany("ours", UUIDField()))
    # The indexes are without calls that have no id; the statement must say so too.
    first = calls.exclude(provider_call_id=Fixed("")).filter(
        provider_call_id__among=ids
    )
    other = calls.exclude(other_call_id=Fixed("")).filter(other_call_id__among=ids)
    ways = (rows.order_by().values_list(*COLUMNS) for rows in (named, first, other))
    return reduce(QuerySet.union, ways)


MEANT = Prepared(_meant)


class Known:
    """The calls that some updates speak of, looked up at once."""

    def __init__(self, told: Iterable[tuple[Connection, CallUpdate]]) -> None:
        told = list(told)
        connections = {connection.pk for connection, _ in told}
        ids = {word for _, update in told for word in ids_of(update)}
        references = {update.reference for _, update in told}
        rows = _rows(connections, ids, references)
        self.by_id: dict[tuple[uuid.UUID, str], Row] = {}
        for row in rows:
            self.add(row)
        self.by_reference = {
            (row.connection_id, str(row.pk)): row
            for row in rows
            if str(row.pk) in references
        }

    def add(self, row: Row) -> None:
        """Know one more call by its ids."""
        for word in row.ids:
            self.by_id[row.connection_id, word] = row

    def note(self, row: Row, update: CallUpdate) -> None:
        """Know a call by the ids of an update that was found to speak of it."""
        for word in ids_of(update):
            self.by_id.setdefault((row.connection_id, word), row)

    def find(self, connection: Connection, update: CallUpdate) -> Row | None:
        """Return the call an update speaks of; None: we have no such call.

        A reference may have been copied with the metadata of a call. So one whose call
        is known by other ids is not meant, unless the provider leaves open which ids
        are the same; and an id of a call of ours is better than a reference.
        """
        ids = ids_of(update)
        found = (self.by_id.get((connection.pk, word)) for word in sorted(ids))
        held = next((row for row in found if row), None)
        named = self.by_reference.get((connection.pk, update.reference))
        if named is None or (held and held.is_ours):
            return held
        if named.fits(ids) or (held is None and connection.kind.ids_may_differ):
            return named
        return held


# The evidence is long, and nothing that is told of a call changes it.
LOCKED = Prepared(
    lambda: (
        Call.objects.select_for_update(no_key=True)
        .defer("evidence")
        .filter(pk__among=GivenMany("ids", UUIDField()))
        .order_by("pk")
    )
)
OWNERS = Prepared(
    lambda: Connection.objects.select_related("workspace").filter(
        pk__among=GivenMany("ids", UUIDField())
    )
)


def locked(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Call]:
    """Return the calls, locked in one order, with one object for each connection."""
    calls = {call.pk: call for call in LOCKED.all(ids=ids)}
    owners = {call.connection_id for call in calls.values()}
    connections = {owner.pk: owner for owner in OWNERS.all(ids=owners)}
    for call in calls.values():
        call.connection = connections[call.connection_id]
        call.workspace = call.connection.workspace
    return calls
