"""The sound of a call: whether it is fetched, and what plays it.

Calls that the simulator played have recordings that we make ourselves, at an address of
ours; those of other providers are fetched (`calls/recordings.py`) and kept.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from io import BytesIO
from pathlib import PurePath
from typing import IO

from django.conf import settings

from agents.providers.base import TurnFacts
from agents.providers.simulator.speech import tones
from calls import batches
from calls.models import Call, Recording, RecordingState

OUR_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Sound:
    """What a player is given; `open` gives it from its beginning."""

    open: Callable[[], IO[bytes]]
    size: int
    content_type: str
    filename: str


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
    file, stored = recording.file, recording.file.name or ""
    if not file.storage.exists(stored):
        return None
    name = f"call-{call.pk}{PurePath(stored).suffix}"
    return Sound(partial(file.open, "rb"), file.size, recording.content_type, name)


def made(call: Call) -> Sound:
    """Return the recording that we make; the last few stay in memory.

    Players ask for it in pieces.
    """
    turns = call.turns.values_list("role", "text", "start_ms", "end_ms")
    wav = _wav(tuple(turns))
    name = f"call-{call.pk}.wav"
    return Sound(partial(BytesIO, wav), len(wav), "audio/wav", name)


@lru_cache(maxsize=4)
def _wav(turns: tuple[tuple[str, str, int | None, int | None], ...]) -> bytes:
    return tones([TurnFacts(*turn) for turn in turns])


def find(provider_call_id: str) -> Call | None:
    """Find the recorded call whose id a simulated provider's id ends with.

    Whoever knows the id may listen, in any workspace: providers give recordings out
    by an address that cannot be guessed.
    """
    found = OUR_ID.search(provider_call_id)
    if found is None:
        return None
    call = Call.objects.filter(pk=uuid.UUID(found[0])).first()
    return call if call and is_ours(call) else None
