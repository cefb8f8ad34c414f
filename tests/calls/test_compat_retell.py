"""Answering as Retell: the published SDK, unmodified, drives `/compat/retell`.

Most tests hand its requests to our WSGI application directly; those that are about the
wire itself go through a real server.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import retell
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from retell import Retell
from retell.types import PhoneCallResponse, WebCallResponse

from agents.models import Agent, Connection, PhoneNumber
from agents.providers.base import (
    Account,
    BindingFacts,
    CallHandle,
)
from agents.providers.retell import server
from agents.providers.retell.client import Retell as RetellClient
from calls import dispatch
from calls.launch import launch as write_call
from calls.models import Call, Suppression
from calls.plan import prepare
from dashboard.models import ApiKey, Workspace
from tests.calls.doors import (
    FROM,
    TO,
    over_the_wire,
    send,
    staffed,
    took_place,
    wish,
)
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    return staffed(workspace, provider_agent_id="agent_1")


@pytest.fixture
def sdk(key: str, wsgi: httpx.WSGITransport) -> Retell:
    """Return the published SDK, pointed at us."""
    return Retell(
        api_key=key,
        base_url="http://testserver/compat/retell",
        max_retries=0,
        http_client=httpx.Client(transport=wsgi),
    )


@pytest.fixture
def wired_sdk(live_server: LiveServer, key: str) -> Retell:
    """Return the published SDK, pointed at a server of ours."""
    base_url = f"{live_server.url}/compat/retell"
    return Retell(api_key=key, base_url=base_url, max_retries=0, timeout=5)


@pytest.fixture
def ask(key: str) -> Callable[..., Any]:
    """Return a function that asks without the SDK."""

    def asked(method: str, path: str, body: Any = None, token: str = key) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return send(method, f"/compat/retell/{path}", body, headers)

    return asked


def launch(sdk: Retell, to: str = TO, **more: Any) -> PhoneCallResponse:
    """Create a phone call through the SDK."""
    return sdk.call.create_phone_call(
        from_number=FROM, to_number=to, override_agent_id="agent_1", **more
    )


# --- Launching -----------------------------------------------------------------------
def test_the_sdk_launches_a_call(sdk: Retell, workspace: Workspace) -> None:
    answer = launch(
        sdk,
        metadata={"lead": 7},
        retell_llm_dynamic_variables={"plan": "Pro"},
        custom_sip_headers={"X-Campaign": "june"},
        agent_override={"retell_llm": {"begin_message": "Hi {{plan}}!"}},
    )
    assert isinstance(answer, PhoneCallResponse)
    assert (answer.call_status, answer.agent_version) == ("registered", 1)
    call = workspace.calls.get()
    assert answer.call_id == f"call_{call.pk.hex}"
    assert (call.dialect, call.source, call.status) == ("retell", "compat", "queued")
    assert call.overrides["opening_line"] == "Hi {{plan}}!"
    assert call.sip_headers == {"X-Campaign": "june"}


def test_a_repeat_gives_the_first_call(sdk: Retell, workspace: Workspace) -> None:
    first = launch(sdk, idempotency_key="k1")
    again = launch(sdk, idempotency_key="k1")
    assert again.call_id == first.call_id
    assert workspace.calls.count() == 1


def test_the_same_key_for_another_call_is_refused(sdk: Retell) -> None:
    launch(sdk, idempotency_key="k1")
    with pytest.raises(retell.BadRequestError, match="idempotency_key"):
        launch(sdk, "+14155550101", idempotency_key="k1")


def test_keys_of_two_workspaces_do_not_meet(
    sdk: Retell, ask: Callable[..., Any]
) -> None:
    launch(sdk, idempotency_key="k1")
    stranger = make_workspace()
    connection = make_connection(stranger)
    make_number(connection, number=FROM)
    make_agent(connection, provider_agent_id="agent_1")
    token = ApiKey.issue(stranger, "Other", ["calls:write"])[1]
    body = {"from_number": FROM, "to_number": TO, "override_agent_id": "agent_1"}
    body["idempotency_key"] = "k1"
    assert ask("POST", "v2/create-phone-call", body, token).status_code == 201
    assert stranger.calls.count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"to_number": "12"}, retell.BadRequestError),
        ({"override_agent_id": "agent_x"}, retell.UnprocessableEntityError),
        ({"override_agent_version": 9}, retell.UnprocessableEntityError),
        ({"from_number": "+19995550000"}, retell.UnprocessableEntityError),
        ({"custom_sip_headers": {"Bad": "1"}}, retell.BadRequestError),
    ],
)
def test_a_launch_that_may_not_go_out_is_refused_in_their_shape(
    sdk: Retell, changes: dict[str, Any], error: type[retell.APIStatusError]
) -> None:
    wish = {"from_number": FROM, "to_number": TO, "override_agent_id": "agent_1"}
    with pytest.raises(error) as caught:
        sdk.call.create_phone_call(**(wish | changes))
    body = caught.value.response.json()
    assert (body["status"], set(body)) == ("error", {"status", "message"})
    assert Call.objects.count() == 0


def test_nobody_on_the_list_is_called(sdk: Retell, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    with pytest.raises(retell.BadRequestError, match="do-not-call"):
        launch(sdk)


def test_a_web_call_gives_what_it_takes_to_join(sdk: Retell, agent: Agent) -> None:
    body = {"agent_id": "agent_1", "metadata": {"switchboard_reference": "ref-1"}}
    plan = prepare(agent.workspace, server.web_wish(body), source="compat")
    call, _ = write_call(plan, "retell:ref-1")
    step = dispatch.step(Connection, agent.connection.pk, datetime.now(tz=UTC))
    assert step.call_id == call.pk and step.start
    dispatch.dial(step.call_id, step.attempt, step.start)
    joined = sdk.call.create_web_call(agent_id="agent_1", metadata=body["metadata"])
    assert joined.call_id == f"call_{call.pk.hex}"
    assert (bool(joined.access_token), joined.transport) == (True, "gateway")
    assert isinstance(sdk.call.retrieve(joined.call_id), WebCallResponse)


# --- Reading -------------------------------------------------------------------------
@pytest.fixture
def finished(agent: Agent) -> Call:
    """Return a call that took place, with what was said."""
    call = took_place(agent, agent_version=1, metadata={"lead": 7, "tier": "gold"})
    call.tool_calls.create(index=0, name="look up", after_turn=0, succeeded=True)
    return call


def test_the_sdk_reads_a_call(sdk: Retell, finished: Call) -> None:
    call = sdk.call.retrieve(f"call_{finished.pk.hex}")
    assert isinstance(call, PhoneCallResponse)
    assert (call.call_status, call.disconnection_reason) == ("ended", "user_hangup")
    assert call.transcript == "Agent: Hi!\n"
    assert call.call_analysis is not None
    assert call.call_analysis.user_sentiment == "Positive"


def test_a_strangers_call_is_unknown(sdk: Retell) -> None:
    other = make_call(make_connection(make_workspace()))
    for call_id in (f"call_{other.pk.hex}", "call_nonsense"):
        with pytest.raises(retell.UnprocessableEntityError):
            sdk.call.retrieve(call_id)


def test_the_sdk_pages_through_calls(sdk: Retell, agent: Agent) -> None:
    made = [f"call_{make_call(agent.connection, agent=agent).pk.hex}" for _ in range(3)]
    first = sdk.call.list(limit=2, include_total=True)
    second = sdk.call.list(limit=2, pagination_key=str(first.pagination_key))
    seen = [call.call_id for call in [*(first.items or []), *(second.items or [])]]
    assert seen == made[::-1]
    assert (first.has_more, second.has_more, first.total) == (True, False, 3)


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 2),
        ({"call_status": {"type": "enum", "op": "in", "value": ["ended"]}}, 1),
        ({"to_number": {"type": "string", "op": "ew", "value": "0100"}}, 2),
        ({"to_number": {"type": "string", "op": "ne", "value": TO}}, 0),
        ({"duration_ms": {"type": "range", "op": "bt", "value": [1000, 70000]}}, 1),
        ({"duration_ms": {"type": "present", "op": "np"}}, 1),
        ({"start_timestamp": {"type": "number", "op": "ge", "value": 1}}, 2),
        ({"agent": [{"agent_id": "agent_1", "version": [1]}]}, 1),
        ({"agent": [{"agent_id": "agent_1"}, {"agent_id": "x"}]}, 2),
        ({"batch_call_id": {"type": "string", "op": "eq", "value": "b"}}, 0),
        ({"metadata": [{"key": "lead", "type": "number", "op": "gt", "value": 6}]}, 1),
        ({"metadata": [{"key": "tier", "type": "string", "op": "eq", "value": "gold"}]}, 1),
        ({"metadata": [{"key": "tier", "type": "string", "op": "sw", "value": "go"}]}, 1),
        ({"metadata": [{"key": "tier", "type": "present", "op": "np"}]}, 1),
        ({"disconnection_reason": {"type": "enum", "op": "in", "value": ["user_hangup"]}}, 1),
    ],
)  # fmt: skip
def test_calls_are_chosen_by_filters(
    sdk: Retell, finished: Call, agent: Agent, criteria: Any, count: int
) -> None:
    make_call(agent.connection, agent=agent)
    page = sdk.call.list(filter_criteria=criteria)
    assert len(page.items or []) == count


def test_an_old_sdk_gets_whole_calls_in_an_array(
    ask: Callable[..., Any], finished: Call
) -> None:
    (call,) = ask("POST", "v2/list-calls", {"filter_criteria": {}}).json()
    assert call["transcript"] == "Agent: Hi!\n"


# --- Stopping and changing -----------------------------------------------------------
def test_a_waiting_call_is_canceled(sdk: Retell, workspace: Workspace) -> None:
    sdk.call.stop(launch(sdk).call_id)
    assert workspace.calls.get().status == "canceled"


def test_a_live_call_is_hung_up(sdk: Retell, agent: Agent) -> None:
    call = make_call(
        agent.connection,
        agent=agent,
        status="in_progress",
        provider_call_id="sim_1",
        dialed_at=datetime.now(tz=UTC),
    )
    sdk.call.stop(f"call_{call.pk.hex}")
    call.refresh_from_db()
    assert call.hang_up_requested_at is not None


def test_only_a_call_that_is_over_can_be_changed(sdk: Retell, finished: Call) -> None:
    sdk.call.update(f"call_{finished.pk.hex}", metadata={"seen": True})
    finished.refresh_from_db()
    assert finished.metadata == {"seen": True}
    with pytest.raises(retell.BadRequestError):
        sdk.call.update(launch(sdk).call_id, metadata={})


# --- Keys ----------------------------------------------------------------------------
def test_a_wrong_key_is_401_in_their_shape(sdk: Retell) -> None:
    sdk.api_key = "key_wrong"
    with pytest.raises(retell.AuthenticationError, match="missing or invalid"):
        sdk.call.list()


def test_a_missing_scope_is_403(ask: Callable[..., Any], workspace: Workspace) -> None:
    token = ApiKey.issue(workspace, "Reader", ["calls:read"])[1]
    assert ask("POST", "v3/list-calls", {}, token).status_code == 200
    answer = ask("POST", "v2/create-phone-call", {}, token)
    assert answer.status_code == 403
    assert "calls:write" in answer.json()["message"]


def test_odd_requests_are_answered_in_their_shape(ask: Callable[..., Any]) -> None:
    assert ask("POST", "v2/create-phone-call", [1]).status_code == 400
    assert ask("GET", "v2/nothing").status_code == 404
    assert ask("POST", "v2/register-phone-call", {}).json()["status"] == "error"


def test_the_account_is_described(sdk: Retell, workspace: Workspace) -> None:
    assert sdk.identity.retrieve().org_name == workspace.name
    assert sdk.concurrency.retrieve().concurrency_limit == 20
    assert sdk.voice.list()[0].voice_id


# --- Agents --------------------------------------------------------------------------
def make_through(sdk: Retell) -> Any:
    """Make an agent as the SDK's users do: an LLM first, then the agent."""
    llm = sdk.llm.create(
        general_prompt="You call {{first_name}}.", begin_message="Hi {{first_name}}!"
    )
    engine: Any = {"type": "retell-llm", "llm_id": llm.llm_id}
    return sdk.agent.create(
        response_engine=engine,
        voice_id="11labs-Adrian",
        agent_name="Renewals",
        responsiveness=0.5,
    )


