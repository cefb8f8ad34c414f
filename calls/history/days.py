"""Days as a workspace has them: where each begins, and the presets of the date filter."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dashboard.models import Workspace

DAY = timedelta(days=1)
PRESETS: list[tuple[str, str]] = [
    ("today", "Today"),
    ("yesterday", "Yesterday"),
    ("week", "Last 7 days"),
    ("month", "Last 30 days"),
    ("quarter", "Last 90 days"),
    ("this_month", "This month"),
    ("last_month", "Last month"),
]
BACK = {"today": 1, "week": 7, "month": 30, "quarter": 90}


def today(workspace: Workspace, now: datetime) -> date:
    """Return the day it is where the workspace is."""
    return now.astimezone(ZoneInfo(workspace.timezone)).date()


def day_start(workspace: Workspace, day: date) -> datetime:
    """Return when a day begins where the workspace is."""
    return datetime.combine(day, time(), ZoneInfo(workspace.timezone))


def days_back(workspace: Workspace, count: int, now: datetime) -> datetime:
    """Return the start of the first of the last `count` days, today included."""
    return day_start(workspace, today(workspace, now) - DAY * (count - 1))


def preset(
    workspace: Workspace, word: str, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the first moment of a preset, and the first that is no longer in it."""
    if word in BACK:
        return days_back(workspace, BACK[word], now), None
    this_day = today(workspace, now)
    first = this_day.replace(day=1)
    if word == "yesterday":
        return day_start(workspace, this_day - DAY), day_start(workspace, this_day)
    if word == "this_month":
        return day_start(workspace, first), None
    if word == "last_month":
        before = (first - DAY).replace(day=1)
        return day_start(workspace, before), day_start(workspace, first)
    return None, None


def bound(
    workspace: Workspace, value: date | datetime | None, *, is_end: bool
) -> datetime | None:
    """Return the moment that a day or a moment typed as a bound means.

    The last day is in as a whole, a last moment is not in.
    """
    if value is None or isinstance(value, datetime):
        return value
    return day_start(workspace, value + DAY if is_end else value)


# --- Hours of the week ---------------------------------------------------------------
HOURS = 24 * 7
# A zone's clock is looked at this often, in years that matter.
LOOKS = [
    datetime(year, month, day, tzinfo=UTC)
    for year in range(2020, 2035)
    for month in range(1, 13)
    for day in (1, 15)
]


def hour_of_week(at: datetime) -> int:
    """Return which hour of the week it is in UTC, from 0 (Monday, midnight) on."""
    utc = at.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def utc_hours(zone: str, weekdays: Sequence[int], hours: Sequence[int]) -> list[int]:
    """Return the hours of the week in UTC that may be such hours in a zone.

    Its clock changes, so that there are more than will fit; empty means any.
    """
    found = []
    for hour in range(HOURS):
        local = {
            (hour * 60 + minutes + offset) // 60 % HOURS
            for offset in _offsets(zone)
            for minutes in (0, 59)
        }
        if any(
            (not weekdays or one // 24 + 1 in weekdays)
            and (not hours or one % 24 in hours)
            for one in local
        ):
            found.append(hour)
    return found


@lru_cache(maxsize=100)
def _offsets(zone: str) -> frozenset[int]:
    """Return how many minutes a zone's clock is ahead of UTC, in all its seasons."""
    ahead = (at.astimezone(ZoneInfo(zone)).utcoffset() for at in LOOKS)
    return frozenset(int(one.total_seconds() // 60) for one in ahead if one is not None)
