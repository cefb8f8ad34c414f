"""Downloading recordings: only sounds, only so much, and the key to nobody else."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from pytest_django import Settings

from agents.providers import http
from agents.providers.base import ProviderBusy, ProviderRefused, ProviderUnclear
from agents.providers.download import Downloaded, download
from tests.agents.providers.conftest import Wire

URL = "https://cdn.acme.example/r/1.mp3"
KEY = {"Authorization": "Bearer key_very_secret_0001"}
MP3 = b"ID3" + bytes(300_000)


def sound(body: bytes = MP3, kind: str = "audio/mpeg") -> httpx.Response:
    """Return an answer with a recording."""
    return httpx.Response(200, content=body, headers={"Content-Type": kind})


def fetch(url: str = URL, **more: object) -> tuple[Downloaded, bytes]:
    """Download; return what was said and what was written."""
    into = io.BytesIO()
    got = download(url, into, label="Acme", **more)  # type: ignore[arg-type]
    return got, into.getvalue()


def test_a_recording_is_written_by_pieces(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", sound())
    got, written = fetch(headers=KEY)
    assert got == Downloaded(len(MP3), "audio/mpeg")
    assert written == MP3
    assert wire.asked[0].headers["Authorization"] == KEY["Authorization"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"RIFF....WAVE", "audio/wav"),
        (b"ID3.", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"....ftypM4A ", "audio/mp4"),
        (b"OggS.", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3", "audio/webm"),
    ],
)
def test_a_storage_that_names_no_type_is_looked_into(
    wire: Wire, body: bytes, kind: str
) -> None:
    wire.on("GET /r/1.mp3", sound(body, "application/octet-stream"))
    assert fetch()[0].content_type == kind


@pytest.mark.parametrize("kind", ["audio/x-m4a", "video/mp4", "Audio/MPEG; x=1"])
def test_a_sound_is_taken_as_it_is_named(wire: Wire, kind: str) -> None:
    wire.on("GET /r/1.mp3", sound(kind=kind))
    assert fetch()[0].content_type == kind.partition(";")[0].lower()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Log in</html>", "text/html; charset=utf-8"),
        (b'{"error": "expired"}', "application/json"),
        (b"<svg/>", "image/svg+xml"),
        (b"<html>", "application/octet-stream"),
        (b"RIFF", "text/html"),
    ],
)
def test_what_is_no_recording_is_not_kept(wire: Wire, body: bytes, kind: str) -> None:
    wire.on("GET /r/1.mp3", sound(body, kind))
    with pytest.raises(ProviderRefused, match="no recording"):
        fetch()


def test_an_empty_answer_is_none(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", sound(b""))
    with pytest.raises(ProviderUnclear, match="empty"):
        fetch()


def test_one_that_is_too_large_is_refused_for_good(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", sound())
    with pytest.raises(ProviderRefused, match="larger") as caught:
        fetch(largest=2**17)
    assert caught.value.status == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, ProviderRefused), (404, ProviderRefused), (410, ProviderRefused)]
    + [(429, ProviderBusy), (503, ProviderBusy)],
)
def test_a_link_that_does_not_open_says_why(
    wire: Wire, status: int, error: type[Exception]
) -> None:
    wire.on("GET /r/1.mp3", httpx.Response(status))
    with pytest.raises(error, match=str(status)) as caught:
        fetch()
    assert getattr(caught.value, "status", 0) == status


# --- moved to another address
def moved(to: str) -> httpx.Response:
    """Return an answer that leads elsewhere."""
    return httpx.Response(302, headers={"Location": to})


def test_the_key_does_not_follow_to_another_host(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", moved("https://storage.example/signed?x=1"))
    wire.on("GET /signed", sound())
    assert fetch(headers=KEY)[0].size == len(MP3)
    assert [("Authorization" in asked.headers) for asked in wire.asked] == [True, False]


def test_the_key_does_not_come_back_after_a_visit_elsewhere(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", moved("https://storage.example/signed"))
    wire.on("GET /signed", moved("https://cdn.acme.example/r/2.mp3"))
    wire.on("GET /r/2.mp3", sound())
    fetch(headers=KEY)
    assert "Authorization" not in wire.asked[-1].headers


def test_the_key_follows_on_the_same_host(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", moved("/r/2.mp3"))
    wire.on("GET /r/2.mp3", sound())
    fetch(headers=KEY)
    assert wire.asked[1].headers["Authorization"] == KEY["Authorization"]


def test_it_is_not_led_on_for_ever(wire: Wire) -> None:
    wire.on("GET /r/1.mp3", moved(URL))
    with pytest.raises(ProviderRefused, match="from address to address"):
        fetch()
    assert len(wire.asked) == 4


# --- which addresses
@pytest.mark.parametrize(
    "url", ["http://cdn.acme.example/r/1.mp3", "https://127.0.0.1:1/r/1.mp3"]
)
def test_private_addresses_are_refused(settings: Settings, url: str) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(ProviderRefused, match="address") as caught:
        fetch(url)
    assert caught.value.status == 0


def test_one_may_not_be_led_to_a_private_address(
    settings: Settings, wire: Wire
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    wire.on("GET /r/1.mp3", moved("http://127.0.0.1/r/1.mp3"))
    with pytest.raises(ProviderRefused, match="https"):
        fetch()
    assert len(wire.asked) == 1


@pytest.mark.parametrize("url", ["ftp://x.example/a", "file:///etc/passwd", "nothing"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ProviderRefused):
        fetch(url)


# --- how long
@pytest.fixture
def dripping() -> Iterator[str]:
    """Return an address that answers a byte at a time, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/r.mp3"


def drip(server: socket.socket) -> None:
    """Answer one request a byte at a time."""
    client, _ = server.accept()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 999\r\n\r\n"
    with client, suppress(OSError):
        client.sendall(head)
        for _ in range(60):
            time.sleep(0.1)
            client.sendall(b"a")


def test_it_takes_no_longer_than_told(dripping: str) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderUnclear, match="did not answer within"):
        fetch(dripping, seconds=0.25)
    assert time.monotonic() - began < 2


# --- a proxy of the environment
class Proxy:
    """A proxy that remembers whom it was asked to reach."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.asked: list[bytes] = []
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def run(self) -> None:
        """Refuse everybody."""
        with suppress(OSError):
            while True:
                client, _ = self.server.accept()
                with client:
                    self.asked.append(client.recv(4096).split(b"\r\n")[0])
                    client.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Have the environment name a proxy."""
    proxy = Proxy()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("no_proxy", "")
    http.network.use(None)
    yield proxy
    proxy.server.close()
    http.network.use(None)


@pytest.mark.parametrize("host", ["10.0.0.7", "169.254.169.254", "[fd00::1]"])
def test_a_proxy_is_no_way_to_a_private_address(
    settings: Settings, proxy: Proxy, host: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(ProviderRefused, match="private address"):
        http.request("GET", f"https://{host}/", label="Acme", headers={})
    receipt = http.post(f"https://{host}/", b"", {}, 1.0)
    assert (receipt.status, "private" in receipt.problem) == (0, True)
    assert proxy.asked == []


def test_a_proxy_is_not_given_a_name_to_look_up(
    settings: Settings, proxy: Proxy
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(ProviderBusy):
        http.request("GET", "https://desk.invalid/", label="Acme", headers={})
    assert proxy.asked == []
