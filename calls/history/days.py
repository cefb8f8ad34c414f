"""Days as a workspace has them: where each begins, and the presets of the date filter."""

from datetime import date, datetime, time, timedelta
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
