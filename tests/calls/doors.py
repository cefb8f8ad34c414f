"""What the tests of every dialect's door share: who asks there, and what is there."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client

from agents.models import Agent
from agents.providers.base import CallRequest, CallUpdate
from calls import lifecycle
from calls.models import Call
from dashboard.models import Workspace
from tests.factories import make_agent, make_call, make_connection, make_number

# A server of ours is another thread: what it is to see must be committed.
over_the_wire = pytest.mark.django_db(transaction=True)
FROM, TO = "+16285550000", "+14155550100"
HOOK = "https://client.example.com/hook"
Json = dict[str, Any]


def send(method: str, address: str, body: Any, headers: Mapping[str, str]) -> Any:
    """Send JSON to an address of ours; None is no body."""
    return Client().generic(
        method,
        address,
        data=json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers=dict(headers),
    )


# --- What is there -------------------------------------------------------------------
def staffed(workspace: Workspace, *, label: str = "", **fields: Any) -> Agent:
    """Make an agent of a simulator connection that also has a number."""
    connection = make_connection(workspace)
    make_number(connection, number=FROM, label=label)
    return make_agent(connection, **{"versions": 2} | fields)


def took_place(agent: Agent, **fields: Any) -> Call:
    """Make a call of 64 seconds that took place, with what was said."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    usual: Json = {
        "status": "ended",
        "from_number": FROM,
        "answered_at": at,
        "ended_at": at + timedelta(seconds=64),
        "end_reason": "user_hangup",
        "duration_ms": 64_000,
        "summary": "Went well.",
        "sentiment": "positive",
    }
    call = make_call(agent.connection, agent=agent, **usual | fields)
    call.turns.create(index=0, role="agent", text="Hi!", start_ms=0, end_ms=900)
    return call


def happens(call: Call, status: str, **facts: Any) -> None:
    """Let something happen in a call, now."""
    update = CallUpdate(status=status, **facts)
    lifecycle.apply(call.pk, update, datetime.now(tz=UTC))


# --- Who asks ------------------------------------------------------------------------
def wish(to: str = TO, reference: str = "ref-1", **more: Any) -> CallRequest:
    """Return a wish of another Switchboard, whose provider we are."""
    usual: Json = {"type": "phone", "agent_id": "agent_1", "from_number": FROM}
    return CallRequest(reference=reference, to_number=to, **usual | more)


class Receiver:
    """A client's server, which keeps what came."""

    def __init__(self) -> None:
        self.came: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take one webhook."""
        self.came.append(request)
        return httpx.Response(204)

    @property
    def bodies(self) -> list[Any]:
        """What came, decoded."""
        return [json.loads(request.content) for request in self.came]
