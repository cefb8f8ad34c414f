"""The list of calls of our own API takes every filter of the history."""

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from calls.api.native_parameters import MOMENTS, PATTERNS, TEXTS
from calls.history.filters import READERS
from calls.models import CallStatus
from tests.calls.doors import FROM, staffed
from tests.factories import make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(workspace: Any) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    return staffed(workspace, provider_agent_id="agent_1")


def ask(key: str, query: str) -> Any:
    """List calls."""
    client = Client(headers={"Authorization": f"Bearer {key}"})
    return client.get(f"/api/v1/calls?{query}")


def test_no_filter_of_the_history_is_left_out() -> None:
    ours = {name.removesuffix("_id") for name in (*PATTERNS, *MOMENTS, *TEXTS)}
    assert ours == set(READERS)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("status=queued", 1),
        ("status=queued,scheduled", 2),
        ("status=live", 0),
        ("agent=agent_1", 2),
        ("agent_id=agent_1", 2),
        ("external=order-7", 1),
        ("external=order-8", 0),
        (f"number=%2B{FROM[1:]}", 1),
        ("number=%2B12025550123", 0),
        ("external_id=order-7", 1),
        ("direction=inbound", 0),
        ("since=2200-01-01T00:00:00Z", 0),
        ("until=1969-01-01T00:00:00Z", 0),
        ("since=2020-01-01", 2),
    ],
)
def test_calls_are_chosen(key: str, agent: Agent, query: str, count: int) -> None:
    number = agent.workspace.numbers.get()
    waiting = CallStatus.QUEUED
    make_call(agent.connection, agent=agent, status=waiting, external_id="order-7")
    make_call(agent.connection, agent=agent, status="scheduled", phone_number=number)
    answer = ask(key, query)
    assert len(answer.json()["items"]) == count


@pytest.mark.parametrize(
    "query",
    [
        "status=asleep",
        "status=ended,",
        "duration_min=long",
        "reviewed=perhaps",
        "sort=colour",
        "tag=7",
        "cost_min=-1",
        "since=2026-13-01",
        f"q={'x' * 300}",
    ],
)
def test_a_filter_that_is_none_is_named(key: str, agent: Agent, query: str) -> None:
    answer = ask(key, query)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")
    assert answer.json()["field"] == query.partition("=")[0]


def test_an_agent_that_is_not_there_is_a_404(key: str, agent: Agent) -> None:
    assert ask(key, "agent=nobody").json()["error"] == "agent_not_found"
