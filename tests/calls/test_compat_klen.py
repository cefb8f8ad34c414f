"""Answering as Klen AI: `/compat/klen`, asked plainly and by our own client."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from agents.models import Agent, Direction, bind
from agents.providers import numeric
from agents.providers.base import (
    Account,
    Analysis,
    BindingFacts,
    CallHandle,
    CallUpdate,
    ProviderBusy,
    ProviderRefused,
    ProviderUnclear,
    TurnFacts,
)
from agents.providers.klen import rendering
from agents.providers.klen.client import Klen
from calls import lifecycle
from calls.hooks import outbox
from calls.models import Call, Suppression
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.models import ApiKey, AuditEntry, Workspace
from tests.agents.providers.payloads import payload
from tests.calls.doors import FROM, HOOK, TO, Receiver, send, staffed, took_place
from tests.calls.doors import wish as any_wish
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_workspace,
)

pytestmark = pytest.mark.django_db
AGENT = "assistant_12345"
WISH = {"phone_number": TO, "agent_id": AGENT}
Ask = Callable[..., Any]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that calls from a number."""
    agent = staffed(workspace, versions=1, provider_agent_id=AGENT, name="Renewals")
    bind(workspace.numbers.get(), Direction.OUTBOUND, agent)
    return agent


@pytest.fixture
def ask(key: str) -> Ask:
    """Return a function that asks as a client of Klen's would."""

    def asked(
        method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        usual = {"Authorization": f"Bearer {key}"}
        sent = usual if headers is None else headers
        return send(method, f"/compat/klen/{path}", body, sent)

    return asked


def error_of(answer: Any) -> tuple[int, str]:
    """Return the status and Klen's word of an error in Klen's shape."""
    body = answer.json()
    assert set(body) == {"error", "message"}
    assert body["message"]
    return answer.status_code, body["error"]


# --- Launching -----------------------------------------------------------------------
def test_the_seeds_own_request_gets_the_seeds_answer(
    ask: Ask, workspace: Workspace
) -> None:
    answer = ask("POST", "api/v1/calls", payload("klen/launch_request"))
    assert answer.status_code == 201
    shown, call = answer.json(), workspace.calls.get()
    assert set(shown) == set(payload("klen/created"))
    assert (shown["status"], shown["type"]) == ("queued", "outbound")
    assert (shown["id"], shown["call_id"]) == (
        numeric.number_of(str(call.pk)),
        f"call_{call.pk.hex}",
    )
    assert shown["agent"] == {
        "id": rendering.agent_number(AGENT),
        "name": "Renewals",
        "assistant_id": AGENT,
    }
    assert (call.dialect, call.from_number) == ("klen", FROM)
    assert call.variables["appointment.time"] == "10:30"
    assert call.overrides["raw"] == {"contact_id": 321}


@pytest.mark.parametrize("as_text", [True, False])
def test_an_agent_goes_by_its_number_too(ask: Ask, agent: Agent, as_text: bool) -> None:
    number: Any = ask("GET", "api/v1/agents").json()["agents"][0]["id"]
    wish = WISH | {"agent_id": str(number) if as_text else number}
    assert ask("POST", "api/v1/calls", wish).status_code == 201
    assert agent.calls.count() == 1


def test_a_contact_of_ours_is_linked_and_speaks(ask: Ask, workspace: Workspace) -> None:
    contact = make_contact(workspace, name="Jamie Doe", number="+14155550101")
    wish = WISH | {"contact_id": numeric.number_of(str(contact.pk))}
    assert ask("POST", "api/v1/calls", wish).status_code == 201
    call = workspace.calls.get()
    assert (call.contact, call.overrides["raw"]) == (contact, {})
    assert call.variables["first_name"] == "Jamie"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"phone_number": None}, (400, "missing_phone_number")),
        ({"phone_number": "12"}, (400, "invalid_phone_number")),
        ({"phone_number": 12}, (400, "validation_error")),
        ({"agent_id": None}, (400, "missing_agent_id")),
        ({"agent_id": "assistant_x"}, (404, "agent_not_found")),
        ({"agent_id": 9}, (404, "agent_not_found")),
        ({"variables": {"a b": "c"}}, (400, "validation_error")),
        ({"contact_id": "x"}, (400, "validation_error")),
    ],
)
def test_a_launch_that_may_not_go_out_is_refused_in_their_words(
    ask: Ask, changes: dict[str, Any], error: tuple[int, str]
) -> None:
    assert error_of(ask("POST", "api/v1/calls", WISH | changes)) == error
    assert Call.objects.count() == 0


