"""Our own API for lines: agents, numbers and what is bound, connections."""

import uuid

import pytest

from agents.models import Agent, Connection, PhoneNumber
from dashboard.models import ApiKey, AuditEntry, Workspace
from tests.calls.test_native_api import send
from tests.factories import make_agent, make_connection, make_number, make_workspace

pytestmark = pytest.mark.django_db
URL = "https://platform.example.com"
SCOPES = [
    *("agents:read", "numbers:read", "numbers:write"),
    *("connections:read", "connections:write"),
]


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return make_connection(workspace, name="Simulator")


@pytest.fixture
def agent(connection: Connection) -> Agent:
    return make_agent(connection, provider_agent_id="agent_1", versions=2)


@pytest.fixture
def number(connection: Connection) -> PhoneNumber:
    return make_number(connection, number="+16285550000")


@pytest.fixture
def key(workspace: Workspace) -> str:
    return ApiKey.issue(workspace, "Test", SCOPES)[1]


def test_an_agent_is_found_by_either_id(key: str, agent: Agent) -> None:
    for name in (str(agent.pk), "agent_1"):
        answer = send(key, "GET", f"agents/{name}")
        assert answer.status_code == 200
        assert answer.json()["versions"][1]["version"] == 1
    assert send(key, "GET", "agents/other").json()["error"] == "agent_not_found"


def test_a_number_is_bound_and_switched_off(
    key: str, number: PhoneNumber, agent: Agent
) -> None:
    wish = {"inbound_agent": {"id": "agent_1", "version": 0}, "label": "Support"}
    shown = send(key, "PATCH", "numbers/+16285550000", wish).json()
    assert shown["inbound_agent"] == {
        "id": str(agent.pk),
        "name": agent.name,
        "version": 0,
    }
    assert (shown["label"], shown["drift"], shown["id"]) == (
        "Support",
        [],
        str(number.pk),
    )
    off = send(key, "PATCH", f"numbers/{number.pk}", {"inbound_agent": None}).json()
    assert off["inbound_agent"] is None
    assert off["label"] == "Support"
    assert AuditEntry.objects.filter(action="number.changed").count() == 2


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [
        ({"cps": 50}, 409, "cps"),
        ({"cps": 0}, 400, "cps"),
        ({"cps": 1000}, 400, "cps"),
        ({"cps": 0.333}, 400, "cps"),
        ({"cps": "1"}, 400, "cps"),
        ({"countries": ["Nowhere"]}, 400, "countries"),
        ({"inbound_agent": {"id": "nobody"}}, 404, "inbound_agent"),
        ({"outbound_agent": {"id": "agent_1", "version": 7}}, 404, "outbound_agent"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_a_number_refuses_what_cannot_be(
    key: str,
    number: PhoneNumber,
    agent: Agent,
    wish: dict[str, object],
    status: int,
    field: str,
) -> None:
    answer = send(key, "PATCH", f"numbers/{number.number}", wish)
    assert answer.status_code == status
    assert answer.json()["field"] == field
    number.refresh_from_db()
    assert number.cps == 1 and not number.countries


def test_a_pace_is_read_as_it_was_meant(
    key: str, number: PhoneNumber, connection: Connection
) -> None:
    shown = send(key, "PATCH", f"numbers/{number.number}", {"cps": 0.1 + 0.2}).json()
    assert shown["cps"] == 0.3


def test_an_agent_of_another_connection_is_a_conflict(
    key: str, number: PhoneNumber
) -> None:
    make_agent(make_connection(number.workspace), provider_agent_id="agent_2")
    wish = {"inbound_agent": {"id": "agent_2"}}
    answer = send(key, "PATCH", f"numbers/{number.number}", wish)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


@pytest.mark.parametrize("what", ["agents", "numbers", "connections"])
def test_lists_come_by_pages(key: str, connection: Connection, what: str) -> None:
    for index in range(3):
        line = make_connection(connection.workspace)
        make_agent(line, name=f"Agent {index}")
        make_number(line)
    whole = send(key, "GET", what).json()
    seen: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = send(key, "GET", f"{what}?limit=1&cursor={cursor}").json()
        seen, cursor = seen + page["items"], page["next"]
    assert (seen, whole["next"]) == (whole["items"], None)
    assert len(seen) >= 3
    for odd in ("7", "x" * 36):
        assert send(key, "GET", f"{what}?cursor={odd}").json()["field"] == "cursor"


def test_a_connection_is_added_without_showing_its_secret(key: str) -> None:
    wish = {
        "provider": "retell",
        "name": "Retell EU",
        "base_url": "https://api.retellai.com",
        "settings": {"api_key": "key_do_not_show"},
    }
    made = send(key, "POST", "connections", wish)
    assert made.status_code == 201
    assert "/webhooks/" in made.json()["webhook_url"]
    assert b"key_do_not_show" not in made.content
    shown = send(key, "GET", f"connections/{made.json()['id']}")
    assert b"key_do_not_show" not in shown.content
    row = Connection.objects.get(pk=made.json()["id"])
    assert row.credentials == {"api_key": "key_do_not_show"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": {}}, "settings.api_key"),
        ({"name": ""}, "name"),
        ({"base_url": "ftp://there"}, "base_url"),
        ({"provider": "simulator", "settings": {}, "base_url": URL}, "base_url"),
    ],
)
def test_a_connection_refuses_what_cannot_be(
    key: str, change: dict[str, object], field: str
) -> None:
    wish = {"provider": "retell", "name": "EU", "settings": {"api_key": "k"}}
    answer = send(key, "POST", "connections", wish | change)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not Connection.objects.exists()


def test_a_name_that_another_connection_has_is_a_conflict(
    key: str, connection: Connection
) -> None:
    made = send(key, "POST", "connections", {"provider": "simulator", "name": "Other"})
    assert made.status_code == 201
    for path, method in (
        ("connections", "POST"),
        (f"connections/{connection.pk}", "PATCH"),
    ):
        wish = {"name": "Other"} | (
            {"provider": "simulator"} if method == "POST" else {}
        )
        answer = send(key, method, path, wish)
        assert (answer.status_code, answer.json()["field"]) == (409, "name")


def test_a_connection_is_switched_off(key: str, connection: Connection) -> None:
    path = f"connections/{connection.pk}"
    assert send(key, "PATCH", path, {"is_active": False}).json()["is_active"] is False
    connection.refresh_from_db()
    assert not connection.is_active
    assert connection.name == "Simulator"


def test_a_check_and_a_sync(key: str, connection: Connection) -> None:
    path = f"connections/{connection.pk}"
    assert send(key, "POST", f"{path}/check").json()["checks"]
    assert send(key, "POST", f"{path}/sync").status_code == 202
    connection.refresh_from_db()
    assert connection.sync_asked_at or connection.synced_at


def test_strangers_see_none_of_it(agent: Agent, number: PhoneNumber) -> None:
    other = ApiKey.issue(make_workspace(), "Other", SCOPES)[1]
    for path in (
        f"agents/{agent.pk}",
        f"numbers/{number.number}",
        f"connections/{agent.connection.pk}",
        f"connections/{uuid.uuid4()}",
    ):
        assert send(other, "GET", path).status_code == 404


def test_a_scope_is_needed(workspace: Workspace, number: PhoneNumber) -> None:
    reader = ApiKey.issue(workspace, "Reader", ["numbers:read"])[1]
    answer = send(reader, "PATCH", f"numbers/{number.number}", {"label": "x"})
    assert (answer.status_code, answer.json()["error"]) == (403, "permission_denied")
