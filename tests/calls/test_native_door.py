"""The door of our own API: whatever comes, it says no in one shape, never with a 5xx."""

import json
from io import StringIO
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from agents.models import Agent
from calls.api import (
    native,
    native_connections,
    native_hooks,
    native_lines,
    native_money,
    native_people,
)
from calls.models import Call, Recording, RecordingState
from dashboard.models import ApiKey
from tests.calls.doors import staffed, took_place
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
CALLS = "/api/v1/calls"
BODIES: dict[str, Any] = {
    one.__name__: one
    for one in (
        *(native.LaunchIn, native.OverridesIn, native_people.ContactIn),
        *(native_people.ContactChange, native_people.SuppressionIn),
        *(native_lines.NumberIn, native_lines.BoundIn),
        *(native_connections.ConnectionIn, native_connections.ConnectionChange),
        *(native_hooks.EndpointIn, native_hooks.EndpointChange, native_money.TopUpIn),
    )
}


@pytest.fixture
def agent(workspace: Any) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    return staffed(workspace)


def ask(key: str, method: str, path: str, body: Any = b"", **headers: str) -> Any:
    """Send a request as it is written; `kind` is its media type."""
    kind = headers.pop("kind", "application/json")
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {key}"} | headers
    return client.generic(method, path, body, content_type=kind, headers=headers)


def error_of(answer: Any) -> str:
    """Return the code of an error, which has the one shape."""
    told = answer.json()
    assert set(told) == {"error", "message", "field", "details"}
    assert told["message"]
    return str(told["error"])


# --- Addresses and methods -----------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/api/v1/", "/api/v1/calls/", "/api/v2/x", "/api/v1/%0A"],
)
def test_an_address_that_is_none_is_said_in_our_shape(key: str, path: str) -> None:
    answer = ask(key, "GET", path)
    assert (answer.status_code, error_of(answer)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", CALLS, "GET, POST"),
        ("POST", "/api/v1/agents", "GET"),
        ("PUT", f"/api/v1/contacts/{UUID(int=7)}", "DELETE, GET, PATCH"),
        ("TRACE", CALLS, "GET, POST"),
    ],
)
def test_a_method_that_is_not_taken_names_those_that_are(
    key: str, method: str, path: str, allowed: str
) -> None:
    answer = ask(key, method, path)
    assert (answer.status_code, error_of(answer)) == (405, "method_not_allowed")
    assert answer["Allow"] == allowed


@pytest.mark.parametrize("made_of", ["x", "x" * 5000, "\u2603", "1" * 400, "a\nb"])
@pytest.mark.parametrize("what", ["calls", "agents", "contacts", "connections"])
def test_an_id_that_can_be_none_is_not_found(key: str, what: str, made_of: str) -> None:
    answer = ask(key, "GET", f"/api/v1/{what}/{quote(made_of)}")
    assert answer.status_code == 404
    error_of(answer)


def test_half_a_character_in_an_address_is_not_found(key: str) -> None:
    assert ask(key, "GET", "/api/v1/agents/%ED%A0%80").status_code == 404


@pytest.mark.parametrize("path", [f"{CALLS}/%00", f"{CALLS}?q=%00", "/api/v1/%00"])
def test_a_nul_in_an_address_is_a_400(key: str, path: str) -> None:
    answer = ask(key, "GET", path)
    assert answer.status_code in (400, 404)
    error_of(answer)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        (f"limit={'9' * 4000}", "limit"),
        ("limit=x", "limit"),
        ("since=1700000000", "since"),
        ("since=yesterday", "since"),
        ("connection_id=7", "connection_id"),
        ("cursor=%F0%9F%98%80", "cursor"),
    ],
)
def test_a_bad_query_names_the_parameter(key: str, query: str, field: str) -> None:
    answer = ask(key, "GET", f"{CALLS}?{query}")
    assert (answer.status_code, error_of(answer)) == (400, "invalid_json")
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("calls?statuss=ended", "statuss"),
        ("contacts?name=Jamie", "name"),
        ("agents?provider=retell", "provider"),
        ("wallet?x=1", "x"),
        ("agents?limit=5&limit=6", "limit"),
    ],
)
def test_a_parameter_that_nobody_reads_is_refused(
    key: str, query: str, field: str
) -> None:
    answer = ask(key, "GET", f"/api/v1/{query}")
    assert (answer.status_code, error_of(answer)) == (400, "invalid_json")
    assert answer.json()["field"] == field


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"])
def test_any_time_may_bound_a_search(key: str, at: str) -> None:
    assert ask(key, "GET", f"{CALLS}?since={at}&until={at}").status_code == 200


# --- Bodies --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_of_another_kind_is_a_415(key: str, kind: str) -> None:
    answer = ask(key, "POST", CALLS, b"to_number=1", kind=kind)
    assert (answer.status_code, error_of(answer)) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/a+json", ""]
)
def test_json_under_its_other_names_is_read(key: str, kind: str) -> None:
    body = {"to_number": "+14155550100", "agent_id": "nobody"}
    answer = ask(key, "POST", CALLS, json.dumps(body), kind=kind)
    assert error_of(answer) == "agent_not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"to_number": "\\ud800"}',
        b'{"to_number": "\\u0000"}',
        b'{"agent_version": ' + b"9" * 5000 + b"}",
        b'{"overrides": {"max_duration_ms": 1e400}}',
        b'{"metadata": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"scheduled_at": 1700000000}',
    ],
)
def test_what_is_no_launch_is_a_400(key: str, body: bytes) -> None:
    answer = ask(key, "POST", CALLS, body)
    assert (answer.status_code, error_of(answer)) == (400, "invalid_json")
    assert not Call.objects.exists()


