"""The simulated voice platform: what each number does, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from agents.providers.base import (
    Account,
    CallHandle,
    CallRequest,
    CallUpdate,
    Overrides,
    ProviderBusy,
    ProviderUnclear,
)
from agents.providers.simulator.client import Simulator
from agents.providers.simulator.numbers import manner
from agents.providers.simulator.timeline import Timeline, state_at, timeline

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KNOWN = {"first_name": "Jamie", "plan": "Growth", "renewal_date": "December 14"}


def request(digits: str = "00", **fields: Any) -> CallRequest:
    fields.setdefault("reference", "call-1")
    fields.setdefault("type", "phone")
    fields.setdefault("variables", KNOWN)
    number = f"+141555501{digits}"
    return CallRequest(agent_id="agent_sim_renewal", to_number=number, **fields)


def at(moment: datetime) -> Simulator:
    return Simulator(Account(""), clock=lambda: moment)


def look(wish: CallRequest, seconds: float, **handle: Any) -> CallUpdate | None:
    """Return what the simulator knows so many seconds after the dial."""
    known = CallHandle(wish, dialed_at=NOON, **handle)
    return at(NOON + timedelta(seconds=seconds)).find_call(known)


def finished(wish: CallRequest) -> CallUpdate:
    plan = timeline(wish)
    return state_at(plan, plan.done_ms)


def said(update: CallUpdate) -> str:
    return "\n".join(turn.text for turn in update.turns or ())


@pytest.fixture(autouse=True)
def plain_speed() -> Any:
    with override_settings(SIMULATOR_SPEED=1.0):
        yield


# --- Placing -------------------------------------------------------------------------
def test_a_call_rings_at_once() -> None:
    update = at(NOON).place_call(request())
    assert (update.status, update.provider_call_id) == ("ringing", "sim_call-1")
    assert update.ringing_at == NOON


def test_55_answers_500_and_places_nothing() -> None:
    with pytest.raises(ProviderUnclear) as error:
        at(NOON).place_call(request("55"))
    assert error.value.status == 500
    assert look(request("55"), 5) is None


def test_56_gives_no_answer_but_places_the_call() -> None:
    with pytest.raises(ProviderUnclear):
        at(NOON).place_call(request("56"))
    found = look(request("56"), 8)
    assert found is not None
    assert found.status == "in_progress"


def test_57_gives_no_answer_and_is_never_found() -> None:
    with pytest.raises(ProviderUnclear):
        at(NOON).place_call(request("57"))
    assert look(request("57"), 3_600) is None


@pytest.mark.parametrize("attempt", [1, 2])
def test_58_is_busy_twice(attempt: Any) -> None:
    with pytest.raises(ProviderBusy):
        at(NOON).place_call(request("58", attempt=attempt))


def test_58_is_placed_the_third_time() -> None:
    assert at(NOON).place_call(request("58", attempt=3)).status == "ringing"


@pytest.mark.parametrize("digits", ["55", "56", "57", "58"])
def test_behind_a_compat_door_the_trouble_was_played_already(digits: Any) -> None:
    wish = request(digits, at_door=True)
    assert at(NOON).place_call(wish).status == "ringing"
    assert look(wish, 5) is not None


def test_a_door_is_told_how_to_behave() -> None:
    assert manner("+14155550155").reply == "error"
    assert manner("+14155550156").reply == "lost_placed"
    assert manner("+14155550157").reply == "lost"
    assert manner("+14155550158").busy_first == 2
    assert manner("+14155550159").webhooks == "no_end"
    assert manner("+14155550160").webhooks == "twice_reversed"
    assert manner("+14155550161").webhooks == "none"


@pytest.mark.parametrize("number", ["+14155550100", "+4930901820155", "334", ""])
def test_every_other_number_is_treated_plainly(number: Any) -> None:
    assert manner(number).reply == "ok"
    assert timeline(replace(request(), to_number=number)).answered_ms is not None


# --- What happens --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        ("50", "busy"),
        ("51", "no_answer"),
        ("52", "declined"),
        ("54", "invalid_number"),
    ],
)
def test_some_numbers_do_not_connect(digits: Any, reason: Any) -> None:
    update = look(request(digits), 60)
    assert update is not None
    assert (update.status, update.end_reason) == ("not_connected", reason)
    assert update.answered_at is None
    assert update.ask_again_at is None


def test_53_is_answered_by_a_machine() -> None:
    update = finished(request("53"))
    assert (update.status, update.answered_by) == ("ended", "machine")
    assert update.end_reason == "voicemail"
    assert "Growth" in said(update)


def test_a_person_answers_and_is_talked_to() -> None:
    update = finished(request())
    assert (update.status, update.answered_by) == ("ended", "human")
    assert update.turns
    assert {turn.role for turn in update.turns} == {"agent", "callee"}
    assert update.analysis
    assert update.analysis.summary.startswith("Jamie")
    assert update.cost
    assert update.latency


@pytest.mark.parametrize("number", range(40))
def test_every_conversation_uses_the_variables(number: Any) -> None:
    update = finished(request(reference=f"call-{number}"))
    for value in KNOWN.values():
        assert value in said(update)
    assert 8 <= len(update.turns or ()) <= 18


@pytest.mark.parametrize("number", range(20))
def test_a_variable_no_script_knows_is_said_as_well(number: Any) -> None:
    variables = KNOWN | {"order_id": "A-17"}
    wish = request(reference=f"call-{number}", variables=variables)
    assert "A-17" in said(finished(wish))


def test_the_opening_line_is_the_overridden_one() -> None:
    overrides = Overrides(opening_line="Good day {{first_name}}, one question.")
    wish = request(opening_line="Hello!", overrides=overrides)
    assert "Good day Jamie, one question." in said(finished(wish))
    assert "Hello!" not in said(finished(wish))


@pytest.mark.parametrize(
    ("name", "word"),
    [("Appointment reminder", "appointment"), ("Customer survey", "questions")],
)
def test_the_name_of_the_agent_chooses_the_script(name: Any, word: Any) -> None:
    wishes = (request(reference=str(i), agent_name=name) for i in range(10))
    summaries = [finished(wish).analysis for wish in wishes]
    assert any(facts and word in facts.summary for facts in summaries)


def test_calls_differ_and_the_same_call_does_not() -> None:
    first, other = request(reference="a"), request(reference="b")
    assert timeline(first) == timeline(first)
    assert timeline(first) != timeline(other)


def test_some_agents_are_interrupted() -> None:
    calls = [finished(request(reference=str(number))) for number in range(40)]
    cut = [t for call in calls for t in call.turns or () if t.is_interrupted]
    assert cut
    assert all(turn.role == "agent" for turn in cut)


def test_a_tool_comes_after_a_turn_and_before_the_next() -> None:
    update = finished(request(reference="tool"))
    assert update.turns
    assert update.tools
    tool = update.tools[0]
    before, after = update.turns[tool.after_turn], update.turns[tool.after_turn + 1]
    assert before.end_ms is not None
    assert after.start_ms is not None
    assert tool.start_ms is not None
    assert before.end_ms <= tool.start_ms < after.start_ms


def test_62_talks_for_ten_minutes() -> None:
    update = finished(request("62"))
    assert update.duration_ms == 600_000
    assert len(update.turns or ()) > 60


def test_a_call_ends_at_its_longest_duration() -> None:
    wish = request(overrides=Overrides(max_duration_ms=20_000))
    update = finished(wish)
    assert (update.duration_ms, update.end_reason) == (20_000, "max_duration")


# --- As time goes by -----------------------------------------------------------------
def test_turns_appear_as_they_are_spoken() -> None:
    plan = timeline(request())
    counts = [len(state_at(plan, ms).turns or ()) for ms in range(0, 40_000, 500)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert len(set(counts)) > 4


def test_the_analysis_comes_after_the_end() -> None:
    plan = timeline(request())
    assert state_at(plan, plan.ended_ms).analysis is None
    assert state_at(plan, plan.ended_ms).status == "ended"
    assert state_at(plan, plan.done_ms).analysis is not None


def test_whoever_follows_it_sees_every_moment_and_then_is_let_go() -> None:
    wish, seen = request(), []
    now: datetime | None = NOON
    while now:
        told = at(now).find_call(CallHandle(wish, dialed_at=NOON))
        assert told is not None
        update = told
        seen.append(update.status)
        assert update.ask_again_at is None or update.ask_again_at > now
        now = update.ask_again_at
    assert list(dict.fromkeys(seen)) == ["ringing", "in_progress", "ended"]
    assert update.analysis
    assert update.recording_url.endswith("/recordings/sim_call-1.wav")


def test_speed_shortens_the_wait_and_not_the_talk() -> None:
    plan: Timeline = timeline(request())
    with override_settings(SIMULATOR_SPEED=50.0):
        update = look(request(), plan.done_ms / 1_000 / 50 + 0.1)
    assert update is not None
    assert update.status == "ended"
    assert update.duration_ms == plan.talk_ms > 20_000
    assert update.ended_at is not None
    assert update.ended_at - NOON < timedelta(seconds=3)


def test_it_is_never_asked_more_than_four_times_a_second() -> None:
    with override_settings(SIMULATOR_SPEED=50.0):
        update = look(request(), 0.5)
    assert update is not None
    assert update.ask_again_at is not None
    asked_at = NOON + timedelta(seconds=0.5)
    assert update.ask_again_at - asked_at >= timedelta(seconds=0.25)


def test_hanging_up_ends_the_talk_at_that_moment() -> None:
    hung_up = NOON + timedelta(seconds=30)
    update = look(request("62"), 31, hang_up_requested_at=hung_up)
    assert update is not None
    assert (update.status, update.end_reason) == ("ended", "agent_hangup")
    assert update.end_reason_raw == "manual_stopped"
    assert update.ended_at == hung_up


def test_hanging_up_while_it_rings_connects_nobody() -> None:
    hung_up = NOON + timedelta(seconds=1)
    update = look(request(), 2, hang_up_requested_at=hung_up)
    assert update is not None
    assert (update.status, update.end_reason) == ("not_connected", "canceled")


def test_hanging_up_too_late_changes_nothing() -> None:
    hung_up = NOON + timedelta(hours=1)
    update = look(request(), 4_000, hang_up_requested_at=hung_up)
    assert update is not None
    assert update.end_reason_raw != "manual_stopped"


def test_a_web_call_can_be_joined() -> None:
    update = at(NOON).place_call(request(type="web"))
    assert update.join
    assert update.join["access_token"]
    talking = look(request(type="web"), 20)
    assert talking is not None
    assert talking.turns


# --- Agents, numbers -----------------------------------------------------
def test_it_has_agents_with_versions_and_a_number_of_each_carrier() -> None:
    agents, numbers = at(NOON).list_agents(), at(NOON).list_numbers()
    assert len(agents) == 4
    assert all(len(agent.versions) > 1 for agent in agents)
    assert {number.carrier for number in numbers} == {"twilio", "telnyx", "custom"}
    assert all(check.is_ok for check in at(NOON).check())
