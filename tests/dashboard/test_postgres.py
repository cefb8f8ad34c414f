"""Times from PostgreSQL: in UTC, whichever way they are read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from django.db.models import Max
from psycopg.adapt import PyFormat

from dashboard.models import Workspace

pytestmark = [
    pytest.mark.skipif(connection.vendor == "sqlite", reason="PostgreSQL's times"),
    pytest.mark.django_db,
]
AT = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-11, 0, 5.5, 14])
def test_a_time_is_read_in_utc_wherever_it_was_written(
    workspace: Workspace, hours: float
) -> None:
    there = AT.astimezone(timezone(timedelta(hours=hours)))
    rows = Workspace.objects.filter(pk=workspace.pk)
    rows.update(created_at=there)
    told = [
        rows.get().created_at,
        rows.values_list("created_at", flat=True)[0],
        next(rows.values_list("created_at", flat=True).iterator()),
        rows.aggregate(at=Max("created_at"))["at"],
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at FROM dashboard_workspace")
        told += cursor.fetchone()
    assert told == [AT] * 5
    assert {at.tzinfo for at in told} == {UTC}


def test_times_are_found_and_told_by_a_prepared_statement_too(
    workspace: Workspace,
) -> None:
    for _ in range(5):
        rows = Workspace.objects.filter(created_at__lte=datetime.now(tz=UTC))
        assert [row.created_at.tzinfo for row in rows] == [UTC]


def test_the_driver_reads_times_in_its_compiled_code() -> None:
    with connection.cursor() as cursor:
        adapters = cursor.cursor.adapters
    oid = adapters.types["timestamptz"].oid
    loader = adapters.get_loader(oid, PyFormat.as_pq(PyFormat.TEXT))
    assert loader is not None
    assert loader.__module__ == "psycopg_binary._psycopg"
