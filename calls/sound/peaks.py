"""How loud a recording is, as a player draws it: worked out once, kept beside the file.

Two lanes where the agent and the other person are on channels of their own, else one.
WAV is read by the standard library, MP3, FLAC, OGG and other WAVs by `miniaudio`; of
anything else there are no peaks.
"""

import json
import logging
import uuid
import wave
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import miniaudio
from django.core.files.base import ContentFile

from calls.models import Call
from calls.models.recording import store
from calls.sound import audio

logger = logging.getLogger(__name__)
Samples: TypeAlias = "array[int]"
Json = dict[str, Any]
# A peak for so much of the sound, and not more of them than a screen has room for.
STEP_MS = 50
MOST = 2_400
# Samples that are looked at in a second of each channel: more would show nothing new.
ENOUGH = 8_000
# Frames read in one go; a recording is never in memory as a whole.
PIECE = 2**15
LOUDEST = 2**15
# What a peak is written as: 0 is silence.
SCALE = 255
# Channels that are this much alike, of SCALE on average, are the same sound twice.
ALIKE = 2.0


class NoPeaks(Exception):
    """The recording cannot be read: not a sound that we know, or broken."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """A sound as 16-bit samples, frame by frame, in pieces."""

    rate: int
    channels: int
    pieces: Iterator[Samples]


# --- Asking --------------------------------------------------------------------------
def peaks_of(call: Call) -> Json | None:
    """Return the peaks of a call's recording, from 0 to 255; None: there are none.

    Of two people on two channels `{"agent": […], "callee": […]}`, else `{"lanes":
    [[…]]}`; with `duration_ms` of the whole.
    """
    sound = audio.sound(call)
    if sound is None:
        return None
    name = audio.peaks_name(sound.stored)
    if store().exists(name):
        with store().open(name) as kept:
            found: Json = json.load(kept)
        return found or None
    with sound.open() as file:
        found = worked_out(file, _agent_times(call))
    # Also that there is nothing to be had.
    audio.keep(call, name, ContentFile(json.dumps(found).encode()))
    return found or None


def prepare(call_id: uuid.UUID) -> None:
    """Work out the peaks of a recording that has just come, before somebody asks."""
    call = Call.objects.select_related("recording").filter(pk=call_id).first()
    if call:
        peaks_of(call)


def _agent_times(call: Call) -> list[tuple[int, int]]:
    """Return when the agent speaks, in ms, where that is known."""
    rows = call.turns.filter(role="agent", start_ms__isnull=False, end_ms__gt=0)
    times = rows.values_list("start_ms", "end_ms")
    return [(start or 0, end or 0) for start, end in times]


def worked_out(file: IO[bytes], agent_times: Iterable[tuple[int, int]]) -> Json:
    """Return the peaks of a sound; empty where it cannot be read."""
    try:
        lanes, duration_ms = _lanes(_opened(file))
    except NoPeaks as problem:
        logger.info("No peaks: %s", problem)
        return {}
    if not lanes or not lanes[0]:
        return {}
    if len(lanes) < 2 or _are_alike(*lanes[:2]):
        return {"lanes": [_fewer(lanes[0])], "duration_ms": duration_ms}
    first, second = lanes[:2]
    if _is_agent(second, first, agent_times):
        first, second = second, first
    told = {"agent": _fewer(first), "callee": _fewer(second)}
    return told | {"duration_ms": duration_ms}


# --- Reading -------------------------------------------------------------------------
def _opened(file: IO[bytes]) -> Pcm:
    """Read a sound of a kind we know; raises NoPeaks."""
    try:
        sound = wave.Wave_read(file)
    except (wave.Error, EOFError):
        file.seek(0)
        return _decoded(file)
    if sound.getsampwidth() != 2:
        file.seek(0)
        return _decoded(file)
    return Pcm(sound.getframerate(), sound.getnchannels(), _frames(sound))


def _frames(sound: wave.Wave_read) -> Iterator[Samples]:
    while data := sound.readframes(PIECE):
        piece = array("h")
        piece.frombytes(data[: len(data) // 2 * 2])
        yield piece


class _Source(miniaudio.StreamableSource):  # type: ignore[misc]
    """A file as miniaudio wants to read it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, num_bytes: int) -> bytes:
        """Return the next bytes."""
        return self.file.read(num_bytes)

    def seek(self, offset: int, origin: miniaudio.SeekOrigin) -> bool:
        """Go to another place."""
        self.file.seek(offset, 1 if origin == miniaudio.SeekOrigin.CURRENT else 0)
        return True


