"""Asking providers: when, how often, and what becomes of the answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from agents import budget
from agents.models import Connection
from agents.providers.base import (
    Analysis,
    CallUpdate,
    LaunchWish,
    ProviderRefused,
    ProviderUnclear,
)
from calls import asking, dispatch, launch, lifecycle, plan, reconcile, tasks
from calls.models import Call, CallStatus
from tests.calls.acme import Acme
from tests.factories import make_agent, make_call

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def known(connection: Connection, **fields: Any) -> Call:
    """Make a call that the provider has by the id p1."""
    usual = {"status": CallStatus.IN_PROGRESS, "provider_call_id": "p1"}
    return make_call(connection, **(usual | fields))


# --- while it is open
def test_an_open_call_is_asked_about_again_and_again(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(webhooks_may_miss=True)
    acme.knows(CallUpdate(provider_call_id="p1", status="in_progress"))
    call = known(connection, ask_at=NOW)
    for round_ in range(3):
        now = NOW + round_ * acme.poll_after
        assert reconcile.due(now) == [call.pk]
        reconcile.ask(call.pk, now)
        call.refresh_from_db()
        assert call.ask_at == now + acme.poll_after
    assert acme.asked == ["fetch p1"] * 3


def test_an_end_that_no_webhook_tells_is_found(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(webhooks_may_miss=True)
    call = known(connection, status=CallStatus.RINGING, ask_at=NOW)
    acme.knows(
        CallUpdate(
            provider_call_id="p1", status="not_connected", end_reason="no_answer"
        )
    )
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert (call.status, call.end_reason) == ("not_connected", "no_answer")
    assert call.ask_at is None


def test_a_call_that_is_said_to_go_on_for_ever_ends(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    acme.knows(
        CallUpdate(provider_call_id="p1", status="in_progress", status_raw="ongoing")
    )
    long_ago = NOW - acme.longest_call - timedelta(seconds=1)
    call = known(connection, answered_at=long_ago, ask_at=NOW)
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert (call.status, call.end_reason) == (CallStatus.FAILED, "lost")
    assert "ongoing" in call.note


# --- after the end
def test_what_comes_late_is_asked_for_less_and_less_often(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    call = known(connection, status=CallStatus.ENDED, ended_at=NOW, ask_at=at(10))
    moments = []
    while call.ask_at:
        now = call.ask_at
        acme.known["p1"] = CallUpdate(
            provider_call_id="p1",
            status="ended",
            analysis=Analysis("Short."),
            ask_again_at=now + timedelta(seconds=10),
        )
        moments.append(now)
        reconcile.ask(call.pk, now)
        call.refresh_from_db()
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(seconds=10)
    assert asking.LATE_WAIT - timedelta(minutes=8) < moments[-1] - NOW
    assert len(moments) < 30


def test_a_late_transcript_is_kept(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    call = known(connection, status=CallStatus.ENDED, ended_at=NOW, ask_at=at(10))
    acme.knows(CallUpdate(provider_call_id="p1", recording_url="https://a.example/r"))
    reconcile.ask(call.pk, at(10))
    call.refresh_from_db()
    assert call.recording_url == "https://a.example/r"


# --- hints about calls we know
def test_a_hint_makes_us_ask_at_once_but_not_for_each_one(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    call = known(connection, heard_at=at(-60), ask_at=at(20))
    hint = CallUpdate(ask_again_at=NOW)
    assert lifecycle.apply(call.pk, hint, NOW).call.ask_at == NOW
    Call.objects.update(heard_at=NOW, ask_at=at(20))
    again = lifecycle.apply(call.pk, hint, at(0.1)).call
    assert again.ask_at == NOW + asking.HINT_GAP


def test_a_hint_long_after_the_end_is_followed_once(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    call = known(connection, status=CallStatus.ENDED, ended_at=at(-86_400))
    acme.knows(CallUpdate(provider_call_id="p1", status="ended", ask_again_at=at(30)))
    hint = CallUpdate(ask_again_at=NOW)
    assert lifecycle.apply(call.pk, hint, NOW).call.ask_at == NOW
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert call.ask_at is None


def test_a_clock_that_is_ahead_does_not_put_off_the_question(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme()
    call = known(connection, heard_at=at(3600))
    done = lifecycle.apply(call.pk, CallUpdate(ask_again_at=NOW), NOW)
    assert done.call.ask_at == NOW + asking.HINT_GAP


# --- requests a minute
def test_no_minute_holds_more_questions_than_allowed(make_acme: MakeAcme) -> None:
    connection, _ = make_acme(requests_per_minute=60)
    taken = [at(n / 2) for n in range(480) if budget.may_ask(connection, at(n / 2))]
    fullest = max(
        sum(start <= moment < start + timedelta(minutes=1) for moment in taken)
        for start in taken
    )
    assert fullest <= 60
    assert len(taken) > 4 * 45


def test_dials_go_first_and_questions_wait(make_acme: MakeAcme) -> None:
    connection, _ = make_acme(requests_per_minute=60)
    for _ in range(60):
        budget.spend(connection, NOW)
    assert not budget.may_ask(connection, NOW)
    assert not budget.may_ask(connection, at(55))
    assert budget.may_ask(connection, at(75))


def test_a_dial_is_counted(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(requests_per_minute=60)
    agent = make_agent(connection)
    wish = LaunchWish("+14155550100", agent_id=agent.provider_agent_id)
    call, _ = launch.launch(plan.prepare(connection.workspace, wish))
    acme.replies.append(CallUpdate(provider_call_id="p1", status="ringing"))
    now = datetime.now(tz=UTC)
    dispatch.dial(call.pk, lifecycle.claim(call.pk, 0, now) or 0, now)
    connection.refresh_from_db()
    assert connection.asks_until


def test_without_a_limit_nothing_is_counted(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    assert all(budget.may_ask(connection, NOW) for _ in range(200))
    connection.refresh_from_db()
    assert connection.asks_until is None


def test_a_question_that_has_to_wait_stays_due(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(requests_per_minute=60)
    acme.knows(CallUpdate(provider_call_id="p1", status="in_progress"))
    call = known(connection, ask_at=NOW)
    Connection.objects.update(asks_until=at(60))
    assert reconcile.ask(call.pk, NOW) is None
    call.refresh_from_db()
    assert (call.ask_at, acme.asked) == (NOW, [])
    assert reconcile.ask(call.pk, at(60))


def test_an_account_that_allows_little_does_not_hold_up_others(
    make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, _ = make_acme(requests_per_minute=6)
    fast = Connection.objects.create(
        workspace=slow.workspace, provider="simulator", name="fast"
    )
    monkeypatch.setattr(reconcile, "BATCH", 5)
    calls = [make_call(slow, ask_at=at(-60 - n)) for n in range(20)]
    other = make_call(fast, ask_at=NOW)
    assert reconcile.due(NOW) == [other.pk, calls[-1].pk]


@pytest.mark.skipif(database.vendor == "sqlite", reason="one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_many_workers_share_one_allowance(make_acme: MakeAcme) -> None:
    connection, _ = make_acme(requests_per_minute=60)

    def take() -> int:
        try:
            return sum(budget.may_ask(connection, NOW) for _ in range(20))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(take) for _ in range(4)]
    assert sum(job.result() for job in jobs) == budget.at_once(60)


# --- what cannot be asked
def test_a_provider_that_is_down_is_asked_later(make_acme: MakeAcme) -> None:
    connection, _ = make_acme(trouble=ProviderUnclear("Down."))
    call = known(connection, ask_at=NOW)
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert (call.status, call.ask_at) == ("in_progress", NOW + reconcile.ASK_AGAIN)


def test_an_unclear_dial_beside_a_strangers_call_is_not_lost(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme()
    call = make_call(connection, status=CallStatus.UNCONFIRMED, dialed_at=NOW)
    Call.objects.update(ask_at=NOW)
    make_call(
        connection, source="found", status=CallStatus.RINGING, provider_call_id="p1"
    )
    acme.knows(CallUpdate(provider_call_id="p1", to_number=call.to_number))
    reconcile.ask(call.pk, NOW)
    assert Call.objects.get().pk == call.pk
    assert Call.objects.get().provider_call_id == "p1"


def test_what_a_question_frees_is_followed(
    make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, acme = make_acme()
    acme.knows(CallUpdate(provider_call_id="p1", status="ended"))
    call = known(connection, ask_at=datetime.now(tz=UTC))
    woken: list[Any] = []
    monkeypatch.setattr(tasks, "wake_waiting", woken.append)
    monkeypatch.setattr(tasks.ask_call, "apply_async", partial(print, end=""))
    tasks.ask_call(str(call.pk))
    assert woken == [connection.pk]


def test_a_key_that_was_lost_is_said_in_words(make_acme: MakeAcme) -> None:
    refused = ProviderRefused("No key.")
    connection, _ = make_acme(trouble=refused)
    call = known(connection, ask_at=NOW, dialed_at=NOW - timedelta(days=1))
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert "No key." in call.note
