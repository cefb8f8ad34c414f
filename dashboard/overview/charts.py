"""Charts as SVG: shapes worked out here, drawn by templates, stretched by the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.overview import links
from dashboard.overview.figures import Figures
from dashboard.overview.reading import Days, Hours, Span

HEIGHT = 100
# How far apart the days stand in a chart, and how wide a bar is.
PITCH, WIDTH = 10, 7
# The groups of outcomes that a bar stacks, from the bottom, in words.
STACK = {
    "conversation": "Conversation",
    "voicemail": "Voicemail",
    "unreached": "Nobody reached",
    "not_placed": "Failed or canceled",
    "open": "Not over yet",
}
HOURS, WEEKDAYS = 24, 7
# How many shades the answer rate has.
SHADES = 6
# Below this the rate of an hour says little.
FEW_CALLS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in a chart: where it stands, what it says, the calls behind it."""

    x: int
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One outcome of all bars: its class, what it is called, its shape."""

    name: str
    label: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars or a line over the days of a range; `top` is the highest value."""

    width: int
    top: float
    bars: list[Bar] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    line: str = ""
    second: str = ""


@lru_cache(maxsize=400)
def day_name(day: date) -> str:
    """Write a day as "Fri 20 Nov"."""
    return f"{day:%a} {day.day} {day:%b}"


# --- Calls by day --------------------------------------------------------------------
def stack_of(figures: Figures) -> dict[str, int]:
    """Return the parts of a bar."""
    return {
        "conversation": figures.sums["conversation"],
        "voicemail": figures.sums["voicemail"],
        "unreached": figures.unreached,
        "not_placed": figures.not_placed,
        "open": figures.open,
    }


def calls_by_day(days: Days) -> Chart:
    """Draw the calls of each day as a bar of outcomes."""
    top = max((figures.calls for figures in days.days.values()), default=0)
    paths: dict[str, list[str]] = {name: [] for name in STACK}
    bars = []
    for index, (day, figures) in enumerate(days.days.items()):
        x, base = index * PITCH, 0.0
        for name, count in stack_of(figures).items():
            if count:
                size = HEIGHT * count / top
                y = HEIGHT - base - size
                paths[name].append(f"M{x} {y:.2f}h{WIDTH}v{size:.2f}h-{WIDTH}z")
                base += size
        words = f"{day_name(day)}: {_calls(figures.calls)}"
        bars.append(Bar(x, words, links.of("calls", links.of_day(day))))
    total = stack_of(days.total)
    layers = [
        Layer(name, label, "".join(paths[name]), total[name])
        for name, label in STACK.items()
        if total[name]
    ]
    return Chart(_width(days), top, bars, layers)


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _width(days: Days) -> int:
    return len(days.days) * PITCH - (PITCH - WIDTH)


# --- One figure by day ---------------------------------------------------------------
def line_by_day(days: Days, *names: str, top: float | None = None) -> Chart:
    """Draw up to two figures of each day as lines; where there is none, they break."""
    values = [[getattr(f, name) for f in days.days.values()] for name in names]
    highest = max((v for row in values for v in row if v is not None), default=0)
    top = top or highest
    lines = [_line(row, top) for row in values]
    return Chart(_width(days), highest, line=lines[0], second="".join(lines[1:]))


def _line(values: Sequence[float | None], top: float) -> str:
    """Return the path of a line in the middle of each day's bar."""
    path, is_down = [], False
    for index, value in enumerate(values):
        if value is None or not top:
            is_down = False
            continue
        x = index * PITCH + WIDTH / 2
        y = HEIGHT - HEIGHT * value / top
        # A day alone is a dot: a line of no length with round ends.
        path.append(f"{'L' if is_down else 'M'}{x:g} {y:.2f}{'' if is_down else 'h0'}")
        is_down = True
    return "".join(path)


