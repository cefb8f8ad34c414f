"""One call, two rows: a stranger's row goes into the call that it turns out to be."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from agents.models import Connection
from agents.providers.base import (
    CallRequest,
    CallUpdate,
    LaunchWish,
    ProviderUnclear,
    ToolFacts,
    TurnFacts,
)
from calls import dispatch, intake, launch, lifecycle, plan, reconcile, webhooks
from calls.merging import CallGone
from calls.models import (
    Call,
    CallStatus,
    Delivery,
    Recording,
    Source,
    WebhookEvent,
)
from tests.calls.acme import Acme
from tests.factories import make_agent, make_call

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TO = "+14155550199"
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]


def deliver(connection: Connection, **told: Any) -> None:
    """Store one webhook, as if it had been posted."""
    body = json.dumps({"to_number": TO, "direction": "outbound"} | told).encode()
    assert webhooks.receive(connection, {}, body, timezone.now())


def apply() -> None:
    """Apply whatever is stored."""
    while webhooks.apply_pending(timezone.now()) is not None:
        pass


def launched(connection: Connection) -> Call:
    """Launch a call of the connection; it waits."""
    agent = make_agent(connection)
    wish = LaunchWish(to_number=TO, agent_id=agent.provider_agent_id)
    call, _ = launch.launch(plan.prepare(connection.workspace, wish))
    return call


def dial(call: Call) -> None:
    """Dial the launched call."""
    attempt = lifecycle.claim(call.pk, call.attempts, timezone.now())
    assert attempt
    dispatch.dial(call.pk, attempt, timezone.now())


def found(connection: Connection, **fields: Any) -> Call:
    """Make the row of a stranger's call."""
    fields = {"source": Source.FOUND, "status": CallStatus.RINGING} | fields
    return make_call(connection, **fields)


