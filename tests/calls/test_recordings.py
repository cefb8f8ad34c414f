"""Recordings: fetched once soon after the end, kept, and played to members only."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import httpx
import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse

from agents.models import Connection
from agents.providers import http
from agents.providers.base import CallUpdate
from calls import lifecycle, merging, story, tasks
from calls.models import Call, CallStatus, Recording, RecordingState
from calls.sound import audio, recordings
from dashboard.models import Member
from tests.agents.providers.conftest import Wire
from tests.calls.acme import Acme
from tests.factories import make_call, make_connection, make_member, make_workspace

pytestmark = pytest.mark.django_db
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://cdn.acme.example/r/1.mp3"
MP3 = b"ID3" + bytes(range(256)) * 1000


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep recordings in a folder of the test."""
    store = FileSystemStorage(tmp_path, file_permissions_mode=0o600)
    known: dict[str, Any] = storages._storages  # type: ignore[attr-defined]
    monkeypatch.setitem(known, "recordings", store)
    monkeypatch.setattr(Recording._meta.get_field("file"), "storage", store)
    return tmp_path


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Put a Wire in the place of the network."""
    wire = Wire()
    http.network.use(httpx.MockTransport(wire))
    yield wire
    http.network.use(None)


@pytest.fixture
def connection(make_acme: MakeAcme) -> Connection:
    """Return a connection to a provider that keeps recordings elsewhere."""
    return make_acme()[0]


def ended(connection: Connection, url: str = URL, **fields: Any) -> Call:
    """Make a call that has just ended and was recorded."""
    usual = {"status": CallStatus.IN_PROGRESS, "provider_call_id": "p1"}
    call = make_call(connection, **(usual | fields))
    update = CallUpdate(status="ended", ended_at=NOW, recording_url=url)
    lifecycle.apply(call.pk, update, NOW)
    call.refresh_from_db()
    return call


def sound(body: bytes = MP3) -> httpx.Response:
    """Return an answer with a recording."""
    return httpx.Response(200, content=body, headers={"Content-Type": "audio/mpeg"})


def state_of(call: Call) -> Recording:
    """Return the row of the call's recording."""
    return Recording.objects.get(call=call)


# --- fetching
def test_a_recording_is_fetched_once_the_call_is_over(
    connection: Connection, wire: Wire, folder: Path
) -> None:
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection)
    assert recordings.due(NOW) == [call.pk]
    assert recordings.fetch(call.pk, NOW) == RecordingState.KEPT
    kept = state_of(call)
    assert (kept.bytes, kept.content_type, kept.error) == (len(MP3), "audio/mpeg", "")
    assert (kept.source_url, kept.fetched_at, kept.due_at) == (URL, NOW, None)
    path = folder / str(kept.file.name)
    assert path.read_bytes() == MP3
    assert path.stat().st_mode & 0o777 == 0o600
    assert recordings.due(at(86_400)) == []
    assert recordings.fetch(call.pk, at(1)) is None


def test_nothing_is_owed_while_the_call_goes_on(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.IN_PROGRESS)
    lifecycle.apply(call.pk, CallUpdate(recording_url=URL), NOW)
    assert not Recording.objects.exists()
    lifecycle.apply(call.pk, CallUpdate(status="ended"), NOW)
    assert Recording.objects.get().call == call


def test_a_recording_that_comes_long_after_the_end_is_fetched(
    connection: Connection,
) -> None:
    call = make_call(connection, status=CallStatus.ENDED, ended_at=NOW)
    lifecycle.apply(call.pk, CallUpdate(recording_url=URL), at(600))
    assert state_of(call).due_at == at(600)


def test_being_told_twice_owes_one(connection: Connection, wire: Wire) -> None:
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection)
    recordings.fetch(call.pk, NOW)
    again = CallUpdate(status="ended", recording_url=f"{URL}?signed=anew")
    lifecycle.apply(call.pk, again, at(60))
    assert state_of(call).state == RecordingState.KEPT
    assert recordings.due(at(3600)) == []


