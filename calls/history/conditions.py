"""The filters as SQL over the rows of `Found` (f) and `FoundWords` (w)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from calls.history import asked, narrowing, words
from calls.history.filters import Filters
from calls.history.marks import COSTS, DURATIONS, bucket, lexeme, mark, space_mark
from calls.history.taking import MICROS
from calls.models import Call
from calls.models.call import FINAL
from dashboard.models import Workspace

Params = tuple[Any, ...]
# The columns of `Found` are named as those of calls.
COLUMNS = {field.name: field.attname for field in Call._meta.concrete_fields}
PLAIN = {
    "outcome": "outcome",
    **{name: COLUMNS[field] for name, field in narrowing.PLAIN.items()},
}
# An index begins with these, so that what was much used once is found as well.
LEADS = ("contact_id", "agent_id", "phone_number_id", "connection_id")
MADE = {
    "yes": "f.successful",
    "no": "NOT f.successful",
    "unknown": "f.successful IS NULL",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must fit.

    `marks`: rows that fit have one of these. `sources`: queries of the ids of calls,
    of which one has each that fits; both for when fitting rows are rare. `lead`: a
    column with one value that an index begins with. `is_span`: a span of time.
    `is_joined`: each of its parts is about `w`. `is_indexed`: an index of `f` answers `sql` itself.
    `is_rough`: the sources have calls as well that do not fit. `is_few`: hardly any fit.
    """

    sql: str
    params: Params = ()
    marks: tuple[int, ...] = ()
    sources: tuple[tuple[str, Params], ...] = ()
    lead: str = ""
    has_words: bool = False
    is_joined: bool = False
    is_span: bool = False
    is_indexed: bool = False
    is_rough: bool = False
    is_few: bool = False


def conditions(
    workspace: Workspace, filters: Filters, now: datetime
) -> list[Condition] | None:
    """Return what the filters ask of a call that is over; None: that none can fit."""
    found = list(_conditions(workspace, filters, now))
    return None if any(one.sql == NOTHING for one in found) else found


NOTHING = "1 = 0"
# Where the marks of the other filters go in a search for words, so that the index of
# words intersects them as well.
ALSO = "/*also*/"


def _conditions(
    workspace: Workspace, filters: Filters, now: datetime
) -> Iterator[Condition]:
    space = workspace.pk
    if filters.call:
        yield _by_id(filters.call)
    for name, column in PLAIN.items():
        if values := getattr(filters, name):
            yield _any_of(space, column, values)
    yield from _span(workspace, filters, now)
    yield from _status(workspace, filters)
    yield from _made(space, filters)
    yield from _bounds(space, filters)
    if filters.tag:
        yield _rows_of("calls_calltag", "tag_id", filters.tag)
    yield from _at(workspace, filters)
    if filters.external:
        yield _external(workspace, filters.external)
    wanted = asked.read(workspace, filters.q)
    if wanted is not None:
        yield _searched(workspace, wanted)


def _by_id(ids: Sequence[UUID]) -> Condition:
    sql = f"f.call_id IN ({_places(ids)})"
    return Condition(sql, tuple(ids), is_indexed=True, is_few=True)


def _any_of(space: UUID, column: str, values: Sequence[Any]) -> Condition:
    return Condition(
        f"f.{column} IN ({_places(values)})",
        tuple(values),
        tuple(mark(space, column, value) for value in values),
        lead=column if column in LEADS and len(values) == 1 else "",
    )


