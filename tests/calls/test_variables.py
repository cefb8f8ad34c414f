"""Context variables: of which kind a value is, and what is known for a call."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from agents.providers.base import LaunchWish
from calls import variables
from calls.models import ContextVariable, Scope, VariableKind
from calls.models.variables import kind_of
from calls.people import variable_book
from calls.people.variable_book import Unfit
from calls.plan import Plan, prepare
from dashboard.models import ApiKey, Workspace
from tests.factories import make_agent, make_connection, make_contact

CALLEE = "+14155550100"


def of(kind: str, options: tuple[str, ...] = ()) -> ContextVariable:
    """Return a variable of a kind."""
    return ContextVariable(name="it", kind=kind, options=list(options))


# --- Kinds ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("text", " as it is ", " as it is "),
        ("number", 250.50, "250.5"),
        ("number", -3, "-3"),
        ("number", " 42 ", "42"),
        ("number", "1e3", "1e3"),
        ("date", "2023-12-01", "2023-12-01"),
        ("date", "2023-01-15T14:30:00Z", "2023-01-15T14:30:00Z"),
        ("boolean", True, "true"),
        ("boolean", "No", "false"),
        ("boolean", "1", "true"),
    ],
)
def test_a_value_is_kept_as_text(kind: str, value: Any, kept: str) -> None:
    assert of(kind).read(value) == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 7),
        ("text", "x" * 1001),
        ("number", "12 seats"),
        ("number", True),
        ("number", "9" * 1001),
        ("date", "June"),
        ("date", None),
        ("boolean", 1),
        ("boolean", "perhaps"),
        ("select", "c"),
        ("select", ["a"]),
    ],
)
def test_a_value_of_another_kind_is_refused_in_words(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match="^it "):
        of(kind, ("a", "b")).read(value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "12", "12"),
        ("number", "12", 12),
        ("number", "250.50", 250.5),
        ("number", "many", "many"),
        ("number", "1e999", "1e999"),
        ("boolean", "true", True),
        ("boolean", "perhaps", "perhaps"),
    ],
)
def test_a_kept_text_is_shown_as_what_it_stands_for(
    kind: str, text: str, value: Any
) -> None:
    shown = of(kind).typed(text)
    assert (shown, type(shown)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, VariableKind.BOOLEAN),
        (0, VariableKind.NUMBER),
        ("2023-12-01", VariableKind.DATE),
        ("12", VariableKind.TEXT),
        ("", VariableKind.TEXT),
    ],
)
def test_a_new_variable_is_of_the_kind_of_its_first_value(
    value: Any, kind: str
) -> None:
    assert kind_of(value) == kind


# --- What is known -------------------------------------------------------------------
@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent whose words ask for something of the business."""
    words = "{{first_name}}, we are open {{business_hours}}."
    return make_agent(make_connection(workspace), prompt=words, opening_line="")


def planned(agent: Agent, **variables: str) -> Plan:
    """Return the plan of a call by the agent."""
    wish = LaunchWish(
        to_number=CALLEE, agent_id=str(agent.pk), variables=dict(variables)
    )
    return prepare(agent.workspace, wish)


def define(workspace: Workspace, scope: str, name: str, **fields: Any) -> None:
    """Define a variable."""
    workspace.context_variables.create(scope=scope, name=name, label=name, **fields)


@pytest.mark.django_db
def test_the_business_says_what_nobody_else_does(agent: Agent) -> None:
    workspace = agent.workspace
    define(workspace, Scope.BUSINESS, "hours", value="9 to 5")
    assert planned(agent).values == {"business_hours": "9 to 5"}
    make_contact(workspace, number=CALLEE, attributes={"business_hours": "never"})
    assert planned(agent).values["business_hours"] == "never"
    assert planned(agent, business_hours="now").values["business_hours"] == "now"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "is_asked"),
    [("{{first_name}}", False), ("{{business_hours}}", True), ("", True)],
)
def test_the_business_is_asked_only_where_it_may_be_needed(
    agent: Agent, words: str, is_asked: bool
) -> None:
    version = agent.version(None)
    assert version is not None
    version.prompt = words
    version.save()
    with CaptureQueriesContext(database) as asked:
        planned(agent)
    assert ("contextvariable" in str(asked.captured_queries)) is is_asked


@pytest.mark.django_db
def test_an_agent_of_unknown_words_is_told_what_is_defined_and_no_more(
    agent: Agent,
) -> None:
    agent.versions.update(prompt="", variables=[])
    contact = make_contact(
        agent.workspace, number=CALLEE, attributes={"plan": "Pro", "iban": "DE1"}
    )
    define(agent.workspace, Scope.CONTACT, "plan")
    define(agent.workspace, Scope.CONTACT, "mood")
    define(agent.workspace, Scope.BUSINESS, "hours")
    plan = planned(agent)
    assert plan.contact == contact
    assert [(v.name, v.value, v.origin) for v in plan.variables] == [
        ("plan", "Pro", "contact")
    ]


@pytest.mark.django_db
def test_what_was_kept_before_a_variable_was_defined_stays(
    workspace: Workspace,
) -> None:
    define(workspace, Scope.CONTACT, "seats", kind="number")
    rows = variables.defined(workspace, Scope.CONTACT)
    before = {"seats": "many", "plan": "Pro"}
    assert variables.refitted(rows, before, before) == (before, [])
    kept, problems = variables.refitted(rows, before, {"seats": " 12 "})
    assert (kept, problems) == ({"seats": "12"}, [])
    assert variables.refitted(rows, before, {"seats": "few"})[1]


# --- How many ------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_workspace_has_so_many_variables_and_no_more(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variable_book, "MOST", 2)
    key = ApiKey.issue(workspace, "Client", [])[0]
    told = {"a": "1", "b": "2"}
    variable_book.tell_of_business(workspace, told, key, creates=True)
    with pytest.raises(Unfit, match="at most 2"):
        variable_book.tell_of_business(workspace, {"c": "3"}, key, creates=True)
    assert workspace.context_variables.count() == 2
