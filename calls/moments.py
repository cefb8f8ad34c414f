"""When made-up calls were asked for: in office hours mostly, oldest first."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from dashboard.models import Workspace

# Only calls that can be over by now are made up.
OVER = timedelta(minutes=15)
# How many calls start in each hour of the day, and on a day of the week-end.
HOURS = (0, 0, 0, 0, 0, 0, 0.5, 2, 7, 11, 12, 10, 6, 8, 11, 12, 10, 7, 3, 1, 0, 0, 0, 0)
WEEKEND = 0.08


def moments_of(
    workspace: Workspace, count: int, days: int, now: datetime, random: Random
) -> Iterator[datetime]:
    """Yield when so many calls of the last days were asked for, in order.

    Only how many there are in each hour is kept, however many they are.
    """
    zone = ZoneInfo(workspace.timezone)
    last = (now - OVER).replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(24 * days, 0, -1)]
    weights = [_weight(hour.astimezone(zone)) for hour in hours]
    if not any(weights):
        weights = [1.0] * len(hours)
    chosen = Counter(random.choices(range(len(hours)), weights, k=count))
    for place, hour in enumerate(hours):
        seconds = (random.uniform(0, 3_600) for _ in range(chosen[place]))
        yield from (hour + timedelta(seconds=after) for after in sorted(seconds))


def _weight(local: datetime) -> float:
    return HOURS[local.hour] * (WEEKEND if local.weekday() >= 5 else 1.0)
