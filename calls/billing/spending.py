"""What calls came to: of a day, for its limits, and of many, for people to read."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from calls.billing.rates import NOTHING, rounded
from calls.models import Wallet
from dashboard.models import Member, User, Workspace
from dashboard.templatetags.amounts import exact

DAYS = 30
# How far apart the days stand in the picture, and how wide each is; its height is 100.
PITCH, WIDTH = 10, 7
# Where a session keeps the day on which the person has seen the notices.
NOTICED = "money_noticed"


def day_of(workspace: Workspace, at: datetime) -> date:
    """Return which day a moment is, where the workspace is."""
    return at.astimezone(ZoneInfo(workspace.timezone)).date()


# --- For the limits ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Day:
    """What the calls of a day were charged, with what is set aside for them.

    Of all, and of one person; None: of nobody in particular. Nothing where no limit
    asks for it.
    """

    date: date
    spent: Decimal = NOTHING
    by_person: Decimal | None = None


def of_day(wallet: Wallet, day: date, person: User | None) -> Day:
    """Return what was spent on a day, so far; a query only where there is a limit."""
    limits = (
        *(wallet.soft_per_day, wallet.hard_per_day),
        *(wallet.person_soft_per_day, wallet.person_hard_per_day),
    )
    if all(limit is None for limit in limits):
        return Day(day)
    mine = Q(user=person.pk if person else None)
    sums = wallet.spends.filter(day=day).aggregate(
        all_charged=Sum("charged"),
        all_held=Sum("held"),
        my_charged=Sum("charged", filter=mine),
        my_held=Sum("held", filter=mine),
    )
    spent = _sum(sums["all_charged"]) + _sum(sums["all_held"])
    by_person = _sum(sums["my_charged"]) + _sum(sums["my_held"])
    return Day(day, spent, by_person if person else None)


def sums_of(wallet: Wallet, day: date) -> tuple[Decimal, Decimal]:
    """Return what a day's calls were charged, and what is set aside for them."""
    sums = wallet.spends.filter(day=day).aggregate(a=Sum("charged"), b=Sum("held"))
    return _sum(sums["a"]), _sum(sums["b"])


def _sum(found: Decimal | None) -> Decimal:
    # SQLite adds up doubles.
    return rounded(found) if found else NOTHING


# --- For people ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """What one agent, number or day came to; `share` is its part of the most, in %."""

    name: Any
    calls: int
    charged: Decimal
    share: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What the last days came to."""

    days: list[Line]
    agents: list[Line]
    numbers: list[Line]

    @property
    def charged(self) -> Decimal:
        """What was charged in all."""
        return sum((line.charged for line in self.days), NOTHING)

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return sum(line.calls for line in self.days)


def report(wallet: Wallet, today: date, count: int = DAYS) -> Report:
    """Return what the last days came to: by day, agent and number; three queries."""
    since = today - timedelta(days=count - 1)
    rows = wallet.spends.filter(day__gte=since, day__lte=today).order_by()

    def lines(name: str, *group: str) -> list[Line]:
        sums = rows.values(name, *group).annotate(
            count=Sum("calls"), sum=Sum("charged")
        )
        return [Line(r[name] or "", r["count"], _sum(r["sum"])) for r in sums]

    found = {line.name: line for line in lines("day")}
    days = (since + timedelta(days=index) for index in range(count))
    return Report(
        _measured(found.get(day, Line(day, 0, NOTHING)) for day in days),
        _dearest(lines("agent__name", "agent")),
        _dearest(lines("phone_number__number", "phone_number")),
    )


def _dearest(lines: list[Line]) -> list[Line]:
    """Return the lines, the dearest first."""
    lines.sort(key=lambda line: (-line.charged, -line.calls, line.name))
    return _measured(lines)


def _measured(found: Iterable[Line]) -> list[Line]:
    """Return the lines with their share of the most."""
    lines = list(found)
    most = max((line.charged for line in lines), default=NOTHING)
    return [replace(line, share=_share(line.charged, most)) for line in lines]


def _share(charged: Decimal, most: Decimal) -> int:
    return max(1, round(100 * charged / most)) if charged > 0 else 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the picture: a rectangle, in a box of 100 by PITCH for each day."""

    line: Line
    x: int

    @property
    def y(self) -> int:
        """Where it begins, from above."""
        return 100 - self.line.share


def bars(found: Report) -> list[Bar]:
    """Return the picture of the days."""
    return [Bar(line, index * PITCH) for index, line in enumerate(found.days)]


# --- Notices -------------------------------------------------------------------------
def notices(wallet: Wallet, today: date, person: User | None) -> list[str]:
    """Say in words what somebody who launches calls should know of the money today."""
    found = []
    if wallet.balance <= 0:
        found.append("The wallet is empty: calls are refused until it is topped up.")
    day = of_day(wallet, today, person)
    pairs = (
        ("The workspace’s", wallet.soft_per_day, wallet.hard_per_day, day.spent),
        ("Your", wallet.person_soft_per_day, wallet.person_hard_per_day, day.by_person),
    )
    for whose, soft, hard, spent in pairs:
        if soft is None or spent is None or spent < soft:
            continue
        total, mark = exact(spent, wallet.currency), exact(soft, wallet.currency)
        stop = "" if hard is None else exact(hard, wallet.currency)
        words = f"{whose} spending today, with open calls, is {total}: past the "
        more = f"; calls stop at {stop}" if stop else ""
        found.append(f"{words}warning at {mark}{more}.")
    return found


def news(member: Member, seen: str, now: datetime) -> list[str]:
    """Return the notices for the home page, unless they were seen on this day."""
    wallet: Wallet | None = getattr(member.workspace, "wallet", None)
    if wallet is None or not wallet.is_on or not member.may("launch"):
        return []
    today = day_of(member.workspace, now)
    return [] if seen == str(today) else notices(wallet, today, member.user)