def test_the_sdk_makes_an_agent_with_its_words(
    sdk: Retell, workspace: Workspace, agent: Agent
) -> None:
    made = make_through(sdk)
    assert (made.version, made.voice_id, made.responsiveness) == (
        0,
        "11labs-Adrian",
        0.5,
    )
    row = workspace.agents.current().get(provider_agent_id=made.agent_id)
    assert row.versions.get().variables == ["first_name"]
    assert workspace.agents.current().count() == 2  # the waiting LLM shows nowhere


def test_the_sdk_changes_publishes_and_drafts(sdk: Retell, agent: Agent) -> None:
    made = make_through(sdk)
    sdk.llm.update(made.response_engine.llm_id, begin_message="Hello!")
    sdk.agent.publish(made.agent_id, version=0)
    changed = sdk.agent.update(made.agent_id, voice_id="openai-Alloy")
    assert changed.version == 1
    assert sdk.agent.retrieve(made.agent_id, version=0).voice_id == "11labs-Adrian"
    versions = sdk.agent.list_versions(made.agent_id).items
    assert [(v.version, v.is_published) for v in versions or []] == [
        (1, False),
        (0, True),
    ]
    assert sdk.llm.retrieve(changed.response_engine.llm_id).begin_message == "Hello!"  # type: ignore[union-attr]


