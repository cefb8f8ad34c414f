"""Answering as Zudu: a client of its API drives `/compat/zudu`.

There is no SDK of Zudu's; requests are written as the sheet and the seed page have them,
and our own client is the other program that speaks the dialect.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from agents.models import Agent, PhoneNumber
from agents.providers.base import (
    Account,
    Analysis,
    BindingFacts,
    CallHandle,
    ProviderRefused,
)
from agents.providers.zudu.client import Zudu
from calls.hooks import outbox
from calls.models import Call, Contact, Suppression
from dashboard.models import ApiKey, Workspace
from tests.agents.providers.payloads import payload
from tests.calls.doors import (
    FROM,
    HOOK,
    TO,
    Json,
    Receiver,
    happens,
    over_the_wire,
    send,
    staffed,
    took_place,
    wish,
)
from tests.factories import make_call, make_contact

pytestmark = pytest.mark.django_db
PATH_OF_FROM = "phone-numbers/%2B16285550000"
Keys = tuple[str, str]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    return staffed(workspace, label="Sales", provider_agent_id="agent_1")


@pytest.fixture
def ask(keys: Keys) -> Callable[..., Any]:
    """Return a function that asks as a client of Zudu's would."""

    def asked(method: str, path: str, body: Any = None, pair: Keys = keys) -> Any:
        headers = {"X-API-KEY": pair[0], "X-API-SECRET": pair[1]}
        return send(method, f"/compat/zudu/api/{path}", body, headers)

    return asked


def launch(ask: Callable[..., Any], **more: Any) -> Any:
    """Ask for a phone call."""
    body = {"from_number": FROM, "to_number": TO, "override_agent_id": "agent_1"}
    return ask("POST", "calls/create-phone-call", body | more)


# --- Launching -----------------------------------------------------------------------
def test_a_phone_call_is_launched(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    answer = launch(ask, metadata={"lead": 7}, dynamic_variables={"plan": "Pro"})
    body = answer.json()
    call = workspace.calls.get()
    assert (answer.status_code, body["status"], body["error"]) == (201, "success", None)
    assert body["data"]["status"] == "call_initiated"
    assert body["data"]["call"]["call_id"] == f"call_{call.pk}"
    assert (call.dialect, call.source, call.status) == ("zudu", "compat", "queued")
    assert (call.metadata, call.variables["plan"]) == ({"lead": 7}, "Pro")


def test_fields_that_are_unseen_are_kept(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    assert launch(ask, retry_config={"enabled": True}).status_code == 201
    call = workspace.calls.get()
    assert call.overrides["raw"] == {"retry_config": {"enabled": True}}


def test_the_numbers_own_agent_calls_where_none_is_named(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    ask("PATCH", PATH_OF_FROM, {"outbound_agent_id": "agent_1"})
    answer = launch(ask, override_agent_id=None)
    assert answer.json()["data"]["call"]["agent_id"] == "agent_1"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"to_number": "12"}, 400),
        ({"to_number": FROM}, 400),
        ({"override_agent_id": "agent_x"}, 404),
        ({"from_number": "+19995550000"}, 404),
        ({"metadata": "lead"}, 400),
    ],
)
def test_a_launch_that_may_not_go_out_is_refused_in_their_shape(
    ask: Callable[..., Any], changes: Json, status: int
) -> None:
    answer = launch(ask, **changes)
    body = answer.json()
    assert answer.status_code == status
    assert (set(body), body["status"]) == ({"message", "status", "error"}, "error")
    assert body["error"]
    assert Call.objects.count() == 0


