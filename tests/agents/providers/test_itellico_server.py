"""Tests of answering as itellico."""

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given

from agents.providers.base import (
    Account,
    AgentFacts,
    Analysis,
    BindingFacts,
    CallRecord,
    CallRequest,
    CallUpdate,
    NumberFacts,
    Overrides,
    ToolFacts,
    TurnFacts,
    VersionFacts,
    WishRefused,
)
from agents.providers.dialects import Dialect, Door, Tenant
from agents.providers.itellico import asked, facts, rendering, server, wish, words
from agents.providers.itellico.client import Itellico
from agents.providers.listing import AgentRecord, Condition, NumberRecord
from tests.agents.providers.anything import randoms, some_of
from tests.agents.providers.payloads import payload
from tests.agents.providers.records import END, ID, START
from tests.agents.providers.records import make_record as any_record

TENANT = Tenant("019b0000-0000-7000-8000-0000000000aa", "Acme")
SECRET = "secret-made-up-9876543210"
TURNS = (
    TurnFacts("agent", "Hi Jamie!", 400),
    TurnFacts("callee", "Yes?", 2100),
    TurnFacts("other", "transferred"),
)
TOOLS = (ToolFacts("look up", result='{"ok": 1}', start_ms=2500, after_turn=1),)
SIDE: Dialect = server


def make_record(status: str = "ended", **update: Any) -> CallRecord:
    """Return a call as it is in our words, with what itellico may know of it."""
    usual: dict[str, Any] = {
        "occurred_at": END,
        "turns": TURNS,
        "tools": TOOLS,
        **dict.fromkeys(("cost", "latency", "analysis")),
    }
    made_at = START - timedelta(seconds=5)
    of = {"created_at": made_at, "external_id": "ref-1"}
    return any_record(status, of, **usual | update)


def unanswered(status: str, reason: str) -> CallRecord:
    """Return a call that reached nobody."""
    nothing: dict[str, Any] = {"answered_at": None, "duration_ms": 0, "turns": ()}
    return make_record(status, end_reason=reason, answered_by="", tools=(), **nothing)


def door(
    body: Any = None, action: str = "", query: dict[str, str] | None = None
) -> Door:
    """Return a request at the door."""
    known = body or {}
    return Door(action, TENANT, account=TENANT.id, query=query or {}, body=known)


def read(shown: Any) -> CallUpdate:
    """Read a call we rendered, as our own client does."""
    return facts.call_update(json.loads(json.dumps(shown)), END, "https://a.example")


# --- Calls ---------------------------------------------------------------------------
def test_a_call_has_every_field_of_theirs() -> None:
    seed = payload("itellico/seed_answer")
    shown = rendering.created(make_record(type="web"))
    assert list(shown) == list(seed)
    assert set(shown["join"]) == set(seed["join"])
    assert set(rendering.call(make_record())) == set(payload("itellico/get_call"))
    assert rendering.created(make_record())["join"] is None


@pytest.mark.parametrize(
    ("status", "reason", "people", "shown"),
    [
        ("scheduled", "", "", ("in_progress", "waiting")),
        ("queued", "", "", ("in_progress", "waiting")),
        ("dialing", "", "", ("in_progress", "waiting")),
        ("unconfirmed", "", "", ("in_progress", "waiting")),
        ("ringing", "", "", ("in_progress", "waiting")),
        ("in_progress", "", "", ("in_progress", "unknown")),
        ("in_progress", "", "human", ("in_progress", "human")),
        ("ended", "user_hangup", "human", ("completed", "human")),
        ("ended", "voicemail", "machine", ("completed", "machine")),
        ("ended", "transferred", "human", ("transferred", "human")),
        ("ended", "user_hangup", "", ("completed", None)),
        ("not_connected", "busy", "", ("failed", "user_busy")),
        ("not_connected", "declined", "", ("failed", "user_rejected")),
        ("not_connected", "no_answer", "", ("failed", "user_unavailable")),
        ("not_connected", "invalid_number", "", ("failed", "unknown")),
        ("failed", "provider_error", "", ("failed", None)),
        ("canceled", "canceled", "", ("failed", None)),
    ],
)
def test_their_two_words_say_where_a_call_is(
    status: str, reason: str, people: str, shown: tuple[str, str | None]
) -> None:
    told = rendering.summary(make_record(status, end_reason=reason, answered_by=people))
    assert (told["status"], told["answer_status"]) == shown


