"""Our own API for context variables."""

from typing import Any

import pytest

from calls.models import ContextVariable
from dashboard.models import ApiKey, AuditEntry, Workspace
from tests.calls.test_native_api import send
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db
HOURS = {"scope": "business", "name": "hours", "label": "Hours", "value": "9 to 5"}


@pytest.fixture
def key(workspace: Workspace) -> str:
    return ApiKey.issue(workspace, "Test", ["contacts:read", "contacts:write"])[1]


def test_a_variable_is_defined_changed_and_deleted(
    key: str, workspace: Workspace
) -> None:
    made = send(key, "POST", "variables", HOURS)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["placeholder"], shown["kind"]) == ("business_hours", "text")
    path = f"variables/{shown['id']}"
    assert send(key, "PATCH", path, {"value": "8 to 6"}).json()["label"] == "Hours"
    assert send(key, "GET", path).json()["value"] == "8 to 6"
    assert send(key, "GET", "variables?scope=contact").json()["items"] == []
    assert len(send(key, "GET", "variables").json()["items"]) == 1
    assert send(key, "DELETE", path).status_code == 204
    assert not workspace.context_variables.exists()
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("pk")) == [
        "variable added",
        "variable changed",
        "variable removed",
    ]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"name": "two words"}, 400, "name"),
        ({"scope": "weather"}, 400, "scope"),
        ({"label": " "}, 400, "label"),
        ({"kind": "select"}, 400, "options"),
        ({"kind": "number"}, 400, "value"),
        ({"scope": "contact"}, 400, "value"),
        ({"options": ["a"]}, 400, "options"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_a_variable_that_cannot_be_kept_is_refused(
    key: str, changes: dict[str, Any], status: int, field: str
) -> None:
    answer = send(key, "POST", "variables", HOURS | changes)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert not ContextVariable.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": "many"}, "value"),
        ({"kind": "select"}, "options"),
        ({"options": ["a"]}, "options"),
    ],
)
def test_a_change_that_does_not_fit_to_the_rest_is_a_409(
    key: str, change: dict[str, Any], field: str
) -> None:
    number = HOURS | {"kind": "number", "value": "8"}
    path = f"variables/{send(key, 'POST', 'variables', number).json()['id']}"
    answer = send(key, "PATCH", path, change)
    assert (answer.status_code, answer.json()["field"]) == (409, field)
    assert send(key, "GET", path).json()["kind"] == "number"


def test_a_name_is_defined_once_in_a_scope(key: str) -> None:
    send(key, "POST", "variables", HOURS)
    assert send(key, "POST", "variables", HOURS).json()["error"] == "conflict"
    other = {"scope": "contact", "name": "hours", "label": "Hours"}
    assert send(key, "POST", "variables", other).status_code == 201


def test_an_unknown_or_foreign_variable_is_404(key: str) -> None:
    row = make_workspace().context_variables.create(
        scope="contact", name="plan", label="Plan"
    )
    for number in (row.pk, 0, 9**30):
        assert send(key, "GET", f"variables/{number}").status_code == 404
    assert send(key, "DELETE", f"variables/{row.pk}").status_code == 404


def test_a_missing_scope_is_403(workspace: Workspace) -> None:
    reader = ApiKey.issue(workspace, "Test", ["contacts:read"])[1]
    assert send(reader, "GET", "variables").status_code == 200
    assert send(reader, "POST", "variables", HOURS).status_code == 403


def test_an_attribute_must_be_of_its_kind(key: str, workspace: Workspace) -> None:
    workspace.context_variables.create(
        scope="contact", name="seats", label="Seats", kind="number"
    )
    wish = {"number": "+14155550100", "attributes": {"seats": "many"}}
    refused = send(key, "POST", "contacts", wish)
    assert (refused.status_code, refused.json()["field"]) == (400, "attributes")
    assert "seats must be a number" in refused.json()["message"]
    wish["attributes"] = {"seats": "12"}
    assert send(key, "POST", "contacts", wish).status_code == 201
