"""Tests of answering as Zudu; what comes out is read back by our own client."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from agents.providers.base import (
    Account,
    AgentFacts,
    Analysis,
    BindingFacts,
    CallHandle,
    CallRecord,
    CallRequest,
    CallUpdate,
    NumberFacts,
    ToolFacts,
    VersionFacts,
    WishRefused,
)
from agents.providers.dialects import Door, Tenant
from agents.providers.listing import AgentRecord, Condition, NumberRecord
from agents.providers.zudu import filters, rendering, server, words
from agents.providers.zudu.client import Zudu
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload
from tests.agents.providers.records import ID, START, TURNS
from tests.agents.providers.records import make_record as any_record

TENANT = Tenant("0198", "Acme")
TOOLS = (ToolFacts("look_up", "t1", '{"a": 1}', "found", True, after_turn=1),)
ANSWERED = {"answered_at": START, "ended_at": START + timedelta(seconds=64)}
NEVER = {"answered_at": None, "turns": (), "tools": (), "analysis": None}
Json = dict[str, Any]


@pytest.fixture
def zudu() -> Zudu:
    """Return our own client."""
    return Zudu(Account("https://zudu.test", {"api_key": "sk", "api_secret": "s3"}))


def make_record(status: str = "ended", **update: Any) -> CallRecord:
    """Return a call as it is in our words, as a client of Zudu launched it."""
    of = {
        "created_at": START - timedelta(seconds=10),
        "variables": {},
        "metadata": {"lead": 7, words.REFERENCE: "ref-1"},
    }
    return any_record(status, of, **{"tools": TOOLS} | update)


def door(action: str = "get_call", body: Any = None, **query: str) -> Door:
    """Return a request at the door."""
    return Door(action, TENANT, query=query, body=body or {})


def handle(call_id: str = f"call_{ID}") -> CallHandle:
    """Return the call as our client asks for it."""
    request = CallRequest(reference="ref-1", type="phone", agent_id="agent_1")
    return CallHandle(request, call_id, START)


def fetched(wire: Wire, zudu: Zudu, record: CallRecord) -> CallUpdate:
    """Have our client fetch what our server shows."""
    wire.on(f"GET /api/calls/call_{ID}", server.call(door(), record))
    found = zudu.fetch_call(handle())
    assert found
    return found


# --- Round trips ---------------------------------------------------------------------
def test_we_read_our_own_call_as_it_was(wire: Wire, zudu: Zudu) -> None:
    read = fetched(wire, zudu, make_record())
    assert (read.status, read.end_reason, read.answered_by) == (
        "ended",
        "user_hangup",
        "human",
    )
    assert (read.answered_at, read.ended_at) == tuple(ANSWERED.values())
    assert (read.duration_ms, read.cost) == (64_000, Decimal("0.123450"))
    assert (read.turns, read.tools) == (TURNS, TOOLS)
    assert read.analysis == Analysis("Went well.", "positive", True, {"seats": 12})
    assert read.latency == {"e2e": {"p50": 800, "values": [800]}}
    assert (read.reference, read.metadata["lead"]) == ("ref-1", 7)
    assert (read.from_number, read.to_number) == ("+14157774444", "+12137771234")
    assert (read.direction, read.agent_id) == ("outbound", "agent_1")
    assert read.recording_url == "https://example.com/a.wav"


@pytest.mark.parametrize(
    ("status", "update", "read_as"),
    [
        ("queued", NEVER, "ringing"),
        ("dialing", NEVER, "ringing"),
        ("unconfirmed", NEVER, "ringing"),
        ("ringing", NEVER, "ringing"),
        ("scheduled", NEVER, ""),
        ("in_progress", {"ended_at": None}, "in_progress"),
        ("not_connected", NEVER | {"end_reason": "busy"}, "not_connected"),
        ("not_connected", NEVER | {"end_reason": "no_answer"}, "not_connected"),
        ("not_connected", NEVER | {"end_reason": "other"}, "not_connected"),
        ("failed", NEVER | {"end_reason": "provider_error"}, "failed"),
        ("failed", NEVER | {"end_reason": "no_funds"}, "failed"),
        ("canceled", NEVER | {"end_reason": "canceled"}, "not_connected"),
    ],
)
def test_each_status_is_read_back(
    wire: Wire, zudu: Zudu, status: str, update: Json, read_as: str
) -> None:
    record = make_record(status, **update)
    read = fetched(wire, zudu, record)
    assert read.status == read_as
    if status in words.FINAL:
        assert read.end_reason == record.update.end_reason


def test_a_voicemail_is_read_back(wire: Wire, zudu: Zudu) -> None:
    record = make_record(answered_by="machine", end_reason="voicemail")
    read = fetched(wire, zudu, record)
    assert (read.end_reason, read.answered_by) == ("voicemail", "machine")


def test_a_web_call_waits_as_registered(wire: Wire, zudu: Zudu) -> None:
    record = make_record("ringing", **NEVER, type="web")
    read = fetched(wire, zudu, record)
    assert (read.status, read.status_raw, read.type) == ("", "REGISTERED", "web")
    assert read.to_number == ""


def test_the_webhook_leads_to_the_call(zudu: Zudu) -> None:
    body = json.loads(json.dumps(server.webhook("post_call", make_record(), TENANT)))
    (hint,) = zudu.parse_webhook(body, START)
    assert hint.provider_call_id == f"call_{ID}"
    assert hint.status == ""
    assert body["call"]["transcript"] == "Hi Jamie!\nYes?"


@pytest.mark.parametrize("kind", ["phone", "web"])
def test_our_client_reads_our_answer_to_a_launch(
    wire: Wire, zudu: Zudu, kind: str
) -> None:
    join = {"access_token": "token", "url": "wss://simulator.invalid/join"}
    record = make_record("queued", **NEVER, type=kind, join=join)
    status, answer = server.launched(door(f"create_{kind}_call"), record)
    wire.on(f"POST /api/calls/create-{kind}-call", httpx.Response(status, json=answer))
    wish = CallRequest("ref-1", kind, "agent_1", "+12137771234", "+14157774444")
    found = zudu.place_call(wish)
    assert found.provider_call_id == f"call_{ID}"
    if kind == "web":
        assert found.join == {
            "access_token": "token",
            "server_url": "wss://simulator.invalid/join",
            "room_name": f"call_{ID}",
        }


# --- Shapes --------------------------------------------------------------------------
def test_a_launch_has_the_shape_of_the_sheet() -> None:
    _, answer = server.launched(door("create_phone_call"), make_record("queued"))
    wanted = payload("zudu/create_phone_call")
    assert set(answer) == set(wanted)
    assert set(answer["data"]) == set(wanted["data"])
    assert set(answer["data"]["call"]) == set(wanted["data"]["call"])
    assert answer["data"]["call"]["call_status"] == "ONGOING"
    assert answer["data"]["phone_call_info"] == wanted["data"]["phone_call_info"]


def test_a_call_has_the_fields_of_the_sheet() -> None:
    shown = rendering.call(make_record(), "0198")
    assert set(shown) == set(payload("zudu/get_call_s")["data"])
    assert (shown["call_status"], shown["call_type"]) == ("ENDED", "PHONE_CALL")
    assert shown["call_duration"] == 64_000
    assert shown["transcript_object"][0]["timestamp"] == 1767225600400
    first = shown["transcript_object"][0]["words"]
    assert (first[0]["start"], first[-1]["end"]) == (1767225600400, 1767225601600)
    assert shown["call_analysis"]["user_sentiment"] == "Positive"


def test_a_record_keeps_its_own_id_and_word() -> None:
    record = make_record(
        "canceled",
        **NEVER,
        status_raw="registered",
        end_reason_raw=words.RECORD_ONLY,
        provider_call_id="call_mine",
    )
    call = server.created(TENANT, replace(record, to_number=""))["data"]["call"]
    wanted = payload("zudu/seed_create_answer")["data"]["call"]
    assert set(call) == set(wanted)
    assert (call["call_id"], call["call_status"]) == ("call_mine", "registered")
    assert call["disconnection_reason"] is None
    assert [event["event"] for event in call["events"]] == ["Call created via API"]


def test_an_error_says_what_is_wrong_without_codes() -> None:
    status, body = server.error(404, "not_found", "There is no call “x”.")
    assert (status, body["message"], body["status"]) == (404, "Not found", "error")
    assert body["error"] == "There is no call “x”."
    assert server.error(500, "", "x")[1]["message"] == "Internal server error"


def test_both_headers_are_the_key() -> None:
    sent = {"x-api-key": "sk_1", "x-api-secret": "s3cr3t_1"}
    assert server.credentials(sent, {}) == ("sk_1", "s3cr3t_1")
    assert server.credentials({"x-api-key": "sk_1"}, {}) == ("sk_1", "")
    assert server.credentials({"authorization": "Bearer sk_1"}, {}) == ("", "")


# --- The webhook ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "status", "changed", "events"),
    [
        ("ringing", "in_progress", {"status"}, []),
        ("in_progress", "ended", {"status"}, []),
        ("in_progress", "ended", {"status", "summary"}, ["post_call"]),
        ("ended", "ended", {"summary"}, ["post_call"]),
        ("ended", "ended", {"cost"}, []),
        ("ringing", "not_connected", {"status"}, []),
        ("dialing", "failed", {"status"}, []),
    ],
)
def test_one_webhook_goes_out_when_all_is_known(
    before: str, status: str, changed: set[str], events: list[str]
) -> None:
    assert server.events(before, status, changed) == events


def test_nothing_is_signed() -> None:
    assert not server.NEEDS_KEY
    assert server.headers(b"{}", "key", 1) == {"Content-Type": "application/json"}
    assert server.is_wanted("post_call", []) and server.is_terminal("post_call")
    assert not server.is_wanted("post_call", ["another"])


# --- Requests ------------------------------------------------------------------------
NUMBERS = {"from_number": "+14157774444", "to_number": "+12137771234"}


def test_a_launch_is_read_whole() -> None:
    body = NUMBERS | {
        "override_agent_id": "agent_1",
        "metadata": {"lead": 7},
        "dynamic_variables": {"plan": "Pro"},
    }
    wish = server.wish(door("create_phone_call", body))
    assert (wish.to_number, wish.from_number) == ("+12137771234", "+14157774444")
    assert (wish.agent_id, wish.type) == ("agent_1", "phone")
    assert (wish.metadata, wish.variables) == ({"lead": 7}, {"plan": "Pro"})
    web = server.wish(door("create_web_call", {"agent_id": "agent_1"}))
    assert (web.type, web.agent_id) == ("web", "agent_1")
    assert server.wish(door("create_phone_call", NUMBERS | {"from_number": None}))


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("create_phone_call", {}),
        ("create_phone_call", {"from_number": "+14157774444"}),
        ("create_phone_call", NUMBERS | {"to_number": "213 777 1234"}),
        ("create_phone_call", NUMBERS | {"to_number": 12137771234}),
        ("create_phone_call", NUMBERS | {"to_number": "+14157774444"}),
        ("create_phone_call", NUMBERS | {"metadata": [1]}),
        ("create_phone_call", NUMBERS | {"override_agent_id": 7}),
        ("create_web_call", {}),
    ],
)
def test_a_wrong_launch_is_refused_in_words(action: str, body: Json) -> None:
    with pytest.raises(WishRefused) as caught:
        server.wish(door(action, body))
    assert caught.value.message


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "api/calls/create-phone-call", "create_phone_call"),
        ("POST", "api/calls/create", "create_record"),
        ("POST", "api/calls", "search_calls"),
        ("GET", "api/calls/call_1", "get_call"),
        ("GET", "api/phone-numbers/available", "list_available_numbers"),
        ("GET", "api/phone-numbers/+14155550100", "get_number"),
        ("PATCH", "api/agents/agent_1/unassign", "remove_any_webhook"),
    ],
)
def test_an_address_leads_to_its_action(method: str, path: str, action: str) -> None:
    found = server.ROUTES.match(method, path)
    assert found and found[0] == action
    assert server.ROUTES.match(method, f"v1/{path}") is None


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        (
            {"inbound_agent_id": "a", "inbound_agent_version": 1},
            {"inbound": BindingFacts("a")},
        ),
        (
            {"outbound_agent_id": "a", "outbound_agent_version": 3},
            {"outbound": BindingFacts("a", 3)},
        ),
        (
            {"inbound_agent_id": None, "outbound_agent_id": "b"},
            {"inbound": BindingFacts(), "outbound": BindingFacts("b")},
        ),
        ({"nickname": "Sales"}, {}),
    ],
)
def test_a_binding_is_read(body: Json, bound: Any) -> None:
    assert server.bindings(door("update_number", body)) == bound


@pytest.mark.parametrize(
    "body",
    [
        {"inbound_agent_id": 7},
        {"inbound_agent_id": "a", "inbound_agent_version": "3"},
        {"inbound_agent_version": 3},
    ],
)
def test_a_wrong_binding_is_refused(body: Json) -> None:
    with pytest.raises(WishRefused):
        server.bindings(door("update_number", body))


# --- Lists ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "criteria",
    [
        {"agent_id": ["agent_1"], "call_type": ["phone_call"]},
        {"agent_id": "agent_1", "call_type": ["PHONE_CALL"]},
    ],
)
def test_filters_are_read_in_both_generations(criteria: Json) -> None:
    wish = filters.list_wish({"filter_criteria": criteria}, with_turns=False)
    assert wish.conditions == (
        Condition("agent", "in", [("agent_1", None)]),
        Condition("type", "in", ["phone"]),
    )


def test_durations_pages_and_order_are_read() -> None:
    bounds = {"lower_threshold": 1000, "upper_threshold": 9000}
    body = {
        "page": 2,
        "limit": 10,
        "sort_by": "created_at",
        "sort_order": "ascending",
        "filter_criteria": {"duration_ms": bounds, "call_status": ["ENDED", "error"]},
    }
    wish = filters.list_wish(body, with_turns=False)
    assert (wish.skip, wish.limit, wish.ascending, wish.with_total) == (
        20,
        10,
        True,
        True,
    )
    assert [(c.field, c.op, c.value) for c in wish.conditions] == [
        ("duration_ms", "ge", 1000.0),
        ("duration_ms", "le", 9000.0),
    ]
    assert filters.statuses(body) == frozenset({"ended", "error"})
    assert filters.statuses({}) is None


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": True},
        {"page": -1},
        {"page": "x"},
        {"sort_by": "latency"},
        {"sort_order": "up"},
        {"filter_criteria": []},
        {"filter_criteria": {"transcript_search": "Jamie"}},
        {"filter_criteria": {"call_type": [7]}},
        {"filter_criteria": {"duration_ms": {"lower_threshold": "1"}}},
        {"filter_criteria": {"duration_ms": {"lower_threshold": 2**70}}},
        {"filter_criteria": {"duration_ms": 7}},
        {"limit": 2.5},
    ],
)
def test_a_list_we_cannot_give_is_refused(body: Json) -> None:
    with pytest.raises(WishRefused):
        filters.list_wish(body, with_turns=False)


def test_an_unknown_status_is_no_empty_list() -> None:
    with pytest.raises(WishRefused, match="moonwalking"):
        filters.statuses({"filter_criteria": {"call_status": ["moonwalking"]}})


def test_a_page_of_calls_counts_all_pages() -> None:
    asked = door("search_calls", {"page": 1, "limit": 2})
    wish = server.list_wish(asked)
    data = server.calls(asked, [make_record()], wish, 3)["data"]
    assert data["pagination"] == {
        "page": 1,
        "limit": 2,
        "total_count": 3,
        "total_pages": 2,
        "has_next_page": False,
        "has_previous_page": True,
    }
    assert (data["returned_count"], data["sort_by"]) == (1, "start_timestamp")
    assert "transcript_object" not in data["calls"][0]
    whole = door("list_calls", page="0", limit="500")
    wish = server.list_wish(whole)
    assert (wish.limit, wish.with_turns) == (100, True)
    assert server.calls(whole, [make_record()], wish, 1)["data"]["calls"][0][
        "transcript_object"
    ]


# --- Agents and numbers --------------------------------------------------------------
def make_agent(name: str, day: int) -> AgentRecord:
    """Return an agent as it is in our words."""
    version = VersionFacts(4, True, "You call.", "Hi!", "nova", "m", "en-US")
    facts = AgentFacts(f"agent_{name}", name, (version,))
    at = START + timedelta(days=day)
    return AgentRecord(f"id-{name}", facts, at, at)


def make_number(number: str, **facts: Any) -> NumberRecord:
    """Return a number as it is in our words."""
    return NumberRecord(f"id-{number}", NumberFacts(number, **facts), START)


def test_agents_come_in_pages_and_in_order() -> None:
    agents = [make_agent(name, day) for day, name in enumerate("cab")]
    query = {"limit": "2", "sort_by": "agent_name"}
    data = server.agents(door("list_agents", **query), agents)["data"]
    assert [row["agent_name"] for row in data["agents"]] == ["a", "b"]
    assert data["pagination"] == {"page": 0, "limit": 2, "total": 3, "total_pages": 2}
    last = server.agents(door("list_agents", sort_order="descending"), agents)
    assert last["data"]["agents"][0]["agent_name"] == "b"
    with pytest.raises(WishRefused):
        server.agents(door("list_agents", sort_by="charm"), agents)


def test_our_client_reads_our_agents(wire: Wire, zudu: Zudu) -> None:
    agent = make_agent("a", 1)
    wire.on("GET /api/agents", server.agents(door("list_agents"), [agent]))
    wire.on("GET /api/agents/agent_a/full", server.agent(door(), agent, "webhook_1"))
    (read,) = zudu.list_agents()
    version = VersionFacts(
        1, True, "You call.", "Hi!", "nova", "", "en-US", changed_at=agent.changed_at
    )
    assert read == AgentFacts("agent_a", "a", (version,))


def test_our_client_reads_our_numbers(wire: Wire, zudu: Zudu) -> None:
    known = [
        make_number(
            "+14157774444",
            label="Sales",
            carrier="twilio",
            inbound=BindingFacts("a"),
            outbound=BindingFacts("b", 3),
        ),
        make_number("+442079460000", carrier="telnyx"),
        make_number("+13105550142", carrier="custom"),
    ]
    wire.on("GET /api/phone-numbers", server.numbers(door("list_numbers"), known))
    read = {number.number: number for number in zudu.list_numbers()}
    assert read == {row.facts.number: row.facts for row in known}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"nickname": "sal"}, 1),
        ({"area_code": "415"}, 1),
        ({"area_code": "212"}, 0),
        ({"agent_id": "b"}, 1),
        ({"page": "1", "limit": "1", "sort_by": "nickname"}, 1),
    ],
)
def test_numbers_are_narrowed(query: Json, count: int) -> None:
    known = [
        make_number("+14157774444", label="Sales", outbound=BindingFacts("b")),
        make_number("+442079460000"),
    ]
    found = server.numbers(door("list_numbers", **query), known)["data"]
    assert len(found["phone_numbers"]) == count
    by_post = {"filter_criteria": {k: v for k, v in query.items() if k == "agent_id"}}
    told = server.numbers(door("search_numbers", by_post), known)["data"]
    assert len(told["phone_numbers"]) == (1 if "agent_id" in query else 2)


def test_only_free_numbers_are_available() -> None:
    known = [make_number("+14157774444", inbound=BindingFacts("b")), make_number("+44")]
    data = server.numbers(door("list_available_numbers"), known)["data"]
    assert data["available_count"] == 1
    assert data["phone_numbers"][0]["phone_number"] == "+44"