def test_units_are_theirs() -> None:
    told = rendering.summary(make_record(duration_ms=64_400))
    assert told["duration_seconds"] == 64
    assert (told["started_at"], told["ended_at"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:01:04Z",
    )
    assert (told["created"], told["modified"]) == (
        "2025-12-31T23:59:55Z",
        "2026-01-01T00:01:04Z",
    )
    live = rendering.summary(make_record("in_progress"))
    assert (live["ended_at"], live["duration_seconds"]) == (None, None)


def test_what_was_said_is_in_order_with_times() -> None:
    told = rendering.call(make_record())["messages"]
    assert [row["role"] for row in told] == ["agent", "user", "tool", "system"]
    assert told[0]["timestamp"] == "2026-01-01T00:00:00.400000Z"
    assert (told[2]["result"], told[3]["timestamp"]) == ({"ok": 1}, None)


@pytest.mark.parametrize(
    ("result", "shown"), [("", None), ("plain words", "plain words"), ("[1]", [1])]
)
def test_a_tools_result_is_json_or_text(result: str, shown: Any) -> None:
    record = make_record(tools=(ToolFacts("a", result=result),))
    assert rendering.messages(record)[0]["result"] == shown


@pytest.mark.parametrize(
    ("record", "status", "reason"),
    [
        (unanswered("ringing", ""), "ringing", ""),
        (make_record("in_progress", answered_by=""), "in_progress", ""),
        (make_record("in_progress", direction="inbound"), "in_progress", ""),
        (make_record(), "ended", ""),
        (make_record(end_reason="transferred"), "ended", "transferred"),
        (make_record(end_reason="voicemail", answered_by="machine"), "ended", "voicemail"),
        (unanswered("not_connected", "busy"), "not_connected", "busy"),
        (unanswered("not_connected", "declined"), "not_connected", "declined"),
        (unanswered("not_connected", "no_answer"), "not_connected", "no_answer"),
        (unanswered("failed", "provider_error"), "failed", "other"),
    ],
)  # fmt: skip
def test_we_read_our_own_call_as_it_was(
    record: CallRecord, status: str, reason: str
) -> None:
    found = read(rendering.call(record))
    assert (found.provider_call_id, found.reference) == (ID, "ref-1")
    assert (found.status, found.end_reason) == (status, reason)
    assert found.direction == record.direction
    assert found.turns == record.update.turns
    ours = [(t.name, t.start_ms, t.after_turn) for t in record.update.tools or ()]
    assert [(t.name, t.start_ms, t.after_turn) for t in found.tools or ()] == ours
    if status == "ended":
        assert (found.answered_at, found.ended_at) == (START, END)
        assert (found.duration_ms, found.recording_url) == (
            64_000,
            "https://example.com/a.wav",
        )


def test_a_conversation_is_the_call_seen_from_the_agent() -> None:
    outbound = rendering.conversation(make_record())
    assert (outbound["phone_number"], outbound["contact_number"]) == (
        "+14157774444",
        "+12137771234",
    )
    inbound = rendering.conversation(make_record(direction="inbound"))
    assert (inbound["phone_number"], inbound["contact_number"]) == (
        "+12137771234",
        "+14157774444",
    )
    assert len(inbound["messages"]) == 4
    assert rendering.conversation(make_record(type="web"))["phone_number"] is None


@pytest.mark.parametrize(
    ("join", "room"),
    [
        ({"access_token": "t", "url": "wss://x", "room_sid": "RM_1"}, "RM_1"),
        (
            {"access_token": "t", "url": "wss://x"},
            "RM_019b0000000070008000000000000001",
        ),
    ],
)
def test_a_web_call_can_be_joined_and_known_by_its_room(
    join: dict[str, str], room: str
) -> None:
    record = make_record("in_progress", type="web", join=join)
    shown = rendering.created(record)
    assert shown["join"] == {"token": "t", "livekit_url": "wss://x", "room_sid": room}
    update = wish.with_join(read(shown), shown)
    assert (update.join, update.other_call_id) == (join | {"room_sid": room}, room)
    (told,) = read_event(server.webhook(words.STARTED, record, TENANT))
    assert told.other_call_id == room


# --- Webhooks ------------------------------------------------------------------------
def read_event(body: Any) -> list[CallUpdate]:
    """Read a webhook we rendered, as our own client does."""
    client = Itellico(Account("", {"api_key": "sk"}))
    return client.parse_webhook(json.loads(json.dumps(body)), END)


@pytest.mark.parametrize(
    ("before", "status", "changed", "events"),
    [
        ("queued", "dialing", {"status"}, []),
        ("dialing", "ringing", {"status"}, []),
        ("ringing", "in_progress", {"status"}, [words.STARTED]),
        ("in_progress", "in_progress", {"turns"}, []),
        ("in_progress", "ended", {"status"}, [words.ENDED]),
        ("in_progress", "failed", {"status"}, [words.ENDED]),
        ("in_progress", "ended", {"summary"}, [words.ENDED, words.ANALYSED]),
        ("ended", "ended", {"summary"}, [words.ANALYSED]),
        ("ended", "ended", {"recording_url"}, []),
        ("dialing", "ended", {"status"}, [words.STARTED, words.ENDED]),
        ("ringing", "not_connected", {"status"}, []),
        ("dialing", "failed", {"status"}, []),
        ("queued", "canceled", {"status"}, []),
    ],
)
def test_a_change_gives_its_events(
    before: str, status: str, changed: set[str], events: list[str]
) -> None:
    assert server.events(before, status, changed) == events


def test_each_event_tells_what_it_knows() -> None:
    started = server.webhook(words.STARTED, make_record(), TENANT)
    assert started["organization_name"] == "Acme"
    known = set(payload("itellico/conversation_started")["data"])
    assert set(started["data"]) == known
    ended = server.webhook(words.ENDED, make_record(), TENANT)
    assert set(ended["data"]) == set(payload("itellico/conversation_ended")["data"])
    assert ended["event_id"] != started["event_id"]
    assert (
        ended["event_id"]
        == server.webhook(words.ENDED, make_record(), TENANT)["event_id"]
    )


@pytest.mark.parametrize(
    ("event", "status", "at"),
    [(words.STARTED, "in_progress", START), (words.ENDED, "ended", START)],
)
def test_we_read_our_own_webhooks_as_they_were(
    event: str, status: str, at: datetime
) -> None:
    (found,) = read_event(server.webhook(event, make_record(), TENANT))
    assert (found.provider_call_id, found.status) == (ID, status)
    assert (found.answered_at, found.agent_id) == (at, "agent_1")
    assert (found.from_number, found.direction) == ("+14157774444", "outbound")
    if event == words.ENDED:
        assert (found.duration_ms, found.turns) == (64_000, TURNS)


def test_results_reach_the_other_side() -> None:
    record = make_record(analysis=Analysis("Went well.", "positive", True, {"n": 3}))
    body = server.webhook(words.ANALYSED, record, TENANT)
    (found,) = read_event(body)
    assert found.analysis is not None
    assert found.analysis.custom["analysis_results"] == {
        "n": 3,
        "summary": "Went well.",
        "sentiment": "positive",
        "successful": True,
    }
    empty = server.webhook(words.ANALYSED, make_record(), TENANT)["data"]
    assert empty["analysis_results"] == {}


def test_our_signature_is_believed_by_our_client() -> None:
    settings = {"api_key": "sk", "webhook_secret": SECRET}
    client = Itellico(Account("", settings))
    now_ms = round(END.timestamp() * 1000)
    sent = server.headers(b"{}", SECRET, now_ms)
    low = {name.lower(): value for name, value in sent.items()}
    assert client.verify_webhook(low, b"{}", END)
    assert not client.verify_webhook(low, b"{ }", END)


def test_without_a_secret_nothing_is_signed() -> None:
    assert server.headers(b"{}", "", 0) == {"Content-Type": "application/json"}
    assert not SIDE.NEEDS_KEY


def test_an_endpoint_that_chose_nothing_gets_all() -> None:
    assert all(server.is_wanted(event, []) for event in words.EVENTS)
    assert not server.is_wanted(words.STARTED, [words.ENDED])
    assert server.is_terminal(words.ENDED)
    assert not server.is_terminal(words.STARTED)


# --- Requests ------------------------------------------------------------------------
NEEDED = {"type": "phone", "agent_id": "agent_1", "to_number": "+12137771234"}


def test_a_launch_is_read_whole() -> None:
    body = NEEDED | {
        "from_number": "+14157774444",
        "external_id": "order-7",
        "medium": None,
        "initial_text": "Hello",
        "audio_input_enabled": True,
        "a_new_field": "aculab",
        "test_variables": {"plan": "Pro", "seats": 12},
        "overrides": {
            "amd_mode": "text",
            "agent": {
                "initial_message": {"message": "Hi", "mode": "fixed_message"},
                "max_duration_seconds": 90,
                "voice": {"provider": "azure", "voice_id": "v"},
            },
        },
    }
    found = server.wish(door(body))
    assert (found.type, found.agent_id, found.external_id) == (
        *("phone", "agent_1", "order-7"),
    )
    assert found.variables == {"plan": "Pro", "seats": "12"}
    assert found.overrides == Overrides(
        opening_line="Hi",
        max_duration_ms=90_000,
        raw={
            "initial_text": "Hello",
            "audio_input_enabled": True,
            "a_new_field": "aculab",
            "overrides": {
                "amd_mode": "text",
                "agent": {"voice": {"provider": "azure", "voice_id": "v"}},
            },
        },
    )


def test_what_our_client_sends_is_read_as_it_was_wished() -> None:
    override = Overrides(
        opening_line="Hi",
        max_duration_ms=60_000,
        raw={"initial_text": "Hello", "overrides": {"amd_mode": "ml"}},
    )
    request = CallRequest(
        reference=ID,
        type="phone",
        agent_id="agent_1",
        to_number="+12137771234",
        variables={"plan": "Pro"},
        overrides=override,
    )
    found = server.wish(door(wish.wish(request)))
    assert (found.external_id, found.overrides) == (ID, override)
    assert (found.to_number, found.variables) == ("+12137771234", {"plan": "Pro"})


@pytest.mark.parametrize(
    ("first", "line", "left"),
    [
        ({"message": "Hi"}, "Hi", None),
        ({"message": "Hi", "delay_ms": 9}, "Hi", {"delay_ms": 9}),
        ({"message": None, "mode": "user_first"}, "", ...),
        ({"message": "Hi", "mode": "dynamic_message"}, "", ...),
    ],
)
def test_only_a_fixed_first_message_is_an_opening_line(
    first: Any, line: str, left: Any
) -> None:
    agent = {"agent": {"initial_message": first}}
    found = server.wish(door(NEEDED | {"overrides": agent})).overrides
    kept = found.raw.get("overrides", {}).get("agent", {}).get("initial_message")
    assert (found.opening_line, kept) == (line, first if left is ... else left)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": None}, "body.type"),
        ({"type": "fax"}, "body.type"),
        ({"type": ["phone"]}, "body.type"),
        ({"agent_id": None}, "body.agent_id"),
        ({"agent_id": 7}, "body.agent_id"),
        ({"to_number": "213 777 1234"}, "body.to_number"),
        ({"to_number": 12137771234}, "body.to_number"),
        ({"from_number": "12"}, "body.from_number"),
        ({"external_id": "x" * 201}, "body.external_id"),
        ({"test_variables": ["a"]}, "body.test_variables"),
        ({"initial_text": 1}, "body.initial_text"),
        ({"audio_output_enabled": "yes"}, "body.audio_output_enabled"),
        ({"overrides": "voice"}, "body.overrides"),
        ({"overrides": {"agent": []}}, "body.overrides.agent"),
        ({"overrides": {"amd_mode": "guess"}}, "body.overrides.amd_mode"),
        (
            {"overrides": {"agent": {"max_duration_seconds": 7201}}},
            "body.overrides.agent.max_duration_seconds",
        ),
        (
            {"overrides": {"agent": {"initial_message": "Hi"}}},
            "body.overrides.agent.initial_message",
        ),
    ],
)
def test_a_wrong_launch_names_its_field(changes: Any, field: str) -> None:
    with pytest.raises(asked.FieldWrong) as caught:
        server.wish(door(NEEDED | changes))
    assert caught.value.field == field
    assert caught.value.message.endswith(".")


