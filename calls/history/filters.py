"""The filters of the history: what they are, and how they stand in an address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from calls.history import days
from calls.history.choices import CHOICES, LABELS, NEWEST
from dashboard.models import Workspace

Params = Mapping[str, Any]
LONGEST = 200
# As many fit into an address; a page of the list has fewer calls.
MOST_VALUES = 80
# What a database can hold as a bound.
LARGEST = 2**53
YEARS = range(1970, 2200)

__all__ = ["CHOICES", "MOST_VALUES", "Filters", "as_json", "pairs", "read", "write"]
Words = tuple[str, ...]
Ids = tuple[UUID, ...]
Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the history is narrowed to; empty means everything, a tuple any of these.

    Durations are ms, bounds included. `since` and `until` are days of the workspace,
    both in, or moments, of which the last is not in. `errors` holds the name of each
    parameter that was not understood, with a sentence.
    """

    when: str = ""
    since: date | datetime | None = None
    until: date | datetime | None = None
    status: Words = ()
    outcome: Words = ()
    end_reason: Words = ()
    fault: Words = ()
    answered_by: Words = ()
    direction: Words = ()
    agent: Ids = ()
    version: Numbers = ()
    number: Ids = ()
    connection: Ids = ()
    contact: Ids = ()
    call: Ids = ()
    tag: Ids = ()
    sentiment: Words = ()
    success: Words = ()
    duration_min: int | None = None
    duration_max: int | None = None
    cost_min: Decimal | None = None
    cost_max: Decimal | None = None
    reviewed: bool | None = None
    recording: bool | None = None
    person: Numbers = ()
    key: Ids = ()
    source: Words = ()
    type: Words = ()
    weekday: Numbers = ()
    hour: Numbers = ()
    external: str = ""
    q: str = ""
    sort: str = NEWEST
    errors: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out of the list."""
        return any(name != "sort" for name, _ in pairs(self))

    def span(
        self, workspace: Workspace, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """Return the first moment that is in, and the first that no longer is."""
        first, last = days.preset(workspace, self.when, now)
        since = days.bound(workspace, self.since, is_end=False)
        until = days.bound(workspace, self.until, is_end=True)
        return since or first, until or last


# --- Reading -------------------------------------------------------------------------
class NotUnderstood(ValueError):
    """A value that is none of the filter's; says in words what is."""


def read(workspace: Workspace, params: Params) -> Filters:
    """Return the filters that stand in an address, or in a row that keeps them.

    Nothing is asked of the database, and nothing raised: what is not understood is
    left out, and said in `errors`.
    """
    found: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for name, reader in READERS.items():
        if values := _values(params, name):
            try:
                found[name] = reader(name, _few(name, values))
            except NotUnderstood as problem:
                errors.append((name, str(problem)))
    return Filters(**found, errors=tuple(errors))


def _values(params: Params, name: str) -> list[str]:
    """Return the values of a parameter, without empty ones."""
    several = getattr(params, "getlist", None)
    given = several(name) if several else params.get(name, [])
    if isinstance(given, str) or not isinstance(given, Sequence):
        given = [given]
    texts = [str(value).replace("\0", "").strip() for value in given]
    if name not in {"q", "external", "since", "until"}:
        texts = [part.strip() for text in texts for part in text.split(",")]
    return [text for text in texts if text]


def _few(name: str, values: list[str]) -> list[str]:
    if len(values) > MOST_VALUES:
        raise _say(name, f"{values[0]} …", f"take {MOST_VALUES} values at most")
    return values


def _say(name: str, text: str, wanted: str) -> NotUnderstood:
    label = LABELS.get(name, name)
    return NotUnderstood(f"“{text[:40]}” is no value for “{label}”: {wanted}.")


def _word(name: str, values: list[str]) -> str:
    return _words(name, values[-1:])[0]


def _words(name: str, values: list[str]) -> Words:
    known = dict(CHOICES[name])
    for text in values:
        if text not in known:
            raise _say(name, text, f"take one of {', '.join(known)}")
    return tuple(dict.fromkeys(values))


