"""Marks: what a call is, as numbers, so that one index answers any pair of filters.

A mark is a hash of the workspace, a filter and its value: rows of other workspaces never
have it. PostgreSQL keeps the marks of a call in one array and intersects them (GIN).
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from calls.history import days
from calls.models import Found

# Bounds (in ms, in millionths of the currency) between which calls are alike.
DURATIONS = (1, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000)
COSTS = (1, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000_000)
SUCCESS = {True: "yes", False: "no", None: "unknown"}
# Marks of the same name as the column.
PLAIN = (
    *("status", "outcome", "answered_by", "end_reason", "fault", "direction", "type"),
    *(
        "source",
        "sentiment",
        "connection_id",
        "agent_id",
        "phone_number_id",
        "contact_id",
    ),
    *("api_key_id", "launched_by_id"),
)


@lru_cache(maxsize=50_000)
def mark(workspace: UUID, name: str, value: object) -> int:
    """Return the number for a value of a filter: 64 bits with a sign."""
    text = f"{workspace.hex} {name} {value}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)


def marks(row: Found) -> list[int]:
    """Return all marks of a call."""
    space = row.workspace_id
    found = [
        mark(space, name, value)
        for name in PLAIN
        if (value := getattr(row, name)) is not None and value != ""
    ]
    found.append(space_mark(space))
    found.append(mark(space, "success", SUCCESS[row.successful]))
    found.append(mark(space, "is_reviewed", row.is_reviewed))
    found.append(mark(space, "has_recording", row.has_recording))
    found.append(mark(space, "duration", bucket(row.duration_ms, DURATIONS)))
    found.append(mark(space, "cost", bucket(row.cost_micros, COSTS)))
    found.append(mark(space, "utc_hour", days.hour_of_week(row.created_at)))
    if row.agent_version is not None:
        found.append(mark(space, "agent_version", row.agent_version))
    return found


def lexeme(number: int) -> str:
    """Return a mark as a word, for the index of words; nobody types it."""
    return f"zm{number & (1 << 40) - 1:010x}"


def space_mark(workspace: UUID) -> int:
    """Return the mark that every call of a workspace has."""
    return mark(workspace, "workspace", "")


def bucket(value: int, bounds: Iterable[int]) -> int:
    """Return which of the spans between the bounds a value lies in; -1: none."""
    return -1 if value < 0 else sum(value >= bound for bound in bounds)
