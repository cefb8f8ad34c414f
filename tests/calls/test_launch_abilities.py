"""The call pages show what the provider can do, and say why the rest is absent."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, Direction, bind
from agents.providers.base import LaunchWish
from calls.models import Call
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_call, make_connection, make_number

pytestmark = pytest.mark.django_db
NEW, PREVIEW = "/calls/new/", "/calls/new/preview/"
Lacking = Callable[..., None]
NO = "", ""


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent whose words are not known here, with a number of its own."""
    agent = make_agent(make_connection(workspace), versions=0, name="Kai")
    number = make_number(agent.connection, number="+16285550170")
    bind(number, Direction.OUTBOUND, agent)
    return agent


@pytest.fixture
def client(client_of: Callable[[Member], Client], manager: Member) -> Client:
    """Return the browser of a sales manager."""
    return client_of(manager)


@pytest.fixture
def wish(agent: Agent) -> dict[str, str]:
    """Return a form that may go out, as a browser sends it."""
    key = str(uuid.uuid4())
    return {"launch_key": key, "who": "+14155550100", "agent": str(agent.pk)}


@pytest.fixture
def facts(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Lacking:
    """Return a function that sets facts of the agent's provider."""

    def set_facts(**facts: Any) -> None:
        for name, value in facts.items():
            monkeypatch.setattr(agent.connection.kind, name, value)

    return set_facts


def text(response: Any) -> str:
    """Return the words of a page, without tags and with single spaces."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", bare)


def test_the_agents_own_number_is_named_where_it_cannot_be_chosen(
    client: Client, wish: dict[str, str], facts: Lacking
) -> None:
    assert 'name="from_number"' in client.post(PREVIEW, wish).content.decode()
    facts(picks_caller=True)
    page = client.post(PREVIEW, wish)
    assert 'name="from_number"' not in page.content.decode()
    assert "+1 628 555 0170 : Simulator gives each agent its number" in text(page)
    assert "Ready:" in text(page)


def test_no_variables_are_asked_for_where_none_are_taken(
    client: Client, wish: dict[str, str], agent: Agent, facts: Lacking
) -> None:
    agent.versions.create(version=0, opening_line="Hello {{first_name}}!")
    assert "1 thing is missing" in text(client.post(PREVIEW, wish))
    facts(has_variables=False)
    page = client.post(PREVIEW, wish)
    assert "takes no variables for one call" in text(page)
    assert "missing" not in text(page)
    assert 'name="var-' not in page.content.decode()
    assert 'name="more_variables"' not in page.content.decode()


def test_variables_that_are_not_known_here_can_be_typed(
    client: Client, wish: dict[str, str]
) -> None:
    assert "does not tell its words" in text(client.post(PREVIEW, wish))
    lines = "plan: Team\nfirst_name: Rosa"
    assert client.post(NEW, wish | {"more_variables": lines}).status_code == 302
    assert Call.objects.get().variables == {"plan": "Team", "first_name": "Rosa"}


def test_a_variable_without_a_name_is_refused_in_words(
    client: Client, wish: dict[str, str]
) -> None:
    page = client.post(NEW, wish | {"more_variables": "Team"})
    assert page.status_code == 422
    assert "Write each variable once, as name: value" in text(page)
    assert not Call.objects.exists()


def test_calls_in_a_browser_are_explained(
    client: Client, wish: dict[str, str], facts: Lacking
) -> None:
    assert "launched through the API" in text(client.post(PREVIEW, wish))
    facts(has_web_calls=False)
    assert "offers no calls in a browser" in text(client.post(PREVIEW, wish))


def test_raw_fields_are_offered_without_other_overrides(
    client: Client, wish: dict[str, str], facts: Lacking
) -> None:
    facts(has_overrides=False, has_raw_fields=True)
    page = client.post(PREVIEW, wish).content.decode()
    assert 'name="raw"' in page
    assert 'name="voice"' not in page


def test_one_override_that_is_refused_is_absent_with_the_reason(
    client: Client, wish: dict[str, str], facts: Lacking
) -> None:
    def no_voice(client: object, wish: LaunchWish) -> tuple[str, str]:
        return ("overrides", "Write the voice as JSON.") if wish.overrides.voice else NO

    facts(refuse_wish=no_voice)
    page = client.post(PREVIEW, wish)
    assert 'name="voice"' not in page.content.decode()
    assert 'name="model"' in page.content.decode()
    assert "Write the voice as JSON." in text(page)


def test_a_live_call_that_cannot_be_hung_up_says_why(
    client: Client, agent: Agent, facts: Lacking
) -> None:
    facts(can_hang_up=False)
    live = make_call(agent.connection, status="in_progress")
    over = make_call(agent.connection, status="ended")
    words = "Simulator offers no way to hang up a call."
    assert words in text(client.get(live.get_absolute_url()))
    assert words not in text(client.get(over.get_absolute_url()))
