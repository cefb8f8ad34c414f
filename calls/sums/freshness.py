"""Whether the sums of a workspace are up to date; what little is missing is counted."""

from dataclasses import dataclass
from datetime import datetime

from calls import digest
from calls.models import Summary
from calls.sums import summary
from dashboard.models import Workspace

# Up to so many calls and marks are counted while somebody waits for a page.
FEW = 300
# So many calls are counted from the very beginning while somebody waits.
FEW_CALLS = 2_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when the sums hold all there is; None: they are exact as of now.

    `is_first`: nothing can be said yet, as all is being counted.
    """

    as_of: datetime | None = None
    is_first: bool = False


EXACT = Freshness()


def freshen(workspace: Workspace) -> Freshness:
    """Count what is missing where that is little; else say what the sums hold."""
    row = Summary.objects.filter(workspace=workspace).first()
    if row is None or row.zone != workspace.timezone:
        return _begin(workspace)
    marks = workspace.stale_hours.order_by("id").values_list("at", "marked_at")
    calls = digest.stale().filter(workspace=workspace)
    ended = calls.values_list("created_at", "changed_at")
    missing = [*marks[: FEW + 1], *ended[: FEW + 1]]
    if not missing:
        return EXACT
    is_little = len(missing) <= FEW
    if is_little and summary.count(workspace, {at for at, _ in missing}):
        return EXACT
    return Freshness(as_of=min(since for _, since in missing))


def _begin(workspace: Workspace) -> Freshness:
    some = workspace.calls.order_by().values_list("pk")[: FEW_CALLS + 1]
    if len(some) <= FEW_CALLS and summary.count(workspace):
        return EXACT
    return Freshness(is_first=True)