def test_nobody_on_the_list_is_called(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    answer = launch(ask)
    assert answer.status_code == 403
    assert "do-not-call" in answer.json()["error"]


# --- Records -------------------------------------------------------------------------
def test_the_seed_pages_own_request_gives_its_answer(
    ask: Callable[..., Any], agent: Agent
) -> None:
    Agent.objects.update(provider_agent_id="agent-123")
    answer = ask("POST", "calls/create", payload("zudu/seed_create_request"))
    body, wanted = answer.json(), payload("zudu/seed_create_answer")
    call, seed = body["data"]["call"], wanted["data"]["call"]
    assert answer.status_code == 201
    assert (set(body), set(body["data"])) == (set(wanted), set(wanted["data"]))
    assert set(call) == set(seed)
    own = {"call_id", "organization_id", "events"}
    assert {k: v for k, v in call.items() if k not in own} == {
        k: v for k, v in seed.items() if k not in own
    }
    assert call["events"][0]["event"] == seed["events"][0]["event"]


def test_a_record_is_never_dialled(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    ask("POST", "calls/create", {"agent_id": "agent_1"})
    call = workspace.calls.get()
    assert (call.status, call.due_at, call.ask_at) == ("canceled", None, None)
    assert "never to be dialled" in call.note
    told = ask("GET", f"calls/call_{call.pk}").json()["data"]
    assert (told["call_status"], told["id"]) == ("REGISTERED", str(call.pk))


def test_a_record_may_have_an_id_of_its_own(ask: Callable[..., Any]) -> None:
    body = {"agent_id": "agent_1", "call_id": "my-call", "call_type": "web_call"}
    assert ask("POST", "calls/create", body).status_code == 201
    assert ask("GET", "calls/my-call").json()["data"]["call_type"] == "WEB_CALL"
    again = ask("POST", "calls/create", body)
    assert (again.status_code, Call.objects.count()) == (400, 1)
    assert "already exists" in again.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"agent_id": "agent_x"}, 404),
        ({"agent_id": "agent_1", "call_type": "FAX"}, 400),
        ({"agent_id": "agent_1", "direction": 7}, 400),
        ({"agent_id": "agent_1", "call_id": "x" * 161}, 400),
    ],
)
def test_a_wrong_record_is_refused(
    ask: Callable[..., Any], body: Json, status: int
) -> None:
    assert ask("POST", "calls/create", body).status_code == status
    assert Call.objects.count() == 0


# --- Records that are dialled, as the key says -----------------------------------------
NAMED = {"agent_id": "agent_1", "metadata": {"customer_id": "cust-001"}}


@pytest.fixture
def dialling(keys: Keys) -> None:
    """Let the client's key say where its metadata names the callee."""
    ApiKey.objects.update(callee_field="customer_id")


@pytest.fixture
def jamie(workspace: Workspace) -> Contact:
    """Return the contact that the client knows as cust-001."""
    own = {"customer_id": "cust-001"}
    return make_contact(workspace, name="Jamie Doe", number=TO, attributes=own)


@pytest.mark.usefixtures("dialling")
def test_a_record_rings_the_contact_that_the_metadata_names(
    ask: Callable[..., Any], jamie: Contact, agent: Agent
) -> None:
    answer = ask("POST", "calls/create", NAMED)
    assert answer.status_code == 201
    shown = answer.json()["data"]["call"]
    assert shown["call_status"] == "registered"
    assert not {"from_number", "to_number"} & set(shown)
    call = Call.objects.get()
    assert (call.status, call.to_number, call.contact) == ("queued", TO, jamie)
    assert (call.from_number, call.agent) == (FROM, agent)
    assert call.metadata == NAMED["metadata"]
    seen = ask("GET", f"calls/{shown['call_id']}").json()["data"]
    assert (seen["call_status"], seen["to_number"]) == ("ONGOING", TO)


@pytest.mark.usefixtures("dialling")
@pytest.mark.parametrize(
    ("named", "status", "called"),
    [(TO, 201, [TO]), ("415 555 0100", 400, []), (14155550100, 400, [])],
)
def test_the_metadata_may_name_a_number(
    ask: Callable[..., Any],
    workspace: Workspace,
    named: Any,
    status: int,
    called: list[str],
) -> None:
    body = NAMED | {"metadata": {"customer_id": named}}
    assert ask("POST", "calls/create", body).status_code == status
    assert [call.to_number for call in workspace.calls.all()] == called