def test_a_webhook_before_the_reply_makes_no_second_call(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    call = launched(connection)

    def reply(request: CallRequest) -> CallUpdate:
        deliver(connection, provider_call_id="p1", status="in_progress")
        apply()
        assert Call.objects.count() == 2
        return CallUpdate(provider_call_id="p1", status="ringing", occurred_at=NOW)

    acme.replies.append(reply)
    dial(call)
    only = Call.objects.get()
    assert (only.pk, only.provider_call_id) == (call.pk, "p1")
    assert only.status == CallStatus.IN_PROGRESS
    assert only.answered_at
    assert WebhookEvent.objects.get().call == only


def test_a_call_found_after_an_unclear_dial_takes_its_stranger_in(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme()
    call = launched(connection)
    acme.replies.append(ProviderUnclear("No answer."))
    dial(call)
    deliver(connection, provider_call_id="p1", status="ended", duration_ms=5000)
    apply()
    acme.knows(CallUpdate(provider_call_id="p1", to_number=TO))
    reconcile.ask(call.pk, timezone.now() + timedelta(seconds=5))
    only = Call.objects.get()
    assert (only.pk, only.status, only.duration_ms) == (call.pk, "ended", 5000)
    assert only.source == Source.BUTTON


def test_nothing_that_was_told_of_the_stranger_is_lost(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    ours = make_call(connection, status=CallStatus.DIALING, dialed_at=NOW)
    stranger = lifecycle.create(connection, CallUpdate(provider_call_id="p1"), NOW)
    told = CallUpdate(
        provider_call_id="p1",
        occurred_at=NOW + timedelta(seconds=9),
        status="ended",
        end_reason="user_hangup",
        turns=(TurnFacts("agent", "Hello"), TurnFacts("callee", "Yes?")),
        tools=(ToolFacts("book"),),
        recording_url="https://acme.example/r.mp3",
    )
    lifecycle.apply(stranger.pk, told, NOW)
    event = WebhookEvent.objects.create(
        connection=connection, event_key="e", verdict="signed", body="", call=stranger
    )
    lifecycle.apply(ours.pk, CallUpdate(provider_call_id="p1", status="ringing"), NOW)
    event.refresh_from_db()
    only = Call.objects.get()
    assert event.call == only == ours
    assert (only.status, only.end_reason) == ("ended", "user_hangup")
    assert [turn.text for turn in only.turns.all()] == ["Hello", "Yes?"]
    assert only.tool_calls.get().name == "book"
    assert Recording.objects.get().call == only


def test_the_longer_transcript_stays(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    ours = make_call(connection, status=CallStatus.IN_PROGRESS, other_call_id="o1")
    lines = tuple(TurnFacts("agent", f"Line {n}") for n in range(3))
    lifecycle.apply(ours.pk, CallUpdate(turns=lines, occurred_at=NOW), NOW)
    stranger = found(connection, provider_call_id="p1", heard_at=NOW)
    stranger.turns.create(index=0, role="agent", text="Line 0")
    both = CallUpdate(provider_call_id="p1", other_call_id="o1")
    lifecycle.apply(ours.pk, both, NOW)
    assert Call.objects.get().turns.count() == 3


def test_webhooks_we_sent_stay_and_those_we_did_not_are_dropped(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme()
    ours = make_call(connection, status=CallStatus.DIALING)
    stranger = found(connection, provider_call_id="p1")
    endpoint = connection.workspace.endpoints.create(dialect="retell", url="http://x")
    for attempts in (0, 1):
        stranger.deliveries.create(
            endpoint=endpoint, event=f"tried {attempts}", body="", attempts=attempts
        )
    lifecycle.apply(ours.pk, CallUpdate(provider_call_id="p1"), NOW)
    assert [row.event for row in ours.deliveries.all()] == ["tried 1"]


# --- what others hear of it ------------------------------------------------------------
def listen(connection: Connection, dialect: str) -> None:
    """Have somebody listen to all calls."""
    connection.workspace.endpoints.create(dialect=dialect, url="http://x", secret="s")


def heard(now: datetime) -> set[str]:
    """Return the ids of the calls that are told of by then, as bodies name them."""
    due = Delivery.objects.filter(due_at__lte=now)
    return {str(row.call_id) for row in due}


@pytest.mark.parametrize("dialect", ["native", "retell"])
def test_nobody_hears_of_one_call_under_two_ids(
    make_acme: MakeAcme, dialect: str
) -> None:
    connection, acme = make_acme()
    listen(connection, dialect)
    call = launched(connection)
    acme.replies.append(ProviderUnclear("No answer."))
    dial(call)
    deliver(connection, provider_call_id="p1", status="in_progress")
    apply()
    assert Call.objects.count() == 2
    stranger = Call.objects.exclude(pk=call.pk).get()
    assert str(stranger.pk) not in heard(timezone.now() + timedelta(seconds=30))
    acme.knows(CallUpdate(provider_call_id="p1", to_number=TO, status="in_progress"))
    Call.objects.filter(pk=call.pk).update(ask_at=timezone.now())
    reconcile.ask(call.pk, timezone.now())
    deliver(connection, provider_call_id="p1", status="ended")
    apply()
    assert heard(timezone.now() + timedelta(hours=1)) == {str(call.pk)}


def test_a_call_that_cannot_be_ours_is_told_of_at_once(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    listen(connection, "native")
    call = launched(connection)
    acme.replies.append(ProviderUnclear("No answer."))
    dial(call)
    to_another = {"to_number": "+14155550155", "direction": "outbound"}
    inbound = {"to_number": TO, "direction": "inbound"}
    deliver(connection, provider_call_id="p1", status="ended", **to_another)
    deliver(connection, provider_call_id="p2", status="ended", **inbound)
    apply()
    strangers = Call.objects.exclude(pk=call.pk).values_list("pk", flat=True)
    assert {str(pk) for pk in strangers} <= heard(timezone.now())


def test_what_was_held_back_goes_out_in_order_once_it_is_settled(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme()
    listen(connection, "native")
    call = launched(connection)
    acme.replies.append(ProviderUnclear("No answer."))
    dial(call)
    deliver(connection, provider_call_id="p1", status="in_progress")
    apply()
    lifecycle.fail(call.pk, "lost", "provider", "It did not go out.")
    deliver(connection, provider_call_id="p1", status="ended")
    apply()
    rows = Delivery.objects.exclude(call=call).order_by("due_at", "pk")
    assert all(row.due_at and row.due_at <= timezone.now() for row in rows)
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)
    assert rows.count() > 1


def test_two_calls_launched_here_are_never_made_one(make_acme: MakeAcme) -> None:
    connection, acme = make_acme()
    other = make_call(connection, status=CallStatus.ENDED, provider_call_id="p1")
    call = launched(connection)
    acme.replies.append(CallUpdate(provider_call_id="p1", status="in_progress"))
    dial(call)
    call.refresh_from_db()
    assert (call.status, call.provider_call_id) == (CallStatus.UNCONFIRMED, "")
    assert "id of another call of ours" in call.note
    assert call.ask_at
    other.refresh_from_db()
    assert other.status == CallStatus.ENDED


def test_a_doubtful_call_ends_when_no_call_lasts_so_long(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(find_call=lambda self, handle: ANOTHERS)
    make_call(connection, status=CallStatus.ENDED, provider_call_id="p1")
    dialed = timezone.now() - acme.longest_call - timedelta(minutes=1)
    call = make_call(
        connection, status=CallStatus.UNCONFIRMED, dialed_at=dialed, ask_at=dialed
    )
    reconcile.ask(call.pk, timezone.now())
    call.refresh_from_db()
    assert (call.status, call.end_reason) == (CallStatus.FAILED, "lost")
    assert "id of another call of ours" in call.note


ANOTHERS = CallUpdate(provider_call_id="p1", status="ended")


def test_an_unclear_dial_is_not_taken_for_an_earlier_call_of_ours(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme()
    call = launched(connection)
    make_call(connection, status=CallStatus.ENDED, provider_call_id="p1", to_number=TO)
    acme.replies.append(ProviderUnclear("No answer."))
    acme.knows(CallUpdate(provider_call_id="p1", to_number=TO, status="in_progress"))
    dial(call)
    reconcile.ask(call.pk, timezone.now() + timedelta(seconds=5))
    call.refresh_from_db()
    assert (call.status, call.provider_call_id) == (CallStatus.UNCONFIRMED, "")


# --- two ids
def test_both_ids_are_kept_and_either_finds_the_call(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    call = make_call(connection, status=CallStatus.DIALING)
    reply = CallUpdate(provider_call_id="p1", other_call_id="o1", status="ringing")
    lifecycle.apply(call.pk, reply, NOW)
    deliver(connection, provider_call_id="o1", status="in_progress")
    deliver(connection, other_call_id="o1", status="ended")
    apply()
    call.refresh_from_db()
    assert (call.provider_call_id, call.other_call_id) == ("p1", "o1")
    assert (call.status, Call.objects.count()) == ("ended", 1)


def test_who_has_both_ids_says_which_is_which(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    call = make_call(connection, status=CallStatus.DIALING, provider_call_id="o1")
    lifecycle.apply(call.pk, CallUpdate(provider_call_id="p1", other_call_id="o1"), NOW)
    call.refresh_from_db()
    assert (call.provider_call_id, call.other_call_id) == ("p1", "o1")


def test_two_strangers_that_are_one_call_become_one(make_acme: MakeAcme) -> None:
    connection, _ = make_acme()
    first = found(connection, provider_call_id="p1")
    found(connection, provider_call_id="o1", status=CallStatus.IN_PROGRESS)
    both = CallUpdate(provider_call_id="p1", other_call_id="o1")
    lifecycle.apply(first.pk, both, NOW)
    only = Call.objects.get()
    assert (only.pk, only.status) == (first.pk, CallStatus.IN_PROGRESS)
    assert (only.provider_call_id, only.other_call_id) == ("p1", "o1")


def test_a_stranger_that_learns_an_id_of_ours_goes_into_ours(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme()
    ours = make_call(connection, status=CallStatus.RINGING, provider_call_id="p1")
    stranger = found(connection, provider_call_id="o1")
    both = CallUpdate(provider_call_id="p1", other_call_id="o1", status="ended")
    done = lifecycle.apply(stranger.pk, both, NOW)
    assert done.call == ours == Call.objects.get()
    assert done.call.status == CallStatus.ENDED


def test_a_stranger_that_carries_our_reference_goes_into_ours(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme(can_carry_reference=True)
    ours = make_call(connection, status=CallStatus.UNCONFIRMED)
    stranger = found(connection, provider_call_id="p1")
    told = CallUpdate(provider_call_id="p1", reference=str(ours.pk))
    assert lifecycle.apply(stranger.pk, told, NOW).call == ours == Call.objects.get()


def test_where_ids_may_differ_our_reference_decides_over_an_unknown_one(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme(can_carry_reference=True, ids_may_differ=True)
    ids = {"provider_call_id": "p1", "other_call_id": "o1"}
    ours = make_call(connection, status=CallStatus.RINGING, **ids)
    another = make_call(connection, status=CallStatus.RINGING, provider_call_id="p2")
    reference = str(ours.pk)
    deliver(connection, provider_call_id="third", reference=reference, status="ended")
    deliver(connection, provider_call_id="p2", reference=reference, status="ended")
    apply()
    assert Call.objects.count() == 2
    assert [event.call for event in WebhookEvent.objects.all()] == [ours, another]


def test_the_same_id_at_another_connection_is_another_call(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme()
    elsewhere, _ = make_acme()
    found(elsewhere, provider_call_id="p1")
    ours = make_call(connection, status=CallStatus.DIALING)
    lifecycle.apply(ours.pk, CallUpdate(provider_call_id="p1"), NOW)
    assert Call.objects.filter(provider_call_id="p1").count() == 2


def test_events_of_a_stranger_and_of_ours_in_one_group(make_acme: MakeAcme) -> None:
    connection, _ = make_acme(can_carry_reference=True)
    ours = make_call(connection, status=CallStatus.DIALING)
    deliver(connection, provider_call_id="p1", status="ringing")
    deliver(connection, provider_call_id="p1", reference=str(ours.pk), status="ended")
    apply()
    assert Call.objects.get() == ours
    assert {event.call for event in WebhookEvent.objects.all()} == {ours}


def test_an_update_of_a_call_that_is_part_of_another_by_now(
    make_acme: MakeAcme,
) -> None:
    connection, _ = make_acme()
    gone = found(connection, provider_call_id="p1")
    gone_id = gone.pk
    gone.delete()
    with pytest.raises(CallGone):
        lifecycle.apply(gone_id, CallUpdate(status="ended"), NOW)
    assert reconcile.ask(gone_id, NOW) is None


# --- races
races = [
    pytest.mark.skipif(database.vendor == "sqlite", reason="one writer at a time"),
    pytest.mark.django_db(transaction=True),
]


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run jobs at the same time, each with a database connection of its own."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(20) for future in [pool.submit(run, j) for j in jobs]]


class Gate:
    """Lets two threads meet, unless one is kept from coming."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=1)

    def meet(self) -> None:
        """Wait for the other."""
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()


def met(gate: Gate, then: Callable[..., Any], *given: Any) -> Any:
    """Do something at the moment at which another thread does."""
    gate.meet()
    return then(*given)


class TestRaces:
    """The reply of our dial and a webhook with its id, at the same moment."""

    pytestmark = races

    def test_at_the_same_time(self, make_acme: MakeAcme) -> None:
        connection, _ = make_acme()
        for number in range(25):
            word = f"p{number}"
            call = make_call(connection, status=CallStatus.DIALING, to_number=TO)
            for status in ("ringing", "in_progress", "ended"):
                deliver(connection, provider_call_id=word, status=status)
            reply = CallUpdate(provider_call_id=word, status="ringing")
            gate = Gate()
            together(
                partial(met, gate, lifecycle.apply, call.pk, reply, timezone.now()),
                partial(met, gate, apply),
            )
            apply()
            only = Call.objects.get(provider_call_id=word)
            assert (only.pk, only.status) == (call.pk, "ended")
            assert only.events.count() == 3
        assert not WebhookEvent.objects.exclude(error="").exists()

    def test_the_webhook_writes_first_but_commits_later(
        self, make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection, _ = make_acme()
        call = make_call(connection, status=CallStatus.DIALING, to_number=TO)
        deliver(connection, provider_call_id="p1", status="in_progress")
        written, gate, create = threading.Event(), Gate(), lifecycle.create

        def slowly(*given: Any) -> Call:
            row = create(*given)
            written.set()
            gate.meet()
            return row

        def dialed() -> None:
            assert written.wait(5)
            reply = CallUpdate(provider_call_id="p1", status="ringing")
            lifecycle.apply(call.pk, reply, timezone.now())

        monkeypatch.setattr(lifecycle, "create", slowly)
        together(apply, dialed)
        only = Call.objects.get()
        assert (only.pk, only.status) == (call.pk, CallStatus.IN_PROGRESS)

    def test_the_reply_comes_after_the_webhook_looked_for_its_call(
        self, make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection, _ = make_acme()
        call = make_call(connection, status=CallStatus.DIALING, to_number=TO)
        deliver(connection, provider_call_id="p1", status="in_progress")
        looked, replied, create = threading.Event(), threading.Event(), lifecycle.create

        def late(*given: Any) -> Call:
            looked.set()
            assert replied.wait(5)
            return create(*given)

        def dialed() -> None:
            assert looked.wait(5)
            reply = CallUpdate(provider_call_id="p1", status="ringing")
            lifecycle.apply(call.pk, reply, timezone.now())
            replied.set()

        monkeypatch.setattr(lifecycle, "create", late)
        together(apply, dialed)
        only = Call.objects.get()
        assert (only.pk, only.status) == (call.pk, CallStatus.IN_PROGRESS)
        assert only.events.count() == 1

    def test_an_event_for_a_row_that_is_going_finds_the_call(
        self, make_acme: MakeAcme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection, _ = make_acme()
        call = make_call(connection, status=CallStatus.DIALING, to_number=TO)
        found(connection, provider_call_id="p1")
        deliver(connection, provider_call_id="p1", status="ended")
        meant, merged = threading.Event(), threading.Event()
        find_or_create = intake.find_or_create

        def late(*given: Any) -> Any:
            what = find_or_create(*given)
            meant.set()
            assert merged.wait(5)
            return what

        def dialed() -> None:
            assert meant.wait(5)
            reply = CallUpdate(provider_call_id="p1", status="ringing")
            lifecycle.apply(call.pk, reply, timezone.now())
            merged.set()

        monkeypatch.setattr(intake, "find_or_create", late)
        together(apply, dialed)
        only = Call.objects.get()
        assert (only.pk, only.status) == (call.pk, "ended")
        assert only.events.count() == 1
        assert not WebhookEvent.objects.exclude(error="").exists()

    def test_two_calls_that_swap_strangers_do_not_lock_each_other_out(
        self, make_acme: MakeAcme
    ) -> None:
        connection, _ = make_acme()
        for _ in range(10):
            Call.objects.all().delete()
            rows = [found(connection, provider_call_id="b")]
            rows += [make_call(connection, status=CallStatus.DIALING) for _ in "ab"]
            found(connection, provider_call_id="a")
            gate = Gate()

            replies = zip(rows[1:], "ab", strict=True)
            updates = [(row.pk, CallUpdate(provider_call_id=i)) for row, i in replies]
            now = timezone.now()
            together(*[partial(met, gate, lifecycle.apply, *u, now) for u in updates])
            assert Call.objects.count() == 2
