"""Tests of answering as Retell; what comes out is read by the published SDK."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from retell._models import construct_type, validate_type
from retell.lib import webhook_auth
from retell.types import CallResponse, PhoneCallResponse, WebCallResponse

from agents.providers.base import (
    Account,
    CallRecord,
    Overrides,
    WishRefused,
)
from agents.providers.dialects import Tenant
from agents.providers.listing import Condition
from agents.providers.retell import filters, rendering, server, words
from agents.providers.retell.client import Retell
from agents.providers.voicewire.words import THEIR_STATUSES
from tests.agents.providers.records import START
from tests.agents.providers.records import make_record as any_record

# The SDK ships these functions without types.
verify: Callable[[str, str, str], bool] = webhook_auth.verify
symmetric: dict[str, Any] = webhook_auth.symmetric
KEY = "key_made_up_0123456789abcdef"
TENANT = Tenant("0198", "Acme")


def make_record(status: str = "ended", **update: Any) -> CallRecord:
    """Return a call as it is in our words, with a latency the SDK does not know."""
    latency = {"e2e": {"p50": 800, "values": [800]}, "odd": {"p50": 1}}
    return any_record(status, **{"latency": latency} | update)


# --- Calls ---------------------------------------------------------------------------
@pytest.mark.parametrize("status", sorted(THEIR_STATUSES))
def test_every_phone_call_validates_as_one(status: str) -> None:
    for reason in ("", "other", *words.REASONS.theirs):
        shown = rendering.call(make_record(status, end_reason=reason))
        validate_type(type_=PhoneCallResponse, value=shown)
        read = construct_type(type_=CallResponse, value=shown)
        assert isinstance(read, PhoneCallResponse)


def test_a_web_call_validates_as_one() -> None:
    record = make_record(type="web", join={"access_token": "token"})
    shown = rendering.call(record)
    assert isinstance(
        validate_type(type_=WebCallResponse, value=shown), WebCallResponse
    )
    assert "to_number" not in shown


def test_units_are_theirs() -> None:
    shown = rendering.call(make_record())
    assert shown["start_timestamp"] == 1767225600000
    assert shown["end_timestamp"] - shown["start_timestamp"] == 64_000
    assert shown["call_cost"]["combined_cost"] == pytest.approx(12.345)
    assert shown["call_analysis"]["user_sentiment"] == "Positive"
    assert shown["latency"] == {"e2e": {"p50": 800}}


def test_what_was_said_is_shown_in_all_three_ways() -> None:
    shown = rendering.call(make_record())
    assert shown["transcript"] == "Agent: Hi Jamie!\nUser: Yes?\n"
    assert [u["role"] for u in shown["transcript_object"]] == ["agent", "user"]
    roles = [item["role"] for item in shown["transcript_with_tool_calls"]]
    assert roles == ["agent", "user", "tool_call_invocation", "tool_call_result"]
    first = shown["transcript_object"][0]["words"]
    assert (first[0]["start"], first[-1]["end"]) == (0.4, 1.6)


def test_what_is_not_known_is_absent() -> None:
    shown = rendering.call(make_record("ringing", answered_at=None))
    assert not {"start_timestamp", "end_timestamp", "transcript"} & set(shown)
    assert None not in shown.values()


def test_we_read_our_own_call_as_it_was() -> None:
    body = server.webhook("call_analyzed", make_record(), TENANT)
    retell = Retell(Account("", {"api_key": KEY}))
    (read,) = retell.parse_webhook(json.loads(json.dumps(body)), START)
    assert (read.status, read.end_reason) == ("ended", "user_hangup")
    assert read.cost == Decimal("0.123450")
    assert [(t.role, t.start_ms, t.end_ms) for t in read.turns or ()] == [
        ("agent", 400, 1600),
        ("callee", 2100, 2500),
    ]
    assert (read.tools or ())[0].result == '{"ok":1}'


# --- Webhooks ------------------------------------------------------------------------
def test_only_the_analysed_event_carries_the_analysis() -> None:
    assert (
        "call_analysis"
        not in server.webhook("call_ended", make_record(), TENANT)["call"]
    )
    assert (
        "call_analysis"
        in server.webhook("call_analyzed", make_record(), TENANT)["call"]
    )
    started = server.webhook("call_started", make_record(), TENANT)["call"]
    assert started["call_status"] == "ongoing"
    assert not {"transcript", "end_timestamp", "disconnection_reason"} & set(started)


def test_the_sdk_believes_our_signature() -> None:
    body = json.dumps(server.webhook("call_ended", make_record(), TENANT))
    now = round(datetime.now(tz=UTC).timestamp() * 1000)
    assert verify(body, KEY, server.sign(body.encode(), KEY, now))
    assert server.sign(b"{}", KEY, now) == symmetric["sign"]("{}", KEY, now)


# --- Requests ------------------------------------------------------------------------
NUMBERS = {"from_number": "+14157774444", "to_number": "+12137771234"}


def test_a_launch_is_read_whole() -> None:
    wish = server.phone_wish(
        NUMBERS
        | {
            "override_agent_id": "agent_1",
            "override_agent_version": "prod",
            "agent_override": {
                "agent": {
                    "voice_id": "v",
                    "max_call_duration_ms": 90_000,
                    "language": "de-DE",
                },
                "retell_llm": {"model": "m", "begin_message": "Hi"},
            },
            "metadata": {"lead": 7},
            "retell_llm_dynamic_variables": {"plan": "Pro"},
            "custom_sip_headers": {"X-A": "b"},
            "idempotency_key": "key-1",
        }
    )
    assert (wish.agent_id, wish.agent_version) == ("agent_1", "prod")
    assert wish.overrides == Overrides(
        "v", "m", "Hi", 90_000, {"agent": {"language": "de-DE"}}
    )
    assert (wish.metadata, wish.idempotency_key) == ({"lead": 7}, "key-1")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from_number": "+14157774444"},
        NUMBERS | {"to_number": "213 777 1234"},
        NUMBERS | {"to_number": 12137771234},
        NUMBERS | {"metadata": [1]},
        NUMBERS | {"retell_llm_dynamic_variables": {"seats": 12}},
        NUMBERS | {"agent_override": "voice"},
        NUMBERS | {"agent_override": {"agent": {"webhook_url": "https://a.test"}}},
        NUMBERS | {"agent_override": {"agent": {"max_call_duration_ms": "1"}}},
        NUMBERS | {"override_agent_version": True},
    ],
)
def test_a_wrong_launch_is_refused_in_words(body: dict[str, Any]) -> None:
    with pytest.raises(WishRefused) as caught:
        server.phone_wish(body)
    assert caught.value.message


def test_an_extension_may_be_dialled_without_the_check() -> None:
    body = NUMBERS | {"to_number": "334", "ignore_e164_validation": True}
    assert server.phone_wish(body).to_number == "334"


@pytest.mark.parametrize("path", ["+14157774444", "a b", "call_1"])
def test_an_address_leads_to_its_action(path: str) -> None:
    assert server.ROUTES.match("GET", f"get-phone-number/{path}") == (
        "get_number",
        {"id": path},
    )
    assert server.ROUTES.match("POST", "v2/create-web-call") == (
        "create_web_call_v2",
        {},
    )
    assert server.ROUTES.match("GET", "v2/create-web-call") is None
    assert server.ROUTES.match("GET", "v9/anything") is None


# --- Filters -------------------------------------------------------------------------
def test_filters_are_read_in_our_words() -> None:
    criteria = {
        "call_status": {
            "type": "enum",
            "op": "in",
            "value": ["error", "not_connected"],
        },
        "combined_cost": {"type": "range", "op": "bt", "value": [10, 20]},
        "in_voicemail": {"type": "boolean", "op": "eq", "value": True},
        "agent": [{"agent_id": "agent_1", "version": [2]}],
        "metadata": [{"key": "lead", "type": "number", "op": "gt", "value": 3}],
    }
    wish = filters.list_wish({"filter_criteria": criteria, "limit": 5})
    assert wish.conditions == (
        Condition("status", "in", ["failed", "not_connected", "canceled"]),
        Condition("cost", "ge", Decimal("0.1")),
        Condition("cost", "le", Decimal("0.2")),
        Condition("answered_by", "eq", "machine"),
        Condition("agent", "in", [("agent_1", 2)]),
        Condition("metadata", "gt", 3, "lead"),
    )


def test_the_old_form_of_filters_is_read_too() -> None:
    criteria = {
        "agent_id": ["agent_1"],
        "call_status": ["ended"],
        "duration_ms": {"lower_threshold": 1000},
        "metadata.lead": 7,
    }
    wish = filters.list_wish({"filter_criteria": criteria}, old=True)
    assert [(c.field, c.op) for c in wish.conditions] == [
        ("agent", "in"),
        ("status", "in"),
        ("duration_ms", "ge"),
        ("metadata", "in"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": True},
        {"skip": 1, "pagination_key": "call_1"},
        {"filter_criteria": ["ended"]},
        {"filter_criteria": {"tool_calls": []}},
        {"filter_criteria": {"duration_ms": {"type": "number", "op": "ge"}}},
        {"filter_criteria": {"direction": {"type": "enum", "op": "eq", "value": "x"}}},
    ],
)
def test_a_filter_we_cannot_honour_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(WishRefused):
        filters.list_wish(body)
