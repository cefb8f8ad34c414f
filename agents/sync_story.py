"""What the page of a connection says of its sync, and when that is new."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import Connection

# A wanted sync that nobody took in this time is said to wait.
SLOW = timedelta(seconds=10)
WORDS = {"added": "new", "changed": "changed", "retired": "gone"}


@dataclass(frozen=True, slots=True)
class SyncStory:
    """How the sync of a connection stands."""

    connection: Connection
    now: datetime

    @property
    def is_slow(self) -> bool:
        """Whether it waits for longer than is usual."""
        row = self.connection
        asked = row.sync_asked_at
        return bool(asked and row.sync_seen_at is None and asked < self.now - SLOW)

    @property
    def did(self) -> str:
        """What the last good one did, in words."""
        counts = self.connection.sync_counts
        return " ".join(
            counted(name.capitalize(), counts[name])
            for name in ("agents", "numbers")
            if name in counts
        )


def counted(what: str, counts: dict[str, int]) -> str:
    """Say how many rows of one kind a sync touched."""
    words = {**WORDS, "unchanged": "as before"}
    told = [f"{counts[key]:,} {word}" for key, word in words.items() if counts.get(key)]
    return f"{what}: {', '.join(told) or 'none'}."


def live_parts(connection: Connection, now: datetime) -> dict[str, str]:
    """Return the version of each part of the page that lives, by its id."""
    row = connection
    run = (row.sync_asked_at, row.sync_seen_at, row.sync_ended_at, row.sync_progress)
    said = {
        "webhook": (row.first_event_at, row.refused_event_at),
        "sync": (*run, SyncStory(row, now).is_slow),
    }
    return {part: "|".join(map(str, words)) for part, words in said.items()}
