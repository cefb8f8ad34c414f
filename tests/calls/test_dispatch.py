"""Dispatch: one wish, one call; at most one dial; nothing uncertain is dialled again."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier, BrokenBarrierError
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet
from django.db import connection, connections, transaction
from kombu.exceptions import OperationalError
from pytest_django import Settings

from agents import number_catalog, sync
from agents.models import PhoneNumber
from agents.providers.base import CallHandle, CallUpdate, LaunchWish, NumberFacts
from agents.providers.simulator.client import Simulator
from calls import dispatch, lanes, launch, lifecycle, pacing, plan, reconcile, tasks
from calls.models import Call, CallStatus
from dashboard.models import Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
)

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return datetime.now(tz=UTC)


@pytest.fixture
def line(workspace: Workspace) -> PhoneNumber:
    """Return a number of a simulator connection that has an agent."""
    connection = make_connection(workspace)
    make_agent(connection, provider_agent_id="agent_1")
    return make_number(connection, cps=5)


def wish(to_number: str = "+14155550100", **more: object) -> LaunchWish:
    return LaunchWish(to_number=to_number, agent_id="agent_1", **more)  # type: ignore[arg-type]


def launched(workspace: Workspace, to_number: str = "+14155550100") -> Call:
    call, _ = launch.launch(plan.prepare(workspace, wish(to_number)))
    return call


def dialed(line: PhoneNumber) -> Call:
    """Take the line's next call and dial it."""
    step = dispatch.step(PhoneNumber, line.pk, now())
    assert step.call_id and step.start
    dispatch.dial(step.call_id, step.attempt, step.start)
    return Call.objects.get(pk=step.call_id)


def test_a_repeat_with_the_same_key_is_the_first_call(line: PhoneNumber) -> None:
    ready = plan.prepare(line.workspace, wish())
    first, was_new = launch.launch(ready, key="form:1")
    again, is_new = launch.launch(ready, key="form:1")
    assert (again.pk, was_new, is_new) == (first.pk, True, False)
    assert Call.objects.count() == 1


def test_the_same_key_with_another_wish_is_a_conflict(line: PhoneNumber) -> None:
    launch.launch(plan.prepare(line.workspace, wish()), key="form:1")
    other = plan.prepare(line.workspace, wish("+14155550101"))
    with pytest.raises(launch.LaunchConflict):
        launch.launch(other, key="form:1")


def test_the_same_key_for_another_time_is_a_conflict(line: PhoneNumber) -> None:
    ready, at = plan.prepare(line.workspace, wish()), now() + timedelta(hours=1)
    first, _ = launch.launch(ready, "key:1", at)
    with pytest.raises(launch.LaunchConflict):
        launch.launch(ready, "key:1", at + timedelta(hours=1))
    with pytest.raises(launch.LaunchConflict):
        launch.launch(ready, "key:1")
    elsewhere = at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert launch.launch(ready, "key:1", elsewhere) == (first, False)


def test_the_same_key_for_another_contact_is_a_conflict(line: PhoneNumber) -> None:
    space = line.workspace
    one, other = make_contact(space), make_contact(space)
    first, _ = launch.launch(plan.prepare(space, wish(), contact=one), "key:1")
    with pytest.raises(launch.LaunchConflict):
        launch.launch(plan.prepare(space, wish(), contact=other), "key:1")
    again = launch.launch(plan.prepare(space, wish(), contact=one), "key:1")
    assert again == (first, False)


def test_a_contact_made_meanwhile_is_no_other_wish(line: PhoneNumber) -> None:
    first, _ = launch.launch(plan.prepare(line.workspace, wish()), "key:1")
    make_contact(line.workspace, number="+14155550100")
    again = launch.launch(plan.prepare(line.workspace, wish()), "key:1")
    assert again == (first, False)


def test_what_is_held_back_for_a_compat_client_is_the_same_wish(
    line: PhoneNumber,
) -> None:
    ready = plan.prepare(line.workspace, wish(), dialect="retell")
    first, _ = launch.launch(ready, "retell:1", now() + timedelta(seconds=6))
    again = launch.launch(ready, "retell:1", now() + timedelta(seconds=7))
    assert again == (first, False)


