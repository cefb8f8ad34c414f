"""The filters as SQL over the rows of `Found` (f) and `FoundWords` (w)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from calls.history import asked, days, kinds, narrowing, searching, words
from calls.history.condition import (
    NOTHING,
    Condition,
    any_of,
    as_kind,
    by_id,
    either,
    places,
)
from calls.history.filters import Filters
from calls.history.marks import COSTS, DURATIONS, bucket, mark
from calls.history.taking import MICROS
from calls.models import Call
from calls.models.call import FINAL
from dashboard.models import Workspace

# The columns of `Found` are named as those of calls.
COLUMNS = {field.name: field.attname for field in Call._meta.concrete_fields}
PLAIN = {
    "outcome": "outcome",
    **{name: COLUMNS[field] for name, field in narrowing.PLAIN.items()},
}
MADE = {
    "yes": "f.successful",
    "no": "NOT f.successful",
    "unknown": "f.successful IS NULL",
}


def conditions(
    workspace: Workspace, filters: Filters, now: datetime
) -> list[Condition] | None:
    """Return what the filters ask of a call that is over; None: that none can fit."""
    found = list(_conditions(workspace, filters, now))
    return None if any(one.sql == NOTHING for one in found) else found


def _conditions(
    workspace: Workspace, filters: Filters, now: datetime
) -> Iterator[Condition]:
    space = workspace.pk
    if filters.call:
        yield by_id(filters.call)
    for name, column in PLAIN.items():
        if values := getattr(filters, name):
            yield any_of(space, column, values)
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
        yield searching.searched(workspace, wanted)


def _span(workspace: Workspace, filters: Filters, now: datetime) -> Iterator[Condition]:
    since, until = filters.span(workspace, now)
    if since:
        yield Condition("f.created_at >= %s", (since,), bounds="created_at")
    if until:
        yield Condition("f.created_at < %s", (until,), bounds="created_at")


def _status(workspace: Workspace, filters: Filters) -> Iterator[Condition]:
    """Statuses that are not final fit no row here; `over` fits all."""
    wanted = set(filters.status)
    if not wanted or "over" in wanted:
        return
    parts: list[Condition] = []
    if final := [str(word) for word in FINAL if word in wanted]:
        parts.append(any_of(workspace.pk, "status", final))
    if "look" in wanted:
        looks = (
            "SELECT call_id FROM calls_look WHERE workspace_id = %s AND done_at IS NULL"
        )
        is_open = _has("calls_look l WHERE l.call_id = f.call_id AND l.done_at IS NULL")
        parts.append(Condition(is_open, (), (), ((looks, (workspace.pk,)),)))
    yield either(parts) if parts else Condition(NOTHING)


def _made(space: UUID, filters: Filters) -> Iterator[Condition]:
    """What is a yes or no: success, reviewed, a recording."""
    if made := filters.success:
        sql = f"({' OR '.join(MADE[word] for word in made)})"
        marks = tuple(mark(space, "success", word) for word in made)
        yield as_kind(Condition(sql, (), marks), sql.replace("f.", "k."))
    for column, value in (
        ("is_reviewed", filters.reviewed),
        ("has_recording", filters.recording),
    ):
        if value is not None:
            sql = f"f.{column}" if value else f"NOT f.{column}"
            one = Condition(sql, (), (mark(space, column, value),))
            yield as_kind(one, sql.replace("f.", "k."))


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
    low, high = least or 0, kinds.NEVER - 1 if most is None else most
    first = bucket(low, steps)
    last = len(steps) if most is None else bucket(most, steps)
    yield Condition(
        f"f.{column} BETWEEN %s AND %s",
        (low, high),
        tuple(mark(space, name, step) for step in range(first, last + 1)),
        kind=f"k.{name}_below > %s AND k.{name}_from <= %s",
        kind_params=(low, high),
        is_kind={low, high + 1} <= set(kinds.EDGES[name]),
        bounds=column,
    )


def _has(rows: str) -> str:
    """Return that there are such rows: looked up for each call.

    EXISTS might be answered by reading all such rows first, however few are asked for.
    """
    return f"COALESCE((SELECT true FROM {rows} LIMIT 1), false)"


def _rows_of(table: str, column: str, values: Sequence[Any]) -> Condition:
    """Return that a call has a row of another table."""
    rows = f"{table} x WHERE x.{column} IN ({places(values)})"
    fits = _has(f"{rows} AND x.call_id = f.call_id")
    source = (f"SELECT x.call_id FROM {rows}", tuple(values))
    return Condition(fits, tuple(values), sources=(source,))


def _at(workspace: Workspace, filters: Filters) -> Iterator[Condition]:
    """Hours and days of the week, where the workspace is."""
    asked_for = (("iso_week_day", filters.weekday), ("hour", filters.hour))
    wanted = [(lookup, values) for lookup, values in asked_for if values]
    if not wanted:
        return
    sql, params = [], []
    for lookup, values in wanted:
        read, more = connection.ops.datetime_extract_sql(
            lookup, "f.created_at", (), workspace.timezone
        )
        sql.append(f"{read} IN ({places(values)})")
        params += [*more, *values]
    hours = days.utc_hours(workspace.timezone, filters.weekday, filters.hour)
    marks = [mark(workspace.pk, "utc_hour", hour) for hour in hours]
    # Not as marks, which the words of older calls would lack.
    source = ("SELECT call_id FROM calls_found WHERE marks && %s::bigint[]", (marks,))
    sources = (source,) if connection.vendor == "postgresql" else ()
    yield Condition(" AND ".join(sql), tuple(params), sources=sources, is_rough=True)


def _external(workspace: Workspace, text: str) -> Condition:
    """The id that a launch gave: looked up in the call, found among the names."""
    fits = _has("calls_call c WHERE c.id = f.call_id AND c.external_id = %s")
    names = searching.in_names(words.fold(text), workspace)
    is_quick = connection.vendor == "sqlite" or searching.has_trigrams()
    sources = names.sources if is_quick and len(text) >= asked.FEWEST_SIGNS else ()
    return Condition(fits, (text,), sources=sources, is_rough=True)
