"""How many calls fit: counted up to a limit, so that it stays quick."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from calls.history import conditions, finding
from calls.history.filters import Filters
from calls.history.narrowing import narrow
from dashboard.models import Workspace

# Counting stops here: “more than 10,000” tells as much.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many calls fit; `is_more`: there are more than `value`."""

    value: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"more than {self.value:,}" if self.is_more else f"{self.value:,}"


def count(workspace: Workspace, filters: Filters, now: datetime) -> Count:
    """Count the calls that fit, up to MOST; one query."""
    return counts(workspace, [filters], now)[0]


def counts(
    workspace: Workspace, several: Sequence[Filters], now: datetime
) -> list[Count]:
    """Count for several lists at once; one query."""
    if not several:
        return []
    parts: list[str] = []
    params: list[Any] = []
    for filters in several:
        sql, values = _counted(workspace, filters, now)
        parts.append(f"({sql})")
        params += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return [Count(min(number, MOST), number > MOST) for number in row]


def _counted(
    workspace: Workspace, filters: Filters, now: datetime
) -> tuple[str, list[Any]]:
    """Return the SQL for one number: of both kinds of rows."""
    sql, values = _fresh(workspace, filters, now)
    wanted = conditions.conditions(workspace, filters, now)
    union, params = f"SELECT 1 FROM ({sql}) c", values
    if wanted is not None:
        over, more = finding.counted(workspace.pk, wanted, MOST + 1)
        union, params = f"{union} UNION ALL {over}", [*params, *more]
    return f"SELECT count(*) FROM ({union} LIMIT {MOST + 1}) n", params


def _fresh(
    workspace: Workspace, filters: Filters, now: datetime
) -> tuple[str, list[Any]]:
    """Return the SQL for the calls that are not taken into the history yet."""
    rows = narrow(workspace, filters, now).filter(digested_at=None).order_by()
    try:
        sql, values = rows.values("pk")[: MOST + 1].query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 1 WHERE 1 = 0", []
    return sql, list(map(_plain, values))


def _plain(value: Any) -> Any:
    """Return a word of ours as the driver takes it."""
    return str(value) if isinstance(value, str) else value
