"""The contacts of a workspace: found, paged, with the time where they are."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import now as utc_now

from agents import phone
from calls.history import taking
from calls.models import Call, Contact
from dashboard.models import ApiKey, AuditEntry, User, Workspace

PAGE = 50
# Counting stops here: "more than 10,000" tells as much, and stays quick.
COUNTED = 10_000
# Hours in which few people like to be called.
EARLY, LATE = 8, 20
FIELDS = (
    "name",
    "number",
    "email",
    "company",
    "timezone",
    "do_not_call",
    "attributes",
)
# What calls are found by.
SPOKEN_OF = frozenset({"name", "company", "email"})
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The time now where somebody is; two times where the number leaves it open."""

    times: tuple[datetime, ...]

    def __str__(self) -> str:
        return " to ".join(f"{time:%H:%M}" for time in (self.times[:1] + self.ends))

    @property
    def ends(self) -> tuple[datetime, ...]:
        """The latest time, where there is more than one."""
        return self.times[-1:] if len(self.times) > 1 else ()

    @property
    def is_late(self) -> bool:
        """Whether it is (or may be) an hour in which people sleep."""
        return not all(EARLY <= time.hour < LATE for time in self.times)


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact as a list row shows it."""

    contact: Contact
    local_time: LocalTime | None
    last_call: Call | None
    is_suppressed: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows between two marks; a mark is the id of the row at the edge, or None."""

    items: list[M]
    before: uuid.UUID | None
    after: uuid.UUID | None


# --- Finding -------------------------------------------------------------------------
def find(workspace: Workspace, text: str) -> QuerySet[Contact]:
    """Return the contacts that fit, or all when nothing is asked."""
    contacts = workspace.contacts.all()
    found = contacts.matching(text) if text else contacts
    for digits in phone.spellings(text, workspace.country):
        found |= contacts.filter(number__contains=digits)
    return found


def count(rows: QuerySet[Contact]) -> int:
    """Count the rows, up to one more than COUNTED."""
    return rows.order_by()[: COUNTED + 1].count()


def page(
    workspace: Workspace, rows: QuerySet[Contact], marks: Mapping[str, str]
) -> Page[Contact]:
    """Return the page after (or before) the contact whose id is in `marks`.

    By keyset, not by OFFSET: the thousandth page costs what the first does.
    """
    rows = rows.order_by("name", "number")
    before = _marked(workspace.contacts.all(), marks.get("before"))
    if before:
        lower = Q(name__lt=before.name) | Q(name=before.name, number__lt=before.number)
        found = list(rows.reverse().filter(lower)[: PAGE + 1])
        items, more = found[:PAGE][::-1], len(found) > PAGE
        return Page(items, _mark(items, 0, more), _mark(items, -1, True))
    after = _marked(workspace.contacts.all(), marks.get("after"))
    if after:
        rows = behind(rows, after)
    found = list(rows[: PAGE + 1])
    items, more = found[:PAGE], len(found) > PAGE
    return Page(items, _mark(items, 0, bool(after)), _mark(items, -1, more))


def behind(rows: QuerySet[Contact], mark: Contact) -> QuerySet[Contact]:
    """Return the rows after a contact, in the order by name and number."""
    same = Q(name=mark.name, number__gt=mark.number)
    return rows.filter(Q(name__gt=mark.name) | same)


def timeline(calls: QuerySet[Call], mark: str | None, size: int = 20) -> Page[Call]:
    """Return a page of calls, newest first, older than the call with the id `mark`."""
    older = _marked(calls, mark)
    if older:
        same = Q(created_at=older.created_at, id__lt=older.pk)
        calls = calls.filter(Q(created_at__lt=older.created_at) | same)
    found = list(calls[: size + 1])
    items, more = found[:size], len(found) > size
    return Page(items, _mark(items, 0, bool(older)), _mark(items, -1, more))


def _marked(rows: QuerySet[M], mark: str | None) -> M | None:
    """Return the row with that id; None for no id, a wrong one, or a deleted row."""
    try:
        return rows.filter(pk=uuid.UUID(mark)).first() if mark else None
    except ValueError:
        return None


def _mark(items: list[Any], index: int, is_there: bool) -> uuid.UUID | None:
    return items[index].pk if items and is_there else None


# --- Showing -------------------------------------------------------------------------
def entries(workspace: Workspace, contacts: list[Contact]) -> list[Entry]:
    """Return what the list rows show, in two queries for any number of rows."""
    newest = workspace.calls.filter(contact=OuterRef("pk")).order_by(
        "-created_at", "-id"
    )
    listed = workspace.suppressions.filter(number=OuterRef("number"))
    facts = workspace.contacts.filter(pk__in=[c.pk for c in contacts]).order_by()
    known = {
        pk: (last, is_listed)
        for pk, last, is_listed in facts.values_list(
            "pk", Subquery(newest.values("pk")[:1]), Exists(listed)
        )
    }
    calls = workspace.calls.in_bulk([last for last, _ in known.values() if last])
    now = utc_now()
    return [
        Entry(c, local_time(c, now), calls.get(known[c.pk][0]), known[c.pk][1])
        for c in contacts
        if c.pk in known
    ]


def local_time(contact: Contact, now: datetime) -> LocalTime | None:
    """Return the time where the contact is: by the zone given, else by the number."""
    if contact.timezone:
        return LocalTime((now.astimezone(ZoneInfo(contact.timezone)),))
    return number_time(phone.parse(contact.number), now)


def number_time(number: phone.Phone | None, now: datetime) -> LocalTime | None:
    """Return the time where the number is; None where that says nothing."""
    times = tuple(number.local_times(now)) if number else ()
    return LocalTime(times) if times else None


# --- Changing ------------------------------------------------------------------------
def save(contact: Contact, values: dict[str, Any], by: User | ApiKey) -> bool:
    """Set and save the values, with an audit entry; False when the number is taken."""
    is_new = contact._state.adding
    before = {} if is_new else {name: getattr(contact, name) for name in FIELDS}
    for name, value in values.items():
        setattr(contact, name, value)
    changed = [name for name in FIELDS if before.get(name) != getattr(contact, name)]
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        return False
    if not is_new and SPOKEN_OF.intersection(changed):
        taking.renamed(contact)
    AuditEntry.record(
        contact.workspace,
        "contact added" if is_new else "contact changed",
        by,
        subject=str(contact),
        before={name: before[name] for name in changed if name in before},
        after={name: getattr(contact, name) for name in changed},
    )
    return True


def delete(contact: Contact, by: User | ApiKey) -> None:
    """Delete a contact. Whoever is not to be called stays so: by the list."""
    workspace = contact.workspace
    with transaction.atomic():
        if contact.do_not_call:
            workspace.suppressions.get_or_create(
                number=contact.number,
                defaults={
                    "reason": "The contact was deleted, and was not to be called",
                    "created_by": by if isinstance(by, User) else None,
                },
            )
        AuditEntry.record(
            workspace,
            "contact deleted",
            by,
            subject=str(contact),
            before={name: getattr(contact, name) for name in FIELDS},
        )
        # Nobody is found by the name of somebody who is no longer there.
        taking.renamed(contact)
        contact.delete()
