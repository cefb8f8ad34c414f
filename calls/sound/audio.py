"""The sound of a call: whether it is fetched, and what plays it.

Calls that the simulator played have recordings that we make ourselves, at an address of
ours; those of other providers are fetched (`calls/sound/recordings.py`) and kept.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import IO

from django.conf import settings
from django.core.files import File

from agents.providers.base import TurnFacts
from agents.providers.simulator.speech import EDITION, record
from calls import batches
from calls.models import Call, Recording, RecordingState
from calls.models.recording import store

OUR_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Sound:
    """What a player is given; `open` gives it from its beginning."""

    open: Callable[[], IO[bytes]]
    size: int
    content_type: str
    filename: str
    # What the storage calls it.
    stored: str


# --- What is to be fetched -----------------------------------------------------------
def owe(calls: Iterable[Call], now: datetime) -> None:
    """Have the recordings of calls that are over fetched, each once.

    Called in the transaction that changed the calls, under their locks.
    """
    wanted = [call for call in calls if is_elsewhere(call)]
    rows = [Recording(call=call, due_at=now, created_at=now) for call in wanted]
    batches.insert_new(rows)


def is_elsewhere(call: Call) -> bool:
    """Whether the call is over and its recording is at the provider."""
    return bool(call.recording_url) and not call.is_open and not is_ours(call)


# --- What can be played --------------------------------------------------------------
def is_ours(call: Call) -> bool:
    """Whether we make the recording ourselves, from what was said."""
    return call.recording_url.startswith(f"{settings.BASE_URL}/recordings/")


def kept(call: Call) -> Recording | None:
    """Return the recording that was fetched, or is to be; None: there is none."""
    recording: Recording | None = getattr(call, "recording", None)
    return recording


def is_playable(call: Call) -> bool:
    """Whether a page may play it from our own address."""
    recording = kept(call)
    if recording:
        return recording.state == RecordingState.KEPT
    return is_ours(call)


def sound(call: Call) -> Sound | None:
    """Return what a player is to play; None: there is nothing here."""
    recording = kept(call)
    if not is_playable(call):
        return None
    if recording is None:
        return made(call)
    stored = recording.file.name or ""
    if not store().exists(stored):
        return None
    name = f"call-{call.pk}{PurePath(stored).suffix}"
    size, opened = store().size(stored), partial(store().open, stored, "rb")
    return Sound(opened, size, recording.content_type, name, stored)


def made(call: Call) -> Sound | None:
    """Return the recording that we make, once for the same words; None: erased by now.

    Players ask for it in pieces.
    """
    turns = _turns(call)
    name = made_name(call, turns)
    if not store().exists(name):
        with TemporaryFile() as file:
            record(turns, file)
            file.seek(0)
            if not keep(call, name, File(file)):
                return None
    opened = partial(store().open, name, "rb")
    return Sound(opened, store().size(name), "audio/wav", f"call-{call.pk}.wav", name)


def keep(call: Call, name: str, file: "File[bytes]") -> bool:
    """Keep a file about a call's sound; False: the sound was erased meanwhile."""
    written = store().save(name, file)
    if written != name:
        # Somebody made the same at the same time.
        store().delete(written)
    is_there = Call.objects.filter(pk=call.pk).exclude(recording_url="").exists()
    if not is_there:
        store().delete(name)
    return is_there


def _turns(call: Call) -> list[TurnFacts]:
    rows = call.turns.values_list("role", "text", "start_ms", "end_ms")
    return [TurnFacts(*row) for row in rows]


def made_name(call: Call, turns: Iterable[TurnFacts]) -> str:
    """Return the name of the file that is made of what was said in a call."""
    said = [(turn.role, turn.text, turn.start_ms, turn.end_ms) for turn in turns]
    digest = sha256(json.dumps([EDITION, said]).encode()).hexdigest()
    return f"made/{call.pk}/{digest[:32]}.wav"


def delete(call: Call) -> None:
    """Delete the files of a call's recording; raises what the storage raises."""
    recording = kept(call)
    delete_files(call.pk, recording.file.name or "" if recording else "")


def delete_files(call_id: uuid.UUID, name: str) -> None:
    """Delete what was fetched, by its name, and all that was ever made for the call."""
    if name:
        store().delete(name)
        store().delete(peaks_name(name))
    folder = f"made/{call_id}"
    try:
        _, made = store().listdir(folder)
    except FileNotFoundError:
        return
    for one in made:
        store().delete(f"{folder}/{one}")
    # Not empty where one was made just now: who made it takes it away again.
    with suppress(OSError):
        store().delete(folder)


def peaks_name(name: str) -> str:
    """Return the name of the file with the peaks of a recording."""
    return f"{name}.peaks.json"


def find(provider_call_id: str) -> Call | None:
    """Find the recorded call whose id a simulated provider's id ends with.

    Whoever knows the id may listen, in any workspace: providers give recordings out
    by an address that cannot be guessed.
    """
    found = OUR_ID.search(provider_call_id)
    if found is None:
        return None
    rows = Call.objects.select_related("recording")
    call = rows.filter(pk=uuid.UUID(found[0])).first()
    return call if call and is_ours(call) and is_playable(call) else None