def test_a_call_goes_out_and_rings(line: PhoneNumber) -> None:
    launched(line.workspace)
    call = dialed(line)
    assert call.status in {CallStatus.RINGING, CallStatus.DIALING}
    assert call.provider_call_id
    assert call.dialed_at


def test_the_second_call_waits_for_its_turn(line: PhoneNumber) -> None:
    # Further apart than a worker waits for a start.
    PhoneNumber.objects.update(cps=2)
    launched(line.workspace)
    launched(line.workspace)
    assert dispatch.step(PhoneNumber, line.pk, now()).call_id
    second = dispatch.step(PhoneNumber, line.pk, now())
    assert second.call_id is None


def test_starts_keep_their_distance(line: PhoneNumber) -> None:
    for _ in range(6):
        launched(line.workspace)
    at = now()
    starts: list[datetime] = []
    while len(starts) < 6:
        step = dispatch.step(PhoneNumber, line.pk, at)
        if step.start:
            starts.append(step.start)
        at += timedelta(milliseconds=10)
    assert starts[5] - starts[0] >= timedelta(seconds=1)
    gaps = [b - a for a, b in pairwise(starts)]
    assert min(gaps) >= timedelta(seconds=pacing.EVEN / 5)
    assert max(gaps) <= timedelta(seconds=1 + pacing.MARGIN - 4 * pacing.EVEN / 5)


def test_one_late_start_does_not_hold_up_the_others(line: PhoneNumber) -> None:
    begun = at = now()
    starts = []
    for count in range(10):
        start = pacing.next_start(line, at)
        pacing.take(line, start)
        at = start
        if count == 2:
            line.save(update_fields=["starts"])
            late = timedelta(milliseconds=200)
            pacing.started(PhoneNumber, line.pk, start, start + late)
            line.refresh_from_db()
        starts.append(start - begun)
    assert starts[5] < timedelta(seconds=1.02)
    assert starts[9] < timedelta(seconds=2)


def test_a_full_connection_makes_the_next_call_wait(line: PhoneNumber) -> None:
    type(line.connection).objects.update(concurrency=1)
    make_call(line.connection, status=CallStatus.IN_PROGRESS)
    waiting = launched(line.workspace)
    step = dispatch.step(PhoneNumber, line.pk, now())
    assert step.call_id is None and step.wake_at
    waiting.refresh_from_db()
    assert waiting.status == CallStatus.QUEUED


def test_a_scheduled_call_waits_until_it_is_due(line: PhoneNumber) -> None:
    later = now() + timedelta(hours=1)
    launch.launch(plan.prepare(line.workspace, wish()), scheduled_at=later)
    assert dispatch.step(PhoneNumber, line.pk, now()).call_id is None
    assert dispatch.step(PhoneNumber, line.pk, later).call_id


def test_a_provider_that_is_busy_is_asked_again_later(line: PhoneNumber) -> None:
    call, before = launched(line.workspace, "+14155550158"), now()
    dialed(line)
    call.refresh_from_db()
    assert (call.status, call.dialed_at) == (CallStatus.QUEUED, None)
    assert call.due_at and call.due_at > before
    assert call.note


def test_no_usable_answer_is_unconfirmed_and_not_dialled_again(
    line: PhoneNumber,
) -> None:
    launched(line.workspace, "+14155550157")
    call = dialed(line)
    assert call.status == CallStatus.UNCONFIRMED
    assert "may or may not" in call.note
    assert dispatch.step(PhoneNumber, line.pk, now()).call_id is None


def test_an_unclear_call_is_found_by_asking(line: PhoneNumber) -> None:
    launched(line.workspace, "+14155550156")
    call = dialed(line)
    assert call.status == CallStatus.UNCONFIRMED
    reconcile.ask(call.pk, now() + timedelta(seconds=5))
    call.refresh_from_db()
    assert call.provider_call_id
    assert call.status not in {CallStatus.UNCONFIRMED, CallStatus.FAILED}


