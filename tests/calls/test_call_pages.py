"""The list of calls, one call while it goes on and after, and its recording."""

import io
import re
import uuid
import wave
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.http import Http404
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.models import Connection
from agents.providers.base import ProviderUnclear
from calls import story
from calls.models import Call
from calls.views.recordings import recording_by_provider_id
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ASKED = {"HX-Request": "true"}


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def client(client_of: Callable[[Member], Client], manager: Member) -> Client:
    """Return the browser of a sales manager."""
    return client_of(manager)


def text(response: Any) -> str:
    """Return the words of a page, without tags and with single spaces."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", bare)


def ended_call(connection: Connection, **fields: object) -> Call:
    """Make a call that is over, with something said."""
    base = "http://127.0.0.1:8000/recordings/sim_"
    call = make_call(
        connection,
        status="ended",
        answered_at=NOW,
        ended_at=NOW + timedelta(seconds=30),
        duration_ms=30_000,
        end_reason="user_hangup",
        end_reason_raw="user_hungup_word",
        **fields,
    )
    call.recording_url = f"{base}{call.pk}.wav"
    call.save()
    call.turns.create(
        index=0, role="agent", text="Hello Jamie!", start_ms=0, end_ms=900
    )
    call.turns.create(index=1, role="callee", text="Hi.", start_ms=1_000, end_ms=1_400)
    call.tool_calls.create(
        index=0, name="look_up", arguments='{"a": 1}', result="found", after_turn=0
    )
    return call


# --- the list
def test_an_empty_list_says_how_to_make_the_first_call(
    client: Client, client_of: Callable[[Member], Client], reviewer: Member
) -> None:
    assert "Make the first call" in text(client.get("/calls/"))
    assert "Make the first call" not in text(client_of(reviewer).get("/calls/"))


def test_nothing_found_offers_to_clear_the_filters(
    client: Client, connection: Connection
) -> None:
    make_call(connection)
    assert "Clear the filters" in text(client.get("/calls/", {"q": "nobody"}))


def test_the_list_shows_whom_and_how_it_went(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    contact = make_contact(workspace, name="Jamie Doe")
    make_call(connection, contact=contact, status="not_connected", end_reason="busy")
    words = text(client.get("/calls/"))
    assert "Jamie Doe" in words
    assert "Busy" in words


def test_the_list_costs_the_same_for_1_and_20_calls(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            client.get("/calls/")
        return len(queries)

    agent, number = make_agent(connection), make_number(connection)
    for index in range(20):
        make_call(
            connection,
            agent=agent,
            phone_number=number,
            contact=make_contact(workspace),
        )
        if index == 0:
            one = count()
    assert count() == one


def test_the_first_page_asks_for_news_and_gets_none_or_the_rows(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, created_at=NOW)
    html = client.get("/calls/").content.decode()
    version = re.search(r'id="rows"[^>]*data-v="([^"]+)', html)
    assert version
    asked = {**ASKED, "HX-Target": "rows"}
    same = client.get("/calls/", {"v": version[1]}, headers=asked)
    Call.objects.filter(pk=call.pk).update(changed_at=timezone.now())
    news = client.get("/calls/", {"v": version[1]}, headers=asked)
    assert (same.status_code, news.status_code) == (204, 200)
    assert news.content.decode().strip().startswith("<section")
    assert "v=" not in "".join(re.findall(r'href="([^"]+)', news.content.decode()))


def test_older_pages_are_linked_and_do_not_poll(
    client: Client, connection: Connection
) -> None:
    for minute in range(51):
        make_call(connection, created_at=NOW - timedelta(minutes=minute))
    first = client.get("/calls/?status=waiting").content.decode()
    older = re.search(r'href="(\?[^"]*after=[^"]+)"', first)
    assert older
    assert "status=waiting" in older[1]
    second = client.get("/calls/" + older[1].replace("&amp;", "&")).content.decode()
    assert second.count('<tr id="call-') == 1
    assert 'id="rows"' in second
    assert not re.search(r'id="rows"[^>]*data-poll', second)
    assert "Newer" in second


# --- one call
def test_another_workspaces_call_is_not_there(client: Client) -> None:
    call = make_call(make_connection(make_workspace()))
    for name in ("call_detail", "recording"):
        assert client.get(reverse(name, args=[call.pk])).status_code == 404
    for name in ("call_hang_up", "call_cancel"):
        assert client.post(reverse(name, args=[call.pk])).status_code == 404


def test_a_live_call_shows_its_steps_and_asks_for_news(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="in_progress", claimed_at=NOW, answered_at=NOW)
    call.turns.create(index=0, role="agent", text="Hello Jamie!")
    page = client.get(call.get_absolute_url())
    html = page.content.decode()
    assert "Hello Jamie!" in html
    assert f'data-since="{NOW.isoformat()}"' in html
    assert 'aria-current="step"' in html
    assert re.search(r'id="live"[^>]*data-poll', html)


def test_nothing_new_is_204_and_news_are_the_live_part(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ringing")
    asked = {**ASKED, "HX-Target": "live"}
    v = {"v": story.version(call)}
    url = call.get_absolute_url()
    assert client.get(url, v, headers=asked).status_code == 204
    Call.objects.filter(pk=call.pk).update(changed_at=timezone.now())
    part = client.get(url, v, headers=asked)
    assert part.content.decode().strip().startswith('<div id="live"')


def test_an_unconfirmed_call_says_so_and_when_it_asks_again(
    client: Client, connection: Connection
) -> None:
    note = "The simulator gave no answer in time."
    call = make_call(
        connection, status="unconfirmed", claimed_at=NOW, note=note, asks=2, ask_at=NOW
    )
    words = text(client.get(call.get_absolute_url()))
    assert note in words
    assert "Asked Simulator 2 times so far. Next: 12:00:00." in words


def test_asking_again_changes_what_is_shown(connection: Connection) -> None:
    call = make_call(connection, status="unconfirmed", ask_at=NOW)
    before = story.version(call)
    call.asks += 1
    assert story.version(call) != before


@pytest.mark.parametrize(
    ("fields", "is_settled"),
    [
        ({"status": "in_progress"}, False),
        ({"status": "ended", "ended_at": NOW}, False),
        ({"status": "ended", "ended_at": NOW, "summary": "Done."}, True),
        ({"status": "ended", "ended_at": NOW - timedelta(seconds=61)}, True),
        ({"status": "not_connected", "ended_at": NOW}, True),
        ({"status": "failed", "ended_at": NOW}, True),
    ],
)
def test_a_page_stops_asking_when_all_is_known(
    connection: Connection, fields: dict[str, object], is_settled: bool
) -> None:
    assert story.is_settled(make_call(connection, **fields), NOW) is is_settled


def test_the_last_answer_leaves_the_polling_out(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    url, v = call.get_absolute_url(), {"v": story.version(call)}
    part = client.get(url, v, headers={**ASKED, "HX-Target": "live"})
    assert part.status_code == 200
    assert "data-poll" not in part.content.decode()


def test_a_call_that_is_over_tells_what_came_of_it(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    call = ended_call(
        connection,
        contact=make_contact(workspace, name="Jamie Doe"),
        agent=make_agent(connection, name="Maya"),
        summary="Jamie renews.",
        successful=True,
        analysis={"next_step": "call back", "renewed": True},
        latency={"e2e": {"p50": 742.4, "p95": 1180}},
        evidence=[{"check": "country", "saw": "US"}],
        fault="callee",
    )
    words = text(client.get(call.get_absolute_url()))
    for told in (
        "Jamie Doe hung up.",
        "user_hungup_word",
        "Jamie renews.",
        "Next step call back",
        "Renewed Yes",
        "742 ms 95 % within 1,180 ms",
        "Country US",
        "Call again",
        str(call.pk),
    ):
        assert told in words


def test_a_call_that_fell_short_says_why_under_its_steps(
    client: Client, connection: Connection
) -> None:
    call = make_call(
        connection,
        status="not_connected",
        end_reason="busy",
        end_reason_raw="dial_busy",
        fault="callee",
    )
    words = text(client.get(call.get_absolute_url()))
    told = ("The line was busy.", "On the side of the person called.", "dial_busy")
    assert all(part in words for part in told)


def test_tools_stand_behind_their_turn(connection: Connection) -> None:
    call = ended_call(connection)
    call.tool_calls.create(index=1, name="before_all", after_turn=-1)
    call.tool_calls.create(index=2, name="past_the_end", after_turn=9)
    told = [line.turn.role if line.turn else line.tool for line in story.lines(call)]
    names = [getattr(line, "name", line) for line in told]
    assert names == ["before_all", "agent", "look_up", "callee", "past_the_end"]


def test_every_end_reason_has_a_sentence(connection: Connection) -> None:
    for reason in story.ENDS:
        call = make_call(connection, status="failed", end_reason=reason)
        assert story.why_ended(call).endswith(".")
        assert "{" not in story.why_ended(call)


def test_latency_is_counted_from_the_turns_where_the_provider_gives_none(
    connection: Connection,
) -> None:
    call = make_call(connection, status="ended")
    for index, latency in enumerate((400, 800, 600)):
        call.turns.create(index=index, role="agent", text="…", latency_ms=latency)
    assert story.latency(call, story.lines(call)) == {"p50": 600, "p95": 780}


# --- ending a call
def test_a_waiting_call_can_be_canceled(client: Client, connection: Connection) -> None:
    call = make_call(connection, status="queued")
    url = reverse("call_cancel", args=[call.pk])
    assert url in client.get(call.get_absolute_url()).content.decode()
    client.post(url)
    call.refresh_from_db()
    assert call.status == "canceled"


def test_it_is_said_when_it_is_too_late_to_cancel(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ringing")
    url = reverse("call_cancel", args=[call.pk])
    assert "Too late to cancel" in text(client.post(url, follow=True))


def test_a_live_call_can_be_hung_up(client: Client, connection: Connection) -> None:
    call = make_call(connection, status="in_progress", provider_call_id="sim_1")
    assert "Hang up" in text(client.get(call.get_absolute_url()))
    page = client.post(reverse("call_hang_up", args=[call.pk]), follow=True)
    call.refresh_from_db()
    assert call.hang_up_requested_at
    assert "Hanging up" in text(page)


def test_a_provider_that_does_not_hang_up_says_so(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ProviderUnclear("It did not answer.")

    monkeypatch.setattr(connection.kind, "hang_up", fail)
    call = make_call(connection, status="in_progress")
    page = client.post(reverse("call_hang_up", args=[call.pk]), follow=True)
    assert "The call was not hung up: It did not answer." in text(page)


def test_the_button_is_left_out_where_the_provider_cannot(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.kind, "can_hang_up", False)
    call = make_call(connection, status="in_progress")
    assert "Hang up" not in text(client.get(call.get_absolute_url()))


def test_a_reviewer_reads_and_ends_nothing(
    client_of: Callable[[Member], Client], reviewer: Member, connection: Connection
) -> None:
    client, call = client_of(reviewer), make_call(connection, status="queued")
    page = client.get(call.get_absolute_url())
    assert page.status_code == 200
    for name in ("call_cancel", "call_hang_up"):
        url = reverse(name, args=[call.pk])
        assert url not in page.content.decode()
        assert client.post(url).status_code == 403
    call.refresh_from_db()
    assert call.status == "queued"


# --- recordings
def sound_of(response: Any) -> bytes:
    """Return the bytes of an answer that may come in pieces."""
    return bytes(response.getvalue())


def test_a_providers_id_is_enough_to_listen(connection: Connection) -> None:
    call, asked = ended_call(connection), RequestFactory().get("/")
    for known in (f"sim_{call.pk}", f"call_{call.pk.hex}"):
        response = recording_by_provider_id(asked, known)
        assert response["Content-Type"] == "audio/wav"


def test_an_unknown_id_or_a_call_without_a_recording_is_not_found(
    connection: Connection,
) -> None:
    silent = make_call(connection, status="not_connected")
    for unknown in ("sim_", f"sim_{uuid.uuid4()}", f"sim_{silent.pk}"):
        with pytest.raises(Http404):
            recording_by_provider_id(RequestFactory().get("/"), unknown)


def test_our_recording_plays_in_the_page_and_a_foreign_one_is_linked(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    assert "<audio" in client.get(call.get_absolute_url()).content.decode()
    call.recording_url = "https://provider.example/a.wav"
    call.save()
    html = client.get(call.get_absolute_url()).content.decode()
    assert "<audio" not in html
    assert 'href="https://provider.example/a.wav"' in html
    assert client.get(reverse("recording", args=[call.pk])).status_code == 404


def test_the_recording_is_as_long_as_what_was_said(
    client: Client, connection: Connection
) -> None:
    response = client.get(reverse("recording", args=[ended_call(connection).pk]))
    assert response["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(sound_of(response))) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [
        ("bytes=0-99", 206, 100),
        ("bytes=-44", 206, 44),
        ("bytes=99999999-", 416, 0),
        ("lines=1-2", 200, None),
        ("bytes=-", 200, None),
    ],
)
def test_players_may_ask_for_a_part(
    client: Client,
    connection: Connection,
    asked: str,
    status: int,
    length: int | None,
) -> None:
    url = reverse("recording", args=[ended_call(connection).pk])
    whole = sound_of(client.get(url))
    response = client.get(url, headers={"Range": asked})
    part = sound_of(response)
    assert response.status_code == status
    assert len(part) == (len(whole) if length is None else length)
    if status == 206:
        first = 0 if asked.startswith("bytes=0") else len(whole) - 44
        last = first + len(part) - 1
        assert response["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
        assert part == whole[first : last + 1]
