"""Tests of reading what Retell sends."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers.base import Account, CallUpdate
from agents.providers.retell import words
from agents.providers.retell.client import Retell
from agents.providers.voicewire.words import CALL_EVENTS
from tests.agents.providers.anything import any_json, randoms, some_of
from tests.agents.providers.payloads import payload

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
RETELL = Retell(Account("", {"api_key": "key_made_up"}))


def update(name: str) -> CallUpdate:
    """Return the one update a webhook gives."""
    (found,) = RETELL.parse_webhook(payload(f"retell/{name}"), NOW)
    return found


@pytest.mark.parametrize(
    ("name", "status", "reason", "fault", "answered_by"),
    [
        ("call_started", "in_progress", "", "", ""),
        ("inbound_call_started", "in_progress", "", "", ""),
        ("transcript_updated", "in_progress", "", "", ""),
        ("transfer_bridged", "in_progress", "", "", ""),
        ("call_ended", "ended", "agent_hangup", "none", "unknown"),
        ("call_ended_said_registered", "ended", "user_hangup", "none", "human"),
        ("call_ended_no_answer", "not_connected", "no_answer", "callee", ""),
        ("call_ended_voicemail", "ended", "voicemail", "none", "machine"),
        ("call_ended_new_reason", "ended", "no_funds", "us", ""),
        ("call_ended_unknown_reason", "not_connected", "other", "", ""),
        ("call_analyzed", "ended", "agent_hangup", "none", "human"),
        ("web_call_analyzed", "ended", "user_hangup", "none", "human"),
    ],
)
def test_each_event_says_where_the_call_is(
    name: str, status: str, reason: str, fault: str, answered_by: str
) -> None:
    found = update(name)
    seen = (found.status, found.end_reason, found.fault, found.answered_by)
    assert seen == (status, reason, fault, answered_by)


def test_all_39_reasons_have_our_words() -> None:
    assert len(words.REASONS.ours) == 39
    for reason in words.REASONS.ours.values():
        assert reason.end_reason
        assert reason.status in {"", "ended", "not_connected", "failed"}


def test_its_own_table_goes_before_the_wires() -> None:
    assert words.REASONS.read("no_concurrency_fallback").status == "ended"
    assert words.REASONS.said("failed", "provider_error", "") == "error_retell"


def test_an_unknown_word_is_kept_raw() -> None:
    found = update("call_ended_unknown_reason")
    assert (found.status_raw, found.end_reason_raw) == ("paused", "moon_phase")


def test_times_money_and_latency_are_turned_into_our_units() -> None:
    found = update("call_ended")
    assert found.answered_at == START
    assert found.ended_at == START + timedelta(milliseconds=64250)
    assert found.duration_ms == 64250
    assert found.cost == Decimal("0.123450")
    assert found.latency is not None
    assert found.latency["e2e"]["p50"] == 812


def test_a_retried_webhook_tells_what_was() -> None:
    assert update("call_started").occurred_at == START
    assert update("call_ended").occurred_at == START + timedelta(milliseconds=64250)
    assert update("transcript_updated").occurred_at == NOW


def test_turns_have_roles_and_times() -> None:
    turns = update("call_ended").turns or ()
    assert [t.role for t in turns] == ["agent", "callee", "agent", "other", "other"]
    assert (turns[0].start_ms, turns[0].end_ms) == (400, 2900)
    assert turns[3].text == "Pressed 1"


def test_a_tool_has_its_result_and_its_place() -> None:
    (tool,) = update("call_ended").tools or ()
    assert (tool.name, tool.after_turn) == ("look up account", 1)
    assert json.loads(tool.result) == {"renews": "June 30"}
    assert tool.succeeded is True


def test_a_list_item_leaves_what_was_said_unknown() -> None:
    call = payload("retell/list_calls")["items"][0]
    (found,) = RETELL.parse_webhook({"event": "call_ended", "call": call}, NOW)
    assert found.turns is None
    assert found.tools is None


def test_the_analysis_is_taken_over() -> None:
    facts = update("call_analyzed").analysis
    assert facts is not None
    assert (facts.sentiment, facts.successful) == ("positive", True)
    assert facts.custom == {"wants_renewal": "yes", "seats": 12}


def test_what_was_scrubbed_is_used_where_the_rest_is_gone() -> None:
    found = update("call_ended_everything_except_pii")
    assert found.recording_url.endswith("scrubbed.wav")
    assert len(found.turns or ()) == 1
    assert found.to_number == ""


def test_our_reference_and_the_rest_of_the_wish_come_back() -> None:
    found = update("call_started")
    assert found.reference == "019b0000-0000-7000-8000-000000000001"
    assert found.provider_call_id == "call_a1b2c3d4e5f60718293a4b5c6d7e8f90"
    assert found.variables == {"first_name": "Jamie", "plan": "Pro"}
    assert (found.direction, found.to_number) == ("outbound", "+12137771234")


@pytest.mark.parametrize("name", ["chat_ended", "alert_triggered", "call_inbound"])
def test_events_that_say_nothing_of_a_call_give_nothing(name: str) -> None:
    assert RETELL.parse_webhook(payload(f"retell/{name}"), NOW) == []


def test_a_ringing_caller_is_understood_and_answered() -> None:
    ringing = RETELL.parse_inbound(payload("retell/call_inbound"))
    assert ringing is not None
    assert ringing.from_number == "+12137771234"
    assert Retell.inbound_marker in json.dumps(payload("retell/call_inbound")).encode()
    assert RETELL.answer_inbound("agent_1", {"name": "Jamie"}) == {
        "call_inbound": {
            "override_agent_id": "agent_1",
            "dynamic_variables": {"name": "Jamie"},
        }
    }


# --- Any JSON ------------------------------------------------------------------------
ANALYZED = payload("retell/call_analyzed")["call"]


@given(randoms)
def test_any_json_is_read_without_an_error(random: Random) -> None:
    value = any_json(random)
    assert RETELL.parse_webhook(value, NOW) == []
    RETELL.parse_inbound(value)


@given(randoms, st.sampled_from(sorted(CALL_EVENTS)))
def test_any_call_object_can_be_kept(random: Random, event: str) -> None:
    call = ANALYZED | some_of(random, sorted(ANALYZED))
    for found in RETELL.parse_webhook({"event": event, "call": call}, NOW):
        assert "\x00" not in repr(found.metadata)
        assert found.duration_ms is None or 0 <= found.duration_ms < 2**31
        json.dumps([found.metadata, found.latency], allow_nan=False).encode()
        for turn in found.turns or ():
            turn.text.encode()


@given(randoms, st.sampled_from(["words", "content", "role"]))
def test_any_utterance_can_be_kept(random: Random, name: str) -> None:
    odd = {name: any_json(random)}
    row = {"role": "agent", "content": "Hello", "words": []} | odd
    call = payload("retell/call_started")["call"] | {
        "transcript_with_tool_calls": [row]
    }
    RETELL.parse_webhook({"event": "transcript_updated", "call": call}, NOW)
