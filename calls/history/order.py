"""The orders of the history, and places in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calls.history.condition import Condition

COLUMNS = {"time": "created_at", "duration": "duration_ms", "cost": "cost_micros"}
# What many calls have alike: no duration or cost at all, and none worth a thing.
TIES = (-1, 0)
Key = datetime | int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands in an order: its key, then its time, then its id."""

    key: Key
    at: datetime
    call_id: UUID


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an order; all of its rows have the same key, or it `is_mixed`."""

    within: tuple[Condition, ...]
    is_mixed: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """An order of calls, from the top or behind a place."""

    name: str
    is_down: bool
    behind: Place | None = None

    @property
    def column(self) -> str:
        """The column it goes by; calls that are alike in it go by their time."""
        return COLUMNS[self.name]

    @property
    def sql(self) -> str:
        """What the rows are ordered by."""
        way = "DESC" if self.is_down else "ASC"
        return ", ".join(f"f.{column} {way}" for column in self._columns)

    @property
    def _columns(self) -> list[str]:
        return list(dict.fromkeys([self.column, "created_at", "call_id"]))

    def rest(self, place: Place | None) -> list[Condition]:
        """Return the condition of the rows behind a place."""
        if place is None:
            return []
        values = (place.key, place.at, place.call_id)[-len(self._columns) :]
        names = ", ".join(f"f.{column}" for column in self._columns)
        places = ", ".join(["%s"] * len(values))
        sign = "<" if self.is_down else ">"
        return [Condition(f"({names}) {sign} ({places})", values)]

    def segments(self) -> list[Segment]:
        """Return the parts of what is behind the place, in order.

        Within a tie a span of time is a part of the index, and nothing to look for.
        """
        column, behind = f"f.{self.column}", self.behind
        ties = [(tie, f"{column} = {tie}") for tie in TIES]
        parts = [*ties, (TIES[-1] + 1, f"{column} > {TIES[-1]}")]
        if self.is_down:
            parts.reverse()
        if behind is None:
            return [_segment(at, sql, ()) for at, sql in parts]
        here = next((tie for tie in TIES if tie == behind.key), TIES[-1] + 1)
        keys = [at for at, _ in parts]
        return [
            _segment(at, sql, self.rest(behind) if at == here else ())
            for at, sql in parts[keys.index(here) :]
        ]


def _segment(at: int, sql: str, rest: Sequence[Condition]) -> Segment:
    return Segment((Condition(sql), *rest), is_mixed=at not in TIES)


def ordered(order: Order, bounds: Sequence[Condition]) -> str:
    """Return a query of the rows within bounds, in order."""
    return (
        f"SELECT f.call_id, f.{order.column} AS key, f.created_at AS at "
        f"FROM calls_found f WHERE {all_of(bounds)} ORDER BY {order.sql}"
    )


def all_of(conditions: Sequence[Condition]) -> str:
    """Return what rows must fit so that they fit all conditions."""
    return " AND ".join(one.sql for one in conditions)