@pytest.mark.parametrize(
    "body",
    [
        NAMED | {"metadata": {}},
        NAMED | {"metadata": {"customer_id": None}},
        NAMED | {"metadata": {"customer": "cust-001"}},
        NAMED | {"call_type": "WEB_CALL"},
        NAMED | {"direction": "INBOUND"},
    ],
)
@pytest.mark.usefixtures("dialling", "jamie")
def test_what_names_nobody_stays_a_record(ask: Callable[..., Any], body: Json) -> None:
    assert ask("POST", "calls/create", body).status_code == 201
    assert "never to be dialled" in Call.objects.get().note


@pytest.mark.usefixtures("dialling", "jamie")
@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"metadata": {"customer_id": "cust-9"}}, 400, "No contact has"),
        ({"metadata": {"customer_id": "twin"}}, 400, "Several contacts have"),
        ({"agent_id": "agent_x"}, 404, "agent_x"),
        ({"agent_id": ""}, 400, "agent_id"),
        ({"direction": "SIDEWAYS"}, 400, "direction"),
    ],
)
def test_who_cannot_be_told_is_not_called(
    ask: Callable[..., Any],
    workspace: Workspace,
    changes: Json,
    status: int,
    says: str,
) -> None:
    for _ in range(2):
        make_contact(workspace, attributes={"customer_id": "twin"})
    answer = ask("POST", "calls/create", NAMED | changes)
    assert (answer.status_code, says in answer.json()["error"]) == (status, True)
    assert not Call.objects.exists()


@pytest.mark.usefixtures("dialling")
def test_a_record_that_is_dialled_passes_the_gate(
    ask: Callable[..., Any], jamie: Contact
) -> None:
    jamie.do_not_call = True
    jamie.save()
    assert ask("POST", "calls/create", NAMED).status_code == 403
    assert not Call.objects.exists()


@pytest.mark.usefixtures("jamie")
def test_without_the_setting_nobody_is_called(ask: Callable[..., Any]) -> None:
    assert ask("POST", "calls/create", NAMED).status_code == 201
    assert Call.objects.get().status == "canceled"


@pytest.mark.usefixtures("dialling", "jamie")
def test_one_id_rings_once(ask: Callable[..., Any]) -> None:
    body = NAMED | {"call_id": "my-call"}
    first, second = (ask("POST", "calls/create", body).json() for _ in range(2))
    assert first["data"]["call"]["call_id"] == "my-call"
    assert first["data"]["call"] == second["data"]["call"]
    assert ask("GET", "calls/my-call").json()["data"]["call_id"] == "my-call"
    assert Call.objects.count() == 1
    other = body | {"metadata": {"customer_id": TO}}
    assert ask("POST", "calls/create", other).status_code == 409
    assert Call.objects.count() == 1


