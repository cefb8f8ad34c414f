"""The pages of agents, as people see them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agents.models import Direction, bind
from calls.models import CallStatus
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db
LogIn = Callable[[Member], Client]


def text(client: Client, url: str, **headers: str) -> str:
    """Return a page as text."""
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_an_agent_is_listed_with_what_it_does(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace, name="Retell EU")
    agent = make_agent(account, versions=3, name="Ava")
    bind(make_number(account), Direction.INBOUND, agent)
    make_call(account, agent=agent, status=CallStatus.ENDED)
    page = client_of(reviewer).get("/agents/")
    line = page.context["lines"][0]
    assert (line["latest"].version, line["bound"], line["today"]) == (2, 1, 1)
    assert "Retell EU" in page.content.decode()


@pytest.mark.parametrize(
    ("provider", "opening_line", "words"),
    [
        ("zudu", "Hi {{name}}", "takes none"),
        ("klen", "", "not known"),
        ("retell", "Hi {{name}}", '<td class="hm r num">1</td>'),
    ],
)
def test_variables_are_counted_where_they_are_known_and_taken(
    workspace: Workspace,
    reviewer: Member,
    client_of: LogIn,
    provider: str,
    opening_line: str,
    words: str,
) -> None:
    agent = make_agent(make_connection(workspace, provider=provider), versions=0)
    agent.versions.create(version=0, opening_line=opening_line)
    page = client_of(reviewer).get("/agents/").content.decode()
    assert words in page


def test_calls_of_yesterday_are_not_of_today(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace)
    agent = make_agent(account)
    make_call(account, agent=agent, created_at=timezone.now() - timedelta(days=1))
    page = client_of(reviewer).get("/agents/")
    assert page.context["lines"][0]["today"] == 0


def test_a_number_on_both_sides_counts_once(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace)
    agent, number = make_agent(account), make_number(account)
    bind(number, Direction.INBOUND, agent)
    bind(number, Direction.OUTBOUND, agent)
    page = client_of(reviewer).get("/agents/")
    assert page.context["lines"][0]["bound"] == 1


@pytest.mark.parametrize("typed", ["ava", "AGENT_77", "retell eu", "(415) 555-0100"])
def test_agents_are_found(
    workspace: Workspace, reviewer: Member, client_of: LogIn, typed: str
) -> None:
    account = make_connection(workspace, name="Retell EU")
    ava = make_agent(account, name="Ava", provider_agent_id="agent_77")
    make_agent(make_connection(workspace, name="Other"), name="Ben")
    bind(make_number(account, number="+14155550100"), Direction.INBOUND, ava)
    page = client_of(reviewer).get("/agents/", {"q": typed})
    assert [line["agent"] for line in page.context["lines"]] == [ava]


def test_a_search_answers_only_the_rows(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    make_agent(make_connection(workspace), name="Ava")
    headers = {"HX-Request": "true", "HX-Target": "rows"}
    part = text(client_of(reviewer), "/agents/?q=ava", **headers)
    assert "Ava" in part
    assert "<html" not in part


def test_the_empty_list_says_what_to_do(
    admin: Member, reviewer: Member, client_of: LogIn
) -> None:
    assert "Go to connections" in text(client_of(admin), "/agents/")
    assert "Ask an admin" in text(client_of(reviewer), "/agents/")
    assert "No agent fits" in text(client_of(reviewer), "/agents/?q=zzz")


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_takes_the_same_queries(
    workspace: Workspace,
    reviewer: Member,
    client_of: LogIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    account = make_connection(workspace)
    for _ in range(rows):
        agent = make_agent(account, versions=2)
        bind(make_number(account), Direction.INBOUND, agent)
    client = client_of(reviewer)
    headers = {"HX-Request": "true", "HX-Target": "rows"}
    with django_assert_num_queries(8):
        client.get("/agents/", headers=headers)


def test_an_agent_page_shows_its_words_and_variables(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    agent = make_agent(make_connection(workspace), opening_line="Hello {{first_name}}!")
    page = text(client_of(reviewer), agent.get_absolute_url())
    assert "Hello {{first_name}}!" in page
    assert '<li class="mono">plan</li>' in page


def test_only_who_may_launch_is_offered_a_call(
    workspace: Workspace, manager: Member, reviewer: Member, client_of: LogIn
) -> None:
    url = make_agent(make_connection(workspace)).get_absolute_url()
    assert "Call now with this agent" in text(client_of(manager), url)
    assert "Call now with this agent" not in text(client_of(reviewer), url)


def test_two_versions_are_marked_line_by_line(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    agent = make_agent(make_connection(workspace), versions=0)
    for version, prompt in enumerate(("Be kind.\nAsk twice.", "Be kind.\nAsk once.")):
        agent.versions.create(version=version, prompt=prompt)
    page = client_of(reviewer).get(agent.get_absolute_url())
    marks = [pair.mark for pair in page.context["compared"][0].lines]
    assert marks == ["", "changed"]


def test_two_versions_can_be_chosen(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    agent = make_agent(make_connection(workspace), versions=4)
    url = f"{agent.get_absolute_url()}?left=0&right=2"
    page = client_of(reviewer).get(
        url, headers={"HX-Request": "true", "HX-Target": "versions"}
    )
    assert page.context["left"].version == 0
    assert page.context["right"].version == 2
    assert "<html" not in page.content.decode()


@pytest.mark.parametrize("query", ["?left=99&right=x", "?left=", ""])
def test_odd_choices_give_the_newest_two(
    workspace: Workspace, reviewer: Member, client_of: LogIn, query: str
) -> None:
    agent = make_agent(make_connection(workspace), versions=3)
    page = client_of(reviewer).get(f"{agent.get_absolute_url()}{query}")
    assert page.context["left"].version == 1
    assert page.context["right"].version == 2


def test_one_version_cannot_be_compared(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    agent = make_agent(make_connection(workspace), versions=1)
    assert "There is one version" in text(client_of(reviewer), agent.get_absolute_url())


def test_the_numbers_it_is_on_are_shown_with_the_side(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace)
    agent = make_agent(account, name="Ava", versions=2)
    bind(make_number(account), Direction.OUTBOUND, agent, 1)
    page = text(client_of(reviewer), agent.get_absolute_url())
    assert "Makes calls out: Ava v1" in page
    assert "Answers calls in" not in page


def test_the_last_five_calls_are_shown(
    workspace: Workspace, reviewer: Member, client_of: LogIn
) -> None:
    account = make_connection(workspace)
    agent = make_agent(account)
    for _ in range(7):
        make_call(account, agent=agent, status=CallStatus.ENDED)
    page = client_of(reviewer).get(agent.get_absolute_url())
    assert len(page.context["calls"]) == 5


def test_a_retired_agent_says_so(
    workspace: Workspace, manager: Member, client_of: LogIn
) -> None:
    agent = make_agent(make_connection(workspace), retired_at=timezone.now())
    page = text(client_of(manager), agent.get_absolute_url())
    assert "no longer has this agent" in page
    assert "Call now with this agent" not in page


def test_a_stranger_finds_nothing(reviewer: Member, client_of: LogIn) -> None:
    agent = make_agent(make_connection(make_workspace()), name="Theirs")
    client = client_of(reviewer)
    assert client.get(agent.get_absolute_url()).status_code == 404
    assert "Theirs" not in text(client, "/agents/")
