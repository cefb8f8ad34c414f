"""Retention: what is too old goes in batches, with proof; the rest stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import Connection
from calls import tasks
from calls.models import (
    Call,
    CallStatus,
    Delivery,
    Erasure,
    RetentionPolicy,
    RetentionRun,
    WebhookEndpoint,
    WebhookEvent,
)
from calls.models.privacy import RunState
from calls.privacy import retention
from dashboard.models import AuditEntry, Member, Workspace
from tests.calls.acme import Acme
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def connection(make_acme: MakeAcme) -> Connection:
    """Return a connection to a provider."""
    return make_acme()[0]


def spoken(connection: Connection, days: float, **fields: Any) -> Call:
    """Make a call of so many days ago in which somebody spoke."""
    at = ago(days)
    usual = {"status": CallStatus.ENDED, "created_at": at, "answered_at": at}
    call = make_call(connection, **(usual | fields))
    call.turns.create(index=0, role="agent", text="Hello.")
    return call


def event(connection: Connection, days: float, key: str, **fields: Any) -> WebhookEvent:
    """Store a webhook of so many days ago."""
    usual = {"body": "{}", "received_at": ago(days), "applied_at": ago(days)}
    return WebhookEvent.objects.create(
        connection=connection, event_key=key, **(usual | fields)
    )


def policy(workspace: Workspace, **fields: Any) -> RetentionPolicy:
    """Have things kept for some days."""
    return RetentionPolicy.objects.create(workspace=workspace, next_at=NOW, **fields)


def run_all() -> None:
    """Do what the sweep does, until nothing is left."""
    for run_id in retention.due(NOW):
        while retention.work(run_id, NOW):
            pass


def test_only_what_is_older_goes(connection: Connection) -> None:
    old, young = spoken(connection, 31), spoken(connection, 29)
    policy(connection.workspace, transcript_days=30)
    run_all()
    assert not old.turns.exists() and young.turns.exists()
    assert Erasure.objects.get().rule == "Transcript: kept for 30 days"


def test_what_was_said_goes_where_nobody_told_of_an_answer(
    connection: Connection,
) -> None:
    said = spoken(connection, 31, answered_at=None)
    policy(connection.workspace, transcript_days=30)
    run_all()
    assert not said.turns.exists()


def test_without_days_everything_is_kept(connection: Connection) -> None:
    call = spoken(connection, 4000)
    policy(connection.workspace)
    run_all()
    assert call.turns.exists() and not RetentionRun.objects.exists()


def test_a_call_that_goes_on_is_left_alone(connection: Connection) -> None:
    call = spoken(connection, 40, status=CallStatus.IN_PROGRESS)
    policy(connection.workspace, transcript_days=30)
    run_all()
    assert call.turns.exists()


def test_other_workspaces_keep_theirs(connection: Connection) -> None:
    other = make_connection(make_workspace())
    theirs, hook = spoken(other, 90), event(other, 90, "k")
    event(connection, 90, "mine")
    policy(connection.workspace, transcript_days=30, webhook_days=30)
    run_all()
    hook.refresh_from_db()
    assert theirs.turns.exists() and hook.body == "{}"


def test_what_we_sent_to_others_is_emptied_too(connection: Connection) -> None:
    endpoint = WebhookEndpoint.objects.create(
        workspace=connection.workspace, dialect="native", url="https://x.example/"
    )
    old, waiting, young = (
        Delivery.objects.create(
            endpoint=endpoint, event="e", body="{}", created_at=ago(days), due_at=due_at
        )
        for days, due_at in ((31, None), (31, NOW), (1, NOW))
    )
    event(connection, 1, "young")
    policy(connection.workspace, webhook_days=30)
    [seen] = retention.preview(connection.workspace, {"webhooks": 30}, NOW)
    run_all()
    for row in (old, waiting, young):
        row.refresh_from_db()
    assert (old.body, waiting.body, young.body) == ("", "", "{}")
    assert (waiting.due_at, young.due_at) == (None, NOW)
    assert seen.count == RetentionRun.objects.get().done == 2


def test_raw_webhooks_are_emptied_and_counted(connection: Connection) -> None:
    old = event(connection, 31, "old")
    stuck = event(connection, 31, "stuck", applied_at=None)
    young = event(connection, 1, "young")
    policy(connection.workspace, webhook_days=30)
    run_all()
    for row in (old, stuck, young):
        row.refresh_from_db()
    assert (old.body, stuck.body, young.body) == ("", "", "{}")
    assert stuck.applied_at is not None
    assert RetentionRun.objects.get().done == 2


def test_a_killed_run_goes_on_where_it_was(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "TURN", timedelta(0))
    for days in range(40, 45):
        spoken(connection, days)
    policy(connection.workspace, transcript_days=30)
    [run_id] = retention.due(NOW)
    monkeypatch.setattr(retention, "TURN", timedelta(microseconds=1))
    run = RetentionRun.objects.get()
    assert retention._batch(run)
    assert RetentionRun.objects.get().done == 2
    monkeypatch.setattr(retention, "TURN", timedelta(seconds=9))
    assert not retention.work(run_id, NOW + timedelta(minutes=9))
    run.refresh_from_db()
    assert (run.state, run.done, run.counts["lines"]) == (RunState.DONE, 5, 5)
    assert Erasure.objects.count() == 5


def test_its_task_erases(connection: Connection) -> None:
    old = spoken(connection, 200)
    policy(connection.workspace, transcript_days=30)
    [run_id] = retention.due(datetime.now(tz=UTC))
    tasks.erase_old(str(run_id))
    assert not old.turns.exists()


def test_two_workers_do_not_share_a_run(connection: Connection) -> None:
    spoken(connection, 40)
    policy(connection.workspace, transcript_days=30)
    [run_id] = retention.due(NOW)
    RetentionRun.objects.update(lease_until=NOW + timedelta(minutes=1))
    assert not retention.work(run_id, NOW)
    assert not Erasure.objects.exists()


def test_a_rule_is_looked_at_twice_a_day(connection: Connection) -> None:
    spoken(connection, 40)
    policy(connection.workspace, transcript_days=30)
    run_all()
    spoken(connection, 41)
    assert retention.due(NOW + timedelta(hours=1)) == []
    assert len(retention.due(NOW + timedelta(hours=13))) == 1


def test_the_preview_counts_what_would_go(connection: Connection) -> None:
    spoken(connection, 91)
    spoken(connection, 92, recording_url="https://x.example/1.mp3")
    found = retention.preview(
        connection.workspace, {"transcript": 90, "recording": 90, "webhooks": None}, NOW
    )
    assert [(row.kind, row.count) for row in found] == [
        ("transcript", 2),
        ("recording", 1),
    ]


def test_a_changed_rule_stops_its_run(connection: Connection, admin: Member) -> None:
    spoken(connection, 40)
    row = policy(connection.workspace, transcript_days=30)
    retention.due(NOW)
    row.transcript_days = None
    retention.change(row, ["transcript_days"], admin.user, NOW)
    assert RetentionRun.objects.get().state == RunState.STOPPED
    entry = AuditEntry.objects.filter(action="privacy changed").get()
    assert entry.before == {"transcript_days": 30}


def test_the_ledger_of_runs_is_in_the_audit(connection: Connection) -> None:
    spoken(connection, 40)
    policy(connection.workspace, transcript_days=30)
    run_all()
    assert AuditEntry.objects.get().after["done"] == 1
