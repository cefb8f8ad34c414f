"""What a client asks of a list, in our words and units."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; all of a list's must hold.

    `op`: eq ne sw ew co gt ge lt le in pr np. `key` names a field of free JSON. Fields:
    id agent (pairs of agent id and version or None) status type direction end_reason
    (ours or theirs) from_number to_number started_at ended_at duration_ms cost
    launch_key sentiment successful answered_by metadata variables analysis nothing (never holds).
    """

    field: str
    op: str
    value: Any = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class ListWish:
    """One page of a list. `cursor` is what we gave with the page before."""

    conditions: tuple[Condition, ...] = ()
    limit: int = 50
    cursor: str = ""
    skip: int = 0
    ascending: bool = False
    with_total: bool = False
