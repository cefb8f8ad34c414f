"""Each change of a call is kept with who told us."""

from typing import Any

import pytest
from django.utils import timezone

from agents.providers.base import CallUpdate, TurnFacts
from calls import changes, lifecycle
from calls.models import Call, CallStatus, ToldBy
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def call() -> Call:
    fields: dict[str, Any] = {"dialed_at": timezone.now(), "provider_call_id": "c1"}
    connection = make_connection(make_workspace())
    return make_call(connection, status=CallStatus.DIALING, **fields)


def told(call: Call) -> list[tuple[str, str, str]]:
    rows = call.changes.all()
    return [(row.told_by, row.status_before, row.status_after) for row in rows]


def test_an_update_is_kept_with_its_source_and_what_it_changed(call: Call) -> None:
    ended = CallUpdate(status=CallStatus.ENDED, end_reason="user_hangup")
    lifecycle.apply(call.pk, ended, timezone.now(), changes.REPLY)
    row = call.changes.get()
    assert (row.told_by, row.status_after) == (ToldBy.REPLY, CallStatus.ENDED)
    assert "end_reason" in row.fields


def test_news_without_news_is_no_change(call: Call) -> None:
    same = CallUpdate(provider_call_id="c1")
    lifecycle.apply(call.pk, same, timezone.now())
    assert told(call) == []


def test_what_we_did_ourselves_says_why(call: Call) -> None:
    lifecycle.unclear(call.pk, "No answer came.", timezone.now())
    lifecycle.fail(call.pk, "lost", "provider", "Nobody knows it.")
    assert told(call) == [
        (ToldBy.US, CallStatus.DIALING, CallStatus.UNCONFIRMED),
        (ToldBy.US, CallStatus.UNCONFIRMED, CallStatus.FAILED),
    ]
    assert [row.note for row in call.changes.all()] == [
        "No answer came.",
        "Nobody knows it.",
    ]


def test_what_a_person_corrected_stays_when_the_provider_says_otherwise(
    call: Call,
) -> None:
    Call.objects.filter(pk=call.pk).update(
        answered_by="human", answered_by_heard="unknown"
    )
    lifecycle.apply(call.pk, CallUpdate(answered_by="machine"), timezone.now())
    call.refresh_from_db()
    assert (call.answered_by, call.answered_by_heard) == ("human", "machine")


def test_an_erased_transcript_does_not_come_back(call: Call) -> None:
    Call.objects.filter(pk=call.pk).update(transcript_erased_at=timezone.now())
    said = CallUpdate(turns=(TurnFacts(role="agent", text="Hello"),))
    lifecycle.apply(call.pk, said, timezone.now())
    assert not call.turns.exists()