def bars_by_day(days: Days, values: Sequence[float]) -> Chart:
    """Draw one figure of each day as bars."""
    top = max(values, default=0)
    parts = []
    for index, value in enumerate(values):
        if value and top:
            size = HEIGHT * value / top
            y = HEIGHT - size
            parts.append(f"M{index * PITCH} {y:.2f}h{WIDTH}v{size:.2f}h-{WIDTH}z")
    return Chart(_width(days), top, line="".join(parts))


# --- When people answer --------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of a weekday: its place, its shade (0: nobody was called) and figures."""

    x: int
    y: int
    shade: int
    rate: float | None
    rang: int
    reached: int
    title: str
    href: str

    @property
    def is_rare(self) -> bool:
        """Whether so few people were called that the rate says little."""
        return self.rang < FEW_CALLS


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A weekday."""

    name: str
    cells: list[Cell]

    @property
    def shapes(self) -> SafeString:
        """The hours as SVG."""
        return mark_safe("".join(map(_shape, self.cells)))


def _shape(cell: Cell) -> str:
    place = f'x="{cell.x}" y="{cell.y}" width="1" height="1"'
    if not cell.href:
        return f'<rect class="q0" {place}/>'
    words = f"q{cell.shade} few" if cell.is_rare else f"q{cell.shade}"
    title = f"<title>{escape(cell.title)}</title>"
    rect = f'<rect class="{words}" {place}>{title}</rect>'
    return f'<a href="{escape(cell.href)}" tabindex="-1">{rect}</a>'


def heat(hours: Hours, span: Span) -> list[HeatRow]:
    """Draw how likely people answer, by weekday and hour of the workspace's clock."""
    enough = (f for f in hours.week.values() if f.sums["rang"] >= FEW_CALLS)
    known = [figures.answer_rate or 0 for figures in enough]
    best = max(known, default=0)
    return [_heat_row(hours, span, weekday, best) for weekday in range(1, WEEKDAYS + 1)]


def _heat_row(hours: Hours, span: Span, weekday: int, best: float) -> HeatRow:
    name = f"{date(2024, 1, weekday):%A}"
    cells = []
    for hour in range(HOURS):
        figures = hours.week.get((weekday, hour)) or Figures()
        rate, rang = figures.answer_rate, figures.sums["rang"]
        place = {**links.of_span(span), "weekday": weekday, "hour": hour}
        told = (
            f"{rate:.0f} % of {_calls(rang)} answered" if rang else "nobody was called"
        )
        cells.append(
            Cell(
                x=hour,
                y=weekday - 1,
                shade=_shade(rate, best),
                rate=rate,
                rang=rang,
                reached=figures.sums["reached"],
                title=f"{name} {hour:02}–{hour + 1:02}: {told}",
                href=links.of("rang", place) if rang else "",
            )
        )
    return HeatRow(name, cells)


def _shade(rate: float | None, best: float) -> int:
    """Return 0 for no calls, else 1 to SHADES by how near it is to the best hour."""
    if rate is None:
        return 0
    return 1 + min(SHADES - 1, int(rate / best * SHADES)) if best else 1


def best_hours(rows: list[HeatRow], fewest: int = 20) -> list[Cell]:
    """Return the three hours in which most answered, of those with enough calls."""
    cells = [cell for row in rows for cell in row.cells if cell.rang >= fewest]
    return sorted(cells, key=lambda cell: -(cell.rate or 0))[:3]


# --- A line of hours -----------------------------------------------------------------
def spark(values: Sequence[int], width: int = 80, height: int = 28) -> str:
    """Return the points of a polyline through the values, for SVG."""
    if len(values) < 2 or not any(values):
        return ""
    top, step = max(values), width / (len(values) - 1)
    points = (
        f"{index * step:.1f},{height - 2 - (height - 4) * value / top:.1f}"
        for index, value in enumerate(values)
    )
    return " ".join(points)


def ticks(days: Sequence[date]) -> list[Any]:
    """Return the days that stand below a chart: the first, the middle one, the last."""
    return [day_name(days[i]) for i in (0, len(days) // 2, -1)] if len(days) > 2 else []
