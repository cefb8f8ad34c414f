"""Answering as itellico under `/compat/itellico`: its addresses, shapes and webhooks."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from agents.binding import change
from agents.models import Agent, Connection, PhoneNumber
from agents.providers.base import (
    Account,
    Analysis,
    BindingFacts,
    CallHandle,
    LaunchWish,
    Overrides,
    ProviderRefused,
    TurnFacts,
)
from agents.providers.itellico import asked, server
from agents.providers.itellico.client import Itellico
from agents.setups import Setup, Side
from agents.sync import sync
from calls import dispatch, hints, launch, policy, reconcile, webhooks
from calls.hints import Hint
from calls.hooks import outbox
from calls.models import Call, Delivery, Suppression
from calls.plan import prepare
from dashboard.models import ApiKey, AuditEntry, Workspace
from tests.agents.providers.payloads import payload
from tests.calls.doors import (
    FROM,
    HOOK,
    TO,
    Receiver,
    happens,
    send,
    staffed,
    took_place,
    wish,
)
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_workspace,
)

pytestmark = pytest.mark.django_db
LAUNCH = {"type": "phone", "agent_id": "agent_1", "from_number": FROM, "to_number": TO}
Ask = Callable[..., Any]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    named = {"provider_agent_id": "agent_1", "name": "Ren"}
    return staffed(workspace, label="Sales", **named)


@pytest.fixture
def ask(key: str, workspace: Workspace) -> Ask:
    """Return a function that asks inside the account."""

    def asked(
        method: str, path: str, body: Any = None, account: str = "", token: str = key
    ) -> Any:
        whole = path if path.startswith("v1/") else f"{account or workspace.pk}/{path}"
        prefix = "" if path.startswith("v1/") else "v1/accounts/"
        address = f"/compat/itellico/{prefix}{whole}"
        return send(method, address, body, {"X-API-Key": token})

    return asked


# --- Launching -----------------------------------------------------------------------
def test_the_seeds_request_gives_the_seeds_answer(
    ask: Ask, workspace: Workspace
) -> None:
    body = payload("itellico/seed_request") | LAUNCH | {"external_id": "order-7"}
    answer = ask("POST", "calls", body)
    assert answer.status_code == 201
    shown = answer.json()
    assert list(shown) == list(payload("itellico/seed_answer"))
    call = workspace.calls.get()
    assert shown == {
        "id": str(call.pk),
        "type": "phone",
        "status": "in_progress",
        "created": shown["created"],
        "modified": shown["created"],
        "direction": "outbound",
        "answer_status": "waiting",
        "agent_id": "agent_1",
        "agent_name": "Ren",
        "from_number": FROM,
        "to_number": TO,
        "external_id": "order-7",
        "started_at": None,
        "ended_at": None,
        "duration_seconds": None,
        "success": True,
        "join": None,
    }
    assert (call.dialect, call.source, call.status) == ("itellico", "compat", "queued")
    assert call.overrides["raw"]["initial_text"] == "<string>"


def test_a_wish_arrives_whole(ask: Ask, workspace: Workspace) -> None:
    more = {
        "test_variables": {"plan": "Pro", "seats": 12},
        "overrides": {
            "amd_mode": "ml",
            "agent": {
                "initial_message": {"message": "Hi {{plan}}!"},
                "max_duration_seconds": 90,
            },
        },
    }
    assert ask("POST", "calls", LAUNCH | more).status_code == 201
    call = workspace.calls.get()
    assert call.variables == {"plan": "Pro", "seats": "12"}
    assert call.overrides["opening_line"] == "Hi {{plan}}!"
    assert call.overrides["max_duration_ms"] == 90_000
    assert call.overrides["raw"] == {"overrides": {"amd_mode": "ml"}}


def test_a_repeat_gives_the_first_call(ask: Ask, workspace: Workspace) -> None:
    body = LAUNCH | {"external_id": "order-7"}
    first, again = ask("POST", "calls", body), ask("POST", "calls", body)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert workspace.calls.count() == 1
    other = ask("POST", "calls", body | {"to_number": "+14155550101"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"type": None}, 422, "body.type"),
        ({"type": "fax"}, 422, "body.type"),
        ({"agent_id": None}, 422, "body.agent_id"),
        ({"to_number": None}, 422, "body.to_number"),
        ({"to_number": "12"}, 422, "body.to_number"),
        ({"from_number": "+19995550000"}, 422, "body.from_number"),
        ({"test_variables": {"a": {"b": 1}}}, 422, "body.test_variables"),
        (
            {"overrides": {"agent": {"max_duration_seconds": 5}}},
            *(422, "body.overrides"),
        ),
        ({"agent_id": "agent_x"}, 404, None),
    ],
)
def test_a_launch_that_may_not_go_out_is_refused_in_their_shape(
    ask: Ask, changes: dict[str, Any], status: int, field: str | None
) -> None:
    answer = ask("POST", "calls", LAUNCH | changes)
    body = answer.json()
    code = "validation_error" if status == 422 else "not_found"
    assert (answer.status_code, body["code"]) == (status, code)
    assert body["message"]
    assert [e["field"] for e in body.get("errors", [])] == ([field] if field else [])
    assert Call.objects.count() == 0


def test_nobody_on_the_list_is_called(ask: Ask, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    answer = ask("POST", "calls", LAUNCH)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "do-not-call" in answer.json()["message"]


def test_a_web_call_gives_what_it_takes_to_join(ask: Ask, agent: Agent) -> None:
    body = {"type": "web", "agent_id": "agent_1", "external_id": "web-1"}
    plan = prepare(agent.workspace, asked.launch(body), source="compat")
    call, _ = launch.launch(plan, "itellico:web-1")
    step = dispatch.step(Connection, agent.connection.pk, datetime.now(tz=UTC))
    assert step.call_id == call.pk and step.start
    dispatch.dial(step.call_id, step.attempt, step.start)
    shown = ask("POST", "calls", body).json()
    assert (shown["id"], shown["type"]) == (str(call.pk), "web")
    assert shown["join"]["token"]
    assert shown["join"]["livekit_url"].startswith("wss://")
    assert shown["join"]["room_sid"] == f"RM_{call.pk.hex}"


# --- Keys, accounts, addresses -------------------------------------------------------
def test_only_an_x_api_key_opens_the_door(key: str, workspace: Workspace) -> None:
    path = f"/compat/itellico/v1/accounts/{workspace.pk}/calls"
    for headers in ({}, {"Authorization": f"Bearer {key}"}, {"X-API-Key": "wrong"}):
        answer = Client().get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert Client().get(path, headers={"X-API-Key": key}).status_code == 200


def test_the_account_in_the_path_must_be_the_keys(ask: Ask) -> None:
    stranger = str(make_workspace().pk)
    for account in (stranger, "nonsense"):
        for method, path in (("GET", "calls"), ("POST", "calls"), ("GET", "agents")):
            answer = ask(method, path, {} if method == "POST" else None, account)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ask("GET", "calls", account="me").status_code == 200


def test_the_account_is_described(ask: Ask, workspace: Workspace) -> None:
    shown = ask("GET", "v1/accounts/current").json()
    assert (shown["id"], shown["name"]) == (str(workspace.pk), "Acme")
    assert set(shown) == set(payload("itellico/account"))


def test_a_missing_scope_is_403(ask: Ask, workspace: Workspace) -> None:
    token = ApiKey.issue(workspace, "Reader", ["calls:read"])[1]
    assert ask("GET", "calls", token=token).status_code == 200
    answer = ask("POST", "calls", LAUNCH, token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "nothing", None, 404, "not_found"),
        ("GET", "sip-trunks", None, 404, "not_found"),
        ("DELETE", "calls", None, 405, "method_not_allowed"),
        ("POST", "v1/accounts/current", {}, 405, "method_not_allowed"),
        ("POST", "calls", [1], 400, "bad_request"),
        ("POST", "calls", {"medium": "\x00"}, 400, "bad_request"),
        ("GET", "calls/nonsense", None, 404, "not_found"),
        ("GET", "agents/agent_x", None, 404, "not_found"),
        ("GET", "phone-numbers/nonsense", None, 404, "not_found"),
        ("GET", "calls?limit=0", None, 422, "validation_error"),
    ],
)
def test_odd_requests_are_answered_in_their_shape(
    ask: Ask, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = ask(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


# --- Reading -------------------------------------------------------------------------
@pytest.fixture
def finished(agent: Agent) -> Call:
    """Return a call that took place, with what was said."""
    call = took_place(
        agent,
        created_at=datetime(2026, 11, 20, 11, 59, 51, tzinfo=UTC),
        answered_by="human",
        launch_key="itellico:order-7",
        external_id="order-7",
        recording_url="https://example.com/a.wav",
    )
    call.tool_calls.create(index=0, name="look up", result='{"n":1}', after_turn=0)
    return call


def test_a_call_is_read_with_its_words(ask: Ask, finished: Call) -> None:
    shown = ask("GET", f"calls/{finished.pk}").json()
    assert set(shown) == set(payload("itellico/get_call"))
    assert (shown["status"], shown["answer_status"]) == ("completed", "human")
    assert (shown["duration_seconds"], shown["external_id"]) == (64, "order-7")
    assert [row["role"] for row in shown["messages"]] == ["agent", "tool"]
    assert shown["capture"] == {"recording_url": "https://example.com/a.wav"}


def test_a_strangers_call_is_unknown(ask: Ask) -> None:
    other = make_call(make_connection(make_workspace()))
    assert ask("GET", f"calls/{other.pk}").status_code == 404


def test_calls_are_listed_by_pages_newest_first(ask: Ask, agent: Agent) -> None:
    made = [str(make_call(agent.connection, agent=agent).pk) for _ in range(3)]
    first = ask("GET", "calls?limit=2").json()
    second = ask("GET", "calls?limit=2&offset=2").json()
    seen = [call["id"] for call in [*first["items"], *second["items"]]]
    assert seen == made[::-1]
    assert (first["count"], set(first)) == (3, {"count", "items"})
    assert set(first["items"][0]) == set(payload("itellico/list_calls")["items"][0])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("status=completed", 1),
        ("status=in_progress", 1),
        ("status=transferred", 0),
        ("status=failed", 0),
        ("type=phone", 2),
        ("type=test", 0),
        ("direction=inbound", 0),
        ("agent_id=agent_1", 2),
        ("agent_id=agent_x", 0),
        ("external_id=order-7", 1),
        ("external_id=order-8", 0),
        ("created_after=2026-11-20T11:59:51Z", 2),
        ("created_after=2026-11-20T11:59:52Z", 1),
        ("created_before=2026-11-20T11:59:52%2B00:00", 1),
        ("updated_after=2027-11-20T12:00:00Z", 0),
        ("updated_before=2027-11-20T12:00:00Z", 2),
    ],
)
def test_calls_are_chosen_by_filters(
    ask: Ask, finished: Call, agent: Agent, query: str, count: int
) -> None:
    make_call(agent.connection, agent=agent)
    shown = ask("GET", f"calls?{query}").json()
    assert (len(shown["items"]), shown["count"]) == (count, count)
    if "id" not in query:
        assert len(ask("GET", f"conversations?{query}").json()["items"]) == count


def test_a_call_is_chosen_by_its_id(ask: Ask, finished: Call, agent: Agent) -> None:
    make_call(agent.connection, agent=agent)
    (call,) = ask("GET", f"calls?call_id={finished.pk}").json()["items"]
    path = f"conversations?conversation_id={finished.pk}"
    (conversation,) = ask("GET", path).json()["items"]
    assert call["id"] == conversation["conversation_id"] == str(finished.pk)
    assert (conversation["phone_number"], conversation["contact_number"]) == (FROM, TO)
    assert len(conversation["messages"]) == 2


def test_a_transferred_call_is_not_a_completed_one(ask: Ask, finished: Call) -> None:
    Call.objects.filter(pk=finished.pk).update(end_reason="transferred")
    for status, count in (("completed", 0), ("transferred", 1)):
        assert len(ask("GET", f"calls?status={status}").json()["items"]) == count


# --- Agents --------------------------------------------------------------------------
def test_agents_are_listed_and_read(ask: Ask, agent: Agent) -> None:
    page = ask("GET", "agents?name=re", account="me").json()
    assert (page["count"], page["items"][0]["id"]) == (1, "agent_1")
    shown = ask("GET", "agents/agent_1").json()
    assert shown == page["items"][0]
    assert shown["initial_message"]["message"] == "Hello {{first_name}}!"
    assert ask("GET", f"agents/{agent.pk}").json() == shown
    assert ask("GET", "agents?name=nobody").json()["items"] == []


def test_an_agent_is_changed_in_its_draft(ask: Ask, agent: Agent) -> None:
    agent.versions.update(is_published=True)
    body = {"name": "New", "initial_message": {"message": "Hi {{plan}}!"}}
    shown = ask("PATCH", "agents/agent_1", body).json()
    assert (shown["name"], shown["initial_message"]["message"]) == (
        "New",
        "Hi {{plan}}!",
    )
    latest = agent.versions.order_by("-version").first()
    assert latest is not None
    assert (latest.version, latest.variables[0]) == (2, "plan")
    assert AuditEntry.objects.filter(action="agent.changed").count() == 1


def test_what_an_agent_cannot_have_here_is_refused(ask: Ask, agent: Agent) -> None:
    answer = ask("PATCH", "agents/agent_1", {"tags": ["a"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    there = make_connection(agent.workspace, provider="retell")
    make_agent(there, provider_agent_id="agent_there")
    answer = ask("PATCH", "agents/agent_there", {"name": "New"})
    assert answer.status_code == 400
    assert "change it there" in answer.json()["message"]


# --- Numbers -------------------------------------------------------------------------
def test_a_number_is_bound_and_renamed(ask: Ask, agent: Agent) -> None:
    (listed,) = ask("GET", "phone-numbers").json()["items"]
    assert (listed["number"], listed["friendly_name"]) == (FROM, "Sales")
    assert listed["inbound_agent"] is None
    path = f"phone-numbers/{listed['id']}"
    bound = ask("PATCH", path, {"inbound_agent_id": "agent_1", "name": "Desk"}).json()
    assert bound["inbound_agent"] == {"id": "agent_1", "name": "Ren", "avatar": None}
    assert bound["friendly_name"] == "Desk"
    assert ask("GET", path).json() == bound
    row = PhoneNumber.objects.get(number=FROM).binding("inbound")
    assert row is not None and row.agent_id == agent.pk
    freed = ask("PATCH", path, {"inbound_agent_id": None}).json()
    assert (freed["inbound_agent"], freed["friendly_name"]) == (None, "Desk")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sip_trunk_id": None}, 422),
        ({"number": "+14155550199"}, 422),
        ({"inbound_agent_id": 7}, 422),
        ({"inbound_agent_id": "agent_x", "name": "Desk"}, 404),
        ({"name": "x" * 101}, 422),
    ],
)
def test_a_number_that_cannot_be_so_stays_as_it_was(
    ask: Ask, agent: Agent, body: Any, status: int
) -> None:
    assert ask("PATCH", f"phone-numbers/{FROM}", body).status_code == status
    number = PhoneNumber.objects.get(number=FROM)
    assert (number.label, number.binding("inbound")) == ("Sales", None)


# --- Webhooks ------------------------------------------------------------------------
def plays(agent: Agent, *statuses: str, **end: Any) -> Call:
    """Let a call happen that a client of this dialect launched."""
    call = make_call(
        agent.connection,
        agent=agent,
        status="ringing",
        dialect="itellico",
        from_number=FROM,
        external_id="order-7",
        api_key=agent.workspace.api_keys.first(),
    )
    for status in statuses:
        facts: dict[str, Any] = end if status == statuses[-1] else {}
        happens(call, status, **facts)
    outbox.deliver_due(datetime.now(tz=UTC) + timedelta(seconds=1))
    return call


def listen(agent: Agent, **fields: Any) -> None:
    """Have the workspace's client listen."""
    agent.workspace.endpoints.create(dialect="itellico", url=HOOK, **fields)