def test_an_unclear_call_that_nobody_knows_is_lost(line: PhoneNumber) -> None:
    launched(line.workspace, "+14155550157")
    call = dialed(line)
    for minutes in range(1, 9):
        reconcile.ask(call.pk, now() + timedelta(minutes=minutes))
    call.refresh_from_db()
    assert (call.status, call.end_reason) == (CallStatus.FAILED, "lost")
    assert call.attempts == 1


def test_it_is_not_lost_before_it_was_asked_about_often(line: PhoneNumber) -> None:
    launched(line.workspace, "+14155550157")
    call = dialed(line)
    reconcile.ask(call.pk, now() + timedelta(seconds=5))
    call.refresh_from_db()
    assert (call.status, call.asks) == (CallStatus.UNCONFIRMED, 1)


def test_a_worker_killed_before_it_asked_gives_the_call_back(
    line: PhoneNumber,
) -> None:
    call = launched(line.workspace)
    dispatch.step(PhoneNumber, line.pk, now())
    reconcile.recover(now() + timedelta(seconds=20))
    call.refresh_from_db()
    assert call.status == CallStatus.QUEUED


def test_a_worker_killed_while_it_asked_leaves_an_unconfirmed_call(
    line: PhoneNumber,
) -> None:
    call = launched(line.workspace)
    step = dispatch.step(PhoneNumber, line.pk, now())
    lifecycle.start_dialing(call.pk, step.attempt, now())
    reconcile.recover(now() + timedelta(minutes=2))
    call.refresh_from_db()
    assert call.status == CallStatus.UNCONFIRMED
    assert reconcile.due(now() + timedelta(minutes=2)) == [call.pk]


def test_a_late_worker_cannot_dial_a_call_that_was_given_back(
    line: PhoneNumber,
) -> None:
    call = launched(line.workspace)
    step = dispatch.step(PhoneNumber, line.pk, now())
    reconcile.recover(now() + timedelta(seconds=20))
    assert step.start
    assert dispatch.dial(call.pk, step.attempt, step.start) is None


def test_lanes_with_lost_nudges_are_found(line: PhoneNumber) -> None:
    launched(line.workspace)
    assert lanes.waiting(now()) == [("number", line.pk)]


def test_hanging_up_before_it_went_out_cancels(line: PhoneNumber) -> None:
    call = launched(line.workspace)
    dispatch.hang_up(call)
    call.refresh_from_db()
    assert call.status == CallStatus.CANCELED


def test_hanging_up_ends_a_live_call(line: PhoneNumber) -> None:
    launched(line.workspace, "+14155550162")
    call = dialed(line)
    dispatch.hang_up(call)
    reconcile.ask(call.pk, now() + timedelta(seconds=5))
    call.refresh_from_db()
    assert not call.is_open


def test_a_key_is_unique_only_within_its_workspace(line: PhoneNumber) -> None:
    key = f"form:{uuid.uuid4()}"
    launch.launch(plan.prepare(line.workspace, wish()), key=key)
    make_call(make_connection(Workspace.objects.create(slug="b")), launch_key=key)
    assert Call.objects.count() == 2


def test_a_late_start_delays_only_the_one_that_many_later(line: PhoneNumber) -> None:
    at = now()
    PhoneNumber.objects.update(cps=2)
    line.refresh_from_db()
    for _ in range(2):
        pacing.take(line, pacing.next_start(line, at))
    line.save(update_fields=["starts"])
    late = at + timedelta(milliseconds=300)
    pacing.started(PhoneNumber, line.pk, at, late)
    line.refresh_from_db()
    assert line.starts == sorted(line.starts) and len(line.starts) == 2
    third = pacing.next_start(line, at)
    assert third - late > timedelta(seconds=1)
    pacing.take(line, third)
    fourth = pacing.next_start(line, at)
    assert fourth - third < timedelta(milliseconds=600)


def test_a_start_that_missed_its_place_takes_another(line: PhoneNumber) -> None:
    call = launched(line.workspace)
    step = dispatch.step(PhoneNumber, line.pk, now())
    assert step.call_id and step.start
    done = dispatch.dial(step.call_id, step.attempt, step.start - timedelta(seconds=2))
    call.refresh_from_db()
    assert done and call.status == CallStatus.QUEUED and call.dialed_at is None


