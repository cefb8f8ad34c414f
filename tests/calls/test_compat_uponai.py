"""Answering as UponAI: plain requests, and our own client, at `/compat/uponai`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from agents.models import Agent, PhoneNumber
from agents.providers.base import (
    Account,
    Analysis,
    BindingFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    ProviderRefused,
    TurnFacts,
)
from agents.providers.uponai import orders
from agents.providers.uponai.client import UponAI
from agents.providers.uponai.rendering import call_sid
from calls import launch, lifecycle
from calls.hooks import outbox
from calls.models import Call, Suppression
from calls.plan import prepare
from dashboard.models import ApiKey, Workspace
from tests.agents.providers.payloads import payload
from tests.calls.doors import (
    FROM,
    HOOK,
    TO,
    Receiver,
    happens,
    over_the_wire,
    send,
    staffed,
    took_place,
)
from tests.calls.doors import wish as any_wish
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_workspace,
)

pytestmark = pytest.mark.django_db
AGENT = "agent_01hzexample"
ACCOUNT = "29e90072-fb58-4c6c-870a-43005115131e"
Ask = Callable[..., Any]
wish = partial(any_wish, agent_id=AGENT)


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    return staffed(workspace, versions=4, provider_agent_id=AGENT, name="Concierge")


@pytest.fixture
def ask(key: str) -> Ask:
    """Return a function that asks at the door."""

    def asked(method: str, path: str, body: Any = None, token: str = key) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return send(method, f"/compat/uponai/{path}", body, headers)

    return asked


def adapter(base_url: str, key: str) -> UponAI:
    """Return our adapter with everything set."""
    ids = {"account_sid": ACCOUNT, "workspace_id": "42"}
    return UponAI(Account(base_url, {"api_key": key} | ids))


@pytest.fixture
def ours(key: str, only_us: str) -> UponAI:
    """Return our adapter, pointed at us."""
    return adapter(f"{only_us}/uponai", key)


@pytest.fixture
def wired(live_server: LiveServer, key: str) -> UponAI:
    """Return our adapter, pointed at a server of ours."""
    return adapter(f"{live_server.url}/compat/uponai", key)


def body(**changes: Any) -> dict[str, Any]:
    """Return a plain launch."""
    return {"agentId": AGENT, "fromNumber": FROM, "toNumber": TO} | changes


# --- Launching -----------------------------------------------------------------------
def test_the_seeds_own_request_gives_the_seeds_answer(
    ask: Ask, workspace: Workspace
) -> None:
    answer = ask("POST", "api/v1/calls/initiate", payload("uponai/initiate_request"))
    assert answer.status_code == 201
    told, sample = answer.json(), payload("uponai/initiate")
    assert (set(told), set(told["call"])) == (set(sample), set(sample["call"]))
    inner = told["call"]["call"]
    assert set(inner) == set(sample["call"]["call"])
    call = workspace.calls.get()
    assert inner["callId"] == f"call_{call.pk.hex}"
    assert (inner["status"], inner["agentVersion"]) == ("registered", 3)
    assert inner["metadata"] == {"customerId": "cust_123", "campaign": "renewal"}
    assert (call.trunk_name, call.customer_name) == ("Main Sales Trunk", "Jamie Doe")
    assert (call.from_number, call.ignore_e164_validation) == ("334", True)
    assert call.overrides["voice"] == "elevenlabs-morgan"
    assert call.sip_headers["X-Case-Id"] == "case_123"
    assert call.variables["plan_tier"] == "enterprise"


def test_there_is_no_key_that_makes_a_repeat_harmless(
    ask: Ask, workspace: Workspace
) -> None:
    for _ in range(2):
        assert ask("POST", "api/v1/calls/initiate", body()).status_code == 201
    assert workspace.calls.count() == 2


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"toNumber": "12"}, 400, "E.164"),
        ({"agentId": "agent_x"}, 404, "agent_x"),
        ({"overrideAgentVersion": 9}, 404, "no version 9"),
        ({"fromNumber": "+19995550000"}, 404, "caller number"),
        ({"customSipHeaders": {"Bad": "1"}}, 400, "X-"),
        ({"agentOverride": {"agent": {"maxCallDurationMs": 1}}}, 400, "duration"),
        ({"uponai_dynamic_variables": {"seats": 12}}, 400, "string"),
    ],
)
def test_a_launch_that_may_not_go_out_is_refused_in_their_shape(
    ask: Ask, changes: dict[str, Any], status: int, said: str
) -> None:
    answer = ask("POST", "api/v1/calls/initiate", body(**changes))
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert said in answer.json()["message"]
    assert not Call.objects.exists()


def test_nobody_on_the_list_is_called(ask: Ask, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    answer = ask("POST", "api/v1/calls/initiate", body())
    assert answer.status_code == 403
    assert "do-not-call" in answer.json()["message"]


def test_a_web_call_gives_a_token(ask: Ask, agent: Agent) -> None:
    wanted = orders.web_wish({"agentId": AGENT})
    plan = prepare(agent.workspace, wanted, source="compat")
    call, _ = launch.launch(plan)
    lifecycle.apply(
        call.pk,
        CallUpdate(status="ringing", join={"access_token": "token"}, type="web"),
        datetime.now(tz=UTC),
    )
    told = ask("GET", f"api/v1/calls/call_{call.pk.hex}").json()["call"]
    assert (told["callType"], told["accessToken"]) == ("web_call", "token")
    refused = ask("POST", "api/v2/calls/web", {"agentId": 7})
    assert refused.status_code == 400


# --- Reading -------------------------------------------------------------------------
@pytest.fixture
def finished(agent: Agent) -> Call:
    """Return a call that took place, with what was said."""
    return took_place(
        agent,
        agent_version=1,
        customer_name="Jamie Doe",
        created_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        cost=Decimal("0.15"),
        metadata={"lead": 7},
    )


def test_a_call_is_read_by_its_id_and_by_its_sid(ask: Ask, finished: Call) -> None:
    for written in (f"call_{finished.pk.hex}", str(finished.pk)):
        told = ask("GET", f"api/v1/calls/{written}").json()
        assert (told["success"], told["call"]["status"]) == (True, "ended")
        assert set(told["call"]) == set(payload("uponai/get_call")["call"])


def test_a_strangers_call_is_unknown(ask: Ask) -> None:
    other = make_call(make_connection(make_workspace()))
    for call_id in (f"call_{other.pk.hex}", str(other.pk), "call_nonsense"):
        assert ask("GET", f"api/v1/calls/{call_id}").status_code == 404


def test_calls_are_listed_by_pages(ask: Ask, agent: Agent) -> None:
    made = [f"call_{make_call(agent.connection, agent=agent).pk.hex}" for _ in range(3)]
    first = ask("GET", "api/v1/calls?limit=2").json()
    second = ask("GET", "api/v1/calls?limit=2&page=2").json()
    assert [c["callId"] for c in first["calls"] + second["calls"]] == made[::-1]
    assert second["pagination"] == {"page": 2, "limit": 2, "total": 3}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("status=ended", 1),
        ("status=registered", 1),
        ("status=moonwalking", 0),
        (f"agentId={AGENT}&workspaceId=42", 2),
        ("agentId=agent_x", 0),
        ("toDate=2026-11-20T12:00:00.000Z", 1),
        ("toDate=2026-11-20T11:59:59Z", 0),
    ],
)
def test_calls_are_chosen_by_filters(
    ask: Ask, finished: Call, query: str, count: int
) -> None:
    made = datetime(2026, 11, 21, tzinfo=UTC)
    make_call(finished.connection, agent=finished.agent, created_at=made)
    assert len(ask("GET", f"api/v1/calls?{query}").json()["calls"]) == count


def test_the_history_knows_more(ask: Ask, finished: Call) -> None:
    told = ask("GET", "api/v1/calls/history?workspaceId=42").json()
    assert told["pagination"] == {"page": 1, "limit": 20, "total": 1, "pages": 1}
    (row,) = told["calls"]
    assert set(row) == set(payload("uponai/history")["calls"][0])
    assert (row["customerName"], row["duration"]) == ("Jamie Doe", 64)
    assert (row["sentiment"], row["summary"]) == ("positive", "Went well.")
    assert (row["workspaceId"], row["costs"]["total"]) == (42, 0.15)
    assert row["startedAt"] == "2026-11-20T12:00:00.000Z"


def test_the_history_needs_a_workspace(ask: Ask) -> None:
    answer = ask("GET", "api/v1/calls/history")
    assert answer.status_code == 400
    assert "workspaceId" in answer.json()["message"]


def test_a_filter_nobody_knows_is_refused(ask: Ask) -> None:
    assert ask("GET", "api/v1/calls?search=Jamie").status_code == 400


def test_a_call_is_changed_and_given_bare(ask: Ask, finished: Call) -> None:
    path = f"api/calls/call_{finished.pk.hex}"
    told = ask("PATCH", path, {"workspaceId": 42, "metadata": {"seen": True}}).json()
    assert (told["metadata"], "success" in told) == ({"seen": True}, False)
    finished.refresh_from_db()
    assert finished.metadata == {"seen": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {}},
        {"workspaceId": 42, "metadata": []},
        {"workspaceId": 42, "optOutSensitiveDataStorage": True},
        {"workspaceId": 42, "status": "ended"},
    ],
)
def test_a_change_that_cannot_be_kept_is_refused(
    ask: Ask, finished: Call, changes: dict[str, Any]
) -> None:
    path = f"api/calls/call_{finished.pk.hex}"
    assert ask("PATCH", path, changes).status_code == 400
    finished.refresh_from_db()
    assert finished.metadata == {"lead": 7}


# --- Keys ----------------------------------------------------------------------------
def test_a_wrong_key_is_401_in_their_shape(ask: Ask) -> None:
    answer = ask("GET", "api/v1/calls", token="upon_wrong")
    assert (answer.status_code, answer.json()["success"]) == (401, False)


def test_a_missing_scope_is_403(ask: Ask, workspace: Workspace) -> None:
    token = ApiKey.issue(workspace, "Reader", ["calls:read"])[1]
    assert ask("GET", "api/v1/calls", token=token).status_code == 200
    answer = ask("POST", "api/v1/calls/initiate", body(), token)
    assert answer.status_code == 403
    assert "calls:write" in answer.json()["message"]


def test_odd_requests_are_answered_in_their_shape(ask: Ask) -> None:
    assert ask("POST", "api/v1/calls/initiate", [1]).status_code == 400
    assert ask("GET", "api/v1/nothing").status_code == 404
    assert ask("DELETE", "api/agents").status_code == 405
    assert ask("POST", "api/agents", {"agent_name": "\ud800"}).status_code == 400


# --- Agents --------------------------------------------------------------------------
NEW_AGENT = {
    "workspaceId": 42,
    "agent_name": "Renewals",
    "voice_id": "elevenlabs-morgan",
    "response_engine": {"type": "uponai-llm", "llm_id": "llm_1"},
    "interruption_sensitivity": "0.8",
}


def test_agents_are_listed_and_read(ask: Ask, agent: Agent) -> None:
    rows = ask("GET", "api/agents?workspaceId=42").json()
    assert [row["version"] for row in rows] == [0, 1, 2, 3]
    told = ask("GET", f"api/agents/{AGENT}?workspaceId=42").json()
    assert (told["version"], told["agent_name"]) == (3, "Concierge")
    older = ask("GET", f"api/agents/{AGENT}?version=1").json()
    assert older["version"] == 1
    versions = ask("GET", f"api/agents/{AGENT}/versions").json()
    assert [row["version"] for row in versions] == [0, 1, 2, 3]
    assert ask("GET", "api/agents/agent_x").status_code == 404
    assert ask("GET", f"api/agents/{AGENT}?version=9").status_code == 404
    assert ask("GET", f"api/agents/{AGENT}?version=0").status_code == 400


def test_an_agent_is_made_and_changed(ask: Ask, workspace: Workspace) -> None:
    answer = ask("POST", "api/agents", NEW_AGENT)
    assert answer.status_code == 201
    made = answer.json()
    assert set(payload("uponai/agent")) == set(made)
    row = workspace.agents.current().get(provider_agent_id=made["agent_id"])
    assert (row.name, row.versions.get().voice) == ("Renewals", "elevenlabs-morgan")
    changes = {"workspaceId": 42, "max_call_duration_ms": 900_000}
    path = f"api/agents/{made['agent_id']}"
    assert ask("PATCH", path, changes).json()["max_call_duration_ms"] == 900_000
    told = ask("GET", path).json()
    assert told["interruption_sensitivity"] == "0.8"
    assert told["response_engine"]["llm_id"] == "llm_1"


@pytest.mark.parametrize(
    "changes",
    [
        {"workspaceId": None},
        {"agent_name": ""},
        {"voice_id": None},
        {"response_engine": "llm_1"},
        {"interruption_sensitivity": 0.8},
        {"response_threshold": True},
        {"language": "en-US"},
        {"webhook_url": "ftp://example.com"},
        {"webhook_events": ["call_ended"]},
    ],
)
def test_a_wrong_agent_is_refused(
    ask: Ask, workspace: Workspace, changes: dict[str, Any]
) -> None:
    assert ask("POST", "api/agents", NEW_AGENT | changes).status_code == 400
    assert workspace.agents.count() == 1


def test_what_cannot_be_changed_is_refused(ask: Ask, workspace: Workspace) -> None:
    path = f"api/agents/{AGENT}"
    assert ask("PATCH", path, {"workspaceId": 42, "agent_name": "X"}).status_code == 400
    connection = make_connection(workspace, provider="uponai")
    make_agent(connection, provider_agent_id="agent_there")
    answer = ask("PATCH", "api/agents/agent_there", {"workspaceId": 42})
    assert "lives at UponAI" in answer.json()["message"]


def test_an_agents_webhook_is_kept_and_cleared(
    ask: Ask, workspace: Workspace, agent: Agent
) -> None:
    hook = {"webhook_url": "https://example.com/hook", "webhook_events": ["call_ended"]}
    told = ask("PATCH", f"api/agents/{AGENT}", {"workspaceId": 42} | hook).json()
    assert {name: told[name] for name in hook} == hook
    endpoint = workspace.endpoints.get(agent=agent, dialect="uponai")
    assert (endpoint.url, endpoint.events) == (hook["webhook_url"], ["call_ended"])
    ask("PATCH", f"api/agents/{AGENT}", {"workspaceId": 42, "webhook_url": None})
    assert not workspace.endpoints.exists()


# --- Numbers -------------------------------------------------------------------------
def test_numbers_are_listed(ask: Ask) -> None:
    told = ask("GET", f"api/numbers/{ACCOUNT}").json()
    (row,) = told["numbers"]
    assert (row["number"], row["account_sid"]) == (FROM, ACCOUNT)
    assert (row["agent_id"], row["inbound_agents"]) == (None, [])


@pytest.mark.parametrize("written", [FROM, FROM.replace("+", "%2B"), FROM[1:]])
def test_agents_are_bound_to_a_number(ask: Ask, agent: Agent, written: str) -> None:
    wanted = {
        "accountSid": ACCOUNT,
        "workspaceId": 42,
        "outboundAgentId": AGENT,
        "outboundAgentVersion": 0,
        "inboundAgents": [{"agent_id": AGENT, "weight": 1}],
    }
    told = ask("PUT", f"api/numbers/{written}/agent", wanted).json()
    assert told["success"] is True
    assert told["assignment"]["inbound_agent_id"] == AGENT
    number = PhoneNumber.objects.get(number=FROM)
    inbound, outbound = number.binding("inbound"), number.binding("outbound")
    assert inbound and outbound
    assert (inbound.version, outbound.version) == (None, 0)
    ask("PUT", f"api/numbers/{written}/agent", {"inboundAgents": []})
    number = PhoneNumber.objects.get(number=FROM)
    assert number.binding("inbound") is None
    assert number.binding("outbound") is not None


def test_several_agents_share_a_number_and_keep_their_weights(
    ask: Ask, agent: Agent
) -> None:
    other = make_agent(agent.connection, versions=2)
    two = [
        {"agent_id": AGENT, "weight": 0.3},
        {"agent_id": other.provider_agent_id, "agent_version": 1, "weight": 0.7},
    ]
    wanted = {"inboundAgents": two, "outboundAgentId": AGENT}
    told = ask("PUT", f"api/numbers/{FROM}/agent", wanted).json()
    (row,) = told["numbers"]
    assert (row["inbound_agents"], row["inbound_agent_version"]) == (two, 1)
    assert row["outbound_agents"] == [{"agent_id": AGENT, "weight": 1}]
    bound = PhoneNumber.objects.get(number=FROM).binding("inbound")
    assert bound and (bound.agent, bound.weights) == (other, two)


def test_a_provider_behind_that_knows_no_weights_refuses_them(
    ask: Ask, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent.connection.kind, "has_shares", False)
    two = [{"agent_id": AGENT, "weight": 0.5}] * 2
    answer = ask("PUT", f"api/numbers/{FROM}/agent", {"inboundAgents": two})
    assert answer.status_code == 400
    assert "one agent on a number" in answer.json()["message"]


def test_a_binding_that_cannot_be_is_refused(ask: Ask, agent: Agent) -> None:
    path = f"api/numbers/{FROM}/agent"
    assert ask("PUT", path, {"outboundAgentId": "agent_x"}).status_code == 404
    two = [{"agent_id": AGENT, "weight": 0.7}] * 2
    answer = ask("PUT", path, {"inboundAgents": two})
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    half = [{"agent_id": AGENT, "weight": 0.5}]
    strange = [*half, {"agent_id": "agent_x", "weight": 0.5}]
    assert ask("PUT", path, {"inboundAgents": strange}).status_code == 404
    unknown = ask("PUT", "api/numbers/+19995550000/agent", {"inboundAgents": []})
    assert unknown.status_code == 404


# --- The account ---------------------------------------------------------------------
def test_the_account_says_what_it_allows(ask: Ask, agent: Agent) -> None:
    make_call(agent.connection, status="in_progress")
    told = ask("GET", "api/concurrency?workspaceId=42").json()
    assert (told["maxConcurrent"], told["currentUsage"]) == (20, 1)
    assert ask("GET", "api/concurrency").status_code == 400
    (workspace,) = ask("GET", "api/workspaces").json()
    assert (workspace["name"], workspace["id"] > 0) == ("Acme", True)


# --- Webhooks ------------------------------------------------------------------------
def launched(ask: Ask, workspace: Workspace) -> Call:
    """Launch a call as a client, and let it ring."""
    ask("POST", "api/v1/calls/initiate", body(metadata={"lead": 7}))
    call = workspace.calls.get()
    happens(call, "ringing")
    return call


def test_a_call_is_told_signed_and_in_order(
    ask: Ask, workspace: Workspace, receiver: Receiver, key: str
) -> None:
    workspace.endpoints.create(dialect="uponai", url=HOOK)
    call = launched(ask, workspace)
    happens(call, "in_progress")
    happens(call, "ended", end_reason="user_hangup", turns=(TurnFacts("agent", "Hi"),))
    happens(call, "", analysis=Analysis("Went well.", "positive", True))
    outbox.deliver_due(datetime.now(tz=UTC) + timedelta(seconds=1))
    bodies = receiver.bodies
    events = [row["event"] for row in bodies]
    assert events == ["call_started", "call_ended", "call_analyzed"]
    assert bodies[-1]["call"]["call_id"] == f"call_{call.pk.hex}"
    uponai, now = UponAI(Account("", {"api_key": key})), datetime.now(tz=UTC)
    for request in receiver.came:
        assert uponai.verify_webhook(dict(request.headers), request.content, now)
    (update,) = uponai.parse_webhook(bodies[-1], now)
    assert (update.status, update.metadata) == ("ended", {"lead": 7})


def test_a_call_nobody_took_has_no_start(
    ask: Ask, workspace: Workspace, receiver: Receiver
) -> None:
    workspace.endpoints.create(dialect="uponai", url=HOOK)
    call = launched(ask, workspace)
    happens(call, "not_connected", end_reason="no_answer", fault="callee")
    outbox.deliver_due(datetime.now(tz=UTC) + timedelta(seconds=1))
    bodies = receiver.bodies
    assert [row["event"] for row in bodies] == ["call_ended", "call_analyzed"]
    assert bodies[0]["call"]["disconnection_reason"] == "dial_no_answer"


# --- Our own client against our own server ---------------------------------------------
def handle(request: CallRequest, call_id: str = "") -> CallHandle:
    """Return the handle of a call that was just dialled."""
    return CallHandle(request, call_id, datetime.now(tz=UTC))


def test_our_client_places_finds_and_lists(ours: UponAI, workspace: Workspace) -> None:
    placed = ours.place_call(wish(trunk_name="Main", customer_name="Jamie"))
    call = workspace.calls.get()
    assert (placed.status, placed.reference) == ("ringing", "ref-1")
    assert placed.provider_call_id == f"call_{call.pk.hex}"
    assert (call.trunk_name, call.customer_name) == ("Main", "Jamie")
    found = ours.find_call(handle(wish()))
    assert found is not None
    assert found.provider_call_id == placed.provider_call_id
    assert ours.find_call(handle(wish(reference="ref-2"))) is None
    page = ours.list_calls(datetime(2026, 1, 1, tzinfo=UTC))
    assert (len(page.items), page.next) == (1, "")


def test_our_client_learns_the_end_without_webhooks(
    ours: UponAI, finished: Call
) -> None:
    sid = call_sid(str(finished.pk))
    asked = CallHandle(
        wish(), f"call_{finished.pk.hex}", finished.created_at, other_call_id=sid
    )
    fetched = ours.fetch_call(asked)
    assert fetched is not None
    assert (fetched.status, fetched.duration_ms) == ("ended", 64_000)
    assert (fetched.cost, fetched.analysis) == (
        Decimal("0.15"),
        Analysis("Went well.", "positive"),
    )


def test_an_unknown_call_is_none(ours: UponAI) -> None:
    assert ours.fetch_call(handle(wish(), "call_nonsense")) is None


@over_the_wire
def test_our_client_reads_agents(wired: UponAI) -> None:
    (seen,) = wired.list_agents()
    assert (seen.agent_id, seen.name) == (AGENT, "Concierge")
    assert [v.version for v in seen.versions] == [0, 1, 2, 3]


def test_our_client_binds_numbers(ours: UponAI, agent: Agent) -> None:
    ours.bind(FROM, "inbound", BindingFacts(AGENT))
    ours.bind(FROM, "outbound", BindingFacts(AGENT, 0))
    (number,) = ours.list_numbers()
    assert number.inbound == BindingFacts(AGENT)
    assert number.outbound == BindingFacts(AGENT, 0)
    ours.bind(FROM, "outbound", BindingFacts())
    (number,) = ours.list_numbers()
    assert (number.inbound.agent_id, number.outbound.agent_id) == (AGENT, "")
    assert all(check.is_ok for check in ours.check())


def test_a_refusal_of_the_gate_is_one_of_the_provider(ours: UponAI) -> None:
    with pytest.raises(ProviderRefused, match="agent_x"):
        ours.place_call(CallRequest("ref-1", "phone", "agent_x", TO, FROM))