# --- What goes wrong on our side -----------------------------------------------------
def broken(execute: Any, sql: str, *rest: Any) -> Any:
    """Fail as a mistake of ours does."""
    raise ArithmeticError("a mistake of ours")


def test_a_mistake_of_ours_is_said_in_our_shape(key: str, logged: StringIO) -> None:
    with connection.execute_wrapper(broken):
        answer = ask(key, "GET", CALLS)
    assert (answer.status_code, error_of(answer)) == (500, "server_error")
    assert "mistake" not in answer.content.decode()
    assert "a mistake of ours" in logged.getvalue()


@pytest.mark.parametrize(
    "sent", ["Basic aHVudGVyMg==", "klen_hunter2", "Token hunter2"]
)
def test_a_key_sent_in_another_way_is_in_no_log(
    settings: Any, logged: StringIO, sent: str
) -> None:
    settings.DEBUG = True
    answer = ask("", "GET", CALLS, Authorization=sent)
    assert (answer.status_code, error_of(answer)) == (401, "authentication_required")
    assert sent.split()[-1] not in logged.getvalue()


# --- Recordings ----------------------------------------------------------------------
@pytest.fixture
def recorded(agent: Agent, settings: Any) -> Call:
    """Return a call whose recording we make ourselves."""
    call = took_place(agent)
    call.recording_url = f"{settings.BASE_URL}/recordings/sim_{call.pk}.wav"
    call.save(update_fields=["recording_url"])
    return call


def test_a_recording_is_heard_at_our_own_address(key: str, recorded: Call) -> None:
    shown = ask(key, "GET", f"{CALLS}/{recorded.pk}").json()["recording_url"]
    assert shown == f"http://127.0.0.1:8000{CALLS}/{recorded.pk}/recording"
    answer = ask(key, "GET", f"{CALLS}/{recorded.pk}/recording")
    sound = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
    assert sound.startswith(b"RIFF") and len(sound) == int(answer["Content-Length"])


def test_a_part_of_a_recording_may_be_asked_for(key: str, recorded: Call) -> None:
    path = f"{CALLS}/{recorded.pk}/recording"
    answer = ask(key, "GET", path, Range="bytes=0-3")
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"RIFF")
    assert answer["Content-Range"].startswith("bytes 0-3/")
    answer = ask(key, "GET", path, Range="bytes=99999999-")
    assert (answer.status_code, error_of(answer)) == (416, "invalid_range")
    assert answer["Content-Range"].startswith("bytes */")


def test_a_recording_that_is_still_fetched_says_so(key: str, agent: Agent) -> None:
    call = took_place(agent, recording_url="https://provider.example/a.wav")
    Recording.objects.create(call=call, state=RecordingState.PENDING)
    answer = ask(key, "GET", f"{CALLS}/{call.pk}/recording")
    assert (answer.status_code, error_of(answer)) == (409, "conflict")
    assert "being fetched" in answer.json()["message"]


def test_a_call_without_a_recording_has_no_address_of_one(
    key: str, agent: Agent
) -> None:
    call = took_place(agent)
    assert ask(key, "GET", f"{CALLS}/{call.pk}").json()["recording_url"] is None
    assert ask(key, "GET", f"{CALLS}/{call.pk}/recording").status_code == 409


def test_nobody_else_hears_a_recording(recorded: Call) -> None:
    path = f"{CALLS}/{recorded.pk}/recording"
    other = ApiKey.issue(make_workspace(), "Other", ["calls:read"])[1]
    writer = ApiKey.issue(recorded.workspace, "Writer", ["calls:write"])[1]
    assert ask(other, "GET", path).status_code == 404
    assert ask(writer, "GET", path).status_code == 403
    assert ask("nothing", "GET", path).status_code == 401


# --- What is said of it --------------------------------------------------------------
def test_every_operation_says_with_what_it_may_answer() -> None:
    said = Client().get("/api/v1/openapi.json").json()
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            usual = {"400", "401", "403", "405", "429", "500"}
            assert usual <= set(answers), f"{method} {path}"
            assert ("{" not in path) or "404" in answers, f"{method} {path}"
            assert ("415" in answers) == ("requestBody" in operation)
            noes = [row for status, row in answers.items() if status >= "400"]
            shapes = {
                row["content"]["application/json"]["schema"]["$ref"] for row in noes
            }
            assert shapes == {"#/components/schemas/Problem"}


def test_what_is_said_of_a_body_is_what_is_read() -> None:
    said = Client().get("/api/v1/openapi.json").json()["components"]["schemas"]
    for name, read in BODIES.items():
        parts = said[name].get("anyOf") if "properties" not in said[name] else None
        known = {key for part in parts or [said[name]] for key in part["properties"]}
        assert known == set(read.model_fields), name


def test_what_a_call_is_said_to_have_is_what_it_has(key: str, agent: Agent) -> None:
    said = Client().get("/api/v1/openapi.json").json()
    call = make_call(make_connection(agent.workspace), agent=agent)
    shown = ask(key, "GET", f"{CALLS}/{call.pk}").json()
    assert set(said["components"]["schemas"]["Call"]["properties"]) == set(shown)
