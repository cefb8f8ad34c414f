"""The filters of the list of calls as people see them: a chip for each that is set."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    F,
    Model,
    QuerySet,
    UUIDField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse

from agents import phone
from agents.models import Agent, Connection, PhoneNumber
from calls.history import filters as history
from calls.history.filters import Filters
from calls.models import Contact, Tag
from dashboard.models import ApiKey, User, Workspace
from dashboard.prepared import Given, GivenMany, Prepared
from dashboard.templatetags.ui import clock

Held = dict[str, list[str]]
Names = Mapping[str, str]
# A chip says this many values; of more, how many more there are.
SAID = 2
TAGGED = "tagged"


@dataclass(frozen=True, slots=True)
class Kind:
    """A filter; `fields` are its parameters in the address.

    `look` is how one chooses: `one` of a few words, `many` words or rows, `days`, a
    `range` from something to something, or `ticks` in the list, without a menu.
    """

    name: str
    label: str
    icon: str
    look: str = "many"
    fields: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters in the address."""
        return self.fields or (self.name,)

    @property
    def menu(self) -> str:
        """The address of its menu."""
        return _menu(self.name)

    @property
    def has_menu(self) -> bool:
        """Whether it is chosen from a menu."""
        return self.look != "ticks"


@cache
def _menu(name: str) -> str:
    return reverse("call_filter", args=[name])


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("when", "Date", "calendar", "days", ("when", "since", "until")),
        Kind("status", "Status", "activity"),
        Kind("outcome", "Outcome", "phone-call"),
        Kind("end_reason", "End reason", "phone-off"),
        Kind("fault", "Whose fault", "shield-alert"),
        Kind("answered_by", "Answered by", "user-check"),
        Kind("direction", "Direction", "arrow-left-right", "one"),
        Kind("agent", "Agent", "bot", fields=("agent", "version")),
        Kind("number", "Our number", "hash"),
        Kind("connection", "Connection", "plug-zap"),
        Kind("contact", "Contact", "user"),
        Kind("tag", "Tag", "tag"),
        Kind("sentiment", "Sentiment", "smile"),
        Kind("success", "Success", "target"),
        Kind(
            "duration", "Duration", "timer", "range", ("duration_min", "duration_max")
        ),
        Kind("cost", "Cost", "coins", "range", ("cost_min", "cost_max")),
        Kind("reviewed", "Reviewed", "check-check", "one"),
        Kind("recording", "Recording", "audio-lines", "one"),
        Kind("launched", "Launched by", "rocket", fields=("source", "person", "key")),
        Kind("type", "Phone or web", "monitor", "one"),
        Kind("weekday", "Weekday", "calendar-days"),
        Kind("hour", "Hour", "clock"),
        Kind("call", "Selected", "list-checks", "ticks"),
    )
}


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are called (see `name_key`), and the tags of calls."""

    names: dict[str, str] = field(default_factory=dict)
    tags: dict[uuid.UUID, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is set: what it says, and the address without it."""

    kind: Kind
    said: str
    href_without: str


# --- Addresses -----------------------------------------------------------------------
def address(filters: Filters, **changes: Any) -> str:
    """Return the address of the list with some filters changed."""
    query = history.write(replace(filters, **changes))
    return reverse("call_list") + (f"?{query}" if query else "")


def without(filters: Filters, names: tuple[str, ...]) -> Filters:
    """Return the filters with some of them taken away."""
    nothing = Filters()
    return replace(filters, **{name: getattr(nothing, name) for name in names})


def held(filters: Filters) -> Held:
    """Return what is set, as it stands in the address: name to values."""
    found: Held = {}
    for name, value in history.pairs(filters):
        found.setdefault(name, []).append(value)
    return found


# --- Chips ---------------------------------------------------------------------------
def chips(filters: Filters, names: Names) -> list[Chip]:
    """Return a chip for each filter that is set; `names` are those of its rows."""
    now = held(filters)
    return [
        Chip(kind, said, address(without(filters, kind.names)))
        for kind in KINDS.values()
        if (said := _said(kind, filters, now, names))
    ]


