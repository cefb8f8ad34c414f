"""Filling a workspace with calls that are over."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from agents import sync
from calls.models import ToolCall, Turn
from calls.models.call import FINAL
from calls.moments import OVER, moments_of
from dashboard.models import Workspace
from tests.factories import make_connection, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def stocked(workspace: Workspace) -> Any:
    """Return a workspace with agents on numbers and contacts."""
    sync.sync(make_connection(workspace))
    for digits in ("00", "01", "02", "50", "57"):
        make_contact(workspace, number=f"+141555501{digits}", name="Jamie Doe")
    return workspace


def fill(*args: str) -> str:
    out = StringIO()
    call_command("fill", "--workspace", "acme", *args, stdout=out)
    return out.getvalue()


def test_it_writes_that_many_calls_that_are_over(stocked: Any) -> None:
    told = json.loads(fill("--calls", "60", "--json"))
    assert told["calls"] == stocked.calls.count() == 60
    assert told["turns"] == Turn.objects.count() > 100
    assert ToolCall.objects.exists()
    assert {call.status for call in stocked.calls.all()} <= set(FINAL)


def test_calls_lie_in_the_last_days_and_in_the_past(stocked: Any) -> None:
    fill("--calls", "60", "--days", "3")
    now = timezone.now()
    for call in stocked.calls.all():
        assert now - timedelta(days=4) < call.created_at < now - OVER
        assert call.ended_at
        assert call.created_at <= call.ended_at <= now


def test_calls_are_those_of_the_workspace(stocked: Any) -> None:
    fill("--calls", "40")
    for call in stocked.calls.select_related("agent", "phone_number", "contact"):
        assert call.agent
        assert call.phone_number
        assert call.contact
        assert call.other_number == call.contact.number


def test_a_special_number_does_what_it_always_does(stocked: Any) -> None:
    stocked.contacts.exclude(number="+14155550150").delete()
    fill("--calls", "5")
    reasons = set(stocked.calls.values_list("status", "end_reason"))
    assert reasons == {("not_connected", "busy")}


def test_it_says_in_words_what_is_missing(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match="no number with an agent"):
        fill("--calls", "5")
    sync.sync(make_connection(workspace))
    with pytest.raises(CommandError, match="no contacts"):
        fill("--calls", "5")


def test_moments_are_in_order_and_mostly_in_office_hours(workspace: Workspace) -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    moments = list(moments_of(workspace, 300, 14, now, Random(1)))
    assert len(moments) == 300
    assert moments == sorted(moments)
    assert sum(8 <= moment.hour < 18 for moment in moments) > 250
