"""Many rows in one go, where building the SQL would cost more than all else.

Webhooks come in bursts, and for these few statements `bulk_create` and `bulk_update`
take several times the processor time of the rest (`docs/bench.md`). A workspace is
filled by COPY on PostgreSQL, by plain inserts elsewhere.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Field, FileField, JSONField, Model

from dashboard.fields import EncryptedJSONField

Column: TypeAlias = "Field[Any, Any]"
Row = Sequence[Any]
# What only the field can write as the database takes it.
NEEDS_FIELD = (JSONField, EncryptedJSONField, FileField)
# SQLite takes 32,766 values in one statement.
CHUNK = 500


def insert(row: Model) -> None:
    """Insert one row under its own key; raises IntegrityError where it may not be.

    What the ORM does on the way (a field's `pre_save`, signals) is left out.
    """
    fields = tuple(row._meta.concrete_fields)
    [values] = _values([row], fields)
    with connection.cursor() as cursor:
        cursor.execute(_insert_words(type(row), fields), values)
    row._state.adding, row._state.db = False, connection.alias


def insert_new(rows: Sequence[Model]) -> None:
    """Insert rows, many in one statement; one that is there already is left as it is.

    Unlike after `bulk_create`, the rows do not learn their ids.
    """
    for first in range(0, len(rows), CHUNK):
        _insert(rows[first : first + CHUNK])


def _insert(rows: Sequence[Model]) -> None:
    fields = _all_but_key(type(rows[0]))
    values = [value for row in _values(rows, fields) for value in row]
    words = _insert_words(type(rows[0]), fields, len(rows))
    with connection.cursor() as cursor:
        cursor.execute(f"{words} ON CONFLICT DO NOTHING", values)


@lru_cache(maxsize=2 * CHUNK)
def _insert_words(
    model: type[Model], fields: tuple[Column, ...], count: int = 1
) -> str:
    names = ", ".join(_quoted(field) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES {places}"


def add(rows: Sequence[Model]) -> None:
    """Insert rows that are certainly new, by what is quickest: COPY on PostgreSQL.

    The rows do not learn their ids.
    """
    if not rows or connection.vendor != "postgresql":
        insert_new(rows)
        return
    model = type(rows[0])
    names = [str(field.attname) for field in _all_but_key(model)]
    _copy(model, names, [[getattr(row, name) for name in names] for row in rows])


@cache
def _all_but_key(model: type[Model]) -> tuple[Column, ...]:
    fields = model._meta.concrete_fields
    return tuple(field for field in fields if not field.primary_key)


def save(rows: Sequence[Model], names: Iterable[str]) -> None:
    """Write these fields of rows that are there, each once, found by their primary keys.

    On PostgreSQL one statement takes all, a list for each column.
    """
    if not rows:
        return
    meta = rows[0]._meta
    wanted = set(names)
    fields = [field for field in meta.concrete_fields if field.name in wanted]
    values = _values(rows, [*fields, meta.pk])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = [list(column) for column in zip(*values, strict=True)]
            cursor.execute(_update_words(type(rows[0]), tuple(fields)), columns)
            return
        places = ", ".join(f"{_quoted(field)} = %s" for field in fields)
        where = f"WHERE {_quoted(meta.pk)} = %s"
        cursor.executemany(f"UPDATE {meta.db_table} SET {places} {where}", values)


@cache
def _update_words(model: type[Model], fields: tuple[Column, ...]) -> str:
    """Return the UPDATE whose parameters are a list of each field, and of the keys."""
    meta = model._meta
    lists = ", ".join(f"%s::{_bare_type(field)}[]" for field in (*fields, meta.pk))
    names = ", ".join(f"new_{place}" for place in range(len(fields)))
    sets = ", ".join(
        f"{_quoted(field)} = told.new_{place}" for place, field in enumerate(fields)
    )
    told = f"unnest({lists}) AS told ({names}, told_key)"
    where = f"{meta.db_table}.{_quoted(meta.pk)} = told.told_key"
    return f"UPDATE {meta.db_table} SET {sets} FROM {told} WHERE {where}"


def _bare_type(field: Column) -> str:
    """Return a column's type without a length: a cast to one would cut what is longer."""
    return str(field.db_type(connection)).partition("(")[0]


def _quoted(field: Column) -> str:
    return connection.ops.quote_name(str(field.column))


def _values(rows: Sequence[Model], fields: Sequence[Column]) -> list[list[Any]]:
    """Return what the fields hold, row by row, as the database takes it.

    PostgreSQL's driver takes most values as they are, and asking each field is slow.
    """
    by_itself = connection.vendor == "postgresql"
    columns = []
    for field in fields:
        values = [getattr(row, field.attname) for row in rows]
        if not by_itself or isinstance(field, NEEDS_FIELD):
            values = [field.get_db_prep_save(value, connection) for value in values]
        columns.append(values)
    return [list(row) for row in zip(*columns, strict=True)]


# --- Filling a workspace -------------------------------------------------------------
def names_of(model: type[Model]) -> tuple[str, ...]:
    """Return the names of all columns' attributes."""
    return tuple(str(field.attname) for field in model._meta.concrete_fields)


def values_of(rows: Sequence[Model]) -> list[Row]:
    """Return what unsaved rows hold, in the order of `names_of`."""
    names = names_of(type(rows[0])) if rows else ()
    return [[getattr(row, name) for name in names] for row in rows]


def write(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write rows whose values are in the order of `names` (attributes of the model)."""
    if connection.vendor == "postgresql":
        _copy(model, names, rows)
        return
    objects = [model(**dict(zip(names, row, strict=True))) for row in rows]
    model._default_manager.bulk_create(objects)


def _copy(model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Stream the rows: several times faster than INSERT."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    columns = ", ".join(_quoted(field) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    # The driver knows plain values by itself, and is much faster at them.
    mapped = [i for i, f in enumerate(fields) if isinstance(f, JSONField)]
    command = f"COPY {table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            values = list(row)
            for i in mapped:
                values[i] = json.dumps(values[i])
            copy.write_row(values)