def test_a_clock_that_was_wrong_does_not_stop_a_line(line: PhoneNumber) -> None:
    at = now()
    line.starts = [(at + timedelta(hours=3)).timestamp()]
    assert pacing.next_start(line, at) == at + pacing.READY


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_does_not_fail_a_launch(
    line: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise OperationalError("The broker is down")

    monkeypatch.setattr(tasks.dispatch_lane, "delay", down)
    with transaction.atomic():
        call = launched(line.workspace)
        tasks.nudge(call)
    assert lanes.waiting(now()) == [("number", line.pk)]


def test_a_call_heard_of_while_we_asked_is_not_lost(
    line: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched(line.workspace, "+14155550157")
    call = dialed(line)
    Call.objects.filter(pk=call.pk).update(asks=9, ask_at=now())

    def find(client: Simulator, handle: CallHandle) -> None:
        started = CallUpdate(provider_call_id="p1", status="in_progress")
        lifecycle.apply(call.pk, started, now())

    monkeypatch.setattr(Simulator, "find_call", find)
    reconcile.ask(call.pk, now())
    call.refresh_from_db()
    assert call.status == CallStatus.IN_PROGRESS


def test_a_status_nobody_understands_does_not_hold_a_slot_for_ever(
    line: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched(line.workspace)
    call = dialed(line)
    long_ago = now() - timedelta(days=1)
    rows = Call.objects.filter(pk=call.pk)
    rows.update(dialed_at=long_ago, answered_at=None, ask_at=long_ago)
    odd = CallUpdate(provider_call_id=call.provider_call_id, status_raw="odd")
    monkeypatch.setattr(Simulator, "fetch_call", lambda client, handle: odd)
    reconcile.ask(call.pk, now())
    assert rows.get().end_reason == "lost"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="locks the whole database")
@pytest.mark.django_db(transaction=True)
def test_a_sync_and_a_dispatch_do_not_lock_each_other_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make_number(make_connection(workspace), cps=5)
    make_call(number.connection, phone_number=number, due_at=now())
    told = [NumberFacts(number.number, "Another label", "twilio")]
    both = Barrier(2, timeout=2)
    for module, name in ((lanes, "has_slot"), (number_catalog, "_renew_number")):
        monkeypatch.setattr(module, name, meeting(both, getattr(module, name)))
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(closing(dispatch.step), PhoneNumber, number.pk, now()),
            pool.submit(closing(sync.keep), number.connection, [], told, now()),
        ]
    assert all(job.result() for job in jobs)


def meeting(barrier: Barrier, then: Callable[..., Any]) -> Callable[..., Any]:
    """Return `then` behind a wait for another thread, which may be kept from coming."""

    def run(*given: Any) -> Any:
        with suppress(BrokenBarrierError):
            barrier.wait()
        return then(*given)

    return run


def closing(then: Callable[..., Any]) -> Callable[..., Any]:
    """Return `then` for a thread: its database connection is closed behind it."""

    def run(*given: Any) -> Any:
        try:
            return then(*given)
        finally:
            connections.close_all()

    return run


def test_a_number_suppressed_since_the_launch_does_not_ring(line: PhoneNumber) -> None:
    launched(line.workspace)
    line.workspace.suppressions.create(number="+14155550100")
    call = dialed(line)
    assert (call.status, call.end_reason) == (CallStatus.FAILED, "not_permitted")
    assert call.dialed_at is None


@pytest.mark.parametrize("dialect", ["", "retell"])
def test_a_lost_key_fails_the_call_in_words(
    line: PhoneNumber, settings: Settings, dialect: str
) -> None:
    line.workspace.endpoints.create(dialect="retell", url="https://x.example/")
    ready = plan.prepare(line.workspace, wish(), dialect=dialect)
    launch.launch(ready, "key:1")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    call = dialed(line)
    assert (call.status, call.fault) == (CallStatus.FAILED, "us")
    assert "Put the old key back" in call.note
    assert call.attempts == 1
    assert lanes.waiting(now()) == []
