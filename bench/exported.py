"""One export, written by a process that does nothing else."""

import re
import resource
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from bench.arena import Figures, Programs
from calls.export import exports

STATUS = Path("/proc/self/status")


def run(programs: Programs, folder: Path, *, export: str) -> Figures:
    """Write it; return the most memory that the process has had, in MB."""
    state = exports.write(UUID(export), timezone.now())
    if state != "done":
        raise RuntimeError(f"The export is {state}.")
    return {"peak_mb": round(peak_kb() / 1024)}


def peak_kb() -> int:
    """Return the most memory that this program has had.

    The kernel's account of a process begins with what its parent had when it was made
    (`ru_maxrss` outlives exec), so that is taken only where there is nothing better.
    """
    if STATUS.exists() and (found := re.search(r"VmHWM:\s+(\d+)", STATUS.read_text())):
        return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
