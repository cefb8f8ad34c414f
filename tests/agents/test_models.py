"""What the rows of agents and numbers hold, and what the database refuses."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from agents import named
from agents.models import Agent, Direction, bind, fill_variables, find_variables
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number, make_workspace

pytestmark = pytest.mark.django_db


def test_variables_are_found_once_in_their_order() -> None:
    assert find_variables("Hi {{ name }}", "{{plan}} {{name}} {{not closed}") == [
        "name",
        "plan",
    ]


def test_a_variable_without_a_value_stays_to_be_seen() -> None:
    said = fill_variables("Hi {{name}}, {{ plan }}", {"name": "Jo", "plan": ""})
    assert said == "Hi Jo, {{ plan }}"


def test_a_version_knows_its_variables(workspace: Workspace) -> None:
    agent = make_agent(make_connection(workspace))
    version = agent.version(None)
    assert version is not None
    assert version.variables == ["first_name", "plan"]


def test_latest_is_the_highest_version(workspace: Workspace) -> None:
    agent = make_agent(make_connection(workspace), versions=3)
    latest, second, none = agent.version(None), agent.version(1), agent.version(9)
    assert latest is not None and latest.version == 2
    assert second is not None and second.version == 1
    assert none is None


def test_an_agent_is_known_by_both_ids(workspace: Workspace) -> None:
    agent = make_agent(make_connection(workspace), provider_agent_id="agent_9")
    assert named.agent(workspace, "agent_9") == agent
    assert named.agent(workspace, str(agent.pk)) == agent
    assert named.agent(workspace, "nobody") is None


def test_an_agent_of_another_workspace_is_not_known(workspace: Workspace) -> None:
    agent = make_agent(make_connection(make_workspace()))
    assert named.agent(workspace, str(agent.pk)) is None


def test_binding_again_keeps_the_old_as_history(workspace: Workspace) -> None:
    account = make_connection(workspace)
    number, first, second = (
        make_number(account),
        make_agent(account),
        make_agent(account),
    )
    bind(number, Direction.INBOUND, first)
    bind(number, Direction.INBOUND, second, 0)
    active = number.binding(Direction.INBOUND)
    assert active is not None
    assert (active.agent, active.version) == (second, 0)
    assert number.bindings.count() == 2


def test_unbinding_leaves_nobody(workspace: Workspace) -> None:
    account = make_connection(workspace)
    number = make_number(account)
    bind(number, Direction.OUTBOUND, make_agent(account))
    bind(number, Direction.OUTBOUND, None)
    assert number.binding(Direction.OUTBOUND) is None


def test_the_database_refuses_two_agents_on_one_direction(
    workspace: Workspace,
) -> None:
    account = make_connection(workspace)
    number, agent = make_number(account), make_agent(account)
    bind(number, Direction.INBOUND, agent)
    with pytest.raises(IntegrityError), transaction.atomic():
        number.bindings.create(direction=Direction.INBOUND, agent=agent)


@pytest.mark.parametrize(
    "fields",
    [
        {"number": "415 555 0100"},
        {"carrier": "pigeon"},
        {"cps": 0},
    ],
)
def test_the_database_refuses_a_bad_number(
    workspace: Workspace, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_number(make_connection(workspace), **fields)


def test_custom_telephony_may_have_an_extension(workspace: Workspace) -> None:
    account = make_connection(workspace)
    assert make_number(account, number="334", carrier="custom").pk


def test_one_number_and_one_agent_id_per_connection(workspace: Workspace) -> None:
    account = make_connection(workspace)
    make_number(account, number="+14155550100")
    make_agent(account, provider_agent_id="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_number(account, number="+14155550100")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_agent(account, provider_agent_id="a")


@pytest.mark.parametrize(
    ("carrier", "concurrency", "ceiling"),
    [("twilio", 20, 5), ("telnyx", 20, 16), ("custom", 100, 5), ("custom", 10, 1)],
)
def test_the_carrier_sets_the_ceiling(
    workspace: Workspace, carrier: str, concurrency: int, ceiling: int
) -> None:
    account = make_connection(workspace, concurrency=concurrency)
    assert make_number(account, carrier=carrier).cps_ceiling() == ceiling


def test_credentials_are_encrypted_at_rest(workspace: Workspace) -> None:
    account = make_connection(workspace, credentials={"api_key": "very-secret"})
    with database.cursor() as cursor:
        cursor.execute("SELECT credentials FROM agents_connection")
        assert "very-secret" not in cursor.fetchone()[0]
    account.refresh_from_db()
    assert account.credentials == {"api_key": "very-secret"}
    assert "very-secret" not in repr(account.account())


def test_every_connection_has_its_own_webhook_token(workspace: Workspace) -> None:
    one, other = make_connection(workspace), make_connection(workspace)
    assert len(one.webhook_token) > 20
    assert one.webhook_token != other.webhook_token


def test_a_retired_agent_is_not_current(workspace: Workspace) -> None:
    agent = make_agent(make_connection(workspace))
    Agent.objects.update(retired_at=agent.created_at)
    assert not workspace.agents.current().exists()


@pytest.mark.parametrize("rows", [1, 20])
def test_a_list_of_numbers_takes_the_same_queries(
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    account = make_connection(workspace)
    agent = make_agent(account)
    for _ in range(rows):
        bind(make_number(account), Direction.INBOUND, agent)
    with django_assert_num_queries(2):
        for number in workspace.numbers.for_list():
            row = number.binding(Direction.INBOUND)
            assert row is not None
            assert row.agent.name == agent.name


def test_people_of_one_workspace_are_not_in_another(admin: Member) -> None:
    assert not make_workspace().members.filter(pk=admin.pk).exists()
