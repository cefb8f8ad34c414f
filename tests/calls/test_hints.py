"""Unsigned webhooks: they make us ask, and no row is written from one."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents import budget
from agents.models import Connection
from agents.providers.base import Analysis, CallUpdate, ProviderUnclear
from calls import hints, reconcile, tasks, webhooks
from calls.hints import Hint
from calls.models import Call, CallStatus, Source, WebhookEvent
from tests.calls.acme import Acme
from tests.factories import make_call, make_contact

pytestmark = pytest.mark.django_db
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def acme(make_acme: MakeAcme) -> type[Acme]:
    """Return a provider whose webhooks are hints."""
    _, kind = make_acme(webhooks_are_hints=True)
    return kind


@pytest.fixture
def connection(acme: type[Acme]) -> Connection:
    """Return the connection to it."""
    return Connection.objects.get()


def deliver(connection: Connection, **told: Any) -> WebhookEvent:
    """Store one webhook, as if it had been posted."""
    usual = {"provider_call_id": "p1", "status": "ended", "end_reason": "user_hangup"}
    body = json.dumps(usual | told).encode()
    assert webhooks.receive(connection, {}, body, NOW)
    return WebhookEvent.objects.latest("pk")


def apply(now: datetime = NOW) -> list[Any]:
    """Apply whatever is due; return what is to be followed."""
    done: list[Any] = []
    while (more := webhooks.apply_pending(now)) is not None:
        done += more
    return done


def look_up(now: datetime = NOW) -> None:
    """Apply what is due, and look up what that gives."""
    for hint in apply(now):
        assert isinstance(hint, Hint)
        hints.look_up(hint.event_id, now)


def test_an_unknown_call_is_written_as_the_provider_tells_it(
    acme: type[Acme], connection: Connection
) -> None:
    contact = make_contact(connection.workspace)
    acme.knows(
        CallUpdate(
            provider_call_id="p1",
            status="in_progress",
            direction="inbound",
            from_number=contact.number,
        )
    )
    event = deliver(connection)
    look_up()
    call = Call.objects.get()
    assert (call.status, call.source) == (CallStatus.IN_PROGRESS, Source.INBOUND)
    assert call.contact == contact
    event.refresh_from_db()
    assert (event.call, event.applied_at, event.error) == (call, NOW, "")


def test_before_the_provider_is_asked_there_is_no_row(connection: Connection) -> None:
    event = deliver(connection)
    assert apply() == [Hint(event.pk)]
    event.refresh_from_db()
    assert (event.applied_at, event.error) == (None, hints.FIRST)
    assert not Call.objects.exists()


def test_a_call_the_provider_does_not_know_is_never_written(
    acme: type[Acme], connection: Connection
) -> None:
    event = deliver(connection)
    for minutes in range(5):
        look_up(NOW + timedelta(minutes=minutes))
    event.refresh_from_db()
    assert event.applied_at
    assert "does not know the call" in event.error
    assert acme.asked == ["fetch p1"] * hints.ASKS
    assert not Call.objects.exists()


def test_a_call_that_is_new_there_is_found_at_the_second_question(
    acme: type[Acme], connection: Connection
) -> None:
    deliver(connection)
    look_up()
    acme.knows(CallUpdate(provider_call_id="p1", status="in_progress"))
    look_up(NOW + hints.ASK_AGAIN)
    assert Call.objects.get().provider_call_id == "p1"


def test_a_flood_of_made_up_ids_makes_few_questions(
    acme: type[Acme], connection: Connection
) -> None:
    for number in range(200):
        deliver(connection, provider_call_id=f"made-up-{number}")
    look_up()
    assert len(acme.asked) == budget.at_once(hints.PER_MINUTE)
    waiting = WebhookEvent.objects.filter(error=hints.TOO_MANY, applied_at=None)
    assert waiting.count() == 200 - len(acme.asked)
    for second in range(1, 60):
        look_up(NOW + timedelta(seconds=second))
    assert len(acme.asked) <= hints.PER_MINUTE
    assert not Call.objects.exists()


def test_a_flood_does_not_put_off_calls_we_know(
    acme: type[Acme], connection: Connection
) -> None:
    call = make_call(connection, status=CallStatus.IN_PROGRESS, provider_call_id="real")
    for number in range(40):
        deliver(connection, provider_call_id=f"made-up-{number}")
    deliver(connection, provider_call_id="real")
    apply()
    call.refresh_from_db()
    assert call.ask_at == NOW
    assert call.status == CallStatus.IN_PROGRESS


def test_a_provider_that_is_down_is_asked_again(
    acme: type[Acme], connection: Connection
) -> None:
    acme.trouble = ProviderUnclear("Down.")
    event = deliver(connection)
    look_up()
    event.refresh_from_db()
    assert event.retry_at and event.retry_at > NOW
    assert "Down." in event.error
    acme.trouble = None
    acme.knows(CallUpdate(provider_call_id="p1", status="in_progress"))
    look_up(event.retry_at)
    assert Call.objects.exists()


def test_spent_requests_put_the_question_off(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(webhooks_are_hints=True, requests_per_minute=60)
    event = deliver(connection)
    for _ in range(90):
        budget.spend(connection, NOW)
    look_up()
    event.refresh_from_db()
    assert (acme.asked, event.applied_at) == ([], None)


def test_a_hint_that_carries_our_reference_goes_to_our_call(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme(webhooks_are_hints=True, can_carry_reference=True)
    ours = make_call(connection, status=CallStatus.UNCONFIRMED)
    acme.knows(
        CallUpdate(provider_call_id="p1", reference=str(ours.pk), status="ended")
    )
    deliver(connection)
    look_up()
    only = Call.objects.get()
    assert (only.pk, only.provider_call_id, only.status) == (ours.pk, "p1", "ended")


def test_an_unsigned_body_names_no_id_for_our_call(connection: Connection) -> None:
    ours = make_call(connection, status=CallStatus.UNCONFIRMED)
    deliver(connection, provider_call_id="someone-elses", reference=str(ours.pk))
    apply()
    ours.refresh_from_db()
    assert (ours.provider_call_id, ours.ask_at) == ("", NOW)


def test_a_call_that_became_known_meanwhile_is_only_asked_about(
    acme: type[Acme], connection: Connection
) -> None:
    event = deliver(connection)
    (hint,) = apply()
    call = make_call(connection, status=CallStatus.IN_PROGRESS, provider_call_id="p1")
    assert hints.look_up(hint.event_id, NOW) == []
    apply()
    call.refresh_from_db()
    event.refresh_from_db()
    assert (event.call, call.ask_at, acme.asked) == (call, NOW, [])


def test_an_event_about_nothing_is_done_with(connection: Connection) -> None:
    event = deliver(connection, provider_call_id="")
    assert apply() == []
    event.refresh_from_db()
    assert event.applied_at


# --- hints whose signature was checked
def signed(self: Acme, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Let in only what carries the right header."""
    return headers.get("x-mark") == "right"


