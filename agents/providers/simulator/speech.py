"""A recording for a call that nobody made: what was said, spoken by machine voices.

The agent speaks on the left, others on the right, each line when it was said. Where
espeak-ng is not installed, soft tones stand in for the voices.
"""

import json
import logging
import math
import subprocess
import sys
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, TypeAlias
from wave import open as open_wave

from agents.providers.base import TurnFacts
from agents.providers.simulator import voice
from agents.providers.simulator.voice import RATE

logger = logging.getLogger(__name__)
Samples: TypeAlias = "array[int]"
# Say something else when recordings come to sound differently: stored ones are made anew.
EDITION = "2"
VOICES = {"agent": "en-us+f3", "callee": "en-gb+m3"}
SECONDS = 60
ROOT = Path(__file__).resolve().parents[3]
LOUDNESS = 5_200
SYLLABLE_MS = 190
# Semitones above the speaker's own pitch, one for each syllable in turn.
TUNE = (0, 2, -1, 3, 0, -2, 1, -3)
PITCH = {"agent": 196.0, "callee": 147.0}
TAIL_MS = 600
UNTOLD_MS = 2_000
# Frames written in one go: a long call is never in memory as a whole twice.
PIECE = 2**16


def record(turns: Sequence[TurnFacts], into: IO[bytes]) -> None:
    """Write a stereo WAV (16 bit): the agent on the left, others right."""
    length = _samples(max((_end(turn) for turn in turns), default=0) + TAIL_MS)
    left, right = array("h", bytes(2 * length)), array("h", bytes(2 * length))
    for turn, said in zip(turns, _spoken(turns), strict=True):
        _put(left if turn.role == "agent" else right, turn, said)
    with open_wave(into, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for first in range(0, length, PIECE):
            part = left[first : first + PIECE]
            frames = array("h", bytes(4 * len(part)))
            frames[0::2], frames[1::2] = part, right[first : first + PIECE]
            sound.writeframes(frames.tobytes())


def _spoken(turns: Sequence[TurnFacts]) -> list[Samples]:
    """Return each turn as samples: voices, else tones."""
    try:
        return _voices(turns)
    except (OSError, subprocess.SubprocessError, voice.NoVoice) as error:
        logger.info("No voices for the simulator, tones instead: %s", error)
        return [_hum(turn) for turn in turns]


def _put(channel: Samples, turn: TurnFacts, said: Samples) -> None:
    """Put what was said where it was said."""
    at = _samples(turn.start_ms or 0)
    said = said[: max(0, len(channel) - at)]
    channel[at : at + len(said)] = said


# --- Voices --------------------------------------------------------------------------
def _voices(turns: Sequence[TurnFacts]) -> list[Samples]:
    """Have the turns spoken by a process of its own; raises when that fails."""
    lines = [
        {
            "text": turn.text,
            "voice": VOICES.get(turn.role, VOICES["callee"]),
            "ms": max(0, _end(turn) - (turn.start_ms or 0)),
        }
        for turn in turns
    ]
    done = subprocess.run(
        [sys.executable, "-m", voice.__name__],
        input=json.dumps(lines).encode(),
        capture_output=True,
        timeout=SECONDS,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise voice.NoVoice(done.stderr.decode(errors="replace")[-300:].strip())
    return _parts(done.stdout, len(lines))


def _parts(body: bytes, count: int) -> list[Samples]:
    """Read back what `voice` writes."""
    parts, at = [], 0
    for _ in range(count):
        size = int.from_bytes(body[at : at + 4], "little") * 2
        part = array("h")
        part.frombytes(body[at + 4 : at + 4 + size])
        if sys.byteorder == "big":
            part.byteswap()
        parts.append(part)
        at += 4 + size
    if at != len(body):
        raise voice.NoVoice("What espeak-ng gave has another length than it said.")
    return parts


# --- Tones ---------------------------------------------------------------------------
def _hum(turn: TurnFacts) -> Samples:
    """Return a turn as tones, one for a syllable."""
    room = max(0, _samples(_end(turn)) - _samples(turn.start_ms or 0))
    pitch, said, count = PITCH.get(turn.role, PITCH["callee"]), array("h"), 0
    while len(said) < room:
        said += _syllable(pitch, TUNE[(count + len(turn.text)) % len(TUNE)])
        count += 1
    return said[:room]


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
    start = turn.start_ms or 0
    return turn.end_ms if turn.end_ms is not None else start + UNTOLD_MS


def _samples(milliseconds: int) -> int:
    return milliseconds * RATE // 1_000
