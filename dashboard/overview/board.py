"""All that the overview shows, put together from few queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from calls import outcome
from dashboard.models import Workspace
from dashboard.overview import charts, comparing, links, reading, tables
from dashboard.overview.figures import Figures, compare
from dashboard.overview.reading import RANGES, Days, Hours, Span

USUAL_DAYS = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for: so many days, compared by this, sorted so."""

    days: int = USUAL_DAYS
    by: str = "agent"
    sort: str = comparing.USUAL

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Choice":
        """Read an address; what is not understood is as usual."""
        days, by = params.get("days", ""), params.get("by", "")
        return cls(
            days=int(days) if days in map(str, RANGES) else USUAL_DAYS,
            by=by if by in reading.BY else "agent",
            sort=comparing.sort_of(params.get("sort", "")),
        )

    def address(self, **changes: object) -> str:
        """Return the address with some of it changed."""
        pairs = {"days": self.days, "by": self.by, "sort": self.sort} | changes
        return "?" + urlencode(pairs)


def read(
    workspace: Workspace, now: datetime, choice: Choice, *, with_days: bool
) -> dict[str, Any]:
    """Return today and, `with_days`, the range: at most four queries."""
    span = reading.span_of(workspace, now, choice.days)
    still_open = reading.read_open(workspace, span)
    hours = reading.read_hours(workspace, span, still_open)
    context = _today(hours, span) | {"live_calls": still_open.live}
    if with_days:
        days = reading.read_days(workspace, span, choice.by, still_open)
        rows = comparing.rows_of(workspace, span, choice.by, days.items, choice.sort)
        context |= _range(days, span) | _heat(hours, span) | _choices(choice)
        context |= {"rows": rows, "heads": _heads(choice), "choice": choice}
        context["most_rows"] = comparing.MOST
    return context


# --- Today ---------------------------------------------------------------------------
def _today(hours: Hours, span: Span) -> dict[str, Any]:
    new, old = hours.so_far, hours.week_ago
    day = links.of_day(span.today)
    names = ("calls", "reached", "talked", "cost", "latency", "succeeded")
    return {
        "day": span.today,
        "zone": span.zone.key.replace("_", " "),
        "today": hours.today,
        "compared": f"last {span.today:%A} until {span.hour:02}:00",
        "spark": charts.spark(hours.by_hour[: span.hour + 1]),
        "changes": _changes(new, old) if span.hour else {},
        "today_hrefs": {name: links.of(name, day) for name in names},
    }


def _changes(new: Figures, old: Figures) -> dict[str, Any]:
    spent, currency = new.costs[0]
    before = {word: amount for amount, word in old.costs}.get(currency)
    return {
        "calls": compare(new.calls, old.calls),
        "rate": compare(new.answer_rate, old.answer_rate, unit="pt"),
        "minutes": compare(new.minutes, old.minutes),
        "spend": compare(float(spent), float(before) if before else None),
    }


# --- The range -----------------------------------------------------------------------
def _range(days: Days, span: Span) -> dict[str, Any]:
    figures = list(days.days.values())
    place = links.of_span(span)
    names = ("calls", "reached", "talked", "cost", "latency", "succeeded")
    return {
        "span": span,
        "total": days.total,
        "total_hrefs": {name: links.of(name, place) for name in names},
        "outcomes": _outcomes(days.total, span),
        "ticks": charts.ticks(list(days.days)),
        "calls_chart": charts.calls_by_day(days),
        "rate_chart": charts.line_by_day(days, "answer_rate", top=100),
        "minutes_chart": charts.bars_by_day(days, [f.minutes for f in figures]),
        "cost_chart": charts.bars_by_day(days, _spent(days)),
        "latency_chart": charts.line_by_day(days, "p50", "p95"),
        "outcome_table": tables.outcomes_by_day(days),
        "figure_table": tables.figures_by_day(days),
    }


def _spent(days: Days) -> list[float]:
    """Return what each day cost, in the currency of the most."""
    currency = days.total.costs[0][1]
    return [float(f.micros[currency]) for f in days.days.values()]


@dataclass(frozen=True, slots=True)
class Part:
    """An outcome: how many calls had it, and its share of all that are over."""

    name: str
    label: str
    count: int
    share: float
    href: str


def _outcomes(total: Figures, span: Span) -> list[Part]:
    """Return the outcomes there were, the most frequent first."""
    place, over = links.of_span(span), total.sums["calls"]
    parts = [
        Part(word, label, count, 100 * count / over, links.of(word, place))
        for word, label in outcome.LABELS.items()
        if (count := total.sums[word])
    ]
    return sorted(parts, key=lambda part: -part.count)


def _heat(hours: Hours, span: Span) -> dict[str, Any]:
    rows = charts.heat(hours, span)
    return {
        "heat": rows,
        "best_hours": charts.best_hours(rows),
        "hour_table": tables.by_hour(rows, span),
        "has_heat": any(cell.rang for row in rows for cell in row.cells),
    }


# --- What can be chosen --------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Link:
    """One thing that can be chosen."""

    label: str
    href: str
    is_now: bool


def _choices(choice: Choice) -> dict[str, Any]:
    return {
        "ranges": [
            Link(f"{days} days", choice.address(days=days), days == choice.days)
            for days in RANGES
        ],
        "by": [
            Link(label, choice.address(by=by, sort=comparing.USUAL), by == choice.by)
            for by, label in comparing.LABELS.items()
        ],
    }


def _heads(choice: Choice) -> list[tuple[comparing.Head, str]]:
    """Return the columns with the addresses that sort by them."""
    heads = comparing.heads_of(choice.sort)
    return [(head, choice.address(sort=head.sort)) for head in heads]
