"""Reading JSON that others wrote: every function takes anything and never raises.

What comes out can be kept by any database: no NUL, no half characters, no number out of
range, nothing endlessly deep.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.providers.base import Json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**31 - 1
DEEPEST = 30


def text(value: Any, longest: int = 1_000_000) -> str:
    """Return a string as a database can keep it; empty when it is none."""
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "")[:longest]


def whole(value: Any) -> int | None:
    """Return a number as a whole one, when it is one that makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -LARGEST <= value <= LARGEST or math.isnan(value):
        return None
    return round(value)


def span(value: Any) -> int | None:
    """Return a duration, which is never negative."""
    number = whole(value)
    return number if number is not None and number >= 0 else None


def moment(value: Any) -> datetime | None:
    """Return the time of an epoch in ms, where it lies between 1970 and 2200."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < 7_258_118_400_000:
        return None
    return EPOCH + timedelta(milliseconds=value)


def flag(value: Any) -> bool | None:
    """Return a truth value, or None when it is none."""
    return value if isinstance(value, bool) else None


def mapping(value: Any) -> Json:
    """Return an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Json]:
    """Return the objects in an array; anything else in it is left out."""
    if not isinstance(value, list):
        return []
    return [row for row in value if isinstance(row, dict)]


def kept(value: Any, depth: int = 0) -> Any:
    """Return any JSON as a database can keep it."""
    if depth > DEEPEST:
        return None
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(key): kept(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [kept(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def strings(value: Any) -> dict[str, str]:
    """Return the strings of an object of strings."""
    pairs = mapping(value).items()
    return {text(k): text(v) for k, v in pairs if isinstance(v, str)}