def _ids(name: str, values: list[str]) -> Ids:
    return tuple(dict.fromkeys(_id(name, text) for text in values))


def _id(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _say(name, text, "take the id of one, as a link has it") from None


def _numbers(name: str, values: list[str]) -> Numbers:
    wrong = [text for text in values if not (text.isdecimal() and len(text) < 10)]
    if wrong:
        raise _say(name, wrong[0], "take a whole number")
    if name in CHOICES:
        _words(name, [str(int(text)) for text in values])
    return tuple(dict.fromkeys(map(int, values)))


def _yes_no(name: str, values: list[str]) -> bool:
    return _word(name, values) == "yes"


def _milliseconds(name: str, values: list[str]) -> int:
    """Read seconds (90, 2.5) or minutes and seconds (1:30)."""
    *before, last = values[-1].split(":")
    try:
        minutes = [int(part) for part in before]
        seconds = Decimal(last)
        for place, part in enumerate(reversed(minutes), 1):
            seconds += part * 60**place
        milliseconds = int(seconds * 1000)
    except (ValueError, InvalidOperation, OverflowError):
        milliseconds = -1
    if not 0 <= milliseconds < LARGEST or len(before) > 2:
        raise _say(name, values[-1], "take seconds (90) or minutes (1:30)")
    return milliseconds


def _amount(name: str, values: list[str]) -> Decimal:
    try:
        amount = Decimal(values[-1])
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < 10**6:
        raise _say(name, values[-1], "take an amount such as 0.25")
    return round(amount, 6)


def _day(name: str, values: list[str]) -> date | datetime:
    """Read a day, or a moment; one without a zone is UTC."""
    # The plus of a zone that nobody escaped is read as a space.
    text = values[-1].replace(" ", "+" if "T" in values[-1] else "T")
    try:
        if len(text) <= 10:
            day: date = date.fromisoformat(text)
        else:
            moment = datetime.fromisoformat(text)
            day = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if day.year not in YEARS:
            raise ValueError
    except ValueError:
        raise _say(name, values[-1], "take a day such as 2026-11-20") from None
    return day


def _text(name: str, values: list[str]) -> str:
    return " ".join(values)[:LONGEST].strip()


Reader = Callable[[str, list[str]], Any]
READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("when", "sort"), _word),
    **dict.fromkeys(("since", "until"), _day),
    **dict.fromkeys(("status", "outcome", "end_reason", "fault"), _words),
    **dict.fromkeys(("answered_by", "direction", "sentiment"), _words),
    **dict.fromkeys(("success", "source", "type"), _words),
    **dict.fromkeys(("agent", "number", "connection"), _ids),
    **dict.fromkeys(("contact", "call", "tag", "key"), _ids),
    **dict.fromkeys(("version", "person", "weekday", "hour"), _numbers),
    **dict.fromkeys(("reviewed", "recording"), _yes_no),
    **dict.fromkeys(("duration_min", "duration_max"), _milliseconds),
    **dict.fromkeys(("cost_min", "cost_max"), _amount),
    **dict.fromkeys(("external", "q"), _text),
}


# --- Writing -------------------------------------------------------------------------
def pairs(filters: Filters) -> list[tuple[str, str]]:
    """Return the parameters of the address: a name for each value, none empty."""
    found: list[tuple[str, str]] = []
    for name in (one.name for one in fields(Filters) if one.name != "errors"):
        value = getattr(filters, name)
        if name == "sort" and value == NEWEST:
            continue
        several = value if isinstance(value, tuple) else (value,)
        found += [
            (name, _written(name, one)) for one in several if one not in {None, ""}
        ]
    return found


def _written(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in {"duration_min", "duration_max"}:
        return f"{Decimal(value) / 1000:f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def write(filters: Filters) -> str:
    """Return the part of an address behind the `?`; empty for everything."""
    return urlencode(pairs(filters))


def as_json(filters: Filters) -> dict[str, list[str]]:
    """Return the filters as a row keeps them; `read` gives them back."""
    kept: dict[str, list[str]] = {}
    for name, value in pairs(filters):
        kept.setdefault(name, []).append(value)
    return kept
