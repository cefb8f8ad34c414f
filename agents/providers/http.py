"""The one door to the network: for every provider, and for the webhooks we owe.

What went wrong becomes one of the provider errors, by one question: may the request
have been acted on? Nothing here ever repeats a dial.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from django.conf import settings

from agents.providers.base import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    unpaced,
)
from agents.providers.careful import AddressRefused, CarefulTransport, at_most

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
DIAL_SECONDS = 20.0
# How long a patient reader (a sync of many rows) waits between two tries at most.
LONGEST_PAUSE = 15.0
# What is read of an answer at most, and what is kept of a receiver's to a webhook.
LARGEST, LARGEST_RECEIPT, SHOWN = 32 * 2**20, 2**16, 2048
# Our end reasons for what a status says whoever the provider is.
CODES = {401: "not_permitted", 402: "no_funds", 403: "not_permitted"}
# The request certainly never left this machine, or was never forwarded.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
NEVER_VALID = (httpx.UnsupportedProtocol, httpx.InvalidURL)
# Said of a key or a text that cannot be written; its own words may quote the key.
NEVER_WRITTEN = (httpx.LocalProtocolError, UnicodeEncodeError)


# --- The client ----------------------------------------------------------------------
class Network:
    """The process-wide client: made when first needed, and again after a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pid = 0
        self.made: httpx.Client | None = None
        self.transport: httpx.BaseTransport | None = None

    def use(self, transport: httpx.BaseTransport | None) -> None:
        """Send everything through `transport` from now on; None: the real network."""
        with self.lock:
            if self.made is not None and self.pid == os.getpid():
                self.made.close()
            self.transport, self.made = transport, None

    def client(self) -> httpx.Client:
        """Return the client; the certificates are only read once, as that is slow."""
        if (client := self.made) is not None and self.pid == os.getpid():
            return client
        with self.lock:
            if self.made is None or self.pid != os.getpid():
                self.made, self.pid = self._make(), os.getpid()
            return self.made

    def _make(self) -> httpx.Client:
        # No proxy of the environment is used: it would make the connections, and to
        # which address is then nobody's to check.
        transport = self.transport or CarefulTransport()
        return httpx.Client(transport=transport, trust_env=False)


network = Network()
_watcher: ContextVar[Callable[[str, Mapping[str, Any]], None] | None]
_watcher = ContextVar("watcher", default=None)


def _send(
    method: str, url: str, *, read_seconds: float, most: int = LARGEST, **parts: Any
) -> httpx.Response:
    """Send one request, and read the answer, up to `most` bytes of it."""
    if not settings.ALLOW_PRIVATE_ADDRESSES and not url.startswith("https://"):
        raise AddressRefused("Only https:// addresses are allowed.")
    timeout = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS)
    if (watch := _watcher.get()) and method == "POST":
        parts["extensions"] = {"trace": watch}
    asked = network.client().stream(
        method, url, timeout=timeout, follow_redirects=False, **parts
    )
    body = bytearray()
    with at_most(CONNECT_SECONDS + read_seconds), asked as answer:
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > most:
                break
    headers = {"Retry-After": answer.headers.get("Retry-After", "")}
    return httpx.Response(answer.status_code, headers=headers, content=bytes(body))