@given(randoms)
def test_any_body_is_read_or_refused(random: Random) -> None:
    body = some_of(random, sorted({*asked.OURS, *asked.TEXTS, *asked.FLAGS}))
    for start in (body, NEEDED | body):
        try:
            server.wish(door(start))
        except WishRefused as refused:
            assert refused.message


# --- Lists ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ({}, []),
        ({"call_id": ID}, [Condition("id", "eq", ID)]),
        ({"agent_id": "a"}, [Condition("agent", "in", [("a", None)])]),
        ({"external_id": "k"}, [Condition("launch_key", "eq", "itellico:k")]),
        ({"type": "web"}, [Condition("type", "in", ["web"])]),
        ({"type": "test"}, [Condition("nothing", "eq")]),
        ({"direction": "inbound"}, [Condition("direction", "in", ["inbound"])]),
        ({"direction": "internal"}, [Condition("nothing", "eq")]),
        (
            {"status": "completed"},
            [
                Condition("status", "in", ["ended"]),
                Condition("end_reason", "ne", ["transferred"]),
            ],
        ),
        (
            {"status": "failed"},
            [Condition("status", "in", ["not_connected", "failed", "canceled"])],
        ),
        (
            {"created_after": "2026-01-01T00:00:00Z"},
            [Condition("created_at", "ge", START)],
        ),
        (
            {"updated_before": "2026-01-01T00:00:00 00:00"},
            [Condition("changed_at", "lt", START)],
        ),
    ],
)
def test_filters_are_read_in_our_words(
    query: dict[str, str], conditions: list[Condition]
) -> None:
    found = server.list_wish(door(None, "list_calls", query))
    assert list(found.conditions) == conditions
    assert (found.limit, found.skip, found.with_total) == (100, 0, True)


