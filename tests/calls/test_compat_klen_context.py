"""Klen's context variables, asked as its clients do: defined, set, and told to agents."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connection as database
from pytest_django.live_server_helper import LiveServer

from agents.models import Agent, Direction, bind
from agents.providers import numeric
from calls.models import Call, Contact, ContextVariable
from dashboard.models import AuditEntry, Workspace
from tests.calls.doors import TO, over_the_wire, send, staffed
from tests.factories import make_contact, make_workspace

pytestmark = pytest.mark.django_db
AGENT = "assistant_12345"
WISH = {"phone_number": TO, "agent_id": AGENT}
VARIABLES, BUSINESS = "context-variables", "business/context"
LEVEL = {
    "name": "membership_level",
    "display_name": "Membership level",
    "description": "How long they have been with us",
    "variable_type": "select",
    "context_type": "contact",
    "select_options": ["Bronze", "Silver", "Gold"],
}
Ask = Callable[..., Any]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that calls from a number."""
    agent = staffed(workspace, versions=1, provider_agent_id=AGENT)
    bind(workspace.numbers.get(), Direction.OUTBOUND, agent)
    return agent


@pytest.fixture
def contact(workspace: Workspace) -> Contact:
    """Return the person who is called."""
    return make_contact(
        workspace, name="Jamie Doe", number=TO, attributes={"plan": "Pro"}
    )


@pytest.fixture
def ask(key: str) -> Ask:
    """Return a function that asks as a client of Klen's would."""

    def asked(method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        return send(method, f"/compat/klen/api/v1/{path}", body, headers)

    return asked


def tell(ask: Ask, contact: Contact, told: Any, **more: Any) -> Any:
    """Set variables of a contact."""
    path = f"contacts/{numeric.number_of(str(contact.pk))}/context"
    return ask("POST", path, {"variables": told} | more)


def error_of(answer: Any) -> tuple[int, str]:
    """Return the status and Klen's word of an error in Klen's shape."""
    body = answer.json()
    assert set(body) == {"error", "message"}
    return answer.status_code, body["error"]


# --- Definitions ---------------------------------------------------------------------
def test_a_variable_is_defined_and_listed(
    ask: Ask, workspace: Workspace, contact: Contact
) -> None:
    made = ask("POST", f"{VARIABLES}/create", LEVEL)
    row = workspace.context_variables.get()
    assert made.status_code == 201
    assert made.json().pop("message")
    assert {k: v for k, v in made.json().items() if k != "message"} == {
        "id": row.pk,
        "name": "membership_level",
        "display_name": "Membership level",
    }
    assert ask("GET", VARIABLES).json() == {
        "count": 1,
        "variables": [LEVEL | {"id": row.pk, "is_default": False}],
    }


def test_the_list_is_narrowed_by_the_type_of_context(ask: Ask) -> None:
    ask("POST", f"{VARIABLES}/create", LEVEL)
    hours = {"name": "hours", "display_name": "Hours", "variable_type": "text"}
    ask("POST", f"{VARIABLES}/create", hours | {"context_type": "business"})
    (shown,) = ask("GET", f"{VARIABLES}?context_type=business").json()["variables"]
    assert (shown["name"], shown["select_options"]) == ("hours", None)
    refused = ask("GET", f"{VARIABLES}?context_type=weather")
    assert error_of(refused) == (400, "validation_error")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": ""}, "missing_parameter"),
        ({"display_name": None}, "missing_parameter"),
        ({"variable_type": None}, "missing_parameter"),
        ({"context_type": None}, "missing_parameter"),
        ({"name": 7}, "validation_error"),
        ({"name": "two words"}, "validation_error"),
        ({"name": "x" * 61}, "validation_error"),
        ({"display_name": "x" * 121}, "validation_error"),
        ({"description": "x" * 301}, "validation_error"),
        ({"variable_type": "colour"}, "validation_error"),
        ({"context_type": "weather"}, "validation_error"),
        ({"select_options": None}, "validation_error"),
        ({"select_options": "Gold"}, "validation_error"),
        ({"select_options": ["Gold", "Gold"]}, "validation_error"),
        ({"select_options": ["Gold", " "]}, "validation_error"),
        ({"select_options": [1]}, "validation_error"),
        ({"variable_type": "text"}, "validation_error"),
    ],
)
def test_a_definition_that_cannot_be_kept_is_refused(
    ask: Ask, workspace: Workspace, changes: dict[str, Any], word: str
) -> None:
    answer = ask("POST", f"{VARIABLES}/create", LEVEL | changes)
    assert error_of(answer) == (400, word)
    assert not workspace.context_variables.exists()


def test_a_name_is_defined_once(ask: Ask, workspace: Workspace) -> None:
    ask("POST", f"{VARIABLES}/create", LEVEL)
    again = ask("POST", f"{VARIABLES}/create", LEVEL)
    assert error_of(again) == (400, "duplicate_variable")
    assert workspace.context_variables.count() == 1


