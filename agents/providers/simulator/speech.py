"""A recording for a call that nobody made: soft tones, as long as what was said."""

import io
import math
import wave
from array import array
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from agents.providers.base import TurnFacts

Samples: TypeAlias = "array[int]"
RATE = 8_000
LOUDNESS = 5_200
SYLLABLE_MS = 190
# Semitones above the speaker's own pitch, one for each syllable in turn.
TUNE = (0, 2, -1, 3, 0, -2, 1, -3)
PITCH = {"agent": 196.0, "callee": 147.0}
TAIL_MS = 600


def tones(turns: Sequence[TurnFacts]) -> bytes:
    """Return a stereo WAV (8 kHz, 16 bit): the agent on the left, others right."""
    length = _samples(max((_end(turn) for turn in turns), default=0) + TAIL_MS)
    left, right = array("h", bytes(2 * length)), array("h", bytes(2 * length))
    for turn in turns:
        _hum(left if turn.role == "agent" else right, turn)
    frames = array("h", bytes(4 * length))
    frames[0::2], frames[1::2] = left, right
    return _wav(frames)


def _hum(channel: Samples, turn: TurnFacts) -> None:
    """Put a turn's tones where it was said."""
    at, end = _samples(turn.start_ms or 0), min(_samples(_end(turn)), len(channel))
    pitch = PITCH.get(turn.role, PITCH["callee"])
    count = 0
    while at < end:
        syllable = _syllable(pitch, TUNE[(count + len(turn.text)) % len(TUNE)])
        part = syllable[: end - at]
        channel[at : at + len(part)] = part
        at += len(part)
        count += 1


@cache
def _syllable(pitch: float, step: int) -> Samples:
    """Return one tone that swells and fades."""
    frequency = pitch * 2 ** (step / 12)
    length = _samples(SYLLABLE_MS)
    turn = 2 * math.pi * frequency / RATE
    return array(
        "h",
        (
            round(LOUDNESS * math.sin(math.pi * i / length) ** 2 * math.sin(turn * i))
            for i in range(length)
        ),
    )


def _end(turn: TurnFacts) -> int:
    return turn.end_ms if turn.end_ms is not None else (turn.start_ms or 0) + 2_000


def _samples(milliseconds: int) -> int:
    return milliseconds * RATE // 1_000


def _wav(frames: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(frames.tobytes())
    return file.getvalue()
