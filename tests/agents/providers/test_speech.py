"""The simulator's recordings: real speech on two channels, tones without a voice."""

import io
import wave
from array import array
from typing import TypeAlias

import pytest

from agents.providers.base import TurnFacts
from agents.providers.simulator import speech, voice

Samples: TypeAlias = "array[int]"
TURNS = [
    TurnFacts("agent", "Good morning, this is the clinic.", 500, 2_600),
    TurnFacts("callee", "Yes, hello?", 3_000),
]


def channels(body: bytes) -> tuple[wave.Wave_read, Samples, Samples]:
    """Return a WAV with its two channels."""
    sound = wave.Wave_read(io.BytesIO(body))
    samples = array("h", sound.readframes(sound.getnframes()))
    return sound, samples[0::2], samples[1::2]


def record(turns: list[TurnFacts]) -> bytes:
    """Return the recording of what was said."""
    file = io.BytesIO()
    speech.record(turns, file)
    return file.getvalue()


def is_heard(lane: Samples, start_ms: int, end_ms: int) -> bool:
    """Tell whether anything is to be heard from one moment to another."""
    part = lane[start_ms * voice.RATE // 1000 : end_ms * voice.RATE // 1000]
    return max(map(abs, part)) > 300


@pytest.fixture(params=["voices", "tones"])
def sort(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what speaks: espeak-ng, or tones where it is not installed."""
    if request.param == "tones":
        monkeypatch.setattr(voice, "__name__", "no_such_module")
    return str(request.param)


def test_each_is_heard_on_their_side_when_they_speak(sort: str) -> None:
    sound, agent, callee = channels(record(TURNS))
    assert (sound.getnchannels(), sound.getsampwidth()) == (2, 2)
    assert sound.getnframes() == 5_600 * voice.RATE // 1000
    assert is_heard(agent, 500, 2_600) and not is_heard(agent, 2_700, 5_600)
    assert is_heard(callee, 3_000, 4_500) and not is_heard(callee, 0, 2_900)


def test_speech_lasts_about_as_long_as_the_line_says() -> None:
    [said] = speech._voices([TurnFacts("agent", TURNS[0].text, 0, 3_000)])
    [quick] = speech._voices([TurnFacts("agent", TURNS[0].text, 0, 1_500)])
    assert 0.75 * 3_000 < len(said) * 1000 / voice.RATE <= 3_000
    assert len(quick) * 1000 / voice.RATE <= 1_500


def test_nothing_said_is_a_short_silence() -> None:
    sound, agent, _ = channels(record([]))
    assert sound.getnframes() == speech.TAIL_MS * voice.RATE // 1000
    assert not any(agent)


def test_a_voice_that_breaks_off_is_noticed() -> None:
    with pytest.raises(voice.NoVoice):
        speech._parts(b"\x05\x00\x00\x00\x01\x00", 1)
