"""The sums of calls: exact whatever happens to the calls, in every zone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Connection
from calls import digest, merging
from calls.models import Call, CallStatus, DayTally, HourTally, StaleHour
from calls.sums import summary
from dashboard.models import Workspace
from tests.calls.tallying import assert_exact
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db

ZONES = [
    *("UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Europe/Berlin"),
    *("Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Cairo"),
]
# Days on which clocks are put back or forward in one of the zones.
DAYS = [
    *(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)),
    *(datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)),
    *(datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC)),
    *(datetime(2026, 4, 23, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC)),
]


class World:
    """A workspace whose calls end, change, go, and are counted, at random."""

    def __init__(self, random: Random) -> None:
        self.random = random
        zone = random.choice(ZONES)
        self.workspace = make_workspace(timezone=zone)
        self.connections = [make_connection(self.workspace) for _ in range(2)]
        self.agents = [make_agent(row) for row in self.connections]
        self.numbers = [make_number(row) for row in self.connections]
        self.begin = random.choice(DAYS) - timedelta(hours=14)

    def facts(self) -> dict[str, Any]:
        """Return how a call may have gone."""
        pick = self.random.choice
        latency = pick([{}, {"e2e": {"p50": pick([1, 200, 201, 999.5, 6000, 9000])}}])
        return {
            "status": pick(["ended", "ended", "not_connected", "failed", "canceled"]),
            "answered_by": pick(["", "human", "machine", "unknown"]),
            "end_reason": pick(["", "busy", "no_answer", "voicemail", "user_hangup"]),
            "duration_ms": pick([None, 0, 61_234]),
            "cost": pick([None, Decimal("0.1"), Decimal("0.000001"), Decimal("12.3")]),
            "currency": pick(["USD", "EUR"]),
            "latency": pick([latency, latency, {"e2e": "odd"}, {"e2e": {"p50": "1"}}]),
            "successful": pick([None, True, False]),
            "agent_version": pick([None, 0, 3]),
            "changed_at": timezone.now(),
        }

    def begins(self) -> None:
        """Let a call begin; some are over at once."""
        pick = self.random.choice
        at = self.begin + timedelta(minutes=self.random.randint(0, 42 * 60))
        is_over = pick([True, True, False])
        make_call(
            pick(self.connections),
            agent=pick([None, *self.agents]),
            phone_number=pick([None, *self.numbers]),
            direction=pick(["inbound", "outbound"]),
            created_at=at,
            **(self.facts() if is_over else {"status": "in_progress"}),
        )

    def changes(self) -> None:
        """Let a call end, or change after its end."""
        rows = list(self.workspace.calls.values_list("pk", flat=True))
        if rows:
            self.workspace.calls.filter(pk=self.random.choice(rows)).update(
                **self.facts()
            )

    def goes(self) -> None:
        """Let a call be deleted, or be part of another from now on."""
        call = self.workspace.calls.order_by("?").first()
        if call:
            summary.mark_stale(call.workspace_id, call.created_at)
            call.delete()

    def moves(self) -> None:
        """Let the workspace move to another zone."""
        self.workspace.timezone = self.random.choice(ZONES)
        self.workspace.save()

    def is_digested(self) -> None:
        """Take some calls in."""
        digest.run(timezone.now())

    def is_counted(self) -> None:
        """Count what is stale."""
        summary.catch_up()


@settings(
    max_examples=settings.get_profile("untimed").max_examples * 3 // 10,
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 10**9), steps=st.integers(5, 40))
def test_the_sums_are_those_of_plain_counting(seed: int, steps: int) -> None:
    random = Random(seed)
    world = World(random)
    verbs = [world.begins, world.begins, world.begins, world.changes, world.changes]
    verbs += [world.goes, world.moves, world.is_digested, world.is_counted]
    for _ in range(steps):
        random.choice(verbs)()
    while digest.run(timezone.now()):
        pass
    summary.catch_up()
    assert_exact(world.workspace)
    summary.rebuild(world.workspace)
    assert_exact(world.workspace)


@pytest.fixture
def connection() -> Connection:
    return make_connection(make_workspace(timezone="Asia/Kathmandu"))


def ended(connection: Connection, at: datetime, **fields: Any) -> Call:
    return make_call(connection, status=CallStatus.ENDED, created_at=at, **fields)


def calls_kept(workspace: Workspace) -> int:
    rows = HourTally.objects.filter(workspace=workspace, kind="total")
    return sum(rows.values_list("calls", flat=True))


def test_an_hour_that_comes_twice_is_one_hour() -> None:
    workspace = make_workspace(timezone="Europe/Berlin")
    connection = make_connection(workspace)
    for minutes in (0, 30, 60, 90):
        at = datetime(2026, 10, 25, 0, 5, tzinfo=UTC) + timedelta(minutes=minutes)
        ended(connection, at)
    digest.run(timezone.now())
    summary.catch_up()
    row = HourTally.objects.get(workspace=workspace, kind="total")
    assert (row.hour, row.calls) == (2, 4)


def test_a_change_after_the_end_is_counted(connection: Connection) -> None:
    call = ended(connection, datetime(2026, 11, 20, 12, tzinfo=UTC))
    digest.run(timezone.now())
    summary.catch_up()
    Call.objects.filter(pk=call.pk).update(
        status=CallStatus.FAILED, changed_at=timezone.now()
    )
    digest.run(timezone.now())
    summary.catch_up()
    row = DayTally.objects.get(workspace=connection.workspace, kind="total")
    assert (row.conversation, row.failed) == (0, 1)


def test_a_deleted_call_leaves_the_sums(connection: Connection) -> None:
    call = ended(connection, datetime(2026, 11, 20, 12, tzinfo=UTC))
    digest.run(timezone.now())
    summary.catch_up()
    assert calls_kept(connection.workspace) == 1
    summary.mark_stale(call.workspace_id, call.created_at)
    call.delete()
    summary.catch_up()
    assert calls_kept(connection.workspace) == 0
    assert not DayTally.objects.filter(workspace=connection.workspace).exists()


def test_what_is_counted_leaves_no_mark(connection: Connection) -> None:
    ended(connection, datetime(2026, 11, 20, 12, tzinfo=UTC))
    digest.run(timezone.now())
    assert StaleHour.objects.exists()
    summary.catch_up()
    assert not StaleHour.objects.exists()


def test_each_workspace_has_its_own_sums(connection: Connection) -> None:
    other = make_connection(make_workspace())
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    ended(connection, at)
    ended(other, at)
    ended(other, at)
    digest.run(timezone.now())
    summary.catch_up()
    assert calls_kept(connection.workspace) == 1
    assert calls_kept(other.workspace) == 2


def test_calls_from_before_there_were_sums_are_counted(connection: Connection) -> None:
    ended(connection, datetime(2025, 1, 1, tzinfo=UTC), digested_at=timezone.now())
    summary.catch_up()
    assert calls_kept(connection.workspace) == 1


def test_a_call_that_went_into_another_is_counted_once(connection: Connection) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    call = ended(connection, at, provider_call_id="")
    stranger = ended(connection, at, source="found", provider_call_id="p1")
    digest.run(timezone.now())
    summary.catch_up()
    assert calls_kept(connection.workspace) == 2
    with transaction.atomic():
        merging.take_over(call, stranger)
    summary.catch_up()
    assert calls_kept(connection.workspace) == 1
