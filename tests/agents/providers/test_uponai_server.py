"""Tests of answering as UponAI; what comes out is read by our own client."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.providers.base import (
    Account,
    AgentFacts,
    Analysis,
    BindingFacts,
    CallRecord,
    CallRequest,
    CallUpdate,
    LaunchWish,
    NumberFacts,
    Overrides,
    TurnFacts,
    VersionFacts,
    WishRefused,
)
from agents.providers.dialects import Dialect, Door, Tenant
from agents.providers.listing import AgentRecord, Condition, NumberRecord
from agents.providers.uponai import facts, numbers, orders, rendering, server, words
from agents.providers.uponai.client import UponAI
from agents.providers.uponai.wish import order, placed
from agents.providers.voicewire.telling import call_id
from agents.providers.voicewire.words import THEIR_STATUSES
from tests.agents.providers import records
from tests.agents.providers.payloads import payload
from tests.agents.providers.records import START

# A module that lacks anything a dialect needs is an error of types here.
SIDE: Dialect = server
KEY = "upon_made_up_0123456789abcdef"
TENANT = Tenant("019b0000-0000-7000-8000-0000000000aa", "Acme")
ODD, EVEN = (f"019b0000-0000-7000-8000-00000000000{digit}" for digit in "12")
UPONAI = UponAI(Account("", {"api_key": KEY}))
TURNS = (*records.TURNS, TurnFacts("other", "Connecting you.", 3000, 3600))


def make_record(status: str = "ended", id: str = ODD, **update: Any) -> CallRecord:
    """Return a call as it is in our words, as a client of UponAI launched it."""
    latency = {"e2e": {"p50": 800}, "odd": {"p50": 1}}
    of = {
        "id": id,
        "sip_headers": {"X-Campaign": "june"},
        "metadata": {"lead": 7, "switchboard_reference": "ref-1"},
    }
    usual: dict[str, Any] = {"turns": TURNS, "latency": latency}
    return records.make_record(status, of, **usual | update)


def door(action: str = "", **fields: Any) -> Door:
    """Return a request at the door."""
    return Door(action, TENANT, **fields)


def wire(value: Any) -> Any:
    """Return what a client would decode."""
    return json.loads(json.dumps(value))


# --- Webhooks ------------------------------------------------------------------------
def told(event: str, record: CallRecord) -> CallUpdate:
    """Return what our own client reads from a webhook of ours."""
    body = wire(server.webhook(event, record, TENANT))
    (read,) = UPONAI.parse_webhook(body, START + timedelta(hours=1))
    return read


def test_we_read_our_own_webhook_as_it_was() -> None:
    record = make_record()
    read, was = told("call_analyzed", record), record.update
    names = ("answered_at", "ended_at", "duration_ms", "turns", "tools", "analysis")
    for name in (*names, "end_reason", "answered_by", "recording_url"):
        assert getattr(read, name) == getattr(was, name), name
    assert (read.status, read.cost) == ("ended", Decimal("0.123450"))
    assert (read.reference, read.variables) == ("ref-1", {"plan": "Pro"})
    assert read.latency == {"e2e": {"p50": 800}}
    assert (read.agent_id, read.agent_version) == ("agent_1", 2)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("not_connected", "busy"),
        ("not_connected", "no_answer"),
        ("not_connected", "other"),
        ("failed", "no_funds"),
        ("failed", "other"),
        ("ended", "voicemail"),
        ("ended", "max_duration"),
    ],
)
def test_every_end_comes_back_as_it_was(status: str, reason: str) -> None:
    record = make_record(status, end_reason=reason, analysis=None, turns=())
    read = told("call_ended", record)
    seen = "provider_error" if (status, reason) == ("failed", "other") else reason
    assert (read.status, read.end_reason) == (status, seen)


def test_every_word_we_say_is_one_we_know() -> None:
    assert set(words.REASONS.theirs.values()) <= set(words.REASONS.ours)


def test_webhooks_are_snake_case_and_count_in_their_units() -> None:
    call = server.webhook("call_ended", make_record(), TENANT)["call"]
    assert call["start_timestamp"] == 1767225600000
    assert call["call_cost"]["combined_cost"] == pytest.approx(12.345)
    assert call["retell_llm_dynamic_variables"] == {"plan": "Pro"}
    assert call["transcript"].startswith("Agent: Hi Jamie!\nUser: Yes?\n")
    assert not {"callId", "uponai_dynamic_variables", "call_analysis"} & set(call)


def test_a_call_that_began_tells_no_more_than_that() -> None:
    call = server.webhook("call_started", make_record(), TENANT)["call"]
    assert call["call_status"] == "ongoing"
    assert not {"transcript", "end_timestamp", "disconnection_reason"} & set(call)


def test_our_client_believes_our_signature() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    headers = server.headers(b"{}", KEY, round(now.timestamp() * 1000))
    lowered = {name.lower(): value for name, value in headers.items()}
    assert UPONAI.verify_webhook(lowered, b"{}", now)
    assert not UPONAI.verify_webhook(lowered, b"{ }", now)


# --- Calls over REST -----------------------------------------------------------------
def test_a_launch_is_answered_in_two_envelopes() -> None:
    status, body = server.launched(door(), make_record("queued"))
    sample = payload("uponai/initiate")
    assert status == 201
    assert set(body) == set(sample)
    assert set(body["call"]) == set(sample["call"])
    assert set(body["call"]["call"]) == set(sample["call"]["call"])


def test_the_sid_is_the_id_of_half_of_the_calls() -> None:
    for our_id, differ in ((ODD, True), (EVEN, False)):
        _, body = server.launched(door(), make_record("queued", our_id))
        update = facts.call_update(placed(wire(body)), START)
        assert update.provider_call_id == call_id(our_id)
        assert update.other_call_id == (our_id if differ else "")
        for written in filter(None, (update.provider_call_id, update.other_call_id)):
            assert server.read_call_id(written).replace("-", "") == our_id.replace(
                "-", ""
            )


@pytest.mark.parametrize("status", sorted(THEIR_STATUSES))
def test_a_call_over_rest_says_where_it_is(status: str) -> None:
    body = wire(server.call(door(), make_record(status)))
    assert body["success"] is True
    update = facts.call_update(body["call"], START)
    expected = {"canceled": "not_connected"}.get(status, status)
    waits = status in ("scheduled", "queued", "dialing", "unconfirmed")
    assert update.status == ("ringing" if waits else expected)
    assert (update.reference, update.turns) == ("ref-1", None)


def test_a_web_call_has_its_token_on_the_first_level() -> None:
    record = make_record("ringing", type="web", join={"access_token": "token"})
    status, body = server.launched(door("create_web_call"), record)
    assert (status, body["accessToken"]) == (201, "token")
    assert body["callType"] == "web_call"
    assert rendering.call(make_record())["accessToken"] is None


def test_the_history_comes_back_in_our_units() -> None:
    record = make_record()
    row = wire(rendering.history_row(record, "Jamie Doe", (42, "Acme")))
    assert set(row) == set(payload("uponai/history")["calls"][0])
    read = facts.history_update(row, START + timedelta(hours=1))
    names = ("answered_at", "ended_at", "duration_ms", "cost", "recording_url")
    for name in (*names, "from_number", "to_number", "direction"):
        wanted = getattr(record.update, name) or getattr(record, name)
        assert getattr(read, name) == wanted, name
    assert read.analysis == Analysis("Went well.", "positive")
    assert (row["duration"], row["workspaceId"]) == (64, 42)


def test_what_the_history_does_not_know_is_null() -> None:
    record = make_record("ringing", duration_ms=None, cost=None, analysis=None)
    row = rendering.history_row(record, "", (42, "Acme"))
    assert {row["duration"], row["costs"], row["summary"], row["customerName"]} == {
        None
    }


# --- Launches ------------------------------------------------------------------------
def read(body: dict[str, Any], action: str = "create_phone_call") -> LaunchWish:
    """Return the wish that the door reads from a body."""
    return server.wish(door(action, body=body))


def test_the_seeds_own_request_is_read_whole() -> None:
    wish = read(payload("uponai/initiate_request"))
    assert wish == LaunchWish(
        to_number="+14155550199",
        from_number="334",
        agent_id="agent_01hzexample",
        agent_version=3,
        variables={"customer_name": "Jamie", "plan_tier": "enterprise"},
        overrides=Overrides(
            "elevenlabs-morgan",
            "gpt-4.1",
            "Hello Jamie, this is the virtual team from UponAI.",
            900_000,
        ),
        sip_headers={"X-Campaign": "spring-renewal", "X-Case-Id": "case_123"},
        metadata={"customerId": "cust_123", "campaign": "renewal"},
        trunk_name="Main Sales Trunk",
        customer_name="Jamie Doe",
        ignore_e164_validation=True,
    )


def test_what_our_client_sends_is_what_we_read() -> None:
    request = CallRequest(
        reference="ref-1",
        type="phone",
        agent_id="agent_1",
        to_number="+12137771234",
        from_number="+14157774444",
        agent_version=0,
        overrides=Overrides(raw={"llm": {"modelTemperature": 0.2}}),
        trunk_name="Main",
    )
    _, body = order(request)
    wish = read(wire(body))
    assert (wish.agent_version, wish.trunk_name) == (0, "Main")
    assert wish.overrides == request.overrides
    assert wish.metadata == {"switchboard_reference": "ref-1"}


def test_a_web_launch_is_read_in_either_spelling() -> None:
    body = {"agentId": "agent_1", "retell_llm_dynamic_variables": {"name": "Jamie"}}
    wish = read(body, "create_web_call")
    assert (wish.type, wish.variables) == ("web", {"name": "Jamie"})


PLAIN = {
    "agentId": "agent_1",
    "fromNumber": "+14157774444",
    "toNumber": "+12137771234",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agentId": None}, "agentId is required"),
        ({"fromNumber": ""}, "fromNumber is required"),
        ({"toNumber": 12137771234}, "toNumber must be a string"),
        ({"toNumber": "334"}, "E.164"),
        ({"ignoreE164Validation": "true"}, "ignoreE164Validation"),
        ({"overrideAgentVersion": "3"}, "overrideAgentVersion"),
        ({"overrideAgentVersion": True}, "overrideAgentVersion"),
        ({"overrideAgentVersion": -1}, "overrideAgentVersion"),
        ({"metadata": [1]}, "metadata must be an object"),
        ({"uponai_dynamic_variables": {"seats": 12}}, "seats must be a string"),
        ({"customSipHeaders": {"X-A": 1}}, "X-A must be a string"),
        ({"agentOverride": "voice"}, "agentOverride"),
        ({"agentOverride": {"agent": {"maxCallDurationMs": "1"}}}, "maxCallDuration"),
        ({"agentOverride": {"llm": {"beginMessage": 1}}}, "beginMessage"),
        ({"trunkName": "x" * 121}, "trunkName is longer"),
        ({"customStatusHookUrl": "https://a.test"}, "no longer a field"),
    ],
)
def test_a_wrong_launch_is_refused_in_words(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(WishRefused, match=said):
        read(PLAIN | changes)


# --- Lists ---------------------------------------------------------------------------
def test_a_list_is_asked_for_by_pages_and_filters() -> None:
    query = {
        "workspaceId": "42",
        "agentId": "agent_1",
        "status": "not_connected",
        "fromDate": "2026-01-01T00:00:00 02:00",
        "toDate": "2026-01-02T00:00:00Z",
        "page": "3",
        "limit": "10",
    }
    wish = server.list_wish(door("list_calls", query=query))
    assert (wish.limit, wish.skip, wish.with_total) == (10, 20, True)
    assert wish.conditions == (
        Condition("agent", "in", [("agent_1", None)]),
        Condition("status", "in", ["not_connected", "canceled"]),
        Condition("started_at", "ge", START - timedelta(hours=2)),
        Condition("started_at", "le", START + timedelta(days=1)),
    )


def test_a_status_nobody_has_finds_nothing() -> None:
    wish = orders.list_wish({"status": "moonwalking"})
    assert wish.conditions == (Condition("status", "in", []),)


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "one"},
        {"limit": "101"},
        {"limit": "²"},
        {"fromDate": "yesterday"},
        {"search": "Jamie"},
    ],
)
def test_what_a_list_cannot_honour_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(WishRefused):
        orders.list_wish(query)


def test_a_page_says_which_it_is() -> None:
    wish = orders.list_wish({"page": "2", "limit": "10"})
    body = server.calls(door(), [make_record()], wish, 11)
    assert body["pagination"] == {"page": 2, "limit": 10, "total": 11}
    assert len(body["calls"]) == 1


# --- Agents --------------------------------------------------------------------------
def agent(agent_id: str, *versions: int) -> AgentRecord:
    """Return an agent of ours with these versions."""
    rows = tuple(VersionFacts(number, voice="v") for number in versions)
    return AgentRecord(ODD, AgentFacts(agent_id, "Renewals", rows), START, START)


def test_agents_are_a_bare_array_with_a_key_in_the_query() -> None:
    known = [agent("a", 0, 1), agent("b", 0), agent("c")]
    whole = server.agents(door("list_agents"), known)
    assert [(row["agent_id"], row["version"]) for row in whole] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        ("c", 0),
    ]
    query = {"limit": "2", "paginationKey": "a", "paginationKeyVersion": "0"}
    assert server.agents(door("list_agents", query=query), known) == whole[1:3]
    with pytest.raises(WishRefused):
        server.agents(door("list_agents", query={"paginationKey": "x"}), known)


def test_an_agent_has_texts_where_one_expects_numbers() -> None:
    kept = {"interruption_sensitivity": "0.8", "response_threshold": 0.5}
    record = agent("a", 0, 3)
    shown = rendering.agent(record, record.latest, kept)
    assert set(shown) == set(payload("uponai/agent"))
    assert (shown["version"], shown["interruption_sensitivity"]) == (3, "0.8")
    assert shown["response_engine"]["type"] == "uponai-llm"
    assert server.agent(door(), record)["response_threshold"] is None


# --- Numbers -------------------------------------------------------------------------
BOUND = NumberFacts(
    "+14157774444",
    inbound=BindingFacts("agent_1"),
    outbound=BindingFacts("agent_2", 0),
    trouble="The trunk refused.",
)


def test_a_number_comes_back_with_who_is_bound() -> None:
    record = NumberRecord(ODD, BOUND, START)
    body = wire(server.numbers(door("list_numbers", account="acc"), [record]))
    (shown,) = numbers.records(body) or []
    assert set(shown) == set(payload("uponai/numbers")["numbers"][0])
    assert shown["account_sid"] == "acc"
    seen = numbers.number(shown)
    assert (seen.inbound, seen.outbound) == (BOUND.inbound, BOUND.outbound)
    assert "The trunk refused." in seen.trouble


def test_a_binding_is_answered_as_the_sheet_says() -> None:
    body = {"accountSid": "acc", "workspaceId": 42}
    answer = server.number(door("bind", body=body), NumberRecord(ODD, BOUND, START))
    assert (answer["success"], answer["assignment"]["workspace_id"]) == (True, 42)
    assert answer["assignment"]["account_sid"] == "acc"
    assert answer["assignment"]["agent_id"] == "agent_2"
    assert [row["number"] for row in answer["numbers"]] == ["+14157774444"]


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        ({}, {}),
        (
            {"outboundAgentId": "a", "outboundAgentVersion": 0},
            {"outbound": BindingFacts("a", 0)},
        ),
        ({"outboundAgentId": None}, {"outbound": BindingFacts()}),
        (
            {"outboundAgentId": None, "outboundAgents": []},
            {"outbound": BindingFacts()},
        ),
        (
            {"outboundAgentId": "a", "outboundAgents": []},
            {"outbound": BindingFacts("a")},
        ),
        (
            {"inboundAgents": [{"agent_id": "a", "agent_version": 2, "weight": 1}]},
            {"inbound": BindingFacts("a", 2)},
        ),
        ({"inboundAgents": []}, {"inbound": BindingFacts()}),
        ({"inboundAgents": None}, {"inbound": BindingFacts()}),
    ],
)
def test_a_binding_is_read_by_direction(
    body: dict[str, Any], bound: dict[str, BindingFacts]
) -> None:
    assert server.bindings(door("bind", body=body)) == bound


@pytest.mark.parametrize(
    "wanted", [BindingFacts(), BindingFacts("a"), BindingFacts("a", 0)]
)
@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_what_our_client_binds_is_what_we_read(
    direction: str, wanted: BindingFacts
) -> None:
    record = rendering.number(NumberRecord(ODD, BOUND, START), "acc", 42)
    body = wire(numbers.body(record, direction, wanted))
    found = server.bindings(door("bind", body=body))
    other = {"inbound": "outbound", "outbound": "inbound"}[direction]
    assert found == {direction: wanted, other: getattr(BOUND, other)}


@pytest.mark.parametrize(
    "body",
    [
        {"inboundAgents": [{"agent_id": "a"}, {"agent_id": "b"}]},
        {"inboundAgents": "a"},
        {"inboundAgents": [{"weight": 1}]},
        {"outboundAgentId": 7},
        {"outboundAgentId": "a", "outboundAgentVersion": "1"},
        {"inboundWebhookUrl": "https://example.com"},
        {"isTimeRoutingEnabled": True},
        {"accountSid": 7},
    ],
)
def test_a_binding_that_cannot_be_kept_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(WishRefused):
        server.bindings(door("bind", body=body))


# --- Doors ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "api/v1/calls/initiate", "create_phone_call"),
        ("GET", "api/v1/calls/history", "call_history"),
        ("GET", "api/v1/calls/call_1", "get_call"),
        ("PATCH", "api/calls/call_1", "update_call"),
        ("PUT", "api/numbers/+14157774444/agent", "bind"),
        ("GET", "api/agents/agent_1/versions", "list_agent_versions"),
    ],
)
def test_an_address_leads_to_its_action(method: str, path: str, action: str) -> None:
    found = server.ROUTES.match(method, path)
    assert found is not None
    assert found[0] == action


def test_no_address_has_the_wrong_root() -> None:
    for path in ("api/calls", "api/v1/agents", "calls/initiate"):
        assert not server.ROUTES.methods(path)
    assert server.ROUTES.match("POST", "api/v1/calls/web") is None
    assert server.ROUTES.match("PATCH", "api/v1/calls/call_1") is None


def test_a_key_comes_as_a_bearer_token() -> None:
    headers = {"authorization": "Bearer upon_1"}
    assert server.credentials(headers, {}) == ("upon_1", None)
    assert server.credentials({}, {}) == ("", None)


def test_an_error_says_success_false() -> None:
    status, body = server.error(403, "do_not_call", "Not this one.", "to_number")
    assert (status, body) == (403, {"success": False, "message": "Not this one."})


@pytest.mark.parametrize("named", [None, "", "main", True, [42], "-1"])
def test_a_workspace_id_must_be_there_as_a_number(named: Any) -> None:
    with pytest.raises(WishRefused, match="workspaceId"):
        server.need_workspace(door(body={"workspaceId": named}))
    with pytest.raises(WishRefused, match="workspaceId"):
        server.need_workspace(door())
    server.need_workspace(door(query={"workspaceId": "42"}))
    assert server.workspace_id(door(body={"workspaceId": 42})) == 42
    assert server.workspace_id(door()) > 0
