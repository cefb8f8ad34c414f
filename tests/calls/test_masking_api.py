"""Programs read everything, until their workspace says otherwise."""

import json
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from calls.hooks import endpoints
from calls.models import Call, CallStatus, RetentionPolicy
from dashboard.models import ApiKey
from tests.calls.doors import HOOK, send
from tests.factories import make_agent, make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
CARD = "My card is 4242 4242 4242 4242."


@pytest.fixture
def agent() -> Agent:
    """Return the agent whose workspace the keys are of."""
    return make_agent(make_connection(make_workspace()))


@pytest.fixture
def call(agent: Agent) -> Call:
    """Return a call in which a card was read out."""
    call = make_call(
        agent.connection, agent=agent, status=CallStatus.ENDED, summary=CARD
    )
    call.turns.create(index=0, role="callee", text=CARD, start_ms=0, end_ms=900)
    return call


def read(address: str, key: str) -> Any:
    """Return what a key reads there, as text."""
    answer = Client().get(address, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


@pytest.mark.parametrize(
    "where", ["/api/v1/calls/{id}", "/api/v1/calls", "/compat/retell/v2/get-call/{id}"]
)
def test_a_key_sees_it_masked_where_the_workspace_says_so(
    call: Call, key: str, where: str
) -> None:
    address = where.format(id=call.pk)
    assert "4242 4242" in read(address, key)
    RetentionPolicy.objects.create(workspace=call.workspace, masks_keys=True)
    told = read(address, key)
    assert "4242 4242" not in told and "\\u2022" in told or "••••" in told


# Writes that answer with the call, and what is sent.
WRITES: dict[str, tuple[str, str, Any]] = {
    "native": ("POST", "/api/v1/calls/{id}/hang-up", None),
    "retell": ("PATCH", "/compat/retell/v2/update-call/{id}", {"metadata": {}}),
    "zudu": ("PUT", "/compat/zudu/api/calls/{id}", {"metadata": {}}),
}
every_write = pytest.mark.parametrize("name", sorted(WRITES))


def write(call: Call, name: str, scopes: list[str]) -> str:
    """Return what a key with these scopes is answered, as text."""
    _, key, secret = ApiKey.issue(call.workspace, "Writer", scopes)
    method, where, body = WRITES[name]
    pair = {"X-API-KEY": key, "X-API-SECRET": secret}
    headers = pair | {"Authorization": f"Bearer {key}"}
    answer = send(method, where.format(id=call.pk), body, headers)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


@every_write
def test_who_may_only_write_is_not_told_what_was_said(call: Call, name: str) -> None:
    assert "4242" in write(call, name, ["calls:write", "calls:read"])
    assert "4242" not in write(call, name, ["calls:write"])


@every_write
def test_what_a_write_answers_is_masked_as_well(call: Call, name: str) -> None:
    RetentionPolicy.objects.create(workspace=call.workspace, masks_keys=True)
    told = write(call, name, ["calls:write", "calls:read"])
    assert "4242" in told and "4242 4242" not in told


def test_the_log_of_webhooks_is_masked_as_well(call: Call, key: str) -> None:
    space, body = call.workspace, {"data": {"summary": CARD}}
    row = endpoints.create(space, None, dialect="native", url=HOOK)
    one = row.deliveries.create(event="call.ended", call=call, body=json.dumps(body))
    address = f"/api/v1/webhook-endpoints/{row.pk}/deliveries/{one.pk}"
    assert "4242 4242" in read(address, key)
    RetentionPolicy.objects.create(workspace=space, masks_keys=True)
    assert "4242 4242" not in read(address, key)
