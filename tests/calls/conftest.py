"""What the tests of calls share: a provider that does what a test says, and doors."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from agents.models import Agent, Connection
from agents.providers import http
from agents.providers.registry import PROVIDERS
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.models import ApiKey, Workspace
from tests.calls import acme
from tests.calls.doors import Receiver
from tests.factories import make_connection


@pytest.fixture
def make_acme(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Connection, type[acme.Acme]]]:
    """Return a function that makes a provider with given facts, and a connection."""

    def make(**facts: Any) -> tuple[Connection, type[acme.Acme]]:
        kind = acme.fresh(**facts)
        monkeypatch.setitem(PROVIDERS, "acme", kind)
        return make_connection(workspace, provider="acme"), kind

    return make


# --- Doors ---------------------------------------------------------------------------
@pytest.fixture
def keys(agent: Agent) -> tuple[str, str]:
    """Return an API key with every scope, and its secret; the agent is the module's."""
    _, key, secret = ApiKey.issue(agent.workspace, "Client", ALL_SCOPES)
    return key, secret


@pytest.fixture
def key(keys: tuple[str, str]) -> str:
    """Return an API key with every scope."""
    return keys[0]


@pytest.fixture
def wsgi() -> Iterator[httpx.WSGITransport]:
    """Return a network on which there is nothing but us, in this test's transaction."""
    signals, app = (request_started, request_finished), get_wsgi_application()

    def alone(environ: dict[str, Any], start: Any) -> Any:
        # Each time: a request of Django's test client connects them again.
        for signal in signals:
            signal.disconnect(close_old_connections)
        return app(environ, start)

    yield httpx.WSGITransport(app=alone)
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def only_us(wsgi: httpx.WSGITransport) -> Iterator[str]:
    """Let our clients reach nothing but us; return the address before the dialect."""
    http.network.use(wsgi)
    yield "http://testserver/compat"
    http.network.use(None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Put a receiver in the place of the network."""
    receiver = Receiver()
    http.network.use(httpx.MockTransport(receiver))
    yield receiver
    http.network.use(None)
