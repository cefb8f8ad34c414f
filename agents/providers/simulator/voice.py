"""Speaks lines with espeak-ng, as a process of its own: `python -m …simulator.voice`.

Reads JSON from standard input: `[{"text": …, "voice": …, "ms": …}, …]`. Writes for each
line, in order, how many samples (4 bytes, little-endian) and the samples (16 bit, mono,
RATE a second). The library is not safe for threads, and a fault in it must not end a
web server: hence the process. It calls for nothing but this one library.
"""

import ctypes
import importlib
import json
import os
import sys
from array import array
from collections.abc import Callable
from typing import Any, TypeAlias

Samples: TypeAlias = "array[int]"
RATE = 11_025
# What the library gives: twice as many samples.
NATIVE_RATE = 22_050
# Words a minute: what is usual, and what can still be understood.
USUAL, SLOWEST, FASTEST = 165, 110, 320
# A whole file at once, as it is needed nowhere but here; names from espeak's headers.
SYNCHRONOUS, DONT_EXIT, UTF_8, RATE_PARAMETER = 2, 0x8000, 1, 1
LONGEST = 4_000


class NoVoice(Exception):
    """There is no espeak-ng here, or it does not work."""


class Speaker:
    """The library, set up once."""

    def __init__(self) -> None:
        try:
            loader = importlib.import_module("espeakng_loader")
            self.library = ctypes.CDLL(loader.get_library_path())
            folder = os.fsencode(loader.get_data_path())
        except (ImportError, OSError) as error:
            raise NoVoice(str(error)) from error
        rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, folder, DONT_EXIT)
        if rate != NATIVE_RATE:
            raise NoVoice(f"espeak-ng gives {rate} samples a second.")
        self.said = array("h")
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        # Kept, as the library calls it.
        self.callback: Callable[..., Any] = kind(self._hear)
        self.library.espeak_SetSynthCallback(self.callback)

    def _hear(self, samples: Any, count: int, _: Any) -> int:
        if samples and count:
            self.said.frombytes(ctypes.string_at(samples, count * 2))
        return 0

    def say(self, text: str, voice: str, rate: int) -> Samples:
        """Return a text as samples, at so many words a minute."""
        self.said = array("h")
        self.library.espeak_SetVoiceByName(voice.encode())
        self.library.espeak_SetParameter(RATE_PARAMETER, rate, 0)
        words = text[:LONGEST].encode()
        size = ctypes.c_size_t(len(words) + 1)
        self.library.espeak_Synth(words, size, 0, 0, 0, UTF_8, None, None)
        self.library.espeak_Synchronize()
        return halved(self.said)

    def fit(self, text: str, voice: str, ms: int) -> Samples:
        """Return a text so spoken that it takes about `ms`; cut where it is longer."""
        room = ms * RATE // 1_000
        said = self.say(text, voice, USUAL)
        if said and not 0.9 * room <= len(said) <= room:
            rate = round(USUAL * len(said) / max(1, room))
            said = self.say(text, voice, min(FASTEST, max(SLOWEST, rate)))
        return said[:room]


def halved(samples: Samples) -> Samples:
    """Return half as many samples, each the mean of two."""
    pairs = zip(samples[0::2], samples[1::2], strict=False)
    return array("h", [(one + two) // 2 for one, two in pairs])


def main() -> None:
    """Speak what is asked for on standard input."""
    speaker, out = Speaker(), sys.stdout.buffer
    for line in json.load(sys.stdin):
        said = speaker.fit(line["text"], line["voice"], line["ms"])
        if sys.byteorder == "big":
            said.byteswap()
        out.write(len(said).to_bytes(4, "little") + said.tobytes())
    out.flush()


if __name__ == "__main__":
    try:
        main()
    except NoVoice as problem:
        sys.exit(str(problem))
