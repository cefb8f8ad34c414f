"""Tests of UponAI as we call it: what the contract test does not ask of everybody."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agents.providers import badge
from agents.providers.base import (
    Account,
    BindingFacts,
    CallHandle,
    CallRequest,
    Overrides,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.uponai.client import UponAI
from agents.providers.uponai.wish import agent_override
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload

KEY = "upon_made_up_0123456789abcdef"
ACCOUNT = "29e90072-fb58-4c6c-870a-43005115131e"
REFERENCE = "019b0000-0000-7000-8000-000000000001"
CALL = "call_9f2b61c07d3e4f58a1b2c3d4e5f60718"
SID = "5d0f7c1e-8f3a-4b6e-9a54-0f1a2b3c4d5e"
DIALED_AT = datetime(2026, 1, 1, tzinfo=UTC)
INITIATE, LIST = "POST /api/v1/calls/initiate", "GET /api/v1/calls"
HISTORY, WEB = "GET /api/v1/calls/history", "POST /api/v2/calls/web"
NUMBERS = f"GET /api/numbers/{ACCOUNT}"
BIND = "PUT /api/numbers/+14157774444/agent"


def account(**settings: str) -> UponAI:
    """Return the adapter of a made-up account, with only these settings and a key."""
    return UponAI(Account("", {"api_key": KEY} | settings))


@pytest.fixture
def uponai() -> UponAI:
    """Return the adapter of an account with everything set."""
    return account(account_sid=ACCOUNT, workspace_id="42")


def wish(**fields: Any) -> CallRequest:
    """Return a wish to call."""
    usual: dict[str, Any] = {
        "reference": REFERENCE,
        "type": "phone",
        "agent_id": "agent_01hzexample",
        "to_number": "+14155550199",
        "from_number": "+14155550100",
    }
    return CallRequest(**usual | fields)


def handle(call_id: str = "", **fields: Any) -> CallHandle:
    """Return the handle of a call that was dialled."""
    return CallHandle(wish(**fields), call_id, DIALED_AT)


def sent(wire: Wire) -> Any:
    """Return the body of the last request."""
    return json.loads(wire.asked[-1].content)


def listed(*calls: dict[str, Any], total: int = 0) -> dict[str, Any]:
    """Return a page of the plain list."""
    counted = {"page": 1, "limit": 100, "total": total or len(calls)}
    return {"success": True, "calls": list(calls), "pagination": counted}


def call(**fields: Any) -> dict[str, Any]:
    """Return a call of the REST API, with changes."""
    found: dict[str, Any] = payload("uponai/get_call")["call"]
    return found | fields


# --- Placing -------------------------------------------------------------------------
def test_the_sheets_own_request_is_what_we_send(wire: Wire, uponai: UponAI) -> None:
    wire.on(INITIATE, payload("uponai/initiate"), status=201)
    uponai.place_call(
        wish(
            from_number="334",
            trunk_name="Main Sales Trunk",
            customer_name="Jamie Doe",
            ignore_e164_validation=True,
            agent_version=3,
            sip_headers={"X-Campaign": "spring-renewal", "X-Case-Id": "case_123"},
            metadata={"customerId": "cust_123", "campaign": "renewal"},
            variables={"customer_name": "Jamie", "plan_tier": "enterprise"},
            overrides=Overrides(
                voice="elevenlabs-morgan",
                model="gpt-4.1",
                opening_line="Hello Jamie, this is the virtual team from UponAI.",
                max_duration_ms=900_000,
            ),
        )
    )
    expected = payload("uponai/initiate_request")
    expected["metadata"]["switchboard_reference"] = REFERENCE
    assert sent(wire) == expected


def test_the_version_0_is_sent_as_one(wire: Wire, uponai: UponAI) -> None:
    wire.on(INITIATE, payload("uponai/initiate"))
    uponai.place_call(wish(agent_version=0))
    assert sent(wire)["overrideAgentVersion"] == 0


def test_their_own_words_lie_on_top_in_depth() -> None:
    raw = {"agent": {"voiceId": "mine", "volume": 1}, "flow": {"a": 1}}
    assert agent_override(Overrides(voice="v", model="m", raw=raw)) == {
        "agent": {"voiceId": "mine", "volume": 1},
        "llm": {"model": "m"},
        "flow": {"a": 1},
    }


def test_only_a_sid_is_an_id_too(wire: Wire, uponai: UponAI) -> None:
    wire.on(INITIATE, {"success": True, "call_sid": SID})
    assert uponai.place_call(wish()).provider_call_id == SID


def test_a_no_that_quotes_our_key_does_not_show_it(wire: Wire, uponai: UponAI) -> None:
    wire.on(INITIATE, {"success": False, "message": f"{KEY} has no credit"})
    with pytest.raises(ProviderRefused, match="has no credit") as caught:
        uponai.place_call(wish())
    assert KEY not in caught.value.message


def test_a_web_call_may_come_with_a_token_only(wire: Wire, uponai: UponAI) -> None:
    wire.on(WEB, {"accessToken": "token"})
    update = uponai.place_call(wish(type="web"))
    assert update.join == {"access_token": "token"}
    assert (update.status, update.provider_call_id) == ("ringing", "")
    assert update.reference == REFERENCE


def test_a_web_call_without_a_token_is_unclear(wire: Wire, uponai: UponAI) -> None:
    wire.on(WEB, {"success": True, "callId": "call_web"})
    with pytest.raises(ProviderUnclear, match="token"):
        uponai.place_call(wish(type="web"))


def test_a_web_call_takes_no_overrides(wire: Wire, uponai: UponAI) -> None:
    with pytest.raises(WishRefused, match="overrides"):
        uponai.place_call(wish(type="web", overrides=Overrides(voice="v")))
    assert not wire.asked


# --- Fetching ------------------------------------------------------------------------
def test_a_call_asked_for_by_its_sid_keeps_both_ids(wire: Wire, uponai: UponAI) -> None:
    wire.on(
        f"GET /api/v1/calls/{SID}", {"success": True, "call": call(status="ongoing")}
    )
    update = uponai.fetch_call(handle(SID))
    assert update is not None
    assert (update.provider_call_id, update.other_call_id) == (SID, CALL)


def test_another_calls_answer_is_not_believed(wire: Wire, uponai: UponAI) -> None:
    stranger = call(callId="call_x", metadata={"switchboard_reference": "another"})
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": stranger})
    with pytest.raises(ProviderUnclear, match="another call"):
        uponai.fetch_call(handle(CALL))


def test_the_history_is_asked_for_a_call_that_is_over(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": call(call_sid=SID)})
    wire.on(HISTORY, payload("uponai/history"))
    update = uponai.fetch_call(handle(CALL))
    assert update is not None
    assert update.duration_ms == 214_000
    assert dict(wire.asked[-1].url.params) == {
        "workspaceId": "42",
        "agentId": "agent_01hzexample",
        "fromDate": "2025-12-31T23:59:00.000Z",
        "page": "1",
        "limit": "100",
    }


def test_the_history_is_matched_by_the_sid_of_the_launch(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": call()})
    wire.on(HISTORY, payload("uponai/history"))
    update = uponai.fetch_call(CallHandle(wish(), CALL, DIALED_AT, other_call_id=SID))
    assert update is not None
    assert (update.duration_ms, update.other_call_id) == (214_000, SID)
    unknown = uponai.fetch_call(handle(CALL))
    assert unknown is not None
    assert (unknown.duration_ms, unknown.other_call_id) == (None, "")


@pytest.mark.parametrize(
    "history", [httpx.Response(500), {"calls": 7}, {"calls": []}, "ok"]
)
def test_a_call_is_known_without_its_history(
    wire: Wire, uponai: UponAI, history: Any
) -> None:
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": call()})
    wire.on(HISTORY, history)
    update = uponai.fetch_call(handle(CALL))
    assert update is not None
    assert (update.status, update.duration_ms) == ("ended", None)


def test_without_a_workspace_no_history_is_asked(wire: Wire) -> None:
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": call()})
    update = account().fetch_call(handle(CALL))
    assert update is not None
    assert (update.status, len(wire.asked)) == ("ended", 1)


# --- Finding -------------------------------------------------------------------------
def test_our_call_is_looked_for_on_every_page(wire: Wire, uponai: UponAI) -> None:
    others = [call(callId=f"call_{n}", metadata={}) for n in range(100)]
    wire.on(LIST, listed(*others, total=101), listed(call(), total=101))
    found = uponai.find_call(handle())
    assert found is not None
    assert found.provider_call_id == CALL
    assert dict(wire.asked[1].url.params) == {
        "workspaceId": "42",
        "agentId": "agent_01hzexample",
        "fromDate": "2025-12-31T23:59:00.000Z",
        "page": "2",
        "limit": "100",
    }


def test_a_list_without_metadata_is_asked_call_by_call(
    wire: Wire, uponai: UponAI
) -> None:
    bare = {name: value for name, value in call().items() if name != "metadata"}
    wire.on(LIST, listed(bare))
    wire.on(f"GET /api/v1/calls/{CALL}", {"success": True, "call": call()})
    found = uponai.find_call(handle())
    assert found is not None
    assert found.reference == REFERENCE


def test_two_calls_with_our_reference_are_a_persons_to_decide(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(LIST, listed(call(), call(callId="call_copy")))
    with pytest.raises(ProviderUnclear, match="person"):
        uponai.find_call(handle())


def test_a_list_without_an_end_finds_nothing_for_sure(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(LIST, listed(call(metadata={}), total=10_000))
    with pytest.raises(ProviderUnclear, match="too many"):
        uponai.find_call(handle())
    assert len(wire.asked) == 20


def test_a_web_call_is_the_only_one_of_its_agent(wire: Wire, uponai: UponAI) -> None:
    web = call(callId="call_web", callType="web_call", metadata={})
    wire.on(LIST, listed(web, call()))
    found = uponai.find_call(handle(type="web"))
    assert found is not None
    assert (found.provider_call_id, found.reference) == ("call_web", REFERENCE)
    wire.on(LIST, listed(web, web | {"callId": "call_web2"}))
    with pytest.raises(ProviderUnclear, match="person"):
        uponai.find_call(handle(type="web"))


def test_a_call_that_was_never_dialled_is_nowhere(wire: Wire, uponai: UponAI) -> None:
    assert uponai.find_call(CallHandle(wish())) is None
    assert not wire.asked


# --- Listing -------------------------------------------------------------------------
def test_without_a_workspace_the_plain_list_is_read(wire: Wire) -> None:
    wire.on(LIST, listed(call(), total=101))
    page = account().list_calls(DIALED_AT)
    assert ([update.provider_call_id for update in page.items], page.next) == (
        [CALL],
        "2",
    )
    assert "workspaceId" not in wire.asked[0].url.params


def history_page(*starts: str, pages: int = 9) -> dict[str, Any]:
    """Return a page of the history with calls that started then."""
    row = payload("uponai/history")["calls"][0]
    rows = [row | {"callSid": f"call_{at}", "startedAt": at} for at in starts]
    return {"success": True, "calls": rows, "pagination": {"page": 1, "pages": pages}}


def test_what_is_too_old_is_left_out_in_any_order(wire: Wire, uponai: UponAI) -> None:
    wire.on(HISTORY, history_page("2025-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))
    page = uponai.list_calls(DIALED_AT)
    assert [u.provider_call_id for u in page.items] == ["call_2026-02-01T00:00:00Z"]
    assert page.next == "2"


def test_a_list_from_new_to_old_ends_where_it_is_too_old(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(HISTORY, history_page("2026-02-01T00:00:00Z", "2025-01-01T00:00:00Z"))
    page = uponai.list_calls(DIALED_AT)
    assert (len(page.items), page.next) == (1, "")


# --- Agents and numbers --------------------------------------------------------------
def test_agents_are_read_page_by_page(wire: Wire, uponai: UponAI) -> None:
    rows = [{"agent_id": f"agent_{n}", "version": 0} for n in range(1000)]
    wire.on("GET /api/agents", rows, [])

    def agent(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/versions"):
            return httpx.Response(200, json=[])
        agent_id = request.url.path.rsplit("/", 1)[1]
        return httpx.Response(200, json={"agent_id": agent_id, "version": 0})

    for row in rows:
        wire.on(f"GET /api/agents/{row['agent_id']}", agent)
        wire.on(f"GET /api/agents/{row['agent_id']}/versions", agent)
    assert len(list(uponai.list_agents())) == 1000
    second = next(r for r in wire.asked if "paginationKey" in r.url.params)
    assert dict(second.url.params) == {
        "workspaceId": "42",
        "limit": "1000",
        "paginationKey": "agent_999",
        "paginationKeyVersion": "0",
    }


def test_an_agent_that_went_away_is_left_out(wire: Wire, uponai: UponAI) -> None:
    wire.on("GET /api/agents", [{"agent_id": "agent_1", "version": 0}])
    wire.on("GET /api/agents/agent_1", payload("uponai/error"), status=404)
    assert list(uponai.list_agents()) == []


def test_an_agent_without_a_list_of_versions_has_those_of_the_list(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on("GET /api/agents", [{"agent_id": "agent_1", "version": 0}])
    wire.on("GET /api/agents/agent_1", payload("uponai/agent"))
    wire.on("GET /api/agents/agent_1/versions", payload("uponai/error"), status=404)
    (agent,) = uponai.list_agents()
    assert [version.version for version in agent.versions] == [0, 1]


def test_numbers_may_come_as_a_bare_list(wire: Wire, uponai: UponAI) -> None:
    wire.on(NUMBERS, payload("uponai/numbers")["numbers"])
    assert len(list(uponai.list_numbers())) == 3


def test_without_an_account_sid_there_are_no_numbers(wire: Wire) -> None:
    assert list(account(workspace_id="42").list_numbers()) == []
    assert not wire.asked


@pytest.mark.parametrize("missing", ["account_sid", "workspace_id"])
def test_binding_needs_both_ids(wire: Wire, missing: str) -> None:
    known = {"account_sid": ACCOUNT, "workspace_id": "42"}
    del known[missing]
    with pytest.raises(WishRefused, match="account SID and the workspace id"):
        account(**known).bind("+14157774444", "inbound", BindingFacts("a"))
    assert not wire.asked


def test_a_number_that_is_not_there_cannot_be_bound(wire: Wire, uponai: UponAI) -> None:
    wire.on(NUMBERS, payload("uponai/numbers"))
    with pytest.raises(ProviderRefused, match="no number"):
        uponai.bind("+19995550000", "inbound", BindingFacts("a"))


def test_an_agent_that_stays_after_all_is_said_in_words(
    wire: Wire, uponai: UponAI
) -> None:
    wire.on(NUMBERS, payload("uponai/numbers"))
    wire.on(BIND, payload("uponai/bind"))
    with pytest.raises(ProviderRefused, match="still has an agent"):
        uponai.bind("+14157774444", "inbound", BindingFacts())


def test_a_binding_that_is_refused_says_so(wire: Wire, uponai: UponAI) -> None:
    wire.on(NUMBERS, payload("uponai/numbers"))
    wire.on(BIND, payload("uponai/error"))
    with pytest.raises(ProviderRefused, match="not a number this account"):
        uponai.bind("+14157774444", "outbound", BindingFacts("a"))


def test_one_agent_replaces_several_outbound_ones(wire: Wire, uponai: UponAI) -> None:
    row = payload("uponai/numbers")["numbers"][0]
    shares = row["inbound_agents"]
    row |= {"outbound_agents": shares, "inbound_agents": [], "agent_id": None}
    wire.on(NUMBERS, [row])
    wire.on(BIND, {"success": True})
    uponai.bind("+14157774444", "outbound", BindingFacts("a", 1))
    assert sent(wire)["outboundAgentId"] == "a"
    one = {"agent_id": "a", "weight": 1, "agent_version": 1}
    assert sent(wire)["outboundAgents"] == [one]
    assert "inboundAgents" not in sent(wire)


# --- Check ---------------------------------------------------------------------------
def good(wire: Wire) -> None:
    """Let the account be a good one."""
    wire.on(LIST, listed())
    wire.on("GET /api/concurrency", payload("uponai/concurrency"))
    wire.on("GET /api/agents", payload("uponai/agents"))
    wire.on(NUMBERS, payload("uponai/numbers"))


def test_a_good_account_is_said_to_be_one(wire: Wire, uponai: UponAI) -> None:
    good(wire)
    checks = {check.name: check for check in uponai.check()}
    assert all(check.is_ok for check in checks.values())
    assert "10 calls" in checks["Workspace"].message
    assert "3" in checks["Phone numbers"].message
    assert "API key, as no webhook key" in checks["Webhooks"].message


def test_a_wrong_key_is_all_that_is_said(wire: Wire, uponai: UponAI) -> None:
    wire.on(LIST, payload("uponai/error"), status=401)
    (check,) = uponai.check()
    assert not check.is_ok
    assert "Paste the API key again" in check.message


def test_a_wrong_account_sid_is_told_apart(wire: Wire, uponai: UponAI) -> None:
    good(wire)
    wire.on(NUMBERS, payload("uponai/error"), status=404)
    wrong = [check for check in uponai.check() if not check.is_ok]
    assert [check.name for check in wrong] == ["Phone numbers"]
    assert "Check the account SID." in wrong[0].message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"account_sid": ACCOUNT}, "No workspace id is set"),
        ({"account_sid": ACCOUNT, "workspace_id": "main"}, "whole number"),
        ({"workspace_id": "42"}, "No account SID is set"),
    ],
)
def test_what_is_not_set_is_named(
    wire: Wire, settings: dict[str, str], said: str
) -> None:
    good(wire)
    checks = account(**settings).check()
    (wrong,) = [check for check in checks if not check.is_ok]
    assert said in wrong.message


# --- Signatures ----------------------------------------------------------------------
BODY = (
    '{"event":"call_analyzed","call":'
    '{"call_id":"call_demo_0002","transcript":"Agent: café ✓"}}'
).encode()
BADGE_KEY, AT = "upon_demo_webhook_key_42", 1767225600123
VECTOR = (
    "v=1767225600123,d=64e7a01944f478d44e6cbaefe27f9ec16fa9df8803b1d4344e7163650edae998"
)


def is_theirs(signature: str, body: bytes = BODY, after_ms: int = 0) -> bool:
    """Ask whether the vector's key signed the body."""
    now = datetime.fromtimestamp(AT / 1000, UTC) + timedelta(milliseconds=after_ms)
    uponai = account(webhook_key=BADGE_KEY)
    return uponai.verify_webhook({"x-retell-signature": signature}, body, now)


