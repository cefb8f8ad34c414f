"""Attempts per day: how often one number is called, by its own day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent
from agents.providers.base import LaunchWish
from calls import policy
from calls.gate import attempts
from calls.models import Call
from calls.plan import Plan, prepare
from calls.refusals import Seen
from dashboard.models import Workspace
from tests.factories import make_agent, make_call, make_connection, make_number

pytestmark = pytest.mark.django_db
# A number in London, on a Friday at 10:00 there.
CALLEE = "+442079460000"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent with a number to call from; two calls a day are allowed."""
    workspace.attempts_per_day = 2
    workspace.save()
    agent = make_agent(make_connection(workspace))
    make_number(agent.connection, number="+16285550170", carrier="custom")
    return agent


def called(agent: Agent, **fields: Any) -> Call:
    """Make a call to the number that rang an hour ago."""
    fields = {"dialed_at": NOW - timedelta(hours=1), "status": "ended"} | fields
    return make_call(agent.connection, **{"to_number": CALLEE} | fields)


def planned(agent: Agent, to: str = CALLEE, now: datetime = NOW, **more: Any) -> Plan:
    """Return the plan of one call more."""
    wish = LaunchWish(to_number=to, agent_id=str(agent.pk), **more)
    plan = prepare(agent.workspace, wish)
    plan.asked_at = now
    return plan


def codes(plan: Plan) -> list[str]:
    """Return the codes of what speaks against a call."""
    return [refusal.code for refusal in policy.check(plan)]


def test_the_third_call_of_a_day_is_refused(agent: Agent) -> None:
    called(agent)
    assert codes(planned(agent)) == []
    called(agent, status="not_connected")
    plan = planned(agent)
    (refused,) = policy.check(plan)
    assert refused.code == "too_many_attempts"
    assert refused.message == (
        "+44 20 7946 0000 has been called 2 times on this day, by the clock in London, "
        "and 2 a day are allowed."
    )
    assert refused.mend == (
        "Call from 00:00 on Saturday, 21 Nov, there. An admin can allow more under "
        "Settings."
    )
    assert refused.more["attempts"] == 2
    assert refused.more["next_allowed_at"] == "2026-11-21T00:00:00+00:00"
    row = next(r for r in plan.evidence if r["check"] == "attempts per day")
    assert row["looked_at"] == "at most 2, on the day in London"
    assert row["saw"] == "2 before this one"


def test_with_hours_the_next_attempt_is_inside_them(agent: Agent) -> None:
    agent.workspace.has_calling_hours = True
    called(agent)
    called(agent)
    (refused,) = policy.check(planned(agent))
    # Friday is full, and at the weekend nobody is called.
    assert refused.next_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "canceled"},
        {"status": "failed", "end_reason": "no_funds"},
        {"dialed_at": NOW - timedelta(days=1)},
        {"to_number": "+442079460001"},
        {"direction": "inbound", "to_number": CALLEE},
    ],
)
def test_what_was_no_attempt_is_not_counted(
    agent: Agent, fields: dict[str, Any]
) -> None:
    called(agent)
    called(agent, **fields)
    assert codes(planned(agent)) == []


@pytest.mark.parametrize(
    "fields",
    [
        # It rang, and then failed or was given up.
        {"status": "failed", "provider_call_id": "call_1"},
        {"status": "canceled", "provider_call_id": "call_1"},
        # It waits, and goes out today.
        {"status": "queued", "dialed_at": None, "due_at": NOW},
        # Nobody knows: it may have rung.
        {"status": "unconfirmed"},
    ],
)
def test_what_rang_or_may_ring_yet_is_counted(
    agent: Agent, fields: dict[str, Any]
) -> None:
    called(agent)
    called(agent, **fields)
    assert codes(planned(agent)) == ["too_many_attempts"]


def test_a_call_for_another_day_counts_there(agent: Agent) -> None:
    called(agent)
    tomorrow = NOW + timedelta(days=1)
    waiting = {"status": "scheduled", "dialed_at": None}
    called(agent, **waiting, due_at=tomorrow, scheduled_at=tomorrow)
    assert codes(planned(agent)) == []
    called(agent, **waiting, due_at=tomorrow, scheduled_at=tomorrow)
    plan = planned(agent)
    plan.scheduled_at = tomorrow
    assert codes(plan) == ["too_many_attempts"]


def test_the_day_is_that_of_the_person_called(agent: Agent) -> None:
    # 23:30 in New York, which is Friday there and Saturday in London.
    new_york, late = "+12125550100", datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
    for hour in (14, 15):
        at = datetime(2026, 11, 20, hour, tzinfo=UTC)
        called(agent, to_number=new_york, dialed_at=at)
    assert codes(planned(agent, to=new_york, now=late)) == ["too_many_attempts"]
    after = late + timedelta(hours=1)
    assert codes(planned(agent, to=new_york, now=after)) == []


def test_it_is_the_same_number_however_it_is_written(agent: Agent) -> None:
    called(agent)
    called(agent)
    written: dict[str, Any] = {"ignore_e164_validation": True}
    written |= {"from_number": "+16285550170"}
    assert codes(planned(agent, to="00442079460000", **written)) == []
    agent.workspace.country = "GB"
    assert codes(planned(agent, to="02079460000", **written)) == ["too_many_attempts"]


def test_the_count_costs_one_query_and_only_when_it_is_wanted(
    agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plan = planned(agent)
    with django_assert_num_queries(1):
        list(attempts.check(plan))
    agent.workspace.attempts_per_day = None
    plan = planned(agent)
    with django_assert_num_queries(0):
        (seen,) = attempts.check(plan)
    assert seen == Seen("attempts per day", "no limit is set", "not counted")


def test_the_limit_holds_at_the_dial_too(agent: Agent) -> None:
    waiting = called(agent, status="queued", dialed_at=None, due_at=NOW)
    called(agent, status="queued", dialed_at=None, due_at=NOW)
    called(agent)
    # Of those that wait, each may still be the second.
    assert policy.held_back(waiting, NOW) is None
    called(agent)
    held = policy.held_back(waiting, NOW)
    assert held is not None
    assert (held.code, held.until) == ("too_many_attempts", None)
    assert held.note.endswith("It did not go out.")


def test_of_two_that_are_dialled_at_once_the_first_goes_out(agent: Agent) -> None:
    called(agent)
    dialing = {"status": "dialing", "dialed_at": None, "due_at": NOW}
    second = called(agent, **dialing, claimed_at=NOW)
    first = called(agent, **dialing, claimed_at=NOW - timedelta(seconds=1))
    assert policy.held_back(first, NOW) is None
    held = policy.held_back(second, NOW)
    assert held is not None
    assert held.code == "too_many_attempts"
