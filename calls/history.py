"""The list of calls: what narrows it, and its pages, as verbs over a workspace's calls.

Pages are found by (created_at, id), so that the thousandth costs what the first does
and nothing moves under the reader when new calls come in.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from agents import phone
from calls.models import Call, CallStatus
from calls.models.call import AT_PROVIDER, WAITING, CallQuerySet
from dashboard.models import Workspace

PAGE_SIZE = 50
# A search by digits needs this many; fewer would find everything.
FEWEST_DIGITS = 3
# Names that match more contacts than this are too common to be asked for.
MOST_CONTACTS = 500

# Filters that mean more than one status, with what a person reads.
GROUPS: dict[str, tuple[str, tuple[CallStatus, ...]]] = {
    "live": ("Live", AT_PROVIDER),
    "waiting": ("Waiting to go out", WAITING),
}
NEEDS_A_LOOK = "look"
DAYS: dict[str, tuple[str, int]] = {
    "today": ("Today", 1),
    "week": ("Last 7 days", 7),
    "month": ("Last 30 days", 30),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty means everything. Ids are ours."""

    status: str = ""
    direction: str = ""
    agent: uuid.UUID | None = None
    number: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, and the cursors of its neighbours (empty: none)."""

    calls: list[Call]
    older: str = ""
    newer: str = ""


# --- Narrowing -----------------------------------------------------------------------
def narrow(workspace: Workspace, filters: Filters) -> CallQuerySet:
    """Return the workspace's calls that fit every filter, newest first."""
    calls = _of_status(workspace.calls.for_list(), filters.status)
    exact = {
        "direction": filters.direction,
        "agent": filters.agent,
        "phone_number": filters.number,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
    }
    calls = calls.filter(**{name: value for name, value in exact.items() if value})
    return search(workspace, calls, filters.q) if filters.q else calls


def _of_status(calls: CallQuerySet, wanted: str) -> CallQuerySet:
    if not wanted:
        return calls
    if wanted == NEEDS_A_LOOK:
        return calls.needs_a_look()
    if wanted in GROUPS:
        return calls.filter(status__in=GROUPS[wanted][1])
    return calls.filter(status=wanted)


def search(workspace: Workspace, calls: CallQuerySet, text: str) -> CallQuerySet:
    """Find by contact, by a number in any format or its last digits, or by an id."""
    found = Q(provider_call_id=text) | Q(external_id=text)
    if (call_id := _uuid(text)) is not None:
        return calls.filter(found | Q(pk=call_id))
    if any(map(str.isalpha, text)):
        return calls.filter(found | _with_name(workspace, text))
    return calls.filter(found | _with_number(workspace, text))


def _with_name(workspace: Workspace, text: str) -> Q:
    rows = workspace.contacts.matching(text).order_by()
    ids = list(rows.values_list("pk", flat=True)[:MOST_CONTACTS])
    return Q(contact__in=ids) | Q(customer_name__icontains=text)


def _with_number(workspace: Workspace, text: str) -> Q:
    """Match a whole number exactly, else any part of one, such as its last digits."""
    read = phone.parse(text, workspace.country)
    if read is not None:
        return Q(to_number=read.e164) | Q(from_number=read.e164)
    digits = phone.digits(text).lstrip("0")
    if len(digits) < FEWEST_DIGITS:
        return Q()
    return Q(to_number__contains=digits) | Q(from_number__contains=digits)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# --- Days ----------------------------------------------------------------------------
def days_back(workspace: Workspace, count: int, now: datetime) -> datetime:
    """Return the start of the first of the last `count` days, today included."""
    today = now.astimezone(ZoneInfo(workspace.timezone)).date()
    return day_start(workspace, today - timedelta(days=count - 1))


def day_start(workspace: Workspace, day: date) -> datetime:
    """Return when a day begins where the workspace is."""
    return datetime.combine(day, time(), ZoneInfo(workspace.timezone))


# --- Pages ---------------------------------------------------------------------------
def page(
    calls: CallQuerySet, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page:
    """Return the calls older than `after`, or newer than `before`, newest first."""
    if (point := read_cursor(before)) is not None:
        rows = list(_newer(calls, *point)[: size + 1])
        if len(rows) <= size:
            return page(calls, size=size)
        rows = rows[:size][::-1]
        return Page(rows, older=_last(rows), newer=_first(rows))
    point = read_cursor(after)
    rows = list((_older(calls, *point) if point else calls)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, _last(rows) if more else "", _first(rows) if point else "")


def _older(calls: CallQuerySet, at: datetime, call_id: uuid.UUID) -> CallQuerySet:
    same = Q(created_at=at, pk__lt=call_id)
    # The first condition repeats the second, in words an index understands.
    return calls.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | same))


def _newer(calls: CallQuerySet, at: datetime, call_id: uuid.UUID) -> CallQuerySet:
    same = Q(created_at=at, pk__gt=call_id)
    newer = calls.filter(Q(created_at__gte=at) & (Q(created_at__gt=at) | same))
    return newer.order_by("created_at", "id")


def _first(rows: list[Call]) -> str:
    return cursor(rows[0]) if rows else ""


def _last(rows: list[Call]) -> str:
    return cursor(rows[-1]) if rows else ""


def cursor(call: Call) -> str:
    """Return the place of a call in the list, for an address."""
    since = call.created_at - datetime.fromtimestamp(0, UTC)
    return f"{since // timedelta(microseconds=1)}-{call.pk.hex}"


def read_cursor(text: str) -> tuple[datetime, uuid.UUID] | None:
    """Return the place a cursor names; None for none, or for one that is broken."""
    micros, _, call_id = text.partition("-")
    try:
        since = timedelta(microseconds=int(micros))
        return datetime.fromtimestamp(0, UTC) + since, uuid.UUID(call_id)
    except (ValueError, OverflowError):
        return None