def test_the_worked_vector_holds() -> None:
    assert len(BODY) == 93
    assert badge.sign(BODY, BADGE_KEY, AT) == VECTOR
    assert is_theirs(VECTOR)
    assert is_theirs(VECTOR, after_ms=300_000)
    assert is_theirs(VECTOR, after_ms=-300_000)


@pytest.mark.parametrize(
    ("signature", "body", "after_ms"),
    [
        (VECTOR, BODY, 300_001),
        (VECTOR, BODY, -300_001),
        (VECTOR, BODY + b" ", 0),
        (VECTOR.replace("d=64e", "d=64E"), BODY, 0),
        (VECTOR + " ", BODY, 0),
        ("", BODY, 0),
        ("v=é,d=☃", b"\xff\x00", 0),
    ],
)
def test_anything_else_is_refused(signature: str, body: bytes, after_ms: int) -> None:
    assert not is_theirs(signature, body, after_ms)


def test_without_a_webhook_key_the_api_key_signs() -> None:
    now = datetime.fromtimestamp(AT / 1000, UTC)
    headers = {"x-retell-signature": badge.sign(BODY, KEY, AT)}
    assert account().verify_webhook(headers, BODY, now)
    assert not account(webhook_key=BADGE_KEY).verify_webhook(headers, BODY, now)
    assert not UponAI(Account("", {})).verify_webhook(headers, BODY, now)
