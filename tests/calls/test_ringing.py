"""A caller is ringing, and the provider asks what to do."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Agent, Connection, bind
from calls import ringing
from dashboard.models import Workspace
from tests.factories import make_agent, make_connection, make_contact, make_number

pytestmark = pytest.mark.django_db
CALLER, OURS = "+14155550107", "+16285550000"


@pytest.fixture(params=["retell", "uponai"])
def connection(workspace: Workspace, request: pytest.FixtureRequest) -> Connection:
    """Return a connection to each provider that asks."""
    return make_connection(workspace, provider=request.param)


@pytest.fixture
def agent(connection: Connection) -> Agent:
    """Return the agent that is to answer."""
    return make_agent(connection, versions=3)


def answer(connection: Connection, **more: Any) -> Any:
    """Ask what to do with a caller; return what is said of the call."""
    call = {"from_number": CALLER, "to_number": OURS, "agent_id": "a", **more}
    body = json.dumps({"event": "call_inbound", "call_inbound": call}).encode()
    said = ringing.answer(connection, body)
    return said and said["call_inbound"]


def test_the_agent_bound_here_answers_and_knows_the_caller(agent: Agent) -> None:
    line = agent.connection
    bind(make_number(line, number=OURS), "inbound", agent)
    make_contact(line.workspace, number=CALLER, name="Ida Inbound")
    said = answer(line)
    assert said["override_agent_id"] == agent.provider_agent_id
    assert "override_agent_version" not in said
    assert said["dynamic_variables"]["first_name"] == "Ida"


def test_who_answers_knows_the_business_too(agent: Agent) -> None:
    line = agent.connection
    bind(make_number(line, number=OURS), "inbound", agent)
    line.workspace.context_variables.create(
        scope="business", name="hours", label="Hours", value="9 to 5"
    )
    assert answer(line)["dynamic_variables"] == {"business_hours": "9 to 5"}


@pytest.mark.parametrize("version", [0, 1])
def test_the_version_that_is_bound_answers(agent: Agent, version: int) -> None:
    bind(make_number(agent.connection, number=OURS), "inbound", agent, version)
    assert answer(agent.connection)["override_agent_version"] == version


def test_who_shares_a_number_is_drawn_by_the_provider(agent: Agent) -> None:
    bound = bind(make_number(agent.connection, number=OURS), "inbound", agent)
    assert bound
    bound.weights = [
        {"agent_id": agent.provider_agent_id, "weight": 0.7},
        {"agent_id": "agent_other", "weight": 0.3},
    ]
    bound.save()
    assert answer(agent.connection) == {}


def test_an_agent_that_is_gone_is_not_named(agent: Agent) -> None:
    bind(make_number(agent.connection, number=OURS), "inbound", agent)
    agent.retired_at = timezone.now() - timedelta(days=1)
    agent.save()
    assert answer(agent.connection) == {}


def test_a_number_that_is_not_ours_leaves_it_to_the_provider(
    connection: Connection,
) -> None:
    assert answer(connection) == {}


@pytest.mark.parametrize("body", [b"{}", b'{"event": "call_started", "call": {}}'])
def test_other_webhooks_ask_nothing(connection: Connection, body: bytes) -> None:
    assert ringing.answer(connection, body) is None
