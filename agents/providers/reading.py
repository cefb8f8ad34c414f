"""Reading JSON that others wrote: every function takes anything and never raises.

What comes out can be kept by any database: no NUL, no half characters, no number out of
range, nothing endlessly deep.
"""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.providers.base import Json

EPOCH, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LARGEST = 2**31 - 1
# From this on, in whole units of its currency, an amount fits no row of ours.
TOO_DEAR = 1_000_000
DEEPEST = 30
# ISO 4217's code for "no currency": where a provider names none, an amount is kept as
# the plain number it is, and never added to any that is known.
NO_CURRENCY = "XXX"


def decoded(body: str | bytes) -> Any:
    """Return what JSON says; None when it is none, or too deep to be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def text(value: Any, longest: int = 1_000_000) -> str:
    """Return a string as a database can keep it; empty when it is none."""
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "")[:longest]


def link(value: Any) -> str:
    """Return an address of the web; empty when it is none."""
    url = text(value, 4000)
    return url if url.startswith(("https://", "http://")) else ""


def number(value: Any) -> int | float | None:
    """Return a number, which may be infinite or none at all (NaN); a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def whole(value: Any) -> int | None:
    """Return a number as a whole one, when it is one that makes sense."""
    found = number(value)
    if found is None or not -LARGEST <= found <= LARGEST:
        return None
    return round(found)


def span(value: Any) -> int | None:
    """Return a duration, which is never negative."""
    found = whole(value)
    return found if found is not None and found >= 0 else None


def of_seconds(value: Any) -> int | None:
    """Return a duration in ms, given in seconds."""
    found = number(value)
    return None if found is None else span(found * 1000)


def moment(value: Any) -> datetime | None:
    """Return the time of an epoch in ms, where it lies between 1970 and 2200."""
    found = number(value)
    if found is None or not 0 < found < 7_258_118_400_000:
        return None
    return EPOCH + timedelta(milliseconds=found)


def iso(value: Any) -> datetime | None:
    """Return a time of these years written as ISO 8601; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text(value, 60))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return at if EPOCH < at < LAST else None


def when(value: Any) -> datetime | None:
    """Return a time given as epoch ms or as ISO 8601."""
    return iso(value) if isinstance(value, str) else moment(value)


def money(value: Any, parts: int = 1) -> Decimal | None:
    """Return an amount in whole units of its currency; `parts` of it make one unit."""
    found = number(value)
    if found is None or not 0 <= found < TOO_DEAR * parts:
        return None
    amount = (Decimal(str(found)) / parts).quantize(Decimal("0.000001"))
    return amount if amount < TOO_DEAR else None


def product_costs(cost: Any, parts: int = 1) -> dict[str, str]:
    """Return the amounts, as texts, by product of `{"product_costs": [{…}]}`."""
    found: dict[str, Decimal] = {}
    for row in rows(mapping(cost).get("product_costs")):
        name, amount = text(row.get("product"), 60), money(row.get("cost"), parts)
        if name and amount is not None:
            found[name] = found.get(name, Decimal(0)) + amount
    return {name: str(amount) for name, amount in found.items()}


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


def merged(below: Json, above: Json) -> Json:
    """Lay one object over another, in depth."""
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        both = isinstance(under, dict) and isinstance(value, dict)
        result[name] = merged(under or {}, value) if both else value
    return result
