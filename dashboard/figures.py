"""Today's figures of a workspace, beside those of yesterday up to the same hour."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncHour

from calls.models import CallStatus
from dashboard.models import Workspace

DAY = timedelta(days=1)
HOURS = 24
REACHED = Q(status=CallStatus.ENDED) & ~Q(answered_by="machine")
TRIED = Q(status__in=(CallStatus.ENDED, CallStatus.NOT_CONNECTED))


@dataclass(slots=True)
class Figures:
    """What a day (or a part of it) came to."""

    calls: int = 0
    tried: int = 0  # reached somebody or something, or rang in vain
    reached: int = 0  # a person answered
    ended: int = 0
    talked_ms: int = 0
    spend: Counter[str] = field(default_factory=Counter)
    by_hour: list[int] = field(default_factory=lambda: [0] * HOURS)

    @property
    def answer_rate(self) -> float | None:
        """The share of finished calls that a person answered, in percent."""
        return 100 * self.reached / self.tried if self.tried else None

    @property
    def average_ms(self) -> int | None:
        """How long a call lasted, on average."""
        return self.talked_ms // self.ended if self.ended else None

    @property
    def spent(self) -> tuple[Decimal, str]:
        """What it cost, in the currency that most of it was paid in."""
        most: list[Any] = self.spend.most_common(1)
        return (most[0][1], most[0][0]) if most else (Decimal(0), "USD")


def today(workspace: Workspace, now: datetime) -> tuple[Figures, Figures]:
    """Return today's figures and yesterday's up to this time of day; one query."""
    local = now.astimezone(ZoneInfo(workspace.timezone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    # Arithmetic on the wall clock: a day with 23 or 25 hours is a day as well.
    this_day = Q(created_at__gte=midnight, created_at__lte=now)
    day_before = Q(created_at__gte=midnight - DAY, created_at__lt=local - DAY)
    rows = workspace.calls.filter(this_day | day_before).annotate(
        hour=TruncHour("created_at", tzinfo=local.tzinfo)
    )
    sums = (
        rows.values("hour", "currency")
        .order_by()
        .annotate(
            calls=Count("id"),
            tried=Count("id", filter=TRIED),
            reached=Count("id", filter=REACHED),
            ended=Count("id", filter=Q(status=CallStatus.ENDED)),
            talked_ms=Sum("duration_ms", filter=Q(status=CallStatus.ENDED)),
            spend=Sum("cost"),
        )
    )
    found: list[dict[str, Any]] = [dict(row) for row in sums]
    new = [row for row in found if row["hour"] >= midnight]
    return add_up(new), add_up(row for row in found if row["hour"] < midnight)


def add_up(rows: Iterable[dict[str, Any]]) -> Figures:
    """Add up the rows of hours into a day."""
    total = Figures()
    for row in rows:
        for name in ("calls", "tried", "reached", "ended", "talked_ms"):
            setattr(total, name, getattr(total, name) + (row[name] or 0))
        total.by_hour[row["hour"].hour] += row["calls"]
        total.spend[row["currency"]] += row["spend"] or 0
    return total


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure differs from yesterday's; `kind` is up, down or empty."""

    words: str
    kind: str = ""


def compare(new: float | None, old: float | None, *, unit: str = "%") -> Change | None:
    """Say how much more or less it is than yesterday; None where that says nothing.

    With "%" it is the relative change; with "pt" the difference in points.
    """
    if new is None or not old:
        return None
    difference = new - old if unit == "pt" else 100 * (new - old) / old
    amount = round(difference)
    if not amount:
        return Change("as yesterday")
    sign = "+" if amount > 0 else "−"
    return Change(f"{sign}{abs(amount):,}\u202f{unit}", "up" if amount > 0 else "down")


def spark(values: list[int], width: int = 80, height: int = 28) -> str:
    """Return the points of a polyline through the values, for SVG."""
    if len(values) < 2 or not any(values):
        return ""
    top, step = max(values), width / (len(values) - 1)
    points = (
        f"{index * step:.1f},{height - 2 - (height - 4) * value / top:.1f}"
        for index, value in enumerate(values)
    )
    return " ".join(points)
