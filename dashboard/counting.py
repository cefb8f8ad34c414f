"""Counting rows within another query, up to a limit."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery


class CountOf(Subquery):
    """How many rows a query has; beyond `most`, nothing is counted."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], most: int | None = None) -> None:
        super().__init__(rows.order_by().values("pk")[:most])
