"""Our own API for people: contacts, and the do-not-call list."""

import pytest

from calls.models import Contact, Suppression
from dashboard.models import ApiKey, AuditEntry, Workspace
from tests.calls.test_native_api import send
from tests.factories import make_contact, make_workspace

pytestmark = pytest.mark.django_db
SCOPES = [
    *("contacts:read", "contacts:write"),
    *("suppressions:read", "suppressions:write"),
]


@pytest.fixture
def key(workspace: Workspace) -> str:
    return ApiKey.issue(workspace, "Test", SCOPES)[1]


def test_a_contact_is_added_changed_and_deleted(key: str, workspace: Workspace) -> None:
    wish = {
        "name": "Jamie Doe",
        "number": "(415) 555-0100",
        "attributes": {"plan": "x"},
    }
    made = send(key, "POST", "contacts", wish)
    assert made.status_code == 201
    contact = made.json()
    assert (contact["number"], contact["attributes"]) == ("+14155550100", {"plan": "x"})
    path = f"contacts/{contact['id']}"
    changed = send(key, "PATCH", path, {"company": "Acme", "do_not_call": True}).json()
    assert (changed["company"], changed["name"]) == ("Acme", "Jamie Doe")
    assert changed["attributes"] == {"plan": "x"}
    assert send(key, "GET", path).json()["do_not_call"] is True
    assert send(key, "DELETE", path).status_code == 204
    assert not workspace.contacts.exists()
    assert workspace.suppressions.get().number == "+14155550100"
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "contact added",
        "contact changed",
        "contact deleted",
    }


@pytest.mark.parametrize(
    ("wish", "status", "code", "field"),
    [
        ({"name": "No number"}, 400, "invalid_phone_number", "number"),
        ({"number": "hello"}, 400, "invalid_phone_number", "number"),
        ({"number": "+14155550199", "email": "x"}, 400, "invalid_json", "email"),
        (
            {"number": "+14155550199", "timezone": "Mars"},
            400,
            "invalid_json",
            "timezone",
        ),
        (
            {"number": "+14155550199", "attributes": {"a b": "x"}},
            *(400, "invalid_json", "attributes"),
        ),
        (
            {"number": "+14155550199", "attributes": {"": ""}},
            *(400, "invalid_json", "attributes"),
        ),
        (
            {"number": "+14155550199", "email": f"{'a' * 60}@{'b.' * 110}example"},
            *(400, "invalid_json", "email"),
        ),
        (
            {"number": "+14155550199", "do_not_call": 1},
            400,
            "invalid_json",
            "do_not_call",
        ),
        ({"number": "+4920000000000000"}, 400, "invalid_phone_number", "number"),
        ({"number": "+49151234567**"}, 400, "invalid_phone_number", "number"),
        ({"number": "+14155550101"}, 409, "conflict", "number"),
    ],
)
def test_a_contact_refuses_what_cannot_be(
    key: str,
    workspace: Workspace,
    wish: dict[str, object],
    status: int,
    code: str,
    field: str,
) -> None:
    make_contact(workspace, number="+14155550101")
    answer = send(key, "POST", "contacts", wish)
    assert answer.status_code == status
    assert (answer.json()["error"], answer.json()["field"]) == (code, field)
    assert Contact.objects.count() == 1


def test_contacts_come_by_pages(key: str, workspace: Workspace) -> None:
    for index in range(5):
        make_contact(workspace, name=f"Person {index}")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = send(key, "GET", f"contacts?limit=2&cursor={cursor}").json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next"]
    assert seen == [f"Person {index}" for index in range(5)]
    found = send(key, "GET", "contacts?q=person+3").json()["items"]
    assert [row["name"] for row in found] == ["Person 3"]


def test_a_number_is_suppressed_once(key: str, workspace: Workspace) -> None:
    wish = {"number": "(415) 555-0100", "reason": "asked by mail"}
    assert send(key, "POST", "suppressions", wish).status_code == 201
    assert send(key, "POST", "suppressions", wish).status_code == 200
    (row,) = send(key, "GET", "suppressions?number=%2B14155550100").json()["items"]
    assert (row["number"], row["reason"]) == ("+14155550100", "asked by mail")
    for odd in ("x", "+4920000000000000", "+49151234567**"):
        assert send(key, "POST", "suppressions", {"number": odd}).status_code == 400
    one = send(key, "GET", "suppressions/(415) 555-0100")
    assert (one.status_code, one.json()) == (200, row)
    assert send(key, "GET", "suppressions/+14155550101").status_code == 404
    assert send(key, "DELETE", "suppressions/+14155550100").status_code == 204
    assert send(key, "DELETE", "suppressions/+14155550100").status_code == 404
    assert not workspace.suppressions.exists()


def test_suppressions_come_by_pages(key: str, workspace: Workspace) -> None:
    for index in range(3):
        workspace.suppressions.create(number=f"+1415555010{index}")
    first = send(key, "GET", "suppressions?limit=2").json()
    rest = send(key, "GET", f"suppressions?limit=2&cursor={first['next']}").json()
    numbers = [row["number"] for row in first["items"] + rest["items"]]
    assert numbers == ["+14155550102", "+14155550101", "+14155550100"]
    assert rest["next"] is None


def test_strangers_see_none_of_it(key: str) -> None:
    other = make_workspace()
    contact = make_contact(other)
    Suppression.objects.create(workspace=other, number="+14155550177")
    assert send(key, "GET", f"contacts/{contact.pk}").status_code == 404
    assert send(key, "DELETE", f"contacts/{contact.pk}").status_code == 404
    assert send(key, "GET", "contacts").json()["items"] == []
    assert send(key, "GET", "suppressions").json()["items"] == []
    assert send(key, "DELETE", "suppressions/+14155550177").status_code == 404
