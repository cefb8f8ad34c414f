"""The menu of one filter: what may be chosen, and what is."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from agents import phone
from calls.forms.calls import ROWS, Held, Kind, address, held, named, said_of, without
from calls.history import filters as history
from calls.history.filters import Filters
from dashboard.models import Workspace

# Of rows, a menu shows this many; the rest is found by name.
SHOWN = 12
LEGENDS = {
    "agent": "Agent",
    "version": "Version",
    "source": "How",
    "person": "Person",
    "key": "API key",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be chosen; `href` is the list with this alone chosen."""

    value: str
    label: str
    is_on: bool
    href: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The choices for one parameter; `has_more`: others are found by name."""

    field: str
    legend: str
    options: list[Option]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter's menu; `kept` are the other filters, `now` its own values."""

    kind: Kind
    sections: list[Section]
    kept: list[tuple[str, str]]
    now: dict[str, str]
    href_without: str

    @property
    def has_more(self) -> bool:
        """Whether something can only be found by name."""
        return any(section.has_more for section in self.sections)


def menu(workspace: Workspace, filters: Filters, kind: Kind, text: str) -> Menu:
    """Return the menu of a filter; `text` narrows rows to those with it in the name."""
    now, rest = held(filters), without(filters, kind.names)
    sections = [
        section
        for field in kind.names
        if (section := _section(workspace, filters, field, now, text)).options
        or section.has_more
    ]
    return Menu(
        kind=kind,
        sections=sections,
        kept=history.pairs(rest),
        now={name: ", ".join(now.get(name, [])) for name in kind.names},
        href_without=address(rest),
    )


def _section(
    workspace: Workspace, filters: Filters, field: str, now: Held, text: str
) -> Section:
    chosen, legend = now.get(field, []), LEGENDS.get(field, "")
    if field in ROWS:
        return _rows(workspace, field, chosen, text)
    if field == "version":
        return Section(field, legend, _versions(workspace, now))
    options = [
        Option(value, str(label), value in chosen, _href(filters, field, value))
        for value, label in history.CHOICES.get(field, [])
    ]
    return Section(field, legend, options)


def _href(filters: Filters, field: str, value: str) -> str:
    """Return the list with one value for a filter; of days, without those by hand."""
    one: dict[str, Any] = {"reviewed": value == "yes", "recording": value == "yes"}
    changes: dict[str, Any] = {field: one.get(field, (value,))}
    if field == "when":
        changes = {"when": value, "since": None, "until": None}
    return address(filters, **changes)


def _rows(workspace: Workspace, field: str, chosen: list[str], text: str) -> Section:
    """Return the chosen rows, and the first others that fit."""
    rows = named(field, workspace)
    on = [_option(row, is_on=True) for row in rows.filter(pk__in=chosen)]
    others = rows.exclude(pk__in=chosen).order_by("said")
    if text:
        others = others.filter(_with(workspace, field, text))
    found = [_option(row, is_on=False) for row in others[: SHOWN + 1]]
    has_more = len(found) > SHOWN or bool(text)
    return Section(field, LEGENDS.get(field, ""), on + found[:SHOWN], has_more)


def _with(workspace: Workspace, field: str, text: str) -> Q:
    """Return what finds rows by a part of the name, or by digits of a number."""
    wanted = Q(said__icontains=text)
    if field in {"number", "contact"}:
        for digits in phone.spellings(text, workspace.country):
            wanted |= Q(number__contains=digits)
    return wanted


def _option(row: tuple[str, str, str], *, is_on: bool) -> Option:
    kind, word, said = row
    return Option(word, said_of(kind, said), is_on)


def _versions(workspace: Workspace, now: Held) -> list[Option]:
    """Return the versions of the agent, where one is chosen."""
    agents, chosen = now.get("agent", []), now.get("version", [])
    if len(agents) != 1:
        return [Option(word, f"v{word}", is_on=True) for word in chosen]
    rows: QuerySet[Any] = workspace.agents.filter(pk=agents[0])
    known = rows.exclude(versions=None).values_list("versions__version", flat=True)
    return [
        Option(str(one), f"v{one}", str(one) in chosen)
        for one in known.order_by("-versions__version")[:SHOWN]
    ]