def test_conversations_have_their_own_id_and_what_was_said() -> None:
    found = server.list_wish(door(None, "list_conversations", {"conversation_id": ID}))
    assert found.conditions == (Condition("id", "eq", ID),)
    assert found.with_turns


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "1001"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"offset": "-1"}, "query.offset"),
        ({"call_id": "x"}, "query.call_id"),
        ({"type": "fax"}, "query.type"),
        ({"status": "ended"}, "query.status"),
        ({"direction": "up"}, "query.direction"),
        ({"created_after": "yesterday"}, "query.created_after"),
    ],
)
def test_a_filter_we_cannot_honour_is_refused(
    query: dict[str, str], field: str
) -> None:
    with pytest.raises(asked.FieldWrong) as caught:
        server.list_wish(door(None, "list_calls", query))
    assert caught.value.field == field


def make_agent(name: str = "Renewals", **version: Any) -> AgentRecord:
    """Return an agent of ours with a published version and a draft."""
    both = (VersionFacts(0, is_published=True), VersionFacts(1, **version))
    return AgentRecord(ID, AgentFacts("agent_1", name, both), START, END)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Renewals", "Reception"]),
        ({"name": "REC"}, ["Reception"]),
        ({"tags": "sales"}, []),
        ({"is_archived": "true"}, []),
        ({"include_archived": "true"}, ["Renewals", "Reception"]),
        ({"created_gt": "2026-01-01T00:00:00Z"}, []),
        ({"created_ge": "2026-01-01T00:00:00Z"}, ["Renewals", "Reception"]),
        ({"modified_lt": "2026-01-01T00:01:00Z"}, []),
        ({"limit": "1", "offset": "1"}, ["Reception"]),
    ],
)
def test_agents_are_chosen_by_filters(query: dict[str, str], names: list[str]) -> None:
    both = [make_agent(), make_agent("Reception")]
    page = server.agents(door(None, "list_agents", query), both)
    assert [item["name"] for item in page["items"]] == names


