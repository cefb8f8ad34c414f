"""One allowance of requests for all that is asked over a connection."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from agents import budget, sync
from agents.binding import change
from agents.models import Connection
from agents.providers import http
from agents.providers.base import CallHandle, CallRequest
from agents.setups import Setup, Side
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number

pytestmark = pytest.mark.django_db
AGENTS = {"agents": [{"id": 1, "assistant_id": "a1", "name": "Ann"}]}
# Of 60 a minute ten may go at once, and the others this far apart.
STEP = timedelta(seconds=1.2)


class Net:
    """Answers everything like a Klen account, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request.url.path)
        if request.url.path.endswith("/agents"):
            return httpx.Response(200, json=AGENTS)
        page = int(request.url.params.get("page", 1))
        row = {"id": f"c{page}", "type": "outbound", "agent_id": "a1"}
        calls = {"count": 3, "page": page, "pages": 3, "calls": [row]}
        return httpx.Response(200, json=calls)


@pytest.fixture
def net() -> Iterator[Net]:
    """Put it in the place of the network."""
    net = Net()
    http.network.use(httpx.MockTransport(net))
    yield net
    http.network.use(None)


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return a connection whose provider allows 60 requests a minute."""
    keys = {"api_key": "klen_x"}
    return make_connection(workspace, provider="klen", credentials=keys)


def spent(connection: Connection, now: datetime) -> int:
    """Return how many requests are counted."""
    connection.refresh_from_db()
    ahead = (connection.asks_until or now) - now
    return max(0, round(ahead / STEP))


def spend_all(connection: Connection) -> None:
    """Use up the allowance."""
    while budget.may_ask(connection, timezone.now()):
        pass


def test_every_request_of_a_sync_counts(connection: Connection, net: Net) -> None:
    now = timezone.now()
    sync.sync(connection)
    assert spent(connection, now) == len(net.asked) == 2


def test_a_sync_waits_for_its_turn_and_says_so(
    connection: Connection, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def rest(seconds: float) -> None:
        row = Connection.objects.get()
        seen.append((row.sync_progress, seconds, list(net.asked)))
        Connection.objects.update(asks_until=None)

    spend_all(connection)
    monkeypatch.setattr("time.sleep", rest)
    sync.sync(connection)
    ((progress, seconds, asked),) = seen
    assert progress == {"waits": True}
    assert 0 < seconds <= STEP.total_seconds()
    assert asked == []
    assert connection.agents.count() == 1


def test_a_page_never_waits_with_a_sync(
    connection: Connection, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("It waited."))
    spend_all(connection)
    sync.ask(connection.pk, timezone.now())
    sync.run_wanted(connection.pk, may_wait=False)
    connection.refresh_from_db()
    assert "Sync again in a minute" in connection.sync_error
    assert not connection.is_syncing
    assert net.asked == []


def test_the_page_says_that_a_sync_waits(
    connection: Connection, admin: Member, client_of: Callable[[Member], Client]
) -> None:
    now = timezone.now()
    running = {"sync_asked_at": now, "sync_seen_at": now}
    Connection.objects.update(**running, sync_progress={"waits": True})
    page = client_of(admin).get(connection.get_absolute_url()).content.decode()
    assert "Waiting for its turn" in page
    assert "60 times a minute" in page
    assert "Starting…" not in page


def test_what_a_person_waits_for_is_counted_and_goes(
    connection: Connection, net: Net
) -> None:
    spend_all(connection)
    now = timezone.now()
    before = spent(connection, now)
    assert all(found.is_ok for found in sync.check(connection))
    assert spent(connection, now) == before + len(net.asked)


def test_a_question_of_several_requests_counts_them_all(
    connection: Connection, net: Net
) -> None:
    now = timezone.now()
    turns = budget.Turns(connection)
    assert turns.may_ask(now)
    wish = CallRequest("ours", "phone", "a1", to_number="+14155550100")
    connection.client(turns).find_call(CallHandle(wish, dialed_at=now))
    assert spent(connection, now) == len(net.asked) == 3


def test_a_binding_is_told_through_the_same_allowance(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_connection(workspace, provider="zudu")
    monkeypatch.setattr(connection.kind, "requests_per_minute", 60)
    http.network.use(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    number, agent = make_number(connection), make_agent(connection)
    now, wish = timezone.now(), replace(Setup.of(number), inbound=Side(agent))
    try:
        change(number, wish, None)
    finally:
        http.network.use(None)
    assert spent(connection, now) == 1
