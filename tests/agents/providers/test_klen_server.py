"""Tests of answering as Klen AI; what comes out is read by our own client."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agents.providers import numeric
from agents.providers.base import (
    Account,
    AgentFacts,
    Analysis,
    BindingFacts,
    CallHandle,
    CallRecord,
    CallRequest,
    CallUpdate,
    Overrides,
    TurnFacts,
    VersionFacts,
    WishRefused,
)
from agents.providers.dialects import Door, Tenant
from agents.providers.klen import rendering, server, words
from agents.providers.klen.client import Klen
from agents.providers.listing import AgentRecord, Condition
from calls.refusals import STATUSES
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload
from tests.agents.providers.records import ID, START
from tests.agents.providers.records import make_record as any_record

CALL_ID = "call_019b0000000070008000000000000001"
TENANT = Tenant("019a0000-0000-7000-8000-000000000009", "Acme")
DOOR = Door(action="", tenant=TENANT)
KLEN = Klen(Account("", {"api_key": "klen_made_up", "webhook_secret": "whsec"}))
TURNS = (TurnFacts("agent", "Hi Jamie!"), TurnFacts("callee", "Yes?\nWho is it?"))


def make_record(status: str = "ended", **update: Any) -> CallRecord:
    """Return a call as it is in our words, with what Klen may know of it."""
    usual: dict[str, Any] = {
        "occurred_at": START + timedelta(seconds=70),
        "answered_by": "",
        "turns": TURNS,
        "tools": None,
        "latency": None,
        "analysis": Analysis("Went well.", "positive", True),
    }
    return any_record(status, {"metadata": {}}, **usual | update)


def make_agent(**fields: Any) -> AgentRecord:
    """Return an agent as it is in our words."""
    version = VersionFacts(1, voice="maya", model="gpt-4.1")
    facts = AgentFacts("agent_1", "Renewals", (version,))
    return AgentRecord(ID, facts, START, START, **fields)


def wired(body: Any) -> Any:
    """Return what is left of a body after its way over the wire."""
    return json.loads(json.dumps(body))


def events_of(record: CallRecord, event: str) -> CallUpdate:
    """Return what our own client makes of a webhook of ours."""
    body = wired(server.webhook(event, record, TENANT))
    (update,) = KLEN.parse_webhook(body, START + timedelta(minutes=5))
    return update


# --- The id trap ---------------------------------------------------------------------
def test_each_shape_has_its_own_ids() -> None:
    record, number = make_record(), numeric.number_of(ID)
    agent = rendering.agent_number("agent_1")
    whole = {"id": agent, "name": "Renewals", "assistant_id": "agent_1"}
    created = rendering.created(record)
    assert (created["id"], created["call_id"]) == (number, CALL_ID)
    assert created["agent"] == whole
    listed = rendering.listed(record)
    assert (listed["id"], listed["agent_id"]) == (CALL_ID, "agent_1")
    assert not {"call_id", "agent"} & set(listed)
    detail = rendering.detail(record, TENANT)
    assert (detail["id"], detail["call_id"]) == (number, CALL_ID)
    assert detail["agent"] == whole
    told = server.webhook(words.ENDED, record, TENANT)["call"]
    assert (told["id"], told["klen_call_id"]) == (number, CALL_ID)
    assert told["agent_id"] == agent
    assert "assistant_id" not in told


def test_an_assistant_id_is_told_when_a_call_starts() -> None:
    told = server.webhook(words.STARTED, make_record("in_progress"), TENANT)["call"]
    assert told["assistant_id"] == "agent_1"


@pytest.mark.parametrize(
    ("written", "read"),
    [(CALL_ID, ID), ("123", "123"), (ID, ID), ("call_9", ""), ("call_x", "x")],
)
def test_a_call_goes_by_either_id(written: str, read: str) -> None:
    assert server.read_call_id(written) == read


# --- Calls ---------------------------------------------------------------------------
@pytest.mark.parametrize("status", sorted(words.THEIR_STATUSES))
def test_every_call_has_their_words_in_every_shape(status: str) -> None:
    record = make_record(status)
    for shown in (
        rendering.created(record),
        rendering.listed(record),
        rendering.detail(record, TENANT),
    ):
        assert shown["status"] in words.STATUSES
        assert shown["type"] == "outbound"
    is_over = status in words.FINAL
    assert (rendering.listed(record)["ended_at"] is not None) == is_over


def test_units_and_times_are_theirs() -> None:
    shown = rendering.detail(make_record(), TENANT)
    assert shown["started_at"] == "2026-01-01T00:00:00Z"
    assert shown["ended_at"] == "2026-01-01T00:01:04Z"
    assert shown["duration_seconds"] == 64
    assert shown["billing"]["total_charge"] == 0.12345
    assert shown["transcript"] == "Agent: Hi Jamie!\nUser: Yes?\nWho is it?"


def test_the_number_is_that_of_the_other_end() -> None:
    assert rendering.listed(make_record())["phone_number"] == "+12137771234"
    inbound = rendering.listed(make_record(direction="inbound"))
    assert (inbound["type"], inbound["phone_number"]) == ("inbound", "+14157774444")


def test_we_read_our_own_call_as_it_was(wire: Wire) -> None:
    record = make_record()
    body = wired(server.call(DOOR, record))
    wire.on(f"GET /api/v1/calls/{CALL_ID}", body)
    request = CallRequest("ref", "phone", "agent_1", "+12137771234")
    read = KLEN.fetch_call(CallHandle(request, CALL_ID))
    assert read is not None
    assert (read.status, read.turns) == ("ended", TURNS)
    same = ("answered_at", "ended_at", "duration_ms", "cost", "recording_url")
    for name in same:
        assert getattr(read, name) == getattr(record.update, name), name
    assert read.analysis == Analysis("Went well.")
    assert (read.agent_id, read.to_number) == ("agent_1", "+12137771234")
    assert read.other_call_id == str(numeric.number_of(ID))


def test_we_read_our_own_list_and_launch(wire: Wire) -> None:
    wish = server.list_wish(DOOR)
    wire.on("GET /api/v1/calls", wired(server.calls(DOOR, [make_record()], wish, 1)))
    (read,) = KLEN.list_calls(START).items
    assert (read.provider_call_id, read.agent_id) == (CALL_ID, "agent_1")
    status, body = server.launched(DOOR, make_record("queued"))
    assert status == 201
    wire.on("POST /api/v1/calls", wired(body))
    placed = KLEN.place_call(CallRequest("ref", "phone", "agent_1", "+12137771234"))
    assert (placed.provider_call_id, placed.status) == (CALL_ID, "ringing")


def test_a_page_says_how_many_there_are() -> None:
    wish = server.list_wish(replace(DOOR, query={"page": "3", "limit": "2"}))
    body = server.calls(DOOR, [make_record()], wish, 5)
    assert {name: body[name] for name in ("count", "page", "limit", "pages")} == {
        "count": 5,
        "page": 3,
        "limit": 2,
        "pages": 3,
    }


# --- Agents --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("numbers", "role", "number"),
    [
        ({"outbound_numbers": ("+1", "+2")}, "outbound agent", "+1"),
        ({"inbound_numbers": ("+3",)}, "inbound agent", "+3"),
        (
            {"inbound_numbers": ("+3",), "outbound_numbers": ("+1",)},
            "outbound agent",
            "+1",
        ),
        ({}, "outbound agent", None),
    ],
)
def test_an_agent_has_one_number_and_a_role(
    numbers: Any, role: str, number: str | None
) -> None:
    shown = rendering.agent(make_agent(**numbers), TENANT)
    assert (shown["role"], shown["phone_number"]) == (role, number)
    assert shown["can_make_calls"] is (number is not None)


def test_we_read_our_own_agents_and_numbers(wire: Wire) -> None:
    agents = [make_agent(outbound_numbers=("+14157774444",))]
    wire.on("GET /api/v1/agents", wired(server.agents(DOOR, agents)))
    (read,) = KLEN.list_agents()
    assert (read.agent_id, read.versions[0].voice) == ("agent_1", "maya")
    (number,) = KLEN.list_numbers()
    assert (number.number, number.outbound) == ("+14157774444", BindingFacts("agent_1"))
    assert number.inbound == BindingFacts()


# --- Requests ------------------------------------------------------------------------
def wished(**body: Any) -> Any:
    """Return a launch as it is read."""
    return server.wish(replace(DOOR, body=body))


def test_the_seeds_own_request_is_read_whole() -> None:
    wish = wished(**payload("klen/launch_request"))
    assert (wish.to_number, wish.agent_id) == ("+12137771234", "assistant_12345")
    assert wish.overrides == Overrides(raw={"contact_id": 321})
    assert wish.variables == {
        "customer_name": "Jamie Doe",
        "company": "Acme",
        "appointment.date": "2026-01-15",
        "appointment.time": "10:30",
    }


def test_variables_become_texts() -> None:
    odd = {"seats": 12, "is_new": True, "none": None, "tags": ["a", 1], "ü": "ä"}
    assert wished(variables=odd).variables == {
        "seats": "12",
        "is_new": "true",
        "none": "",
        "tags": '["a", 1]',
        "ü": "ä",
    }


def test_an_agent_may_be_a_number() -> None:
    assert wished(agent_id=456).agent_id == "456"
    assert wished().agent_id == ""


@pytest.mark.parametrize(
    "body",
    [
        {"phone_number": 12137771234},
        {"agent_id": True},
        {"agent_id": ["a"]},
        {"contact_id": "321"},
        {"variables": "Jamie"},
    ],
)
def test_a_wrong_launch_is_refused_in_words(body: dict[str, Any]) -> None:
    with pytest.raises(WishRefused) as caught:
        wished(**body)
    assert caught.value.message


def test_filters_are_read_in_our_words() -> None:
    query = {"agent_id": "agent_1", "status": "failed", "type": "inbound"}
    wish = server.list_wish(replace(DOOR, query=query))
    assert wish.conditions == (
        Condition("agent", "in", [("agent_1", None)]),
        Condition("status", "in", ["not_connected", "failed", "canceled"]),
        Condition("direction", "in", ["inbound"]),
    )
    assert (wish.limit, wish.skip) == (10, 0)


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"limit": "many"}, {"status": "ended"}, {"type": "sideways"}],
)
def test_a_filter_that_is_none_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(WishRefused):
        server.list_wish(replace(DOOR, query=query))


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({"authorization": "Bearer klen_1"}, {}, "klen_1"),
        ({"x-api-key": "klen_2"}, {}, "klen_2"),
        ({}, {"api_key": "klen_3"}, "klen_3"),
        ({"authorization": "Bearer klen_1"}, {"api_key": "klen_3"}, "klen_1"),
        ({}, {}, ""),
    ],
)
def test_a_key_comes_in_three_ways(
    headers: dict[str, str], query: dict[str, str], key: str
) -> None:
    assert server.credentials(headers, query) == (key, None)


# --- Errors --------------------------------------------------------------------------
@pytest.mark.parametrize("code", [*sorted(STATUSES), "not_found", "provider_error", ""])
def test_every_error_is_one_of_theirs(code: str) -> None:
    status, body = server.error(STATUSES.get(code, 400), code, "No.")
    assert body["message"] == "No."
    assert body["error"] in words.KNOWN
    assert code not in words.KNOWN or body["error"] == code
    assert code not in STATUSES or status == STATUSES[code]


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "invalid_key"), (404, "not_found"), (409, "validation_error")]
    + [(429, "rate_limit_exceeded"), (503, "server_error")],
)
def test_an_error_without_a_code_goes_by_its_status(status: int, word: str) -> None:
    assert server.error(status, "", "No.")[1]["error"] == word


def test_only_webhooks_live_outside_v1_and_want_the_slash() -> None:
    match = server.ROUTES.match
    assert match("POST", "api/webhooks/create/") == ("create_webhook", {})
    assert match("POST", "api/webhooks/create") is None
    assert match("GET", "api/v1/calls/789") == ("get_call", {"id": "789"})


# --- Webhooks ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "status", "changed", "events"),
    [
        ("queued", "dialing", {"status"}, []),
        ("dialing", "ringing", {"status"}, []),
        ("ringing", "in_progress", {"status"}, ["call.started"]),
        ("in_progress", "in_progress", {"turns"}, []),
        ("in_progress", "ended", {"status"}, ["call.ended", "call.transcript"]),
        (
            "dialing",
            "ended",
            {"summary", "recording_url"},
            [
                *("call.started", "call.ended", "call.transcript"),
                *("call.summary", "call.recording"),
            ],
        ),
        ("ended", "ended", {"summary"}, ["call.summary"]),
        ("ended", "ended", {"turns"}, ["call.transcript"]),
        ("ended", "ended", {"cost"}, []),
        ("ringing", "not_connected", {"status"}, ["call.failed"]),
        ("dialing", "failed", {"status"}, ["call.failed"]),
        ("queued", "canceled", {"status"}, ["call.failed"]),
    ],
)
def test_a_change_gives_its_events(
    before: str, status: str, changed: set[str], events: list[str]
) -> None:
    assert server.events(before, status, changed) == events


def test_we_read_our_own_webhooks_as_they_were() -> None:
    record = make_record()
    started = events_of(make_record("in_progress"), words.STARTED)
    assert (started.status, started.answered_at) == ("in_progress", START)
    assert (started.ended_at, started.agent_id) == (None, "agent_1")
    ended = events_of(record, words.ENDED)
    assert (ended.status, ended.duration_ms) == ("ended", 64_000)
    assert ended.analysis == Analysis("Went well.")
    assert events_of(record, words.TRANSCRIPT).turns == TURNS
    assert events_of(record, words.SUMMARY).analysis == Analysis("Went well.")
    assert events_of(record, words.RECORDING).recording_url.endswith("a.wav")
    assert ended.occurred_at == record.update.occurred_at


@pytest.mark.parametrize(
    ("status", "ours", "read"),
    [
        ("not_connected", "no_answer", ("not_connected", "no_answer")),
        ("not_connected", "busy", ("not_connected", "busy")),
        ("not_connected", "declined", ("not_connected", "declined")),
        ("not_connected", "invalid_number", ("not_connected", "invalid_number")),
        ("not_connected", "blocked", ("not_connected", "provider_error")),
        ("failed", "lost", ("failed", "provider_error")),
        ("canceled", "canceled", ("canceled", "canceled")),
    ],
)
def test_we_read_why_a_call_of_ours_failed(
    status: str, ours: str, read: tuple[str, str]
) -> None:
    never = {"answered_at": None, "duration_ms": None, "turns": None}
    update = events_of(make_record(status, end_reason=ours, **never), words.FAILED)
    assert (update.status, update.end_reason) == read


def test_their_own_word_for_a_failure_is_kept() -> None:
    record = make_record("not_connected", end_reason_raw="disconnected")
    told = server.webhook(words.FAILED, record, TENANT)["call"]
    assert told["reason"] == "disconnected"


def test_an_endpoint_that_chose_nothing_gets_all_events() -> None:
    assert server.is_wanted(words.RECORDING, [])
    assert not server.is_wanted(words.RECORDING, [words.ENDED])
    assert [e for e in words.CALL_EVENTS if not server.is_terminal(e)] == [
        words.STARTED
    ]


def test_our_client_believes_our_signature() -> None:
    headers = server.headers(b"{}", "whsec", 0)
    expected = hmac.new(b"whsec", b"{}", hashlib.sha256).hexdigest()
    assert headers["X-Klen-Signature"] == expected
    lower = {name.lower(): value for name, value in headers.items()}
    assert KLEN.verify_webhook(lower, b"{}", START)
