"""Notes, tags, the reviewed mark, and who really answered."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls import lifecycle
from calls.models import Call
from calls.review import reviewing, tags
from dashboard.models import Member, Workspace
from tests.calls.test_call_pages import ended_call, text
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def call(connection: Connection) -> Call:
    """Return a call that is over."""
    return ended_call(connection)


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of a reviewer: reviewing is what they come for."""
    return client_of(reviewer)


# --- notes
def test_a_note_is_written_on_a_turn_or_on_the_call(client: Client, call: Call) -> None:
    url = reverse("note_add", args=[call.pk])
    client.post(url, {"text": "Good answer", "turn": "1"})
    words = text(client.post(url, {"text": "Well led"}, follow=True))
    assert "Good answer" in words
    assert "Well led" in words
    turns = {note.text: note.turn and note.turn.index for note in call.notes.all()}
    assert turns == {"Good answer": 1, "Well led": None}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"text": "  "}, "The note is empty"),
        ({"text": "x" * 4_001}, "at most 4,000"),
        ({"text": "x", "turn": "9"}, "not there any more"),
    ],
)
def test_a_note_that_cannot_be_is_refused_in_words(
    client: Client, call: Call, form: dict[str, str], words: str
) -> None:
    page = client.post(reverse("note_add", args=[call.pk]), form, follow=True)
    assert words in text(page)
    assert not call.notes.exists()


def test_only_its_writer_changes_a_note(
    client: Client,
    client_of: Callable[[Member], Client],
    manager: Member,
    reviewer: Member,
    call: Call,
) -> None:
    note = call.notes.create(user=reviewer.user, text="First")
    url = reverse("note_edit", args=[call.pk, note.pk])
    assert client_of(manager).post(url, {"text": "Theirs"}).status_code == 403
    assert client.get(url).status_code == 200
    assert client.post(url, {"text": ""}).status_code == 422
    client.post(url, {"text": "Second"})
    note.refresh_from_db()
    assert (note.text, note.edited_at is not None) == ("Second", True)


def test_a_deleted_note_comes_back_as_it_was(
    client: Client, reviewer: Member, call: Call
) -> None:
    turn = call.turns.get(index=1)
    note = call.notes.create(user=reviewer.user, text="Keep me", turn=turn)
    page = client.post(reverse("note_delete", args=[call.pk, note.pk]), follow=True)
    assert not call.notes.exists()
    found = re.search(r'name="token" value="([^"]+)', page.content.decode())
    assert found
    again = client.get(call.get_absolute_url()).content.decode()
    assert "The note is deleted" not in again
    client.post(reverse("note_undo", args=[call.pk]), {"token": found[1]})
    back = call.notes.get()
    assert (back.pk, back.text, back.turn, back.user) == (
        note.pk,
        "Keep me",
        turn,
        reviewer.user,
    )


def test_a_deleted_note_comes_back_to_its_own_call_only(
    client: Client, reviewer: Member, call: Call, connection: Connection
) -> None:
    note = call.notes.create(user=reviewer.user, text="Keep me")
    page = client.post(reverse("note_delete", args=[call.pk, note.pk]), follow=True)
    found = re.search(r'name="token" value="([^"]+)', page.content.decode())
    other = make_call(connection)
    for token in (found[1] if found else "", "forged"):
        client.post(reverse("note_undo", args=[other.pk]), {"token": token})
    assert not other.notes.exists()


# --- tags and the reviewed mark
def test_a_tag_is_hung_on_and_taken_off(client: Client, call: Call) -> None:
    url = reverse("call_tags", args=[call.pk])
    assert "Follow up" in text(client.post(url, {"add": " Follow  up "}, follow=True))
    assert [tag.name for tag in call.tags.all()] == ["Follow up"]
    client.post(url, {"remove": "Follow up"})
    assert not call.tags.exists()
    assert "A tag needs a name" in text(client.post(url, {"add": " "}, follow=True))


def test_a_tag_that_a_saved_view_asks_for_keeps_its_id(
    client: Client, call: Call, reviewer: Member
) -> None:
    tag = tags.add(call, "vip", reviewer.user)
    call.workspace.saved_views.create(
        owner=reviewer.user, name="Vips", query=f"tag={tag.pk}"
    )
    tags.remove(call, tag, reviewer.user)
    assert tags.add(call, "VIP", reviewer.user) == tag


def test_reviewed_is_marked_and_taken_back(
    client: Client, reviewer: Member, call: Call
) -> None:
    url, before = reverse("call_reviewed", args=[call.pk]), call.changed_at
    client.post(url, {"reviewed": "yes"})
    call.refresh_from_db()
    assert call.reviewed_by == reviewer.user
    assert call.changed_at > before
    client.post(url)
    call.refresh_from_db()
    assert call.reviewed_at is None
    notes = [change.note for change in call.changes.all()]
    assert notes == ["Marked as reviewed.", "No longer marked as reviewed."]


def test_many_are_marked_at_once_and_the_first_reviewer_stays(
    connection: Connection, reviewer: Member, admin: Member
) -> None:
    calls = [make_call(connection, status="ended") for _ in range(3)]
    now = timezone.now()
    assert reviewing.mark(calls[:1], reviewer.user, now) == 1
    assert reviewing.mark(calls, admin.user, now) == 2
    calls[0].refresh_from_db()
    assert calls[0].reviewed_by == reviewer.user


# --- who answered
def test_a_correction_stays_when_the_provider_tells_again_and_can_be_undone(
    client: Client, call: Call
) -> None:
    Call.objects.filter(pk=call.pk).update(answered_by="machine", provider_call_id="c1")
    url = reverse("call_answered_by", args=[call.pk])
    page = client.post(url, {"answered_by": "human"}, follow=True)
    assert "Corrected by a person. Simulator says: machine." in text(page)
    lifecycle.apply(call.pk, CallUpdate(answered_by="machine"), timezone.now())
    call.refresh_from_db()
    assert call.answered_by == "human"
    client.post(url, {"answered_by": "as_heard"})
    call.refresh_from_db()
    assert (call.answered_by, call.answered_by_heard) == ("machine", "")


def test_correcting_to_what_the_provider_says_is_no_correction(
    client: Client, call: Call
) -> None:
    Call.objects.filter(pk=call.pk).update(answered_by="human")
    url = reverse("call_answered_by", args=[call.pk])
    for said in ("machine", "human"):
        client.post(url, {"answered_by": said})
    call.refresh_from_db()
    assert (call.answered_by, call.answered_by_heard) == ("human", "")
    assert client.post(url, {"answered_by": "a dog"}).status_code == 400
