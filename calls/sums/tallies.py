"""How calls are added up: one statement that reads calls and writes their sums.

The database does it all, so that a million calls take seconds. The same statement
counts one hour anew and everything, on SQLite and PostgreSQL.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import (
    Case,
    DateField,
    F,
    FloatField,
    Func,
    IntegerField,
    Sum,
    Value,
    When,
)
from django.db.models.functions import ExtractHour, TruncDate
from django.db.models.query import QuerySet

from calls import outcome
from calls.models import Call, CallStatus, DayTally, HourTally, Kind
from calls.models.call import FINAL
from calls.models.summary import LATENCIES
from dashboard.models import Workspace

Hour = tuple[date, int]
MILLION = 1_000_000

# Which columns of a call make the item and the version of a row.
ITEMS: dict[Kind, tuple[str, str]] = {
    Kind.TOTAL: ("NULL", "NULL"),
    Kind.AGENT: ("agent_id", "agent_version"),
    Kind.NUMBER: ("phone_number_id", "NULL"),
    Kind.CONNECTION: ("connection_id", "NULL"),
}
_RANG = "outcome NOT IN ('failed', 'canceled')"
STEPS = (*(f"within_{top}" for top in LATENCIES), "slower")


def _filtered(condition: str) -> str:
    return f"COUNT(*) FILTER (WHERE {condition})"


def _steps() -> dict[str, str]:
    """Return how calls are counted by the time an agent usually took to answer."""
    tops = [*LATENCIES, None]
    found = {}
    for name, above, top in zip(STEPS, [0, *LATENCIES], tops, strict=True):
        upto = "" if top is None else f" AND typical_ms <= {top}"
        found[name] = _filtered(f"typical_ms > {above}{upto}")
    return found


# What a row adds up, by column; over the calls as `_read` has them.
SUMS: dict[str, str] = {
    "calls": "COUNT(*)",
    **{word: _filtered(f"outcome = '{word}'") for word in outcome.LABELS},
    "rang": _filtered(f"direction = 'outbound' AND {_RANG}"),
    "reached": _filtered(f"direction = 'outbound' AND outcome = '{outcome.REACHED}'"),
    "talked": "COUNT(talk_ms)",
    "talked_ms": "COALESCE(SUM(talk_ms), 0)",
    "judged": "COUNT(successful)",
    "succeeded": _filtered("successful"),
    "cost_micros": f"COALESCE(SUM(CAST(ROUND(cost * {MILLION}) AS BIGINT)), 0)",
    **_steps(),
}


class Typical(Func):
    """The median of a call's answers in ms, where its provider tells it as a number."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """Read it by SQLite's functions."""
        where = "%(expressions)s, '$.e2e.p50'"
        is_number = f"JSON_TYPE({where}) IN ('integer', 'real')"
        template = f"CASE WHEN {is_number} THEN JSON_EXTRACT({where}) END"
        return self.as_sql(compiler, connection, template=template, **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """Read it by PostgreSQL's operators."""
        is_number = "jsonb_typeof(%(expressions)s #> '{e2e,p50}') = 'number'"
        value = "(%(expressions)s #>> '{e2e,p50}')::double precision"
        template = f"CASE WHEN {is_number} THEN {value} END"
        return self.as_sql(compiler, connection, template=template, **more)


# --- Writing -------------------------------------------------------------------------
def write_hour(workspace: Workspace, zone: ZoneInfo, hour: Hour) -> None:
    """Count one hour anew. The workspace's summary is locked."""
    mine = HourTally.objects.filter(workspace=workspace, kind__in=Kind.values)
    mine.filter(day=hour[0], hour=hour[1]).delete()
    since, until = span(zone, hour)
    calls = workspace.calls.filter(created_at__gte=since, created_at__lt=until)
    day = Value(hour[0], DateField())
    _insert_hours(calls.annotate(day=day, hour=Value(hour[1], IntegerField())))


def write_all(workspace: Workspace, zone: ZoneInfo) -> None:
    """Count everything anew. The workspace's summary is locked."""
    HourTally.objects.filter(workspace=workspace).delete()
    DayTally.objects.filter(workspace=workspace).delete()
    day = TruncDate("created_at", tzinfo=zone)
    hour = ExtractHour("created_at", tzinfo=zone)
    _insert_hours(workspace.calls.annotate(day=day, hour=hour))
    _insert_days(HourTally.objects.filter(workspace=workspace))


def write_days(workspace: Workspace, days: Iterable[date]) -> None:
    """Add up the hours of these days anew. The workspace's summary is locked."""
    wanted = {"workspace": workspace, "kind__in": Kind.values, "day__in": list(days)}
    DayTally.objects.filter(**wanted).delete()
    _insert_days(HourTally.objects.filter(**wanted))


def _insert_hours(calls: QuerySet[Call]) -> None:
    inner, values = _compiled(_read(calls))
    keys = ("workspace_id", "day", "hour", "kind", "item", "version", "currency")
    selects = " UNION ALL ".join(map(_select, ITEMS))
    _run(
        f"INSERT INTO {HourTally._meta.db_table} ({', '.join((*keys, *SUMS))}) "
        f"WITH c AS MATERIALIZED ({inner}) {selects}",
        values,
    )


def _read(calls: QuerySet[Call]) -> QuerySet[Any, Any]:
    """Return what is added up of calls that are over; `day` and `hour` are known."""
    talk = Case(When(status=CallStatus.ENDED, then=F("duration_ms")))
    rows: QuerySet[Any, Any] = calls.filter(status__in=FINAL).annotate(
        outcome=outcome.EXPRESSION, talk_ms=talk, typical_ms=Typical("latency")
    )
    return rows.order_by().values(
        *("workspace_id", "day", "hour", "agent_id", "agent_version"),
        *("phone_number_id", "connection_id", "currency", "direction"),
        *("outcome", "talk_ms", "typical_ms", "successful", "cost"),
    )


def _select(kind: Kind) -> str:
    item, version = ITEMS[kind]
    group = ["workspace_id", "day", "hour", "currency"]
    group += [name for name in (item, version) if name != "NULL"]
    return (
        f"SELECT workspace_id, day, hour, '{kind.value}', {item}, {version}, currency, "
        f"{', '.join(SUMS.values())} FROM c GROUP BY {', '.join(group)}"
    )


def _insert_days(hours: QuerySet[HourTally]) -> None:
    keys = ("workspace_id", "day", "kind", "item", "version", "currency")
    sums = {f"sum_{name}": Sum(name) for name in SUMS}
    rows = hours.order_by().values(*keys).annotate(**sums)
    select, values = _compiled(rows.values(*keys, *sums))
    names = ", ".join((*keys, *SUMS))
    _run(f"INSERT INTO {DayTally._meta.db_table} ({names}) {select}", values)


def _compiled(rows: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, values = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(values)


def _run(statement: str, values: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# --- Hours ---------------------------------------------------------------------------
def hour_of(zone: ZoneInfo, at: datetime) -> Hour:
    """Return the hour of the zone's clock in which a moment lies."""
    local = at.astimezone(zone)
    return local.date(), local.hour


def span(zone: ZoneInfo, hour: Hour) -> tuple[datetime, datetime]:
    """Return when an hour of the clock begins and ends.

    It is longer where the clock is put back in it, and empty where it is left out.
    """
    begin = datetime(hour[0].year, hour[0].month, hour[0].day, hour[1])
    end = begin + timedelta(hours=1)
    return begin.replace(tzinfo=zone), end.replace(tzinfo=zone)