def test_nobody_on_the_list_is_called(ask: Ask, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    assert error_of(ask("POST", "api/v1/calls", WISH)) == (403, "do_not_call")


def test_an_agent_without_a_number_is_said_so(ask: Ask, workspace: Workspace) -> None:
    make_agent(make_connection(workspace), provider_agent_id="assistant_mute")
    wish = WISH | {"agent_id": "assistant_mute"}
    assert error_of(ask("POST", "api/v1/calls", wish)) == (404, "no_phone_number")


def test_busy_says_when_to_come_again(ask: Ask) -> None:
    answer = ask("POST", "api/v1/calls", WISH | {"phone_number": "+14155550158"})
    assert error_of(answer) == (429, "rate_limit_exceeded")
    assert answer["Retry-After"] == "1"


# --- Keys ----------------------------------------------------------------------------
def test_a_key_comes_in_three_ways(ask: Ask, key: str) -> None:
    none: dict[str, str] = {}
    assert ask("GET", "api/v1/agents", headers={"X-API-Key": key}).status_code == 200
    path = f"api/v1/calls?api_key={key}"
    assert ask("GET", path, headers=none).status_code == 200
    missing = ask("GET", "api/v1/agents", headers=none)
    assert error_of(missing) == (401, "authentication_required")
    wrong = ask("GET", "api/v1/agents", headers={"X-API-Key": "klen_x"})
    assert error_of(wrong) == (401, "invalid_key")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "api/v1/calls", "calls:write"),
        ("GET", "api/v1/calls", "calls:read"),
        ("GET", "api/v1/calls/1", "calls:read"),
        ("GET", "api/v1/agents", "agents:read"),
        ("GET", "api/v1/contacts", "contacts:read"),
        ("POST", "api/v1/contacts/create", "contacts:write"),
        ("POST", "api/webhooks/create/", "calls:write"),
    ],
)
def test_a_permission_is_a_scope(
    ask: Ask, workspace: Workspace, method: str, path: str, scope: str
) -> None:
    others = [each for each in ALL_SCOPES if each != scope]
    token = ApiKey.issue(workspace, "Others", others)[1]
    answer = ask(method, path, {}, {"Authorization": f"Bearer {token}"})
    assert error_of(answer) == (403, "permission_denied")
    assert scope in answer.json()["message"]


def test_odd_requests_are_answered_in_their_shape(ask: Ask) -> None:
    assert error_of(ask("POST", "api/v1/calls", [1])) == (400, "invalid_json")
    assert error_of(ask("GET", "api/v1/nothing")) == (404, "not_found")
    assert error_of(ask("DELETE", "api/v1/calls")) == (404, "not_found")
    assert error_of(ask("GET", "calls")) == (404, "not_found")


# --- Reading -------------------------------------------------------------------------
@pytest.fixture
def finished(agent: Agent) -> Call:
    """Return a call that took place, with what was said."""
    contact = make_contact(agent.workspace, name="Jamie Doe", number=TO)
    return took_place(agent, contact=contact, cost="2.25")


def test_a_call_is_read_by_either_id(ask: Ask, finished: Call) -> None:
    number = numeric.number_of(str(finished.pk))
    by_number = ask("GET", f"api/v1/calls/{number}").json()
    assert by_number == ask("GET", f"api/v1/calls/call_{finished.pk.hex}").json()
    assert set(by_number) == set(payload("klen/call_completed"))
    assert by_number["transcript"] == "Agent: Hi!"
    assert by_number["billing"]["total_charge"] == 2.25
    assert by_number["contact"]["name"] == "Jamie Doe"
    assert by_number["contact"]["last_call_date"]


@pytest.mark.parametrize("call_id", ["call_x", "0", "9" * 40, "call_9"])
def test_an_unknown_call_is_not_found(ask: Ask, agent: Agent, call_id: str) -> None:
    assert error_of(ask("GET", f"api/v1/calls/{call_id}")) == (404, "not_found")


def test_a_strangers_call_is_not_found(ask: Ask) -> None:
    other = make_call(make_connection(make_workspace()))
    for call_id in (f"call_{other.pk.hex}", numeric.number_of(str(other.pk))):
        assert error_of(ask("GET", f"api/v1/calls/{call_id}")) == (404, "not_found")


