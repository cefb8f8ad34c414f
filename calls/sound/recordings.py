"""Fetching recordings from providers, whose links die after minutes, and keeping them.

The row is the queue: `audio.owe` writes it when a call is over, `fetch` takes it by
moving its `due_at`. From the second try on, the provider is asked for a fresh link first.
"""

import logging
import uuid
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO

from django.core.files import File
from django.db.models import F

from agents import budget
from agents.providers.base import ProviderError, ProviderRefused
from agents.providers.download import Downloaded, download
from calls import changes, dispatch, lifecycle
from calls.merging import CallGone
from calls.models import Call, Recording, RecordingState
from calls.models.recording import store
from calls.sound import peaks

logger = logging.getLogger(__name__)

# While one worker fetches, others leave the recording alone for this long.
LEASE = timedelta(minutes=5)
# When to try again; after the last, it is given up.
BACKOFF = tuple(timedelta(seconds=s) for s in (15, 60, 300, 1800, 7200))
# How many recordings one sweep has fetched.
BATCH = 20
ENDINGS = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "video/mp4": "mp4",
    "video/webm": "webm",
}


def due(now: datetime) -> list[uuid.UUID]:
    """Return the calls whose recordings are to be fetched."""
    rows = Recording.objects.filter(due_at__lte=now).order_by("due_at")
    return list(rows.values_list("call", flat=True)[:BATCH])


def retry(call: Call, now: datetime) -> bool:
    """Have a recording that was given up fetched again; False: it was not."""
    rows = Recording.objects.filter(call=call, state=RecordingState.FAILED)
    back = rows.update(
        state=RecordingState.PENDING, tries=1, error="", due_at=now, fetched_at=None
    )
    return back == 1


def fetch(call_id: uuid.UUID, now: datetime) -> RecordingState | None:
    """Fetch a recording that is due; return what became of it, None: it was not due.

    Of many workers one fetches: the row's `due_at` is moved first.
    """
    rows = Recording.objects.filter(call=call_id, due_at__lte=now)
    if not rows.update(due_at=now + LEASE, tries=F("tries") + 1):
        return None
    recording = Recording.objects.select_related("call").filter(call=call_id).first()
    if recording is None:
        return None
    try:
        with TemporaryFile() as file:
            got = _download(recording, file, now)
            state = _keep(recording, got, file, now)
    except ProviderError as error:
        return _failed(recording, error, now)
    except CallGone:
        return None
    if state == RecordingState.KEPT:
        peaks.prepare(call_id)
    return state


def _download(recording: Recording, file: IO[bytes], now: datetime) -> Downloaded:
    """Write the recording into a file; raises ProviderError."""
    call = dispatch.load(recording.call_id)
    turns = budget.Turns(call.connection)
    client = call.connection.client(turns)
    is_stale = recording.tries > 1 and bool(call.provider_call_id)
    if is_stale and turns.may_ask(now):
        update = client.fetch_call(dispatch.handle_of(call))
        if update:
            call = lifecycle.apply(call.pk, update, now, changes.POLL).call
    url, headers = client.recording(call.recording_url)
    recording.source_url = url
    return download(url, file, label=client.label, headers=headers)


def _keep(
    recording: Recording, got: Downloaded, file: IO[bytes], now: datetime
) -> RecordingState | None:
    """Put the file where recordings are kept, and say so on the row."""
    file.seek(0)
    name = store().save(_name(recording, recording.tries, got), File(file))
    kept = Recording.objects.filter(pk=recording.pk, tries=recording.tries).update(
        state=RecordingState.KEPT,
        file=name,
        bytes=got.size,
        content_type=got.content_type,
        source_url=recording.source_url,
        error="",
        due_at=None,
        fetched_at=now,
    )
    if not kept:
        # The call is part of another by now, or somebody else was quicker.
        store().delete(name)
        return None
    for earlier in range(1, recording.tries):
        # A worker that was killed may have left one.
        store().delete(_name(recording, earlier, got))
    return RecordingState.KEPT


def _name(recording: Recording, attempt: int, got: Downloaded) -> str:
    """Return the name of the file that one try writes."""
    ending = ENDINGS.get(got.content_type, "audio")
    return f"{recording.call.workspace_id}/{recording.call_id}-{attempt}.{ending}"


def _failed(
    recording: Recording, error: ProviderError, now: datetime
) -> RecordingState:
    """Try again later, or give up: after the last try, or when it would be in vain."""
    logger.warning("Recording of %s: %s", recording.call_id, error.message)
    in_vain = isinstance(error, ProviderRefused) and not error.status
    is_last = in_vain or recording.tries > len(BACKOFF)
    again = None if is_last else now + BACKOFF[recording.tries - 1]
    state = RecordingState.FAILED if is_last else RecordingState.PENDING
    Recording.objects.filter(pk=recording.pk, tries=recording.tries).update(
        state=state,
        error=error.message,
        due_at=again,
        source_url=recording.source_url,
    )
    return state
