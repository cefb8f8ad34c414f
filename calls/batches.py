"""Many rows in one go, where building the SQL would cost more than all else.

Webhooks come in bursts, and for these few statements `bulk_create` and `bulk_update`
take several times the processor time of the rest (`docs/bench.md`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Field, Model

Column: TypeAlias = "Field[Any, Any]"
# SQLite takes 32,766 values in one statement.
CHUNK = 500


def insert_new(rows: Sequence[Model]) -> None:
    """Insert rows, many in one statement; one that is there already is left as it is.

    Unlike after `bulk_create`, the rows do not learn their ids.
    """
    for first in range(0, len(rows), CHUNK):
        _insert(rows[first : first + CHUNK])


def _insert(rows: Sequence[Model]) -> None:
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(_quoted(field) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [value for row in rows for value in _values(row, fields)]
    insert = f"INSERT INTO {meta.db_table} ({names}) VALUES {places}"
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} ON CONFLICT DO NOTHING", values)


def save(rows: Sequence[Model], names: Iterable[str]) -> None:
    """Write these fields of rows that are there, found by their primary keys."""
    if not rows:
        return
    meta = rows[0]._meta
    wanted = set(names)
    fields = [field for field in meta.concrete_fields if field.name in wanted]
    places = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    update = f"UPDATE {meta.db_table} SET {places} WHERE {_quoted(meta.pk)} = %s"
    with connection.cursor() as cursor:
        cursor.executemany(update, [_values(row, [*fields, meta.pk]) for row in rows])


def _quoted(field: Column) -> str:
    return connection.ops.quote_name(str(field.column))


def _values(row: Model, fields: Iterable[Column]) -> list[Any]:
    """Return what the fields hold, as the database takes it."""
    return [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in fields
    ]