def test_calls_are_listed_by_pages(ask: Ask, finished: Call) -> None:
    made = [make_call(finished.connection, agent=finished.agent) for _ in range(2)]
    newest_first = [f"call_{call.pk.hex}" for call in [*made[::-1], finished]]
    first = ask("GET", "api/v1/calls?limit=2").json()
    second = ask("GET", "api/v1/calls?limit=2&page=2").json()
    assert [row["id"] for row in first["calls"] + second["calls"]] == newest_first
    assert {k: v for k, v in second.items() if k != "calls"} == {
        "count": 3,
        "page": 2,
        "limit": 2,
        "pages": 2,
    }
    assert set(second["calls"][0]) == set(payload("klen/calls")["calls"][0])
    assert second["calls"][0]["contact"]["company"] == ""
    assert first["calls"][0]["contact"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?status=completed", 1),
        ("?status=queued", 1),
        ("?status=failed", 0),
        ("?type=outbound", 2),
        ("?type=inbound", 0),
        (f"?agent_id={AGENT}", 2),
        (f"?agent_id={rendering.agent_number(AGENT)}", 2),
        ("?agent_id=assistant_x", 0),
        ("?limit=1000", 2),
    ],
)
def test_calls_are_chosen_by_filters(
    ask: Ask, finished: Call, query: str, count: int
) -> None:
    make_call(finished.connection, agent=finished.agent)
    assert ask("GET", f"api/v1/calls{query}").json()["count"] == count


def test_a_filter_that_is_none_is_refused(ask: Ask) -> None:
    for query in ("status=ended", "type=sideways", "page=0", "limit=x"):
        refused = error_of(ask("GET", f"api/v1/calls?{query}"))
        assert refused == (400, "validation_error")


def test_agents_are_listed_with_their_number(ask: Ask, agent: Agent) -> None:
    (shown,) = ask("GET", "api/v1/agents").json()["agents"]
    assert set(shown) == set(payload("klen/agents")["agents"][0])
    assert (shown["assistant_id"], shown["phone_number"]) == (AGENT, FROM)
    assert (shown["role"], shown["can_make_calls"]) == ("outbound agent", True)


# --- Contacts ------------------------------------------------------------------------
JAMIE = {
    "first_name": "Jamie",
    "last_name": "Doe",
    "email": "jamie@example.com",
    "company": "Acme",
    "city": "Boston",
    "tags": ["vip", "beta"],
    "phone_numbers": [
        {"phone_number": "+1 415 555 0100", "phone_type": "mobile", "primary": True}
    ],
    "custom_context": {"plan": "Pro", "renewal": {"month": "June"}},
}


def test_a_contact_is_made_and_read(ask: Ask, workspace: Workspace, key: str) -> None:
    made = ask("POST", "api/v1/contacts/create", JAMIE)
    assert made.status_code == 201
    shown, contact = made.json(), workspace.contacts.get()
    assert shown["id"] == numeric.number_of(str(contact.pk))
    assert shown == ask("GET", f"api/v1/contacts/{shown['id']}").json()
    assert (contact.name, contact.number) == ("Jamie Doe", TO)
    assert (shown["stage"], shown["status"]) == ("lead", "not_contacted")
    assert shown["status_display"] == "Not contacted"
    assert shown["address"]["city"] == "Boston"
    assert shown["tags"] == ["vip", "beta"]
    assert shown["custom_context"] == {"plan": "Pro", "renewal.month": "June"}
    assert contact.as_variables()["plan"] == "Pro"
    assert shown["phone_numbers"][0]["phone_type"] == "mobile"
    entry = AuditEntry.objects.get(action="contact added")
    assert entry.api_key == ApiKey.find(key)


def test_a_change_keeps_what_is_not_given(ask: Ask, workspace: Workspace) -> None:
    number = ask("POST", "api/v1/contacts/create", JAMIE).json()["id"]
    path = f"api/v1/contacts/{number}/update"
    changed = ask("PATCH", path, {"last_name": "Roe", "stage": "customer"}).json()
    assert (changed["full_name"], changed["stage"]) == ("Jamie Roe", "customer")
    assert changed["custom_context"]["plan"] == "Pro"
    phones = [{"phone_number": TO, "do_not_call": True}]
    barred = ask("PATCH", path, {"phone_numbers": phones}).json()
    assert barred["phone_numbers"][0]["do_not_call"] is True
    assert error_of(ask("POST", "api/v1/calls", WISH)) == (403, "do_not_call")


