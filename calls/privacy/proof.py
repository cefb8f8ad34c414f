"""The proof of what was erased, for people: page by page, and as a file."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from calls.billing.statement import read_cursor
from calls.models import ErasedKind, Erasure
from dashboard.models import Workspace

PAGE_SIZE = 50
CHUNK = 2_000
COLUMNS = ("at", "what", "call_id", "counts", "rule", "by", "erased_from_before")


@dataclass(frozen=True, slots=True)
class Page:
    """Some erasures, newest first, and the cursor of the older ones (empty: none)."""

    rows: list[Erasure]
    older: str = ""


def page(workspace: Workspace, after: str = "") -> Page:
    """Return what people and programs erased, newest first; rules have their runs."""
    rows = workspace.erasures.filter(run=None).order_by("-id")
    if (point := read_cursor(after)) is not None:
        rows = rows.filter(pk__lt=point)
    found = list(rows.select_related("user", "api_key")[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    return Page(found, str(found[-1].pk) if more else "")


def as_csv(workspace: Workspace) -> Iterator[str]:
    """Yield all that was erased as lines: the runs of rules first, then each call."""
    yield "\ufeff" + _line(COLUMNS)
    for run in workspace.retention_runs.select_related("created_by").iterator(CHUNK):
        what = f"{ErasedKind(run.kind).label}: {run.done} ({run.state})"
        by = str(run.created_by or "Switchboard")
        at = run.finished_at or run.created_at
        counts = json.dumps(run.counts)
        yield _line((_time(at), what, "", counts, run.rule, by, _time(run.before)))
    rows = workspace.erasures.order_by("-id").select_related("user", "api_key")
    for row in rows.iterator(CHUNK):
        what, by = ErasedKind(row.kind).label, row.who or "Switchboard"
        counts = json.dumps(row.counts)
        yield _line((_time(row.at), what, row.call_id, counts, row.rule, by, ""))


def filename(workspace: Workspace, today: date) -> str:
    """Return what the file is called."""
    return f"{workspace.slug}-erased-{today:%Y-%m-%d}.csv"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