def test_we_read_our_own_agent_as_it_was() -> None:
    said = {"opening_line": "Hi!", "voice": "v", "model": "m", "language": "de"}
    shown = server.agent(door(), make_agent(**said))
    assert set(shown) == set(payload("itellico/list_agents")["items"][0])
    found = facts.agent(json.loads(json.dumps(shown)))
    (version,) = found.versions
    assert (found.agent_id, found.name) == ("agent_1", "Renewals")
    assert {name: getattr(version, name) for name in said} == said
    assert version.changed_at == END


@pytest.mark.parametrize("agent_id", ["agent_1", ""])
def test_we_read_our_own_number_as_it_was(agent_id: str) -> None:
    ours = NumberFacts(
        "+14157774444",
        "Sales",
        "custom",
        inbound=BindingFacts(agent_id),
        outbound=BindingFacts("agent_2"),
    )
    record = NumberRecord(ID, ours, START, inbound_name="Renewals")
    shown = server.number(door(), record)
    assert set(shown) == set(payload("itellico/list_numbers")["items"][0])
    found = facts.number(json.loads(json.dumps(shown)))
    assert (found.number, found.label, found.trouble) == ("+14157774444", "Sales", "")
    assert (found.inbound, found.outbound) == (BindingFacts(agent_id), BindingFacts())