def test_a_recording_we_make_ourselves_is_not_fetched(connection: Connection) -> None:
    call = ended(connection, url="http://127.0.0.1:8000/recordings/sim_x.wav")
    assert not Recording.objects.filter(call=call).exists()
    assert audio.is_playable(call)


def test_the_adapter_says_with_which_key_and_where(
    make_acme: MakeAcme, wire: Wire
) -> None:
    def recording(self: Acme, url: str) -> tuple[str, dict[str, str]]:
        return f"https://api.acme.example{url}", {"X-Key": "secret"}

    connection, _ = make_acme(recording=recording)
    wire.on("GET /r/1.mp3", sound())
    recordings.fetch(ended(connection, url="/r/1.mp3").pk, NOW)
    assert str(wire.asked[0].url) == "https://api.acme.example/r/1.mp3"
    assert wire.asked[0].headers["X-Key"] == "secret"


# --- when it does not work
def test_it_is_tried_again_with_a_fresh_link(make_acme: MakeAcme, wire: Wire) -> None:
    connection, acme = make_acme()
    wire.on("GET /r/1.mp3", httpx.Response(403))
    wire.on("GET /r/fresh.mp3", sound())
    call = ended(connection)
    assert recordings.fetch(call.pk, NOW) == RecordingState.PENDING
    waiting = state_of(call)
    assert waiting.due_at == NOW + recordings.BACKOFF[0]
    assert "(403)" in waiting.error
    fresh = "https://cdn.acme.example/r/fresh.mp3"
    acme.knows(CallUpdate(provider_call_id="p1", recording_url=fresh))
    assert recordings.fetch(call.pk, waiting.due_at) == RecordingState.KEPT
    assert state_of(call).source_url == fresh


def test_after_some_tries_it_is_given_up_in_words(
    connection: Connection, wire: Wire
) -> None:
    wire.on("GET /r/1.mp3", httpx.Response(404))
    call, tries = ended(connection), 0
    while (now := state_of(call).due_at) is not None:
        recordings.fetch(call.pk, now)
        tries += 1
    given_up = state_of(call)
    assert tries == len(recordings.BACKOFF) + 1
    assert (given_up.state, given_up.tries) == (RecordingState.FAILED, tries)
    assert "(404)" in given_up.error


def test_a_refusal_for_good_is_given_up_at_once(
    connection: Connection, wire: Wire, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    call = ended(connection, url="http://10.0.0.7/r.mp3")
    assert recordings.fetch(call.pk, NOW) == RecordingState.FAILED
    assert "https" in state_of(call).error
    assert wire.asked == []


def test_a_page_instead_of_a_sound_is_not_kept(
    connection: Connection, wire: Wire, folder: Path
) -> None:
    page = httpx.Response(200, html="<p>Log in</p>")
    wire.on("GET /r/1.mp3", page)
    call = ended(connection)
    assert recordings.fetch(call.pk, NOW) == RecordingState.PENDING
    assert not list(folder.rglob("*.*"))


def test_two_workers_fetch_it_once(connection: Connection, wire: Wire) -> None:
    call = ended(connection)
    asked: list[Any] = []

    def slow(request: httpx.Request) -> httpx.Response:
        asked.append(recordings.fetch(call.pk, at(1)))
        return sound()

    wire.on("GET /r/1.mp3", slow)
    assert recordings.fetch(call.pk, NOW) == RecordingState.KEPT
    assert asked == [None]


def test_a_killed_workers_recording_is_taken_over(
    connection: Connection, wire: Wire
) -> None:
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection)
    Recording.objects.update(tries=1, due_at=NOW + recordings.LEASE)
    assert recordings.fetch(call.pk, at(10)) is None
    assert recordings.fetch(call.pk, NOW + recordings.LEASE) == RecordingState.KEPT


def test_a_file_for_a_call_that_is_no_more_is_not_left(
    connection: Connection, wire: Wire, folder: Path
) -> None:
    call = ended(connection)

    def gone(request: httpx.Request) -> httpx.Response:
        Recording.objects.all().delete()
        return sound()

    wire.on("GET /r/1.mp3", gone)
    assert recordings.fetch(call.pk, NOW) is None
    assert not list(folder.rglob("*.mp3"))


