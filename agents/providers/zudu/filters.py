"""What a client asks of a list: filters in both generations' forms, pages from 0.

A filter we cannot honour is refused: a list that is too long would be a quiet lie.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from agents.providers.base import Json, WishRefused
from agents.providers.dialects import Door
from agents.providers.listing import Condition, ListWish, NumberRecord
from agents.providers.reading import text
from agents.providers.zudu import words
from agents.providers.zudu.directory import area_code

Row = TypeVar("Row")
# The default is that of the examples; the largest page is unseen, this is batches'.
USUAL, MOST = 20, 100
LAST_PAGE = 10_000_000
# Both are when a call was made here; no others are offered.
SORTS = ("start_timestamp", "created_at")
ORDERS = ("ascending", "descending")
# What a list is asked with beside its filters.
PAGING = ("page", "limit", "sort_by", "sort_order", "filter_criteria")


# --- Pages ---------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Slice:
    """Which page of a list, counted from 0, and how long a page is."""

    page: int
    limit: int

    def of(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows of the page."""
        return rows[self.page * self.limit : (self.page + 1) * self.limit]

    def pages(self, total: int) -> int:
        """Return how many pages there are."""
        return -(-total // self.limit)

    def counts(self, total: int) -> Json:
        """Return page, size and sums as every list shows them in some way."""
        return {
            "page": self.page,
            "limit": self.limit,
            "total_count": total,
            "total_pages": self.pages(total),
        }


def asked(door: Door) -> Mapping[str, Any]:
    """Return what a list was asked with: the body of a POST, else the query."""
    return door.body or door.query


def slice_of(wanted: Mapping[str, Any]) -> Slice:
    """Read page and limit; a limit that is too large is cut."""
    page = _whole(wanted, "page", 0)
    limit = _whole(wanted, "limit", USUAL)
    if not limit:
        raise WishRefused("limit must be a whole number from 1.")
    return Slice(min(page, LAST_PAGE), min(limit, MOST))


def _whole(wanted: Mapping[str, Any], name: str, usual: int) -> int:
    value = wanted.get(name)
    if value in (None, ""):
        return usual
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:12])
    if type(value) is not int or value < 0:
        raise WishRefused(f"{name} must be a whole number.")
    return value


def order_of(wanted: Mapping[str, Any], usual: str = "descending") -> str:
    """Read the order; newest first where it is left open, unless told otherwise."""
    order = wanted.get("sort_order") or usual
    if order not in ORDERS:
        raise WishRefused("sort_order must be ascending or descending.")
    return str(order)


def in_order(
    wanted: Mapping[str, Any],
    rows: Sequence[Row],
    keys: Mapping[str, Callable[[Row], Any]],
) -> list[Row]:
    """Sort rows as asked: by the first of `keys`, ascending, where it is left open."""
    name = wanted.get("sort_by") or next(iter(keys))
    if name not in keys:
        raise WishRefused(f"sort_by must be one of {', '.join(keys)}.")
    backwards = order_of(wanted, "ascending") == "descending"
    return sorted(rows, key=keys[name], reverse=backwards)


# --- Calls ---------------------------------------------------------------------------
def list_wish(wanted: Mapping[str, Any], *, with_turns: bool) -> ListWish:
    """Read what a client asks of the list of calls; statuses are read by `statuses`."""
    cut = slice_of(wanted)
    if sort_of(wanted) not in SORTS:
        raise WishRefused(f"Calls can be sorted by {' or '.join(SORTS)} here.")
    return ListWish(
        conditions=tuple(_conditions(criteria(wanted))),
        limit=cut.limit,
        skip=cut.page * cut.limit,
        ascending=order_of(wanted) == "ascending",
        with_total=True,
        with_turns=with_turns,
    )


def sort_of(wanted: Mapping[str, Any]) -> str:
    """Read what calls are sorted by."""
    return text(wanted.get("sort_by") or SORTS[0], 60)


def criteria(wanted: Mapping[str, Any]) -> Json:
    """Return the filters; a query has them beside page and limit (our choice)."""
    value = wanted.get("filter_criteria")
    if value is None:
        return {name: v for name, v in wanted.items() if name not in PAGING}
    if not isinstance(value, dict):
        raise WishRefused("filter_criteria must be an object.")
    return value


def statuses(wanted: Mapping[str, Any]) -> frozenset[str] | None:
    """Read the statuses wished for, in lower case; None: any."""
    value = criteria(wanted).get("call_status")
    if value in (None, []):
        return None
    found = frozenset(_words(value, "call_status"))
    if odd := found - words.RECORD_STATUSES:
        raise WishRefused(f"There is no call_status “{min(odd)}”.")
    return found


def _words(value: Any, name: str) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in listed):
        raise WishRefused(f"{name} must be an array of strings.")
    return [words.fold(one) for one in listed]


def _conditions(wanted: Json) -> Iterator[Condition]:
    for name, value in wanted.items():
        if value in (None, []) or name == "call_status":
            continue
        if name not in READ:
            raise WishRefused(f"The filter {name} is not offered here.")
        yield from READ[name](value)


def _types(value: Any) -> Iterator[Condition]:
    found = _words(value, "call_type")
    yield Condition("type", "in", [words.TYPES.get(one, "") for one in found])


def _agents(value: Any) -> Iterator[Condition]:
    """Take one id as a string or several in an array."""
    listed = value if isinstance(value, list) else [value]
    yield Condition("agent", "in", [(text(one, 120), None) for one in listed])


def _durations(value: Any) -> Iterator[Condition]:
    if not isinstance(value, dict):
        raise WishRefused("duration_ms must be an object.")
    for name, op in (("lower_threshold", "ge"), ("upper_threshold", "le")):
        bound = value.get(name)
        if bound is None:
            continue
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise WishRefused(f"duration_ms: {name} must be a number.")
        if abs(bound) > 2**53:
            raise WishRefused(f"duration_ms: {name} is too large.")
        yield Condition("duration_ms", op, float(bound))


READ: dict[str, Callable[[Any], Iterator[Condition]]] = {
    "call_type": _types,
    "agent_id": _agents,
    "duration_ms": _durations,
}


# --- Numbers -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NumberFilter:
    """Which numbers a client wants; what is empty, or None, holds for all."""

    nickname: str = ""
    area_code: int | None = None
    agent_id: str = ""

    def fits(self, number: NumberRecord) -> bool:
        """Tell whether a number is one of them."""
        facts = number.facts
        agents = {facts.inbound.agent_id, facts.outbound.agent_id}
        return (
            self.nickname.lower() in facts.label.lower()
            and self.area_code in (None, area_code(facts.number))
            and (not self.agent_id or self.agent_id in agents)
        )


def number_filter(wanted: Mapping[str, Any]) -> NumberFilter:
    """Read which numbers are wanted, from a query or from `filter_criteria`."""
    chosen = wanted.get("filter_criteria", wanted)
    if not isinstance(chosen, Mapping):
        raise WishRefused("filter_criteria must be an object.")
    code = chosen.get("area_code")
    return NumberFilter(
        nickname=text(chosen.get("nickname"), 200),
        area_code=None if code in (None, "") else _whole(chosen, "area_code", 0),
        agent_id=text(chosen.get("agent_id"), 200),
    )
