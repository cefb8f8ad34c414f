"""Gaps: what a provider has and we lack is found, once, and shown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Connection
from agents.providers.base import (
    Analysis,
    CallUpdate,
    ProviderRefused,
    ProviderUnclear,
    TurnFacts,
)
from calls import gaps, reconcile, story, tasks
from calls.gaps import Look
from calls.models import Call, CallStatus, Source, Watch
from dashboard.models import Member
from tests.calls.acme import Acme
from tests.factories import make_call, make_contact, make_number

pytestmark = pytest.mark.django_db
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def acme(make_acme: MakeAcme) -> type[Acme]:
    """Return a provider, connected two hours ago."""
    connection, kind = make_acme()
    Connection.objects.filter(pk=connection.pk).update(created_at=at(-120))
    return kind


@pytest.fixture
def connection(acme: type[Acme]) -> Connection:
    """Return the connection to it."""
    return Connection.objects.select_related("workspace").get()


def over(word: str, **more: Any) -> CallUpdate:
    """Return what the provider says of a call that ended ten minutes ago."""
    usual: dict[str, Any] = {
        "provider_call_id": word,
        "status": "ended",
        "direction": "outbound",
        "to_number": "+14155550123",
        "occurred_at": at(-9),
        "answered_at": at(-11),
        "ended_at": at(-10),
    }
    return CallUpdate(**(usual | more))


def look(connection: Connection, now: datetime = NOW) -> Look:
    """Look for gaps; somebody must be free to."""
    found = gaps.look(connection, now)
    assert found
    return found


def test_a_call_we_lack_is_fetched_and_brought_in(
    acme: type[Acme], connection: Connection
) -> None:
    contact, number = make_contact(connection.workspace), make_number(connection)
    told = over(
        "p1",
        direction="inbound",
        from_number=contact.number,
        to_number=number.number,
        turns=(TurnFacts("agent", "Hello"),),
        analysis=Analysis("She asked for a bill."),
    )
    acme.knows(told)
    assert look(connection).found == 1
    call = Call.objects.get()
    assert (call.source, call.status) == (Source.INBOUND, CallStatus.ENDED)
    assert (call.contact, call.phone_number) == (contact, number)
    assert (call.found_at, call.created_at) == (NOW, at(-11))
    assert (call.turns.get().text, call.summary) == ("Hello", "She asked for a bill.")
    assert acme.asked == ["list", "fetch p1"]


def test_a_second_look_finds_nothing_new(
    acme: type[Acme], connection: Connection
) -> None:
    acme.knows(over("p1"))
    look(connection)
    again = look(connection, at(5))
    assert (again.found, again.compared, again.fetches) == (0, 1, 0)
    watch = Watch.objects.get()
    assert (watch.found, watch.last_found_at, watch.looked_at) == (1, NOW, at(5))


def test_calls_we_have_are_no_gaps_by_either_id_or_reference(
    acme: type[Acme], connection: Connection
) -> None:
    make_call(connection, status=CallStatus.ENDED, provider_call_id="p1")
    make_call(connection, status=CallStatus.ENDED, other_call_id="o2")
    ours = make_call(connection, status=CallStatus.ENDED)
    acme.knows(over("p1"), over("p2", other_call_id="o2"))
    acme.knows(over("p3", reference=str(ours.pk)))
    assert look(connection).found == 0
    assert Call.objects.count() == 3


def test_what_is_over_there_and_open_here_is_asked_about(
    acme: type[Acme], connection: Connection
) -> None:
    call = make_call(connection, status=CallStatus.IN_PROGRESS, provider_call_id="p1")
    acme.knows(over("p1", end_reason="user_hangup"))
    assert look(connection).asked == 1
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert (call.status, call.found_at) == (CallStatus.ENDED, None)


def test_a_call_given_up_as_lost_that_did_go_out_says_so(
    make_acme: MakeAcme,
) -> None:
    connection, acme = make_acme(can_carry_reference=True)
    call = make_call(
        connection, status=CallStatus.FAILED, end_reason="lost", dialed_at=at(-11)
    )
    told = over("p1", reference=str(call.pk), to_number=call.to_number)
    acme.knows(replace(told, turns=(TurnFacts("callee", "Who is there?"),)))
    assert look(connection).asked == 1
    reconcile.ask(call.pk, NOW)
    call.refresh_from_db()
    assert (call.status, call.provider_call_id) == (CallStatus.FAILED, "p1")
    assert "it did go out" in call.note
    assert call.turns.get().text == "Who is there?"
    assert look(connection, at(5)).asked == 0


@pytest.mark.parametrize("status", [CallStatus.DIALING, CallStatus.UNCONFIRMED])
def test_a_call_that_may_be_ours_is_left_until_that_is_clear(
    acme: type[Acme], connection: Connection, status: str
) -> None:
    ours = make_call(
        connection, status=status, to_number="+14155550123", dialed_at=at(-12)
    )
    acme.knows(over("p1"))
    first = look(connection)
    assert (first.found, first.has_left_out) == (0, True)
    assert Call.objects.get() == ours
    Call.objects.update(status=CallStatus.FAILED)
    assert look(connection, at(300)).found == 1


def test_a_call_to_somebody_else_is_not_ours(
    acme: type[Acme], connection: Connection
) -> None:
    make_call(connection, status=CallStatus.UNCONFIRMED, to_number="+14155550199")
    acme.knows(over("p1"))
    assert look(connection).found == 1


def test_a_call_that_has_just_ended_may_still_be_told_of(
    acme: type[Acme], connection: Connection
) -> None:
    acme.knows(over("p1", ended_at=NOW - timedelta(seconds=5)))
    assert look(connection).found == 0
    assert look(connection, at(5)).found == 1


def test_a_call_that_goes_on_is_brought_in_but_is_no_gap(
    acme: type[Acme], connection: Connection
) -> None:
    acme.knows(over("p1", status="in_progress", ended_at=None))
    assert look(connection).found == 0
    call = Call.objects.get()
    assert (call.status, call.found_at) == (CallStatus.IN_PROGRESS, None)


def test_a_look_goes_through_all_pages(
    acme: type[Acme], connection: Connection
) -> None:
    acme.page_size = 2
    acme.knows(*[over(f"p{n}") for n in range(5)])
    done = look(connection)
    assert (done.found, done.compared, done.is_done) == (5, 5, True)


def test_a_long_list_is_gone_through_in_several_looks(
    acme: type[Acme], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "PAGES", 2)
    acme.page_size = 2
    acme.knows(*[over(f"p{n}") for n in range(7)])
    first = look(connection)
    assert (first.found, first.is_done) == (4, False)
    assert gaps.due(at(1)) == [connection.pk]
    second = look(connection, at(1))
    assert (second.found, second.is_done) == (3, True)
    assert gaps.due(at(2)) == []
    assert Watch.objects.get().seen_until == NOW


def test_one_look_fetches_only_so_much(
    acme: type[Acme], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "FETCHES", 3)
    acme.knows(*[over(f"p{n}") for n in range(5)])
    assert look(connection).found == 3
    assert look(connection, at(1)).found == 2


def test_spent_requests_end_a_look_early(make_acme: MakeAcme) -> None:
    connection, acme = make_acme(requests_per_minute=60)
    acme.knows(*[over(f"p{n}") for n in range(20)])
    done = look(connection)
    assert (done.found, done.is_done, len(acme.asked)) == (9, False, 10)
    assert look(connection, at(1)).found == 9


def test_each_look_goes_back_a_little_and_sometimes_far(
    acme: type[Acme], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime] = []
    lists = acme.list_calls

    def note(self: Acme, since: datetime, cursor: str = "") -> Any:
        looked.append(since)
        return lists(self, since, cursor)

    monkeypatch.setattr(acme, "list_calls", note)
    for minutes in (0, 5, 70):
        look(connection, at(minutes))
    assert looked == [
        connection.created_at,
        NOW - gaps.OVERLAP,
        at(5) - acme.longest_call,
    ]


def test_two_workers_do_not_look_at_the_same_time(connection: Connection) -> None:
    Watch.objects.create(connection=connection, lease_until=at(1))
    assert gaps.look(connection, NOW) is None
    assert gaps.due(NOW) == []
    assert gaps.look(connection, at(2))


def test_what_went_wrong_is_kept_in_words(
    acme: type[Acme], connection: Connection
) -> None:
    acme.trouble = ProviderUnclear("Down.")
    assert look(connection).error == "Down."
    watch = Watch.objects.get()
    assert (watch.error, watch.looked_at, watch.lease_until) == ("Down.", NOW, None)
    acme.trouble = None
    look(connection, at(5))
    watch.refresh_from_db()
    assert watch.error == ""


def test_a_place_in_the_list_that_is_lost_means_to_begin_anew(
    acme: type[Acme], connection: Connection
) -> None:
    Watch.objects.create(
        connection=connection, since=at(-60), cursor="5", began_at=at(-1)
    )
    acme.trouble = ProviderRefused("No such page.")
    look(connection)
    acme.trouble = None
    look(connection, at(5))
    assert acme.asked == ["list 5", "list"]


def test_a_connection_that_is_switched_off_is_left_alone(
    connection: Connection,
) -> None:
    assert gaps.due(NOW) == [connection.pk]
    Connection.objects.update(is_active=False)
    assert gaps.due(NOW) == []


def test_a_call_the_list_has_and_nobody_else_is_kept_as_listed(
    acme: type[Acme], connection: Connection
) -> None:
    acme.listed.append(over("p1", duration_ms=4000))
    assert look(connection).found == 1
    assert Call.objects.get().duration_ms == 4000


def test_what_only_the_list_says_is_kept(
    acme: type[Acme], connection: Connection
) -> None:
    acme.knows(over("p1", from_number="", duration_ms=4000))
    acme.listed[0] = replace(acme.listed[0], from_number="+16285550100")
    look(connection)
    call = Call.objects.get()
    assert (call.from_number, call.duration_ms) == ("+16285550100", 4000)


# --- what people see
def test_a_gap_is_shown_on_its_call_and_in_the_list(
    acme: type[Acme],
    connection: Connection,
    admin: Member,
    client_of: Callable[[Member], Client],
) -> None:
    acme.knows(over("p1", status="not_connected"))
    look(connection)
    call, client = Call.objects.get(), client_of(admin)
    page = client.get(call.get_absolute_url()).content.decode()
    assert "Acme Voice’s own list" in page
    assert page.count("Gap found") == 2
    assert "Gap found" in client.get("/calls/").content.decode()
    assert [step.label for step in story.steps(call)][-1] == "Gap found"


def test_a_call_that_was_told_of_shows_no_gap(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.ENDED)
    assert story.gap(call) == ""
    assert "Gap found" not in [step.label for step in story.steps(call)]


def test_the_task_looks_and_follows(
    acme: type[Acme], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = timezone.now() - timedelta(minutes=5)
    acme.knows(over("p1", answered_at=ended, ended_at=ended, occurred_at=ended))
    monkeypatch.setattr(tasks.look_for_gaps, "delay", tasks.look_for_gaps)
    monkeypatch.setattr(tasks.ask_call, "apply_async", lambda *_, **__: None)
    tasks.find_gaps()
    assert Call.objects.get().found_at


def test_an_admin_has_calls_compared(
    acme: type[Acme],
    connection: Connection,
    admin: Member,
    manager: Member,
    client_of: Callable[[Member], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.look_for_gaps, "delay", tasks.look_for_gaps)
    url = reverse("connection_gaps", args=[connection.pk])
    assert client_of(manager).post(url).status_code == 403
    assert client_of(admin).post(url).status_code == 302
    assert acme.asked == ["list"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "is compared with ours about every 5 minutes"),
        ({"looked_at": NOW}, "No gaps"),
        ({"looked_at": NOW, "found": 3, "last_found_at": NOW}, "3 gaps"),
        ({"looked_at": NOW, "error": "Down."}, "Down."),
    ],
)
def test_the_connection_says_how_complete_its_calls_are(
    connection: Connection, state: dict[str, Any] | None, words: str
) -> None:
    if state is not None:
        Watch.objects.create(connection=connection, **state)
    context = {"connection": connection, "kind": connection.kind}
    assert words in render_to_string("calls/parts/connection_gaps.html", context)
