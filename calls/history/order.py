"""The orders of the history, and places in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from calls.history.condition import Condition
from calls.history.kinds import NEVER
from calls.history.marks import COSTS, DURATIONS, mark

COLUMNS = {"time": "created_at", "duration": "duration_ms", "cost": "cost_micros"}
# What many calls have alike: no duration or cost at all, and none worth a thing.
TIES = (-1, 0)
# Between these bounds calls are alike, and have the same mark.
BOUNDS = {"duration": DURATIONS, "cost": COSTS}
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

    def spans(self, space: UUID, key: Key) -> Iterator[Condition]:
        """Yield the spans, in order, that a duration or cost behind a key may lie in."""
        assert isinstance(key, int)
        column, edges = f"f.{self.column}", (-1, 0, *BOUNDS[self.name], NEVER)
        known = list(enumerate(pairwise(edges), start=-1))
        for number, (low, below) in reversed(known) if self.is_down else known:
            is_passed = low > key if self.is_down else below <= key
            if not is_passed:
                within = f"{column} >= {low} AND {column} < {below}"
                marks = (mark(space, self.name, number),)
                yield Condition(within, marks=marks, bounds=self.column)

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
