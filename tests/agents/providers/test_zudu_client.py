"""Tests of Zudu as we call it; what all providers share is in the contract test."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agents.providers.base import (
    Account,
    BindingFacts,
    CallHandle,
    CallRequest,
    LaunchWish,
    Overrides,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.zudu.client import Zudu
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload

REFERENCE = "019b0000-0000-7000-8000-000000000001"
AGENT = "agent_3c59dc04"
START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = 1767225600000
DIAL, LIST = "POST /api/calls/create-phone-call", "POST /api/calls"
Json = dict[str, Any]


@pytest.fixture
def zudu() -> Zudu:
    """Return the adapter of a made-up account."""
    keys = {"api_key": "sk_made_up_0123456789", "api_secret": "s3cr3t_made_up_98765"}
    return Zudu(Account("https://zudu.test/", keys))


def wish(**fields: Any) -> CallRequest:
    """Return a wish to call."""
    usual: Json = {
        "reference": REFERENCE,
        "type": "phone",
        "agent_id": AGENT,
        "to_number": "+12137771234",
        "from_number": "+14157774444",
    }
    return CallRequest(**usual | fields)


def handle(**fields: Any) -> CallHandle:
    """Return the call that was wished for, dialled at START."""
    return CallHandle(wish(**fields), dialed_at=START)


def sent(wire: Wire, number: int = -1) -> Any:
    """Return the body of a request."""
    return json.loads(wire.asked[number].content)


def row(id: str, *, after: float | None = 0, ours: bool = False, **more: Any) -> Json:
    """Return a listed call that began `after` seconds from START; None: it has not."""
    metadata = {"switchboard_reference": REFERENCE} if ours else {}
    start = None if after is None else START_MS + round(after * 1000)
    status = {"call_status": "ONGOING", "start_timestamp": start}
    return {"call_id": id, "agent_id": AGENT, **status, "metadata": metadata, **more}


def page(*rows: Json, **pagination: Any) -> Json:
    """Return a page of the list."""
    return {"status": "success", "data": {"calls": [*rows], "pagination": pagination}}


def error(status: int, words: str = "Validation error") -> httpx.Response:
    """Return an error in the envelope."""
    body = {"message": words, "status": "error", "error": "…"}
    return httpx.Response(status, json=body)


# --- Placing -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"trunk_name": "main"}, "trunk"),
        ({"sip_headers": {"X-A": "b"}}, "SIP headers"),
        ({"overrides": Overrides(voice="nova")}, "changes of an agent"),
        ({"overrides": Overrides(raw={"a": 1})}, "changes of an agent"),
        ({"to_number": "334", "ignore_e164_validation": True}, "E.164"),
        ({"from_number": "334"}, "E.164"),
        ({"from_number": "+12137771234"}, "same number"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    wire: Wire, zudu: Zudu, fields: Json, words: str
) -> None:
    with pytest.raises(WishRefused, match=words):
        zudu.place_call(wish(**fields))
    assert not wire.asked


def test_variables_of_a_contact_stay_with_us(wire: Wire, zudu: Zudu) -> None:
    wire.on(DIAL, payload("zudu/create_phone_call"))
    zudu.place_call(wish(variables={"first_name": "Jamie"}, agent_version=1))
    assert set(sent(wire)) == {
        *("from_number", "to_number", "override_agent_id", "metadata"),
    }


def test_a_web_token_may_stand_in_either_place(wire: Wire, zudu: Zudu) -> None:
    answer = payload("zudu/create_web_call")
    del answer["data"]["livekit_connection"]
    wire.on("POST /api/calls/create-web-call", answer)
    update = zudu.place_call(wish(type="web", to_number="", from_number=""))
    assert update.join == {
        "access_token": "eyJhbGciOiJIUzI1NiJ9.made.up",
        "room_name": "call_web-45c48cce",
    }


def test_a_failure_without_a_word_is_unclear(wire: Wire, zudu: Zudu) -> None:
    wire.on(DIAL, payload("zudu/error_500"), status=500)
    with pytest.raises(ProviderUnclear, match="Failed to place"):
        zudu.place_call(wish())
    assert len(wire.asked) == 1


def test_a_record_that_is_none_of_a_call_is_unclear(wire: Wire, zudu: Zudu) -> None:
    wire.on("GET /api/calls/call_1", {"status": "success", "data": None})
    with pytest.raises(ProviderUnclear, match="without this call"):
        zudu.fetch_call(CallHandle(wish(), "call_1"))
    other = {"data": {"call_id": "call_2", "call_status": "ENDED"}}
    wire.on("GET /api/calls/call_1", other)
    with pytest.raises(ProviderUnclear):
        zudu.fetch_call(CallHandle(wish(), "call_1"))


@pytest.mark.parametrize("generation", ["s", "g"])
def test_a_call_is_fetched_in_either_generation(
    wire: Wire, zudu: Zudu, generation: str
) -> None:
    answer = payload(f"zudu/get_call_{generation}")
    call_id = answer["data"]["call_id"]
    wire.on(f"GET /api/calls/{call_id}", answer)
    found = zudu.fetch_call(CallHandle(wish(), call_id))
    assert found and (found.status, len(found.turns or ())) == ("ended", 2)


# --- Finding -------------------------------------------------------------------------
def test_the_newer_form_is_asked_first(wire: Wire, zudu: Zudu) -> None:
    wire.on(LIST, page(row("call_1"), row("call_2", ours=True)))
    found = zudu.find_call(handle())
    assert found and found.provider_call_id == "call_2"
    assert sent(wire) == {
        "page": 0,
        "limit": 50,
        "sort_by": "start_timestamp",
        "sort_order": "descending",
        "filter_criteria": {"agent_id": [AGENT]},
    }


@pytest.mark.parametrize("newer", [page(), error(400), page(row("call_1"))])
def test_the_older_form_is_asked_next(wire: Wire, zudu: Zudu, newer: Any) -> None:
    wire.on(LIST, newer, page(row("call_2", after=None, ours=True)))
    found = zudu.find_call(handle())
    assert found and (found.provider_call_id, found.status) == ("call_2", "ringing")
    assert sent(wire)["filter_criteria"] == {"agent_id": AGENT}
    assert sent(wire)["sort_by"] == "created_at"


def test_a_call_without_a_start_is_found_among_those_that_go_on(
    wire: Wire, zudu: Zudu
) -> None:
    live = page(row("call_2", after=None, ours=True))
    wire.on(LIST, page(row("call_1")), error(400), live)
    found = zudu.find_call(handle())
    assert found and found.provider_call_id == "call_2"
    criteria = {"agent_id": [AGENT], "call_status": ["ongoing"]}
    assert sent(wire)["filter_criteria"] == criteria


def test_a_listed_call_without_its_metadata_is_fetched(wire: Wire, zudu: Zudu) -> None:
    bare = {**row("call_2"), "metadata": None}
    del bare["metadata"]
    wire.on(LIST, page(bare, row("call_1")))
    wire.on("GET /api/calls/call_2", {"data": row("call_2", ours=True)})
    found = zudu.find_call(handle())
    assert found and found.provider_call_id == "call_2"


def test_a_listed_call_from_before_the_dial_is_not_fetched(
    wire: Wire, zudu: Zudu
) -> None:
    bare = {**row("call_2", after=-600), "metadata": None}
    del bare["metadata"]
    wire.on(LIST, page(bare))
    assert zudu.find_call(handle()) is None
    assert {request.method for request in wire.asked} == {"POST"}


def test_what_is_nowhere_is_none(wire: Wire, zudu: Zudu) -> None:
    wire.on(LIST, page(row("call_1")), page(), page())
    assert zudu.find_call(handle()) is None
    assert len(wire.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(
    wire: Wire, zudu: Zudu, status: int
) -> None:
    wire.on(LIST, error(status))
    with pytest.raises(ProviderRefused):
        zudu.find_call(handle())


def test_two_calls_with_our_reference_are_for_a_person(wire: Wire, zudu: Zudu) -> None:
    wire.on(LIST, page(row("call_1", ours=True), row("call_2", ours=True)))
    with pytest.raises(ProviderUnclear, match="person"):
        zudu.find_call(handle())


def test_later_pages_are_searched_until_calls_are_too_old(
    wire: Wire, zudu: Zudu
) -> None:
    first = page(row("call_1", after=60), total_pages=9)
    wire.on(LIST, first, page(row("call_2", ours=True), total_pages=9))
    found = zudu.find_call(handle())
    assert found and found.provider_call_id == "call_2"
    assert sent(wire)["page"] == 1
    wire.asked.clear()
    wire.on(LIST, page(row("call_1", after=-3600), total_pages=9))
    assert zudu.find_call(handle()) is None
    assert len(wire.asked) == 3


def test_a_busy_agents_calls_are_not_read_for_ever(wire: Wire, zudu: Zudu) -> None:
    wire.on(LIST, page(row("call_1", after=60), has_next_page=True))
    assert zudu.find_call(handle()) is None
    assert len(wire.asked) == 12


# --- Listing -------------------------------------------------------------------------
def listed(zudu: Zudu, since: datetime = START) -> list[str]:
    """Return the ids of all pages."""
    found, cursor = list[str](), ""
    while True:
        part = zudu.list_calls(since, cursor)
        found += [update.provider_call_id for update in part.items]
        cursor = part.next
        if not cursor:
            return found


def test_calls_with_and_without_a_start_are_listed_once(wire: Wire, zudu: Zudu) -> None:
    never = row("call_3", after=None, call_status="ERROR")
    everything = page(row("call_1", after=9), never, row("call_2"), total_pages=1)
    wire.on(LIST, everything)
    assert listed(zudu) == ["call_1", "call_2", "call_3"]
    assert [sent(wire, n)["sort_by"] for n in (0, 1)] == [
        "start_timestamp",
        "created_at",
    ]


def test_a_list_ends_where_calls_are_older(wire: Wire, zudu: Zudu) -> None:
    old = row("call_2", after=-60)
    wire.on(LIST, page(row("call_1"), old, total_pages=9), page(old, total_pages=9))
    assert listed(zudu) == ["call_1"]
    assert len(wire.asked) == 3


def test_a_sorting_that_is_not_understood_ends_the_list(wire: Wire, zudu: Zudu) -> None:
    wire.on(LIST, page(row("call_1")), error(400))
    assert listed(zudu) == ["call_1"]


def test_records_that_wait_are_no_calls(wire: Wire, zudu: Zudu) -> None:
    waiting = (
        row(f"call_{word}", after=None, call_status=word)
        for word in ("REGISTERED", "registered", "SCHEDULED")
    )
    wire.on(LIST, page(*waiting, row("call_1", after=None, call_status="ongoing")))
    assert listed(zudu) == ["call_1"]


def test_a_call_that_never_began_is_as_old_as_its_making(
    wire: Wire, zudu: Zudu
) -> None:
    made: Json = {"events": [{"timestamp": START_MS - 1000, "event": "Call created"}]}
    wire.on(LIST, page(row("call_1", after=None, **made)))
    assert listed(zudu) == []
    assert listed(zudu, START - timedelta(seconds=2)) == ["call_1"]


# --- Agents and numbers --------------------------------------------------------------
def test_all_pages_of_agents_are_read(wire: Wire, zudu: Zudu) -> None:
    one, two = (
        {"data": {"agents": [{"agent_id": f"a{n}"}], "pagination": {"total_pages": 2}}}
        for n in (1, 2)
    )
    wire.on("GET /api/agents", one, two)
    for n in (1, 2):
        full = {"data": {"agent_name": f"Agent {n}"}}
        wire.on(f"GET /api/agents/a{n}/full", full)
    assert [agent.name for agent in zudu.list_agents()] == ["Agent 1", "Agent 2"]
    pages = [
        r.url.params.get("page") for r in wire.asked if r.url.path == "/api/agents"
    ]
    assert pages == ["0", "1"]


def test_a_server_that_knows_no_pages_is_read_once(wire: Wire, zudu: Zudu) -> None:
    whole = {"data": {"phone_numbers": [{"phone_number": "+1"}], "has_next": True}}
    wire.on("GET /api/phone-numbers", whole)
    assert len(list(zudu.list_numbers())) == 1
    assert len(wire.asked) == 2


def test_an_agent_that_went_away_is_left_out(wire: Wire, zudu: Zudu) -> None:
    wire.on("GET /api/agents", payload("zudu/list_agents"))
    wire.on("GET /api/agents/agent_3c59dc04/full", error(404, "Agent not found"))
    wire.on("GET /api/agents/agent_b6d767d2/full", payload("zudu/agent_full_g"))
    (agent,) = zudu.list_agents()
    assert agent.name == "Front desk"


def test_a_refused_binding_is_said_in_words(wire: Wire, zudu: Zudu) -> None:
    wire.on("PATCH /api/phone-numbers/+14157774444", error(404, "Number not found"))
    with pytest.raises(ProviderRefused, match="Number not found"):
        zudu.bind("+14157774444", "inbound", BindingFacts("a"))
    assert wire.asked[0].url.raw_path == b"/api/phone-numbers/%2B14157774444"


# --- Check ---------------------------------------------------------------------------
def test_a_good_account_is_checked_thing_by_thing(wire: Wire, zudu: Zudu) -> None:
    wire.on("GET /api/agents", payload("zudu/list_agents"))
    wire.on("GET /api/phone-numbers", payload("zudu/list_numbers"))
    wire.on(LIST, page())
    checks = zudu.check()
    assert all(check.is_ok for check in checks)
    names = [check.name for check in checks]
    assert names == ["API key and secret", "Phone numbers", "Calls", "Webhooks"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(401), "Paste the API key and the API secret"),
        (error(403), "key pair that may read"),
        (error(404), "Check the base URL"),
        (httpx.ConnectError("no route"), "Check the base URL"),
        (payload("zudu/error_400_no_org"), "without a list"),
    ],
)
def test_a_check_says_how_to_mend_it(
    wire: Wire, zudu: Zudu, answer: Any, words: str
) -> None:
    wire.on("GET /api/agents", answer)
    (check,) = zudu.check()
    assert not check.is_ok
    assert words in check.message


def test_what_may_not_be_read_does_not_hide_the_rest(wire: Wire, zudu: Zudu) -> None:
    wire.on("GET /api/agents", payload("zudu/list_agents"))
    wire.on("GET /api/phone-numbers", error(403))
    wire.on(LIST, page())
    assert [check.is_ok for check in zudu.check()] == [True, False, True, True]


# --- Webhooks, wishes ----------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        {"call_id": "call_1", "call_status": "ENDED", "to_number": "+1"},
        {"event": "x", "call": {"call_id": "call_1"}},
        {"data": {"call_id": "call_1"}},
        {"status": "success", "data": {"call": {"call_id": "call_1"}}},
        {"call_id": 7, "data": {"call": {"call_id": "call_1"}}},
    ],
)
def test_a_webhook_is_a_hint_and_no_more(zudu: Zudu, body: Json) -> None:
    (update,) = zudu.parse_webhook(body, START)
    assert (update.provider_call_id, update.ask_again_at) == ("call_1", START)
    assert (update.status, update.to_number) == ("", "")
    assert zudu.verify_webhook({}, b"anything", START)
    assert zudu.signature_headers() == ()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"to_number": "(213) 777-1234"}, ""),
        ({"to_number": "334", "ignore_e164_validation": True}, "to_number"),
        ({"to_number": "+12137771234", "ignore_e164_validation": True}, ""),
        ({"to_number": "+12137771234", "from_number": "+12137771234 "}, "to_number"),
        ({"type": "web"}, ""),
    ],
)
def test_a_wish_is_refused_by_its_field(zudu: Zudu, fields: Json, field: str) -> None:
    named, why = zudu.refuse_wish(LaunchWish(**fields))
    assert (named, bool(why)) == (field, bool(field))


def test_there_is_no_way_to_hang_up(wire: Wire, zudu: Zudu) -> None:
    with pytest.raises(ProviderError, match="no way to hang up"):
        zudu.hang_up(CallHandle(wish(), "call_1"))
    assert not wire.asked