SIGNS = {
    b"ID3": miniaudio.FileFormat.MP3,
    b"RIF": miniaudio.FileFormat.WAV,
    b"Ogg": miniaudio.FileFormat.VORBIS,
    b"fLa": miniaudio.FileFormat.FLAC,
}


def _decoded(file: IO[bytes]) -> Pcm:
    """Have a sound decoded to two channels, few samples a second; raises NoPeaks."""
    sign = file.read(3)
    file.seek(0)
    is_mp3 = len(sign) > 1 and sign[0] == 0xFF and sign[1] & 0xE0 == 0xE0
    kind = miniaudio.FileFormat.MP3 if is_mp3 else SIGNS.get(sign)
    if kind is None:
        raise NoPeaks("It is no sound that we can read.")
    try:
        pieces = miniaudio.stream_any(
            _Source(file), kind, nchannels=2, sample_rate=ENOUGH, frames_to_read=PIECE
        )
        return Pcm(ENOUGH, 2, _told(pieces))
    except miniaudio.MiniaudioError as error:
        raise NoPeaks(str(error)) from error


def _told(pieces: Iterable[Samples]) -> Iterator[Samples]:
    try:
        yield from pieces
    except miniaudio.MiniaudioError as error:
        raise NoPeaks(str(error)) from error


# --- Working out ---------------------------------------------------------------------
def _lanes(sound: Pcm) -> tuple[list[list[int]], int]:
    """Return the peaks of each channel, one for each STEP_MS, and the length in ms."""
    if not 0 < sound.channels <= 8 or sound.rate <= 0:
        raise NoPeaks("It has no channels, or too many.")
    step = max(1, sound.rate * STEP_MS // 1_000) * sound.channels
    stride = max(1, sound.rate // ENOUGH) * sound.channels
    lanes: list[list[int]] = [[] for _ in range(sound.channels)]
    rest, frames = array("h"), 0
    for piece in sound.pieces:
        frames += len(piece) // sound.channels
        rest = rest + piece
        whole = len(rest) - len(rest) % step
        for first in range(0, whole, step):
            _look(rest[first : first + step], lanes, stride)
        rest = rest[whole:]
    if rest:
        _look(rest, lanes, stride)
    return lanes, frames * 1_000 // sound.rate


def _look(part: Samples, lanes: list[list[int]], stride: int) -> None:
    for channel, lane in enumerate(lanes):
        samples = part[channel::stride]
        loudest = max(max(samples), -min(samples)) if samples else 0
        lane.append(min(SCALE, loudest * SCALE // LOUDEST))


def _fewer(peaks: Sequence[int]) -> list[int]:
    """Return as many peaks as a screen has room for, the loudest of neighbours."""
    size = -(-len(peaks) // MOST)
    return [max(peaks[at : at + size]) for at in range(0, len(peaks), size)]


def _are_alike(one: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether two channels are the same sound."""
    apart = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    return apart <= ALIKE * len(one)


def _is_agent(
    lane: Sequence[int], other: Sequence[int], agent_times: Iterable[tuple[int, int]]
) -> bool:
    """Tell whether a channel is the agent's rather than the other one.

    Providers differ in who is on the left: the channel that is louder while the agent
    speaks is the agent's. Unknown times leave the agent on the left.
    """
    score = 0
    for start, end in agent_times:
        first, last = start // STEP_MS, end // STEP_MS
        score += sum(lane[first:last]) - sum(other[first:last])
    return score > 0
