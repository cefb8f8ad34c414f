"""Bindings a provider keeps in its own rows: several agents, each with a share.

A row is the provider's, kept whole; `agent_id`, `agent_version` and `weight` are read.
One row alone names a version that is no number, such as the latest published.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Rows = Sequence[Json]
LATEST = (None, "", "latest")


def is_split(rows: Rows) -> bool:
    """Tell whether more than one agent has a share."""
    return len(rows) > 1


def in_words(rows: Rows, names: Mapping[str, str]) -> str:
    """Say who has which share: Ava v3 70 %, Ben 30 %; `names` are by their ids."""
    total = sum(map(_weight, rows))
    return ", ".join(
        _named(row, names) + (_percent(row, total) if is_split(rows) else "")
        for row in rows
    )


def ids(rows: Rows) -> list[str]:
    """Return the provider's ids of the agents."""
    return [str(row["agent_id"]) for row in rows if row.get("agent_id")]


def compared(rows: Rows) -> list[tuple[str, str, float]]:
    """Return the rows so that two that mean the same are equal, in any order."""
    return sorted(
        (str(row.get("agent_id")), _version(row), _weight(row)) for row in rows
    )


def _named(row: Json, names: Mapping[str, str]) -> str:
    agent_id = str(row.get("agent_id") or "unknown")
    return f"{names.get(agent_id, agent_id)}{_version(row)}"


def _version(row: Json) -> str:
    version = row.get("agent_version")
    if version in LATEST:
        return ""
    return f" v{version}" if str(version).isdecimal() else f" {version}"


def _weight(row: Json) -> float:
    weight = row.get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return 0.0
    return max(0.0, float(weight))


def _percent(row: Json, total: float) -> str:
    share = round(100 * _weight(row) / total, 1) if total else 0.0
    # No line breaks inside: a share stays with its agent.
    return f"\u00a0{share:g}\u00a0%" if total else ""