def _said(kind: Kind, filters: Filters, now: Held, names: Names) -> str:
    if kind.look == "days":
        preset = dict(history.CHOICES["when"]).get(filters.when, "")
        return preset or _span(filters.since, filters.until)
    if kind.look == "ticks":
        count = len(filters.call)
        return f"{count} call{'s' * (count != 1)}" if count else ""
    if kind.name == "duration":
        return _range(clock(filters.duration_min), clock(filters.duration_max))
    if kind.name == "cost":
        bounds = (filters.cost_min, filters.cost_max)
        return _range(*("" if one is None else f"{one:,.2f}" for one in bounds))
    words = [said for name in kind.names for said in _each(name, now, names)]
    more = f" +{len(words) - SAID}" if len(words) > SAID else ""
    return ", ".join(words[:SAID]) + more


def _each(name: str, now: Held, names: Names) -> Iterator[str]:
    labels = {value: str(label) for value, label in history.CHOICES.get(name, [])}
    for value in now.get(name, []):
        if name in ROWS:
            yield names.get(name_key(name, value), "Unknown")
        else:
            yield labels.get(value, f"v{value}" if name == "version" else value)


def _span(since: date | None, until: date | None) -> str:
    if since and since == until:
        return _day(since)
    return _range(_day(since), _day(until))


def _day(day: date | None) -> str:
    if isinstance(day, datetime):
        return f"{day:%d %b %Y, %H:%M}"
    return f"{day:%d %b %Y}" if day else ""


def _range(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else high and f"up to {high}"


# --- Rows by their names -------------------------------------------------------------
# Filters whose values are rows of the workspace: the rows, and what names one.
ROWS: dict[str, tuple[type[Model], Any]] = {
    "agent": (Agent, F("name")),
    "number": (PhoneNumber, F("number")),
    "connection": (Connection, F("name")),
    "contact": (Contact, Coalesce(NullIf(F("name"), Value("")), F("number"))),
    "tag": (Tag, F("name")),
    "person": (
        User,
        Coalesce(NullIf(F("name"), Value("")), F("email"), output_field=CharField()),
    ),
    "key": (ApiKey, F("name")),
}


def named(name: str, workspace: Workspace | Given) -> QuerySet[Any]:
    """Return the rows a filter may name, each as (field, id, name)."""
    model, label = ROWS[name]
    mine = "memberships__workspace" if model is User else "workspace"
    rows: QuerySet[Any] = model._default_manager.filter(**{mine: workspace}).order_by()
    kinds = {"kind": Value(name), "word": Cast("pk", CharField()), "said": label}
    told: QuerySet[Any, Any] = rows.annotate(**kinds).values_list(*kinds)
    return told


def said_of(name: str, said: str) -> str:
    """Return the name of a row as people read it."""
    return phone.pretty(said) if name in {"number", "contact"} else said


def names_of(
    workspace: Workspace, wanted: Mapping[str, Iterable[Any]], tagged: Iterable[Any]
) -> Known:
    """Return the names of rows, and the tags of the calls `tagged`, in one query."""
    asked = {name: set(wanted.get(name, ())) for name in ROWS}
    asked[TAGGED] = set(tagged)
    known = Known()
    if not any(asked.values()):
        return known
    for kind, word, said in NAMES.all(space=workspace.pk, **asked):
        if kind == TAGGED:
            known.tags.setdefault(uuid.UUID(word), []).append(said)
        else:
            known.names[name_key(kind, word)] = said_of(kind, said)
    return known


def _names() -> QuerySet[Any, Any]:
    """Return the rows of all kinds that a page names, and the tags of its calls."""
    told = []
    for name, (model, _) in ROWS.items():
        ids = GivenMany(name, BigIntegerField() if model is User else UUIDField())
        told.append(named(name, SPACE).filter(pk__among=ids))
    calls = GivenMany(TAGGED, UUIDField())
    hung = Tag.objects.filter(workspace=SPACE, call_tags__call__among=calls).order_by()
    kinds = {
        "kind": Value(TAGGED),
        "word": Cast("call_tags__call", CharField()),
        "said": F("name"),
    }
    return hung.annotate(**kinds).values_list(*kinds).union(*told, all=True)


SPACE = Given("space", UUIDField())
NAMES: Prepared[Any] = Prepared(_names)


def name_key(name: str, value: Any) -> str:
    """Name a row alike, however a database writes its id."""
    word = str(value)
    return f"{name} {word if name == 'person' else uuid.UUID(word).hex}"
