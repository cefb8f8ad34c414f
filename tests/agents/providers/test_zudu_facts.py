"""Tests of reading what Zudu sends, in both generations of its answers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given

from agents.providers.base import Account, BindingFacts, CallUpdate, TurnFacts
from agents.providers.zudu import answers, facts, words
from agents.providers.zudu.client import Zudu
from tests.agents.providers.anything import any_json, randoms, some_of
from tests.agents.providers.contract import keeping
from tests.agents.providers.payloads import payload

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, 0, 1, 10, tzinfo=UTC)
ZUDU = Zudu(Account("", {"api_key": "sk_x", "api_secret": "s3cr3t_x"}))
GENERATIONS = ("s", "g")
each_generation = pytest.mark.parametrize("generation", GENERATIONS)


def call(generation: str = "s", **changes: Any) -> dict[str, Any]:
    """Return the call of a payload file, with changes."""
    held = payload(f"zudu/get_call_{generation}")["data"]
    return {**held, **changes}


def read(generation: str = "s", **changes: Any) -> CallUpdate:
    """Read the call of a payload file, with changes."""
    return facts.call_update(call(generation, **changes), NOW)


# --- Both generations ----------------------------------------------------------------
@each_generation
def test_a_finished_call_reads_alike(generation: str) -> None:
    found = read(generation)
    assert (found.status, found.end_reason, found.type) == (
        "ended",
        "user_hangup",
        "phone",
    )
    assert (found.direction, found.answered_by) == ("outbound", "human")
    assert (found.answered_at, found.duration_ms) == (START, 64_250)
    assert found.ended_at == START + timedelta(milliseconds=64_250)
    assert (found.cost, found.currency) == (Decimal("0.150000"), "XXX")
    assert found.analysis and found.analysis.sentiment == "positive"
    assert found.reference == "019b0000-0000-7000-8000-000000000001"
    assert [turn.start_ms for turn in found.turns or ()] == [400, 2100]


@pytest.mark.parametrize("turn", [str.upper, str.lower, str.title])
def test_words_are_read_in_any_case(turn: Any) -> None:
    found = read(
        call_status=turn("ended"),
        call_type=turn("web_call"),
        direction=turn("inbound"),
        disconnection_reason=turn("agent_hangup"),
    )
    assert (found.status, found.type, found.direction) == ("ended", "web", "inbound")
    assert found.end_reason == "agent_hangup"
    assert found.status_raw == turn("ended")


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"data": {"calls": [{"a": 1}]}}, 1),
        ({"data": [{"a": 1}]}, 1),
        ({"calls": [{"a": 1}, 7]}, 1),
        ({"data": {"calls": []}}, 0),
        ({"data": {"calls": {}}}, None),
        ({"data": None}, None),
        ([{"a": 1}], None),
    ],
)
def test_a_list_is_found_with_and_without_envelope(
    answer: Any, rows: int | None
) -> None:
    found = answers.listed(answer, "calls")
    assert (found if found is None else len(found)) == rows


@pytest.mark.parametrize(
    ("pagination", "more"),
    [
        ({"page": 0, "limit": 20, "total": 21, "total_pages": 2}, True),
        ({"page": 0, "limit": 20, "total": 20, "total_pages": 1}, False),
        ({"page": 0, "limit": 20, "total": 21}, True),
        ({"page": 0, "limit": 20, "total_count": 20}, False),
        ({"has_next_page": True, "total_pages": 1}, True),
        ({"has_next": False, "total_pages": 9}, False),
        ({}, False),
    ],
)
def test_pages_are_counted_in_every_way(pagination: Any, more: bool) -> None:
    nested = {"data": {"calls": [{}], "pagination": pagination}}
    flat = {"data": {"calls": [{}], **pagination}}
    assert answers.goes_on(nested, 0, 20, 50) is more
    assert answers.goes_on(flat, 0, 20, 50) is more


def test_a_full_page_without_counts_may_go_on() -> None:
    assert answers.goes_on({"data": {"calls": []}}, 0, 50, 50)
    assert not answers.goes_on({"data": {"has_next": True}}, 3, 0, 50)


# --- Times ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "at"),
    [
        (1767225600000, START),
        (1767225600, START),
        ("2026-01-01T00:00:00Z", START),
        ("2026-01-01T00:00:00", START),
        ("2026-01-01T01:00:00+01:00", START),
        (0, None),
        (-5, None),
        (True, None),
        (float("nan"), None),
        ("soon", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
    ],
)
def test_times_are_seconds_milliseconds_or_iso(written: Any, at: Any) -> None:
    assert answers.when(written) == at


# --- Where a call is -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"call_status": "ONGOING", "start_timestamp": None}, "ringing"),
        ({"call_status": "ONGOING"}, "in_progress"),
        ({"call_status": "REGISTERED", "start_timestamp": None}, ""),
        ({"call_status": "scheduled", "start_timestamp": None}, ""),
        ({"call_status": "ERROR"}, "failed"),
        ({"call_status": "MOONWALKING"}, ""),
        ({"disconnection_reason": "NO_ANSWER"}, "not_connected"),
    ],
)
def test_a_status_is_read_with_the_start(changes: Any, status: str) -> None:
    assert read(**changes).status == status


def test_a_call_that_never_began_did_not_connect() -> None:
    nothing: dict[str, Any] = {
        "start_timestamp": None,
        "call_duration": None,
        "disconnection_reason": None,
        "transcript": None,
        "transcript_object": [],
        "call_analysis": None,
    }
    assert read(**nothing).status == "not_connected"
    assert read(**nothing | {"transcript": "Hi"}).status == "ended"
    voicemail = {"call_analysis": {"in_voicemail": True}}
    assert read(**nothing | voicemail).status == "ended"
    # A short object that leaves the fields out says nothing of it.
    short = {k: v for k, v in call(**nothing).items() if k != "start_timestamp"}
    assert facts.call_update(short, NOW).status == "ended"


def test_a_voicemail_is_known_by_the_analysis() -> None:
    found = read(call_analysis={"in_voicemail": True, "call_summary": "Beep."})
    assert (found.end_reason, found.answered_by) == ("voicemail", "machine")
    assert read(call_analysis=None).answered_by == "unknown"


@pytest.mark.parametrize(
    ("status", "raw", "reason"),
    [
        ("ENDED", "MOON_PHASE", "other"),
        ("ENDED", None, "other"),
        ("ERROR", None, "provider_error"),
        ("ERROR", "MOON_PHASE", "other"),
        ("ONGOING", "USER_HANGUP", ""),
    ],
)
def test_an_unknown_reason_is_kept_raw(
    status: str, raw: str | None, reason: str
) -> None:
    found = read(call_status=status, disconnection_reason=raw)
    assert found.end_reason == reason
    assert found.end_reason_raw == (raw or "" if reason else "")


def test_every_reason_is_one_of_ours() -> None:
    for raw, reason in words.REASONS.items():
        assert (reason.end_reason, reason.fault in keeping.CHOICES["fault"]) == (
            raw,
            True,
        )
        assert raw in keeping.CHOICES["end_reason"]


# --- What comes late -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"call_analysis": None}, True),
        ({"call_cost": None}, True),
        ({}, False),
        ({"call_analysis": None, "end_timestamp": 1767220000000}, False),
        ({"call_analysis": None, "end_timestamp": None}, False),
        ({"call_analysis": None, "call_status": "ERROR"}, False),
    ],
)
def test_details_that_come_late_are_asked_for(changes: Any, again: bool) -> None:
    assert (read(**changes).ask_again_at is not None) is again


# --- What was said -------------------------------------------------------------------
def test_absolute_times_become_relative() -> None:
    assert read().turns == (
        TurnFacts("agent", "Hi Jamie!", 400, 1600),
        TurnFacts("callee", "Yes?", 2100, 2500),
    )


@pytest.mark.parametrize(
    ("at", "start_ms"),
    [
        (1767225599000, 0),
        (1767225500000, None),
        (400, None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_time_that_cannot_be_is_left_out(at: Any, start_ms: int | None) -> None:
    row = {"role": "assistant", "content": "Hi", "timestamp": at}
    (turn,) = read(transcript_object=[row]).turns or ()
    assert turn == TurnFacts("agent", "Hi", start_ms, None)


def test_without_a_start_no_times_are_known() -> None:
    (first, _) = read(start_timestamp=None).turns or ()
    assert (first.start_ms, first.end_ms) == (None, None)


@pytest.mark.parametrize(
    ("plain", "turns"),
    [
        ("Hi Jamie! Yes?", [("other", "Hi Jamie! Yes?")]),
        (
            "Agent: Hi\nthere!\nuser: Yes?",
            [("agent", "Hi\nthere!"), ("callee", "Yes?")],
        ),
        ("Assistant: Hi\nUser:", [("agent", "Hi")]),
        ("Well\nAgent: Hi", [("other", "Well\nAgent: Hi")]),
        ("  ", None),
    ],
)
def test_a_plain_text_is_split_by_sure_marks_only(plain: str, turns: Any) -> None:
    found = read(transcript_object=[], transcript=plain).turns
    seen = None if found is None else [(turn.role, turn.text) for turn in found]
    assert seen == turns


def test_an_unknown_role_is_other() -> None:
    (turn,) = read(transcript_object=[{"role": "dog", "content": "Woof"}]).turns or ()
    assert turn.role == "other"


def test_tools_are_read_with_their_results() -> None:
    items = [
        {"role": "assistant", "content": "One moment."},
        {
            "role": "tool_call",
            "name": "look_up",
            "tool_call_id": "t1",
            "arguments": {"a": 1},
        },
        {"role": "tool_result", "tool_call_id": "t1", "content": "found"},
        {"role": "user", "content": "Well?"},
        {"name": "hang_up"},
    ]
    first, second = read(transcript_with_tool_calls=items).tools or ()
    assert (first.name, first.arguments, first.result) == (
        "look_up",
        '{"a": 1}',
        "found",
    )
    assert (first.after_turn, second.after_turn) == (0, 1)
    assert read().tools is None


# --- Odd values ----------------------------------------------------------------------
@pytest.mark.parametrize("amount", [None, True, "0.15", -1, 10**9, float("inf"), [1]])
def test_a_cost_that_is_none_is_unknown(amount: Any) -> None:
    assert read(call_cost={"combined_cost": amount}).cost is None


def test_more_of_an_analysis_is_kept() -> None:
    analysis = {"call_summary": "Well.", "score": 7, "user_sentiment": "Overjoyed"}
    found = read(call_analysis=analysis).analysis
    assert found
    assert (found.custom, found.sentiment) == ({"score": 7}, "")


def test_a_link_that_is_none_is_left_out() -> None:
    assert read(recording_url="javascript:alert(1)").recording_url == ""


def test_when_a_call_was_made_is_said_in_two_ways() -> None:
    assert facts.made_at(call("g")) == START - timedelta(seconds=10)
    assert facts.made_at(call("s")) == START - timedelta(seconds=10)
    assert facts.made_at({}) is None


# --- Numbers -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "carrier"),
    [
        ({"phone_number_type": "ZUDU_TWILIO"}, "twilio"),
        ({"phone_number_type": "zudu-twilio"}, "twilio"),
        ({"phone_number_type": "zudu-twilio", "number_provider": "Twilio"}, "twilio"),
        ({"phone_number_type": "CUSTOM", "number_provider": "twilio"}, "custom"),
        ({"number_provider": "plivo"}, "custom"),
        ({}, "custom"),
    ],
)
def test_a_carrier_is_read_in_both_spellings(row: Any, carrier: str) -> None:
    assert facts.number({"phone_number": "+1415", **row}).carrier == carrier


@pytest.mark.parametrize(("version", "bound"), [(1, None), (4, 4), (None, None)])
def test_a_version_other_than_the_default_is_kept(version: Any, bound: Any) -> None:
    row = {"inbound_agent_id": "a", "inbound_agent_version": version}
    found = facts.number({"phone_number": "+1415", **row})
    assert found.inbound == BindingFacts("a", bound)


# --- Any JSON ------------------------------------------------------------------------
NAMES = [*call("s"), *call("g"), "call", "data", "x"]


@given(randoms)
def test_any_json_is_read_without_an_error(random: Random) -> None:
    value = any_json(random, NAMES)
    for update in ZUDU.parse_webhook(value, NOW):
        assert update.provider_call_id
        keeping.check(update)
    keeping.check(facts.call_update(facts.call_object(value), NOW))
    assert ZUDU.parse_inbound(value) is None


@given(randoms)
def test_a_call_with_odd_fields_can_be_kept(random: Random) -> None:
    keeping.check(read(**some_of(random, list(call("s")))))
