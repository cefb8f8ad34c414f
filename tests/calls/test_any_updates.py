"""Whatever is told of a call, in whatever order: it never moves back, and is kept."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.providers.base import Account, Analysis, CallUpdate, ToolFacts, TurnFacts
from calls import lifecycle
from calls.lifecycle import Applied
from calls.models import Call, CallStatus
from calls.models.call import FINAL
from tests.agents.providers.contract.stages import SLUGS, stage_of
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPEN = ["scheduled", "queued", "dialing", "unconfirmed", "ringing", "in_progress"]
quick = settings(
    deadline=None,
    max_examples=settings.get_profile("untimed").max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# --- Any update ----------------------------------------------------------------------
seconds = st.integers(-60, 60).map(lambda n: NOW + timedelta(seconds=n))
maybe_then = st.none() | seconds
words = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20)
statuses = st.sampled_from(["", *OPEN[2:], *FINAL])
turns = st.lists(
    st.builds(
        TurnFacts,
        role=st.sampled_from(["agent", "callee", "other"]),
        text=words,
        start_ms=st.none() | st.integers(0, 90_000),
    ),
    max_size=4,
).map(tuple)
tools = st.lists(st.builds(ToolFacts, name=words, result=words), max_size=2).map(tuple)
updates = st.builds(
    CallUpdate,
    provider_call_id=st.sampled_from(["", "p1", "p2"]),
    other_call_id=st.sampled_from(["", "o1"]),
    occurred_at=maybe_then,
    status=statuses,
    status_raw=words,
    ringing_at=maybe_then,
    answered_at=maybe_then,
    ended_at=maybe_then,
    duration_ms=st.none() | st.integers(0, 10**6),
    answered_by=st.sampled_from(["", "human", "machine", "unknown"]),
    end_reason=st.sampled_from(["", "other", "busy", "user_hangup"]),
    turns=st.none() | turns,
    tools=st.none() | tools,
    analysis=st.none() | st.builds(Analysis, summary=words),
    cost=st.none() | st.integers(0, 9999).map(lambda n: Decimal(n) / 100),
    recording_url=st.sampled_from(["", "https://example.com/r.mp3"]),
    ask_again_at=maybe_then,
)


def rank(status: str) -> int:
    """Return how far on its way a call of this status is."""
    return len(OPEN) if status in FINAL else OPEN.index(status)


def check_forward(applied: list[Applied]) -> None:
    """Fail when one of the steps, in order, led a call back or out of its end."""
    before = applied[0].before if applied else ""
    for done in applied:
        assert rank(done.before) >= rank(before)
        assert done.before == before or before not in FINAL
        before = done.before


def make_open(status: str) -> Call:
    """Make a call of a connection of its own, so that no id is taken."""
    return make_call(make_connection(make_workspace()), status=status, dialed_at=NOW)


@quick
@given(
    status=st.sampled_from([*OPEN, *FINAL]),
    groups=st.lists(st.lists(updates, min_size=1, max_size=4), min_size=1, max_size=4),
)
def test_no_sequence_of_updates_moves_a_call_back(
    status: str, groups: list[list[CallUpdate]]
) -> None:
    call = make_open(status)
    seen, lines = status, 0
    for group in groups:
        check_forward(lifecycle.apply_all([(call.pk, told) for told in group], NOW))
        call.refresh_from_db()
        assert rank(call.status) >= rank(seen)
        assert call.status == seen or seen not in FINAL
        assert call.turns.count() >= lines
        seen, lines = call.status, call.turns.count()


@quick
@given(told=st.lists(updates, min_size=1, max_size=4))
def test_what_was_told_changes_nothing_when_told_again(told: list[CallUpdate]) -> None:
    call = make_open("dialing")
    lifecycle.apply_all([(call.pk, update) for update in told], NOW)
    assert not lifecycle.apply(call.pk, told[-1], NOW).changed


@quick
@given(
    told=st.permutations(
        [
            CallUpdate(status=status, occurred_at=NOW + timedelta(seconds=second))
            for second, status in enumerate(["ringing", "in_progress", "ended"])
        ]
    ),
    twice=st.booleans(),
)
def test_in_any_order_a_call_ends_as_it_ended(
    told: list[CallUpdate], twice: bool
) -> None:
    call = make_open("dialing")
    for update in told * (1 + twice):
        lifecycle.apply(call.pk, update, NOW)
    call.refresh_from_db()
    assert (call.status, call.ended_at) == ("ended", NOW + timedelta(seconds=2))


# --- What each provider tells --------------------------------------------------------
ODD: Any = st.sampled_from(
    [None, "", "x" * 5000, "a\x00b", "\ud800", -1, 2**63, 0.5, [], {}, [{}], True]
)


def bent(data: st.DataObject, payload: Any) -> Any:
    """Return a webhook with odd things in some of the fields about the call."""
    copy = deepcopy(payload)
    holders = [copy, *(part for part in copy.values() if isinstance(part, dict))]
    for _ in range(data.draw(st.integers(0, 3))):
        holder = data.draw(st.sampled_from(holders))
        if holder:
            holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(ODD)
    return json.loads(json.dumps(copy))


@pytest.mark.parametrize("slug", SLUGS)
@quick
@given(data=st.data())
def test_no_webhooks_of_a_provider_move_a_call_back(
    slug: str, data: st.DataObject
) -> None:
    stage = stage_of(slug)
    provider = stage.client(Account("", stage.credentials))
    payloads = [event.payload for event in stage.events.values()]
    chosen = data.draw(st.lists(st.sampled_from(payloads), min_size=1, max_size=6))
    told = [
        update
        for payload in chosen
        for update in provider.parse_webhook(bent(data, payload), NOW)
    ]
    call = make_open(CallStatus.DIALING)
    check_forward(lifecycle.apply_all([(call.pk, update) for update in told], NOW))
    call.refresh_from_db()
    assert rank(call.status) >= rank("dialing")
    call.clean_fields(exclude=JSONS)


# Empty ones count as blank for a form, and are what a new row holds.
JSONS = [
    *("variables", "overrides", "sip_headers", "metadata", "evidence", "latency"),
    *("analysis", "join", "cost_parts"),
]
