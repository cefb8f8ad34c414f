"""Call now: what the form says, and that one click is one call."""

import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from agents.models import Agent, Direction, bind
from agents.phone import parse
from calls import launch as writing
from calls.forms.callee import hear, understand
from calls.models import Call, Contact
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_member,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db

NEW, PREVIEW, SUGGEST = "/calls/new/", "/calls/new/preview/", "/calls/new/suggest/"
CALLEE = "+14155550100"


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent with three versions and a number to call from."""
    agent = make_agent(make_connection(workspace), versions=3, name="Maya")
    number = make_number(agent.connection, number="+16285550170", label="Front desk")
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
    return {"launch_key": key, "who": "(415) 555-0100", "agent": str(agent.pk)}


def text(response: Any) -> str:
    """Return the words of a page, without tags and with single spaces."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", bare)


def fields(response: Any) -> dict[str, str]:
    """Return the values of the text inputs of a page."""
    tags = re.findall(r"<input[^>]+>", response.content.decode())
    pairs = [
        (re.search(r'name="([^"]+)', t), re.search(r'value="([^"]*)', t)) for t in tags
    ]
    return {name[1]: value[1] for name, value in pairs if name and value}


# --- opening
def test_the_form_opens_with_a_key_of_its_own(client: Client, agent: Agent) -> None:
    first, second = client.get(NEW), client.get(NEW)
    assert uuid.UUID(fields(first)["launch_key"])
    assert fields(first)["launch_key"] != fields(second)["launch_key"]


def test_it_opens_with_a_contact_and_what_is_known_of_them(
    client: Client, agent: Agent, workspace: Workspace
) -> None:
    contact = make_contact(workspace, name="Jamie Doe", number=CALLEE)
    page = client.get(NEW, {"contact": str(contact.pk)})
    shown = fields(page)
    assert (shown["who"], shown["var-first_name"]) == ("Jamie Doe", "Jamie")
    assert "from contact" in text(page)
    assert "Hello Jamie!" in text(page)


def test_it_opens_with_a_number_and_its_outbound_agent(
    client: Client, agent: Agent, workspace: Workspace
) -> None:
    other = make_agent(make_connection(workspace), name="Aaron")
    number = make_number(other.connection)
    bind(number, Direction.OUTBOUND, other)
    page = client.get(NEW, {"number": str(number.pk)}).content.decode()
    assert f'<option value="{other.pk}" selected>' in page
    assert f'<option value="{number.number}" selected>' in page


def test_it_says_what_it_chose_and_why(client: Client, wish: dict[str, str]) -> None:
    words = text(client.post(PREVIEW, wish))
    assert "Latest (v2)" in words
    assert "Best match: Front desk" in words
    assert "Maya calls out from it, and it is local to the person called" in words


@pytest.mark.parametrize("name", ["contact", "agent", "number", "again"])
def test_what_the_workspace_does_not_have_is_not_found(
    client: Client, name: str
) -> None:
    other = make_connection(make_workspace())
    rows = {
        "contact": make_contact(other.workspace),
        "agent": make_agent(other),
        "number": make_number(other),
        "again": make_call(other),
    }
    assert client.get(NEW, {name: str(rows[name].pk)}).status_code == 404
    assert client.get(NEW, {name: "nonsense"}).status_code == 404


def test_a_call_is_made_again_with_the_same_words(
    client: Client, agent: Agent, workspace: Workspace
) -> None:
    call = make_call(
        agent.connection,
        agent=agent,
        to_number=CALLEE,
        from_number="+16285550170",
        variables={"plan": "Team", "mood": "good"},
        overrides={"voice": "nova", "max_duration_ms": 90_000},
        metadata={"campaign": "june"},
        status="ended",
    )
    workspace.context_variables.create(
        scope="business", name="hours", label="Hours", value="9 to 5"
    )
    call.variables["business_hours"] = "9 to 5"
    call.save()
    page = client.get(NEW, {"again": str(call.pk)})
    shown = fields(page)
    assert "var-business_hours" not in shown
    assert "Again: the call of" in text(page)
    assert (shown["who"], shown["var-plan"], shown["var-mood"]) == (
        CALLEE,
        "Team",
        "good",
    )
    assert (shown["voice"], shown["max_minutes"]) == ("nova", "1.5")
    assert "june" in page.content.decode()
    assert shown["launch_key"] not in call.launch_key


