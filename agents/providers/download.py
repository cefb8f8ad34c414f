"""Downloading a file from an address that a provider named: a recording.

Such an address is somebody else's word. So it is asked as carefully as everything
(`careful.py`), the key stays with the host it was meant for, and what comes is taken only
if it is a sound, up to a size and within a time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin

import httpx
from django.conf import settings

from agents.providers import http
from agents.providers.base import ProviderBusy, ProviderRefused, ProviderUnclear
from agents.providers.careful import AddressRefused, at_most

SECONDS = 120.0
LARGEST = 512 * 2**20
MOVES = 3
MOVED = (301, 302, 303, 307, 308)
# What a storage calls a file that it knows nothing of: then its first bytes tell.
UNTOLD = ("", "application/octet-stream", "binary/octet-stream", "application/binary")
SOUND = re.compile(r"audio/[a-z0-9.+-]{1,40}|video/(mp4|webm|ogg|quicktime)")
ALIASES = {"application/ogg": "audio/ogg", "audio/x-wav": "audio/wav"}
SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"RIFF", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1a\x45\xdf\xa3", "audio/webm"),
    (4, b"ftyp", "audio/mp4"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What was written: how much, and of which type (audio/… or video/…)."""

    size: int
    content_type: str


def download(
    url: str,
    into: IO[bytes],
    *,
    label: str,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST,
) -> Downloaded:
    """Write what is at `url` into a file, by pieces, and say what it is.

    `headers` go to the host of `url` only, also where it answers with another address.
    Raises ProviderRefused, ProviderBusy or ProviderUnclear in words; with a `status` of
    0, a refusal will be the same next time.
    """
    sent = dict(headers or {})
    with http.said(label, seconds), at_most(seconds):
        for _ in range(MOVES + 1):
            _must_be_safe(url)
            asked = http.network.client().stream(
                "GET", url, headers=sent, timeout=http.READ_SECONDS
            )
            with asked as answer:
                if answer.status_code not in MOVED:
                    return _written(answer, into, label, largest)
                moved = urljoin(url, answer.headers.get("Location", ""))
            sent = sent if _is_same_host(url, moved) else {}
            url = moved
    raise ProviderRefused(f"The recording at {label} leads from address to address.")


def _must_be_safe(url: str) -> None:
    if not settings.ALLOW_PRIVATE_ADDRESSES and not url.startswith("https://"):
        raise AddressRefused("Only https:// addresses are allowed.")


def _is_same_host(one: str, other: str) -> bool:
    a, b = httpx.URL(one), httpx.URL(other)
    return (a.scheme, a.host, a.port) == (b.scheme, b.host, b.port)


def _written(
    answer: httpx.Response, into: IO[bytes], label: str, largest: int
) -> Downloaded:
    """Write the body, once it is known to be a sound."""
    _must_be_there(answer, label)
    size, kind = 0, ""
    for piece in answer.iter_bytes(2**16):
        kind = kind or _kind(answer, piece, label)
        size += len(piece)
        if size > largest:
            words = f"The recording at {label} is larger than {largest // 2**20} MB."
            raise ProviderRefused(words)
        into.write(piece)
    if not size:
        raise ProviderUnclear(f"The recording at {label} is empty.", status=200)
    return Downloaded(size, kind)


def _must_be_there(answer: httpx.Response, label: str) -> None:
    status = answer.status_code
    if status == 429 or status >= 500:
        words = f"{label} could not give the recording now ({status})."
        raise ProviderBusy(words, status=status)
    if status != 200:
        words = f"{label} did not give the recording ({status})."
        raise ProviderRefused(words, status=status)


def _kind(answer: httpx.Response, piece: bytes, label: str) -> str:
    """Return the type of a sound, by what is said of it or by its first bytes."""
    told: str = answer.headers.get("Content-Type", "").partition(";")[0]
    told = told.strip().lower()
    told = ALIASES.get(told, told)
    if SOUND.fullmatch(told):
        return told
    signs = (kind for at, sign, kind in SIGNS if piece[at : at + len(sign)] == sign)
    seen = next(signs, "") if told in UNTOLD else ""
    if not seen:
        words = f"{label} answered with {told or 'something'} that is no recording."
        raise ProviderRefused(words, status=200)
    return seen
