"""Finding calls that are over, in order, as many as a page shows.

Filters that have few values are some kinds, whose rows are merged (`kind_rows.py`). For
all others the next few thousand rows of the order are walked: what many calls fit fills
a page at once. Where it does not, what is looked for is rare, and an index (of marks,
words, digits) is asked for all that fit, which are few. So no filter sorts half of all
calls, and none walks through all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.dateparse import parse_datetime

from calls.history import kind_rows
from calls.history.condition import ALSO, Condition, Params
from calls.history.marks import lexeme
from calls.history.order import Order, Place, Segment, all_of, ordered

# How many rows are walked; to look into the words of a row costs more.
STEPS, STEPS_WORDS = 5_000, 2_000
# Where words were found on the way, so many times as far.
FURTHER = 10
# Kinds are merged at once for so many rows; for more the walk is quicker, if it fills.
MERGED = 200
# To look at so many kinds is quicker than to walk.
KINDS = 2_000


def find(
    space: UUID, conditions: Sequence[Condition], order: Order, limit: int
) -> list[Place]:
    """Return the next calls of a workspace that fit, in order, up to `limit`."""
    mine = Condition("f.workspace_id = %s", (space,))
    spans = [one for one in conditions if one.bounds == order.column]
    looked = [one for one in conditions if one not in spans]
    lead = _lead(looked) if order.name == "time" else []
    seen = [one for one in looked if one not in lead]
    rest = order.rest(order.behind)
    if not seen:
        bounds = [mine, *spans, *lead, *rest]
        return list(_read(f"{ordered(order, bounds)} LIMIT {limit}", bounds))
    if any(one.is_few for one in seen):
        return _ask(order, [mine, *spans, *rest], looked, limit)
    are_kinds = kind_rows.are_all(looked) and _are_few(space, looked)
    if are_kinds and limit <= MERGED:
        return _merge(space, order, [*spans, *rest], looked, limit)
    start = kind_rows.start(space, order, looked)
    found, last = _walk(order, [mine, *spans, *lead, *start], seen, limit)
    if len(found) >= limit or last is None:
        return found[:limit]
    behind, more = [*spans, *order.rest(last)], limit - len(found)
    if are_kinds:
        return found + _merge(space, order, behind, looked, more)
    if order.name != "time" and any(one.has_words for one in seen):
        within = [mine, *spans]
        return found + _by_spans(space, order, within, looked, last, more)
    return found + _ask(order, [mine, *behind], _of_kinds(space, looked), more)


def _of_kinds(space: UUID, looked: Sequence[Condition]) -> Sequence[Condition]:
    """Return the same with an index of kinds and times, where days are asked for too."""
    has_days = any(one.bounds == "created_at" for one in looked)
    if not has_days or not any(one.is_kind for one in looked):
        return looked
    rest = [replace(one, marks=()) if one.is_kind else one for one in looked]
    return [*kind_rows.within(space, looked), *rest]


def _lead(looked: Sequence[Condition]) -> list[Condition]:
    """Return a condition that an index begins with, whatever else is asked."""
    return [one for one in looked if one.lead][:1]


# --- Merging kinds -------------------------------------------------------------------
def _are_few(space: UUID, looked: Sequence[Condition]) -> bool:
    [[count]] = _rows(*kind_rows.number(space, looked, KINDS + 1))
    return bool(count <= KINDS)


def _merge(
    space: UUID,
    order: Order,
    bounds: Sequence[Condition],
    looked: Sequence[Condition],
    limit: int,
) -> list[Place]:
    return list(_read(*kind_rows.merged(space, order, bounds, looked, limit)))


# --- Walking -------------------------------------------------------------------------
def _walk(
    order: Order,
    bounds: Sequence[Condition],
    looked: Sequence[Condition],
    limit: int,
    steps: int = 0,
) -> tuple[list[Place], Place | None]:
    """Return what fits among the next rows, and the last row; None: there are no more."""
    has_words = any(one.has_words for one in looked)
    steps = steps or (STEPS_WORDS if has_words else STEPS)
    queries, conditions = [], []
    for number, segment in enumerate(_segments(order, looked)):
        times = [one for one in looked if one.bounds and not segment.is_mixed]
        seen = [one for one in looked if one not in times]
        within = [*bounds, *times, *segment.within]
        sql = _walked(order, within, seen, steps)
        queries.append(f"SELECT {number}, * FROM ({sql} LIMIT {limit + 1}) s{number}")
        conditions += [*seen, *within]
    found: list[Place] = []
    last: Place | None = None
    rows = _rows(" UNION ALL ".join(queries), conditions)
    for _, call_id, key, at, is_fit, step in sorted(rows, key=_step):
        if last is None and is_fit:
            found.append(_place(call_id, key, at))
        if last is None and step == steps and len(found) < limit:
            last = _place(call_id, key, at)
    return found, last


def _step(row: Sequence[Any]) -> tuple[int, int]:
    return row[0], row[-1]


def _segments(order: Order, looked: Sequence[Condition]) -> Sequence[Segment]:
    """Return the parts to walk one after the other: where days are asked for, ties."""
    if order.name != "time" and any(one.bounds == "created_at" for one in looked):
        return order.segments()
    return [Segment(tuple(order.rest(order.behind)))]


def _walked(
    order: Order, bounds: Sequence[Condition], seen: Sequence[Condition], steps: int
) -> str:
    """Return a query of what fits among so many rows, and of the last of them."""
    rows = (
        f"SELECT f.* FROM calls_found f WHERE {all_of(bounds)} "
        f"ORDER BY {order.sql} LIMIT {steps}"
    )
    # No join: it might read the rows in another order.
    fits = " AND ".join(map(_seen, seen)) or "1 = 1"
    walked = (
        f"SELECT f.call_id, f.{order.column} AS key, f.created_at AS at, ({fits}) "
        f"AS fits, row_number() OVER () AS step FROM ({rows}) f"
    )
    return f"SELECT * FROM ({walked}) t WHERE fits OR step = {steps}"


def _seen(one: Condition) -> str:
    if not one.has_words:
        return one.sql
    # Looked up row by row: EXISTS might be answered by reading all rows first.
    fits = one.sql.replace(ALSO, "")
    return f"(SELECT {fits} FROM calls_foundwords w WHERE w.call_id = f.call_id)"


def _by_spans(
    space: UUID,
    order: Order,
    bounds: Sequence[Condition],
    looked: Sequence[Condition],
    last: Place,
    limit: int,
) -> list[Place]:
    """Return the next calls with some words, span by span of their duration or cost.

    Words may be common, and yet none of the longest calls has them. The index of words
    knows which span a call is in: so one without any is passed at once, and the one
    that has many is walked from its beginning.
    """
    found: list[Place] = []
    place: Place | None = last
    for span in order.spans(space, last.key):
        for steps in (STEPS_WORDS, FURTHER * STEPS_WORDS):
            within = [*bounds, span, *order.rest(place)]
            more = limit - len(found)
            some, place = _walk(order, within, looked, more, steps)
            found += some[:more]
            if place is None or not some:
                break
        if place is not None and len(found) < limit:
            behind = [*bounds, *order.rest(place)]
            found += _ask(order, behind, [*looked, span], limit - len(found))
        if len(found) >= limit:
            break
        place = None
    return found


# --- Asking an index -----------------------------------------------------------------
def _ask(
    order: Order, bounds: Sequence[Condition], looked: Sequence[Condition], limit: int
) -> list[Place]:
    """Return the first of all rows that fit; they are few."""
    ways = [[*bounds, *way] for way in _ways(looked)]
    fitting = " UNION ".join(
        f"SELECT f.call_id, f.{order.column} AS key, f.created_at "
        f"FROM calls_found f WHERE {all_of(way)}"
        for way in ways
    )
    down = "DESC" if order.is_down else "ASC"
    sql = (
        f"WITH f AS MATERIALIZED ({fitting}) SELECT call_id, key, created_at FROM f "
        f"ORDER BY key {down}, created_at {down}, call_id {down} LIMIT {limit}"
    )
    return list(_read(sql, [one for way in ways for one in way]))


def _ways(looked: Sequence[Condition]) -> list[list[Condition]]:
    """Return the ways to fit, each with what an index answers of it.

    They are several where a part is answered by an index of `f`: else each row that it
    finds would be looked up again by its id.
    """
    split = [one for one in looked if any(part.is_indexed for part in one.parts)][:1]
    if not split:
        return [_all_indexed(looked)]
    rest = [one for one in looked if one not in split]
    return [_all_indexed([part, *rest]) for part in split[0].parts]


def _all_indexed(looked: Sequence[Condition]) -> list[Condition]:
    also = _also(looked)
    return [part for one in looked for part in _indexed(one, also)]


def _also(looked: Sequence[Condition]) -> str:
    """Return the marks of all conditions, as a part of a search for words."""
    several = [" | ".join(map(lexeme, one.marks)) for one in looked if one.marks]
    return "".join(f" & ({marks})" for marks in several)


def _indexed(one: Condition, also: str) -> Iterator[Condition]:
    """Yield what an index can answer of a condition, and what is looked at then."""
    if one.is_indexed:
        yield one
        return
    if one.sources:
        queries = " UNION ALL ".join(sql for sql, _ in one.sources).replace(ALSO, also)
        params = tuple(value for _, values in one.sources for value in values)
        yield Condition(f"f.call_id {_among(one, queries)}", params)
        if not one.is_rough:
            return
    # What lies between two values is a part of an index by itself.
    if one.marks and not one.bounds and connection.vendor == "postgresql":
        yield Condition("f.marks && %s::bigint[]", (list(one.marks),))
    yield one


def _among(one: Condition, ids: str) -> str:
    """Return that an id is one of those a query gives.

    How many calls have some words is hard to tell for the planner. Where it takes them
    for one or two, it searches the words again for each row of a span.
    """
    if one.has_words and connection.vendor == "postgresql":
        return f"= ANY(ARRAY({ids}))"
    return f"IN ({ids})"


# --- Reading -------------------------------------------------------------------------
def _read(sql: str, conditions: Sequence[Condition]) -> Iterator[Place]:
    return (_place(*row) for row in _rows(sql, conditions))


def _rows(sql: str, conditions: Sequence[Condition]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, _params(conditions))
        rows: list[Any] = cursor.fetchall()
        return rows


def _params(conditions: Sequence[Condition]) -> Params:
    return tuple(adapted(value) for one in conditions for value in one.params)


def adapted(value: Any) -> Any:
    """Return a value as the database's driver takes it."""
    if connection.vendor == "postgresql":
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _place(call_id: Any, key: Any, at: Any) -> Place:
    moment = _moment(at)
    if not isinstance(call_id, UUID):
        call_id = UUID(call_id)
    return Place(key if isinstance(key, int) else moment, moment, call_id)


