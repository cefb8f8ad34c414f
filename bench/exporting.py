"""Exports of all calls: how much memory one takes, and what pages take meanwhile.

Each is written by a process of its own, as a worker would, whose memory is then known.
"""

import json
import subprocess
import time
from pathlib import Path

from django.utils import timezone

from bench import history
from bench.arena import PYTHON, ROOT, Figures, Programs
from bench.figures import in_ms, percentile
from calls.export import exports
from calls.export.export_columns import USUAL
from calls.models import Export
from calls.models.exports import store

FORMS = {
    "CSV": ("csv", False),
    "JSON Lines with transcripts": ("jsonl", True),
    "Parquet": ("parquet", False),
}
PAUSE = 0.25


def run(programs: Programs, folder: Path, *, size: int) -> Figures:
    """Write each sort of file, and time pages meanwhile; return the figures of each."""
    workspace, _ = history.stocked(size)
    visitor = history.served(programs)
    member = workspace.members.all()[0]
    found = {}
    for name, (sort, has_transcripts) in FORMS.items():
        export = exports.ask(
            member,
            "",
            format=sort,
            columns=USUAL,
            has_transcripts=has_transcripts,
            is_masked=False,
            now=timezone.now(),
        )
        found[name] = _written(programs, export, visitor)
        store().delete(Export.objects.get(pk=export.pk).file.name or "")
        export.delete()
    return found


def _written(programs: Programs, export: Export, visitor: history.Visitor) -> Figures:
    began = time.monotonic()
    options = json.dumps({"export": str(export.pk)})
    command = [PYTHON, "-m", "bench.inside", "exported", options]
    writer = subprocess.Popen(
        command, cwd=ROOT, env=programs.env, stdout=subprocess.PIPE, text=True
    )
    pages = []
    while writer.poll() is None:
        pages.append(visitor.ask("/calls/")[0])
        time.sleep(PAUSE)
    said, _ = writer.communicate()
    if writer.returncode:
        raise RuntimeError(f"The export ended with {writer.returncode}.")
    told: Figures = json.loads(said)
    export.refresh_from_db()
    return {
        **told,
        "calls": export.done,
        "bytes": export.bytes,
        "seconds": round(time.monotonic() - began, 1),
        "page_p50_ms": in_ms(percentile(pages, 0.5)),
        "page_p95_ms": in_ms(percentile(pages, 0.95)),
    }