def test_the_sdk_lists_and_deletes_agents(sdk: Retell, workspace: Workspace) -> None:
    made = make_through(sdk)
    names = [item.agent_name for item in sdk.agent.list().items or []]
    assert "Renewals" in names
    sdk.agent.delete(made.agent_id)
    with pytest.raises(retell.UnprocessableEntityError):
        sdk.agent.retrieve(made.agent_id)
    assert workspace.agents.get(provider_agent_id=made.agent_id).retired_at


def test_the_sdk_chooses_agents_and_their_order(sdk: Retell) -> None:
    made = make_through(sdk)

    def ids(**wanted: Any) -> list[str]:
        return [row.agent_id for row in sdk.agent.list(**wanted).items or []]

    def fitting(**criteria: Any) -> list[str]:
        return ids(filter_criteria=criteria)

    assert ids() == [made.agent_id, "agent_1"]
    assert ids(sort_order="ascending") == ["agent_1", made.agent_id]
    assert fitting(query="renew") == [made.agent_id]
    voice = {"type": "string", "op": "eq", "value": "voice"}
    assert len(fitting(channel=voice)) == 2
    assert fitting(channel=voice | {"value": "chat"}) == []
    assert fitting(is_transfer_agent=True) == []
    with pytest.raises(retell.BadRequestError, match="tags"):
        fitting(tags="prod")
    with pytest.raises(retell.BadRequestError, match="sort_order"):
        ids(sort_order="sideways")


