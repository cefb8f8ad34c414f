"""What is done to many calls at once: tags, the reviewed mark, do-not-call."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import Connection
from calls.export import exports
from calls.history.filters import MOST_VALUES
from calls.models import Call, CallChange, Export, Suppression, Tag
from calls.people import do_not_call
from calls.review import tags
from dashboard.models import AuditEntry, Member, Workspace
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of a reviewer."""
    return client_of(reviewer)


def bulk(client: Client, do: str, *calls: Call, **more: Any) -> Any:
    """Do something to calls, as the list's form does; return the page after it."""
    form = {"do": do, "call": [str(call.pk) for call in calls], **more}
    return client.post("/calls/bulk/", form, follow=True)


def test_a_tag_is_hung_on_the_selected_calls_and_told_in_their_story(
    client: Client, connection: Connection, reviewer: Member
) -> None:
    one, two, other = (make_call(connection, status="ended") for _ in range(3))
    page = bulk(client, "tag", one, two, tag="  Call  back ")
    assert "2 calls tagged “Call back”." in page.content.decode()
    assert [tag.name for tag in one.tags.all()] == ["Call back"]
    assert not other.tags.exists()
    story = CallChange.objects.get(call=one)
    assert (story.user, story.told_by) == (reviewer.user, "person")
    assert story.note == "Tagged “Call back”."


def test_a_tag_in_other_letters_is_the_same_and_hangs_once(
    client: Client, connection: Connection
) -> None:
    call, other = make_call(connection), make_call(connection)
    bulk(client, "tag", call, tag="vip")
    page = bulk(client, "tag", call, other, tag="VIP")
    assert "1 call tagged “VIP”. 1 already was." in page.content.decode()
    assert Tag.objects.count() == 1


def test_a_tag_that_is_on_no_call_is_forgotten(
    client: Client, connection: Connection
) -> None:
    call, other = make_call(connection), make_call(connection)
    bulk(client, "tag", call, other, tag="vip")
    bulk(client, "untag", call, tag="Vip")
    assert Tag.objects.exists()
    bulk(client, "untag", other, tag="vip")
    assert not Tag.objects.exists()
    assert bulk(client, "untag", other, tag="vip").status_code == 200


def test_without_a_name_or_a_call_nothing_happens(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection)
    assert "Write the name" in bulk(client, "tag", call, tag=" ").content.decode()
    assert "Select calls first" in bulk(client, "review").content.decode()
    assert "Select calls first" in bulk(client, "odd", call).content.decode()
    assert not CallChange.objects.exists()


def test_calls_are_marked_as_reviewed_and_back(
    client: Client, connection: Connection, reviewer: Member
) -> None:
    one, two = make_call(connection, status="ended"), make_call(connection)
    before = one.changed_at
    bulk(client, "review", one, two)
    one.refresh_from_db()
    assert one.reviewed_by == reviewer.user
    assert one.reviewed_at
    assert one.changed_at > before
    bulk(client, "unreview", one)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (bool(one.reviewed_at), bool(two.reviewed_at)) == (False, True)


def test_all_that_fit_is_what_the_filter_holds_beyond_the_page(
    client: Client, connection: Connection
) -> None:
    fit = [make_call(connection, status="ended") for _ in range(60)]
    other = make_call(connection, status="failed")
    bulk(client, "tag", all="yes", query="status=ended", tag="old")
    assert Tag.objects.get().calls.count() == len(fit)
    assert not other.tags.exists()


