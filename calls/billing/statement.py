"""The ledger for people: narrowed, page by page, and as a file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet

from calls.history.days import day_start
from calls.models import LedgerEntry, Wallet
from calls.people.contact_file import FORMULA
from dashboard.models import Workspace

PAGE_SIZE = 50
CHUNK = 2_000
# The largest id there can be; what is typed into an address may be larger.
LARGEST = 2**63 - 1
COLUMNS = (
    *("at", "kind", "amount", "currency", "balance_after"),
    *("call_id", "who", "note", "id"),
)
Entries = QuerySet[LedgerEntry]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the ledger, newest first, and the cursors of its neighbours."""

    entries: list[LedgerEntry]
    older: str = ""
    newer: str = ""


def narrow(
    wallet: Wallet,
    kind: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Entries:
    """Return the entries of a kind and of some days, the last included."""
    rows = wallet.entries.order_by("-id")
    if kind:
        rows = rows.filter(kind=kind)
    if since:
        rows = rows.filter(at__gte=day_start(wallet.workspace, since))
    if until:
        end = day_start(wallet.workspace, until + timedelta(days=1))
        rows = rows.filter(at__lt=end)
    return rows


def shown(rows: Entries) -> Entries:
    """Return the entries with what a row of the ledger shows."""
    return rows.select_related("call__contact", "user", "api_key")


def page(
    rows: Entries, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page:
    """Return the entries older than `after`, or newer than `before`, newest first."""
    if (point := read_cursor(before)) is not None:
        newer = list(rows.filter(pk__gt=point).order_by("id")[: size + 1])
        if len(newer) <= size:
            return page(rows, size=size)
        found = newer[:size][::-1]
        return Page(found, str(found[-1].pk), str(found[0].pk))
    point = read_cursor(after)
    older = list((rows if point is None else rows.filter(pk__lt=point))[: size + 1])
    found = older[:size]
    last = str(found[-1].pk) if len(older) > size else ""
    first = str(found[0].pk) if found and point is not None else ""
    return Page(found, last, first)


def read_cursor(text: str) -> int | None:
    """Return the entry that a cursor names; None for none, or for a broken one."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:19]), LARGEST)


# --- As a file -----------------------------------------------------------------------
def as_csv(rows: Entries) -> Iterator[str]:
    """Yield the entries as lines of a file for spreadsheets, with the names first."""
    # The mark lets spreadsheets read the letters right.
    yield "\ufeff" + _line(COLUMNS)
    for entry in rows.select_related("user", "api_key").iterator(CHUNK):
        yield _line(
            (
                _time(entry.at),
                entry.kind,
                f"{entry.amount:.4f}",
                entry.currency,
                f"{entry.balance_after:.4f}",
                str(entry.call_id or ""),
                _harmless(entry.who),
                _harmless(entry.note),
                str(entry.pk),
            )
        )


def filename(workspace: Workspace, today: date) -> str:
    """Return what the file is called."""
    return f"{workspace.slug}-ledger-{today:%Y-%m-%d}.csv"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(FORMULA) else text
