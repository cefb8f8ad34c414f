"""Importing a file of contacts: stored, checked, then written in batches.

The row in the database is the work: `done` moves in the same transaction as the
contacts of a batch, so a killed import goes on where it was, and nothing counts twice.
"""

import csv
import io
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now as utc_now

from calls import variables
from calls.models import Contact
from calls.models.imports import SILENCE, ContactImport, ImportStatus
from calls.people import contact_file, contact_rows
from calls.people.contact_file import Cells, Line, Table, UnreadableFile
from calls.people.contact_merge import WRITTEN, sort_out
from calls.people.contact_rows import Person
from dashboard.models import AuditEntry, User, Workspace

BATCH = 1000
# A preview looks at so many rows at most: it makes somebody wait.
PREVIEWED = 10_000
SHOWN = 20
CHOSEN = ("columns", "country", "on_known", "has_header")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do, from the first `checked` rows."""

    counts: Counter[str]
    checked: int
    refused: list[tuple[Person, Cells]]
    reasons: list[tuple[str, int]]

    @property
    def takes(self) -> int:
        """How many rows would be taken."""
        return self.checked - self.counts["refused"]


# --- Before it runs ------------------------------------------------------------------
def store(workspace: Workspace, user: User, name: str, data: bytes) -> ContactImport:
    """Keep the file as it came, with a guess at its columns; or raise UnreadableFile."""
    table = contact_file.read(data)
    total = table.count()
    first = table.head(1)[0][1]
    has_header = table.has_header()
    guess = contact_rows.guess_columns if has_header else contact_rows.guess_from_cells
    return ContactImport.objects.create(
        workspace=workspace,
        created_by=user,
        filename=name[-200:],
        data=data,
        encoding=table.encoding,
        delimiter=table.delimiter,
        total=total,
        has_header=has_header,
        columns=guess(first),
        country=workspace.country,
    )


def table_of(row: ContactImport) -> Table:
    """Return the stored file, readable."""
    return contact_file.decode(bytes(row.data), row.encoding, row.delimiter)


def lines_of(row: ContactImport) -> Iterator[Line]:
    """Yield the lines that hold a person."""
    return islice(table_of(row).lines(), 1 if row.has_header else 0, None)


def people_of(row: ContactImport, lines: Iterable[Line]) -> Iterator[Person]:
    """Read lines as the columns say; attributes must be of their kinds."""
    defined = variables.defined(row.workspace, variables.CONTACT)
    return contact_rows.people(lines, row.columns, row.country, defined=defined)


def choose(row: ContactImport, choices: dict[str, Any], now: datetime) -> None:
    """Keep what the columns mean and how to read the file, until it runs."""
    for name in CHOSEN:
        setattr(row, name, choices[name])
    row.status, row.changed_at = ImportStatus.MAPPED, now
    row.save(update_fields=[*CHOSEN, "status", "changed_at"])


def preview(row: ContactImport) -> Preview:
    """Say what the import would do; nothing is written."""
    counts: Counter[str] = Counter(new=0, updated=0, unchanged=0, refused=0)
    reasons: Counter[str] = Counter()
    refused: list[tuple[Person, Cells]] = []
    lines = list(islice(lines_of(row), PREVIEWED))
    contacts = row.workspace.contacts.all()
    people = people_of(row, lines)
    for batch in _batches(zip(people, lines, strict=True)):
        found = sort_out(row, [person for person, _ in batch], contacts)
        counts.update(found.counts())
        bad = [(person, cells) for person, (_, cells) in batch if person.reason]
        reasons.update(_kind(person.reason) for person, _ in bad)
        refused += bad[: SHOWN - len(refused)]
    return Preview(counts, len(lines), refused, reasons.most_common(6))


def start(row: ContactImport, now: datetime) -> bool:
    """Have it run. True once; a stopped import may be started again."""
    ready = ContactImport.objects.filter(
        pk=row.pk, status__in=(ImportStatus.MAPPED, ImportStatus.FAILED)
    )
    return bool(ready.update(status=ImportStatus.QUEUED, changed_at=now, error=""))


# --- While it runs -------------------------------------------------------------------
def overdue(now: datetime) -> list[uuid.UUID]:
    """Return imports whose nudge was lost or whose worker died."""
    return list(ContactImport.objects.overdue(now).values_list("pk", flat=True))


def run(import_id: uuid.UUID) -> None:
    """Import the file, or go on with it. Safe to run twice, also at the same time."""
    row = ContactImport.objects.select_related("workspace").get(pk=import_id)
    if not _claim(row, utc_now()):
        return
    row.refresh_from_db(fields=["done", "counts", "status"])
    try:
        _work(row)
    except UnreadableFile as error:
        _stop(row, str(error))
    except Exception:
        _stop(row, "A fault of Switchboard stopped it; the log has the details.")
        raise


def _claim(row: ContactImport, now: datetime) -> bool:
    """Take the import, if it waits or whoever had it has gone silent."""
    free = Q(status=ImportStatus.QUEUED) | Q(
        status=ImportStatus.RUNNING, changed_at__lt=now - SILENCE
    )
    mine = ContactImport.objects.filter(free, pk=row.pk)
    return bool(mine.update(status=ImportStatus.RUNNING, changed_at=now))


def _work(row: ContactImport) -> None:
    """Write batch after batch, from where an earlier run was stopped."""
    refused: list[tuple[int, str]] = []
    position = 0
    people = people_of(row, lines_of(row))
    for batch in _batches(people):
        refused += [(person.line, person.reason) for person in batch if person.reason]
        position += len(batch)
        if position > row.done and not _write(row, batch, position):
            return
    _finish(row, refused)


def _write(row: ContactImport, batch: list[Person], position: int) -> bool:
    """Write one batch and move `done` with it; False when another run has done so."""
    with transaction.atomic():
        now = utc_now()
        turn = ContactImport.objects.filter(
            pk=row.pk, status=ImportStatus.RUNNING, done=row.done
        )
        if not turn.update(done=position, changed_at=now):
            return False
        outcome = sort_out(row, batch, row.workspace.contacts.select_for_update())
        Contact.objects.bulk_create(outcome.new, BATCH, ignore_conflicts=True)
        Contact.objects.bulk_create(
            outcome.updated,
            BATCH,
            update_conflicts=True,
            unique_fields=["workspace", "number"],
            update_fields=[*WRITTEN, "changed_at"],
        )
        row.done = position
        row.counts = _sum(row.counts, outcome.counts())
        row.save(update_fields=["counts"])
    return True


def _finish(row: ContactImport, refused: list[tuple[int, str]]) -> None:
    """Close the import, with every refused line and its reason."""
    row.status, row.refused = ImportStatus.DONE, refused
    row.changed_at = row.finished_at = utc_now()
    row.save(update_fields=["status", "refused", "changed_at", "finished_at"])
    AuditEntry.record(
        row.workspace,
        "contacts imported",
        user_id=row.created_by_id,
        subject=row.filename,
        after=dict(row.counts),
    )


def _stop(row: ContactImport, reason: str) -> None:
    """Say in words why it goes no further; it may be started again."""
    running = ContactImport.objects.filter(pk=row.pk, status=ImportStatus.RUNNING)
    running.update(status=ImportStatus.FAILED, error=reason, changed_at=utc_now())


# --- Small things --------------------------------------------------------------------
def _sum(before: dict[str, int], more: Counter[str]) -> dict[str, int]:
    return {name: before.get(name, 0) + count for name, count in more.items()}


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items by BATCH."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _kind(reason: str) -> str:
    """Return the reason without what differs from row to row, to count by."""
    return re.sub(r"“.*?”|\d[\d,]*", "…", reason)


# --- Afterwards ----------------------------------------------------------------------
def refused_csv(row: ContactImport) -> Iterator[str]:
    """Yield the refused lines as they came, with the reason as one more column."""
    reasons = dict(row.refused)
    columns = len(row.columns)
    if row.has_header:
        yield _csv_line([*table_of(row).head(1)[0][1], contact_rows.REASON])
    for line, cells in lines_of(row):
        if line in reasons:
            padding = [""] * (columns - len(cells))
            yield _csv_line([*cells, *padding, reasons[line]])


def _csv_line(cells: Iterable[str]) -> str:
    """Write one line that no spreadsheet takes for a formula."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if cell.startswith(contact_file.FORMULA) else cell