def test_more_than_the_limit_is_said(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.views.bulk.MOST", 2)
    for _ in range(3):
        make_call(connection, status="ended")
    page = bulk(client, "tag", all="yes", query="status=ended", tag="old")
    assert "These were the first 2" in page.content.decode()
    assert Tag.objects.get().calls.count() == 2


def test_htmx_gets_the_rows_again_with_a_word_of_what_was_done(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ended")
    make_call(connection, status="failed")
    answer = client.post(
        "/calls/bulk/",
        {"do": "review", "call": str(call.pk), "query": "status=ended"},
        headers={"HX-Request": "true", "HX-Target": "rows"},
    )
    html = answer.content.decode()
    assert html.strip().startswith('<section id="rows"')
    assert html.count('<tr id="call-') == 1
    assert 'class="seen"' in html
    assert "1 call marked as reviewed" in answer.headers["HX-Trigger"]


def test_calls_of_others_are_left_alone(client: Client) -> None:
    call = make_call(make_connection(make_workspace()), status="ended")
    for do in ("tag", "review", "untag", "unreview", "export", "no_call"):
        bulk(client, do, call, tag="mine")
    bulk(client, "tag", all="yes", query="", tag="mine")
    call.refresh_from_db()
    assert call.reviewed_at is None
    assert not call.tags.exists()


# --- export
def test_an_export_is_of_the_selected_calls_only(
    client: Client, connection: Connection, reviewer: Member
) -> None:
    one, two, _ = (make_call(connection, duration_ms=n) for n in (5, 9, 7))
    page = bulk(client, "export", one, two, query="status=queued&sort=-duration")
    [query] = re.findall(r'name="query" value="([^"]+)"', page.content.decode())
    assert "those that were selected" in page.content.decode()
    form = {"query": unescape(query), "format": "csv", "columns": ["id"]}
    shown = client.post("/calls/exports/new/", form, follow=True).content.decode()
    assert "2 selected calls" in shown
    export = Export.objects.get()
    assert export.created_by == reviewer.user
    exports.write(export.pk, timezone.now())
    export.refresh_from_db()
    with export.file.open("rb") as file:
        _, *rows = file.read().decode().split()
    assert rows[-2:] == [str(two.pk), str(one.pk)]
    assert export.done == 2
    export.file.delete()


def test_an_export_of_all_that_fit_goes_by_the_filter(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection)
    page = bulk(client, "export", call, all="yes", query="status=queued")
    assert page.redirect_chain == [("/calls/exports/new/?status=queued", 302)]


def test_too_many_selected_for_a_file_is_said(
    client: Client, connection: Connection
) -> None:
    calls = [make_call(connection) for _ in range(MOST_VALUES + 1)]
    page = bulk(client, "export", *calls).content.decode()
    assert "At most 80 selected calls go into a file" in page
    assert "New export" not in page


# --- do not call
def test_do_not_call_says_how_many_numbers_then_adds_and_can_be_undone(
    client_of: Callable[[Member], Client],
    manager: Member,
    connection: Connection,
    workspace: Workspace,
) -> None:
    client = client_of(manager)
    calls = [
        make_call(connection, to_number="+14155550142"),
        make_call(connection, to_number="+14155550142"),
        make_call(
            connection,
            direction="inbound",
            from_number="+14155550143",
            to_number="+16285550100",
        ),
        make_call(connection, to_number="+14155550199"),
        make_call(connection, direction="inbound", from_number="", to_number="+1628"),
    ]
    workspace.suppressions.create(number="+14155550199")
    page = bulk(client, "no_call", *calls).content.decode()
    assert "Put 2 numbers on the do-not-call list?" in page
    assert "1 is on the list already" in page
    assert Suppression.objects.count() == 1
    ids = re.findall(r'name="call" value="([^"]+)"', page)
    done = client.post("/calls/do-not-call/", {"call": ids}).content.decode()
    assert "2 numbers added" in done
    listed = set(workspace.suppressions.values_list("number", flat=True))
    assert listed == {"+14155550142", "+14155550143", "+14155550199"}
    undo = re.search(r'action="(/calls/do-not-call/\d+/undo/)"', done)
    assert undo
    client.post(undo[1])
    assert workspace.suppressions.get().number == "+14155550199"


def test_a_reviewer_puts_nobody_on_the_list(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection)
    assert bulk(client, "no_call", call).status_code == 403
    form = {"call": str(call.pk)}
    assert client.post("/calls/do-not-call/", form).status_code == 403
    assert not Suppression.objects.exists()
    assert "Do not call" not in client.get("/calls/").content.decode()


def test_an_undo_is_of_ones_own_and_of_the_last_half_hour(
    manager: Member, admin: Member, workspace: Workspace
) -> None:
    now = timezone.now()
    entry = do_not_call.add(workspace, ["+14155550142"], manager.user, now)
    assert do_not_call.may_undo(entry, manager.user, now)
    assert not do_not_call.may_undo(entry, admin.user, now)
    late = now + timedelta(minutes=31)
    assert not do_not_call.may_undo(entry, manager.user, late)
    other = AuditEntry.record(workspace, "number allowed", manager.user)
    assert not do_not_call.may_undo(other, manager.user, now)


def test_one_call_is_tagged_with_the_same_verbs(
    connection: Connection, reviewer: Member
) -> None:
    call = make_call(connection)
    tag = tags.add(call, "vip", reviewer.user)
    assert [one.name for one in call.tags.all()] == ["vip"]
    tags.remove(call, tag, reviewer.user)
    assert not call.tags.exists()