def test_a_definition_is_changed_replaced_and_deleted(
    ask: Ask, workspace: Workspace
) -> None:
    number = ask("POST", f"{VARIABLES}/create", LEVEL).json()["id"]
    path = f"{VARIABLES}/{number}"
    changed = ask("PATCH", f"{path}/update", {"display_name": "Tier"})
    assert (changed.status_code, changed.json()["display_name"]) == (200, "Tier")
    row = workspace.context_variables.get()
    assert row.description == LEVEL["description"]
    required = {name: LEVEL[name] for name in ("name", "display_name", "context_type")}
    whole = required | {"variable_type": "text"}
    assert ask("PUT", f"{path}/update", whole).status_code == 200
    row.refresh_from_db()
    assert (row.kind, row.options, row.description) == ("text", [], "")
    assert error_of(ask("PUT", f"{path}/update", {})) == (400, "missing_parameter")
    renamed = ask("PATCH", f"{path}/update", {"name": "tier"})
    assert error_of(renamed) == (400, "validation_error")
    assert ask("DELETE", f"{path}/delete").status_code == 200
    assert not workspace.context_variables.exists()
    assert error_of(ask("DELETE", f"{path}/delete")) == (404, "not_found")
    assert AuditEntry.objects.filter(action__startswith="variable").count() == 4


@pytest.mark.parametrize("number", ["0", "x", "9" * 30])
def test_an_unknown_variable_is_not_found(ask: Ask, number: str) -> None:
    answer = ask("PATCH", f"{VARIABLES}/{number}/update", {})
    assert error_of(answer) == (404, "not_found")


def test_a_strangers_variable_is_not_found(ask: Ask) -> None:
    row = make_workspace().context_variables.create(
        scope="contact", name="plan", label="Plan"
    )
    assert error_of(ask("DELETE", f"{VARIABLES}/{row.pk}/delete"))[0] == 404
    assert ContextVariable.objects.count() == 1


# --- Values of a contact -------------------------------------------------------------
def test_the_pages_own_request_sets_a_contacts_attributes(
    ask: Ask, contact: Contact
) -> None:
    told = {
        "last_payment_date": "2023-12-01",
        "membership_level": "Gold",
        "account_balance": 250.50,
        "is_active": True,
    }
    answer = tell(ask, contact, told, auto_create_variables=True)
    number = numeric.number_of(str(contact.pk))
    assert answer.status_code == 200
    assert answer.json()["contact_id"] == number
    contact.refresh_from_db()
    assert contact.attributes == {
        "plan": "Pro",
        "last_payment_date": "2023-12-01",
        "membership_level": "Gold",
        "account_balance": "250.5",
        "is_active": "true",
    }
    shown = ask("GET", f"contacts/{number}").json()["custom_context"]
    assert shown == told | {"plan": "Pro"}
    kinds = {
        row["name"]: (row["variable_type"], row["display_name"])
        for row in ask("GET", VARIABLES).json()["variables"]
    }
    assert kinds == {
        "last_payment_date": ("date", "Last Payment Date"),
        "membership_level": ("text", "Membership Level"),
        "account_balance": ("number", "Account Balance"),
        "is_active": ("boolean", "Is Active"),
    }


def test_a_name_that_is_not_defined_is_refused_and_nothing_is_set(
    ask: Ask, contact: Contact, workspace: Workspace
) -> None:
    ask("POST", f"{VARIABLES}/create", LEVEL)
    for more in ({}, {"auto_create_variables": False}):
        answer = tell(ask, contact, {"membership_level": "Gold", "tier": "1"}, **more)
        assert error_of(answer) == (400, "undefined_variable")
        assert "tier" in answer.json()["message"]
    contact.refresh_from_db()
    assert contact.attributes == {"plan": "Pro"}
    assert workspace.context_variables.count() == 1


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "Premium", [7, True, {"a": 1}, ["b"]]),
        ("number", "42", ["many", True, "", "1_000", {}]),
        ("date", "2023-01-15T14:30:00Z", ["soon", 20230115, "2023-13-01"]),
        ("boolean", "yes", ["perhaps", 1, 0.0]),
        ("select", "Gold", ["Iron", "gold", 7, "", ["Gold"]]),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(
    ask: Ask, contact: Contact, kind: str, good: Any, bad: list[Any]
) -> None:
    options = LEVEL["select_options"] if kind == "select" else None
    body = LEVEL | {"variable_type": kind, "select_options": options}
    assert ask("POST", f"{VARIABLES}/create", body).status_code == 201
    assert tell(ask, contact, {"membership_level": good}).status_code == 200
    contact.refresh_from_db()
    kept = contact.attributes["membership_level"]
    for value in bad:
        answer = tell(ask, contact, {"membership_level": value})
        assert error_of(answer) == (400, "invalid_value"), value
        assert "membership_level" in answer.json()["message"]
    contact.refresh_from_db()
    assert contact.attributes["membership_level"] == kept


