"""A call shown to somebody outside: what they see, for how long, and who knows of it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Connection
from calls.models import Call, Share, ShareOpening
from calls.review import sharing
from dashboard.models import AuditEntry, Member, Workspace
from tests.calls.test_call_pages import ended_call, text
from tests.factories import make_connection, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def call(workspace: Workspace, connection: Connection) -> Call:
    """Return a call in which a person, a number, a card and an address are named."""
    contact = make_contact(workspace, name="Jamie Doe", number="+14155550142")
    call = ended_call(
        connection,
        contact=contact,
        to_number=contact.number,
        summary="Jamie Doe renews. Call +1 415 555 0142 back.",
        analysis={"mail": "jamie@example.com", "due": "2026-11-26"},
        variables={"first_name": "Jamie", "plan_name": "Plus"},
    )
    said = "I am Doe, 4242 4242 4242 4242, jamie@example.com, 415-555-0142, on Plus."
    call.turns.create(index=2, role="callee", text=said, start_ms=2_000)
    return call


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of a reviewer."""
    return client_of(reviewer)


def shared(call: Call, by: Member, **wishes: bool) -> str:
    """Share a call for a day; return the address."""
    _, token = sharing.share(call, by.user, 1, timezone.now(), **wishes)
    return reverse("shared_call", args=[token])


def test_a_link_is_shown_once_and_opens_without_a_login(
    client: Client, call: Call
) -> None:
    page = client.post(reverse("call_share", args=[call.pk]), {"days": "7"})
    found = re.search(r"/calls/shared/([\w-]{20,})/", page.content.decode())
    assert found
    assert (
        found[1]
        not in client.get(reverse("call_share", args=[call.pk])).content.decode()
    )
    row = call.shares.get()
    assert found[1] not in row.token_digest
    entry = AuditEntry.objects.get(action="call shared")
    assert (entry.subject, entry.after["days"]) == (str(call.pk), 7)
    assert row.expires_at - row.created_at == timedelta(days=7)
    answer = Client().get(found[0])
    assert answer.status_code == 200
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_what_names_a_person_is_masked(call: Call, admin: Member) -> None:
    page = Client().get(shared(call, admin))
    html, words = page.content.decode(), text(page)
    for secret in ("Jamie", "Doe", "4155550142", "555 0142", "555-0142", "4242 4242"):
        assert secret not in html, secret
    assert "jamie@" not in html
    for kept in ("J. D.", "••• 42", "on Plus", "2026-11-26", "Hi."):
        assert kept in words, kept
    assert str(call.pk) not in html


@pytest.mark.parametrize(
    "said",
    [
        "four one five, five five five, oh one four two",
        "4 1 5, 5 5 5, 0 1 4 2",
        "double four one five five five oh one four two",
    ],
)
def test_a_number_that_is_spelled_out_is_masked(
    call: Call, admin: Member, said: str
) -> None:
    call.turns.create(index=3, role="callee", text=f"It is {said}, at two one five.")
    words = text(Client().get(shared(call, admin)))
    assert "It is ••• 42, at two one five." in words


def test_an_extension_is_masked_in_why_it_ended_too(
    connection: Connection, admin: Member
) -> None:
    call = ended_call(connection, to_number="334", ignore_e164_validation=True)
    Call.objects.filter(pk=call.pk).update(summary="All well.")
    words = text(Client().get(shared(call, admin)))
    assert "••• 34 hung up." in words and "334" not in words


def test_an_admin_may_share_it_as_it_is_and_a_reviewer_may_not(
    client: Client, client_of: Callable[[Member], Client], admin: Member, call: Call
) -> None:
    url, form = reverse("call_share", args=[call.pk]), {"days": "1", "is_open": "on"}
    client.post(url, form)
    client_of(admin).post(url, form)
    assert list(call.shares.values_list("is_redacted", flat=True)) == [False, True]
    assert "Jamie Doe" in text(Client().get(shared(call, admin, is_redacted=False)))


def test_the_recording_is_there_only_where_the_link_says_so(
    call: Call, admin: Member
) -> None:
    for has_recording, status in ((True, 206), (False, 404)):
        address = shared(call, admin, has_recording=has_recording)
        sound = f"{address}recording/"
        assert (sound in Client().get(address).content.decode()) is has_recording
        answer = Client().get(sound, headers={"Range": "bytes=0-9"})
        assert answer.status_code == status
        peaks = Client().get(f"{address}peaks.json")
        assert (peaks.status_code == 200) is has_recording


def test_wrong_expired_and_closed_links_are_not_found_in_the_same_words(
    client: Client, call: Call, admin: Member, reviewer: Member
) -> None:
    expired, closed = shared(call, admin), shared(call, reviewer)
    rows = list(call.shares.order_by("created_at"))
    Share.objects.filter(pk=rows[0].pk).update(expires_at=timezone.now())
    client.post(reverse("share_revoke", args=[call.pk, rows[1].pk]))
    wrong = reverse("shared_call", args=["x" * 43])
    answers = [Client().get(address) for address in (expired, closed, wrong)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({text(answer) for answer in answers}) == 1
    assert "This link opens nothing" in text(answers[0])
    assert not ShareOpening.objects.exists()


def test_only_its_maker_or_an_admin_closes_a_link(
    client: Client, client_of: Callable[[Member], Client], call: Call, admin: Member
) -> None:
    shared(call, admin)
    url = reverse("share_revoke", args=[call.pk, call.shares.get().pk])
    assert client.post(url).status_code == 403
    assert client_of(admin).post(url).status_code == 302
    assert call.shares.get().revoked_at


def test_who_opened_it_is_kept_by_their_network_only(
    client: Client, call: Call, admin: Member
) -> None:
    address = shared(call, admin)
    for _ in range(2):
        Client(REMOTE_ADDR="203.0.113.77").get(address)
    assert ShareOpening.objects.get().address == "203.0.113.0/24"
    words = text(client.get(reverse("call_share", args=[call.pk])))
    assert "read from 203.0.113.0/24" in words
    notes = [change.note for change in call.changes.all()]
    assert notes[-1] == "The shared link was opened."
    assert "203.0.113.77" not in " ".join(notes)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unknown", ""),
    ],
)
def test_an_address_is_kept_by_its_beginning(address: str, prefix: str) -> None:
    assert sharing.prefix(address) == prefix
