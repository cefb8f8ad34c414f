"""The rows of some kinds, in order: the merge of a short look into an index for each."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from calls.history.condition import Condition
from calls.history.order import Order, all_of, ordered

# A query, and the conditions whose values go into it, in this order.
Query = tuple[str, list[Condition]]


def are_all(looked: Sequence[Condition]) -> bool:
    """Tell whether kinds alone say which rows fit."""
    return bool(looked) and has_kinds() and all(one.is_kind for one in looked)


def has_kinds() -> bool:
    """Tell whether rows have kinds here."""
    return connection.vendor == "postgresql"


def _kinds(space: UUID, looked: Sequence[Condition]) -> Condition:
    """Return what a kind must fit so that its rows may fit."""
    known = [one for one in looked if one.kind]
    sql = " AND ".join(["k.workspace_id = %s", *(one.kind for one in known)])
    return Condition(sql, (space, *(v for one in known for v in one.kind_params)))


def number(space: UUID, looked: Sequence[Condition], most: int) -> Query:
    """Return a query of how many kinds fit, up to `most`."""
    wanted = _kinds(space, looked)
    kinds = f"SELECT 1 FROM calls_foundkind k WHERE {wanted.sql} LIMIT {most}"
    return f"SELECT count(*) FROM ({kinds}) k", [wanted]


def merged(
    space: UUID,
    order: Order,
    bounds: Sequence[Condition],
    looked: Sequence[Condition],
    limit: int,
) -> Query:
    """Return a query of the first rows of some kinds.

    Of each kind the first row is looked up; only those kinds whose first rows come
    first can have more of the page's.
    """
    wanted = _kinds(space, looked)
    way = "DESC" if order.is_down else "ASC"
    mine = [Condition("f.kind_id = s.id"), *bounds]
    of_a_kind = f"CROSS JOIN LATERAL ({ordered(order, mine)} LIMIT"
    in_order = f"ORDER BY x.key {way}, x.at {way}, x.call_id {way} LIMIT {limit}"
    firsts = (
        f"SELECT s.id FROM (SELECT k.id FROM calls_foundkind k WHERE {wanted.sql} "
        f"OFFSET 0) s {of_a_kind} 1) x {in_order}"
    )
    rows = f"SELECT x.call_id, x.key, x.at FROM ({firsts}) s"
    sql = f"{rows} {of_a_kind} {limit}) x {in_order}"
    return sql, [wanted, *bounds, *bounds]


def within(space: UUID, looked: Sequence[Condition]) -> list[Condition]:
    """Return that a row is of a kind that may fit."""
    if not has_kinds():
        return []
    wanted = _kinds(space, looked)
    kinds = f"SELECT k.id FROM calls_foundkind k WHERE {wanted.sql}"
    return [Condition(f"f.kind_id IN ({kinds})", wanted.params)]


def start(space: UUID, order: Order, looked: Sequence[Condition]) -> list[Condition]:
    """Return where the first rows can be that may fit, by their kinds."""
    is_known = has_kinds() and any(one.kind for one in looked)
    if order.name == "time" or not is_known:
        return []
    wanted, name = _kinds(space, looked), order.name
    edge = f"max(k.{name}_below)" if order.is_down else f"min(k.{name}_from)"
    sign = "<" if order.is_down else ">="
    first = f"(SELECT {edge} FROM calls_foundkind k WHERE {wanted.sql})"
    return [Condition(f"f.{order.column} {sign} {first}", wanted.params)]


def counted(
    space: UUID, spans: Sequence[Condition], looked: Sequence[Condition], most: int
) -> Query:
    """Return a query of one row for each of the rows of some kinds, up to `most`."""
    wanted = _kinds(space, looked)
    mine = [Condition("f.kind_id = k.id"), *spans]
    each = f"SELECT 1 FROM calls_found f WHERE {all_of(mine)} LIMIT {most}"
    sql = (
        f"SELECT 1 FROM calls_foundkind k CROSS JOIN LATERAL ({each}) x "
        f"WHERE {wanted.sql} LIMIT {most}"
    )
    return f"SELECT 1 FROM ({sql}) f", [*spans, wanted]
