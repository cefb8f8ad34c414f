"""The tables behind the charts: the same figures, in rows, with links to the calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.overview import charts, links
from dashboard.overview.charts import HeatRow
from dashboard.overview.figures import Figures
from dashboard.overview.reading import Days, Span
from dashboard.templatetags.figures import costs, percent, seconds, whole


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in words, and where the calls behind it are (empty: nowhere)."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A day, and its cells."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """What stands behind a chart."""

    caption: str
    heads: list[str]
    rows: list[Row]

    @property
    def body(self) -> SafeString:
        """The rows as HTML. Hundreds of cells: a template takes ten times as long."""
        return mark_safe("".join(map(_html, self.rows)))


def _html(row: Row) -> str:
    cells = "".join(
        f'<td class="r"><a href="{escape(cell.href)}">{escape(cell.text)}</a></td>'
        if cell.href
        else f'<td class="r">{escape(cell.text)}</td>'
        for cell in row.cells
    )
    return f'<tr><th scope="row">{escape(row.name)}</th>{cells}</tr>\n'


Column = tuple[str, str, Callable[[Figures], str]]
OUTCOMES: list[Column] = [
    ("Calls", "calls", lambda f: whole(f.calls)),
    ("Conversation", "conversation", lambda f: whole(f.sums["conversation"])),
    ("Voicemail", "voicemail", lambda f: whole(f.sums["voicemail"])),
    ("Nobody reached", "unreached", lambda f: whole(f.unreached)),
    ("Failed or canceled", "not_placed", lambda f: whole(f.not_placed)),
]
FIGURES: list[Column] = [
    ("Answered", "reached", lambda f: percent(f.answer_rate)),
    ("Minutes", "talked", lambda f: whole(f.minutes)),
    ("Cost", "cost", lambda f: costs(f.costs)),
    ("Answers in (half)", "latency", lambda f: seconds(f.p50)),
    ("Answers in (95 %)", "latency", lambda f: seconds(f.p95)),
]


def outcomes_by_day(days: Days) -> Table:
    """Return the outcomes of each day, the newest first."""
    return _by_day("Calls and their outcomes by day", days, OUTCOMES)


def figures_by_day(days: Days) -> Table:
    """Return the other figures of each day, the newest first."""
    return _by_day("Figures by day", days, FIGURES)


def _by_day(caption: str, days: Days, columns: list[Column]) -> Table:
    rows = [
        Row(charts.day_name(day), _cells(day, figures, columns))
        for day, figures in reversed(days.days.items())
    ]
    return Table(caption, ["Day", *(label for label, _, _ in columns)], rows)


def _cells(day: date, figures: Figures, columns: list[Column]) -> list[Cell]:
    place = links.of_day(day)
    found = []
    for _, name, write in columns:
        text = write(figures)
        is_empty = not figures.calls or text in {"0", "–"}
        found.append(Cell(text, "" if is_empty else links.of(name, place)))
    return found


def by_hour(rows: list[HeatRow], span: Span) -> Table:
    """Return how many answered, by weekday and hour: hours are rows."""
    found = []
    for hour in range(charts.HOURS):
        cells = (row.cells[hour] for row in rows)
        found.append(
            Row(
                f"{hour:02}:00",
                [
                    Cell(f"{percent(c.rate)} of {c.rang:,}" if c.rang else "–", c.href)
                    for c in cells
                ],
            )
        )
    return Table(
        "Answered, by weekday and hour", ["Hour", *(r.name for r in rows)], found
    )