def _moment(at: Any) -> datetime:
    """Return a time as SQLite, or PostgreSQL, gives it."""
    moment = at if isinstance(at, datetime) else parse_datetime(at)
    assert moment
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def counted(
    space: UUID, looked: Sequence[Condition], most: int
) -> tuple[str, list[Any]]:
    """Return a query of one row for each call that fits, `most` of them, and its values.

    Any of them will do, so no order is kept.
    """
    mine = Condition("f.workspace_id = %s", (space,))
    rows, conditions = "calls_found f", [mine, *looked]
    spans = [one for one in looked if one.bounds == "created_at"]
    rest = [one for one in looked if one not in spans]
    if kind_rows.are_all(rest):
        sql, conditions = kind_rows.counted(space, spans, rest, most)
        return sql, list(_params(conditions))
    if any(one.is_joined for one in looked):
        # Joined, not asked for first: common words need not all be found.
        also, rows = _also(looked), f"{rows} JOIN calls_foundwords w USING (call_id)"
        conditions = [replace(o, sql=o.sql.replace(ALSO, also)) for o in conditions]
    elif len(looked) <= 1 and not any(one.is_rough for one in looked):
        # Nothing else is asked: no more need be found of each kind.
        conditions = _all_indexed([_cut_short(one, most) for one in conditions])
    else:
        conditions = _all_indexed(conditions)
    sql = f"SELECT 1 FROM {rows} WHERE {all_of(conditions)} LIMIT {most}"
    return f"SELECT 1 FROM ({sql}) f", list(_params(conditions))


def _cut_short(one: Condition, most: int) -> Condition:
    cut = ((f"SELECT * FROM ({sql} LIMIT {most}) s", v) for sql, v in one.sources)
    return replace(one, sources=tuple(cut))