def test_the_sdk_reads_versions_by_pages(sdk: Retell, agent: Agent) -> None:
    first = sdk.agent.list_versions("agent_1", limit=1)
    assert [row.version for row in first.items or []] == [1]
    following = first.pagination_key
    assert following
    second = sdk.agent.list_versions("agent_1", limit=1, pagination_key=following)
    assert [row.version for row in second.items or []] == [0]
    assert not second.has_more
    with pytest.raises(retell.BadRequestError, match="none of ours"):
        sdk.agent.list_versions("agent_1", pagination_key="9")


def test_an_old_sdk_lists_agents_behind_a_version(
    ask: Callable[..., Any], agent: Agent
) -> None:
    def versions(query: str) -> list[int]:
        return [row["version"] for row in ask("GET", f"list-agents{query}").json()]

    assert versions("") == [0, 1]
    assert versions("?is_latest=true") == [1]
    assert versions("?limit=1") == [0]
    assert versions("?pagination_key=agent_1&pagination_key_version=0") == [1]
    assert versions("?pagination_key=agent_1") == []
    assert ask("GET", "list-agents?pagination_key=agent_x").status_code == 400


def test_a_voice_is_read(sdk: Retell) -> None:
    assert sdk.voice.retrieve("11labs-Maya").voice_name == "Maya"
    with pytest.raises(retell.UnprocessableEntityError):
        sdk.voice.retrieve("11labs-Nobody")


