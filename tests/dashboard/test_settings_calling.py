"""Calling rules on the settings pages: said plainly, checked, and shown in effect."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.test import Client

from dashboard.models import Member, Workspace, usual_fields, usual_phrases
from dashboard.views.settings import effects

ClientOf = Callable[[Member], Client]
ADDRESS = "/settings/calling/"
# A Friday: 22:14 in London, 17:14 in New York, 07:14 on Saturday in Tokyo.
LATE = datetime(2026, 11, 20, 22, 14, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> dict[str, Any]:
    """Return the form as a browser sends it, with everything changed."""
    return {
        "has_calling_hours": "on",
        "calling_days": ["1", "6"],
        "calling_from": "08:30",
        "calling_until": "18:00",
        "attempts_per_day": "3",
        "optout_phrases": "Stop calling me\n\n  Leave me alone \nStop calling me",
        "optout_fields": "opt_out",
    }


def test_an_admin_sets_the_rules(
    admin: Member, client_of: ClientOf, sent: dict[str, Any]
) -> None:
    assert client_of(admin).post(ADDRESS, sent).status_code == 302
    space = Workspace.objects.get()
    assert space.has_calling_hours
    assert space.calling_days == [1, 6]
    assert (space.calling_from, space.calling_until) == (time(8, 30), time(18))
    assert space.attempts_per_day == 3
    assert space.optout_phrases == ["Stop calling me", "Leave me alone"]
    assert space.optout_fields == ["opt_out"]
    entry = space.audit.get()
    assert (entry.action, entry.user) == ("calling rules changed", admin.user)
    assert entry.before["calling_from"] == "09:00"
    assert entry.after["calling_from"] == "08:30"
    assert entry.before["attempts_per_day"] is None
    assert entry.before["optout_fields"] == usual_fields()


def test_the_usual_rules_are_shown_and_sending_them_changes_nothing(
    admin: Member, client_of: ClientOf
) -> None:
    page = client_of(admin).get(ADDRESS)
    form = page.context["form"]
    assert not form["has_calling_hours"].value()
    sent = {
        "calling_days": [str(day) for day in form["calling_days"].value()],
        "calling_from": "09:00",
        "calling_until": "20:00",
        "attempts_per_day": "",
        "optout_phrases": "\n".join(usual_phrases()),
        "optout_fields": "\r\n".join(usual_fields()),
    }
    assert "don&#x27;t call me again" in page.content.decode()
    assert client_of(admin).post(ADDRESS, sent).status_code == 302
    assert not admin.workspace.audit.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"calling_days": []}, "Choose a day at least."),
        ({"calling_days": ["8"]}, "8 is not one of the available choices"),
        ({"calling_until": "08:30"}, "Choose a time later than the first."),
        ({"calling_until": "07:00"}, "Choose a time later than the first."),
        ({"calling_from": "early"}, "Enter a valid time."),
        ({"attempts_per_day": "0"}, "greater than or equal to 1"),
        ({"optout_phrases": "no"}, "“no” is too short: a line has 6 to 80 letters."),
        ({"optout_phrases": "x" * 81}, "is too long: a line has 6 to 80 letters."),
        ({"optout_fields": "ok\nx"}, "“ok” is too short: a line has 3 to 80 letters."),
        ({"optout_phrases": "stop\x00calling"}, "Write plain words"),
        (
            {"optout_phrases": "\n".join(f"phrase {n}" for n in range(101))},
            "Write at most 100 lines.",
        ),
    ],
)
def test_rules_that_cannot_be_kept_are_refused_in_words(
    admin: Member,
    client_of: ClientOf,
    sent: dict[str, Any],
    changes: dict[str, Any],
    words: str,
) -> None:
    answer = client_of(admin).post(ADDRESS, sent | changes)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Workspace.objects.get().has_calling_hours


def test_without_hours_the_days_may_be_empty(
    admin: Member, client_of: ClientOf, sent: dict[str, Any]
) -> None:
    del sent["has_calling_hours"]
    answer = client_of(admin).post(ADDRESS, sent | {"calling_days": []})
    assert answer.status_code == 302


def test_a_manager_reads_the_rules_and_changes_nothing(
    manager: Member, client_of: ClientOf, sent: dict[str, Any]
) -> None:
    page = client_of(manager).get(ADDRESS).content.decode()
    assert "Only an admin may change this." in page
    assert "disabled" in page
    assert client_of(manager).post(ADDRESS, sent).status_code == 403
    assert not Workspace.objects.get().has_calling_hours


# --- What the rules mean -------------------------------------------------------------
def test_the_effect_is_said_for_places_far_apart(workspace: Workspace) -> None:
    workspace.has_calling_hours = True
    assert [
        (row.number, row.clock, row.may_go) for row in effects(workspace, LATE)
    ] == [
        ("+1 201", "17:14 on Friday in New York", True),
        ("+44 20", "22:14 on Friday in London", False),
        ("+81 3", "07:14 on Saturday in Tokyo", False),
    ]


def test_home_comes_first_and_once(workspace: Workspace) -> None:
    workspace.country = "GB"
    rows = effects(workspace, LATE)
    assert [row.clock.rpartition(" in ")[2] for row in rows] == [
        "London",
        "New York",
        "Tokyo",
    ]


def test_the_page_says_what_would_happen_right_now(
    admin: Member, client_of: ClientOf
) -> None:
    page = client_of(admin).get(ADDRESS).content.decode()
    assert page.count("Right now a call to") == 3
    assert "would be refused" not in page


def test_the_effect_follows_what_is_typed_and_keeps_nothing(
    admin: Member, client_of: ClientOf, sent: dict[str, Any]
) -> None:
    part = {"HX-Request": "true", "HX-Target": "effect"}
    # A minute of the night that it is nowhere now: closed everywhere.
    now = datetime.now(tz=UTC)
    days = [str((now.isoweekday() + 3) % 7 + 1)]
    typed = sent | {"calling_days": days}
    words = client_of(admin).get(ADDRESS, typed, headers=part).content.decode()
    assert words.count("would be refused") == 3
    assert "<h1>" not in words
    wrong = client_of(admin).get(ADDRESS, typed | {"calling_days": []}, headers=part)
    assert wrong.status_code == 200
    assert "cannot be kept as they stand" in wrong.content.decode()
    assert not Workspace.objects.get().has_calling_hours
