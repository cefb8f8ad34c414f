"""Our own API: launching once, reading, and errors in one shape."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from calls.models import Call, CallStatus
from dashboard.models import ApiKey, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db
SCOPES = ["calls:write", "calls:read", "agents:read", "numbers:read"]
WISH = {"to_number": "+14155550100", "agent_id": "agent_1"}


@pytest.fixture
def key(workspace: Workspace) -> str:
    connection = make_connection(workspace)
    make_agent(connection, provider_agent_id="agent_1", versions=2)
    make_number(connection, number="+16285550000")
    return ApiKey.issue(workspace, "Test", SCOPES)[1]


def send(key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    client = Client(headers={"Authorization": f"Bearer {key}"} if key else {})
    return client.generic(
        method,
        f"/api/v1/{path}",
        data=body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def test_a_launch_is_queued(key: str) -> None:
    answer = send(key, "POST", "calls", WISH | {"variables": {"plan": "gold"}})
    assert answer.status_code == 201
    call = answer.json()
    assert (call["status"], call["from_number"]) == ("queued", "+16285550000")
    assert call["agent"]["version"] == 1
    assert call["variables"] == {"plan": "gold"}


def test_our_agent_id_works_too(key: str, workspace: Workspace) -> None:
    agent = str(workspace.agents.get().pk)
    assert send(key, "POST", "calls", WISH | {"agent_id": agent}).status_code == 201


def test_a_repeat_returns_the_first_call(key: str) -> None:
    first = send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    again = send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    "other",
    [
        {"to_number": "9" * 500},
        {"from_number": "5" * 500},
        {"agent_id": "nobody"},
        {"type": "web"},
        {"scheduled_at": "2030-01-01T00:00:00Z"},
    ],
)
def test_the_same_key_with_what_cannot_be_kept_is_a_conflict(
    key: str, other: dict[str, Any]
) -> None:
    first = send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    again = send(key, "POST", "calls", WISH | other, **{"Idempotency-Key": "1"})
    assert (again.status_code, again.json()["error"]) == (409, "idempotency_conflict")
    assert again.json()["details"] == {"call_id": first.json()["id"]}


def test_an_external_id_is_a_key(key: str) -> None:
    wish = WISH | {"external_id": "order-7"}
    send(key, "POST", "calls", wish)
    assert send(key, "POST", "calls", wish).status_code == 200
    assert Call.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict(key: str) -> None:
    send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    other = WISH | {"to_number": "+14155550101"}
    answer = send(key, "POST", "calls", other, **{"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()["error"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"to_number": ""}, 400, "missing_phone_number", "to_number"),
        ({"to_number": "12"}, 400, "invalid_phone_number", "to_number"),
        ({"agent_id": "nobody"}, 404, "agent_not_found", "agent_id"),
        ({"agent_version": 9}, 404, "agent_version_not_found", "agent_version"),
        ({"from_number": "+12025550123"}, 404, "no_phone_number", "from_number"),
        ({"sip_headers": {"From": "x"}}, 400, "invalid_sip_header", "sip_headers"),
        ({"variables": {"a": 1}}, 400, "invalid_variables", "variables"),
        (
            {"overrides": {"max_duration_ms": 5}},
            400,
            "invalid_override",
            "overrides",
        ),
        ({"colour": "red"}, 400, "invalid_json", "colour"),
    ],
)
def test_a_bad_wish_is_refused_in_words(
    key: str, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = send(key, "POST", "calls", WISH | change)
    error = answer.json()
    assert (answer.status_code, error["error"], error["field"]) == (status, code, field)
    assert error["message"]
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"type": "web", "to_number": "9" * 500}, 400, "invalid_phone_number"),
        ({"type": "web", "from_number": "9" * 500}, 404, "no_phone_number"),
        ({"agent_id": "", "from_number": "+12025550123"}, 404, "no_phone_number"),
        ({"scheduled_at": "1969-12-31T23:59:59Z"}, 400, "invalid_json"),
        ({"scheduled_at": "2200-01-01T00:00:00Z"}, 400, "invalid_json"),
    ],
)
def test_what_no_row_can_hold_or_nobody_has_is_refused(
    key: str, wish: dict[str, Any], status: int, code: str
) -> None:
    answer = send(key, "POST", "calls", WISH | wish)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    "at", ["1970-01-01T00:00:00+13:00", "2199-12-31T23:00:00-13:00"]
)
def test_any_moment_of_these_years_will_do(key: str, at: str) -> None:
    assert send(key, "POST", "calls", WISH | {"scheduled_at": at}).status_code == 201


def test_a_body_that_is_not_json_is_refused(key: str) -> None:
    answer = send(key, "POST", "calls", "{no")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")


def test_do_not_call_is_kept(key: str, workspace: Workspace) -> None:
    make_contact(workspace, number="+14155550100", do_not_call=True)
    answer = send(key, "POST", "calls", WISH)
    assert (answer.status_code, answer.json()["error"]) == (403, "do_not_call")


def test_without_a_key_nothing_is_told(key: str) -> None:
    answer = send("", "GET", "calls")
    assert (answer.status_code, answer.json()["error"]) == (
        401,
        "authentication_required",
    )


def test_a_wrong_key_is_refused(key: str) -> None:
    assert send("key_wrong", "GET", "calls").json()["error"] == "invalid_key"


def test_a_scope_is_needed(workspace: Workspace) -> None:
    reader = ApiKey.issue(workspace, "Reader", ["calls:read"])[1]
    assert send(reader, "POST", "calls", WISH).status_code == 403


def test_pages_follow_each_other_without_gaps(key: str, workspace: Workspace) -> None:
    connection = workspace.connections.get()
    made = {str(make_call(connection).pk) for _ in range(5)}
    seen: set[str] = set()
    cursor: str | None = ""
    for _ in range(3):
        page = send(key, "GET", f"calls?limit=2&cursor={cursor}").json()
        seen |= {call["id"] for call in page["items"]}
        cursor = page["next"]
    assert seen == made
    assert cursor is None


@pytest.mark.parametrize("sort", ["duration", "-duration", "cost", "-cost", "time"])
def test_pages_follow_each_other_in_every_order(
    key: str, workspace: Workspace, sort: str
) -> None:
    connection = workspace.connections.get()
    for duration_ms in (None, None, 0, 5_000, 7_000):
        make_call(connection, duration_ms=duration_ms)
    whole = send(key, "GET", f"calls?sort={sort}").json()["items"]
    seen, cursor = [], ""
    for _ in whole:
        page = send(key, "GET", f"calls?limit=1&sort={sort}&cursor={cursor}").json()
        seen += page["items"]
        cursor = page["next"]
    assert seen == whole
    assert cursor is None


def test_another_workspace_is_not_seen(key: str) -> None:
    strange = make_call(make_connection(make_workspace()))
    assert send(key, "GET", f"calls/{strange.pk}").status_code == 404
    assert send(key, "GET", "calls").json()["items"] == []


def test_an_unknown_call_is_not_found(key: str) -> None:
    answer = send(key, "GET", f"calls/{uuid.uuid4()}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_a_waiting_call_is_canceled(key: str) -> None:
    call = send(key, "POST", "calls", WISH).json()
    answer = send(key, "POST", f"calls/{call['id']}/cancel")
    assert answer.json()["status"] == "canceled"
    assert send(key, "POST", f"calls/{call['id']}/cancel").status_code == 409


def test_a_web_call_needs_no_number(key: str) -> None:
    answer = send(key, "POST", "calls", {"type": "web", "agent_id": "agent_1"})
    assert answer.status_code == 201
    assert answer.json()["type"] == "web"


def test_agents_and_numbers_are_listed(key: str) -> None:
    agent = send(key, "GET", "agents").json()["items"][0]
    number = send(key, "GET", "numbers").json()["items"][0]
    assert agent["variables"] == ["first_name", "plan"]
    assert (number["number"], number["outbound_agent"]) == ("+16285550000", None)


def test_the_answer_keeps_status_words_fixed(key: str) -> None:
    call = send(key, "POST", "calls", WISH).json()
    assert call["status"] in CallStatus.values


def test_the_pages_about_the_api_name_no_foreign_host(db: None) -> None:
    page = Client().get("/api/v1/docs").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "//" not in page.replace("</", "")


def test_the_api_describes_itself(db: None) -> None:
    told = Client().get("/api/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert "/api/v1/calls/{call_id}/cancel" in told["paths"]


def test_a_repeat_is_the_first_call_even_if_it_could_not_go_out_now(
    key: str, workspace: Workspace
) -> None:
    first = send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    workspace.suppressions.create(number=WISH["to_number"])
    again = send(key, "POST", "calls", WISH, **{"Idempotency-Key": "1"})
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(WISH | {"metadata": {"a": "\x00"}}),
        json.dumps(WISH | {"to_number": "\ud800"}),
        json.dumps(WISH | {"metadata": {"a": float("nan")}}),
        json.dumps(WISH)[:-1] + ', "metadata": ' + '{"a":' * 500 + "1" + "}" * 501,
        json.dumps(WISH | {"scheduled_at": "2030-01-01T00:00:00"}),
        json.dumps(WISH | {"scheduled_at": "9999-12-31T23:59:59-14:00"}),
    ],
)
def test_what_cannot_be_kept_is_a_400(key: str, body: str) -> None:
    answer = send(key, "POST", "calls", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")
    assert not Call.objects.exists()


@pytest.mark.parametrize("cursor", ["x", "1-2", "WyIyMDI2IiwgNV0=", "9" * 5000])
def test_a_cursor_of_somebody_else_is_a_400(key: str, cursor: str) -> None:
    assert send(key, "GET", f"calls?cursor={cursor}").status_code == 400


def test_a_cursor_of_another_order_is_a_409(key: str) -> None:
    longest = f"9.6-{uuid.uuid4().hex}"
    assert send(key, "GET", f"calls?sort=-duration&cursor={longest}").status_code == 200
    answer = send(key, "GET", f"calls?cursor={longest}")
    assert (answer.status_code, answer.json()["field"]) == (409, "cursor")