def test_an_agents_webhook_is_kept_and_cleared(
    sdk: Retell, workspace: Workspace, agent: Agent
) -> None:
    url = "https://example.com/hook"
    sdk.agent.update("agent_1", webhook_url=url, webhook_events=["call_ended"])
    endpoint = workspace.endpoints.get(agent=agent)
    assert (endpoint.url, endpoint.events) == (url, ["call_ended"])
    assert sdk.agent.retrieve("agent_1").webhook_url == url
    sdk.agent.update("agent_1", webhook_url=None)
    assert not workspace.endpoints.exists()


def test_an_agent_of_a_real_provider_is_only_read(
    sdk: Retell, workspace: Workspace
) -> None:
    connection = make_connection(workspace, provider="retell")
    make_agent(connection, provider_agent_id="agent_there", name="Far away")
    assert sdk.agent.retrieve("agent_there").agent_name == "Far away"
    with pytest.raises(retell.BadRequestError, match="lives at Retell"):
        sdk.agent.update("agent_there", agent_name="Near")


# --- Numbers -------------------------------------------------------------------------
def test_the_sdk_binds_a_number(sdk: Retell, agent: Agent) -> None:
    bound = sdk.phone_number.update(
        FROM, outbound_agents=[{"agent_id": "agent_1", "weight": 1, "agent_version": 0}]
    )
    assert (bound.outbound_agents or [])[0].agent_version == 0
    number = PhoneNumber.objects.get(number=FROM)
    binding = number.binding("outbound")
    assert binding is not None
    assert (binding.agent_id, binding.version) == (agent.pk, 0)
    sdk.phone_number.update(FROM, outbound_agents=None)
    assert PhoneNumber.objects.get(number=FROM).binding("outbound") is None


def test_several_agents_share_a_number_by_their_weights(sdk: Retell) -> None:
    bound = sdk.phone_number.update(
        FROM,
        inbound_agents=[
            {"agent_id": "agent_1", "weight": 0.8},
            {"agent_id": "agent_1", "weight": 0.2, "agent_version": 0},
        ],
    )
    found = [(row.weight, row.agent_version) for row in bound.inbound_agents or []]
    assert found == [(0.8, None), (0.2, 0)]
    with pytest.raises(retell.BadRequestError, match="together 1"):
        sdk.phone_number.update(
            FROM,
            inbound_agents=[
                {"agent_id": "agent_1", "weight": 0.5},
                {"agent_id": "agent_1", "weight": 0.6},
            ],
        )


def test_the_sdk_imports_lists_and_deletes_numbers(sdk: Retell, agent: Agent) -> None:
    made = sdk.phone_number.import_(
        phone_number="+13105550142",
        termination_uri="a.pstn.twilio.com",
        nickname="L.A.",
    )
    assert (made.phone_number_type, made.nickname) == ("custom", "L.A.")
    listed = [number.phone_number for number in sdk.phone_number.list().items or []]
    assert listed == [FROM, "+13105550142"]
    first = sdk.phone_number.list(limit=1, sort_order="ascending")
    assert [number.phone_number for number in first.items or []] == ["+13105550142"]
    following = {"pagination_key": first.pagination_key, "sort_order": "ascending"}
    second = sdk.phone_number.list(limit=1, **following)  # type: ignore[arg-type]
    assert [number.phone_number for number in second.items or []] == [FROM]
    assert not second.has_more
    assert sdk.phone_number.retrieve(FROM).phone_number_type == "retell-twilio"
    sdk.phone_number.delete("+13105550142")
    with pytest.raises(retell.UnprocessableEntityError):
        sdk.phone_number.retrieve("+13105550142")


