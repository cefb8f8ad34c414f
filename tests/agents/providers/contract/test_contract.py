"""The contract: every provider, through every scene of its stage.

What a provider's words are stands in `<slug>.py`; what must come of them stands here.
"""

from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from agents.providers.base import (
    LaunchWish,
    Overrides,
    Provider,
    ProviderBusy,
    ProviderRefused,
    ProviderUnclear,
)
from tests.agents.providers.conftest import Wire
from tests.agents.providers.contract import keeping
from tests.agents.providers.contract.playing import (
    LOST,
    check_place,
    check_told,
    dials,
    fetch,
    play,
)
from tests.agents.providers.contract.stage import (
    FROM,
    ODD_WORD,
    REFERENCE,
    TO,
    Stage,
    reply,
)
from tests.agents.providers.contract.stages import MISSING

STATES = {
    "dialing": ("ringing", ""),
    "in_progress": ("in_progress", ""),
    "ended": ("ended", ""),
    "busy": ("not_connected", "busy"),
    "no_answer": ("not_connected", "no_answer"),
}
UNITS = {"duration_ms": int, "ended_at": datetime, "cost": Decimal}


# --- Every provider has a stage ------------------------------------------------------
def test_every_provider_has_a_stage() -> None:
    assert not MISSING


# --- Placing -------------------------------------------------------------------------
def test_a_full_wish_is_sent_in_exactly_their_words(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    check_place(stage, provider, wire, stage.place)


def test_a_plain_wish_sends_no_empty_fields(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    check_place(stage, provider, wire, stage.place_plain)


def test_a_web_call_tells_how_to_join(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    assert (stage.place_web is not None) == provider.has_web_calls
    if stage.place_web:
        check_place(stage, provider, wire, stage.place_web)
        assert stage.place_web.told["type"] == "web"
        assert stage.place_web.told["join"]


def test_the_stage_uses_everything_the_facts_promise(
    stage: Stage, provider: Provider
) -> None:
    wish = stage.place.request
    assert bool(wish.variables) == provider.has_variables
    assert bool(wish.sip_headers) == provider.has_sip_headers
    has_some = provider.has_overrides or provider.has_raw_fields
    assert (wish.overrides != Overrides()) == has_some
    assert bool(wish.trunk_name) == provider.has_trunks
    assert (wish.from_number == FROM) == (not provider.picks_caller)
    assert (wish.agent_version is not None) == provider.has_versions
    for each in (stage.place, stage.place_plain):
        assert (each.request.reference, each.request.to_number) == (REFERENCE, TO)


@pytest.mark.parametrize("how", sorted(LOST))
def test_a_lost_reply_is_unclear_and_asked_for_once(
    stage: Stage, provider: Provider, wire: Wire, how: str
) -> None:
    play(wire, stage.place.scene, {stage.place.ask.what: LOST[how]})
    with pytest.raises(ProviderUnclear):
        provider.place_call(stage.place.request)
    assert len(dials(wire)) == 1


def test_an_answer_without_an_id_is_unclear(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    assert stage.unclear
    for name, answer in stage.unclear.items():
        wire.asked.clear()
        play(wire, stage.place.scene, {stage.place.ask.what: answer})
        with pytest.raises(ProviderUnclear):
            pytest.fail(f"{name}: {provider.place_call(stage.place.request)}")
        assert len(dials(wire)) == 1, name


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_a_refused_connection_placed_nothing(
    stage: Stage, provider: Provider, wire: Wire, error: type[httpx.TransportError]
) -> None:
    play(wire, stage.place.scene, {stage.place.ask.what: error("refused")})
    with pytest.raises(ProviderBusy) as caught:
        provider.place_call(stage.place.request)
    assert caught.value.status == 0
    assert len(dials(wire)) == 1


def test_each_error_of_the_sheet_is_refused_in_our_word(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    assert stage.refusals
    for name, refusal in stage.refusals.items():
        wire.asked.clear()
        play(wire, stage.place.scene, {stage.place.ask.what: refusal.answer})
        with pytest.raises(ProviderRefused) as caught:
            pytest.fail(f"{name}: {provider.place_call(stage.place.request)}")
        assert caught.value.code == refusal.code, name
        assert refusal.words in caught.value.message, name
        assert len(dials(wire)) == 1, name


@pytest.mark.parametrize(("header", "wait"), [({}, None), ({"Retry_After": "7"}, 7.0)])
def test_too_many_requests_placed_nothing(
    stage: Stage, provider: Provider, wire: Wire, header: dict[str, str], wait: Any
) -> None:
    busy = reply(429, stage.busy_body, **header)
    play(wire, stage.place.scene, {stage.place.ask.what: busy})
    with pytest.raises(ProviderBusy) as caught:
        provider.place_call(stage.place.request)
    assert (caught.value.status, caught.value.retry_after) == (429, wait)
    assert len(dials(wire)) == 1


def test_what_cannot_be_honoured_is_said_by_its_field(
    stage: Stage, provider: Provider
) -> None:
    for field, wish in stage.wishes_refused.items():
        named, why = provider.refuse_wish(wish)
        assert (named, why.endswith(".")) == (field, True), (named, why)


def test_the_full_wish_is_not_refused(stage: Stage, provider: Provider) -> None:
    shared = {f.name for f in fields(LaunchWish)}
    request = stage.place.request
    names = [f.name for f in fields(request) if f.name in shared]
    wish = LaunchWish(**{name: getattr(request, name) for name in names})
    assert provider.refuse_wish(wish) == ("", "")


# --- Asking --------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(STATES))
def test_a_call_is_fetched_in_each_state(
    stage: Stage, provider: Provider, wire: Wire, name: str
) -> None:
    assert (name in stage.states) != (name in stage.never_told), name
    if name not in stage.states:
        return
    state = stage.states[name]
    update = fetch(stage, provider, wire, state.scene)
    check_told(update, state.told)
    status, reason = STATES[name]
    assert update.status == status
    if reason:
        assert update.end_reason == reason
    assert update.status_raw


def test_units_are_ours(stage: Stage, provider: Provider, wire: Wire) -> None:
    ended = stage.states["ended"]
    update = fetch(stage, provider, wire, ended.scene)
    for name, kind in UNITS.items():
        if name not in stage.never_told:
            assert name in ended.told
            assert isinstance(getattr(update, name), kind), name
    keeping.check(update)


def test_states_without_words_are_explained(stage: Stage) -> None:
    for name, why in stage.never_told.items():
        assert name in {*STATES, *UNITS}
        assert why.strip()
    assert {"in_progress", "ended"} <= set(stage.states)


def test_an_unknown_call_is_none(stage: Stage, provider: Provider, wire: Wire) -> None:
    assert fetch(stage, provider, wire, stage.unknown_call) is None


def test_an_unknown_status_word_is_kept_and_says_nothing(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    update = fetch(stage, provider, wire, stage.unknown_status)
    assert (update.status, update.status_raw.lower()) == ("", ODD_WORD)


@pytest.mark.parametrize("how", ["no answer in time", "500", "not JSON", "an array"])
def test_a_fetch_without_an_answer_says_nothing_of_the_call(
    stage: Stage, provider: Provider, wire: Wire, how: str
) -> None:
    scene = {what: LOST[how] for what in stage.states["ended"].scene}
    with pytest.raises(ProviderUnclear):
        fetch(stage, provider, wire, scene)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_may_not_ask_is_not_an_unknown_call(
    stage: Stage, provider: Provider, wire: Wire, status: int
) -> None:
    scene = {what: reply(status, {}) for what in stage.states["ended"].scene}
    with pytest.raises(ProviderRefused):
        fetch(stage, provider, wire, scene)