def test_an_inbound_call_is_called_back(client: Client, agent: Agent) -> None:
    call = make_call(
        agent.connection,
        agent=agent,
        direction="inbound",
        from_number=CALLEE,
        to_number="+16285550170",
        ignore_e164_validation=True,
        status="ended",
    )
    page = client.get(NEW, {"again": str(call.pk)})
    assert fields(page)["who"] == CALLEE
    assert "Ready:" in text(page)


# --- who
def test_a_number_is_understood_and_the_time_there_is_said() -> None:
    number = parse("(415) 555-0100")
    assert number is not None
    heard = hear(number, None, datetime(2026, 11, 20, 22, 5, tzinfo=UTC))
    assert (heard.place, heard.country) == ("San Francisco, CA", "United States")
    assert heard.time == "14:05"


def test_a_contact_knows_the_time_better_than_the_number() -> None:
    number = parse(CALLEE)
    assert number is not None
    contact = Contact(timezone="Europe/Berlin", number=CALLEE)
    heard = hear(number, contact, datetime(2026, 11, 20, 22, 5, tzinfo=UTC))
    assert heard.time == "23:05"


def test_a_name_is_a_contact_where_only_one_has_it(workspace: Workspace) -> None:
    jamie = make_contact(workspace, name="Jamie Doe")
    assert understand(workspace, "jamie doe").contact == jamie
    make_contact(workspace, name="Jamie Doe")
    both = understand(workspace, "jamie doe")
    assert (both.contact, len(both.matches)) == (None, 2)
    assert understand(workspace, "Jamie Doe", jamie.pk).contact == jamie


def test_a_choice_ends_when_something_else_is_typed(workspace: Workspace) -> None:
    jamie = make_contact(workspace, name="Jamie Doe")
    assert understand(workspace, "415 555 0177", jamie.pk).contact is None


def test_an_unknown_name_is_said_so(client: Client, wish: dict[str, str]) -> None:
    words = text(client.post(PREVIEW, wish | {"who": "Nobody"}))
    assert "No contact is called “Nobody”" in words
    assert "Ready:" not in words


def test_suggestions_find_names_and_numbers(
    client: Client, agent: Agent, workspace: Workspace
) -> None:
    make_contact(workspace, name="Jamie Doe", number="+14155550142")
    make_contact(make_workspace(), name="Jamie Stranger")
    asked = {"HX-Request": "true", "HX-Target": "suggestions"}
    for typed in ("jam", "555 0142"):
        page = client.get(SUGGEST, {"who": typed}, headers=asked)
        assert re.findall(r'data-name="([^"]+)', page.content.decode()) == ["Jamie Doe"]
    assert "</html>" in client.get(SUGGEST, {"who": "jam"}).content.decode()


