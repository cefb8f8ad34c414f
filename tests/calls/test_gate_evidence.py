"""Evidence: what each check looked at and what it saw, kept with the call and exported."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from agents.models import Agent, Direction, bind
from agents.providers.base import LaunchWish, Overrides
from calls import launch, policy
from calls.models import Call, Source
from calls.plan import Plan, prepare
from dashboard.models import ApiKey, Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
)

pytestmark = pytest.mark.django_db
CALLEE = "+14155550100"


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent bound to a number to call from."""
    agent = make_agent(make_connection(workspace, name="Main"), versions=3, name="Maya")
    number = make_number(agent.connection, number="+16285550170")
    bind(number, Direction.OUTBOUND, agent)
    return agent


@pytest.fixture
def plan(workspace: Workspace, agent: Agent, manager: Member) -> Plan:
    """Return the plan of a call that wishes for everything."""
    wish = LaunchWish(
        to_number="(415) 555-0100",
        agent_id=str(agent.pk),
        variables={"plan": "gold"},
        sip_headers={"X-Campaign": "june"},
        metadata={"lead": 7},
        overrides=Overrides(voice="nova"),
    )
    return prepare(workspace, wish, member=manager)


def seen(plan: Plan) -> dict[str, tuple[str, str]]:
    """Return what each check looked at and saw, first."""
    assert policy.check(plan) == []
    rows = policy.evidence(plan)
    assert all(set(row) == {"check", "looked_at", "saw"} for row in rows)
    return {row["check"]: (row["looked_at"], row["saw"]) for row in rows[::-1]}


def test_every_check_says_what_it_looked_at_and_what_it_saw(
    plan: Plan, manager: Member
) -> None:
    reason = "Maya calls out from it, and it is local to the person called"
    assert seen(plan) == {
        "money": ("no wallet", "no limit"),
        "permission": (str(manager.user), "Sales manager"),
        "number": ("(415) 555-0100", CALLEE),
        "agent": (str(plan.wish.agent_id), "Maya, v2"),
        "caller number": (reason, "+16285550170"),
        "connection": ("Main", "on"),
        "do-not-call": ("contacts, and the list", "not on the list"),
        "country": ("+16285550170 may call every country", "US"),
        "calling hours": ("none are set", "any time"),
        "attempts per day": ("no limit is set", "not counted"),
        "SIP headers": ("names with X-, one line each", "X-Campaign"),
        "variables": ("plain names, texts", "plan"),
        "metadata": ("JSON that can be kept", "lead"),
        "overrides": ("1 to 120 minutes, known fields", "voice"),
        "provider": ("Simulator", "overrides, SIP headers, variables"),
        "queue": ("at most 20,000 waiting", "room"),
    }


def test_each_variable_says_where_it_comes_from(
    workspace: Workspace, agent: Agent
) -> None:
    latest = agent.version(None)
    assert latest is not None
    latest.prompt = "{{first_name}} {{plan}} {{tier}} {{business_hours}} {{mood}}"
    latest.save()
    workspace.context_variables.create(
        scope="business", name="hours", label="Hours", value="9 to 5"
    )
    make_contact(workspace, number=CALLEE, name="Jamie", attributes={"tier": "gold"})
    wish = LaunchWish(
        to_number=CALLEE, agent_id=str(agent.pk), variables={"plan": "Pro"}
    )
    told = prepare(workspace, wish)
    assert policy.check(told) == []
    assert [
        (row["looked_at"], row["saw"])
        for row in policy.evidence(told)
        if row["check"] == "variables"
    ] == [
        ("plain names, texts", "plan"),
        ("from the contact", "first_name, tier"),
        ("from the business", "business_hours"),
        ("said by nobody", "mood"),
    ]


def test_a_program_is_named_by_its_key(workspace: Workspace, agent: Agent) -> None:
    key, _, _ = ApiKey.issue(workspace, "CRM", ["calls:write"])
    wish = LaunchWish(to_number=CALLEE, agent_id=str(agent.pk))
    program = prepare(workspace, wish, source=Source.API, api_key=key)
    assert seen(program)["permission"][0].startswith("API key CRM")


def test_a_refusal_stands_with_what_was_seen(plan: Plan, workspace: Workspace) -> None:
    make_contact(workspace, number=CALLEE, name="Jamie", do_not_call=True)
    refusals = policy.check(plan)
    rows = policy.evidence(plan, refusals)
    bar = {"check": "do-not-call", "looked_at": "contacts, and the list"}
    assert bar | {"saw": "Jamie asked not to be called."} in rows
    assert rows[-1]["check"] == "do_not_call"


def test_asking_twice_keeps_the_last_answer_only(plan: Plan) -> None:
    policy.check(plan)
    first = policy.evidence(plan)
    policy.check(plan)
    assert policy.evidence(plan) == first


def test_long_values_are_cut(plan: Plan) -> None:
    plan.wish.metadata["x" * 500] = 1
    policy.check(plan)
    row = next(row for row in policy.evidence(plan) if row["check"] == "metadata")
    assert len(row["saw"]) == policy.LONGEST


def test_what_was_seen_is_kept_with_the_call(plan: Plan) -> None:
    policy.check(plan)
    call, _ = launch.launch(plan)
    kept = Call.objects.get(pk=call.pk).evidence
    assert kept == policy.evidence(plan)
    assert len(json.dumps(kept)) < 2_000


# --- Shown and exported --------------------------------------------------------------
@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of a reviewer: evidence is for reading."""
    return client_of(reviewer)


@pytest.fixture
def manager_client(client_of: Callable[[Member], Client], manager: Member) -> Client:
    """Return the browser of a manager, who sees e-mail addresses as they are."""
    return client_of(manager)


def test_the_page_of_a_call_shows_it(client: Client, plan: Plan) -> None:
    policy.check(plan)
    call, _ = launch.launch(plan)
    page = client.get(call.get_absolute_url()).content.decode()
    assert "Looked at before it went out" in page
    assert "<dd>not on the list<small>contacts, and the list</small></dd>" in page
    assert f"{call.get_absolute_url()}evidence.json" in page


def test_it_is_exported_as_json(
    manager_client: Client, plan: Plan, manager: Member
) -> None:
    policy.check(plan)
    call, _ = launch.launch(plan)
    answer = manager_client.get(f"/calls/{call.pk}/evidence.json")
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert told["checks"] == call.evidence
    assert told["call_id"] == str(call.pk)
    assert (told["to_number"], told["from_number"]) == (CALLEE, "+16285550170")
    assert (told["agent"], told["agent_version"]) == ("Maya", 2)
    assert (told["launched_by"], told["source"]) == (str(manager.user), "Call now")
    assert told["when"]["created_at"].startswith(f"{call.created_at:%Y-%m-%dT%H:%M}")
    assert told["when"]["dialed_at"] is None


def test_evidence_of_earlier_versions_is_still_shown(
    client: Client, agent: Agent
) -> None:
    old = [{"check": "country", "saw": "US"}]
    call = make_call(agent.connection, evidence=old, status="ended")
    assert "<dd>US</dd>" in client.get(call.get_absolute_url()).content.decode()
    assert client.get(f"/calls/{call.pk}/evidence.json").json()["checks"] == old
