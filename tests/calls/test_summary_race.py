"""Many count and many change at once; in the end the sums are exact."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from calls import digest
from calls.models import Call
from calls.sums import summary
from dashboard.models import Workspace
from tests.calls.tallying import assert_exact
from tests.factories import make_agent, make_call, make_connection, make_workspace

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="writers take turns there"
    ),
]
BEGIN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def changing(workspace: Workspace, seed: int) -> None:
    """End, change and delete calls, each in a transaction that lasts a little."""
    random = Random(seed)
    ids = list(workspace.calls.order_by("pk").values_list("pk", flat=True))
    for call_id in random.sample(ids, k=60):
        with transaction.atomic():
            rows = Call.objects.select_for_update().filter(pk=call_id)
            call = rows.first()
            if call is None:
                continue
            if random.random() < 0.3:
                summary.mark_stale(call.workspace_id, call.created_at)
                call.delete()
            else:
                status = random.choice(["ended", "failed", "not_connected"])
                rows.update(status=status, changed_at=timezone.now())


def digesting(done: threading.Event) -> None:
    """Take in and count until all is changed."""
    while not done.is_set():
        digest.run(timezone.now())
        summary.catch_up()


def started(run: Callable[..., None], *args: object) -> threading.Thread:
    def work() -> None:
        try:
            run(*args)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_two_workers_and_three_who_change_calls_end_exact() -> None:
    workspace = make_workspace(timezone="Asia/Kathmandu")
    line = make_connection(workspace)
    agent = make_agent(line)
    for number in range(120):
        at = BEGIN + timedelta(minutes=2 * number)
        make_call(line, agent=agent, status="in_progress", created_at=at)
    done = threading.Event()
    workers = [started(digesting, done) for _ in range(2)]
    changers = [started(changing, workspace, seed) for seed in range(3)]
    for thread in changers:
        thread.join()
    done.set()
    for thread in workers:
        thread.join()
    while digest.run(timezone.now()):
        pass
    summary.catch_up()
    assert_exact(workspace)
    assert not workspace.stale_hours.exists()