def test_a_suggestion_can_be_picked_without_script(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    contact = make_contact(workspace, name="Jamie Doe", number=CALLEE)
    page = client.post(PREVIEW, wish | {"who": "jam", "pick": str(contact.pk)})
    assert fields(page)["who"] == "Jamie Doe"
    assert "Ready:" in text(page)


# --- variables
def test_values_follow_the_contact_and_typed_ones_stay(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    make_contact(workspace, name="Rosa Diaz", number=CALLEE)
    before = {"var-first_name": "Jamie", "was-first_name": "Jamie", "var-plan": "Team"}
    shown = fields(client.post(PREVIEW, wish | before))
    assert (shown["var-first_name"], shown["var-plan"]) == ("Rosa", "Team")


def test_missing_variables_are_first_and_warned_of_but_not_refused(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    make_contact(workspace, name="Rosa Diaz", number=CALLEE)
    page = client.post(PREVIEW, wish)
    names = re.findall(r'name="var-(\w+)"', page.content.decode())
    assert names == ["plan", "first_name"]
    assert "1 thing is missing: plan" in text(page)
    assert "Ready:" in text(page)


@pytest.mark.parametrize(
    ("prompt", "says"),
    [("You wait.", "waits for the other side"), ("", "begins is not known here")],
)
def test_an_agent_without_an_opening_line_waits_or_is_not_known(
    client: Client, wish: dict[str, str], agent: Agent, prompt: str, says: str
) -> None:
    agent.versions.update(prompt=prompt, opening_line="", variables=[])
    assert says in text(client.post(PREVIEW, wish))


# --- what the provider lacks
def test_fields_a_provider_lacks_are_absent_with_a_reason(
    client: Client, wish: dict[str, str], agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fact in ("has_overrides", "has_sip_headers", "has_trunks", "has_versions"):
        monkeypatch.setattr(agent.connection.kind, fact, False)
    page = client.post(PREVIEW, wish)
    html = page.content.decode()
    for name in ("voice", "raw", "sip_headers", "trunk_name", "version"):
        assert f'name="{name}"' not in html
    assert "sends no SIP headers" in text(page)
    assert "keeps no versions" in text(page)


def test_the_check_can_be_skipped_only_on_custom_telephony(
    client: Client, wish: dict[str, str], agent: Agent
) -> None:
    box = 'name="ignore_e164_validation"'
    assert box not in client.post(PREVIEW, wish).content.decode()
    agent.connection.numbers.update(carrier="custom")
    assert box in client.post(PREVIEW, wish).content.decode()


# --- the click
def test_a_click_launches_the_call_and_shows_it(
    client: Client, wish: dict[str, str], agent: Agent, manager: Member
) -> None:
    more = {"var-plan": "Team", "metadata": '{"a": 1}', "sip_headers": "X-Team: west"}
    response = client.post(NEW, wish | more | {"max_minutes": "5", "version": "1"})
    call = Call.objects.get()
    assert response["Location"] == call.get_absolute_url()
    assert (call.to_number, call.from_number) == (CALLEE, "+16285550170")
    assert (call.agent, call.agent_version) == (agent, 1)
    assert (call.status, call.source) == ("queued", "button")
    assert call.launched_by == manager.user
    assert call.variables == {"plan": "Team"}
    assert call.metadata == {"a": 1}
    assert call.sip_headers == {"X-Team": "west"}
    assert call.overrides["max_duration_ms"] == 300_000


def test_a_double_click_is_one_call(client: Client, wish: dict[str, str]) -> None:
    first, second = client.post(NEW, wish), client.post(NEW, wish)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert Call.objects.count() == 1


def test_a_repeat_finds_its_call_even_when_the_rules_changed_since(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    client.post(NEW, wish)
    workspace.suppressions.create(number=CALLEE)
    assert client.post(NEW, wish).status_code == 302
    assert Call.objects.count() == 1


def test_the_back_button_and_another_number_do_not_dial_by_themselves(
    client: Client, wish: dict[str, str]
) -> None:
    client.post(NEW, wish)
    response = client.post(NEW, wish | {"who": "+14155550101"})
    assert response.status_code == 422
    assert "This form already started" in text(response)
    assert Call.objects.get().get_absolute_url() in response.content.decode()
    assert fields(response)["launch_key"] != wish["launch_key"]
    assert Call.objects.count() == 1


def test_a_second_tab_sees_the_open_call(client: Client, wish: dict[str, str]) -> None:
    client.post(NEW, wish)
    second = wish | {"launch_key": str(uuid.uuid4())}
    response = client.post(NEW, second)
    assert response.status_code == 422
    assert "A call with this number is open." in text(response)
    assert Call.objects.count() == 1
    assert client.post(NEW, second | {"anyway": "on"}).status_code == 302
    assert Call.objects.count() == 2


def test_a_person_who_is_calling_us_is_not_called(
    client: Client, wish: dict[str, str], agent: Agent
) -> None:
    make_call(
        agent.connection, direction="inbound", from_number=CALLEE, status="in_progress"
    )
    assert client.post(NEW, wish).status_code == 422


def test_a_call_that_is_over_does_not_stand_in_the_way(
    client: Client, wish: dict[str, str], agent: Agent
) -> None:
    make_call(agent.connection, to_number=CALLEE, status="ended")
    assert client.post(NEW, wish).status_code == 302


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"who": "12"}, "“12” is not a phone number."),
        ({"who": ""}, "Type a name or a number."),
        ({"agent": ""}, "No agent is chosen"),
        ({"metadata": "{"}, "This is not JSON: line 1, column 2."),
        ({"metadata": "[1]"}, "Write an object"),
        ({"raw": "nope"}, "This is not JSON"),
        ({"sip_headers": "X-Team west"}, "Write each header once"),
        ({"sip_headers": "X-A: 1\nX-A: 2"}, "Write each header once"),
        ({"sip_headers": "Team: west"}, "does not begin with X-"),
        ({"max_minutes": "200"}, "between 1 and 120 minutes"),
        ({"max_minutes": "soon"}, "Enter a number."),
        ({"launch_key": ""}, "This field is required."),
    ],
)
def test_what_speaks_against_it_is_said_and_nothing_is_written(
    client: Client, wish: dict[str, str], change: dict[str, str], words: str
) -> None:
    response = client.post(NEW, wish | change)
    assert response.status_code == 422
    assert words in text(response)
    assert Call.objects.count() == 0


def test_nobody_on_the_do_not_call_list_is_called(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    workspace.suppressions.create(number=CALLEE)
    assert "is on the do-not-call list" in text(client.post(PREVIEW, wish))
    assert client.post(NEW, wish).status_code == 422
    assert Call.objects.count() == 0


def test_a_preview_writes_nothing_and_renders_the_form_alone(
    client: Client, wish: dict[str, str]
) -> None:
    asked = {"HX-Request": "true", "HX-Target": "form"}
    part = client.post(PREVIEW, wish, headers=asked).content.decode()
    assert part.strip().startswith("<form")
    assert f'value="{wish["launch_key"]}"' in part
    assert Call.objects.count() == 0


def test_the_agents_of_other_connections_come_with_their_own_numbers(
    client: Client, wish: dict[str, str], workspace: Workspace
) -> None:
    other = make_agent(make_connection(workspace), name="Aaron")
    theirs = make_number(other.connection)
    page = client.post(
        PREVIEW, wish | {"agent": str(other.pk), "from_number": "+16285550170"}
    ).content.decode()
    assert f'value="{theirs.number}"' in page
    assert "+16285550170" not in page


# --- who may
def test_a_reviewer_cannot_launch(
    client_of: Callable[[Member], Client], reviewer: Member, wish: dict[str, str]
) -> None:
    client = client_of(reviewer)
    for response in (
        client.get(NEW),
        client.post(NEW, wish),
        client.post(PREVIEW, wish),
        client.get(SUGGEST, {"who": "jam"}),
    ):
        assert response.status_code == 403
    assert Call.objects.count() == 0


def test_without_agents_and_numbers_it_says_what_to_do(client: Client) -> None:
    page = client.get(NEW)
    assert page.status_code == 200
    assert "There is no agent yet." in text(page)


def test_metadata_is_folded_open_where_it_is_filled_in(
    client: Client, wish: dict[str, str]
) -> None:
    plain = client.post(PREVIEW, wish).content.decode()
    full = client.post(PREVIEW, wish | {"metadata": json.dumps({"a": 1})})
    assert not re.search(r'<details id="engineers"[^>]* open', plain)
    assert re.search(r'<details id="engineers"[^>]* open', full.content.decode())


@pytest.mark.skipif(connection.vendor == "sqlite", reason="writers take turns there")
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_ring_a_phone_once(
    workspace: Workspace,
    client_of: Callable[[Member], Client],
    wish: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients = [client_of(make_member(workspace, "manager")) for _ in range(2)]
    both, launch = Barrier(2, timeout=2), writing.launch

    def launch_together(*given: Any, **named: Any) -> Any:
        with suppress(BrokenBarrierError):
            both.wait()
        return launch(*given, **named)

    def click(client: Client) -> int:
        try:
            data = wish | {"launch_key": str(uuid.uuid4())}
            return client.post(NEW, data).status_code
        finally:
            connections.close_all()

    monkeypatch.setattr(writing, "launch", launch_together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(click, clients)) == [302, 422]
    assert Call.objects.count() == 1