@contextmanager
def timed(wait: Callable[[], None], tell: Callable[[datetime], None]) -> Iterator[None]:
    """Have a POST of this block, made ready, leave when `wait` returns; `tell` when.

    `tell` comes before the answer, which may take seconds. Neither may raise.
    """

    def watch(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            wait()
        elif event.endswith("send_request_body.complete"):
            tell(datetime.now(tz=UTC))

    token = _watcher.set(watch)
    try:
        yield
    finally:
        _watcher.reset(token)


# --- Asking a provider ---------------------------------------------------------------
def request(
    method: str,
    url: str,
    *,
    label: str,
    headers: Mapping[str, str],
    json: Any = None,
    params: Mapping[str, Any] | None = None,
    read_seconds: float = READ_SECONDS,
    tries: int = 1,
    pace: Callable[[], None] = unpaced,
) -> Any:
    """Ask a provider; return the decoded answer, None where it is empty.

    Raises ProviderRefused, ProviderBusy (certainly nothing happened) or
    ProviderUnclear. `label` is the provider's name for the error's words. `tries` is
    for reading long lists only; a dial is asked once. `pace` is called before each.
    """
    parts: dict[str, Any] = {"headers": dict(headers)}
    if json is not None:
        parts["json"] = json
    if params:
        parts["params"] = {k: v for k, v in params.items() if v is not None}
    for left in reversed(range(tries)):
        pace()
        try:
            answer = _answer(method, url, label, read_seconds, parts)
            return _decoded(answer, label, parts["headers"])
        except (ProviderBusy, ProviderUnclear) as error:
            if not left:
                raise
            asked = getattr(error, "retry_after", None)
            wait = 2.0 ** (tries - left - 1) if asked is None else asked
            time.sleep(min(wait, LONGEST_PAUSE))
    raise ValueError("tries must be at least 1")


def _answer(
    method: str, url: str, label: str, read_seconds: float, parts: dict[str, Any]
) -> httpx.Response:
    """Send the request, and say what it means when no answer comes."""
    with said(label, read_seconds):
        return _send(method, url, read_seconds=read_seconds, **parts)


@contextmanager
def said(label: str, seconds: float) -> Iterator[None]:
    """Turn what the network does into the provider errors, with words for a person."""
    try:
        yield
    except AddressRefused as error:
        raise ProviderRefused(
            f"{label} is not at an allowed address: {error}"
        ) from None
    except NEVER_VALID as error:
        raise ProviderRefused(f"The address of {label} is not valid: {error}") from None
    except NEVER_WRITTEN:
        raise ProviderRefused(
            f"The key for {label}, or a text, holds a character that cannot be sent. "
            "Paste the key again."
        ) from None
    except NOT_SENT as error:
        words = f"{label} could not be reached: {_why_not(error)}"
        raise ProviderBusy(words, status=0) from error
    except httpx.TimeoutException as error:
        raise ProviderUnclear(
            f"{label} did not answer within {seconds:.0f} seconds."
        ) from error
    except httpx.HTTPError as error:
        raise ProviderUnclear(
            f"{label} broke off before its answer was complete."
        ) from error


def _why_not(error: Exception) -> str:
    """Say why a connection could not be made; a name nobody has is a typing error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "nothing has the name in its address. Check the address."
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _decoded(answer: httpx.Response, label: str, headers: Mapping[str, str]) -> Any:
    status = answer.status_code
    if status < 200 or status >= 300:
        raise _error(answer, label, headers)
    if not answer.content.strip():
        return None
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise ProviderUnclear(
            f"{label} answered something that is not JSON.", status=status
        ) from error


def _error(
    answer: httpx.Response, label: str, headers: Mapping[str, str]
) -> ProviderError:
    """Return what a status that is not 2xx means."""
    status, said = answer.status_code, _words(answer, headers)
    because = f": {said}" if said else "."
    if status == 429:
        wait = retry_after(answer.headers.get("Retry-After", ""), datetime.now(tz=UTC))
        return ProviderBusy(f"{label} is busy (429){because}", retry_after=wait)
    if status == 408 or status >= 500:
        return ProviderUnclear(f"{label} failed ({status}){because}", status=status)
    if 300 <= status < 400:
        words = f"{label} is not at this address ({status}). Check the base URL."
        return ProviderRefused(words, status=status)
    words = f"{label} refused ({status}){because}"
    code = CODES.get(status, "")
    return ProviderRefused(words, status=status, code=code, body=_body(answer))


def _words(answer: httpx.Response, headers: Mapping[str, str]) -> str:
    """Return the provider's own words, short, and without anything we sent secretly."""
    body = _body(answer)
    said = " ".join([_message(body), *_sentence(body), *_fields(body)])
    for value in headers.values():
        for secret in (value, value.rpartition(" ")[2]):
            said = said.replace(secret, "•••") if len(secret) > 7 else said
    return " ".join(said.split())[:300]


def _body(answer: httpx.Response) -> Any:
    """Return the decoded answer; None when it is no JSON."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def _sentence(body: Any) -> list[str]:
    """Return what an error says beside its title; a code word is no sentence."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str) and " " in error and error != _message(body):
        return [error]
    return []


def _fields(body: Any) -> list[str]:
    """Say which fields an error body names, where it has a list of them."""
    listed = body.get("errors") if isinstance(body, dict) else None
    rows = (
        [row for row in listed if isinstance(row, dict)]
        if isinstance(listed, list)
        else []
    )
    named = [row for row in rows if isinstance(row.get("field"), str)]
    return [f"{row['field']}: {_message(row)}" for row in named[:5]]


def _message(body: Any) -> str:
    """Find the sentence in an error body, whatever the provider calls it."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    for name in ("message", "error_message", "detail", "error", "title"):
        if found := _message(body.get(name)):
            return found
    return ""


def retry_after(text: str, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date; None when it says nothing."""
    try:
        return min(max(float(int(text)), 0.0), 3600.0)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max((at - now).total_seconds(), 0.0), 3600.0)
    except (ValueError, TypeError):
        return None


# --- Telling a client ----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a webhook; `status` is 0 and `answer` empty when nothing came."""

    status: int = 0
    problem: str = ""  # in words; empty: it was taken
    answer: str = ""  # how the body of the answer begins


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Receipt:
    """Post a webhook; never raises, and follows no redirect."""
    try:
        parts = {"content": body, "headers": dict(headers)}
        answer = _send("POST", url, read_seconds=seconds, most=LARGEST_RECEIPT, **parts)
    except AddressRefused as error:
        return Receipt(problem=str(error))
    except NEVER_WRITTEN:
        words = "The address or the key holds a character that cannot be sent."
        return Receipt(problem=words)
    except httpx.TimeoutException:
        return Receipt(problem=f"No answer within {seconds:.0f} seconds.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Receipt(problem=f"{type(error).__name__}: {error}"[:300])
    said = answer.content[:SHOWN].decode(errors="replace").replace("\x00", "\ufffd")
    status = answer.status_code
    return Receipt(status, "" if 200 <= status < 300 else f"Answered {status}.", said)