def test_a_call_is_told_in_order_and_signed(
    agent: Agent, key: str, receiver: Receiver
) -> None:
    listen(agent, secret="made-up-secret")
    done = {"duration_ms": 64_000, "analysis": Analysis("Went well.")}
    call = plays(agent, "in_progress", "ended", **done)
    bodies = receiver.bodies
    assert [body["event_type"] for body in bodies] == [
        "conversation.started",
        "conversation.ended",
        "conversation.analysis.completed",
    ]
    assert {body["data"]["conversation_uuid"] for body in bodies} == {str(call.pk)}
    assert len({body["event_id"] for body in bodies}) == 3
    assert bodies[2]["data"]["analysis_results"] == {"summary": "Went well."}
    for request in receiver.came:
        timestamp = request.headers["X-Itellico-Timestamp"]
        message = request.content + b"." + timestamp.encode()
        digest = hmac.new(b"made-up-secret", message, hashlib.sha256).hexdigest()
        assert request.headers["X-Itellico-Signature"] == digest


def test_without_a_secret_webhooks_have_no_signature(
    agent: Agent, key: str, receiver: Receiver
) -> None:
    listen(agent)
    plays(agent, "in_progress", "ended")
    assert len(receiver.came) == 2
    assert not [name for name in receiver.came[0].headers if "itellico" in name]