# --- Over the wire -------------------------------------------------------------------
@over_the_wire
def test_the_sdk_makes_its_rounds_over_http(wired_sdk: Retell) -> None:
    made = launch(wired_sdk, idempotency_key="k1")
    assert launch(wired_sdk, idempotency_key="k1").call_id == made.call_id
    assert isinstance(wired_sdk.call.retrieve(made.call_id), PhoneCallResponse)
    assert len(wired_sdk.call.list().items or []) == 1
    wired_sdk.call.stop(made.call_id)
    assert wired_sdk.call.retrieve(made.call_id).call_status == "not_connected"
    assert wired_sdk.phone_number.retrieve(FROM).phone_number == FROM
    assert len(wired_sdk.agent.list().items or []) == 1


# --- Our own client against our own server ---------------------------------------------
@pytest.fixture
def ours(key: str, only_us: str) -> RetellClient:
    """Return our adapter, pointed at us."""
    return RetellClient(Account(f"{only_us}/retell", {"api_key": key}))


@pytest.fixture
def wired(live_server: LiveServer, key: str) -> RetellClient:
    """Return our adapter, pointed at a server of ours."""
    return RetellClient(Account(f"{live_server.url}/compat/retell", {"api_key": key}))


def test_our_client_places_finds_and_lists(ours: RetellClient, agent: Agent) -> None:
    placed = ours.place_call(wish())
    assert (placed.status, placed.reference) == ("ringing", "ref-1")
    found = ours.find_call(CallHandle(wish()))
    assert found is not None
    assert found.provider_call_id == placed.provider_call_id
    fetched = ours.fetch_call(CallHandle(wish(), placed.provider_call_id))
    assert fetched is not None
    assert ours.find_call(CallHandle(wish(reference="ref-2"))) is None
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert len(ours.list_calls(since).items) == 1


@over_the_wire
def test_our_client_reads_agents(wired: RetellClient, agent: Agent) -> None:
    (seen,) = wired.list_agents()
    assert [v.version for v in seen.versions] == [0, 1]
    assert seen.versions[1].opening_line == "Hello {{first_name}}!"


def test_our_client_binds_numbers(ours: RetellClient, agent: Agent) -> None:
    ours.bind(FROM, "inbound", BindingFacts("agent_1"))
    (number,) = ours.list_numbers()
    assert number.inbound == BindingFacts("agent_1")
    assert all(check.is_ok for check in ours.check())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("v2/create-phone-call", {"metadata": {"a": "\x00"}}),
        ("create-agent", {"agent_name": "\ud800"}),
        ("create-retell-llm", {"odd": float("nan")}),
        ("v3/list-calls", {"skip": 2**63}),
    ],
)
def test_what_cannot_be_kept_is_a_400(key: str, path: str, body: Any) -> None:
    client = Client(headers={"Authorization": f"Bearer {key}"})
    answer = client.post(f"/compat/retell/{path}", body, "application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [("co", "olde", 1), ("sw", "gold", 1), ("co", "silver", 0)],
)
def test_a_part_of_a_text_in_the_metadata_is_found(
    agent: Agent, key: str, op: str, value: str, found: int
) -> None:
    make_call(agent.connection, metadata={"plan": "golden"})
    wanted = {"key": "plan", "type": "string", "op": op, "value": value}
    client = Client(headers={"Authorization": f"Bearer {key}"})
    body = {"filter_criteria": {"metadata": [wanted]}}
    answer = client.post("/compat/retell/v3/list-calls", body, "application/json")
    assert len(answer.json()["items"]) == found


@pytest.mark.parametrize(
    ("kind", "op", "value"),
    [("number", "gt", None), ("number", "gt", 2**70), ("enum", "in", 5)],
)
def test_a_value_that_does_not_fit_a_filter_is_a_400(
    key: str, kind: str, op: str, value: Any
) -> None:
    wanted = {"key": "plan", "type": kind, "op": op, "value": value}
    client = Client(headers={"Authorization": f"Bearer {key}"})
    body = {"filter_criteria": {"metadata": [wanted]}}
    answer = client.post("/compat/retell/v3/list-calls", body, "application/json")
    assert answer.status_code == 400
