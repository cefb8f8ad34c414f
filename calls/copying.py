"""Writing many rows at once: COPY on PostgreSQL, plain inserts elsewhere."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

Row = Sequence[Any]


def names_of(model: type[models.Model]) -> tuple[str, ...]:
    """Return the names of all columns' attributes."""
    return tuple(str(field.attname) for field in model._meta.concrete_fields)


def values_of(rows: Sequence[models.Model]) -> list[Row]:
    """Return what unsaved rows hold, in the order of `names_of`."""
    names = names_of(type(rows[0])) if rows else ()
    return [[getattr(row, name) for name in names] for row in rows]


def write(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write rows whose values are in the order of `names` (attributes of the model)."""
    if connection.vendor == "postgresql":
        _copy(model, names, rows)
        return
    objects = [model(**dict(zip(names, row, strict=True))) for row in rows]
    model._default_manager.bulk_create(objects)


def _copy(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Stream the rows: several times faster than INSERT."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    table = quote(model._meta.db_table)
    # The driver knows plain values by itself, and is much faster at them.
    mapped = [i for i, f in enumerate(fields) if isinstance(f, models.JSONField)]
    command = f"COPY {table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            values = list(row)
            for i in mapped:
                values[i] = json.dumps(values[i])
            copy.write_row(values)
