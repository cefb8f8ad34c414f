"""The small pieces of the look."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from calls.models import Call
from dashboard.templatetags import ui

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=4, seconds=50), "4 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=26), "Yesterday"),
        (timedelta(days=8), "12 Nov"),
        (timedelta(days=400), "16 Oct 2025"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=-25), "Tomorrow"),
    ],
)
def test_distance_is_said_in_words(before: timedelta, words: str) -> None:
    assert ui.distance(NOW - before, NOW) == words


def test_ago_holds_the_exact_moment() -> None:
    written = ui.ago(timezone.now() - timedelta(minutes=4, seconds=1))
    assert written.startswith('<time datetime="2')
    assert written.endswith(">4 min ago</time>")


def test_when_says_the_day_in_the_viewers_zone() -> None:
    with timezone.override("Asia/Kolkata"):
        noon = timezone.localtime().replace(hour=12, minute=5)
        assert ui.when(noon) == "Today 12:05"
        assert ui.when(noon - timedelta(days=1)) == "Yesterday 12:05"


@pytest.mark.parametrize(
    ("ms", "words"),
    [(None, ""), (0, "0:00"), (193_999, "3:13"), (3_723_000, "1:02:03")],
)
def test_clock(ms: int | None, words: str) -> None:
    assert ui.clock(ms) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (None, "USD", ""),
        (Decimal(0), "USD", "$0.00"),
        (Decimal("0.37"), "USD", "$0.37"),
        (Decimal("0.0042"), "USD", "$0.0042"),
        (Decimal("1318.4"), "EUR", "€1,318.40"),
        (Decimal(2), "SEK", "2.00 SEK"),
        (Decimal("0.07"), "XXX", "0.07"),
    ],
)
def test_money(amount: Decimal | None, currency: str, words: str) -> None:
    assert ui.money(amount, currency) == words


def test_numbers_are_written_with_spaces() -> None:
    assert ui.pretty_number("+14155550142") == "+1 415 555 0142"
    assert ui.pretty_number("334") == "334"
    assert ui.pretty_number(None) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maria Alvarez", "MA"),
        ("Jean (Jo) van Dam", "JD"),
        ("Ava", "AV"),
        ("+1 415 555 0142", "42"),
        ("", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_hue_stays_the_same_and_in_range() -> None:
    hues = {ui.hue(f"name {number}") for number in range(60)}
    assert hues == set(range(6))
    assert ui.hue("Maria") == ui.hue("Maria")


@pytest.mark.parametrize(
    ("facts", "badge"),
    [
        ({"status": "scheduled"}, ("", "Scheduled")),
        ({"status": "queued"}, ("", "Queued")),
        ({"status": "dialing"}, ("info", "Dialing")),
        ({"status": "unconfirmed"}, ("warning", "Not sure it went out")),
        ({"status": "ringing"}, ("info", "Ringing")),
        ({"status": "in_progress"}, ("live", "In progress")),
        ({"status": "ended", "end_reason": "user_hangup"}, ("success", "Conversation")),
        ({"status": "ended", "answered_by": "machine"}, ("", "Voicemail")),
        ({"status": "ended", "end_reason": "voicemail"}, ("", "Voicemail")),
        ({"status": "ended", "end_reason": "transferred"}, ("info", "Transferred")),
        ({"status": "not_connected", "end_reason": "busy"}, ("", "Busy")),
        ({"status": "not_connected", "end_reason": "other"}, ("", "Not connected")),
        ({"status": "failed", "end_reason": "busy"}, ("danger", "Failed")),
        ({"status": "canceled"}, ("", "Canceled")),
    ],
)
def test_the_words_of_a_status(facts: dict[str, Any], badge: tuple[str, str]) -> None:
    assert ui.status_words(Call(**facts)) == badge


def test_the_badge_is_markup() -> None:
    badge = ui.status(Call(status="failed"))
    assert badge == '<span class="badge danger">Failed</span>'
