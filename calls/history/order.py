"""The orders of the history, and places in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calls.history.condition import Condition

COLUMNS = {"time": "created_at", "duration": "duration_ms", "cost": "cost_micros"}
Key = datetime | int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands in an order: its key, then its id."""

    key: Key
    call_id: UUID


@dataclass(frozen=True, slots=True)
class Order:
    """An order of calls, from the top or behind a place."""

    name: str
    is_down: bool
    behind: Place | None = None

    @property
    def column(self) -> str:
        """The column it goes by."""
        return COLUMNS[self.name]

    @property
    def sql(self) -> str:
        """What the rows are ordered by."""
        way = "DESC" if self.is_down else "ASC"
        return f"f.{self.column} {way}, f.call_id {way}"

    def rest(self, place: Place | None) -> list[Condition]:
        """Return the condition of the rows behind a place."""
        if place is None:
            return []
        sign = "<" if self.is_down else ">"
        sql = f"(f.{self.column}, f.call_id) {sign} (%s, %s)"
        return [Condition(sql, (place.key, place.call_id))]


def ordered(order: Order, bounds: Sequence[Condition]) -> str:
    """Return a query of the rows within bounds, in order."""
    return (
        f"SELECT f.call_id, f.{order.column} AS key FROM calls_found f "
        f"WHERE {all_of(bounds)} ORDER BY {order.sql}"
    )


def all_of(conditions: Sequence[Condition]) -> str:
    """Return what rows must fit so that they fit all conditions."""
    return " AND ".join(one.sql for one in conditions)
