"""Kinds: calls that are alike in every filter with few values share one.

There are some hundred of a workspace's, however many calls it has. So any such filters
are some kinds, and a page is the merge of as many short looks into an index: in each
order, without sorting what fits. Only on PostgreSQL.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from calls.history.marks import COSTS, DURATIONS, mark
from calls.models import Found, FoundKind

# As the columns of both tables are named.
ALIKE = (
    *("status", "outcome", "answered_by", "end_reason", "fault", "direction", "type"),
    *("source", "sentiment", "successful", "is_reviewed", "has_recording"),
    *("connection_id", "agent_id", "agent_version", "phone_number_id"),
)
# No duration and no cost reaches it.
NEVER = 2**62
Span = tuple[int, int]


def edges(bounds: Iterable[int]) -> tuple[int, ...]:
    """Return where spans begin: at -1 (none), at 0, at each bound and right after it.

    So “from a bound on” and “up to a bound” are both whole spans.
    """
    inner = {edge for bound in bounds for edge in (bound, bound + 1)}
    return (-1, 0, *sorted(inner), NEVER)


EDGES = {"duration": edges(DURATIONS), "cost": edges(COSTS)}


def span(name: str, value: int) -> Span:
    """Return the span a duration (ms) or a cost (micros) lies in: from, and below."""
    known = EDGES[name]
    place = bisect_right(known, value)
    return known[place - 1], known[place]


def write(rows: Sequence[Found]) -> None:
    """Give rows their kinds, and write those that are new."""
    known: dict[int, FoundKind] = {}
    for row in rows:
        spans = span("duration", row.duration_ms), span("cost", row.cost_micros)
        alike = [getattr(row, name) for name in ALIKE]
        words = " ".join(map(str, [*alike, *spans]))
        number = mark(row.workspace_id, "kind", words)
        row.kind_id = number
        if number not in known:
            known[number] = _kind(row, number, *spans)
    # In one order, so that of two workers one waits for the other at most.
    new = [known[number] for number in sorted(known)]
    FoundKind.objects.bulk_create(new, ignore_conflicts=True)


def _kind(row: Found, number: int, duration: Span, cost: Span) -> FoundKind:
    return FoundKind(
        id=number,
        workspace_id=row.workspace_id,
        duration_from=duration[0],
        duration_below=duration[1],
        cost_from=cost[0],
        cost_below=cost[1],
        **{name: getattr(row, name) for name in ALIKE},
    )
