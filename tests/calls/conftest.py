"""What the tests of calls share: a provider that does what a test says, and doors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from agents.models import Agent, Connection
from agents.providers import http
from agents.providers.registry import PROVIDERS
from bench.arena import Programs, Servers, base_env, migrate
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.models import ApiKey, Workspace
from tests.calls import acme
from tests.calls.doors import Receiver
from tests.calls.journey import House, sit_down
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


# --- A running Switchboard -----------------------------------------------------------
@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run a Switchboard as `make run` does, with nobody in it yet.

    Whoever asks for it is marked `programs`: one of them serves all such tests.
    """
    folder = tmp_path_factory.mktemp("journeys")
    env = base_env(folder) | {"SIMULATOR_SPEED": "5"}
    address = f"{env['BASE_URL']}/api/v1/"
    with ExitStack() as stack:
        if not settings.IS_SQLITE:
            env["DATABASE_URL"] = stack.enter_context(Servers(stack).database())
        migrate(env)
        programs = stack.enter_context(Programs(env, folder / "log"))
        programs.embedded()
        desk = stack.enter_context(sit_down(env))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=20))
        yield House(client, desk)


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
