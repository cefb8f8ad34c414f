"""Pages of the history: found by keyset, so that the thousandth costs what the first does.

Calls that are over are read from the rows of `Found`; the others, and those that ended
a moment ago, from the calls themselves. Both are merged by the key of the order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, Q, UUIDField, When
from django.db.models.functions import Cast, Coalesce, Round

from calls.history import conditions, finding
from calls.history.choices import NEWEST
from calls.history.filters import Filters
from calls.history.narrowing import narrow
from calls.history.order import Key, Order, Place
from calls.history.taking import MICROS
from calls.models import Call
from calls.models.call import CallQuerySet
from dashboard.models import Workspace
from dashboard.prepared import Given, GivenMany, Prepared

PAGE_SIZE = 50
EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = timedelta(microseconds=1)
UNSEEN = ("evidence", "connection__credentials")
# No key is larger: a database holds it.
LARGEST = 2**62
# Asked at every look for news.
CHANGED: Prepared[datetime] = Prepared(
    lambda: (
        Call.objects.filter(workspace=Given("space", UUIDField()))
        .order_by("-changed_at")
        .values_list("changed_at", flat=True)[:1]
    )
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, and the cursors of its neighbours (empty: none)."""

    calls: list[Call]
    older: str = ""
    newer: str = ""


def newest_change(workspace: Workspace) -> datetime | None:
    """Return when a call of the workspace changed last; None: it has no calls."""
    return CHANGED.first(space=workspace.pk)


def page(
    workspace: Workspace,
    filters: Filters,
    now: datetime,
    *,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
    fields: Sequence[str] = (),
) -> Page:
    """Return the calls behind `after`, or those before `before`, in the chosen order.

    With `fields` nothing else is read of them.
    """
    if (point := read_cursor(before, filters.sort)) is not None:
        places = find(
            workspace, filters, now, _order(filters, point, back=True), size + 1
        )
        if len(places) <= size:
            return page(workspace, filters, now, size=size, fields=fields)
        places = places[:size][::-1]
        calls = _calls(workspace, places, fields)
        return Page(calls, _written(places[-1]), _written(places[0]))
    point = read_cursor(after, filters.sort)
    places = find(workspace, filters, now, _order(filters, point), size + 1)
    older = _written(places[size - 1]) if len(places) > size else ""
    newer = _written(places[0]) if point and places else ""
    return Page(_calls(workspace, places[:size], fields), older, newer)


def chunks(
    workspace: Workspace,
    filters: Filters,
    now: datetime,
    *,
    size: int = 2_000,
    after: str = "",
) -> Iterator[list[UUID]]:
    """Yield the ids of all calls that fit, in the chosen order, by so many."""
    point = read_cursor(after, filters.sort)
    while True:
        places = find(workspace, filters, now, _order(filters, point), size)
        if places:
            yield [place.call_id for place in places]
        if len(places) < size:
            return
        point = places[-1]


def _calls(
    workspace: Workspace, places: list[Place], fields: Sequence[str]
) -> list[Call]:
    """Return the calls in the order of the places, with what a list row shows."""
    ids = [place.call_id for place in places]
    if not ids:
        return []
    found = _with_all(tuple(fields)).all(workspace=workspace.pk, ids=ids)
    calls = {call.pk: call for call in found}
    for call in found:
        call.workspace = workspace
    return [calls[pk] for pk in ids if pk in calls]


@cache
def _with_all(fields: tuple[str, ...]) -> Prepared[Call]:
    """Return the question for calls with what a list row shows, or these fields."""
    ids = GivenMany("ids", UUIDField())
    rows = Call.objects.filter(workspace=Given("workspace", UUIDField()), pk__among=ids)
    if fields:
        joined = {name.partition("__")[0] for name in fields if "__" in name}
        wanted = rows.select_related(*sorted(joined)).only(*fields)
    else:
        # What no list shows, and takes time to read, is left out.
        wanted = rows.for_list().order_by().defer(*UNSEEN)
    return Prepared(lambda: wanted)