# --- when two rows turn out to be one call
@pytest.mark.parametrize("ours_is_kept", [True, False])
def test_the_better_recording_stays(
    connection: Connection, wire: Wire, folder: Path, ours_is_kept: bool
) -> None:
    wire.on("GET /r/1.mp3", sound())
    stranger = ended(connection, source="found", provider_call_id="p1")
    recordings.fetch(stranger.pk, NOW)
    ours = ended(connection, provider_call_id="p2")
    if ours_is_kept:
        recordings.fetch(ours.pk, NOW)
    name = state_of(ours if ours_is_kept else stranger).file.name
    merging.take_over(ours, stranger)
    only = Recording.objects.get()
    assert (only.call, only.state) == (ours, RecordingState.KEPT)
    assert only.file.name == name


# --- playing
@pytest.fixture
def kept(connection: Connection, wire: Wire) -> Call:
    """Return a call whose recording is kept here."""
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection)
    recordings.fetch(call.pk, NOW)
    return call


def played(client: Client, call: Call, **headers: str) -> Any:
    """Ask for the recording of a call."""
    return client.get(reverse("recording", args=[call.pk]), headers=headers)


def test_a_member_hears_it_from_our_own_address(
    kept: Call, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    answer = played(client_of(admin), kept)
    assert answer.getvalue() == MP3
    assert answer["Content-Type"] == "audio/mpeg"
    assert answer["Content-Length"] == str(len(MP3))
    assert answer["Content-Disposition"] == f'inline; filename="call-{kept.pk}.mp3"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(MP3) - 1),
        ("bytes=-44", len(MP3) - 44, len(MP3) - 1),
        (f"bytes=10-{len(MP3) * 2}", 10, len(MP3) - 1),
    ],
)
def test_a_player_may_jump(
    kept: Call,
    admin: Member,
    client_of: Callable[[Member], Client],
    asked: str,
    first: int,
    last: int,
) -> None:
    answer = played(client_of(admin), kept, range=asked)
    assert answer.status_code == 206
    assert answer.getvalue() == MP3[first : last + 1]
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(MP3)}"


