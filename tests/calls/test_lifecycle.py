"""The one door: forward only, newer facts win, nothing is written twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from agents.providers.base import Analysis, CallUpdate, ToolFacts, TurnFacts
from calls import lifecycle
from calls.models import Call, CallStatus
from calls.models.call import FINAL
from dashboard.models import Workspace
from tests.factories import make_call, make_connection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def call(workspace: Workspace) -> Call:
    return make_call(make_connection(workspace), status=CallStatus.DIALING)


ORDER = [
    "scheduled",
    "queued",
    "dialing",
    "unconfirmed",
    "ringing",
    "in_progress",
    "ended",
]


@pytest.mark.parametrize(("old", "new"), [*product(range(7), range(7))])
def test_a_status_only_moves_forward(old: int, new: int) -> None:
    assert lifecycle.may_become(ORDER[old], ORDER[new]) == (new > old)


@pytest.mark.parametrize(("old", "new"), [*product(FINAL, CallStatus.values)])
def test_a_final_status_is_final(old: str, new: str) -> None:
    assert not lifecycle.may_become(old, new)


def test_an_answer_moves_the_call_and_sets_the_time(call: Call) -> None:
    update = CallUpdate(status="in_progress", occurred_at=at(1), provider_call_id="p1")
    done = lifecycle.apply(call.pk, update, at(2))
    call.refresh_from_db()
    assert (done.before, call.status) == ("dialing", "in_progress")
    assert call.answered_at == at(1)
    assert call.provider_call_id == "p1"


def test_a_late_event_does_not_move_the_call_back(call: Call) -> None:
    lifecycle.apply(call.pk, CallUpdate(status="ended", occurred_at=at(9)), at(9))
    lifecycle.apply(call.pk, CallUpdate(status="ringing", occurred_at=at(1)), at(10))
    call.refresh_from_db()
    assert call.status == "ended"


def test_an_older_fact_fills_a_gap_but_replaces_nothing(call: Call) -> None:
    newer = CallUpdate(status="ended", occurred_at=at(9), duration_ms=9000)
    older = CallUpdate(occurred_at=at(5), duration_ms=5000, recording_url="/r.wav")
    lifecycle.apply(call.pk, newer, at(9))
    lifecycle.apply(call.pk, older, at(10))
    call.refresh_from_db()
    assert (call.duration_ms, call.recording_url) == (9000, "/r.wav")


def test_lines_are_added_as_they_come_and_written_once(call: Call) -> None:
    hello, yes = TurnFacts("agent", "Hello"), TurnFacts("callee", "Yes?")
    lifecycle.apply(call.pk, CallUpdate(turns=(hello,), occurred_at=at(1)), at(1))
    first = call.turns.get()
    lifecycle.apply(call.pk, CallUpdate(turns=(hello, yes), occurred_at=at(2)), at(2))
    assert [turn.text for turn in call.turns.all()] == ["Hello", "Yes?"]
    assert call.turns.first() == first


def test_an_older_telling_does_not_shorten_the_transcript(call: Call) -> None:
    lines = tuple(TurnFacts("agent", f"Line {n}") for n in range(3))
    lifecycle.apply(call.pk, CallUpdate(turns=lines, occurred_at=at(5)), at(5))
    lifecycle.apply(call.pk, CallUpdate(turns=lines[:1], occurred_at=at(1)), at(6))
    assert call.turns.count() == 3


def test_the_same_update_twice_changes_nothing(call: Call) -> None:
    update = CallUpdate(
        status="ended",
        occurred_at=at(1),
        turns=(TurnFacts("agent", "Bye"),),
        tools=(ToolFacts("book"),),
        cost=Decimal("0.25"),
    )
    assert lifecycle.apply(call.pk, update, at(1)).changed
    assert not lifecycle.apply(call.pk, update, at(2)).changed


def test_an_analysis_may_come_after_the_end(call: Call) -> None:
    facts = Analysis("She renewed.", "positive", True, {"plan": "gold"})
    lifecycle.apply(call.pk, CallUpdate(status="ended", occurred_at=at(1)), at(1))
    lifecycle.apply(call.pk, CallUpdate(analysis=facts, occurred_at=at(3)), at(3))
    call.refresh_from_db()
    assert (call.summary, call.successful) == ("She renewed.", True)
    assert call.ask_at is None


def test_an_open_call_is_asked_about_when_it_falls_silent(call: Call) -> None:
    lifecycle.apply(call.pk, CallUpdate(status="ringing", occurred_at=at(0)), at(0))
    call.refresh_from_db()
    assert call.ask_at == at(0) + call.connection.kind.poll_after


def test_a_call_that_waits_can_be_canceled_once(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status=CallStatus.QUEUED)
    assert lifecycle.cancel(call.pk)
    assert not lifecycle.cancel(call.pk)


def test_a_call_at_the_provider_cannot_be_canceled(call: Call) -> None:
    assert not lifecycle.cancel(call.pk)


def test_only_one_of_two_workers_claims_a_call(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status=CallStatus.QUEUED)
    assert lifecycle.claim(call.pk, 0, NOW) == 1
    assert lifecycle.claim(call.pk, 0, NOW) is None


def test_dialing_starts_once_for_an_attempt(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status=CallStatus.QUEUED)
    attempt = lifecycle.claim(call.pk, 0, NOW) or 0
    assert lifecycle.start_dialing(call.pk, attempt, NOW)
    assert not lifecycle.start_dialing(call.pk, attempt, NOW)


def test_a_claim_taken_away_cannot_start_dialing(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status=CallStatus.QUEUED)
    attempt = lifecycle.claim(call.pk, 0, NOW) or 0
    assert lifecycle.requeue(call.pk, attempt, NOW, "", was_asked=False)
    assert not lifecycle.start_dialing(call.pk, attempt, NOW)


def test_a_call_heard_of_is_not_put_back(call: Call) -> None:
    Call.objects.filter(pk=call.pk).update(attempts=1, dialed_at=NOW)
    lifecycle.apply(call.pk, CallUpdate(provider_call_id="p", status="ringing"), NOW)
    assert not lifecycle.requeue(call.pk, 1, NOW, "busy")


def test_imported_calls_are_over() -> None:
    with pytest.raises(ValueError, match="not a final status"):
        lifecycle.imported(status="queued")