# --- Both kinds of rows --------------------------------------------------------------
def find(
    workspace: Workspace, filters: Filters, now: datetime, order: Order, limit: int
) -> list[Place]:
    """Return the places of the next calls that fit, in order; two to four queries."""
    # First: a call that is taken in meanwhile is found twice, and not missed.
    fresh = _fresh(narrow(workspace, filters, now), order, limit)
    wanted = conditions.conditions(workspace, filters, now)
    over = (
        finding.find(workspace.pk, wanted, order, limit) if wanted is not None else []
    )
    if not fresh:
        return over
    both = {place.call_id: place for place in [*over, *fresh]}
    ordered = sorted(both.values(), key=_sort_key, reverse=order.is_down)
    return ordered[:limit]


def _sort_key(place: Place) -> tuple[int, int, UUID]:
    at = (place.at - EPOCH) // MICROSECOND
    key = place.key if isinstance(place.key, int) else at
    return key, at, place.call_id


KEYS = {
    "time": F("created_at"),
    "duration": Coalesce("duration_ms", -1, output_field=BigIntegerField()),
    "cost": Case(
        When(cost=None, then=-1),
        default=Cast(Round(F("cost") * MICROS), BigIntegerField()),
        output_field=BigIntegerField(),
    ),
}


def _fresh(calls: CallQuerySet, order: Order, limit: int) -> list[Place]:
    """Return the places of calls that are not taken into the history yet."""
    rows = calls.filter(digested_at=None).annotate(key=KEYS[order.name])
    if order.behind is not None:
        rows = rows.filter(_behind(order.behind, "lt" if order.is_down else "gt"))
    names = ("key", "created_at", "pk")
    ordered = rows.order_by(*(f"-{n}" if order.is_down else n for n in names))
    return [Place(*row) for row in ordered.values_list(*names)[:limit]]


def _behind(place: Place, way: str) -> Q:
    """Return the condition of coming after a place in the order."""
    same = Q(key=place.key)
    later = Q(**{f"created_at__{way}": place.at})
    after = Q(created_at=place.at, **{f"pk__{way}": place.call_id})
    # The first condition repeats the others, in words an index understands.
    bound = Q(**{f"key__{way}e": place.key})
    return bound & (Q(**{f"key__{way}": place.key}) | same & (later | after))


def _order(filters: Filters, behind: Place | None, *, back: bool = False) -> Order:
    name = filters.sort.lstrip("-")
    return Order(name, filters.sort.startswith("-") != back, behind)


# --- Cursors -------------------------------------------------------------------------
def cursor(call: Call, sort: str = NEWEST) -> str:
    """Return the place of a call in the list, for an address."""
    keys: dict[str, Key] = {
        "time": call.created_at,
        "duration": -1 if call.duration_ms is None else call.duration_ms,
        "cost": -1 if call.cost is None else round(call.cost * MICROS),
    }
    return _written(Place(keys[sort.lstrip("-")], call.created_at, call.pk))


def _written(place: Place) -> str:
    """Write a place: key, time and id; where the key is the time, that once."""
    key, at, call_id = _sort_key(place)
    number = f"{key}.{at}" if isinstance(place.key, int) else str(at)
    return f"{number}-{call_id.hex}"


def read_cursor(text: str, sort: str = NEWEST) -> Place | None:
    """Return the place a cursor names; None for none, or for one that is broken."""
    number, _, call_id = text[:80].rpartition("-")
    *keys, time = number.split(".")
    try:
        at = EPOCH + MICROSECOND * int(time)
        is_whole = len(call_id) == len(UUID(int=0).hex)
        is_by_time = sort.lstrip("-") == "time"
        if not is_whole or len(keys) != (0 if is_by_time else 1):
            return None
        key = 0 if is_by_time else int(keys[0])
        if abs(key) >= LARGEST:
            return None
        return Place(at if is_by_time else key, at, UUID(call_id))
    except (ValueError, OverflowError):
        return None
