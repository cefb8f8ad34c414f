"""Tests of reading what itellico sends."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers.base import Account, CallUpdate
from agents.providers.itellico import facts, words
from agents.providers.itellico.client import Itellico
from tests.agents.providers.anything import any_json, randoms, some_of
from tests.agents.providers.contract import keeping
from tests.agents.providers.payloads import payload

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
START = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
END = START + timedelta(seconds=64)
BASE = "https://api.itellico.ai"
ITELLICO = Itellico(Account("", {"api_key": "sk-made.up"}))


def read(name: str, **changes: Any) -> CallUpdate:
    """Return what a call object says."""
    return facts.call_update(payload(f"itellico/{name}") | changes, NOW, BASE)


def event(name: str) -> CallUpdate:
    """Return the one update a webhook gives."""
    (found,) = ITELLICO.parse_webhook(payload(f"itellico/{name}"), NOW)
    return found


# --- How it went ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "status", "reason", "raw", "answered_by"),
    [
        ("get_call_waiting", "ringing", "", "", ""),
        ("get_call_in_progress", "in_progress", "", "", "human"),
        ("get_call", "ended", "", "completed", "human"),
        ("get_call_transferred", "ended", "transferred", "transferred", "human"),
        ("get_call_machine", "ended", "voicemail", "completed", "machine"),
        ("get_call_user_busy", "not_connected", "busy", "user_busy", ""),
        ("get_call_user_rejected", "not_connected", "declined", "user_rejected", ""),
        (
            *("get_call_user_unavailable", "not_connected"),
            *("no_answer", "user_unavailable", ""),
        ),
        ("get_call_busy_but_completed", "not_connected", "busy", "user_busy", ""),
        ("get_call_failed", "failed", "other", "failed", ""),
        ("get_call_inbound", "ended", "", "completed", ""),
    ],
)
def test_both_words_say_where_a_call_is(
    name: str, status: str, reason: str, raw: str, answered_by: str
) -> None:
    found = read(name)
    seen = (found.status, found.end_reason, found.end_reason_raw, found.answered_by)
    assert seen == (status, reason, raw, answered_by)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"answer_status": None}, "ringing"),
        ({"answer_status": "user_busy"}, "ringing"),
        ({"answer_status": "unknown"}, "in_progress"),
        ({"answer_status": "fax"}, "in_progress"),
        ({"answer_status": None, "direction": "inbound"}, "in_progress"),
        ({"answer_status": None, "type": "web"}, "in_progress"),
        ({"answer_status": None, "type": "test", "direction": None}, "in_progress"),
        ({"direction": None}, "ringing"),
        ({"status": "moonwalking"}, ""),
        ({"status": None}, ""),
    ],
)
def test_a_call_in_progress_waits_until_somebody_answers(
    changes: dict[str, Any], status: str
) -> None:
    assert read("get_call_waiting", **changes).status == status


def test_unknown_words_are_kept() -> None:
    odd = {"type": "unknown", "direction": "internal", "answer_status": "fax"}
    found = read("get_call", **odd)
    assert (found.type, found.direction, found.end_reason_raw) == ("phone", "", "fax")
    assert found.metadata == {"type": "unknown", "direction": "internal"}
    assert read("get_call", status="moonwalking").status_raw == "moonwalking"


def test_times_are_turned_into_our_units() -> None:
    found = read("get_call")
    assert (found.answered_at, found.ended_at) == (START, END)
    assert (found.duration_ms, found.occurred_at) == (64_000, NOW)
    assert found.cost is None


def test_nothing_of_the_end_is_told_before_it() -> None:
    found = read("get_call_in_progress", ended_at="2026-01-01T00:01:09Z")
    assert (found.ended_at, found.duration_ms, found.end_reason_raw) == (None, None, "")


def test_a_call_says_whose_it_is() -> None:
    found = read("get_call")
    assert found.reference == "019b0000-0000-7000-8000-000000000001"
    assert found.agent_id == "0d9f6a1e-5b1c-4b61-8c0a-6d3f5a1b2c3d"
    assert (found.direction, found.to_number) == ("outbound", "+12137771234")


# --- What was said -------------------------------------------------------------------
def test_turns_have_roles_and_times_from_the_start() -> None:
    turns = read("get_call").turns or ()
    assert [(t.role, t.start_ms) for t in turns] == [
        ("other", 0),
        ("agent", 400),
        ("callee", 3250),
        ("agent", 6000),
        ("other", None),
    ]
    assert turns[-1].text == "user_disconnected"


def test_a_tool_stands_behind_its_turn() -> None:
    (tool,) = read("get_call").tools or ()
    assert (tool.name, tool.start_ms, tool.after_turn) == ("look_up_plan", 4000, 2)
    assert json.loads(tool.result) == {"plan": "Pro", "seats": 12}


@pytest.mark.parametrize(
    ("row", "result"),
    [
        ({"message": "Looking."}, "Looking."),
        ({"result": "done"}, "done"),
        ({"message": "Looking.", "result": ["a"]}, 'Looking.\n["a"]'),
        ({}, ""),
    ],
)
def test_whatever_a_tool_said_is_kept(row: dict[str, Any], result: str) -> None:
    _, tools = facts.spoken([{"role": "tool", **row}], None)
    assert [(t.name, t.result) for t in tools or ()] == [("tool", result)]


def test_a_list_says_nothing_of_what_was_said() -> None:
    assert read("create_phone_call").turns is None
    assert read("get_call_waiting").turns == ()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://media.example/a.mp3", "https://media.example/a.mp3"),
        ("/v1/media/a.mp3", f"{BASE}/v1/media/a.mp3"),
        ("media/a.mp3", f"{BASE}/media/a.mp3"),
        ("//elsewhere.example/a.mp3", f"{BASE}/elsewhere.example/a.mp3"),
        ("ftp://media.example/a.mp3", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_recording_has_a_whole_address(written: Any, url: str) -> None:
    found = read("get_call", capture={"recording_url": written})
    assert found.recording_url == url


# --- Webhooks ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("conversation_started", "in_progress", ""),
        ("inbound_conversation_started", "in_progress", ""),
        ("conversation_ended", "ended", ""),
        ("conversation_ended_transferred", "ended", "transferred"),
        ("conversation_ended_busy", "not_connected", "busy"),
        ("conversation_ended_unknown_words", "", ""),
        ("conversation_analysis_completed", "", ""),
    ],
)
def test_each_event_asks_for_the_call(name: str, status: str, reason: str) -> None:
    found = event(name)
    assert (found.status, found.end_reason) == (status, reason)
    assert found.provider_call_id
    assert found.ask_again_at == NOW


def test_an_event_is_as_new_as_it_says() -> None:
    at = event("conversation_started").occurred_at
    assert at == START + timedelta(milliseconds=120)
    late = payload("itellico/conversation_started") | {"created": "2031-01-01T00:00Z"}
    assert ITELLICO.parse_webhook(late, NOW)[0].occurred_at == NOW


def test_an_event_says_who_speaks_with_whom() -> None:
    found = event("inbound_conversation_started")
    assert (found.direction, found.from_number) == ("inbound", "+12137771234")
    assert (found.answered_at, found.other_call_id) == (START, "RM_x1y2z3")


def test_results_under_unseen_names_are_kept() -> None:
    found = event("conversation_analysis_completed").analysis
    assert found is not None
    assert found.custom["insights"] == {"mood": "friendly"}
    assert set(found.custom) == {"goals", "insights"}
    assert event("conversation_ended").analysis is None


@pytest.mark.parametrize(
    "more", [{"external_id": "ref-1"}, {"metadata": {"external_id": "ref-1"}}]
)
def test_our_key_is_taken_where_it_comes(more: dict[str, Any]) -> None:
    whole = payload("itellico/conversation_started")
    whole["data"] |= more
    (found,) = ITELLICO.parse_webhook(whole, NOW)
    assert found.reference == "ref-1"


def test_an_unknown_event_says_nothing() -> None:
    assert ITELLICO.parse_webhook(payload("itellico/unknown_event"), NOW) == []


# --- Any JSON ------------------------------------------------------------------------
CALL = sorted(payload("itellico/get_call"))
EVENT = sorted(words.EVENT_FIELDS)


@given(randoms)
def test_any_json_is_read_without_an_error(random: Random) -> None:
    value = any_json(random)
    assert ITELLICO.parse_webhook(value, NOW) == []
    assert ITELLICO.parse_inbound(value) is None


@given(randoms)
def test_any_call_object_can_be_kept(random: Random) -> None:
    keeping.check(read("get_call", **some_of(random, CALL)))


@given(randoms, st.sampled_from(words.EVENTS))
def test_any_event_can_be_kept(random: Random, name: str) -> None:
    whole = payload("itellico/conversation_ended") | {"event_type": name}
    whole["data"] |= some_of(random, EVENT)
    for found in ITELLICO.parse_webhook(whole, NOW):
        keeping.check(found)


@given(randoms, st.sampled_from(["role", "message", "timestamp", "name", "result"]))
def test_any_message_can_be_kept(random: Random, name: str) -> None:
    for role in ("agent", "tool"):
        row = {"role": role, "message": "Hello", name: any_json(random)}
        keeping.check(read("get_call", messages=[row]))


@given(randoms)
def test_any_agent_or_number_is_read_without_an_error(random: Random) -> None:
    odd = some_of(random, ["id", "name", "voice", "model"])
    facts.agent(payload("itellico/list_agents")["items"][0] | odd)
    facts.number(payload("itellico/list_numbers")["items"][0] | odd | {"number": odd})
