"""Each provider from end to end: two workspaces of a running Switchboard.

Both sides of every provider speak to each other, with real programs, real signatures
and real time; only the conversations are played five times as fast.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import Any

import pytest

from agents.providers.registry import DIALECTS
from tests.calls.desk import CALLER
from tests.calls.journey import (
    ANSWERED,
    BUSY,
    FOUND,
    NEVER,
    House,
    Journey,
    Json,
    launch_all,
    until,
    watch,
)

SLUGS = sorted(DIALECTS)
FORWARD = [
    *("scheduled", "queued", "dialing", "unconfirmed", "ringing", "in_progress"),
]


# --- The journeys --------------------------------------------------------------------
@pytest.fixture(scope="module")
def journeys(house: House) -> dict[str, Journey]:
    """Connect every provider, launch its calls, and watch them until they are over."""
    all_of_them = {
        slug: Journey(house, slug, house.order("connect", slug)) for slug in SLUGS
    }
    launched = threading.Event()
    with ThreadPoolExecutor(1) as lane:
        watching = lane.submit(watch, list(all_of_them.values()), launched)
        for journey in all_of_them.values():
            launch_all(journey)
        launched.set()
        watching.result()
    return all_of_them


@pytest.fixture(params=SLUGS)
def journey(request: pytest.FixtureRequest, journeys: dict[str, Journey]) -> Journey:
    """Return the journey of each provider."""
    return journeys[request.param]


# --- What must be shown --------------------------------------------------------------
def test_the_command_connects_checks_and_syncs(journey: Journey) -> None:
    assert all(check["is_ok"] for check in journey.facts["checks"])
    for what in ("agents", "numbers"):
        counts, again = journey.facts["counts"][what], journey.facts["again"][what]
        assert counts["added"] > 0
        assert again == {
            "added": 0,
            "changed": 0,
            "retired": 0,
            "unchanged": counts["added"],
        }
        assert len(journey.ours(what)["items"]) == counts["added"]


def test_a_call_goes_from_live_to_ended_with_what_was_said(journey: Journey) -> None:
    seen = journey.seen["answered"]
    order = [*FORWARD, "ended"]
    assert set(seen) <= set(order), journey.call("answered")["note"]
    # A start that comes too late is given back: the one step back there is.
    waits = list(takewhile(("queued", "dialing").__contains__, seen))
    went = seen[len(waits) :]
    assert went == sorted(went, key=order.index)
    assert seen[-2:] == ["in_progress", "ended"]
    call = journey.call("answered")
    assert call["duration_ms"] > 0
    assert call["answered_at"] < call["ended_at"]
    assert {turn["role"] for turn in call["transcript"]} >= {"agent", "callee"}


def test_every_parameter_arrives(journey: Journey) -> None:
    ours = journey.call("answered")
    (theirs,) = [c for c in journey.placed(ANSWERED) if c["type"] == "phone"]
    kind = journey.kind
    if kind.has_variables:
        assert ours["variables"].items() <= theirs["variables"].items()
    if kind.has_sip_headers:
        assert theirs["sip_headers"] == ours["sip_headers"]
    if kind.can_carry_reference:
        assert ours["id"] in json.dumps([theirs["metadata"], theirs["external_id"]])
    if kind.has_versions:
        assert theirs["agent"]["version"] == 1
    arrived = json.dumps([theirs["overrides"], theirs["variables"]])
    for value in leaves(ours["overrides"]):
        assert str(value) in arrived or json.dumps(value) in arrived
    assert theirs["from_number"]
    assert theirs["agent"]["name"] == ours["agent"]["name"]


def leaves(value: Any) -> Iterator[Any]:
    """Yield what stands at the ends of a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    else:
        yield value


def test_a_lost_reply_is_found_without_a_second_call(journey: Journey) -> None:
    seen = journey.seen["found"]
    assert "unconfirmed" in seen
    assert seen[-1] == "ended"
    (theirs,) = journey.placed(FOUND)
    assert theirs["status"] == "ended"
    assert journey.call("found")["transcript"]


def test_a_call_that_never_was_is_lost_and_not_dialled_again(journey: Journey) -> None:
    assert "unconfirmed" in journey.seen["never"]
    done = journey.house.order("hurry", journey.calls["never"])
    assert (done["status"], done["end_reason"]) == ("failed", "lost")
    assert journey.placed(NEVER) == []


def test_a_busy_provider_is_tried_until_it_takes_the_call(journey: Journey) -> None:
    assert journey.seen["busy"][-1] == "ended"
    assert len(journey.placed(BUSY)) == 1


def test_no_call_of_ours_appears_twice(journey: Journey) -> None:
    ours = journey.ours("calls?direction=outbound")["items"]
    assert {call["id"] for call in ours} == set(journey.calls.values())


def test_a_web_call_can_be_joined(journey: Journey) -> None:
    if not journey.kind.has_web_calls:
        assert "web" not in journey.calls
        return
    call = journey.call("web")
    assert (call["type"], call["status"]) == ("web", "ended")
    assert call["join"]


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_an_agent_is_bound_at_the_provider_or_here(
    journey: Journey, direction: str
) -> None:
    done = journey.house.order("bind", journey.slug, direction)
    if "refused" in done:
        assert journey.kind.picks_caller
        assert journey.kind.label in done["refused"]
        return
    is_told = getattr(journey.kind, f"can_bind_{direction}")
    ours, theirs = (
        bound(ask, done, direction) for ask in (journey.ours, journey.theirs)
    )
    assert ours == done["agent"]
    assert theirs == (done["agent"] if is_told else done["before"])
    assert done["kept"] == ("" if is_told else "kept by Switchboard")


def bound(ask: Callable[[str], Any], done: Json, direction: str) -> str:
    """Return the name of the agent that a workspace has on a number."""
    (row,) = [n for n in ask("numbers")["items"] if n["number"] == done["number"]]
    agent = row[f"{direction}_agent"]
    return str(agent["name"]) if agent else ""


def test_an_inbound_call_appears_with_its_caller(journey: Journey) -> None:
    rang = journey.house.order("ring_in", journey.slug)

    def appeared() -> Json | None:
        calls = journey.ours("calls?direction=inbound")["items"]
        call = journey.ours(f"calls/{calls[0]['id']}") if calls else None
        return call if call and call["transcript"] and call["ended_at"] else None

    call = until(appeared)
    assert call["from_number"] == CALLER
    assert call["contact_id"]
    assert call["agent"]["name"] == rang["agent"]
    assert call["status"] == "ended"
    assert len(journey.ours("calls?direction=inbound")["items"]) == 1
