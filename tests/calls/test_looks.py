"""Needs a look: what is found, that it goes away, and the queue people go through."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agents.models import Connection
from calls import digest
from calls.models import Call, Look, LookRule, ToolCall, Turn
from calls.review import looks
from calls.sums import summary
from dashboard.models import AuditEntry, Member, Workspace
from tests.factories import make_call, make_connection, make_contact, make_workspace

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return make_connection(workspace)


def taken(connection: Connection, **fields: Any) -> Call:
    """Make a call that is over, and take it in."""
    fields.setdefault("status", "ended")
    call = make_call(connection, **fields)
    take_in()
    return call


def take_in() -> None:
    while digest.run(timezone.now()):
        pass
    looks.watch(timezone.now())


def changed(call: Call, **fields: Any) -> None:
    Call.objects.filter(pk=call.pk).update(changed_at=timezone.now(), **fields)
    take_in()


def waiting(workspace: Workspace) -> list[str]:
    return sorted(looks.open_looks(workspace).values_list("reason", flat=True))


# --- Finding -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "failed"}, ["failed"]),
        ({"sentiment": "negative"}, ["unhappy"]),
        ({"successful": False}, ["missed"]),
        ({"found_at": timezone.now()}, ["gap"]),
        ({"status": "unconfirmed"}, ["unconfirmed"]),
        ({"analysis": {"do_not_call": True}}, ["opt_out"]),
        ({"sentiment": "negative", "successful": False}, ["missed", "unhappy"]),
        ({"sentiment": "positive", "successful": True}, []),
        ({"status": "not_connected", "end_reason": "busy"}, []),
        ({"status": "in_progress"}, []),
    ],
)
def test_why_a_call_needs_a_look(
    connection: Connection, fields: dict[str, Any], reason: list[str]
) -> None:
    taken(connection, **fields)
    assert waiting(connection.workspace) == reason


def test_a_failed_tool_is_named(connection: Connection) -> None:
    call = make_call(connection, status="ended")
    ToolCall.objects.create(call=call, index=0, name="lookup", succeeded=True)
    ToolCall.objects.create(call=call, index=1, name="book_visit", succeeded=False)
    take_in()
    look = looks.open_looks(connection.workspace).get()
    assert (look.reason, look.words) == ("tool", "book_visit")


def test_a_wish_not_to_be_called_is_heard_in_what_was_said(
    connection: Connection,
) -> None:
    call = make_call(connection, status="ended")
    Turn.objects.create(call=call, index=0, role="callee", text="Stop calling me.")
    take_in()
    assert waiting(connection.workspace) == ["opt_out"]


def test_what_is_older_than_a_week_needs_no_look(connection: Connection) -> None:
    taken(connection, status="failed", created_at=timezone.now() - timedelta(days=8))
    assert not Look.objects.exists()


def test_taking_in_twice_finds_once(connection: Connection) -> None:
    call = taken(connection, status="failed")
    changed(call)
    changed(call)
    assert Look.objects.count() == 1


def test_a_reason_that_goes_away_is_done_by_nobody_and_may_come_back(
    connection: Connection,
) -> None:
    call = taken(connection, sentiment="negative")
    changed(call, sentiment="neutral")
    look = Look.objects.get()
    assert look.done_at
    assert look.done_by is None
    changed(call, sentiment="negative")
    assert waiting(connection.workspace) == ["unhappy"]


def test_what_a_person_did_stays_done(connection: Connection, admin: Member) -> None:
    call = taken(connection, sentiment="negative")
    looks.finish(Look.objects.all(), admin.user, timezone.now())
    changed(call, sentiment="neutral")
    changed(call, sentiment="negative")
    assert waiting(connection.workspace) == []


def test_it_is_sure_at_last_that_it_went_out(connection: Connection) -> None:
    call = taken(connection, status="unconfirmed")
    assert waiting(connection.workspace) == ["unconfirmed"]
    changed(call, status="ended")
    assert waiting(connection.workspace) == []


def test_a_rule_of_ones_own_finds_what_its_filter_finds(
    connection: Connection,
) -> None:
    space = connection.workspace
    LookRule.objects.create(workspace=space, name="Long", query="duration_min=60")
    LookRule.objects.create(
        workspace=space, name="Off", query="status=ended", is_on=False
    )
    other = make_connection(make_workspace())
    taken(connection, duration_ms=59_000)
    long = taken(connection, duration_ms=61_000)
    taken(other, duration_ms=61_000)
    look = Look.objects.get()
    assert (look.call, look.why) == (long, "Long")


def test_calls_written_in_bulk_are_found_later(connection: Connection) -> None:
    make_call(connection, status="failed", digested_at=timezone.now())
    assert looks.refill(connection.workspace, timezone.now()) == 1
    assert waiting(connection.workspace) == ["failed"]


# --- The queue -----------------------------------------------------------------------
def test_the_empty_queue_says_what_was_checked(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    taken(connection)
    taken(connection)
    LookRule.objects.create(workspace=reviewer.workspace, name="Long", query="q=x")
    summary.catch_up()
    page = client_of(reviewer).get("/calls/looks/").content.decode()
    assert "2 calls of the last 7 days were checked for" in page
    assert "a failed tool" in page
    assert "“Long”" in page


def test_one_call_after_another(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    for name in ("Ann", "Bob", "Cem"):
        taken(connection, status="failed", customer_name=name)
    client = client_of(reviewer)
    first = client.get("/calls/looks/").context
    assert first["look"].call.who == "Cem"
    second = client.get(f"/calls/looks/?at={first['behind']}").context
    assert second["look"].call.who == "Bob"
    assert second["before"] == first["look"].pk


def test_done_goes_on_to_the_next_and_can_be_undone(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    for name in ("Ann", "Bob"):
        taken(connection, status="failed", customer_name=name)
    client = client_of(reviewer)
    look = client.get("/calls/looks/").context["look"]
    answer = client.post(f"/calls/looks/{look.pk}/done/", {"reviewed": "1"})
    page = client.get(answer.headers["Location"])
    assert page.context["look"].call.who == "Ann"
    assert "1 look is done" in page.content.decode()
    done = Look.objects.get(pk=look.pk)
    assert done.done_by == reviewer.user
    assert done.call.reviewed_by == reviewer.user
    client.post("/calls/looks/undo/", {"done": page.context["done"]})
    assert Look.objects.open().count() == 2
    done.call.refresh_from_db()
    assert done.call.reviewed_at is None


def test_all_of_one_reason_are_done_at_once(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    for _ in range(3):
        taken(connection, status="failed")
    taken(connection, sentiment="negative")
    client = client_of(reviewer)
    answer = client.post("/calls/looks/done/", {"why": "failed"})
    assert waiting(reviewer.workspace) == ["unhappy"]
    done = client.get(answer.headers["Location"]).context["done"]
    client.post("/calls/looks/undo/", {"done": done})
    assert len(waiting(reviewer.workspace)) == 4


def test_done_for_all_needs_a_reason(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    taken(connection, status="failed")
    client_of(reviewer).post("/calls/looks/done/", {"why": "nonsense"})
    assert waiting(reviewer.workspace) == ["failed"]


def test_nobody_takes_back_what_another_did(
    connection: Connection, reviewer: Member, manager: Member, client_of: ClientOf
) -> None:
    taken(connection, status="failed")
    client = client_of(reviewer)
    answer = client.post("/calls/looks/done/", {"why": "failed"})
    done = client.get(answer.headers["Location"]).context["done"]
    client_of(manager).post("/calls/looks/undo/", {"done": done})
    assert waiting(reviewer.workspace) == []


def test_all_reasons_of_a_call_are_done_together(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    taken(connection, status="ended", sentiment="negative", successful=False)
    look = Look.objects.order_by("pk").first()
    assert look
    client_of(reviewer).post(f"/calls/looks/{look.pk}/done/", {"all": "1"})
    assert waiting(reviewer.workspace) == []


def test_a_stranger_finds_and_finishes_nothing(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    other = make_connection(make_workspace())
    taken(other, status="failed", customer_name="Hush Person")
    look = Look.objects.get()
    client = client_of(reviewer)
    assert b"Hush" not in client.get(f"/calls/looks/?at={look.pk}").content
    assert b"Hush" not in client.get(f"/calls/looks/?after={look.pk}").content
    assert client.post(f"/calls/looks/{look.pk}/done/").status_code == 404
    client.post("/calls/looks/done/", {"why": "failed"})
    assert Look.objects.open().count() == 1


def test_the_menu_counts_what_waits(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    client = client_of(reviewer)
    for _ in range(2):
        taken(connection, status="failed")
    assert client.get("/contacts/").context["looks_count"] == 2
    rows = [Call(**fields) for fields in _many(connection, 120)]
    Call.objects.bulk_create(rows)
    take_in()
    page = client.get("/contacts/")
    assert page.context["looks_count"] == looks.MOST_COUNTED
    assert "99+" in page.content.decode()


def _many(connection: Connection, count: int) -> list[dict[str, Any]]:
    fields = {
        "workspace": connection.workspace,
        "connection": connection,
        "status": "failed",
        "source": "button",
        "to_number": "+14155550100",
    }
    return [fields] * count


@pytest.mark.parametrize("count", [1, 25])
def test_the_queue_asks_as_often_for_many_as_for_one(
    connection: Connection,
    reviewer: Member,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for _ in range(count):
        contact = make_contact(connection.workspace)
        taken(connection, status="failed", contact=contact)
    client = client_of(reviewer)
    # session, user, spaces, counts; rows, reasons, before, behind, others
    with django_assert_num_queries(9):
        client.get("/calls/looks/")


# --- Rules ---------------------------------------------------------------------------
def test_an_admin_adds_a_rule_by_the_address_of_a_list(
    admin: Member, client_of: ClientOf
) -> None:
    address = "http://testserver/calls/?outcome=voicemail&duration_min=1:30"
    client_of(admin).post("/settings/looks/", {"name": "Odd", "query": address})
    rule = LookRule.objects.get()
    assert (rule.query, rule.is_on) == ("outcome=voicemail&duration_min=90", True)
    entry = AuditEntry.objects.get(action="look rule added")
    assert entry.user == admin.user


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("/calls/", "would find every call"),
        ("?outcome=moon", "is no value for"),
        ("?status=look", "cannot ask for"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(
    admin: Member, client_of: ClientOf, query: str, words: str
) -> None:
    form = {"name": "Odd", "query": query}
    answer = client_of(admin).post("/settings/looks/", form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not LookRule.objects.exists()


def test_a_name_is_taken_once(admin: Member, client_of: ClientOf) -> None:
    client = client_of(admin)
    for status in (302, 422):
        form = {"name": "Odd", "query": "?outcome=busy"}
        assert client.post("/settings/looks/", form).status_code == status


def test_a_rule_is_switched_changed_and_deleted(
    admin: Member, client_of: ClientOf
) -> None:
    rule = LookRule.objects.create(workspace=admin.workspace, name="A", query="q=x")
    client = client_of(admin)
    client.post(f"/settings/looks/{rule.pk}/switch/")
    rule.refresh_from_db()
    assert not rule.is_on
    form = {"name": "B", "query": "?outcome=busy"}
    client.post(f"/settings/looks/{rule.pk}/", form)
    rule.refresh_from_db()
    assert (rule.name, rule.query) == ("B", "outcome=busy")
    client.post(f"/settings/looks/{rule.pk}/remove/")
    assert not LookRule.objects.exists()


def test_only_an_admin_changes_rules(manager: Member, client_of: ClientOf) -> None:
    rule = LookRule.objects.create(workspace=manager.workspace, name="A", query="q=x")
    client = client_of(manager)
    assert client.get("/settings/looks/").status_code == 200
    form = {"name": "B", "query": "?outcome=busy"}
    for path in ("", f"{rule.pk}/", f"{rule.pk}/switch/", f"{rule.pk}/remove/"):
        assert client.post(f"/settings/looks/{path}", form).status_code == 403
    assert list(LookRule.objects.values_list("name", flat=True)) == ["A"]
