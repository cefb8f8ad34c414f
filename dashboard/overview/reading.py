"""Reading the sums of a workspace: today, a week ago, and a range of days; few queries."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, DateField, F, Q, Sum, When
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate

from calls.fixed import fixed
from calls.models import DayTally, HourTally, Kind
from calls.models.call import AT_PROVIDER, WAITING
from calls.sums.tallies import SUMS
from dashboard.models import Workspace
from dashboard.overview.figures import Figures, add_up

WEEK = timedelta(days=7)
RANGES = (7, 30, 90)
LIVE = tuple(status for status in AT_PROVIDER if status != "unconfirmed")
Row = Mapping[str, Any]
# An agent's, number's or connection's id, and the version; None: the calls have none.
Item = tuple[uuid.UUID | None, int | None]
# What the calls can be compared by, with the kind of rows that tell it.
BY: dict[str, Kind] = {
    "agent": Kind.AGENT,
    "version": Kind.AGENT,
    "number": Kind.NUMBER,
    "connection": Kind.CONNECTION,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the workspace's clock, the last of which is today."""

    zone: ZoneInfo
    now: datetime
    days: int

    @property
    def today(self) -> date:
        """Return which day it is."""
        return self.now.astimezone(self.zone).date()

    @property
    def hour(self) -> int:
        """Return which hour of the day it is."""
        return self.now.astimezone(self.zone).hour

    @property
    def first(self) -> date:
        """Return the first day."""
        return self.today - timedelta(days=self.days - 1)

    @property
    def week_ago(self) -> date:
        """Return the same day of the week before."""
        return self.today - WEEK

    def all_days(self) -> list[date]:
        """Return every day, the oldest first."""
        return [self.first + timedelta(days=n) for n in range(self.days)]


def span_of(workspace: Workspace, now: datetime, days: int) -> Span:
    """Return so many days until now by the workspace's clock."""
    return Span(ZoneInfo(workspace.timezone), now, days)


# --- Calls that are not over ---------------------------------------------------------
@dataclass(slots=True)
class Open:
    """How many calls are not over: by day and hour, by what they have; and live ones."""

    by_hour: Counter[tuple[date, int]] = field(default_factory=Counter)
    by_item: dict[str, Counter[Item]] = field(
        default_factory=lambda: {name: Counter() for name in BY}
    )
    live: int = 0

    def of_day(self, day: date, until: int = 24) -> int:
        """Count those created on a day, before an hour of it."""
        return sum(self.by_hour[day, hour] for hour in range(until))


def read_open(workspace: Workspace, span: Span) -> Open:
    """Count the calls that are not over; one query."""
    since = datetime.combine(min(span.first, span.week_ago), time(), span.zone)
    recent = Q(status__in=fixed((*WAITING, *AT_PROVIDER)), created_at__gte=since)
    names = ("agent_id", "agent_version", "phone_number_id", "connection_id")
    rows = (
        workspace.calls.filter(recent | Q(status__in=fixed(LIVE)))
        .order_by()
        .annotate(
            day=TruncDate("created_at", tzinfo=span.zone),
            hour=ExtractHour("created_at", tzinfo=span.zone),
        )
        .values("status", "day", "hour", *names)
        .annotate(n=Count("pk"))
    )
    found = Open()
    for row in rows:
        found.live += row["n"] if row["status"] in LIVE else 0
        found.by_hour[row["day"], row["hour"]] += row["n"]
        if row["day"] >= span.first:
            for name, item in _items(row).items():
                found.by_item[name][item] += row["n"]
    return found


def _items(row: Row) -> dict[str, Item]:
    return {
        "agent": (row["agent_id"], None),
        "version": (row["agent_id"], row["agent_version"]),
        "number": (row["phone_number_id"], None),
        "connection": (row["connection_id"], None),
    }


# --- Today, and when people answer ---------------------------------------------------
@dataclass(slots=True)
class Hours:
    """Today, its part up to this hour, the same part a week ago; and all by weekday."""

    today: Figures
    so_far: Figures
    week_ago: Figures
    by_hour: list[int]
    # By ISO weekday and hour of the range: only who was called, and who answered.
    week: dict[tuple[int, int], Figures]


def read_hours(workspace: Workspace, span: Span, still_open: Open) -> Hours:
    """Return what hours say; one query."""
    first = min(span.first, span.week_ago)
    marks = [When(day=day, then=F("day")) for day in (span.today, span.week_ago)]
    rows: list[Any] = list(
        HourTally.objects.filter(
            workspace=workspace, kind=Kind.TOTAL, day__gte=first, day__lte=span.today
        )
        .order_by()
        .annotate(
            which=Case(*marks, output_field=DateField()),
            weekday=ExtractIsoWeekDay("day"),
        )
        .values("which", "weekday", "hour", "currency")
        .annotate(**_sums())
    )
    week: dict[tuple[int, int], Figures] = defaultdict(Figures)
    for row in rows:
        if row["which"] != span.week_ago or span.week_ago >= span.first:
            sums = week[row["weekday"], row["hour"]].sums
            for name in ("rang", "reached"):
                sums[name] += row[f"sum_{name}"]
    now, before = span.today, span.week_ago
    by_hour = Counter({hour: still_open.by_hour[now, hour] for hour in range(24)})
    for row in rows:
        by_hour[row["hour"]] += row["sum_calls"] if row["which"] == now else 0
    return Hours(
        today=_part(rows, now, 24, still_open),
        so_far=_part(rows, now, span.hour, still_open),
        week_ago=_part(rows, before, span.hour, still_open),
        by_hour=[by_hour[hour] for hour in range(24)],
        week=dict(week),
    )


def _part(rows: Iterable[Row], day: date, until: int, still_open: Open) -> Figures:
    mine = (row for row in rows if row["which"] == day and row["hour"] < until)
    return add_up(map(_plain, mine), still_open.of_day(day, until))


# --- A range -------------------------------------------------------------------------
@dataclass(slots=True)
class Days:
    """Each day of a range, all of it, and what it is compared by."""

    days: dict[date, Figures]
    total: Figures
    items: dict[Item, Figures]


def read_days(workspace: Workspace, span: Span, by: str, still_open: Open) -> Days:
    """Return what days say; one query."""
    kind = BY[by]
    keys = ["item", "version"] if by == "version" else ["item"]
    rows = (
        DayTally.objects.filter(
            workspace=workspace,
            kind__in=(Kind.TOTAL, kind),
            day__gte=span.first,
            day__lte=span.today,
        )
        .order_by()
        .annotate(which=Case(When(kind=Kind.TOTAL, then=F("day"))))
        .values("kind", "which", "currency", *keys)
        .annotate(**_sums())
    )
    days = {day: Figures(open=still_open.of_day(day)) for day in span.all_days()}
    items: dict[Item, Figures] = defaultdict(Figures)
    for item, count in still_open.by_item[by].items():
        items[item].open = count
    total = Figures(open=sum(figures.open for figures in days.values()))
    for row in map(_plain, rows):
        if row["kind"] == Kind.TOTAL:
            days[row["which"]].add(row)
            total.add(row)
        else:
            items[row["item"], row.get("version")].add(row)
    return Days(days, total, dict(items))


def _sums() -> dict[str, Sum]:
    return {f"sum_{name}": Sum(name) for name in SUMS}


def _plain(row: Row) -> dict[str, Any]:
    """Return a row with its sums under their own names."""
    return {name.removeprefix("sum_"): value for name, value in row.items()}
