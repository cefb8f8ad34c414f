"""What a file of calls may hold: its columns, in our own words and in UTC.

Each column says which fields of a call it needs and what it makes of them, so that a
file asks the database for nothing else.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from calls import outcome
from calls.models import CallTag
from calls.privacy.masking import Reader
from dashboard.models import Workspace

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the fields it needs, in order, and what it makes of their values.

    `kind` is a word of KINDS. `is_spoken`: it may hold words of people, and is masked
    for those who are not to read everything.
    """

    name: str
    label: str
    fields: tuple[str, ...]
    kind: str = "text"
    make: Callable[..., Any] | None = None
    is_usual: bool = False
    is_spoken: bool = False


# What a value may be, in a file that knows sorts.
KINDS = ("text", "time", "whole", "amount", "yes_no", "json", "words")


def _outcome(status: str, answered_by: str, end_reason: str) -> str:
    """Return the word of `outcome.of` for a row that is no Call."""
    return outcome.of(_Ended(status, answered_by, end_reason))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Ended:
    status: str
    answered_by: str
    end_reason: str


def _person(name: str | None, email: str | None) -> str:
    return name or email or ""


def _page(pk: UUID) -> str:
    return f"{settings.BASE_URL}{reverse('call_detail', args=[pk])}"


def _recording(pk: UUID, recording_url: str) -> str:
    where = f"{settings.BASE_URL}/api/v1/calls/{pk}/recording"
    return where if recording_url else ""


def _plain(name: str, label: str, field: str = "", **facts: Any) -> Column:
    return Column(name, label, (field or name,), **facts)


def _usual(name: str, label: str, field: str = "", **facts: Any) -> Column:
    return Column(name, label, (field or name,), is_usual=True, **facts)


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        _usual("id", "Call id", "pk"),
        _usual("created_at", "Launched or begun", kind="time"),
        _plain("answered_at", "Answered", kind="time"),
        _usual("ended_at", "Ended", kind="time"),
        _usual("direction", "Direction"),
        _plain("type", "Type"),
        _plain("source", "How it came to be"),
        _usual("status", "Status"),
        Column(
            "outcome",
            "Outcome",
            ("status", "answered_by", "end_reason"),
            make=_outcome,
            is_usual=True,
        ),
        _usual("answered_by", "Answered by"),
        _usual("contact", "Contact", "contact__name"),
        _plain("customer_name", "Name given"),
        _usual("from_number", "From"),
        _usual("to_number", "To"),
        _usual("agent", "Agent", "agent__name"),
        _plain("agent_version", "Version", kind="whole"),
        _usual("connection", "Connection", "connection__name"),
        _plain("provider", "Provider", "connection__provider"),
        _usual("duration_ms", "Duration in ms", kind="whole"),
        _usual("cost", "Cost", kind="amount"),
        _usual("currency", "Currency"),
        _usual("end_reason", "End reason"),
        _plain("end_reason_raw", "End reason, as the provider says"),
        _plain("fault", "Fault"),
        _usual("sentiment", "Sentiment"),
        _usual("successful", "Successful", kind="yes_no"),
        _usual("summary", "Summary", is_spoken=True),
        _usual("tags", "Tags", "pk", kind="words"),
        _plain("reviewed_at", "Reviewed", kind="time"),
        Column(
            "reviewed_by",
            "Reviewed by",
            ("reviewed_by__name", "reviewed_by__email"),
            make=_person,
        ),
        Column(
            "launched_by",
            "Launched by",
            ("launched_by__name", "launched_by__email"),
            make=_person,
        ),
        _plain("api_key", "API key", "api_key__name"),
        _plain("external_id", "External id"),
        _plain("provider_call_id", "Id at the provider"),
        _plain("contact_id", "Contact id"),
        _plain("variables", "Variables", kind="json", is_spoken=True),
        _plain("metadata", "Metadata", kind="json", is_spoken=True),
        _plain("analysis", "Extracted data", kind="json", is_spoken=True),
        _plain("latency", "Latency", kind="json"),
        Column("recording_url", "Recording", ("pk", "recording_url"), make=_recording),
        Column("url", "Address of the call’s page", ("pk",), make=_page),
    )
}
USUAL = [column.name for column in COLUMNS.values() if column.is_usual]


class Table:
    """Some columns of calls, as somebody is to see them."""

    def __init__(self, names: Iterable[str], reader: Reader) -> None:
        self.columns = [COLUMNS[name] for name in names if name in COLUMNS]
        self.reader = reader
        wanted = {field for column in self.columns for field in column.fields}
        self.fields = ["pk", *sorted(wanted - {"pk"})]
        places = {field: place for place, field in enumerate(self.fields)}
        self.places = [[places[f] for f in column.fields] for column in self.columns]

    def rows(self, workspace: Workspace, ids: Sequence[UUID]) -> list[Row]:
        """Return the calls with these ids, in this order; the first value is the id.

        Two queries at most. A call that went away meanwhile is left out.
        """
        found = workspace.calls.filter(pk__in=ids).order_by()
        by_id = {row[0]: row for row in found.values_list(*self.fields)}
        tags = self._tags(ids)
        return [
            [pk, *self._values(by_id[pk], tags.get(pk, []))]
            for pk in ids
            if pk in by_id
        ]

    def _tags(self, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        if not any(column.kind == "words" for column in self.columns):
            return {}
        tags: dict[UUID, list[str]] = {}
        rows = CallTag.objects.filter(call__in=ids).order_by("tag__name")
        for call_id, name in rows.values_list("call", "tag__name"):
            tags.setdefault(call_id, []).append(name)
        return tags

    def _values(self, row: Sequence[Any], tags: list[str]) -> Row:
        values: Row = []
        for column, places in zip(self.columns, self.places, strict=True):
            if column.kind == "words":
                value: Any = tags
            elif column.make:
                value = column.make(*(row[place] for place in places))
            else:
                value = row[places[0]]
            if self.reader.is_masked and column.is_spoken:
                value = self.reader.value(value)
            values.append(value)
        return values


# --- As text -------------------------------------------------------------------------
def time(value: datetime | None) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, str | int | float | dict | list | None):
        return value
    return str(value)


def as_text(value: Any) -> str:
    """Return a value as a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return time(value) or ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)
