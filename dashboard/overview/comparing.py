"""Agents, versions, numbers or connections side by side, sorted as a person asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calls.models import Kind
from dashboard.models import Workspace
from dashboard.overview import links
from dashboard.overview.figures import Figures
from dashboard.overview.reading import BY, Item, Span

MOST = 50
LABELS = {
    "agent": "Agents",
    "version": "Versions",
    "number": "Numbers",
    "connection": "Connections",
}
NOBODY = {
    "agent": "No agent",
    "version": "No agent",
    "number": "No number",
    "connection": "No connection",
}
Key = Callable[[Figures], float | int | Decimal | None]
# The columns by which rows can be sorted, as the address names them.
COLUMNS: dict[str, tuple[str, Key]] = {
    "calls": ("Calls", lambda f: f.calls),
    "answer": ("Answered", lambda f: f.answer_rate),
    "minutes": ("Minutes", lambda f: f.minutes),
    "average": ("Average", lambda f: f.average_ms),
    "success": ("Success", lambda f: f.success_rate),
    "cost": ("Cost", lambda f: f.costs[0][0]),
    "p50": ("Answers in", lambda f: f.p50),
}
USUAL = "-calls"


@dataclass(frozen=True, slots=True)
class Row:
    """One of those compared; `share` of the most calls in percent, for a small bar."""

    name: str
    figures: Figures
    share: int
    hrefs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """A column: how it is called, where a click leads, how it is sorted now."""

    name: str
    label: str
    sort: str
    order: str = ""


def rows_of(
    workspace: Workspace, span: Span, by: str, items: dict[Item, Figures], sort: str
) -> list[Row]:
    """Return the rows in the order asked for; at most one query."""
    names = _names(workspace, by, {item[0] for item in items if item[0]})
    most = max((figures.calls for figures in items.values()), default=0)
    rows = [
        Row(
            name=_name(by, item, names),
            figures=figures,
            share=round(100 * figures.calls / most) if most else 0,
            hrefs=_hrefs(by, item, span),
        )
        for item, figures in items.items()
    ]
    return _sorted(rows, sort)[:MOST]


def _names(workspace: Workspace, by: str, ids: Iterable[Any]) -> dict[Any, str]:
    kind = BY[by]
    if kind == Kind.NUMBER:
        return {row.pk: str(row) for row in workspace.numbers.filter(pk__in=ids)}
    rows: Any = workspace.agents if kind == Kind.AGENT else workspace.connections
    return dict(rows.filter(pk__in=ids).values_list("pk", "name"))


def _name(by: str, item: Item, names: dict[Any, str]) -> str:
    if item[0] is None:
        return NOBODY[by]
    name = names.get(item[0], "Gone")
    if by != "version":
        return name
    return f"{name} · " + ("no version" if item[1] is None else f"v{item[1]}")


def _hrefs(by: str, item: Item, span: Span) -> dict[str, str]:
    place = links.of_item(by, item)
    if place is None:
        return {}
    return {
        name: links.of(name, links.of_span(span), place)
        for name in ("calls", "reached", "talked", "succeeded", "cost", "latency")
    }


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    """Sort by a column of figures, or by name; those without a figure come last."""
    is_down, name = sort.startswith("-"), sort.removeprefix("-")
    if name == "name":
        return sorted(rows, key=lambda row: row.name.casefold(), reverse=is_down)
    key = COLUMNS[name][1]
    known = [row for row in rows if key(row.figures) is not None]
    others = [row for row in rows if key(row.figures) is None]
    known.sort(key=lambda row: row.name.casefold())
    known.sort(key=lambda row: key(row.figures) or 0, reverse=is_down)
    return known + others


def heads_of(sort: str) -> list[Head]:
    """Return the columns; a click on the one that is sorted by turns it around."""
    heads = []
    for name, label in (("name", "Name"), *((n, w) for n, (w, _) in COLUMNS.items())):
        if sort.removeprefix("-") == name:
            is_down = sort.startswith("-")
            turned = name if is_down else f"-{name}"
            heads.append(
                Head(name, label, turned, "descending" if is_down else "ascending")
            )
        else:
            heads.append(Head(name, label, name if name == "name" else f"-{name}"))
    return heads


def sort_of(text: str) -> str:
    """Return the order an address asks for, or the usual one."""
    is_known = text.removeprefix("-") in {"name", *COLUMNS}
    return text if is_known else USUAL
