"""Tests of the wire that more than one provider speaks: which events, which words."""

from typing import Any

import pytest

from agents.providers.base import BindingFacts, WishRefused
from agents.providers.voicewire import shares, telling, words
from tests.agents.providers.records import make_record

REASONS = words.Reasons(words.REASONS, words.THEIR_REASONS)


# --- Events --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "status", "changed", "events"),
    [
        ("queued", "dialing", {"status"}, []),
        ("dialing", "ringing", {"status"}, []),
        ("ringing", "in_progress", {"status"}, ["call_started"]),
        ("in_progress", "in_progress", {"turns"}, ["transcript_updated"]),
        ("in_progress", "ended", {"status"}, ["call_ended"]),
        ("ended", "ended", {"summary"}, ["call_analyzed"]),
        ("ended", "ended", {"cost"}, []),
        ("in_progress", "ended", {"summary"}, ["call_ended", "call_analyzed"]),
        ("ringing", "not_connected", {"status"}, ["call_ended", "call_analyzed"]),
        ("queued", "canceled", {"status"}, ["call_ended", "call_analyzed"]),
        ("queued", "failed", {"status"}, ["call_ended", "call_analyzed"]),
        ("dialing", "ended", {"status"}, ["call_started", "call_ended"]),
        (
            "dialing",
            "ended",
            {"turns"},
            ["call_started", "transcript_updated", "call_ended"],
        ),
    ],
)
def test_a_change_gives_its_events(
    before: str, status: str, changed: set[str], events: list[str]
) -> None:
    assert telling.events(before, status, changed) == events
    assert set(events) <= set(telling.EVENTS)


def test_an_endpoint_that_chose_nothing_gets_the_defaults() -> None:
    assert telling.is_wanted("call_ended", [])
    assert not telling.is_wanted("transcript_updated", [])
    assert telling.is_wanted("transcript_updated", ["transcript_updated"])
    assert telling.is_terminal("call_analyzed")
    assert not telling.is_terminal("call_started")


# --- Words ---------------------------------------------------------------------------
def test_every_word_we_say_is_one_we_know() -> None:
    assert set(words.THEIR_REASONS.values()) <= set(words.REASONS)
    assert set(words.THEIR_OTHER.values()) <= set(words.REASONS)
    assert set(words.THEIR_STATUSES.values()) == set(words.STATUSES)
    ours = [status for row in words.OUR_STATUSES.values() for status in row]
    assert sorted(ours) == sorted(words.THEIR_STATUSES)


@pytest.mark.parametrize(
    ("status", "reason", "raw", "word"),
    [
        ("in_progress", "user_hangup", "", ""),
        ("ended", "user_hangup", "inactivity", "inactivity"),
        ("ended", "user_hangup", "moon_phase", "user_hangup"),
        ("ended", "other", "", ""),
        ("not_connected", "other", "", "dial_failed"),
        ("failed", "other", "", "error_unknown"),
        ("ended", "", "", ""),
    ],
)
def test_an_end_has_a_word_where_there_is_one(
    status: str, reason: str, raw: str, word: str
) -> None:
    assert REASONS.said(status, reason, raw) == word


def test_what_is_not_known_is_absent() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("answered_at", "ended_at", "duration_ms", "cost", "latency")
    )
    record = make_record("failed", end_reason="", recording_url="", **nothing)
    assert telling.end(record, REASONS) == {}
    assert "start_timestamp" not in telling.start(record, "variables")
    assert telling.start(record, "variables")["variables"] == {"plan": "Pro"}


# --- Who is bound --------------------------------------------------------------------
def test_the_agent_with_the_most_weight_is_the_one() -> None:
    light, heavy = {"agent_id": "a", "weight": 0.2}, {"agent_id": "b", "weight": 0.8}
    assert shares.heaviest([light, heavy]) is heavy
    odd = {"agent_id": "c", "weight": float("nan")}
    assert shares.heaviest([odd, {"agent_id": "d", "weight": "9"}]) is odd
    both = BindingFacts("b", None, (light, heavy))
    assert shares.shares(both) == [light, heavy]


@pytest.mark.parametrize(
    ("bound", "rows"),
    [
        (BindingFacts(), []),
        (BindingFacts("a"), [{"agent_id": "a", "weight": 1}]),
        (BindingFacts("a", 0), [{"agent_id": "a", "weight": 1, "agent_version": 0}]),
    ],
)
def test_one_agent_has_all_the_weight(
    bound: BindingFacts, rows: list[dict[str, Any]]
) -> None:
    assert shares.shares(bound) == rows
    assert shares.wanted({"bound": rows}, "bound") == rows


def weights(*values: Any) -> list[dict[str, Any]]:
    """Return the rows of agents with these weights."""
    return [{"agent_id": f"a{n}", "weight": w} for n, w in enumerate(values)]


@pytest.mark.parametrize("values", [(0.5, 0.5), (0.33, 0.33, 0.33), (0.7, 0.2, 0.1)])
def test_several_agents_share_a_number_by_their_weights(values: Any) -> None:
    rows = weights(*values)
    assert shares.wanted({"inbound_agents": rows}, "inbound_agents") == rows


@pytest.mark.parametrize(
    "odd",
    [
        *("a", 7, ["a"], [{"agent_id": "a"}] * 2, [{"agent_id": "a"}, 7]),
        *([{"weight": 1}], [{"agent_id": 7, "weight": 1}]),
        *(weights(*w) for w in [(0.5, 0.6), (1, 0), (1.5, -0.5), (0.5, "0.5")]),
    ],
)
def test_what_no_agents_can_share_is_refused(odd: Any) -> None:
    with pytest.raises(WishRefused, match=r"inbound_agents|agent_id"):
        shares.wanted({"inbound_agents": odd}, "inbound_agents")