def test_of_a_call_nobody_answered_nothing_is_told(
    agent: Agent, key: str, receiver: Receiver
) -> None:
    listen(agent)
    plays(agent, "not_connected", end_reason="busy")
    assert receiver.came == []


def test_only_the_chosen_events_are_told(
    agent: Agent, key: str, receiver: Receiver
) -> None:
    listen(agent, events=["conversation.ended"])
    plays(agent, "in_progress", "ended")
    assert [b["event_type"] for b in receiver.bodies] == ["conversation.ended"]


# --- Our own client against our own server ---------------------------------------------
@pytest.fixture
def ours(key: str, only_us: str) -> Itellico:
    """Return our adapter, on a network on which there is nothing but us."""
    return Itellico(Account(f"{only_us}/itellico", {"api_key": key}))


def test_our_client_places_finds_and_lists(ours: Itellico, agent: Agent) -> None:
    placed = ours.place_call(wish(overrides=Overrides(opening_line="Hi!")))
    assert (placed.status, placed.reference) == ("ringing", "ref-1")
    found = ours.find_call(CallHandle(wish()))
    assert found is not None
    assert found.provider_call_id == placed.provider_call_id
    fetched = ours.fetch_call(CallHandle(wish(), placed.provider_call_id))
    assert fetched is not None and fetched.turns == ()
    assert ours.find_call(CallHandle(wish(reference="ref-2"))) is None
    assert ours.fetch_call(CallHandle(wish(), "nonsense")) is None
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert len(ours.list_calls(since).items) == 1


