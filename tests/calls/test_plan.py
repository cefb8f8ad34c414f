"""A wish to call, understood."""

import pytest

from agents.models import Agent, Connection, Direction, PhoneNumber, bind
from agents.providers.base import LaunchWish, Overrides
from calls.plan import Plan, prepare
from dashboard.models import Workspace
from tests.factories import make_agent, make_connection, make_contact, make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return the account to call through."""
    return make_connection(workspace)


@pytest.fixture
def agent(connection: Connection) -> Agent:
    """Return an agent with two versions."""
    return make_agent(connection, versions=2, name="Maya")


def plan_of(workspace: Workspace, **wish: object) -> Plan:
    """Return the plan of a wish."""
    return prepare(workspace, LaunchWish(**wish))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["+14155550100", "(415) 555-0100", "415.555.0100", "1 415 555 0100"]
)
def test_a_number_is_understood_in_any_format(
    workspace: Workspace, written: str
) -> None:
    plan = plan_of(workspace, to_number=written)
    assert plan.to_number == "+14155550100"
    assert plan.phone is not None
    assert plan.phone.country == "US"


def test_numbers_are_read_as_those_of_the_workspaces_country() -> None:
    workspace = Workspace(name="Berlin", country="DE")
    workspace.save()
    assert plan_of(workspace, to_number="030 901820").to_number == "+4930901820"


def test_a_skipped_check_leaves_the_number_as_written(workspace: Workspace) -> None:
    plan = plan_of(workspace, to_number=" 334 ", ignore_e164_validation=True)
    assert plan.to_number == "334"


def test_the_contact_is_found_by_the_number(workspace: Workspace) -> None:
    contact = make_contact(workspace, number="+14155550100")
    assert plan_of(workspace, to_number="415 555 0100").contact == contact


def test_an_agent_is_known_by_our_id_and_by_the_providers(
    workspace: Workspace, agent: Agent
) -> None:
    for name in (str(agent.pk), agent.provider_agent_id):
        assert plan_of(workspace, agent_id=name).agent == agent


def test_without_an_agent_the_numbers_own_is_taken(
    workspace: Workspace, agent: Agent
) -> None:
    number = make_number(agent.connection)
    bind(number, Direction.OUTBOUND, agent)
    plan = plan_of(workspace, from_number=number.number)
    assert (plan.agent, plan.connection) == (agent, agent.connection)


def test_a_number_without_a_named_agent_brings_its_pinned_version(
    workspace: Workspace, agent: Agent
) -> None:
    number = make_number(agent.connection)
    bind(number, Direction.OUTBOUND, agent, 0)
    pinned = plan_of(workspace, from_number=number.number)
    named = plan_of(workspace, from_number=number.number, agent_version="latest")
    assert pinned.version is not None and pinned.version.version == 0
    assert named.version is not None and named.version.version == 1


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        (None, 1),
        ("latest", 1),
        ("latest_published", 0),
        ("0", 0),
        (7, None),
        ("x", None),
    ],
)
def test_a_version_is_latest_unless_one_is_wanted(
    workspace: Workspace, agent: Agent, wanted: int | str | None, version: int | None
) -> None:
    plan = plan_of(workspace, agent_id=str(agent.pk), agent_version=wanted)
    assert (plan.version.version if plan.version else None) == version


def best(workspace: Workspace, agent: Agent) -> tuple[PhoneNumber | None, str]:
    """Return the caller number chosen for a call to San Francisco, and why."""
    plan = plan_of(workspace, to_number="+14155550100", agent_id=str(agent.pk))
    return plan.number, plan.number_reason


def test_the_first_number_is_better_than_none(
    workspace: Workspace, agent: Agent
) -> None:
    number = make_number(agent.connection, number="+493012345678")
    chosen, why = best(workspace, agent)
    assert chosen == number
    assert "first number" in why


def test_a_number_of_the_callees_country_is_better(
    workspace: Workspace, agent: Agent
) -> None:
    make_number(agent.connection, number="+493012345678")
    local = make_number(agent.connection, number="+16285550170")
    chosen, why = best(workspace, agent)
    assert chosen == local
    assert "same country" in why


def test_a_number_the_agent_calls_out_from_is_better_still(
    workspace: Workspace, agent: Agent
) -> None:
    make_number(agent.connection, number="+16285550170")
    bound = make_number(agent.connection, number="+493012345678")
    bind(bound, Direction.OUTBOUND, agent)
    chosen, why = best(workspace, agent)
    assert chosen == bound
    assert "Maya calls out from it" in why


def test_numbers_of_other_connections_are_not_chosen(
    workspace: Workspace, agent: Agent
) -> None:
    make_number(make_connection(workspace))
    assert best(workspace, agent) == (None, "")


def test_a_number_that_two_connections_have_is_that_of_the_agent_named(
    workspace: Workspace, agent: Agent, connection: Connection
) -> None:
    elsewhere = make_connection(workspace, name="Elsewhere")
    first = make_number(elsewhere, number="+16285550101")
    second = make_number(connection, number="+16285550101")
    assert plan_of(workspace, from_number="+16285550101").number == first
    named = plan_of(workspace, from_number="+16285550101", agent_id=str(agent.pk))
    assert named.number == second


def test_variables_come_from_the_contact_and_what_is_typed_wins(
    workspace: Workspace, agent: Agent
) -> None:
    make_contact(
        workspace, number="+14155550100", name="Jamie Doe", attributes={"plan": "Pro"}
    )
    plan = plan_of(
        workspace,
        to_number="+14155550100",
        agent_id=str(agent.pk),
        variables={"plan": "Team"},
    )
    told = {v.name: (v.value, v.origin) for v in plan.variables}
    assert told == {"first_name": ("Jamie", "contact"), "plan": ("Team", "typed")}


def test_missing_variables_come_first(workspace: Workspace, agent: Agent) -> None:
    plan = plan_of(workspace, agent_id=str(agent.pk), variables={"first_name": "Jamie"})
    assert [(v.name, v.origin) for v in plan.variables] == [
        ("plan", "missing"),
        ("first_name", "typed"),
    ]


def test_the_opening_line_is_as_the_callee_hears_it(
    workspace: Workspace, agent: Agent
) -> None:
    named = {"first_name": "Jamie"}
    plan = plan_of(workspace, agent_id=str(agent.pk), variables=named)
    assert plan.opening_line == "Hello Jamie!"
    other = Overrides(opening_line="{{first_name}}, about {{plan}}?")
    plan = plan_of(workspace, agent_id=str(agent.pk), variables=named, overrides=other)
    assert plan.opening_line == "Jamie, about {{plan}}?"


def test_variables_of_another_opening_line_are_asked_for(
    workspace: Workspace, agent: Agent
) -> None:
    other = Overrides(opening_line="Hello {{nickname}}!")
    plan = plan_of(workspace, agent_id=str(agent.pk), overrides=other)
    assert "nickname" in [v.name for v in plan.variables]


def test_variables_the_agent_does_not_use_are_kept(
    workspace: Workspace, agent: Agent
) -> None:
    plan = plan_of(workspace, agent_id=str(agent.pk), variables={"mood": "good"})
    assert plan.values == {"mood": "good"}


def test_another_workspaces_rows_are_not_found(
    workspace: Workspace, agent: Agent
) -> None:
    number = make_number(agent.connection)
    stranger = Workspace.objects.create(name="Other", slug="other")
    plan = plan_of(stranger, agent_id=str(agent.pk), from_number=number.number)
    assert (plan.agent, plan.number) == (None, None)