@pytest.mark.usefixtures("jamie")
def test_the_id_of_a_record_is_not_dialled_later(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    body = NAMED | {"call_id": "my-call"}
    assert ask("POST", "calls/create", body).status_code == 201
    ApiKey.objects.update(callee_field="customer_id")
    assert ask("POST", "calls/create", body).status_code == 400
    assert workspace.calls.get().status == "canceled"


def test_a_record_can_be_edited(ask: Callable[..., Any], agent: Agent) -> None:
    made = ask("POST", "calls/create", {"agent_id": "agent_1", "metadata": {"a": 1}})
    path = f"calls/{made.json()['data']['call']['call_id']}"
    change = {"call_status": "ENDED", "direction": "INBOUND", "metadata": {"b": 2}}
    data = ask("PUT", path, change).json()["data"]
    assert (data["operation"], data["call"]["call_status"]) == ("update", "ended")
    assert data["call"]["direction"] == "inbound"
    assert data["call"]["metadata"] == {"a": 1, "b": 2}
    assert Call.objects.get().status == "canceled"


def test_of_a_call_that_took_place_only_metadata_changes(
    ask: Callable[..., Any], finished: Call
) -> None:
    path = f"calls/call_{finished.pk}"
    assert ask("PUT", path, {"call_status": "ENDED"}).status_code == 400
    data = ask("PUT", path, {"metadata": {"seen": True}}).json()["data"]
    assert data["call"]["metadata"] == {"lead": 7, "seen": True}


# --- Reading -------------------------------------------------------------------------
@pytest.fixture
def finished(agent: Agent) -> Call:
    """Return a call that took place, with what was said."""
    return took_place(agent, agent_version=1, metadata={"lead": 7})


def test_a_call_is_read(ask: Callable[..., Any], finished: Call) -> None:
    answer = ask("GET", f"calls/call_{finished.pk}")
    call = answer.json()["data"]
    assert (call["call_status"], call["call_duration"]) == ("ENDED", 64_000)
    assert call["disconnection_reason"] == "USER_HANGUP"
    assert call["transcript_object"][0]["content"] == "Hi!"
    assert call["call_analysis"]["call_summary"] == "Went well."


@pytest.mark.parametrize("call_id", ["call_x", "call_", "create-phone-call"])
def test_an_unknown_call_is_404(ask: Callable[..., Any], call_id: str) -> None:
    answer = ask("GET", f"calls/{call_id}")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")


def test_calls_are_listed_newest_first_by_pages(
    ask: Callable[..., Any], agent: Agent
) -> None:
    made = [f"call_{make_call(agent.connection, agent=agent).pk}" for _ in range(3)]
    seen = []
    for page in (0, 1):
        data = ask("POST", "calls", {"page": page, "limit": 2}).json()["data"]
        seen += [call["call_id"] for call in data["calls"]]
        assert data["pagination"]["total_count"] == 3
        assert data["pagination"]["has_next_page"] is (page == 0)
    assert seen == made[::-1]
    by_get = ask("GET", "calls?page=1&limit=2").json()["data"]
    assert [call["call_id"] for call in by_get["calls"]] == made[:1]
    assert "transcript_object" in by_get["calls"][0]


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 5),
        ({"call_status": ["ended"]}, 1),
        ({"call_status": ["ONGOING"]}, 1),
        ({"call_status": ["registered"]}, 2),
        ({"call_status": ["registered", "ended"]}, 3),
        ({"call_status": ["error", "scheduled"]}, 1),
        ({"call_type": ["web_call"]}, 1),
        ({"agent_id": ["agent_1"]}, 5),
        ({"agent_id": "agent_x"}, 0),
        ({"duration_ms": {"lower_threshold": 1000}}, 1),
    ],
)
def test_calls_are_chosen_by_filters(
    ask: Callable[..., Any], finished: Call, agent: Agent, criteria: Any, count: int
) -> None:
    ask("POST", "calls/create", {"agent_id": "agent_1"})
    for status, kind in (("ringing", "phone"), ("ringing", "web"), ("failed", "phone")):
        make_call(agent.connection, agent=agent, status=status, type=kind)
    data = ask("POST", "calls", {"filter_criteria": criteria}).json()["data"]
    assert (data["pagination"]["total_count"], len(data["calls"])) == (count, count)


@pytest.mark.parametrize(
    "body", [{"limit": "x"}, {"filter_criteria": {"transcript_search": "a"}}, [1]]
)
def test_a_list_we_cannot_give_is_a_400(ask: Callable[..., Any], body: Any) -> None:
    assert ask("POST", "calls", body).status_code == 400


