"""One thing that rows of `Found` (f), with their words (w), must fit: as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from calls.history import kinds
from calls.history.marks import mark

Params = tuple[Any, ...]
# An index begins with these, so that what was much used once is found as well.
LEADS = (
    *("contact_id", "agent_id", "phone_number_id", "connection_id"),
    *("launched_by_id", "api_key_id"),
)
NOTHING = "1 = 0"
# Where the marks of the other filters go in a search for words, so that the index of
# words intersects them as well.
ALSO = "/*also*/"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must fit.

    `marks`: rows that fit have one of these. `sources`: queries of the ids of calls,
    of which one has each that fits; both for when fitting rows are rare. `kind`: what
    the kinds (k) of rows that fit must fit, and with `is_kind` that is all. `lead`: the
    index that begins with the column, which has one value. `bounds`: the sort column
    that lies between values.
    `is_joined`: each of its parts is about `w`. `is_indexed`: an index of `f` answers
    `sql` itself.
    `is_rough`: the sources have calls as well that do not fit. `is_few`: hardly any fit.
    `parts`: it fits where one of these does.
    """

    sql: str
    params: Params = ()
    marks: tuple[int, ...] = ()
    sources: tuple[tuple[str, Params], ...] = ()
    kind: str = ""
    kind_params: Params = ()
    is_kind: bool = False
    lead: str = ""
    bounds: str = ""
    has_words: bool = False
    is_joined: bool = False
    is_indexed: bool = False
    is_rough: bool = False
    is_few: bool = False
    parts: tuple["Condition", ...] = ()


def any_of(space: UUID, column: str, values: Sequence[Any]) -> Condition:
    """Return that a column has one of these values."""
    fits = f"{column} IN ({places(values)})"
    one = Condition(
        f"f.{fits}",
        tuple(values),
        tuple(mark(space, column, value) for value in values),
        lead=column if column in LEADS and len(values) == 1 else "",
    )
    return as_kind(one, f"k.{fits}") if column in kinds.ALIKE else one


def as_kind(one: Condition, sql: str) -> Condition:
    """Return a condition that says of the kind of a row what it says of the row."""
    return replace(one, kind=sql, kind_params=one.params, is_kind=True)


def by_id(ids: Sequence[UUID]) -> Condition:
    """Return that a call is one of these."""
    sql = f"f.call_id IN ({places(ids)})"
    return Condition(sql, tuple(ids), is_indexed=True, is_few=True)


def places(values: Sequence[Any]) -> str:
    """Return a place for each value, with commas between."""
    return ", ".join(["%s"] * len(values))


def either(parts: Sequence[Condition]) -> Condition:
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
        parts=tuple(parts),
    )


def _marked(part: Condition) -> tuple[str, Params]:
    if connection.vendor == "sqlite":
        return f"SELECT f.call_id FROM calls_found f WHERE {part.sql}", part.params
    marks = "SELECT call_id FROM calls_found WHERE marks && %s::bigint[]"
    return marks, (list(part.marks),)