def test_null_takes_a_value_away(ask: Ask, contact: Contact) -> None:
    ask("POST", f"{VARIABLES}/create", LEVEL)
    tell(ask, contact, {"membership_level": "Gold"})
    assert tell(ask, contact, {"membership_level": None}).status_code == 200
    contact.refresh_from_db()
    assert contact.attributes == {"plan": "Pro"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"variables": ["plan"]},
        {"variables": {"plan": "x"}, "auto_create_variables": "yes"},
        {"variables": {"two words": "x"}, "auto_create_variables": True},
        {"variables": {f"v{n}": "x" for n in range(201)}},
    ],
)
def test_a_context_that_is_none_is_refused(
    ask: Ask, contact: Contact, body: Any
) -> None:
    path = f"contacts/{numeric.number_of(str(contact.pk))}/context"
    assert error_of(ask("POST", path, body)) == (400, "validation_error")
    assert not ContextVariable.objects.exists()


def test_an_unfit_value_defines_nothing_either(ask: Ask, contact: Contact) -> None:
    told = {"tier": "1", "seats": {"front": 2}}
    answer = tell(ask, contact, told, auto_create_variables=True)
    assert error_of(answer) == (400, "invalid_value")
    assert not ContextVariable.objects.exists()


def test_an_unknown_contact_has_no_context(ask: Ask) -> None:
    stranger = make_contact(make_workspace())
    assert error_of(tell(ask, stranger, {})) == (404, "not_found")


@over_the_wire
@pytest.mark.skipif(database.vendor == "sqlite", reason="writers take turns there")
def test_two_who_set_at_once_lose_nothing(
    live_server: LiveServer, key: str, contact: Contact
) -> None:
    number = numeric.number_of(str(contact.pk))
    address = f"{live_server.url}/compat/klen/api/v1/contacts/{number}/context"
    headers = {"Authorization": f"Bearer {key}"}

    def one(name: str) -> None:
        body = {"variables": {name: "x"}, "auto_create_variables": True}
        answer = httpx.post(address, json=body, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text

    names = {f"v{n}" for n in range(8)}
    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contact.refresh_from_db()
    assert set(contact.attributes) == names | {"plan"}


# --- Told to the agent ---------------------------------------------------------------
def launched(ask: Ask, **wish: Any) -> Call:
    """Launch a call; return it."""
    answer = ask("POST", "calls", WISH | wish)
    assert answer.status_code == 201, answer.json()
    return Call.objects.get()


def says(agent: Agent, prompt: str) -> None:
    """Let the agent's words be these."""
    version = agent.version(None)
    assert version is not None
    version.prompt, version.opening_line = prompt, ""
    version.save()


def test_the_business_and_the_contact_speak_where_the_request_does_not(
    ask: Ask, agent: Agent, contact: Contact
) -> None:
    says(agent, "{{plan}} {{tier}} {{business_office_hours}} {{mood}}")
    told = {"office_hours": "9 to 5", "tier": "none"}
    body = {"variables": told, "auto_create_variables": True}
    assert ask("POST", BUSINESS, body).status_code == 200
    tell(ask, contact, {"tier": "gold"}, auto_create_variables=True)
    call = launched(ask, variables={"plan": "Team"})
    assert call.variables == {
        "plan": "Team",
        "tier": "gold",
        "business_office_hours": "9 to 5",
    }
    whence = {
        row["looked_at"]: row["saw"]
        for row in call.evidence
        if row["check"] == "variables"
    }
    assert whence == {
        "plain names, texts": "plan",
        "from the contact": "tier",
        "from the business": "business_office_hours",
        "said by nobody": "mood",
    }


def test_an_agent_of_unknown_words_is_told_what_is_defined(
    ask: Ask, agent: Agent, contact: Contact
) -> None:
    says(agent, "")
    body = {"variables": {"office_hours": "9 to 5"}, "auto_create_variables": True}
    ask("POST", BUSINESS, body)
    tell(ask, contact, {"tier": "gold"}, auto_create_variables=True)
    call = launched(ask)
    assert call.variables == {"tier": "gold", "business_office_hours": "9 to 5"}


def test_the_businesss_values_are_checked_and_taken_away(
    ask: Ask, workspace: Workspace
) -> None:
    body = {"variables": {"seats": 12}, "auto_create_variables": True}
    assert ask("POST", BUSINESS, body).status_code == 200
    row = workspace.context_variables.get()
    assert (row.scope, row.kind, row.value) == ("business", "number", "12")
    wrong = ask("POST", BUSINESS, {"variables": {"seats": "many"}})
    assert error_of(wrong) == (400, "invalid_value")
    unknown = ask("POST", BUSINESS, {"variables": {"seats": 13, "rooms": 1}})
    assert error_of(unknown) == (400, "undefined_variable")
    row.refresh_from_db()
    assert row.value == "12"
    assert ask("POST", BUSINESS, {"variables": {"seats": None}}).status_code == 200
    row.refresh_from_db()
    assert row.value == ""