def test_a_replacement_empties_what_is_not_given(ask: Ask) -> None:
    number = ask("POST", "api/v1/contacts/create", JAMIE).json()["id"]
    whole = {"first_name": "Sam", "phone_numbers": JAMIE["phone_numbers"]}
    shown = ask("PUT", f"api/v1/contacts/{number}/update", whole).json()
    assert (shown["full_name"], shown["email"]) == ("Sam", "")
    assert (shown["tags"], shown["custom_context"]) == ([], {})


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": ""},
        {"first_name": 7},
        {"email": "not one"},
        {"phone_numbers": []},
        {"phone_numbers": [{"phone_number": "12"}]},
        {"phone_numbers": [{"phone_number": TO, "do_not_call": "no"}]},
        {"phone_numbers": [{"phone_number": TO}, {"phone_number": FROM}]},
        {"tags": "vip"},
        {"tags": ["a,b"]},
        {"custom_context": ["plan"]},
        {"custom_context": {"a b": "c"}},
        {"team_id": 4},
    ],
)
def test_a_contact_we_could_not_keep_is_refused(
    ask: Ask, workspace: Workspace, changes: dict[str, Any]
) -> None:
    answer = ask("POST", "api/v1/contacts/create", JAMIE | changes)
    assert error_of(answer) == (400, "validation_error")
    assert not workspace.contacts.exists()


def test_a_number_belongs_to_one_contact(ask: Ask, workspace: Workspace) -> None:
    make_contact(workspace, number=TO)
    answer = ask("POST", "api/v1/contacts/create", JAMIE)
    assert error_of(answer) == (400, "validation_error")


def test_an_unknown_contact_is_not_found(ask: Ask) -> None:
    stranger = make_contact(make_workspace())
    for number in (numeric.number_of(str(stranger.pk)), 7, "x"):
        path = f"api/v1/contacts/{number}"
        assert error_of(ask("GET", path)) == (404, "not_found")
        assert error_of(ask("PATCH", f"{path}/update", {})) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Ann Lee", "Bo Chan", "Cy Doe"]),
        ("?limit=1&page=2", ["Bo Chan"]),
        ("?search=doe", ["Cy Doe"]),
        ("?search=example.org", ["Bo Chan"]),
        ("?search=415555", []),
        ("?stage=customer", ["Ann Lee"]),
        ("?stage=lead", ["Bo Chan", "Cy Doe"]),
        ("?tag=vip", ["Ann Lee"]),
        ("?tag=vi", []),
    ],
)
def test_contacts_are_chosen_by_filters(
    ask: Ask, workspace: Workspace, query: str, names: list[str]
) -> None:
    own = {"stage": "customer", "tags": "new, vip"}
    make_contact(workspace, name="Ann Lee", attributes=own)
    make_contact(workspace, name="Bo Chan", email="bo@example.org")
    make_contact(workspace, name="Cy Doe", attributes={"stage": "lead"})
    body = ask("GET", f"api/v1/contacts{query}").json()
    assert [row["full_name"] for row in body["contacts"]] == names
    assert body["limit"] == (1 if "limit" in query else 25)


# --- Webhooks ------------------------------------------------------------------------
def register(ask: Ask, *events: str) -> Any:
    """Register a webhook as a client does."""
    body = {"name": "CRM", "url": HOOK, "subscribed_events": list(events)}
    return ask("POST", "api/webhooks/create/", body)


def test_a_webhook_is_registered_and_its_secret_shown_once(
    ask: Ask, workspace: Workspace
) -> None:
    answer = register(ask, "call.started", "call.ended", "calendar.created")
    assert answer.status_code == 201
    row = workspace.endpoints.get()
    assert (row.dialect, row.url, row.agent) == ("klen", HOOK, None)
    assert answer.json()["secret"] == row.secret
    assert row.secret not in str(AuditEntry.objects.get(action="webhook.added").after)


def test_a_webhook_lives_at_its_own_address(ask: Ask) -> None:
    for path in ("api/webhooks/create", "api/v1/webhooks/create/"):
        assert error_of(ask("POST", path, {})) == (404, "not_found")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"url": "nowhere"},
        {"url": 7},
        {"subscribed_events": []},
        {"subscribed_events": "call.ended"},
        {"subscribed_events": ["call.dreamt"]},
        {"subscribed_events": [{}]},
    ],
)
def test_a_wrong_webhook_is_refused(
    ask: Ask, workspace: Workspace, changes: dict[str, Any]
) -> None:
    body = {"name": "CRM", "url": HOOK, "subscribed_events": ["call.ended"]} | changes
    answer = ask("POST", "api/webhooks/create/", body)
    assert error_of(answer) == (400, "validation_error")
    assert not workspace.endpoints.exists()


