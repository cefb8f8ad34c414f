"""What holds at the door of every dialect: lists stay cheap, scripted troubles happen.

In the latter our own client is the program that asks (`design.md`, simulator numbers).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from agents.models import Agent, Direction, bind
from agents.providers.base import (
    Account,
    CallHandle,
    Provider,
    ProviderBusy,
    ProviderUnclear,
)
from agents.providers.registry import DIALECTS, PROVIDERS
from calls.api import manners
from dashboard.models import Workspace
from tests.calls.doors import HOOK, over_the_wire, send, staffed, took_place, wish
from tests.factories import make_call

pytestmark = pytest.mark.django_db
Keys = tuple[str, str]


@dataclass(frozen=True)
class Door:
    """A dialect: what its lists are asked with, and what our client needs beside keys.

    Headers take {0} for the key and {1} for its secret, addresses {0} for the account.
    """

    lists: tuple[tuple[str, str, Any], ...]
    headers: dict[str, str] = field(
        default_factory=lambda: {"Authorization": "Bearer {0}"}
    )
    more: dict[str, str] = field(default_factory=dict)


DOORS = {
    "retell": Door((("POST", "v3/list-calls", {}), ("POST", "v2/list-calls", {}))),
    "uponai": Door(
        (
            ("GET", "api/v1/calls", None),
            ("GET", "api/v1/calls/history?workspaceId=42", None),
        ),
        more={"account_sid": "acc", "workspace_id": "42"},
    ),
    "itellico": Door(
        (
            ("GET", "v1/accounts/{0}/calls", None),
            ("GET", "v1/accounts/{0}/conversations", None),
        ),
        headers={"X-API-Key": "{0}"},
    ),
    "klen": Door((("GET", "api/v1/calls?limit=100", None),)),
    "zudu": Door(
        (("GET", "api/calls", None), ("POST", "api/calls", {"limit": 20})),
        headers={"X-API-KEY": "{0}", "X-API-SECRET": "{1}"},
    ),
}
every_dialect = pytest.mark.parametrize("slug", sorted(DOORS))


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that calls from a number."""
    agent = staffed(workspace, provider_agent_id="agent_1")
    bind(workspace.numbers.get(), Direction.OUTBOUND, agent)
    return agent


@pytest.fixture
def client_at(keys: Keys) -> Callable[[str, str], Provider]:
    """Return a function that makes our client for a dialect, at an address."""

    def make(slug: str, address: str) -> Provider:
        pair = {"api_key": keys[0], "api_secret": keys[1]}
        account = Account(f"{address}/{slug}", pair | DOORS[slug].more)
        return PROVIDERS[slug](account)

    return make


def test_no_dialect_is_left_out() -> None:
    assert set(DOORS) == set(DIALECTS)


@every_dialect
def test_a_list_costs_the_same_for_1_and_20_calls(
    slug: str, keys: Keys, agent: Agent, django_assert_max_num_queries: Any
) -> None:
    finished, door = took_place(agent), DOORS[slug]
    for _ in range(19):
        make_call(finished.connection, agent=agent)
    headers = {name: value.format(*keys) for name, value in door.headers.items()}
    for method, path, body in door.lists:
        address = f"/compat/{slug}/{path.format(agent.workspace.pk)}"
        with django_assert_max_num_queries(6):
            answer = send(method, address, body, headers)
        assert answer.status_code == 200
        assert answer.content.count(b"agent_1") >= 20


@every_dialect
def test_a_mistake_of_ours_is_said_in_the_dialects_shape(
    slug: str, keys: Keys, agent: Agent
) -> None:
    def broken(execute: Any, sql: str, *rest: Any) -> Any:
        raise ArithmeticError("a mistake of ours")

    method, path, body = DOORS[slug].lists[0]
    headers = {name: value.format(*keys) for name, value in DOORS[slug].headers.items()}
    address = f"/compat/{slug}/{path.format(agent.workspace.pk)}"
    with connection.execute_wrapper(broken):
        answer = send(method, address, body, headers)
    status, shape = DIALECTS[slug].error(500, "server_error", "")
    assert (answer.status_code, set(answer.json())) == (status, set(shape))
    assert "mistake" not in answer.content.decode()


# How a client has itself told of calls, at {url}.
HOOKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "klen": ("POST", "api/webhooks/create/", {"subscribed_events": ["call.ended"]}),
    "retell": ("PATCH", "update-agent/agent_1", {}),
    "uponai": ("PATCH", "api/agents/agent_1", {"workspaceId": 42}),
    "zudu": ("POST", "api/post-call-webhooks/create", {}),
}


def hooked(slug: str, keys: Keys, url: str) -> Any:
    """Ask for webhooks at an address."""
    method, path, body = HOOKS[slug]
    named = {"webhook_url": url} if method == "PATCH" else {"name": "CRM", "url": url}
    headers = {name: value.format(*keys) for name, value in DOORS[slug].headers.items()}
    return send(method, f"/compat/{slug}/{path}", body | named, headers)


@pytest.mark.parametrize("slug", sorted(HOOKS))
@pytest.mark.parametrize(
    "url", ["https://0x7f.1/hook", "https://127.1/hook", "https://[::1]/hook"]
)
def test_webhooks_go_to_no_address_that_stands_for_us(
    slug: str, url: str, keys: Keys, agent: Agent, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert hooked(slug, keys, url).status_code == 400
    assert not agent.workspace.endpoints.exists()


@pytest.mark.parametrize("slug", sorted(HOOKS))
def test_a_long_address_of_webhooks_is_kept_whole_or_refused(
    slug: str, keys: Keys, agent: Agent
) -> None:
    url = f"{HOOK}?{'x' * 400}"
    assert hooked(slug, keys, url).status_code in (200, 201)
    assert agent.workspace.endpoints.get().url == url
    assert hooked(slug, keys, url + "x" * 400).status_code == 400


# --- Scripted troubles ---------------------------------------------------------------
@every_dialect
def test_55_fails_and_places_nothing(
    slug: str,
    client_at: Callable[[str, str], Provider],
    only_us: str,
    workspace: Workspace,
) -> None:
    with pytest.raises(ProviderUnclear):
        client_at(slug, only_us).place_call(wish("+14155550155"))
    assert not workspace.calls.exists()


@over_the_wire
@every_dialect
@pytest.mark.parametrize(("to", "placed"), [("+14155550156", 1), ("+14155550157", 0)])
def test_56_and_57_give_no_usable_answer(
    slug: str,
    client_at: Callable[[str, str], Provider],
    live_server: LiveServer,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    to: str,
    placed: int,
) -> None:
    monkeypatch.setattr(manners, "SILENCE_SECONDS", 0.01)
    wired = client_at(slug, f"{live_server.url}/compat")
    handle = CallHandle(wish(to), dialed_at=datetime.now(tz=UTC))
    with pytest.raises(ProviderUnclear):
        wired.place_call(wish(to))
    assert workspace.calls.count() == placed
    assert (wired.find_call(handle) is not None) == bool(placed)


@every_dialect
def test_58_is_busy_twice_and_then_places(
    slug: str,
    client_at: Callable[[str, str], Provider],
    only_us: str,
    workspace: Workspace,
) -> None:
    ours = client_at(slug, only_us)
    for _ in range(2):
        with pytest.raises(ProviderBusy):
            ours.place_call(wish("+14155550158"))
    assert not workspace.calls.exists()
    assert ours.place_call(wish("+14155550158")).provider_call_id
    assert workspace.calls.count() == 1
