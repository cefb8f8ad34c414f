"""Connections we may make: to allowed addresses only, and never longer than told."""

import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
from django.conf import settings

LIMITS = httpx.Limits(
    max_connections=256, max_keepalive_connections=64, keepalive_expiry=15.0
)
# All of IPv6 that is handed out to the internet.
GLOBAL = ipaddress.IPv6Network("2000::/3")
# IPv6 addresses that stand for the IPv4 address in their last 32 bits.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """The address is not one we may talk to; `str()` says why."""


# --- How long ------------------------------------------------------------------------
class Clock(threading.local):
    """When the request of this thread must be over."""

    ends_at = math.inf


clock = Clock()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End a request of this thread after `seconds`, however slowly its answer drips.

    The time limits of httpx begin anew with every byte.
    """
    clock.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        clock.ends_at = math.inf


def _left(timeout: float | None) -> float | None:
    left = clock.ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The answer took too long altogether.")
    return timeout if left == math.inf else min(timeout or left, left)


class TimedStream(httpcore.NetworkStream):
    """A stream that heeds the clock of its thread."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, or wait for it."""
        return self.stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        self.stream.write(buffer, _left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted."""
        inner = self.stream.start_tls(ssl_context, server_hostname, timeout)
        return TimedStream(inner)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection pool asks."""
        return self.stream.get_extra_info(info)


# --- Which addresses -----------------------------------------------------------------
class CarefulBackend(httpcore.SyncBackend):
    """Connects to public addresses only, unless settings allow private ones.

    The check is made on the very address that is connected to, so that a name which
    answers differently the second time gains nothing.
    """

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers, if all are public."""
        allowed = settings.ALLOW_PRIVATE_ADDRESSES
        addresses = [host] if allowed else _public_addresses(host, port)
        problem: Exception = httpcore.ConnectError(f"{host} has no address.")
        for address in addresses:
            try:
                stream = super().connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
                return TimedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            except UnicodeError as error:
                problem = httpcore.ConnectError(str(error))
        raise problem


def is_barred(host: str, port: int) -> bool:
    """Tell whether `host` stands for an address that we may not talk to right now.

    False for a name that nobody knows: it may be made known later.
    """
    try:
        _public_addresses(host, port)
    except AddressRefused:
        return not settings.ALLOW_PRIVATE_ADDRESSES
    except httpcore.ConnectError:
        return False
    return False


def _public_addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    if not all(map(_is_public, addresses)) or any(map(_is_own, addresses)):
        raise AddressRefused(f"{host} is a private address.")
    return addresses


def _is_public(written: str) -> bool:
    """Tell whether an address is out on the internet, also one that holds another."""
    address = ipaddress.ip_address(written.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        held = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            held = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if held is not None:
            return _is_public(str(held))
        if address not in GLOBAL:
            return False
    return address.is_global and not address.is_multicast


def _is_own(address: str) -> bool:
    """Tell whether this machine has the address itself: only its own can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


class CarefulTransport(httpx.HTTPTransport):
    """The usual transport, over a CarefulBackend."""

    def __init__(self) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context, limits=LIMITS)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=LIMITS.max_connections,
            max_keepalive_connections=LIMITS.max_keepalive_connections,
            keepalive_expiry=LIMITS.keepalive_expiry,
            network_backend=CarefulBackend(),
        )