def test_our_client_reads_agents_and_binds_numbers(
    ours: Itellico, agent: Agent
) -> None:
    (seen,) = ours.list_agents()
    assert seen.versions[0].opening_line == "Hello {{first_name}}!"
    ours.bind(FROM, "inbound", BindingFacts("agent_1"))
    (number,) = ours.list_numbers()
    assert (number.inbound, number.trouble) == (BindingFacts("agent_1"), "")
    assert all(check.is_ok for check in ours.check())


def test_our_client_is_refused_in_words(ours: Itellico, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    with pytest.raises(ProviderRefused, match="do-not-call"):
        ours.place_call(wish())
    stranger = str(make_workspace().pk)
    settings = {**ours.account.credentials, "account_id": stranger}
    checks = Itellico(Account(ours.account.base_url, settings)).check()
    assert [check.is_ok for check in checks] == [True, False]
    assert "Check the account id" in checks[1].message


# --- Two Switchboards: one drives the other --------------------------------------------
HOOK_SECRET = "secret-made-up-9876543210"


@pytest.fixture
def far(ours: Itellico, agent: Agent) -> Connection:
    """Return another workspace's connection to ours, synced; our webhooks go there."""
    credentials = {**ours.account.credentials, "webhook_secret": HOOK_SECRET}
    connection = make_connection(
        make_workspace(),
        provider="itellico",
        base_url=ours.account.base_url,
        credentials=credentials,
    )
    listen(agent, secret=HOOK_SECRET)
    sync(connection)
    return connection


def dialled(far: Connection, to: str = TO) -> Call:
    """Launch a call of the other workspace and have it dialled."""
    wished = LaunchWish(to_number=to, agent_id="agent_1", variables={"plan": "Pro"})
    plan = prepare(far.workspace, wished)
    assert policy.check(plan) == []
    call, _ = launch.launch(plan)
    number = far.numbers.get()
    step = dispatch.step(PhoneNumber, number.pk, datetime.now(tz=UTC))
    assert step.call_id == call.pk and step.start
    dispatch.dial(step.call_id, step.attempt, step.start)
    call.refresh_from_db()
    return call


def deliver(far: Connection) -> int:
    """Hand over the webhooks that are owed, signed; return how many there were."""
    owed = Delivery.objects.filter(delivered_at=None).order_by("id")
    for delivery in owed:
        body, now_ms = delivery.body.encode(), round(time.time() * 1000)
        answer = Client().post(
            f"/webhooks/{far.webhook_token}/",
            body,
            content_type="application/json",
            headers=server.headers(body, HOOK_SECRET, now_ms),
        )
        assert answer.status_code == 204
    count = owed.update(delivered_at=datetime.now(tz=UTC))
    now = datetime.now(tz=UTC)
    for done in webhooks.apply_pending(now) or ():
        if isinstance(done, Hint):
            hints.look_up(done.event_id, now)
    return count


def asks(call: Call) -> Call:
    """Ask the provider about a call whose time has come."""
    reconcile.ask(call.pk, datetime.now(tz=UTC) + timedelta(seconds=11))
    call.refresh_from_db()
    return call


def test_a_call_lives_from_the_dial_to_its_transcript(
    far: Connection, workspace: Workspace
) -> None:
    call, theirs = dialled(far), workspace.calls.get()
    assert (call.status, call.provider_call_id) == ("ringing", str(theirs.pk))
    assert (theirs.external_id, theirs.variables) == (str(call.pk), {"plan": "Pro"})
    happens(theirs, "in_progress", answered_by="human")
    assert deliver(far) == 1
    assert asks(call).status == "in_progress"
    happens(theirs, "ended", duration_ms=9000, turns=(TurnFacts("agent", "Hi!", 400),))
    assert deliver(far) == 1
    assert asks(call).status == "ended"
    assert (call.duration_ms, call.answered_by) == (9000, "human")
    assert call.turns.get().text == "Hi!"
    assert far.calls.count() == 1


def test_a_call_nobody_answered_is_asked_about(
    far: Connection, workspace: Workspace
) -> None:
    call = dialled(far)
    happens(workspace.calls.get(), "not_connected", end_reason="busy")
    assert deliver(far) == 0
    ended = asks(call)
    assert (ended.status, ended.end_reason) == ("not_connected", "busy")
    assert ended.end_reason_raw == "user_busy"


def test_an_inbound_call_is_heard_of_and_then_asked_for(
    far: Connection, agent: Agent
) -> None:
    theirs = make_call(
        agent.connection,
        agent=agent,
        status="ringing",
        direction="inbound",
        from_number=TO,
        to_number=FROM,
    )
    happens(theirs, "in_progress", answered_by="unknown")
    assert deliver(far) == 1
    call = asks(far.calls.get())
    assert (call.direction, call.source, call.status) == (
        *("inbound", "inbound", "in_progress"),
    )
    assert call.agent is not None and call.agent.provider_agent_id == "agent_1"
    assert call.phone_number == far.numbers.get()


def test_what_the_sync_brought_can_be_bound_there(
    far: Connection, workspace: Workspace
) -> None:
    number, agent = far.numbers.get(), far.agents.get()
    setup = Setup.of(number)
    change(number, replace(setup, inbound=Side(agent), outbound=Side(agent)), None)
    there = workspace.numbers.get()
    bound = there.binding("inbound")
    assert bound is not None and bound.agent.provider_agent_id == "agent_1"
    assert there.binding("outbound") is None
    kept = far.numbers.get().binding("outbound")
    assert kept is not None and kept.agent == agent
