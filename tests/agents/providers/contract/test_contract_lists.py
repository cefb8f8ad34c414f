"""The contract, as far as lists go: finding an unclear dial, and all calls by pages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.providers.base import (
    CallUpdate,
    Page,
    Provider,
    ProviderUnclear,
)
from tests.agents.providers.conftest import Wire
from tests.agents.providers.contract import keeping
from tests.agents.providers.contract.playing import (
    check_ask,
    find,
    play,
)
from tests.agents.providers.contract.stage import (
    DIALED_AT,
    OTHER_NUMBER,
    OTHER_REFERENCE,
    Listed,
    Stage,
    reply,
)

SECONDS = timedelta(seconds=1)


# --- Finding -------------------------------------------------------------------------
OURS = Listed(id="7001")
# One thing of each keeps it from being ours, whether a reference is carried or not.
STRANGERS = {
    "nobody": (),
    "another number": (replace(OURS, reference="", to_number=OTHER_NUMBER),),
    "another agent": (replace(OURS, reference="", agent_id="999"),),
    "inbound": (replace(OURS, reference="", direction="inbound"),),
    "long before": (
        replace(OURS, reference="", started_at=DIALED_AT - timedelta(minutes=30)),
    ),
    "several": tuple(
        Listed(id=str(7100 + n), reference="", to_number=f"+1213777{2000 + n}")
        for n in range(5)
    ),
}


def test_an_unclear_dial_is_found(stage: Stage, provider: Provider, wire: Wire) -> None:
    stranger = Listed(id="7002", reference=OTHER_REFERENCE, to_number=OTHER_NUMBER)
    update = find(stage, provider, wire, stranger, OURS)
    alone = find(stage, provider, wire, OURS)
    assert update and alone
    assert update.provider_call_id == alone.provider_call_id
    keeping.check(update)
    assert not dials_of_find(stage, wire)


def dials_of_find(stage: Stage, wire: Wire) -> list[str]:
    """Return what was asked of the dialling addresses."""
    places = [stage.place, stage.place_plain, stage.place_web]
    what = {place.ask.what for place in places if place}
    asked = [f"{r.method} {r.url.path}" for r in wire.asked]
    return [line for line in asked if line in what]


@pytest.mark.parametrize("who", sorted(STRANGERS))
def test_other_peoples_calls_are_never_ours(
    stage: Stage, provider: Provider, wire: Wire, who: str
) -> None:
    assert find(stage, provider, wire, *STRANGERS[who]) is None


def test_another_reference_is_another_call(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    if provider.can_carry_reference:
        other = replace(OURS, reference=OTHER_REFERENCE)
        assert find(stage, provider, wire, other) is None


def test_a_call_that_is_anothers_is_not_found_again(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    if provider.can_carry_reference:
        return
    update = find(stage, provider, wire, OURS)
    assert update is not None
    taken = update.provider_call_id
    assert find(stage, provider, wire, OURS, taken=taken) is None
    second = replace(OURS, id="7003")
    left = find(stage, provider, wire, OURS, second, taken=taken)
    assert left is not None
    assert left.provider_call_id != taken


def test_of_two_calls_that_may_be_ours_none_is_guessed(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    if provider.can_carry_reference:
        return
    second = replace(OURS, id="7003", started_at=DIALED_AT + 2 * SECONDS)
    with pytest.raises(ProviderUnclear, match="person"):
        find(stage, provider, wire, OURS, second)


def test_a_clock_that_differs_a_little_does_not_hide_a_call(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    early = replace(OURS, started_at=DIALED_AT - 30 * SECONDS)
    assert find(stage, provider, wire, early) is not None


# --- Listing -------------------------------------------------------------------------
def test_calls_are_listed_by_pages_to_the_end(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    pages = stage.pages
    play(wire, pages.scene)
    cursor, seen = "", []
    for ask in pages.asks:
        page: Page[CallUpdate] = provider.list_calls(pages.since, cursor)
        check_ask(stage, wire.asked[-1], ask)
        seen.append(tuple(update.provider_call_id for update in page.items))
        for update in page.items:
            keeping.check(update)
        cursor = page.next
        assert bool(cursor) == (len(seen) < 3)
    assert tuple(seen) == pages.ids
    assert len(wire.asked) == 3


def test_a_list_that_is_none_is_unclear(
    stage: Stage, provider: Provider, wire: Wire
) -> None:
    for answer in ({}, "ok", {"message": "hello"}):
        play(wire, {what: reply(200, answer) for what in stage.pages.scene})
        with pytest.raises(ProviderUnclear):
            provider.list_calls(stage.pages.since)