def test_a_call_is_told_signed_and_in_order(
    ask: Ask, agent: Agent, receiver: Receiver
) -> None:
    events = ("call.started", "call.ended", "call.transcript", "call.summary")
    secret = register(ask, *events).json()["secret"]
    call = make_call(agent.connection, agent=agent, status="ringing")
    now = datetime.now(tz=UTC)
    said = (TurnFacts("agent", "Hi!", 0, 900),)
    for update in (
        CallUpdate(status="in_progress", turns=said),
        CallUpdate(status="ended", duration_ms=64_000, recording_url=f"{HOOK}.mp3"),
        CallUpdate(analysis=Analysis("Went well.")),
    ):
        lifecycle.apply(call.pk, update, now)
    outbox.deliver_due(now + timedelta(seconds=1))
    client = Klen(Account("", {"webhook_secret": secret}))
    told = [json.loads(request.content) for request in receiver.came]
    assert [body["event_type"] for body in told] == list(events)
    for request in receiver.came:
        assert client.verify_webhook(request.headers, request.content, now)
        assert not client.verify_webhook(request.headers, b"{}", now)
    read = [client.parse_webhook(body, now)[0] for body in told]
    assert {update.provider_call_id for update in read} == {f"call_{call.pk.hex}"}
    assert [update.status for update in read] == ["in_progress", *["ended"] * 3]
    assert read[2].turns == (TurnFacts("agent", "Hi!"),)


def test_why_a_call_failed_is_told(ask: Ask, agent: Agent, receiver: Receiver) -> None:
    register(ask, "call.failed")
    call = make_call(agent.connection, agent=agent, status="ringing")
    now = datetime.now(tz=UTC)
    update = CallUpdate(status="not_connected", end_reason="busy", fault="callee")
    lifecycle.apply(call.pk, update, now)
    outbox.deliver_due(now + timedelta(seconds=1))
    (request,) = receiver.came
    (read,) = Klen(Account("", {})).parse_webhook(json.loads(request.content), now)
    assert (read.status, read.end_reason) == ("not_connected", "busy")


# --- Our own client against our own server ---------------------------------------------
wish = partial(any_wish, agent_id=AGENT, from_number="")


@pytest.fixture
def ours(key: str, only_us: str) -> Klen:
    """Return our adapter, pointed at us."""
    return Klen(Account(f"{only_us}/klen", {"api_key": key}))


def unclear(to: str = TO, *taken: str) -> CallHandle:
    """Return a call of the other Switchboard whose answer got lost just now."""
    return CallHandle(wish(to), "", datetime.now(tz=UTC), taken=frozenset(taken))


def test_our_client_places_finds_fetches_and_lists(ours: Klen) -> None:
    handle = unclear()
    assert ours.find_call(handle) is None
    placed = ours.place_call(wish(variables={"plan": "Pro"}))
    assert (placed.status, placed.agent_id) == ("ringing", AGENT)
    found = ours.find_call(handle)
    assert found is not None
    assert found.provider_call_id == placed.provider_call_id
    fetched = ours.fetch_call(CallHandle(wish(), placed.provider_call_id))
    assert fetched is not None
    assert fetched.other_call_id == placed.other_call_id
    assert ours.fetch_call(CallHandle(wish(), "call_unknown")) is None
    assert len(ours.list_calls(handle.dialed_at or datetime.now(tz=UTC)).items) == 1


def test_our_client_does_not_guess_between_two(ours: Klen) -> None:
    handle = unclear()
    first = ours.place_call(wish()).provider_call_id
    second = ours.place_call(wish()).provider_call_id
    with pytest.raises(ProviderUnclear, match="2 calls"):
        ours.find_call(handle)
    found = ours.find_call(unclear(TO, first))
    assert found is not None
    assert found.provider_call_id == second


def test_our_client_reads_agents_and_their_numbers(ours: Klen) -> None:
    (agent,) = ours.list_agents()
    assert (agent.agent_id, agent.name) == (AGENT, "Renewals")
    (number,) = ours.list_numbers()
    assert (number.number, number.outbound) == (FROM, BindingFacts(AGENT))
    assert all(check.is_ok for check in ours.check())


def test_our_client_hears_why_it_is_refused(ours: Klen, workspace: Workspace) -> None:
    Suppression.objects.create(workspace=workspace, number=TO)
    with pytest.raises(ProviderRefused, match="do-not-call") as caught:
        ours.place_call(wish())
    assert caught.value.code == "blocked"


def test_our_client_hears_when_to_come_again(ours: Klen) -> None:
    with pytest.raises(ProviderBusy) as caught:
        ours.place_call(wish("+14155550158"))
    assert caught.value.retry_after == 1