# --- Changes -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "bound"),
    [
        ({"inbound_agent_id": "a"}, {"inbound": BindingFacts("a")}),
        ({"inbound_agent_id": None}, {"inbound": BindingFacts()}),
        ({"name": "Sales"}, {}),
    ],
)
def test_a_binding_is_read(body: Any, bound: Any) -> None:
    assert server.bindings(door(body)) == bound


@pytest.mark.parametrize("odd", ["", 7, ["a"]])
def test_an_odd_binding_is_refused(odd: Any) -> None:
    with pytest.raises(asked.FieldWrong):
        server.bindings(door({"inbound_agent_id": odd}))


def test_an_agents_changes_are_read() -> None:
    body = {
        "name": "New",
        "initial_message": {"message": "Hi", "mode": "fixed_message"},
        "voice": {"voice_id": "v"},
    }
    changes = {"opening_line": "Hi", "voice": "v"}
    assert asked.agent_changes(body) == ("New", changes)
    assert asked.agent_changes({"initial_message": {"message": None}}) == (
        *("", {"opening_line": ""}),
    )


@pytest.mark.parametrize(
    "body",
    [
        {"tags": ["a"]},
        {"voice": "v"},
        {"voice": {"voice_id": "v" * 121}},
        {"voice": {"provider": "azure"}},
        {"initial_message": {"mode": "user_first"}},
        {"name": 7},
    ],
)
def test_what_an_agent_cannot_have_here_is_refused(body: Any) -> None:
    with pytest.raises(asked.FieldWrong):
        asked.agent_changes(body)


# --- Addresses, keys, errors ---------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "action", "ids"),
    [
        ("GET", "v1/accounts/current", "get_account", {}),
        ("POST", "v1/accounts/a/calls", "launch", {"account": "a"}),
        ("GET", "v1/accounts/a/calls/c", "get_call", {"account": "a", "id": "c"}),
        ("GET", "v1/accounts/me/agents", "list_agents", {"account": "me"}),
        (
            *("PATCH", "v1/accounts/a/phone-numbers/n", "update_number"),
            {"account": "a", "id": "n"},
        ),
    ],
)
def test_an_address_leads_to_its_action(
    method: str, path: str, action: str, ids: dict[str, str]
) -> None:
    assert server.ROUTES.match(method, path) == (action, ids)


def test_only_their_own_header_carries_the_key() -> None:
    assert server.credentials({"x-api-key": " k "}, {}) == ("k", None)
    assert server.credentials({"authorization": "Bearer k"}, {}) == ("", None)


@pytest.mark.parametrize(
    ("error", "status", "code", "field"),
    [
        ((400, "invalid_json", "m"), 400, "bad_request", None),
        ((401, "invalid_key", "m"), 401, "unauthorized", None),
        ((402, "insufficient_funds", "m"), 402, "payment_required", None),
        ((403, "do_not_call", "m", "to_number"), 403, "forbidden", None),
        ((404, "agent_not_found", "m", "agent_id"), 404, "not_found", None),
        ((404, "no_phone_number", "m"), 404, "not_found", None),
        (
            (404, "no_phone_number", "m", "from_number"),
            *(422, "validation_error", "body.from_number"),
        ),
        (
            (400, "invalid_variables", "m", "variables"),
            *(422, "validation_error", "body.test_variables"),
        ),
        ((422, "", "m"), 422, "validation_error", None),
        ((422, "", "m", "query.limit"), 422, "validation_error", "query.limit"),
        ((405, "method_not_allowed", "m"), 405, "method_not_allowed", None),
        ((409, "idempotency_conflict", "m"), 409, "conflict", None),
        ((429, "limit_exceeded", "m"), 429, "rate_limit_exceeded", None),
        ((500, "server_error", "m"), 500, "internal_error", None),
        ((400, "provider_error", "m"), 400, "bad_request", None),
    ],
)
def test_an_error_has_their_shape(
    error: tuple[Any, ...], status: int, code: str, field: str | None
) -> None:
    said, body = server.error(*error)
    assert (said, body["code"], body["message"]) == (status, code, "m")
    named = [row["field"] for row in body.get("errors", [])]
    assert named == ([field] if field else [])


@pytest.mark.parametrize(
    ("written", "read_as"),
    [(ID, ID), (ID.replace("-", "").upper(), ID), ("call_1", ""), ("", "")],
)
def test_a_call_id_is_a_uuid(written: str, read_as: str) -> None:
    assert server.read_call_id(written) == read_as
