"""What ended is taken into the history, and taken in anew when it changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from calls import digest
from calls.models import Call, CallStatus
from dashboard.models import Workspace
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def make(workspace: Workspace, status: str) -> Call:
    return make_call(make_connection(workspace), status=status)


def test_only_calls_that_are_over_are_stale(workspace: Workspace) -> None:
    over = make(workspace, CallStatus.ENDED)
    make(workspace, CallStatus.IN_PROGRESS)
    assert list(digest.stale()) == [over]


def test_a_call_is_taken_in_once_and_again_when_it_changed(
    workspace: Workspace,
) -> None:
    call = make(workspace, CallStatus.ENDED)
    assert digest.run(timezone.now()) == 1
    assert digest.run(timezone.now()) == 0
    Call.objects.filter(pk=call.pk).update(changed_at=timezone.now())
    assert digest.run(timezone.now()) == 1


def test_a_change_that_comes_meanwhile_is_not_lost(workspace: Workspace) -> None:
    call = make(workspace, CallStatus.ENDED)
    other = make(workspace, CallStatus.ENDED)
    Call.objects.filter(pk=call.pk).update(
        changed_at=call.changed_at + timedelta(seconds=1)
    )
    digest.mark([call, other])
    assert list(digest.stale()) == [call]


def test_a_call_that_cannot_be_taken_in_holds_up_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = (make(workspace, CallStatus.ENDED) for _ in range(2))
    taken: list[Call] = []

    def part(calls: Sequence[Call], now: datetime) -> None:
        taken.extend(calls)
        if broken in calls:
            raise ValueError("Odd.")

    monkeypatch.setattr(digest, "PARTS", (part,))
    assert digest.run(timezone.now()) == 2
    assert taken[-1] == other
    assert digest.run(timezone.now()) == 0
