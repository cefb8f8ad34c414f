"""Choosing calls by the conditions a client wrote, and giving them by pages."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from agents.providers.listing import Condition, ListWish
from calls.api.visit import Problem
from calls.models import Call
from calls.models.call import CallQuerySet

LOOKUPS = {
    "eq": "exact",
    "ne": "exact",
    "sw": "startswith",
    "ew": "endswith",
    "co": "contains",
    "gt": "gt",
    "ge": "gte",
    "lt": "lt",
    "le": "lte",
    "in": "in",
}
COLUMNS = {
    "status": "status",
    "type": "type",
    "launch_key": "launch_key",
    "direction": "direction",
    "from_number": "from_number",
    "to_number": "to_number",
    "created_at": "created_at",
    "changed_at": "changed_at",
    "ended_at": "ended_at",
    "duration_ms": "duration_ms",
    "cost": "cost",
    "sentiment": "sentiment",
    "successful": "successful",
    "answered_by": "answered_by",
}
# A text that is not known is empty, anything else is null.
TEXTS = ("from_number", "to_number", "sentiment", "answered_by", "end_reason")
FREE = ("metadata", "variables", "analysis")
# JSON numbers beyond this are not exact, and too large for some databases.
LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class CallPage:
    """One page; `total` counts all pages, where that was asked for."""

    calls: list[Call]
    has_more: bool
    total: int = 0


def page(rows: CallQuerySet, wish: ListWish, cursor: uuid.UUID | None) -> CallPage:
    """Return the page of `rows` that was wished for, after the call `cursor`."""
    chosen = reduce(choose, wish.conditions, rows)
    total = chosen.order_by().count() if wish.with_total else 0
    signs = ("created_at", "id") if wish.ascending else ("-created_at", "-id")
    ordered = chosen.order_by(*signs)
    if cursor is not None:
        ordered = ordered.filter(_behind(rows, cursor, wish.ascending))
    found = list(ordered[wish.skip : wish.skip + wish.limit + 1])
    return CallPage(found[: wish.limit], len(found) > wish.limit, total)


def _behind(rows: CallQuerySet, cursor: uuid.UUID, ascending: bool) -> Q:
    """Return the condition of coming after a call in the order of the list."""
    at = rows.filter(pk=cursor).values_list("created_at", flat=True).first()
    if at is None:
        raise Problem(400, "This pagination_key is none of ours.")
    if ascending:
        return Q(created_at__gt=at) | Q(created_at=at, pk__gt=cursor)
    return Q(created_at__lt=at) | Q(created_at=at, pk__lt=cursor)


def as_uuid(text: str) -> uuid.UUID | None:
    """Read an id in any of its forms; None when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def choose(rows: CallQuerySet, wanted: Condition) -> CallQuerySet:
    """Keep the calls for which one condition holds."""
    if wanted.field in FREE:
        return _by_free_field(rows, wanted)
    if wanted.op in ("pr", "np"):
        missing = _missing(wanted.field)
        return rows.filter(missing if wanted.op == "np" else ~missing)
    found = _condition(wanted)
    try:
        return rows.filter(~found if wanted.op == "ne" else found)
    except (OverflowError, TypeError, ValueError, ValidationError):
        raise _odd(wanted) from None


def _missing(field: str) -> Q:
    """Return the condition of a field not being known."""
    if field in TEXTS:
        return Q((field, ""))
    nullable = {"started_at": "answered_at"} | COLUMNS
    return Q((f"{nullable.get(field, 'pk')}__isnull", True))


def _odd(wanted: Condition) -> Problem:
    return Problem(400, f"A value of the filter on {wanted.field} does not fit.")


def _column(wanted: Condition) -> str:
    if wanted.field not in COLUMNS:
        raise _odd(wanted)
    return COLUMNS[wanted.field]


def _condition(wanted: Condition) -> Q:
    lookup = LOOKUPS[wanted.op]
    match wanted.field:
        case "nothing":
            return Q(pk__in=[])
        case "id":
            return _by_id(wanted)
        case "agent":
            return _by_agent(wanted.value)
        case "end_reason":
            values = wanted.value
            return Q(end_reason__in=values) | Q(end_reason_raw__in=values)
        case "started_at":
            # A call that was never answered has no start; its creation stands for it.
            answered = Q(**{f"answered_at__{lookup}": wanted.value})
            made = Q(**{f"created_at__{lookup}": wanted.value})
            return answered | (Q(answered_at=None) & made)
        case _:
            return Q(**{f"{_column(wanted)}__{lookup}": wanted.value})


def _by_id(wanted: Condition) -> Q:
    values = wanted.value if wanted.op == "in" else [wanted.value]
    ids = [as_uuid(str(value)) for value in values]
    if wanted.op not in ("in", "eq", "ne"):
        raise Problem(400, "An id can only be compared as a whole.")
    return Q(pk__in=[found for found in ids if found])


def _by_agent(pairs: list[tuple[str, int | None]]) -> Q:
    anyone = Q(pk__in=[])
    for agent_id, version in pairs:
        one = Q(agent__provider_agent_id=agent_id)
        anyone |= one if version is None else one & Q(agent_version=version)
    return anyone


def _by_free_field(rows: CallQuerySet, wanted: Condition) -> CallQuerySet:
    """Compare a field of free JSON: parts of a text as text, else as the JSON it is."""
    if not FITS.get(wanted.op, _is_any)(wanted.value):
        raise _odd(wanted)
    is_part = wanted.op in ("sw", "ew", "co")
    # JSON "contains" would mean containment, not a part of a text.
    transform = KeyTextTransform if is_part else KeyTransform
    rows = rows.alias(wanted_value=transform(wanted.key, wanted.field))
    if wanted.op in ("pr", "np"):
        return rows.filter(Q(("wanted_value__isnull", wanted.op == "np")))
    found = Q(**{f"wanted_value__{LOOKUPS[wanted.op]}": wanted.value})
    return rows.filter(~found if wanted.op == "ne" else found)


def _is_any(value: Any) -> bool:
    return not isinstance(value, int | float) or abs(value) <= LARGEST


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and abs(value) <= LARGEST


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_any, value))


# Which values an operator takes where the field does not say it; others take any.
FITS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("sw", "ew", "co"), _is_text),
    **dict.fromkeys(("gt", "ge", "lt", "le"), _is_number),
    "in": _is_list,
}
