"""Files of calls: asked for, written in the background, fetched, and gone after days.

The row (`Export`) is the queue. A worker takes it by its lease, writes the file from
the history's own filter, batch after batch, and moves the lease with the count. A file
whose worker was killed is begun anew: it is written elsewhere until it is whole.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import IO

from django.core.files import File
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from calls.export.export_columns import COLUMNS, USUAL, Table
from calls.export.export_files import writer
from calls.history import counting, filters, pages
from calls.history.narrowing import narrow
from calls.models import Export, ExportFormat, ExportState
from calls.models.exports import store
from calls.privacy.masking import Reader
from dashboard.celery import send
from dashboard.models import AuditEntry, Member, User

# Calls of one batch: two queries, and a few MB in memory.
BATCH = 2_000
LEASE = timedelta(minutes=2)
# A nudge takes milliseconds; an export that waits longer has lost its nudge.
PATIENCE = timedelta(seconds=5)
# After so many workers were killed over it, it is the file's fault.
TRIES = 3
KEPT = timedelta(days=7)
# How many one person may have waiting at once.
MOST_OPEN = 3
TOO_OFTEN = "Its worker was stopped three times. Ask for fewer calls, or try again."
OPEN = (ExportState.QUEUED, ExportState.RUNNING)


class TooMany(Exception):
    """Somebody has enough exports waiting; `str()` is for people."""


class Canceled(Exception):
    """It is no longer wanted, or somebody else writes it by now."""


# --- Asking --------------------------------------------------------------------------
def ask(
    member: Member,
    query: str,
    *,
    format: str,
    columns: Iterable[str],
    has_transcripts: bool,
    is_masked: bool,
    now: datetime,
) -> Export:
    """Have the calls that fit the history's query string written to a file.

    Raises TooMany. It is read as it was read by who asked: masked or not.
    """
    workspace = member.workspace
    mine = workspace.exports.filter(created_by=member.user, state__in=OPEN)
    if mine.count() >= MOST_OPEN:
        raise TooMany(
            f"You have {MOST_OPEN} exports waiting. Let one finish, or cancel it."
        )
    read = filters.read(workspace, QueryDict(query))
    wanted = [name for name in COLUMNS if name in set(columns)]
    is_jsonl = format == ExportFormat.JSONL
    export = Export.objects.create(
        workspace=workspace,
        created_by=member.user,
        format=format,
        query=filters.write(read),
        columns=wanted or USUAL,
        has_transcripts=has_transcripts and is_jsonl,
        is_masked=is_masked,
        created_at=now,
    )
    AuditEntry.record(
        workspace,
        "calls exported",
        member.user,
        subject=export.filename,
        after={"query": export.query, "format": format, "columns": export.columns},
    )
    transaction.on_commit(
        lambda: send("calls.tasks.write_export", str(export.pk)), robust=True
    )
    return export


def cancel(export: Export, now: datetime) -> bool:
    """Stop an export that is not finished; False when it is."""
    rows = Export.objects.filter(pk=export.pk, state__in=OPEN)
    return rows.update(state=ExportState.CANCELED, finished_at=now) == 1


def seen_by(member: Member) -> QuerySet[Export]:
    """Return the exports somebody may see and fetch: their own, of an admin all."""
    rows = member.workspace.exports.select_related("created_by")
    if member.may("administer"):
        return rows
    return rows.filter(created_by=member.user)


def fetch(export: Export, by: User) -> "File[bytes] | None":
    """Open the file for somebody, with an entry; None: it is not there."""
    name = export.file.name or ""
    if not name or not store().exists(name):
        return None
    Export.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1)
    AuditEntry.record(
        export.workspace, "export downloaded", by, subject=export.filename
    )
    return store().open(name, "rb")


# --- Writing -------------------------------------------------------------------------
def due(now: datetime) -> list[uuid.UUID]:
    """Return the exports that nobody writes."""
    waiting = Q(state=ExportState.QUEUED, created_at__lt=now - PATIENCE)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = Export.objects.filter(waiting | Q(state=ExportState.RUNNING) & free)
    return list(rows.order_by("created_at").values_list("pk", flat=True))


def write(export_id: uuid.UUID, now: datetime) -> ExportState | None:
    """Write the file; return what became of it, None: somebody else is at it.

    Of many workers one writes: the row's lease is taken first.
    """
    export = _claim(export_id, now)
    if export is None:
        return None
    if export.tries > TRIES:
        return _end(export, ExportState.FAILED, error=TOO_OFTEN)
    try:
        with NamedTemporaryFile(prefix="export-") as file:
            _write(export, file)
            return _keep(export, file)
    except Canceled:
        return None


def _claim(export_id: uuid.UUID, now: datetime) -> Export | None:
    rows = Export.objects.filter(pk=export_id)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    mine = rows.filter(free, state__in=OPEN).update(
        state=ExportState.RUNNING,
        lease_until=now + LEASE,
        started_at=now,
        tries=F("tries") + 1,
        done=0,
    )
    return rows.select_related("workspace").get() if mine else None


def _write(export: Export, file: IO[bytes]) -> None:
    """Write all batches; raises Canceled where it is no longer wanted."""
    # "Today" stays the day on which it was asked for, also when it is begun anew.
    workspace, now = export.workspace, export.created_at
    read = filters.read(workspace, QueryDict(export.query))
    table = Table(export.columns, Reader(export.is_masked))
    _expect(export, read, now)
    out = writer(export, table.columns, file)
    for ids in pages.chunks(workspace, read, now, size=BATCH):
        rows = table.rows(workspace, ids)
        out.write(rows)
        export.done += len(rows)
        _go_on(export, done=export.done)
    out.close()


def _expect(export: Export, read: filters.Filters, now: datetime) -> None:
    """Say how many calls it will be; of many they are counted once, off the pages."""
    count = counting.count(export.workspace, read, now)
    value: int | None = count.value
    if count.is_more:
        # Words are found by pages only: there the end is not known before.
        value = None
    if count.is_more and not read.q:
        value = narrow(export.workspace, read, now).order_by().count()
    _go_on(export, expected=value)


def _go_on(export: Export, **facts: int | None) -> None:
    """Say how far it is, and that somebody is at it; raises Canceled."""
    rows = Export.objects.filter(
        pk=export.pk, state=ExportState.RUNNING, tries=export.tries
    )
    if not rows.update(lease_until=_now() + LEASE, **facts):
        raise Canceled


def _keep(export: Export, file: IO[bytes]) -> ExportState:
    """Put the file where exports are kept; raises Canceled."""
    size = file.tell()
    file.seek(0)
    _go_on(export)
    stem = f"{export.workspace_id}/{export.pk}-{export.tries}.{export.format}"
    name = store().save(stem, File(file))
    now = _now()
    facts = {"file": name, "bytes": size, "expires_at": now + KEPT}
    try:
        return _end(export, ExportState.DONE, **facts)
    except Canceled:
        store().delete(name)
        raise


def _end(export: Export, state: ExportState, **facts: object) -> ExportState:
    rows = Export.objects.filter(
        pk=export.pk, state=ExportState.RUNNING, tries=export.tries
    )
    if not rows.update(state=state, finished_at=_now(), lease_until=None, **facts):
        raise Canceled
    return state


def drop_expired(now: datetime) -> int:
    """Delete files whose days are over; return how many there were."""
    rows = Export.objects.filter(state=ExportState.DONE, expires_at__lte=now)
    for export in list(rows):
        store().delete(export.file.name or "")
        rows.filter(pk=export.pk).update(state=ExportState.EXPIRED, file="")
    return len(rows)


def _now() -> datetime:
    return datetime.now(tz=UTC)
