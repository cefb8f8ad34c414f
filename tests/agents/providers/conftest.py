"""A network that answers only what a test told it to."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from agents.providers import http

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Wire:
    """The network: answers by method and path, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[httpx.Request] = []

    def on(self, what: str, *answers: Any, status: int = 200) -> None:
        """Answer `METHOD /path` with JSON, a response or an error; the last one stays."""
        known = httpx.Response, Exception
        made = [
            a if isinstance(a, known) or callable(a) else httpx.Response(status, json=a)
            for a in answers
        ]
        self.answers[what] = list(made)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; one nobody expected fails the test."""
        self.asked.append(request)
        what = f"{request.method} {request.url.path}"
        assert what in self.answers, f"nobody expected {what}"
        queue = self.answers[what]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Put a Wire in the place of the network."""
    wire = Wire()
    http.network.use(httpx.MockTransport(wire))
    yield wire
    http.network.use(None)