@pytest.mark.parametrize("query", ["transcript_search=a", "from_date=2026-01-01"])
def test_a_filter_of_the_address_that_is_none_is_a_400(
    ask: Callable[..., Any], query: str
) -> None:
    answer = ask("GET", f"calls?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]
    assert ask("GET", "calls?page=0&limit=5&sort_by=created_at").status_code == 200


# --- Keys ----------------------------------------------------------------------------
def test_both_headers_are_needed(ask: Callable[..., Any], keys: Keys) -> None:
    for pair in ((keys[0], ""), ("", keys[1]), (keys[0], "s3cr3t_wrong"), ("x", "y")):
        answer = ask("GET", "calls", None, pair)
        assert (answer.status_code, answer.json()["status"]) == (401, "error")
        assert "X-API-SECRET" in answer.json()["error"]


def test_a_missing_scope_is_403(ask: Callable[..., Any], workspace: Workspace) -> None:
    pair = ApiKey.issue(workspace, "Reader", ["calls:read"])[1:]
    assert ask("GET", "calls", None, pair).status_code == 200
    assert ask("POST", "calls", {}, pair).status_code == 200
    for path in ("calls/create-phone-call", "calls/create"):
        assert ask("POST", path, {}, pair).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("PATCH", "calls", 405),
        ("DELETE", "calls/call_1", 400),
        ("POST", "agents/create", 400),
    ],
)
def test_odd_requests_are_answered_in_their_shape(
    ask: Callable[..., Any], method: str, path: str, status: int
) -> None:
    answer = ask(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, "error")


# --- Agents and numbers --------------------------------------------------------------
def test_agents_are_listed_and_read_in_full(ask: Callable[..., Any]) -> None:
    data = ask("GET", "agents?limit=1&page=0").json()["data"]
    assert [row["agent_id"] for row in data["agents"]] == ["agent_1"]
    assert data["pagination"]["total"] == 1
    full = ask("GET", "agents/agent_1/full").json()["data"]
    assert full["begin_message"] == "Hello {{first_name}}!"
    assert full["llm_config"]["system_message"].startswith("You call")
    assert ask("GET", "agents/agent_x/full").status_code == 404


def test_a_number_is_bound_labelled_and_freed(
    ask: Callable[..., Any], agent: Agent
) -> None:
    free = ask("GET", "phone-numbers/available").json()["data"]
    assert free["available_count"] == 1
    body = {"inbound_agent_id": "agent_1", "inbound_agent_version": 1, "label": "Desk"}
    bound = ask("PATCH", PATH_OF_FROM, body).json()["data"]
    assert (bound["inbound_agent_id"], bound["nickname"]) == ("agent_1", "Desk")
    assert bound["outbound_agent_id"] is None
    binding = PhoneNumber.objects.get(number=FROM).binding("inbound")
    assert binding and (binding.agent_id, binding.version) == (agent.pk, None)
    assert ask("GET", "phone-numbers/available").json()["data"]["available_count"] == 0
    ask("PATCH", PATH_OF_FROM, {"inbound_agent_id": None})
    assert PhoneNumber.objects.get(number=FROM).binding("inbound") is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inbound_agent_id": "agent_x"}, 404),
        ({"inbound_agent_id": "agent_1", "inbound_agent_version": 9}, 404),
        ({"outbound_trunk_id": "t"}, 400),
        ({"inbound_agent_version": 2}, 400),
        ({"nickname": 7}, 400),
    ],
)
def test_a_binding_that_cannot_be_kept_changes_nothing(
    ask: Callable[..., Any], body: Json, status: int
) -> None:
    assert ask("PATCH", PATH_OF_FROM, body).status_code == status
    number = PhoneNumber.objects.get(number=FROM)
    assert (number.binding("inbound"), number.label) == (None, "Sales")


def test_numbers_are_listed_and_read(ask: Callable[..., Any]) -> None:
    data = ask("GET", "phone-numbers?area_code=628").json()["data"]
    assert [row["phone_number"] for row in data["phone_numbers"]] == [FROM]
    by_post = {"filter_criteria": {"nickname": "nobody"}}
    found = ask("POST", "phone-numbers/list", by_post).json()["data"]
    assert found["phone_numbers"] == []
    assert ask("GET", PATH_OF_FROM).json()["data"]["nickname"] == "Sales"
    assert ask("GET", "phone-numbers/%2B19995550000").status_code == 404


