"""Tests of the one door to the network."""

import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from agents.providers import http
from agents.providers.base import ProviderBusy, ProviderRefused, ProviderUnclear
from tests.agents.providers.conftest import Wire

URL = "https://api.example.com/dial"
HEADERS = {"Authorization": "Bearer key_very_secret_0001"}


def dial(**more: Any) -> Any:
    """Ask for a dial."""
    return http.request("POST", URL, label="Acme", headers=HEADERS, json={}, **more)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"message": "oops"}),
        httpx.Response(503),
        httpx.Response(408),
        httpx.Response(201, text="{ half a"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.WriteTimeout("slow"),
    ],
)
def test_what_may_have_been_acted_on_is_unclear(wire: Wire, answer: Any) -> None:
    wire.on("POST /dial", answer)
    with pytest.raises(ProviderUnclear):
        dial()
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("refused"), httpx.ConnectTimeout("no route")]
)
def test_what_never_left_is_busy(wire: Wire, answer: Exception) -> None:
    wire.on("POST /dial", answer)
    with pytest.raises(ProviderBusy):
        dial()


def test_429_says_when_to_come_back(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(ProviderBusy) as caught:
        dial()
    assert caught.value.retry_after == 7


def test_a_refusal_carries_their_words_and_our_code(wire: Wire) -> None:
    wire.on(
        "POST /dial", {"status": "error", "message": "Trial has ended."}, status=402
    )
    with pytest.raises(ProviderRefused, match="Trial has ended") as caught:
        dial()
    assert (caught.value.status, caught.value.code) == (402, "no_funds")


def test_a_secret_they_repeat_is_struck_out(wire: Wire) -> None:
    said = "The key key_very_secret_0001 is wrong."
    wire.on("POST /dial", {"error": {"message": said}}, status=401)
    with pytest.raises(ProviderRefused) as caught:
        dial()
    assert "very_secret" not in caught.value.message
    assert "is wrong" in caught.value.message


def test_a_redirect_is_not_followed(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(302, headers={"Location": "https://x.test/"}))
    with pytest.raises(ProviderRefused, match="base URL"):
        dial()
    assert len(wire.asked) == 1


def test_a_patient_reader_asks_again(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(429, headers={"Retry-After": "0"}), {"ok": 1})
    assert dial(tries=2) == {"ok": 1}


def test_an_empty_answer_is_none(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(204))
    assert dial() is None


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("12", 12.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(written: str, seconds: float | None) -> None:
    assert http.retry_after(written, datetime(2026, 11, 20, 12, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1:1/"])
def test_private_addresses_are_refused(settings: Settings, url: str) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(ProviderRefused, match="address"):
        http.request("GET", url, label="Acme", headers={})
    receipt = http.post(url, b"{}", {}, 1.0)
    assert receipt.status == 0
    assert receipt.problem


def test_a_real_refused_connection_is_busy() -> None:
    with pytest.raises(ProviderBusy):
        http.request("GET", "http://127.0.0.1:9/", label="Acme", headers={})


def test_a_key_that_cannot_be_sent_is_said_without_showing_it() -> None:
    headers = {"Authorization": "Bearer clé-very-secret"}
    with pytest.raises(ProviderRefused, match="Paste the key again") as caught:
        http.request("GET", "http://127.0.0.1:9/", label="Acme", headers=headers)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"HTTP/1.1 200 O"]
)
def test_an_answer_that_drips_is_not_waited_for_for_ever(
    beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server, beginning), daemon=True).start()
        url, began = f"http://127.0.0.1:{server.getsockname()[1]}/", time.monotonic()
        with pytest.raises(ProviderUnclear, match="did not answer within"):
            http.request("GET", url, label="Acme", headers={}, read_seconds=0.15)
        assert time.monotonic() - began < 1.5


def drip(server: socket.socket, beginning: bytes) -> None:
    """Answer one request a byte at a time."""
    client, _ = server.accept()
    with client, suppress(OSError):
        client.sendall(beginning)
        for _ in range(40):
            time.sleep(0.1)
            client.sendall(b"a")


def test_a_long_answer_to_a_webhook_is_still_an_answer(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(200, text="x" * 2**18))
    receipt = http.post(URL, b"{}", {}, 1.0)
    assert (receipt.status, receipt.problem) == (200, "")
    assert receipt.answer == "x" * 2048


def test_an_answer_to_a_webhook_may_hold_anything(wire: Wire) -> None:
    wire.on("POST /dial", httpx.Response(500, content=b"\xff\x00oops"))
    receipt = http.post(URL, b"{}", {}, 1.0)
    assert receipt == http.Receipt(500, "Answered 500.", "\ufffd\ufffdoops")


@pytest.mark.parametrize("allowed", [True, False])
def test_a_name_that_no_machine_can_have_is_not_reached(
    settings: Settings, *, allowed: bool
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = allowed
    receipt = http.post("https://a..b/", b"{}", {}, 1.0)
    assert receipt.status == 0
    assert "ConnectError" in receipt.problem


def test_a_dial_waits_for_its_moment_and_tells_when_it_left() -> None:
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
    told: list[datetime] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/dial"
        slow = threading.Thread(target=answer_late, args=(server, answer, 0.3))
        slow.start()
        begun = datetime.now(tz=UTC)
        with http.timed(partial(time.sleep, 0.1), told.append):
            http.request("POST", url, label="Acme", headers=HEADERS, json={})
        ended = datetime.now(tz=UTC)
        slow.join()
    (left,) = told
    assert (left - begun).total_seconds() >= 0.1
    assert (ended - left).total_seconds() > 0.25


def answer_late(server: socket.socket, answer: bytes, seconds: float) -> None:
    """Take one request, and answer it so much later."""
    line, _ = server.accept()
    with line:
        line.recv(65536)
        time.sleep(seconds)
        line.sendall(answer)
