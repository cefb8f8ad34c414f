"""Queries that the ORM writes once: asked again, only their values are new.

To write a statement takes the ORM longer than the database takes to answer it. Where
one is asked at every click or dial, a `Prepared` query keeps what was written.
"""

import json
import uuid
from collections.abc import Callable
from copy import copy
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, ForeignObject, Lookup, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError
from django.utils.functional import cached_property

Row = TypeVar("Row")
# Given for an id where there is none: no row has it.
NOBODY = uuid.UUID(int=0)


class Given(Expression):
    """A value of a prepared query, which each who asks gives by this name.

    It is of the kind of `output_field`, and None only where that may be null.
    """

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(
        self, _: SQLCompiler, __: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the place of a value, and itself until there is one."""
        return "%s", (self,)

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        """Return its value as the database takes it; ValueError where it is None."""
        if values[self.name] is None and not self.output_field.null:
            raise ValueError(f"{self.name} is None; nothing would be found.")
        return self.output_field.get_db_prep_value(values[self.name], connection)


class GivenMany(Given):
    """Any number of values of a prepared query: `filter(pk__among=GivenMany(…))`.

    They go as one list, so that the statement is the same for all numbers of them.
    """

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        """Return the values as `among` takes them."""
        prepare = self.output_field.get_db_prep_value
        given = [prepare(value, connection) for value in values[self.name]]
        return given if connection.vendor == "postgresql" else json.dumps(given)


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):
    """Tells whether a column's value is one of a list that is given later."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Write it as SQLite takes a list."""
        return self._written(
            compiler, connection, "IN (SELECT value FROM json_each(%s))"
        )

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Write it as PostgreSQL takes one."""
        return self._written(compiler, connection, "= ANY(%s)")

    def _written(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, words: str
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} {words}", (*params, self.rhs)


def _bound(
    params: tuple[Any, ...], values: dict[str, Any], connection: BaseDatabaseWrapper
) -> tuple[Any, ...]:
    """Return the parameters of a statement with values in their places."""
    return tuple(
        param.value(values, connection) if isinstance(param, Given) else param
        for param in params
    )


def _must_be_in_a_transaction(connection: BaseDatabaseWrapper) -> None:
    """Raise as the ORM does when it writes a statement that locks: once, here."""
    if connection.features.has_select_for_update and connection.get_autocommit():
        raise TransactionManagementError("A lock needs a transaction to last.")


class Prepared(Generic[Row]):
    """A query with places for values (`Given`), written at its first use.

    `build` returns it; what else it holds (a time, a limit) stays what it was then.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build

    @cached_property
    def _written(self) -> tuple[QuerySet[Any, Row], SQLCompiler, str, tuple[Any, ...]]:
        rows = self._build()
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        columns = [column for column, *_ in compiler.select[: compiler.col_count]]
        converters = compiler.get_converters(columns)
        compiler.get_converters = lambda _: converters
        return rows, compiler, sql, tuple(params)

    def all(self, **values: Any) -> list[Row]:
        """Return the rows for these values, as the query itself would."""
        rows, compiler, sql, params = self._written
        connection = connections[DEFAULT_DB_ALIAS]
        if rows.query.select_for_update:
            _must_be_in_a_transaction(connection)
        told = sql, _bound(params, values, connection)
        # A connection, and so a compiler, belongs to one thread.
        mine, query = copy(compiler), copy(rows.query)
        mine.connection = connection
        mine.as_sql = lambda *_, **__: told  # type: ignore[method-assign]
        query.get_compiler = lambda *_, **__: mine  # type: ignore[method-assign]
        asked: QuerySet[Any, Row] = QuerySet(rows.model, query)
        for name in ("_iterable_class", "_fields", "_prefetch_related_lookups"):
            setattr(asked, name, getattr(rows, name))
        return list(asked)

    def first(self, **values: Any) -> Row | None:
        """Return the first row, or None; the query asks for no more than it needs."""
        return next(iter(self.all(**values)), None)

    def get(self, **values: Any) -> Row:
        """Return the one row; raises the model's DoesNotExist where there is none."""
        row = self.first(**values)
        if row is None:
            rows = self._written[0]
            raise rows.model.DoesNotExist(f"No {rows.model._meta.verbose_name}.")
        return row


class PreparedUpdate:
    """An UPDATE with places for values, written at its first use.

    `build` returns the rows; `fields` are what they get, each a `Given` or always the
    same.
    """

    def __init__(
        self, build: Callable[[], QuerySet[Any, Any]], **fields: object
    ) -> None:
        self._build = build
        self._fields = fields

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...]]:
        query = self._build().query.chain(UpdateQuery)
        assert isinstance(query, UpdateQuery)
        query.add_update_values(self._fields)
        sql, params = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return sql, tuple(params)

    def run(self, **values: Any) -> int:
        """Change the rows; return how many there were."""
        sql, params = self._written
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(sql, _bound(params, values, connection))
            return int(cursor.rowcount)