# --- Webhooks ------------------------------------------------------------------------
def register(ask: Callable[..., Any], **more: Any) -> str:
    """Register a webhook; return its id."""
    body = {"name": "CRM", "url": HOOK, "description": "Ours"} | more
    answer = ask("POST", "post-call-webhooks/create", body)
    assert answer.status_code == 201
    return str(answer.json()["data"]["webhook_id"])


def assign(ask: Callable[..., Any], webhook: str, agent: str = "agent_1") -> Any:
    """Assign a webhook to an agent."""
    path = f"agents/{agent}/tools/post-call-webhook/assign"
    return ask("POST", path, {"webhook_id": webhook})


def told(workspace: Workspace) -> list[str]:
    """Return where the next post-call webhook would go."""
    rows = workspace.endpoints.filter(dialect="zudu", is_active=True)
    return [row.url for row in rows]


def test_a_webhook_is_registered_changed_and_listed(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    webhook = register(ask)
    path = f"post-call-webhooks/{webhook}"
    shown = ask("PATCH", path, {"description": "Theirs"}).json()["data"]
    assert (shown["name"], shown["description"], shown["url"]) == (
        "CRM",
        "Theirs",
        HOOK,
    )
    assert ask("GET", path).json()["data"]["is_active"] is True
    listed = ask("GET", "post-call-webhooks").json()["data"]
    assert (listed["count"], listed["webhooks"][0]["agent_count"]) == (1, 0)
    assert ask("POST", f"{path}/toggle").json()["data"]["is_active"] is False
    assert ask("GET", "post-call-webhooks?activeOnly=true").json()["data"]["count"] == 0
    assert ask("POST", f"{path}/toggle").json()["data"]["is_active"] is True
    assert told(workspace) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"url": HOOK}, "name is required"),
        ({"name": "CRM"}, "url is required"),
        ({"name": "CRM", "url": "http://client.example.com"}, "must be HTTPS"),
        ({"name": "CRM", "url": "https://10.0.0.1/"}, "private network"),
        ({"name": "CRM", "url": HOOK, "is_active": "yes"}, "is_active"),
    ],
)
def test_a_wrong_webhook_is_refused(
    ask: Callable[..., Any], settings: Any, body: Json, words: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    answer = ask("POST", "post-call-webhooks/create", body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_an_agent_has_one_webhook_at_most(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    first, second = register(ask), register(ask, url=f"{HOOK}2")
    assert assign(ask, first).status_code == 200
    assign(ask, second, "1")
    assert told(workspace) == [f"{HOOK}2"]
    full = ask("GET", "agents/agent_1/full").json()["data"]
    assert full["post_call_webhook_id"] == second
    path = "agents/agent_1/tools/post-call-webhook"
    assert ask("DELETE", f"{path}/{first}").status_code == 404
    assert ask("DELETE", f"{path}/{second}").status_code == 200
    assert told(workspace) == []


def test_a_change_of_a_webhook_holds_for_its_agents(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    webhook = register(ask)
    assign(ask, webhook)
    ask("PATCH", f"post-call-webhooks/{webhook}", {"url": f"{HOOK}3"})
    assert told(workspace) == [f"{HOOK}3"]
    ask("POST", f"post-call-webhooks/{webhook}/toggle")
    assert told(workspace) == []
    assert assign(ask, webhook).status_code == 400
    ask("PATCH", f"post-call-webhooks/{webhook}", {"is_active": True})
    assert told(workspace) == [f"{HOOK}3"]
    ask("PATCH", "agents/agent_1/unassign")
    assert told(workspace) == []


def test_webhooks_of_others_are_not_there(
    ask: Callable[..., Any], workspace: Workspace
) -> None:
    for written in ("webhook_1", "x", "9" * 40):
        assert ask("GET", f"post-call-webhooks/{written}").status_code == 404
    assert assign(ask, "webhook_1").status_code == 404
    assert assign(ask, register(ask), "agent_x").status_code == 404


def test_the_webhook_goes_out_once_unsigned_when_all_is_known(
    ask: Callable[..., Any], agent: Agent, receiver: Receiver
) -> None:
    webhook = register(ask)
    assert assign(ask, webhook).status_code == 200
    call = make_call(agent.connection, agent=agent, status="ringing", dialect="zudu")
    happens(call, "in_progress")
    happens(call, "ended", end_reason="user_hangup", duration_ms=1000)
    happens(call, "", analysis=Analysis("Went well.", "positive", True))
    outbox.deliver_due(datetime.now(tz=UTC))
    (request,) = receiver.came
    body = json.loads(request.content)["call"]
    assert str(request.url) == HOOK
    assert not [name for name in request.headers if "signature" in name.lower()]
    assert (body["call_id"], body["call_status"]) == (f"call_{call.pk}", "ENDED")
    assert body["call_analysis"]["call_summary"] == "Went well."


# --- Our own client against our own server ---------------------------------------------
@pytest.fixture
def ours(keys: Keys, only_us: str) -> Zudu:
    """Return our adapter, on a network on which there is nothing but us."""
    pair = dict(zip(("api_key", "api_secret"), keys, strict=True))
    return Zudu(Account(f"{only_us}/zudu", pair))


def handle(**fields: Any) -> CallHandle:
    """Return the call that was wished for, just dialled."""
    return CallHandle(wish(**fields), dialed_at=datetime.now(tz=UTC))


def test_our_client_places_finds_and_lists(ours: Zudu) -> None:
    placed = ours.place_call(wish(metadata={"lead": 7}))
    assert (placed.status, placed.status_raw) == ("ringing", "ONGOING")
    found = ours.find_call(handle())
    assert found and found.provider_call_id == placed.provider_call_id
    assert found.reference == "ref-1"
    fetched = ours.fetch_call(CallHandle(wish(), placed.provider_call_id))
    assert fetched and fetched.metadata["lead"] == 7
    assert ours.find_call(handle(reference="ref-2")) is None
    assert ours.fetch_call(CallHandle(wish(), "call_unknown")) is None


def test_our_client_lists_every_call_once(ours: Zudu, finished: Call) -> None:
    placed = ours.place_call(wish())
    since, cursor, seen = finished.started_at - timedelta(days=9), "", list[str]()
    for _ in range(9):
        page = ours.list_calls(since, cursor)
        seen += [update.provider_call_id for update in page.items]
        cursor = page.next
        if not cursor:
            break
    assert sorted(seen) == sorted([placed.provider_call_id, f"call_{finished.pk}"])


@over_the_wire
def test_our_client_reads_agents(live_server: LiveServer, keys: Keys) -> None:
    pair = dict(zip(("api_key", "api_secret"), keys, strict=True))
    wired = Zudu(Account(f"{live_server.url}/compat/zudu", pair))
    (seen,) = wired.list_agents()
    assert (seen.agent_id, seen.versions[0].version) == ("agent_1", 1)
    assert seen.versions[0].opening_line == "Hello {{first_name}}!"


def test_our_client_binds_numbers(ours: Zudu, agent: Agent) -> None:
    for direction in ("inbound", "outbound"):
        ours.bind(FROM, direction, BindingFacts("agent_1"))
    (number,) = ours.list_numbers()
    assert number.inbound == number.outbound == BindingFacts("agent_1")
    ours.bind(FROM, "inbound", BindingFacts())
    (number,) = ours.list_numbers()
    assert (number.inbound.agent_id, number.outbound.agent_id) == ("", "agent_1")
    assert all(check.is_ok for check in ours.check())


def test_our_client_is_refused_in_words(ours: Zudu, keys: Keys) -> None:
    with pytest.raises(ProviderRefused) as caught:
        ours.place_call(wish(agent_id="agent_x"))
    assert caught.value.status == 404
    wrong = Zudu(Account(ours.account.base_url, {"api_key": keys[0]}))
    (check,) = wrong.check()
    assert "Paste the API key and the API secret" in check.message