def _places(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _span(workspace: Workspace, filters: Filters, now: datetime) -> Iterator[Condition]:
    since, until = filters.span(workspace, now)
    if since:
        yield Condition("f.created_at >= %s", (since,), is_span=True)
    if until:
        yield Condition("f.created_at < %s", (until,), is_span=True)


def _status(workspace: Workspace, filters: Filters) -> Iterator[Condition]:
    """Statuses that are not final fit no row here; `over` fits all."""
    wanted = set(filters.status)
    if not wanted or "over" in wanted:
        return
    parts: list[Condition] = []
    if final := [str(word) for word in FINAL if word in wanted]:
        parts.append(_any_of(workspace.pk, "status", final))
    if "look" in wanted:
        looks = (
            "SELECT call_id FROM calls_look WHERE workspace_id = %s AND done_at IS NULL"
        )
        is_open = (
            "EXISTS (SELECT 1 FROM calls_look l "
            "WHERE l.call_id = f.call_id AND l.done_at IS NULL)"
        )
        parts.append(Condition(is_open, (), (), ((looks, (workspace.pk,)),)))
    yield _either(parts) if parts else Condition(NOTHING)


def _either(parts: Sequence[Condition]) -> Condition:
    """Return what fits any of the parts."""
    if len(parts) == 1:
        return parts[0]
    sources: list[tuple[str, Params]] = []
    for part in parts:
        sources += part.sources or [_marked(part)]
    return Condition(
        f"({' OR '.join(part.sql for part in parts)})",
        tuple(value for part in parts for value in part.params),
        sources=tuple(sources) if all(p.sources or p.marks for p in parts) else (),
        has_words=any(part.has_words for part in parts),
        is_joined=all(part.has_words for part in parts),
    )


def _marked(part: Condition) -> tuple[str, Params]:
    if connection.vendor == "sqlite":
        return f"SELECT f.call_id FROM calls_found f WHERE {part.sql}", part.params
    marks = "SELECT call_id FROM calls_found WHERE marks && %s::bigint[]"
    return marks, (list(part.marks),)


def _made(space: UUID, filters: Filters) -> Iterator[Condition]:
    """What is a yes or no: success, reviewed, a recording."""
    if made := filters.success:
        sql = " OR ".join(MADE[word] for word in made)
        yield Condition(f"({sql})", (), tuple(mark(space, "success", w) for w in made))
    for column, value in (
        ("is_reviewed", filters.reviewed),
        ("has_recording", filters.recording),
    ):
        if value is not None:
            sql = f"f.{column}" if value else f"NOT f.{column}"
            yield Condition(sql, (), (mark(space, column, value),))


def _bounds(space: UUID, filters: Filters) -> Iterator[Condition]:
    least, most = filters.duration_min, filters.duration_max
    yield from _between(space, "duration", "duration_ms", DURATIONS, least, most)
    micros = [
        None if amount is None else round(amount * MICROS)
        for amount in (filters.cost_min, filters.cost_max)
    ]
    yield from _between(space, "cost", "cost_micros", COSTS, *micros)


def _between(
    space: UUID,
    name: str,
    column: str,
    steps: Sequence[int],
    least: int | None,
    most: int | None,
) -> Iterator[Condition]:
    """Without a value there is no bound that fits: -1 is left out."""
    if least is None and most is None:
        return
    low = least or 0
    first = bucket(low, steps)
    last = len(steps) if most is None else bucket(most, steps)
    marks = tuple(mark(space, name, step) for step in range(first, last + 1))
    if most is None:
        yield Condition(f"f.{column} >= %s", (low,), marks)
    else:
        yield Condition(f"f.{column} BETWEEN %s AND %s", (low, most), marks)


def _rows_of(table: str, column: str, values: Sequence[Any]) -> Condition:
    """Return that a call has a row of another table."""
    rows = f"FROM {table} x WHERE x.{column} IN ({_places(values)})"
    fits = f"EXISTS (SELECT 1 {rows} AND x.call_id = f.call_id)"
    source = (f"SELECT x.call_id {rows}", tuple(values))
    return Condition(fits, tuple(values), sources=(source,))


def _at(workspace: Workspace, filters: Filters) -> Iterator[Condition]:
    for lookup, values in (("iso_week_day", filters.weekday), ("hour", filters.hour)):
        if values:
            sql, params = connection.ops.datetime_extract_sql(
                lookup, "f.created_at", (), workspace.timezone
            )
            yield Condition(f"{sql} IN ({_places(values)})", (*params, *values))


def _external(workspace: Workspace, text: str) -> Condition:
    """The id that a launch gave: looked up in the call, found among the names."""
    fits = (
        "EXISTS (SELECT 1 FROM calls_call c "
        "WHERE c.id = f.call_id AND c.external_id = %s)"
    )
    names = _in_names(words.fold(text), workspace)
    is_quick = connection.vendor == "sqlite" or has_trigrams()
    sources = names.sources if is_quick and len(text) >= asked.FEWEST_SIGNS else ()
    return Condition(fits, (text,), sources=sources, is_rough=True)


# --- Search --------------------------------------------------------------------------
def _searched(workspace: Workspace, wanted: asked.Asked) -> Condition:
    parts: list[Condition] = []
    if wanted.call_id:
        return _by_id([wanted.call_id])
    if wanted.whole:
        parts.append(_whole(workspace, wanted.whole))
    if wanted.digits:
        parts.append(_digits(workspace, wanted.digits))
    if wanted.terms:
        parts.append(_worded(workspace, wanted))
    return _either(parts) if parts else Condition(NOTHING)


def _whole(workspace: Workspace, digits: str) -> Condition:
    """A whole number: theirs, or one of ours."""
    ours = list(
        workspace.numbers.filter(number=f"+{digits}").values_list("pk", flat=True)
    )
    found = "SELECT call_id FROM calls_found WHERE workspace_id = %s AND tail = %s"
    tail = digits[::-1]
    sources = ((found, (workspace.pk, tail)),)
    theirs = Condition("f.tail = %s", (tail,), sources=sources, is_indexed=True)
    if not ours:
        return theirs
    return _either([theirs, _any_of(workspace.pk, "phone_number_id", ours)])


def _digits(workspace: Workspace, digits: str) -> Condition:
    """Digits of a number: any that follow each other, or else the last ones."""
    found = "SELECT call_id FROM calls_found WHERE workspace_id = %s AND"
    if connection.vendor == "sqlite" or has_trigrams():
        part = f"%{digits}%"
        source = (f"{found} digits LIKE %s", (workspace.pk, part))
        return Condition("f.digits LIKE %s", (part,), (), (source,), is_indexed=True)
    tail = digits[::-1]
    # As the index is ordered, so that it serves a prepared statement as well.
    span = f"{found} tail ~>=~ %s AND tail ~<~ %s"
    last = (span, (workspace.pk, tail, f"{tail}:"))
    return Condition("f.tail LIKE %s", (f"{tail}%",), sources=(last,))


def _worded(workspace: Workspace, wanted: asked.Asked) -> Condition:
    """Words, all of which are in the call, or a part of one of its names or ids."""
    parts = [_in_words(workspace, list(wanted.terms))]
    if wanted.plain and (connection.vendor == "sqlite" or has_trigrams()):
        parts.append(_in_names(wanted.plain, workspace))
    return _either(parts)


def _in_words(workspace: Workspace, terms: list[words.Term]) -> Condition:
    if connection.vendor == "sqlite":
        texts = "SELECT rowid FROM calls_foundtext WHERE calls_foundtext MATCH %s"
        fits = f"id IN ({texts})"
        match = (words.as_fts5(terms),)
        source = f"SELECT call_id FROM calls_foundwords WHERE {fits}"
        return Condition(f"w.{fits}", match, sources=((source, match),), has_words=True)
    # In the statement itself: how common the words are decides the way to find them.
    # They are letters and digits only (`words.WORD`).
    mine = f"{lexeme(space_mark(workspace.pk))}{ALSO} & {words.as_tsquery(terms)}"
    fits = f"words @@ {_quoted(mine)}"
    source = f"SELECT call_id FROM calls_foundwords WHERE {fits}"
    return Condition(
        f"w.{fits}", sources=((source, ()),), has_words=True, is_joined=True
    )


def _quoted(query: str) -> str:
    return "'" + query.replace("'", "''") + "'::tsquery"


def _in_names(text: str, workspace: Workspace) -> Condition:
    plain = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    like, mine = "names LIKE %s", ""
    if connection.vendor == "sqlite":
        like += r" ESCAPE '\'"
    else:
        marks = f"{lexeme(space_mark(workspace.pk))}{ALSO}"
        mine = f" AND words @@ {_quoted(marks)}"
    pattern = (f"%{plain}%",)
    source = f"SELECT call_id FROM calls_foundwords WHERE {like}{mine}"
    return Condition(
        f"w.{like}",
        pattern,
        sources=((source, pattern),),
        has_words=True,
        is_joined=True,
    )


@cache
def has_trigrams() -> bool:
    """Tell whether the database finds parts of words by an index (pg_trgm)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('found_by_names') IS NOT NULL")
        return bool(cursor.fetchone()[0])
