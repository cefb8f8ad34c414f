"""Peaks: two lanes for two people, worked out once, none for what cannot be read."""

import io
import math
import wave
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse

from agents.models import Connection
from calls.models import Call, CallStatus, Recording, RecordingState
from calls.privacy import erasing
from calls.sound import audio, peaks
from dashboard.models import Member
from tests.factories import make_call, make_connection, make_member, make_workspace

pytestmark = pytest.mark.django_db
RATE = 8_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep recordings in a folder of the test."""
    store = FileSystemStorage(tmp_path)
    known: dict[str, Any] = storages._storages  # type: ignore[attr-defined]
    monkeypatch.setitem(known, "recordings", store)
    monkeypatch.setattr(Recording._meta.get_field("file"), "storage", store)
    return tmp_path


def tone(seconds: float) -> list[int]:
    """Return a loud tone."""
    count = round(seconds * RATE)
    return [round(30_000 * math.sin(i / 3)) for i in range(count)]


def silence(seconds: float) -> list[int]:
    """Return as much silence."""
    return [0] * round(seconds * RATE)


def wav(*lanes: list[int], width: int = 2) -> bytes:
    """Return a WAV of some channels."""
    frames = array(
        "h", [sample for frame in zip(*lanes, strict=True) for sample in frame]
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(len(lanes))
        sound.setsampwidth(width)
        sound.setframerate(RATE)
        data = frames.tobytes()
        if width == 1:
            data = bytes(128 + sample // 256 for sample in frames)
        sound.writeframes(data)
    return file.getvalue()


LEFT, RIGHT = [*tone(1), *silence(1)], [*silence(1), *tone(1)]


def worked_out(body: bytes, times: list[tuple[int, int]] | None = None) -> Any:
    """Return the peaks of a sound."""
    return peaks.worked_out(io.BytesIO(body), times or [])


def test_two_people_have_a_lane_each() -> None:
    found = worked_out(wav(LEFT, RIGHT))
    assert found["duration_ms"] == 2_000
    assert min(found["agent"][:20]) > 200 and max(found["agent"][20:]) == 0
    assert max(found["callee"][:20]) == 0 and min(found["callee"][20:]) > 200


def test_the_lane_that_is_loud_while_the_agent_speaks_is_the_agents() -> None:
    found = worked_out(wav(LEFT, RIGHT), [(1_000, 2_000)])
    assert max(found["agent"][:20]) == 0 and min(found["agent"][20:]) > 200


@pytest.mark.parametrize("lanes", [[LEFT], [LEFT, LEFT]])
def test_one_sound_has_one_lane(lanes: list[list[int]]) -> None:
    found = worked_out(wav(*lanes))
    assert "agent" not in found and len(found["lanes"]) == 1


def test_a_wav_that_the_standard_library_does_not_read_is_decoded() -> None:
    found = worked_out(wav(LEFT, RIGHT, width=1))
    assert min(found["agent"][:19]) > 200 and max(found["callee"][:19]) < 10


@pytest.mark.parametrize("body", [b"", b"ID3 nothing", b"RIFF....WAVE", b"\x00" * 999])
def test_what_cannot_be_read_has_none(body: bytes) -> None:
    assert worked_out(body) == {}


def test_a_long_call_has_no_more_peaks_than_a_screen_shows() -> None:
    found = worked_out(wav([1, 0] * RATE * 150))
    assert len(found["lanes"][0]) <= peaks.MOST
    assert found["duration_ms"] == 300_000


# --- Of a call -----------------------------------------------------------------------
@pytest.fixture
def call(admin: Member) -> Call:
    """Return a call whose recording is kept."""
    connection = make_connection(admin.workspace)
    call = make_call(connection, status=CallStatus.ENDED, recording_url="https://x/1")
    row = Recording(call=call, state=RecordingState.KEPT, content_type="audio/wav")
    row.file.save("one.wav", ContentFile(wav(LEFT, RIGHT)))
    return call


def test_they_are_worked_out_once(
    call: Call, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    address = reverse("recording_peaks", args=[call.pk])
    first = client_of(admin).get(address).json()
    call.recording.file.storage.delete("one.wav")
    call.recording.file.storage.save("one.wav", ContentFile(b"something else"))
    assert client_of(admin).get(address).json() == first


def test_strangers_do_not_get_them(
    call: Call, client_of: Callable[[Member], Client]
) -> None:
    stranger = make_member(make_workspace())
    address = reverse("recording_peaks", args=[call.pk])
    assert client_of(stranger).get(address).status_code == 404


def test_they_go_with_the_recording(call: Call, admin: Member, folder: Path) -> None:
    peaks.prepare(call.pk)
    assert list(folder.rglob("*.json"))
    erasing.erase(call, {"recording"}, admin.user)
    assert not [path for path in folder.rglob("*") if path.is_file()]


# --- Of calls that the simulator played ----------------------------------------------
@pytest.fixture
def played(workspace_connection: Connection) -> Call:
    """Return a call of the simulator, with something said."""
    url = settings.BASE_URL + "/recordings/sim_1.wav"
    call = make_call(workspace_connection, status=CallStatus.ENDED, recording_url=url)
    call.turns.create(index=0, role="agent", text="Hello.", start_ms=0, end_ms=900)
    return call


@pytest.fixture
def workspace_connection(admin: Member) -> Connection:
    """Return a connection of the admin's workspace."""
    return make_connection(admin.workspace)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_played_call_is_spoken_once(played: Call, folder: Path) -> None:
    first = audio.made(played)
    [path] = folder.rglob("*.wav")
    path.write_bytes(b"as it was")
    again = audio.made(played)
    assert first and again and again.stored == first.stored
    with again.open() as file:
        assert file.read() == b"as it was"


def test_what_was_made_of_earlier_words_goes_too(
    played: Call, folder: Path, admin: Member
) -> None:
    peaks.prepare(played.pk)
    played.turns.update(text="Hello there.")
    peaks.prepare(played.pk)
    assert len(files(folder)) == 4
    erasing.erase(played, {"recording"}, admin.user)
    assert not files(folder)


def test_who_listens_while_it_is_erased_leaves_no_file(
    played: Call, folder: Path, admin: Member
) -> None:
    read = Call.objects.select_related("recording").get()
    erasing.erase(played, {"recording"}, admin.user)
    assert audio.is_playable(read)
    assert audio.sound(read) is None
    assert peaks.peaks_of(read) is None
    assert not files(folder)


def test_the_sound_of_what_was_said_goes_with_the_transcript(
    played: Call, folder: Path, admin: Member
) -> None:
    audio.made(played)
    peaks.prepare(played.pk)
    erasing.erase(played, {"transcript"}, admin.user)
    assert not files(folder)
    played = Call.objects.select_related("recording").get()
    assert not audio.is_playable(played)
