"""Programs read everything, until their workspace says otherwise."""

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from calls.models import Call, CallStatus, RetentionPolicy
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
