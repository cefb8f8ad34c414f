"""Tests of Retell as we call it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from retell.lib.webhook_auth import symmetric

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
from agents.providers.retell.client import Retell
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload

KEY = "key_made_up_0123456789abcdef"
REFERENCE = "019b0000-0000-7000-8000-000000000001"
VECTOR_BODY = (
    b'{"event":"call_ended","call":{"call_id":"call_demo_0001","call_status":"ended"}}'
)
VECTOR = (
    "v=1767225600000,d=8bdf75b4f49543ef0953a16a588dc250001211e2bcd031bc21686569a142d84f"
)
SIGNED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def retell() -> Retell:
    """Return the adapter of a made-up account."""
    return Retell(Account("", {"api_key": KEY}))


def wish(**fields: Any) -> CallRequest:
    """Return a wish to call."""
    usual: dict[str, Any] = {
        "reference": REFERENCE,
        "type": "phone",
        "agent_id": "agent_1",
        "to_number": "+12137771234",
        "from_number": "+14157774444",
    }
    return CallRequest(**usual | fields)


def sent(wire: Wire) -> Any:
    """Return the body of the last request."""
    return json.loads(wire.asked[-1].content)


# --- Placing -------------------------------------------------------------------------
def test_a_wish_is_sent_whole(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v2/create-phone-call", payload("retell/create_phone_call"))
    update = retell.place_call(
        wish(
            agent_version=2,
            variables={"plan": "Pro"},
            sip_headers={"X-Campaign": "june"},
            metadata={"lead": 7},
            overrides=Overrides(
                voice="v", model="m", opening_line="Hi", max_duration_ms=60_000,
                raw={"agent": {"responsiveness": 0.5}, "conversation_flow": {"a": 1}},
            ),
        )
    )  # fmt: skip
    assert update.provider_call_id == "call_a1b2c3d4e5f60718293a4b5c6d7e8f90"
    assert update.status == "ringing"
    assert sent(wire) == {
        "from_number": "+14157774444",
        "to_number": "+12137771234",
        "override_agent_id": "agent_1",
        "override_agent_version": 2,
        "agent_override": {
            "agent": {
                "voice_id": "v",
                "max_call_duration_ms": 60_000,
                "responsiveness": 0.5,
            },
            "retell_llm": {"model": "m", "begin_message": "Hi"},
            "conversation_flow": {"a": 1},
        },
        "metadata": {"lead": 7, "switchboard_reference": REFERENCE},
        "retell_llm_dynamic_variables": {"plan": "Pro"},
        "custom_sip_headers": {"X-Campaign": "june"},
        "idempotency_key": REFERENCE,
    }
    assert wire.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert wire.asked[0].url.host == "api.retellai.com"


def test_a_plain_wish_says_no_more_than_it_must(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v2/create-phone-call", payload("retell/create_phone_call"))
    retell.place_call(wish(customer_name="Jamie", ignore_e164_validation=True))
    assert set(sent(wire)) == {
        *("from_number", "to_number", "override_agent_id", "metadata"),
        *("idempotency_key", "ignore_e164_validation"),
    }


def test_a_web_call_tells_how_to_join(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v3/create-web-call", payload("retell/create_web_call"))
    update = retell.place_call(wish(type="web", to_number="", from_number=""))
    assert update.join is not None
    assert update.join["transport"] == "gateway"
    assert update.join["expires_at"] == "2026-01-01T00:00:30+00:00"
    assert sent(wire)["agent_id"] == "agent_1"
    assert "idempotency_key" not in sent(wire)


def test_a_trunk_cannot_be_wished_for(wire: Wire, retell: Retell) -> None:
    with pytest.raises(WishRefused, match="trunk"):
        retell.place_call(wish(trunk_name="main"))
    assert not wire.asked


@pytest.mark.parametrize("answer", [{}, {"call_id": ""}, [], "ok"])
def test_an_answer_without_an_id_is_unclear(
    wire: Wire, retell: Retell, answer: Any
) -> None:
    wire.on("POST /v2/create-phone-call", answer, status=201)
    with pytest.raises(ProviderUnclear):
        retell.place_call(wish())


def test_a_lost_answer_is_asked_for_once(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v2/create-phone-call", httpx.ReadTimeout("slow"))
    with pytest.raises(ProviderUnclear, match="20 seconds"):
        retell.place_call(wish())
    assert len(wire.asked) == 1


def test_no_funds_are_said_in_our_word(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v2/create-phone-call", payload("retell/error_402"), status=402)
    with pytest.raises(ProviderRefused, match="Trial has ended") as caught:
        retell.place_call(wish())
    assert caught.value.code == "no_funds"


# --- Asking --------------------------------------------------------------------------
def test_a_call_is_fetched_with_its_words(wire: Wire, retell: Retell) -> None:
    call_id = "call_a1b2c3d4e5f60718293a4b5c6d7e8f90"
    wire.on(f"GET /v2/get-call/{call_id}", payload("retell/get_call"))
    update = retell.fetch_call(CallHandle(wish(), call_id))
    assert update is not None
    assert (update.status, len(update.turns or ())) == ("ended", 5)


def test_an_unknown_call_is_none(wire: Wire, retell: Retell) -> None:
    wire.on("GET /v2/get-call/call_x", payload("retell/error_422"), status=422)
    assert retell.fetch_call(CallHandle(wish(), "call_x")) is None


def test_a_call_is_found_by_our_reference_only(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v3/list-calls", payload("retell/list_calls"))
    found = retell.find_call(CallHandle(wish()))
    assert found is not None
    assert found.provider_call_id.startswith("call_a1b2")
    assert retell.find_call(CallHandle(wish(reference="another"))) is None
    assert sent(wire)["filter_criteria"]["metadata"][0]["value"] == "another"


def test_calls_are_listed_by_pages(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v3/list-calls", payload("retell/list_calls"))
    page = retell.list_calls(SIGNED_AT, "before")
    assert (len(page.items), page.next) == (2, "call_other")
    body = sent(wire)
    assert body["pagination_key"] == "before"
    assert body["filter_criteria"]["start_timestamp"]["value"] == 1767225600000


def test_a_call_is_hung_up_by_its_id(wire: Wire, retell: Retell) -> None:
    wire.on("POST /v2/stop-call/call_x", httpx.Response(204))
    retell.hang_up(CallHandle(wish(), "call_x"))
    with pytest.raises(WishRefused, match="moment"):
        retell.hang_up(CallHandle(wish()))
    assert len(wire.asked) == 1


# --- Agents and numbers --------------------------------------------------------------
def agents_wire(wire: Wire) -> None:
    """Have one voice agent with versions 0 to 3, of which 2 is published."""

    def get_agent(request: httpx.Request) -> httpx.Response:
        at = "_published" if request.url.params.get("version") == "2" else ""
        return httpx.Response(200, json=payload(f"retell/get_agent{at}"))

    wire.on("POST /v2/list-agents", payload("retell/list_agents"))
    wire.on("GET /get-agent/agent_1", get_agent)
    wire.on("GET /list-agent-versions/agent_1", payload("retell/list_agent_versions"))
    wire.on("GET /get-retell-llm/llm_1", payload("retell/get_llm"))


def test_agents_come_with_their_versions(wire: Wire, retell: Retell) -> None:
    agents_wire(wire)
    (agent,) = retell.list_agents()
    assert (agent.agent_id, agent.name) == ("agent_1", "Renewals")
    seen = [(v.version, v.is_published, bool(v.prompt)) for v in agent.versions]
    assert seen == [
        (0, False, False),
        (1, False, False),
        (2, True, True),
        (3, False, True),
    ]
    assert agent.versions[3].opening_line == "Hi {{first_name}}!"


def test_an_agent_costs_few_requests(wire: Wire, retell: Retell) -> None:
    agents_wire(wire)
    list(retell.list_agents())
    assert len(wire.asked) == 6  # list, latest, versions, words, published, its words


def test_an_agent_that_went_away_is_left_out(wire: Wire, retell: Retell) -> None:
    agents_wire(wire)
    wire.on("GET /get-agent/agent_1", payload("retell/error_422"), status=422)
    assert list(retell.list_agents()) == []


def test_numbers_say_what_is_bound(wire: Wire, retell: Retell) -> None:
    wire.on("GET /v2/list-phone-numbers", payload("retell/list_numbers"))
    sales, custom = retell.list_numbers()
    assert (sales.carrier, sales.countries) == ("twilio", ("US", "CA"))
    assert sales.inbound == BindingFacts("agent_1")
    assert sales.outbound == BindingFacts("agent_1", 2)
    assert custom.inbound.agent_id == "agent_2"
    assert len(custom.inbound.weights) == 2
    assert custom.outbound == BindingFacts()


def test_all_pages_are_read(wire: Wire, retell: Retell) -> None:
    page = payload("retell/list_numbers")
    first = page | {"has_more": True, "pagination_key": "two"}
    wire.on("GET /v2/list-phone-numbers", first, page)
    assert len(list(retell.list_numbers())) == 4
    assert wire.asked[1].url.params["pagination_key"] == "two"


@pytest.mark.parametrize(
    ("binding", "bound"),
    [
        (BindingFacts("agent_1"), [{"agent_id": "agent_1", "weight": 1}]),
        (
            BindingFacts("agent_1", 2),
            [{"agent_id": "agent_1", "weight": 1, "agent_version": 2}],
        ),
        (BindingFacts(), None),
        (BindingFacts("a", None, ({"agent_id": "a", "weight": 0.4},)), ...),
    ],
)
def test_binding_sends_one_agent_or_keeps_the_weights(
    wire: Wire, retell: Retell, binding: BindingFacts, bound: Any
) -> None:
    wire.on("PATCH /update-phone-number/+14157774444", {})
    retell.bind("+14157774444", "inbound", binding)
    expected = list(binding.weights) if bound is ... else bound
    assert sent(wire) == {"inbound_agents": expected}


# --- Check ---------------------------------------------------------------------------
def test_a_wrong_key_is_said_in_words(wire: Wire, retell: Retell) -> None:
    wrong = {"status": "error", "message": "API key is missing or invalid."}
    wire.on("GET /get-api-key-info", wrong, status=401)
    (check,) = retell.check()
    assert not check.is_ok
    assert "Paste the API key again" in check.message


def test_a_good_account_is_named(wire: Wire, retell: Retell) -> None:
    wire.on("GET /get-api-key-info", {"org_id": "org_1", "org_name": "Acme"})
    wire.on("POST /v2/list-agents", payload("retell/list_agents"))
    wire.on("GET /v2/list-phone-numbers", payload("retell/list_numbers"))
    checks = retell.check()
    assert all(check.is_ok for check in checks)
    assert "Acme" in checks[0].message


# --- Signatures ----------------------------------------------------------------------
def is_theirs(signature: str, body: bytes = VECTOR_BODY, after_ms: int = 0) -> bool:
    """Ask whether the vector's key signed the body."""
    retell = Retell(Account("", {"api_key": "no", "webhook_key": KEY}))
    now = SIGNED_AT + timedelta(milliseconds=after_ms)
    return retell.verify_webhook({"x-retell-signature": signature}, body, now)


