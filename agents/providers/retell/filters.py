"""What a client asks of the list of calls, in today's form and in that of old SDKs.

A filter we cannot honour is refused: a list that is too long would be a quiet lie.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from agents.providers.base import Json, WishRefused
from agents.providers.listing import Condition, ListWish
from agents.providers.reading import moment, rows, text
from agents.providers.retell import words
from agents.providers.voicewire import words as wire

OPS = {
    "string": ("eq", "ne", "sw", "ew", "co"),
    "number": ("eq", "ne", "gt", "ge", "lt", "le"),
    "boolean": ("eq",),
    "enum": ("in",),
    "range": ("bt",),
    "present": ("pr", "np"),
}
KEYED = {
    "metadata": "metadata",
    "dynamic_variables": "variables",
    "custom_analysis_data": "analysis",
}


def _status(value: Any) -> list[str]:
    return wire.OUR_STATUSES.get(text(value), [])


def _reason(value: Any) -> list[str]:
    theirs = text(value)
    ours = [mine for mine, word in words.REASONS.theirs.items() if word == theirs]
    return [theirs, *ours]


def _dollars(value: Any) -> Decimal:
    return Decimal(str(_number(value))) / 100


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or abs(value) > 2**53:
        raise WishRefused("The value of a number filter must be a number up to 2^53.")
    return float(value)


def _moment(value: Any) -> Any:
    found = moment(value)
    if found is None:
        raise WishRefused("The value of a timestamp filter must be epoch milliseconds.")
    return found


def _same(value: Any) -> Any:
    return value


# Their key → our field, and what turns one of their values into ours (a list: any of).
FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "call_id": ("id", lambda value: text(value).removeprefix("call_")),
    "call_status": ("status", _status),
    "call_type": ("type", lambda value: [text(value).removesuffix("_call")]),
    "direction": ("direction", lambda value: [text(value)]),
    "disconnection_reason": ("end_reason", _reason),
    "from_number": ("from_number", _same),
    "to_number": ("to_number", _same),
    "user_sentiment": (
        "sentiment",
        lambda value: [wire.SENTIMENTS.get(text(value), "?")],
    ),
    "call_successful": ("successful", _same),
    "in_voicemail": ("answered_by", lambda value: value),
    "combined_cost": ("cost", _dollars),
    "duration_ms": ("duration_ms", _number),
    "start_timestamp": ("started_at", _moment),
    "end_timestamp": ("ended_at", _moment),
}


def list_wish(body: Json, *, old: bool = False) -> ListWish:
    """Read a list-calls request; raise WishRefused with what is wrong."""
    limit, skip = body.get("limit", 50), body.get("skip", 0)
    if type(limit) is not int or not 1 <= limit <= 1000:
        raise WishRefused("limit must be a whole number from 1 to 1000.")
    if type(skip) is not int or not 0 <= skip <= 1_000_000_000:
        raise WishRefused("skip must be a whole number up to 1,000,000,000.")
    if skip and body.get("pagination_key"):
        raise WishRefused("skip and pagination_key exclude each other.")
    criteria = body.get("filter_criteria") or {}
    if not isinstance(criteria, dict):
        raise WishRefused("filter_criteria must be an object.")
    read = _old_conditions if old else _conditions
    return ListWish(
        conditions=tuple(read(criteria)),
        limit=limit,
        cursor=text(body.get("pagination_key")),
        skip=skip,
        ascending=body.get("sort_order") == "ascending",
        with_total=body.get("include_total") is True,
    )


def agents_wanted(body: Json) -> tuple[bool, str]:
    """Read which agents a list is to have: whether any of ours, and a part of the name.

    Ours all speak on the telephone, and none is one that calls are transferred to.
    """
    criteria = body.get("filter_criteria") or {}
    if not isinstance(criteria, dict):
        raise WishRefused("filter_criteria must be an object.")
    for name in criteria:
        if name not in ("channel", "is_transfer_agent", "query"):
            raise WishRefused(f"The filter {name} is not offered here.")
    channel, transfers = (
        _valued(criteria.get(name)) for name in ("channel", "is_transfer_agent")
    )
    name = text(_valued(criteria.get("query")))
    return channel in (None, "voice") and not transfers, name


def _valued(wanted: Any) -> Any:
    """Return the value of a scalar filter, which may come bare."""
    return wanted.get("value") if isinstance(wanted, dict) else wanted


# --- Today's form --------------------------------------------------------------------
def _conditions(criteria: Json) -> Iterator[Condition]:
    for name, wanted in criteria.items():
        if wanted is None:
            continue
        if name == "agent":
            yield _agents(rows(wanted))
        elif name in KEYED:
            for one in rows(wanted):
                yield from _free(KEYED[name], text(one.get("key")), one)
        elif name == "batch_call_id":
            yield Condition("nothing", "eq")
        elif name in FIELDS and isinstance(wanted, dict):
            yield from _scalar(name, wanted)
        else:
            raise WishRefused(f"The filter {name} is not offered here.")


def _agents(wanted: list[Json]) -> Condition:
    pairs: list[tuple[str, int | None]] = []
    for one in wanted:
        versions = one.get("version") or [None]
        listed = versions if isinstance(versions, list) else [versions]
        pairs += [(text(one.get("agent_id")), version) for version in listed]
    return Condition("agent", "in", pairs)


def _op(wanted: Json) -> str:
    kind, op = text(wanted.get("type")), text(wanted.get("op"))
    if op not in OPS.get(kind, ()):
        raise WishRefused(f"There is no filter of type “{kind}” with op “{op}”.")
    return op


def _free(field: str, key: str, wanted: Json) -> Iterator[Condition]:
    """Filter by a field of free JSON; the value is compared as it is."""
    op, value = _op(wanted), wanted.get("value")
    if not key:
        raise WishRefused("This filter needs a key.")
    if (field, key, op) == ("metadata", wire.REFERENCE, "eq"):
        # Another Switchboard looks for its call, and sent this as idempotency key.
        yield Condition("launch_key", "eq", f"retell:{text(value)}")
    elif op == "bt":
        low, high = _bounds(value)
        yield Condition(field, "ge", low, key)
        yield Condition(field, "le", high, key)
    else:
        yield Condition(field, op, value, key)


def _scalar(name: str, wanted: Json) -> Iterator[Condition]:
    op, value = _op(wanted), wanted.get("value")
    if op == "bt":
        low, high = _bounds(value)
        yield _condition(name, "ge", low)
        yield _condition(name, "le", high)
    else:
        yield _condition(name, op, value)


def _bounds(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise WishRefused("The value of a range filter must be [low, high].")
    return value[0], value[1]


def _condition(name: str, op: str, value: Any) -> Condition:
    """Return one condition in our words; words that stand for several become `in`."""
    field, turn = FIELDS[name]
    if op in OPS["present"]:
        return Condition(field, op)
    if name == "in_voicemail":
        return Condition(field, "eq" if value is True else "ne", "machine")
    if op == "in":
        listed = value if isinstance(value, list) else [value]
        found = [turn(one) for one in listed]
        flat = [w for one in found for w in (one if isinstance(one, list) else [one])]
        return Condition(field, "in", flat)
    turned = turn(value)
    if isinstance(turned, list):
        return Condition(field, "in", turned)
    return Condition(field, op, turned)


# --- The old form: plain arrays, thresholds and dotted keys ---------------------------
def _old_conditions(criteria: Json) -> Iterator[Condition]:
    for name, wanted in criteria.items():
        first, _, key = name.partition(".")
        if wanted is None:
            continue
        if name == "agent_id" and isinstance(wanted, list):
            yield Condition("agent", "in", [(text(one), None) for one in wanted])
        elif name == "batch_call_id":
            yield Condition("nothing", "eq")
        elif first in KEYED and key:
            listed = wanted if isinstance(wanted, list) else [wanted]
            yield Condition(KEYED[first], "in", listed, key)
        elif name in FIELDS and isinstance(wanted, dict):
            yield from _thresholds(name, wanted)
        elif name in {"call_successful", "in_voicemail"} and isinstance(wanted, list):
            if len(wanted) == 1:
                yield _condition(name, "eq", wanted[0])
        elif name in FIELDS:
            yield _condition(name, "in", wanted)
        else:
            raise WishRefused(f"The filter {name} is not offered here.")


def _thresholds(name: str, wanted: Json) -> Iterator[Condition]:
    for bound, op in (("lower_threshold", "ge"), ("upper_threshold", "le")):
        if wanted.get(bound) is not None:
            yield _condition(name, op, wanted[bound])
