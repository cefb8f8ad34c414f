"""One export, written by a process that does nothing else."""

import resource
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from bench.arena import Figures, Programs
from calls.export import exports


def run(programs: Programs, folder: Path, *, export: str) -> Figures:
    """Write it; return the most memory that the process has had, in MB."""
    state = exports.write(UUID(export), timezone.now())
    if state != "done":
        raise RuntimeError(f"The export is {state}.")
    # Linux counts in KB.
    return {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}
