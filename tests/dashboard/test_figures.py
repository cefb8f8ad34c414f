"""Today's figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.models import Connection
from dashboard.figures import Change, compare, spark, today
from dashboard.models import Workspace
from tests.factories import make_call, make_connection, make_workspace

# 20:30 on the 20th in Kolkata.
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    """Return a workspace whose days begin at 18:30 UTC."""
    return make_workspace(timezone="Asia/Kolkata")


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return a connection for its calls."""
    return make_connection(workspace)


def ended(connection: Connection, at: datetime, **fields: Any) -> None:
    """Make a call that was a conversation."""
    make_call(connection, status="ended", created_at=at, **fields)


@pytest.mark.django_db
def test_the_day_begins_at_the_workspaces_midnight(connection: Connection) -> None:
    midnight = datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    ended(connection, midnight)
    ended(connection, midnight - timedelta(seconds=1))
    new, _ = today(connection.workspace, NOW)
    assert new.calls == 1
    assert new.by_hour[0] == 1


@pytest.mark.django_db
def test_yesterday_counts_up_to_this_time_of_day(connection: Connection) -> None:
    ended(connection, NOW - timedelta(days=1, minutes=1))
    ended(connection, NOW - timedelta(days=1) + timedelta(minutes=1))
    _, old = today(connection.workspace, NOW)
    assert old.calls == 1


@pytest.mark.django_db
def test_answer_rate_counts_people_not_machines(connection: Connection) -> None:
    at = NOW - timedelta(hours=1)
    ended(connection, at, answered_by="human")
    ended(connection, at, answered_by="machine")
    for status in ("not_connected", "not_connected", "failed", "ringing"):
        make_call(connection, status=status, created_at=at)
    new, _ = today(connection.workspace, NOW)
    assert new.answer_rate == 25


@pytest.mark.django_db
def test_duration_and_spend_add_up(connection: Connection) -> None:
    at = NOW - timedelta(hours=1)
    ended(connection, at, duration_ms=60_000, cost=Decimal("0.30"))
    ended(connection, at, duration_ms=120_000, cost=Decimal("0.20"))
    ended(connection, at, duration_ms=None, cost=Decimal("0.10"), currency="EUR")
    new, _ = today(connection.workspace, NOW)
    assert new.average_ms == 60_000
    assert new.spent == (Decimal("0.50"), "USD")


@pytest.mark.django_db
def test_another_workspaces_calls_do_not_count(workspace: Workspace) -> None:
    ended(make_connection(make_workspace()), NOW - timedelta(hours=1))
    new, _ = today(workspace, NOW)
    assert new.calls == 0
    assert new.answer_rate is None
    assert new.average_ms is None


@pytest.mark.parametrize(
    ("new", "old", "unit", "change"),
    [
        (112, 100, "%", Change("+12\u202f%", "up")),
        (92.4, 95.0, "pt", Change("−3\u202fpt", "down")),
        (100, 100, "%", Change("as yesterday")),
        (5, 0, "%", None),
        (None, 5, "pt", None),
    ],
)
def test_compare(
    new: float | None, old: float, unit: str, change: Change | None
) -> None:
    assert compare(new, old, unit=unit) == change


def test_spark_goes_from_edge_to_edge() -> None:
    assert spark([0, 4, 2]) == "0.0,26.0 40.0,2.0 80.0,14.0"
    assert spark([0, 0]) == ""
