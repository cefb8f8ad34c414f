"""Tests of reading what Klen AI sends."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers.base import BindingFacts, CallUpdate, TurnFacts
from agents.providers.klen import catalog, facts, words
from tests.agents.providers.anything import any_json, randoms, some_of
from tests.agents.providers.payloads import payload

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
START = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)


def read(name: str, **changes: Any) -> CallUpdate:
    """Return what a call object of the payloads says."""
    return facts.call_update(payload(f"klen/{name}") | changes, NOW)


# --- The id trap ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "database_id", "agent"),
    [
        (payload("klen/created"), "789", "assistant_12345"),
        (payload("klen/calls")["calls"][0], "", "assistant_12345"),
        (payload("klen/call_completed"), "789", "assistant_12345"),
        (payload("klen/webhook_started")["call"], "789", "assistant_12345"),
        (payload("klen/webhook_ended")["call"], "789", "456"),
    ],
)
def test_the_four_shapes_of_a_call_have_the_same_ids(
    call: dict[str, Any], database_id: str, agent: str
) -> None:
    update = facts.call_update(call, NOW)
    assert update.provider_call_id == "call_6789"
    assert (update.other_call_id, update.agent_id) == (database_id, agent)


# --- Status and reason ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "status", "raw"),
    [
        ("created", "ringing", "queued"),
        ("call_queued", "ringing", "queued"),
        ("call_in_progress", "in_progress", "in-progress"),
        ("call_completed", "ended", "completed"),
        ("call_failed", "failed", "failed"),
    ],
)
def test_a_status_has_our_word(name: str, status: str, raw: str) -> None:
    update = read(name)
    assert (update.status, update.status_raw) == (status, raw)


def test_a_failure_that_the_detail_does_not_explain_is_other() -> None:
    update = read("call_failed")
    assert (update.end_reason, update.end_reason_raw, update.fault) == ("other", "", "")


@pytest.mark.parametrize("raw", sorted(words.REASONS))
def test_every_reason_is_understood_wherever_it_stands(raw: str) -> None:
    reason = words.REASONS[raw]
    for place in ({"reason": raw}, {"whatever": raw}, {"error": {"code": raw}}):
        update = read("call_failed", **place)
        assert (update.end_reason_raw, update.status) == (raw, reason.status)
        assert (update.end_reason, update.fault) == (reason.end_reason, reason.fault)


def test_a_documented_field_is_never_taken_for_a_reason() -> None:
    update = read("call_failed", summary="busy", agent_name="canceled")
    assert update.end_reason_raw == ""


def test_a_call_that_was_cut_off_did_take_place() -> None:
    update = read("call_failed", reason="disconnected", duration_seconds=12)
    assert (update.status, update.duration_ms) == ("ended", 12_000)


# --- Units ---------------------------------------------------------------------------
def test_the_total_is_the_cost_and_nothing_is_added() -> None:
    update = read("call_completed")
    assert update.cost == Decimal("2.25")


@pytest.mark.parametrize(
    ("total", "cost"),
    [
        ("1.5", Decimal("1.5")),
        (0, Decimal(0)),
        (-1, None),
        ("much", None),
        ("NaN", None),
        (True, None),
        (10**400, None),
        (999_999.99999999, None),
    ],
)
def test_an_odd_charge_is_no_cost(total: Any, cost: Decimal | None) -> None:
    assert facts.cost({"total_charge": total}) == cost


def test_a_webhook_is_as_new_as_it_says_but_never_of_tomorrow() -> None:
    call = payload("klen/webhook_ended")["call"]
    told = facts.call_update(call, NOW, words.ENDED, "2026-01-01T00:01:20Z")
    assert told.occurred_at == datetime(2026, 1, 1, 0, 1, 20, tzinfo=UTC)
    told = facts.call_update(call, NOW, words.ENDED, "2027-01-01T00:00:00Z")
    assert told.occurred_at == NOW


# --- What was said -------------------------------------------------------------------
def test_a_transcript_is_split_by_marks_nobody_can_doubt() -> None:
    assert read("call_completed").turns == (
        TurnFacts("agent", "Hi Jamie, it is about the Pro plan."),
        TurnFacts("callee", "Yes? When does it renew?"),
        TurnFacts("agent", "On June 30.\nShall I renew it?"),
        TurnFacts("callee", "Please do."),
    )


@pytest.mark.parametrize("said", ["Hi Jamie.\nUser: Yes?", "Speaker 1: Hi\nAgent: Yes"])
def test_a_transcript_with_other_marks_stays_whole(said: str) -> None:
    assert facts.turns(said) == (TurnFacts("other", said),)


@pytest.mark.parametrize("nothing", [None, "", " \n", 7, ["Agent: Hi"]])
def test_no_transcript_is_unknown(nothing: Any) -> None:
    assert facts.turns(nothing) is None


@given(st.text())
def test_nothing_that_was_said_gets_lost(said: str) -> None:
    kept = "".join(turn.text for turn in facts.turns(said) or ())
    marks = {f"{name}:" for name in words.SPEAKERS}
    if not any(mark in said.lower() for mark in marks):
        assert kept == said.replace("\x00", "").strip()


# --- What comes late -----------------------------------------------------------------
def test_what_has_not_come_is_asked_for_more_and_more_seldom() -> None:
    early = read("call_completed_early")
    assert early.ended_at is not None
    waits = []
    for minutes in (0, 4, 14, 15):
        now = early.ended_at + timedelta(minutes=minutes)
        again = facts.ask_again_at(early, now, None)
        waits.append(again and again - now)
    second = timedelta(seconds=1)
    assert waits == [30 * second, 120 * second, 420 * second, None]


def test_a_whole_call_and_one_that_never_was_are_not_asked_about() -> None:
    for name in ("call_completed", "call_failed", "call_in_progress"):
        assert facts.ask_again_at(read(name), NOW, NOW) is None


def test_a_call_without_an_end_is_asked_about_for_a_while_after_the_dial() -> None:
    update = read("call_completed_early", ended_at=None)
    assert facts.ask_again_at(update, NOW, NOW - facts.AGAIN)
    assert facts.ask_again_at(update, NOW, NOW - facts.LATE) is None
    assert facts.ask_again_at(update, NOW, None) is None


# --- Agents and numbers --------------------------------------------------------------
def test_an_agent_without_an_assistant_id_goes_by_the_other() -> None:
    assert catalog.agent({"id": 9, "name": "Nico"}).agent_id == "9"
    assert catalog.agent({"id": 9}).name == "9"


def test_agents_that_share_a_number_are_all_kept() -> None:
    rows = [{"assistant_id": each, "phone_number": "+14157774444"} for each in "ab"]
    for row in rows:
        row["role"] = words.OUTBOUND_ROLE
    (number,) = catalog.numbers(rows)
    weights = ({"agent_id": "a"}, {"agent_id": "b"})
    assert number.outbound == BindingFacts("a", None, weights)
    assert number.inbound == BindingFacts()


def test_an_agent_of_no_known_role_answers_and_calls() -> None:
    row = {"assistant_id": "a", "phone_number": "+14157774444", "role": "both"}
    (number,) = catalog.numbers([row])
    assert number.inbound == number.outbound == BindingFacts("a")


def test_an_agent_that_cannot_make_calls_is_bound_to_none() -> None:
    row = {"assistant_id": "a", "name": "Nico", "phone_number": "+14157774444"}
    (number,) = catalog.numbers([row | {"can_make_calls": False}])
    assert number.outbound == BindingFacts()
    assert number.trouble == "Nico cannot make calls, Klen AI says."


# --- Any JSON ------------------------------------------------------------------------
NAMES = [*sorted(facts.NO_REASON), "reason", "error"]


@given(randoms, st.sampled_from(["", *words.CALL_EVENTS]))
def test_any_call_object_can_be_kept(random: Random, event: str) -> None:
    call = payload("klen/call_completed") | some_of(random, NAMES)
    found = facts.call_update(call, NOW, event, any_json(random))
    assert found.duration_ms is None or 0 <= found.duration_ms < 2**31
    json.dumps(found.metadata, allow_nan=False).encode()
    for turn in found.turns or ():
        turn.text.encode()