def test_the_worked_vector_holds() -> None:
    assert is_theirs(VECTOR)
    assert is_theirs(VECTOR, after_ms=300_000)
    assert is_theirs(VECTOR, after_ms=-300_000)


@pytest.mark.parametrize(
    ("signature", "body", "after_ms"),
    [
        (VECTOR, VECTOR_BODY, 300_001),
        (VECTOR, VECTOR_BODY, -300_001),
        (VECTOR, VECTOR_BODY + b" ", 0),
        (VECTOR.upper(), VECTOR_BODY, 0),
        (VECTOR.replace("d=8b", "d=8B"), VECTOR_BODY, 0),
        (VECTOR + " ", VECTOR_BODY, 0),
        ("", VECTOR_BODY, 0),
        ("v=,d=", VECTOR_BODY, 0),
        ("v=" + "9" * 400 + ",d=" + "0" * 64, VECTOR_BODY, 0),
        ("v=é,d=☃", b"\xff\x00", 0),
    ],
)
def test_anything_else_is_refused(signature: str, body: bytes, after_ms: int) -> None:
    assert not is_theirs(signature, body, after_ms)


def test_a_missing_header_or_key_is_refused() -> None:
    retell = Retell(Account("", {}))
    assert not retell.verify_webhook({}, b"{}", SIGNED_AT)
    header = {"x-retell-signature": VECTOR}
    assert not retell.verify_webhook(header, VECTOR_BODY, SIGNED_AT)


def test_the_signer_of_the_sdk_is_believed() -> None:
    body = '{"event":"call_started","name":"Zoë ☎"}'
    signature = symmetric["sign"](body, KEY, 1767225600123)
    assert is_theirs(signature, body.encode())
