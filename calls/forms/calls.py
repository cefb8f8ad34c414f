"""The filters of the call list, as they stand in the address."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms

from agents.models import Direction
from calls import history
from calls.models import CallStatus
from calls.models.call import FINAL
from dashboard.models import Workspace

Choices = list[tuple[str, str]]

OFFERED: Choices = [
    *((word, label) for word, (label, _) in history.GROUPS.items()),
    (history.NEEDS_A_LOOK, "Needs a look"),
    (CallStatus.UNCONFIRMED.value, str(CallStatus.UNCONFIRMED.label)),
    *((status.value, str(status.label)) for status in FINAL),
]
DAYS: Choices = [(word, label) for word, (label, _) in history.DAYS.items()]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a filter may be, with the address of the list it gives."""

    label: str
    href: str
    is_now: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter; `said` is what it is now in words, empty for everything."""

    name: str
    label: str
    icon: str
    said: str
    choices: list[Choice]


class FilterForm(forms.Form):
    """Reads the address; what is not understood is left out, not guessed."""

    status = forms.ChoiceField(required=False, choices=[*OFFERED, *CallStatus.choices])
    direction = forms.ChoiceField(required=False, choices=Direction.choices)
    when = forms.ChoiceField(required=False, choices=DAYS)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    q = forms.CharField(required=False, max_length=120)

    def __init__(self, workspace: Workspace, data: Any) -> None:
        super().__init__(data)
        self.workspace = workspace
        self.fields["agent"] = forms.ModelChoiceField(
            workspace.agents.all(), required=False
        )
        self.fields["number"] = forms.ModelChoiceField(
            workspace.numbers.all(), required=False
        )
        self.is_valid()

    def filters(self, now: datetime) -> history.Filters:
        """Return what the list is narrowed to."""
        clean = self.cleaned_data
        since, until = self._days(now)
        return history.Filters(
            status=clean.get("status", ""),
            direction=clean.get("direction", ""),
            agent=agent.pk if (agent := clean.get("agent")) else None,
            number=number.pk if (number := clean.get("number")) else None,
            since=since,
            until=until,
            q=clean.get("q", ""),
        )

    def _days(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the first moment that is in, and the first that no longer is."""
        clean = self.cleaned_data
        if clean.get("when"):
            count = history.DAYS[clean["when"]][1]
            return history.days_back(self.workspace, count, now), None
        first, last = clean.get("since"), clean.get("until")
        after = last + timedelta(days=1) if last else None
        return (
            history.day_start(self.workspace, first) if first else None,
            history.day_start(self.workspace, after) if after else None,
        )

    @property
    def is_narrow(self) -> bool:
        """Whether any filter is set."""
        return any(self.cleaned_data.values())

    def chips(self) -> list[Chip]:
        """Return the filters that are chosen from a list."""
        agents = [(str(a.pk), a.name) for a in self.workspace.agents.all()]
        numbers = [(str(n.pk), str(n)) for n in self.workspace.numbers.all()]
        ways = _texts(Direction.choices)
        return [
            self._chip("status", "Status", "activity", self._statuses()),
            self._chip("direction", "Direction", "arrow-left-right", ways),
            self._chip("agent", "Agent", "bot", agents),
            self._chip("number", "Our number", "hash", numbers),
        ]

    def date_chip(self) -> Chip:
        """Return the filter by day; days set by hand are said as they are."""
        chip = self._chip("when", "Date", "calendar", DAYS, since="", until="")
        first, last = (self.cleaned_data.get(name) for name in ("since", "until"))
        if not chip.said and (first or last):
            return replace(chip, said=f"{first or '…'} to {last or 'today'}")
        return chip

    def _chip(
        self, name: str, label: str, icon: str, rows: Choices, **others: str
    ) -> Chip:
        now = self._now(name)
        choices = [
            Choice(words, self.address(**{name: value}, **others), value == now)
            for value, words in [("", "Any"), *rows]
        ]
        return Chip(name, label, icon, dict(rows).get(now, ""), choices)

    # --- addresses
    def address(self, **changes: str) -> str:
        """Return the address of this list with some filters changed."""
        pairs = {name: self._now(name) for name in self.fields} | changes
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def others(self) -> list[tuple[str, str]]:
        """Return the filters that a search keeps."""
        return self._kept("q")

    def others_than_days(self) -> list[tuple[str, str]]:
        """Return the filters that a choice of days keeps."""
        return self._kept("when", "since", "until")

    def _kept(self, *left_out: str) -> list[tuple[str, str]]:
        names = (name for name in self.fields if name not in left_out)
        return [(name, self._now(name)) for name in names if self._now(name)]

    def _statuses(self) -> Choices:
        """Return the statuses on offer, and the one a link named beside them."""
        offered = dict(OFFERED)
        others = [(s, w) for s, w in _texts(CallStatus.choices) if s not in offered]
        return OFFERED + [row for row in others if row[0] == self._now("status")]

    def _now(self, name: str) -> str:
        value = self.cleaned_data.get(name)
        return str(getattr(value, "pk", value) or "")


def _texts(choices: list[tuple[Any, Any]]) -> Choices:
    return [(str(word), str(label)) for word, label in choices]
