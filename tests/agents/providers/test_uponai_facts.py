"""Tests of reading what UponAI sends, in each of its three dialects."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers.base import Account, CallUpdate
from agents.providers.uponai import facts, words
from agents.providers.uponai.client import UponAI
from agents.providers.voicewire.words import CALL_EVENTS
from tests.agents.providers.anything import any_json, randoms, some_of
from tests.agents.providers.contract import keeping
from tests.agents.providers.payloads import payload

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
CALL = "call_9f2b61c07d3e4f58a1b2c3d4e5f60718"
UPONAI = UponAI(Account("", {"api_key": "upon_made_up"}))


def update(name: str) -> CallUpdate:
    """Return the one update a webhook gives."""
    (found,) = UPONAI.parse_webhook(payload(f"uponai/{name}"), NOW)
    return found


def rest(**fields: Any) -> CallUpdate:
    """Return what a call object of the REST API gives, with changes."""
    return facts.call_update(payload("uponai/get_call")["call"] | fields, NOW)


# --- Webhooks ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "status", "reason", "fault", "answered_by"),
    [
        ("call_started", "in_progress", "", "", ""),
        ("transcript_updated", "in_progress", "", "", ""),
        ("transfer_bridged", "in_progress", "", "", ""),
        ("call_ended", "ended", "user_hangup", "none", "human"),
        ("call_ended_said_registered", "ended", "user_hangup", "none", "human"),
        ("call_ended_no_answer", "not_connected", "no_answer", "callee", ""),
        ("call_analyzed_busy", "not_connected", "busy", "callee", ""),
        ("call_ended_voicemail", "ended", "voicemail", "none", "machine"),
        ("call_ended_no_payment", "failed", "no_funds", "us", ""),
        ("call_ended_unknown_reason", "not_connected", "other", "", ""),
        ("call_analyzed", "ended", "user_hangup", "none", "human"),
    ],
)
def test_each_event_says_where_the_call_is(
    name: str, status: str, reason: str, fault: str, answered_by: str
) -> None:
    found = update(name)
    seen = (found.status, found.end_reason, found.fault, found.answered_by)
    assert seen == (status, reason, fault, answered_by)


def test_every_reason_has_our_words() -> None:
    for reason in words.REASONS.ours.values():
        assert reason.end_reason in keeping.CHOICES["end_reason"]
        assert reason.status in {"", "ended", "not_connected", "failed"}


def test_every_reason_of_the_guide_has_its_class() -> None:
    classes = [reason.status for reason in words.REASONS.ours.values() if reason.status]
    assert classes.count("ended") == 7
    assert classes.count("not_connected") == 9


def test_an_unknown_word_is_kept_raw() -> None:
    found = update("call_ended_unknown_reason")
    assert (found.status_raw, found.end_reason_raw) == ("paused", "moon_phase")


def test_a_retried_webhook_tells_what_was() -> None:
    assert update("call_started").occurred_at == START
    assert update("call_ended").occurred_at == START + timedelta(milliseconds=64250)
    assert update("transcript_updated").occurred_at == NOW


def test_a_webhook_counts_in_milliseconds_and_cents() -> None:
    found = update("call_ended")
    assert found.answered_at == START
    assert found.ended_at == START + timedelta(milliseconds=64250)
    assert (found.duration_ms, found.cost) == (64250, Decimal("0.123450"))
    assert (found.latency or {})["e2e"]["p50"] == 812


def test_our_reference_and_the_rest_of_the_wish_come_back() -> None:
    found = update("call_started")
    assert found.reference == "019b0000-0000-7000-8000-000000000001"
    assert found.variables == {"customer_name": "Jamie"}
    assert (found.direction, found.agent_version) == ("outbound", 3)


@pytest.mark.parametrize("name", ["chat_ended", "chat_inbound", "call_inbound"])
def test_events_that_say_nothing_of_a_call_give_nothing(name: str) -> None:
    assert UPONAI.parse_webhook(payload(f"uponai/{name}"), NOW) == []


# --- What was said -------------------------------------------------------------------
def test_turns_have_roles_and_times() -> None:
    turns = update("call_ended").turns or ()
    assert [t.role for t in turns] == ["agent", "callee", "agent", "other"]
    assert (turns[0].start_ms, turns[0].end_ms) == (400, 2900)
    assert (turns[3].text, turns[3].start_ms) == ("Pressed 1", 9000)


def test_a_tool_has_its_result_and_its_place() -> None:
    (tool,) = update("call_ended").tools or ()
    assert (tool.name, tool.after_turn, tool.succeeded) == ("look up plan", 1, True)
    assert json.loads(tool.result) == {"renews": "June 30"}


def test_a_plain_transcript_is_split_by_its_speakers() -> None:
    found = update("call_ended_said_registered")
    assert [(t.role, t.text, t.start_ms) for t in found.turns or ()] == [
        ("agent", "Concierge, good morning.", None),
        ("callee", "Wrong number, sorry.\nI hang up.", None),
    ]
    assert found.tools is None


@pytest.mark.parametrize("said", ["It rang.\nAgent: Hello", "Rain: Agent: Hello"])
def test_a_transcript_without_sure_marks_stays_whole(said: str) -> None:
    (turn,) = rest(transcript=said).turns or ()
    assert (turn.role, turn.text) == ("other", said)


def test_no_transcript_is_not_an_empty_one() -> None:
    assert rest().turns is None
    assert rest(transcript="").turns is None
    assert rest(transcript_object=[]).turns == ()


# --- REST ----------------------------------------------------------------------------
def test_a_rest_call_is_read_in_camel_case() -> None:
    found = rest()
    assert (found.provider_call_id, found.other_call_id) == (CALL, "")
    assert (found.status, found.status_raw) == ("ended", "ended")
    assert (found.agent_id, found.agent_version) == ("agent_01hzexample", 3)
    assert found.variables == {"customer_name": "Jamie"}
    assert found.occurred_at == NOW


def test_what_get_call_promises_is_taken_in_either_case() -> None:
    camel = {
        "startTimestamp": "2026-01-01T00:00:00Z",
        "endTimestamp": 1767225664250,
        "durationMs": 64250,
        "disconnectionReason": "dial_busy",
        "recordingUrl": "https://cdn.example.com/a.wav",
        "callAnalysis": {"callSummary": "Short.", "userSentiment": "Neutral"},
        "callCost": {"combinedCost": 20},
    }
    found = rest(**camel)
    assert (found.status, found.end_reason) == ("not_connected", "busy")
    assert found.ended_at == START + timedelta(milliseconds=64250)
    assert (found.duration_ms, found.cost) == (64250, Decimal("0.2"))
    assert found.analysis is not None
    assert (found.analysis.summary, found.analysis.sentiment) == ("Short.", "neutral")
    snake = {facts.HUMP.sub("_", name).lower(): v for name, v in camel.items()}
    assert rest(**snake) == found


def test_a_name_written_twice_is_read_in_its_own_case() -> None:
    assert facts.plain({"call_id": "a", "callId": "b"})["call_id"] == "a"
    assert facts.plain({"call_id": None, "callId": "b"})["call_id"] == "b"


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        ({"callId": "a", "call_sid": "b"}, ("a", "b")),
        ({"callId": "a", "call_sid": "a"}, ("a", "")),
        ({"callSid": "b"}, ("b", "")),
        ({"call_id": "a"}, ("a", "")),
        ({"callId": "", "callSid": "b"}, ("b", "")),
        ({"callId": 7}, ("", "")),
    ],
)
def test_ids_are_found_under_each_of_their_names(
    names: dict[str, Any], ids: tuple[str, str]
) -> None:
    assert facts.ids(names) == ids


# --- The history ---------------------------------------------------------------------
def history(**fields: Any) -> CallUpdate:
    """Return what a row of the history gives, with changes."""
    row = payload("uponai/history")["calls"][0] | fields
    return facts.history_update(row, datetime(2026, 3, 13, tzinfo=UTC))


def test_the_history_counts_in_seconds_and_names_no_currency() -> None:
    found = history()
    began = datetime(2026, 3, 12, 14, 22, tzinfo=UTC)
    assert (found.answered_at, found.ended_at) == (began, began + timedelta(0, 214))
    assert found.duration_ms == 214_000
    assert (found.cost, found.currency) == (Decimal("0.15"), "XXX")
    assert found.analysis is not None
    assert found.analysis.sentiment == "positive"
    assert (found.direction, found.to_number) == ("outbound", "+14155550199")


def test_the_history_is_no_newer_than_the_start_of_the_call() -> None:
    assert history().occurred_at == datetime(2026, 3, 12, 14, 22, tzinfo=UTC)


def test_a_duration_longer_than_any_call_is_in_milliseconds() -> None:
    assert history(duration=7_200).duration_ms == 7_200_000
    assert history(duration=214_000).duration_ms == 214_000


def test_a_call_that_goes_on_has_no_end_yet() -> None:
    found = history(callStatus="ongoing", duration=12)
    assert (found.status, found.duration_ms, found.ended_at) == (
        "in_progress",
        None,
        None,
    )


def test_a_free_call_costs_nothing_and_an_unknown_cost_is_unknown() -> None:
    assert history(costs={"total": 0}).cost == 0
    assert history(costs=None).cost is None


# --- Ringing callers -----------------------------------------------------------------
def test_a_ringing_caller_is_understood_and_answered() -> None:
    ringing = UPONAI.parse_inbound(payload("uponai/call_inbound"))
    assert ringing is not None
    assert (ringing.from_number, ringing.agent_id) == ("+12137771234", "agent_12345")
    assert UponAI.inbound_marker in json.dumps(payload("uponai/call_inbound")).encode()
    assert UPONAI.answer_inbound("", {}) == {"call_inbound": {}}
    assert UPONAI.answer_inbound("agent_1", {"name": "Jamie"}) == {
        "call_inbound": {
            "override_agent_id": "agent_1",
            "dynamic_variables": {"name": "Jamie"},
        }
    }


# --- Any JSON ------------------------------------------------------------------------
WEBHOOK = payload("uponai/call_analyzed")["call"]
HISTORY = payload("uponai/history")["calls"][0]


@given(randoms)
def test_any_json_is_read_without_an_error(random: Random) -> None:
    value = any_json(random)
    assert UPONAI.parse_webhook(value, NOW) == []
    assert UPONAI.parse_inbound(value) is None
    facts.message(value)


@given(randoms, st.sampled_from(sorted(CALL_EVENTS)))
def test_any_webhook_can_be_kept(random: Random, event: str) -> None:
    call = WEBHOOK | some_of(random, sorted(WEBHOOK))
    for found in UPONAI.parse_webhook({"event": event, "call": call}, NOW):
        keeping.check(found)


@given(randoms)
def test_any_rest_call_can_be_kept(random: Random) -> None:
    odd = some_of(random, sorted({*HISTORY, *payload("uponai/get_call")["call"]}))
    keeping.check(facts.history_update(HISTORY | odd, NOW))
    keeping.check(rest(**odd))


@given(st.text())
def test_any_text_is_read_as_a_transcript(said: str) -> None:
    for turn in rest(transcript=said).turns or ():
        assert turn.text.strip()