@pytest.fixture
def checked(make_acme: MakeAcme) -> tuple[Connection, type[Acme]]:
    """Return an account that checks signatures, and whose webhooks are hints."""

    def parse(self: Acme, payload: Any, at: datetime) -> list[CallUpdate]:
        told = CallUpdate(provider_call_id="p1", other_call_id="room", status="ended")
        return [CallUpdate(**{**_fields(told), "analysis": Analysis("Renewed.")})]

    facts = {"webhooks_are_hints": True, "checks_signatures": True}
    return make_acme(**facts, verify_webhook=signed, parse_webhook=parse)


def _fields(update: CallUpdate) -> dict[str, Any]:
    names = ("provider_call_id", "other_call_id", "status")
    return {name: getattr(update, name) for name in names}


@pytest.mark.parametrize("is_known", [True, False])
def test_what_only_webhooks_tell_is_kept_where_the_signature_was_checked(
    checked: tuple[Connection, type[Acme]], is_known: bool
) -> None:
    connection, acme = checked
    if is_known:
        make_call(connection, status=CallStatus.IN_PROGRESS, provider_call_id="p1")
    acme.knows(CallUpdate(provider_call_id="p1", status="in_progress"))
    webhooks.receive(connection, {"x-mark": "right"}, b"{}", NOW)
    for done in apply():
        if isinstance(done, Hint):
            hints.look_up(done.event_id, NOW)
    call = Call.objects.get()
    assert (call.summary, call.other_call_id) == ("Renewed.", "room")
    assert call.status == CallStatus.IN_PROGRESS


def test_what_an_unsigned_body_concludes_is_not_believed(
    connection: Connection, acme: type[Acme], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = make_call(connection, status=CallStatus.ENDED, provider_call_id="p1")
    told = CallUpdate(provider_call_id="p1", analysis=Analysis("Made up."))
    monkeypatch.setattr(acme, "parse_webhook", lambda *_: [told])
    deliver(connection)
    apply()
    call.refresh_from_db()
    assert call.summary == ""


# --- by the tasks
@pytest.mark.django_db(transaction=True)
def test_the_tasks_bring_the_call_in(
    acme: type[Acme], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.knows(CallUpdate(provider_call_id="p1", status="ended"))
    monkeypatch.setattr(tasks.look_up_hint, "delay", tasks.look_up_hint)
    for task in (tasks.ask_call, tasks.apply_events):
        monkeypatch.setattr(task, "apply_async", lambda *_, **__: None)
    deliver(connection)
    tasks.apply_events()
    assert Call.objects.get().status == CallStatus.ENDED
    assert reconcile.due(timezone.now() + timedelta(minutes=1))