@pytest.mark.parametrize("asked", [f"bytes={len(MP3)}-", "bytes=9-3", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(
    kept: Call, admin: Member, client_of: Callable[[Member], Client], asked: str
) -> None:
    answer = played(client_of(admin), kept, range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(MP3)}"


@pytest.mark.parametrize(
    "asked", ["bytes=-", "bytes=a-b", "bytes=" + "9" * 5000 + "-", "bytes=0-1,5-6"]
)
def test_what_is_no_range_gives_the_whole(
    kept: Call, admin: Member, client_of: Callable[[Member], Client], asked: str
) -> None:
    assert played(client_of(admin), kept, range=asked).status_code == 200


def test_the_whole_is_never_in_memory(
    kept: Call, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    pieces = list(played(client_of(admin), kept).streaming_content)
    assert max(map(len, pieces)) <= 2**16
    assert b"".join(pieces) == MP3


def test_others_hear_nothing(kept: Call, client_of: Callable[[Member], Client]) -> None:
    stranger = make_member(make_workspace())
    assert played(client_of(stranger), kept).status_code == 404
    assert played(Client(), kept).status_code == 302


def test_a_file_that_was_lost_is_not_found(
    kept: Call, folder: Path, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    for path in folder.rglob("*.mp3"):
        path.unlink()
    assert played(client_of(admin), kept).status_code == 404


# --- the page
def page(client: Client, call: Call) -> str:
    """Return the page of a call."""
    return client.get(call.get_absolute_url()).content.decode()


def test_the_page_plays_what_is_kept(
    kept: Call, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    html = page(client_of(admin), kept)
    assert f'src="{reverse("recording", args=[kept.pk])}"' in html
    assert URL not in html


def test_the_page_says_that_it_is_being_fetched(
    connection: Connection, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    html = page(client_of(admin), ended(connection))
    assert "The recording is being fetched from Acme Voice." in html
    assert "<audio" not in html


def test_the_page_waits_for_the_recording_and_changes_when_it_is_there(
    connection: Connection, wire: Wire
) -> None:
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection, summary="Renewed.")
    before = story.version(call)
    assert not story.is_settled(call, at(5))
    assert story.is_settled(call, NOW + story.RECORDING_WAIT)
    recordings.fetch(call.pk, NOW)
    call = Call.objects.get(pk=call.pk)
    assert story.version(call) != before


@pytest.fixture
def failed(connection: Connection, wire: Wire) -> Call:
    """Return a call whose recording was given up."""
    call = ended(connection)
    Recording.objects.update(
        state=RecordingState.FAILED, due_at=None, tries=6, error="It answered (410)."
    )
    return call


def test_an_admin_may_have_it_fetched_again(
    failed: Call,
    wire: Wire,
    admin: Member,
    client_of: Callable[[Member], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire.on("GET /r/1.mp3", sound())
    client, url = client_of(admin), reverse("recording_retry", args=[failed.pk])
    html = page(client, failed)
    assert "It answered (410)." in html
    assert url in html
    assert client.post(url).status_code == 302
    now = datetime.now(tz=UTC) + timedelta(seconds=1)
    assert recordings.fetch(failed.pk, now) == RecordingState.KEPT


def test_others_see_why_but_may_not(
    failed: Call, manager: Member, client_of: Callable[[Member], Client]
) -> None:
    client, url = client_of(manager), reverse("recording_retry", args=[failed.pk])
    html = page(client, failed)
    assert "It answered (410)." in html
    assert url not in html
    assert client.post(url).status_code == 403


def test_what_is_kept_is_not_fetched_again(kept: Call) -> None:
    assert not recordings.retry(kept, NOW)


def test_an_address_that_is_no_web_page_is_no_link(
    connection: Connection, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    call = ended(connection, url="javascript:alert(1)")
    assert "javascript:" not in page(client_of(admin), call)


# --- the tasks
def test_the_sweep_finds_what_was_not_fetched(
    connection: Connection, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.on("GET /r/1.mp3", sound())
    call = ended(connection)
    monkeypatch.setattr(tasks.fetch_recording, "delay", tasks.fetch_recording)
    for task in (tasks.apply_events, tasks.deliver, tasks.ask_call):
        monkeypatch.setattr(task, "delay", lambda *_: None)
    tasks.sweep()
    assert state_of(call).state == RecordingState.KEPT


def test_downloads_leave_hands_free_for_dialling(
    connection: Connection, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.on("GET /r/1.mp3", sound())
    monkeypatch.setattr(tasks, "HANDS", BoundedSemaphore(1))
    first, second = ended(connection), ended(connection, provider_call_id="p2")
    Recording.objects.update(due_at=NOW)
    with tasks.spare_hand() as is_free:
        assert is_free
        tasks.fetch_recording(str(first.pk))
    assert wire.asked == []
    tasks.fetch_recording(str(second.pk))
    assert state_of(second).state == RecordingState.KEPT


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_call_leads_to_its_recording(
    make_acme: MakeAcme, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = make_acme()
    wire.on("GET /r/1.mp3", sound())
    call = make_call(connection, status=CallStatus.IN_PROGRESS, provider_call_id="p1")
    monkeypatch.setattr(tasks.fetch_recording, "delay", tasks.fetch_recording)
    monkeypatch.setattr(tasks.ask_call, "apply_async", lambda *_, **__: None)
    update = CallUpdate(status="ended", recording_url=URL)
    tasks.follow([lifecycle.apply(call.pk, update, datetime.now(tz=UTC))])
    assert state_of(call).state == RecordingState.KEPT


def test_simulated_calls_play_as_before(
    admin: Member, client_of: Callable[[Member], Client]
) -> None:
    call = make_call(make_connection(admin.workspace), status=CallStatus.ENDED)
    call.turns.create(index=0, role="agent", text="Hello", start_ms=0, end_ms=900)
    call.recording_url = f"http://127.0.0.1:8000/recordings/sim_{call.pk}.wav"
    call.save()
    answer = played(client_of(admin), call, range="bytes=0-3")
    assert (answer.getvalue(), answer["Content-Type"]) == (b"RIFF", "audio/wav")
