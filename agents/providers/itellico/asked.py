"""What clients of itellico's API ask of us, in our words.

What is wrong is said by its field, as their errors do (contract sheet, section 0).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.providers.base import Json, LaunchWish, Overrides, WishRefused
from agents.providers.bodies import E164
from agents.providers.itellico import words
from agents.providers.listing import AgentRecord, Condition, ListWish
from agents.providers.reading import iso

# No highest limit is stated; a page is what one answer can reasonably hold.
LARGEST_PAGE, USUAL_PAGE = 1000, 100
# The body's fields that we have no word for: passed on to the provider behind us.
TEXTS = ("medium", "device_fingerprint", "initial_text")
FLAGS = (
    "audio_input_enabled",
    "audio_output_enabled",
    "skip_greeting_on_initial_text",
)
OURS = words.THE_CALL | {"test_variables", "overrides"}
MOMENTS = {
    "created_after": ("created_at", "ge"),
    "created_before": ("created_at", "lt"),
    "updated_after": ("changed_at", "ge"),
    "updated_before": ("changed_at", "lt"),
}
COMPARISONS = {
    "gt": datetime.__gt__,
    "ge": datetime.__ge__,
    "lt": datetime.__lt__,
    "le": datetime.__le__,
}


class FieldWrong(WishRefused):
    """One field of a request is wrong; `field` is its path, such as `body.type`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# --- A launch ------------------------------------------------------------------------
def launch(body: Json) -> LaunchWish:
    """Read a create-call request (sheet, section 1.1)."""
    return LaunchWish(
        type=_one_of("body.type", body.get("type"), words.LAUNCHED),
        agent_id=_needed(body, "agent_id"),
        from_number=_number(body, "from_number"),
        to_number=_number(body, "to_number"),
        external_id=string(body, "external_id", 200),
        variables=_variables(
            _object("body.test_variables", body.get("test_variables"))
        ),
        overrides=_overrides(body),
    )


def _variables(given: Json) -> dict[str, Any]:
    """Return the variables; numbers become texts, which read alike in a template."""
    return {
        name: str(value) if type(value) in (int, float) else value
        for name, value in given.items()
    }


def _overrides(body: Json) -> Overrides:
    """Take what we have words for out of the overrides; the rest stays in theirs.

    The field for answering machines whose name is unseen is among the rest.
    """
    rest = dict(_object("body.overrides", body.get("overrides")))
    agent = dict(_object("body.overrides.agent", rest.pop("agent", None)))
    if rest.get("amd_mode") is not None:
        _one_of("body.overrides.amd_mode", rest["amd_mode"], sorted(words.DETECTION))
    said = _opening_line(agent)
    duration = _seconds(agent.pop("max_duration_seconds", None))
    rest |= {"agent": agent} if agent else {}
    raw = _passed_on(body) | ({"overrides": rest} if rest else {})
    return Overrides(
        opening_line=said,
        max_duration_ms=duration and duration * 1000,
        raw=raw,
    )


def _passed_on(body: Json) -> Json:
    for name in TEXTS:
        string(body, name, 10_000)
    for name in FLAGS:
        if body.get(name) is not None and not isinstance(body[name], bool):
            raise FieldWrong(f"body.{name}", "Input should be true or false.")
    return {k: v for k, v in body.items() if k not in OURS and v is not None}


def _opening_line(agent: Json) -> str:
    """Take the fixed first message out of an agent's words; others stay there."""
    where = "body.overrides.agent.initial_message"
    first = dict(_object(where, agent.get("initial_message")))
    mode = first.get("mode") or "fixed_message"
    said = first.get("message")
    if mode != "fixed_message" or not isinstance(said, str):
        return ""
    left = {k: v for k, v in first.items() if k not in ("message", "mode")}
    agent.pop("initial_message")
    agent |= {"initial_message": left} if left else {}
    return said


def _seconds(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= 7200:
        where = "body.overrides.agent.max_duration_seconds"
        raise FieldWrong(where, "Input should be a whole number from 1 to 7200.")
    return value


# --- Lists ---------------------------------------------------------------------------
def list_wish(query: Mapping[str, str], dialect: str, *, old: bool = False) -> ListWish:
    """Read what is asked of the list of calls; `old`: of the list of conversations."""
    wanted = {name: value for name, value in query.items() if value}
    id_name = "conversation_id" if old else "call_id"
    conditions: list[Condition] = []
    if id_name in wanted:
        conditions.append(Condition("id", "eq", _uuid(id_name, wanted[id_name])))
    if "agent_id" in wanted:
        conditions.append(Condition("agent", "in", [(wanted["agent_id"], None)]))
    if "external_id" in wanted and not old:
        key = f"{dialect}:{wanted['external_id']}"
        conditions.append(Condition("launch_key", "eq", key))
    for name, (field, op) in MOMENTS.items():
        if name in wanted:
            conditions.append(Condition(field, op, _moment(name, wanted[name])))
    conditions += _words(wanted)
    limit, offset = page_of(wanted)
    return ListWish(
        conditions=tuple(conditions),
        limit=limit,
        skip=offset,
        with_total=True,
        with_turns=old,
    )


def _words(wanted: Mapping[str, str]) -> Iterator[Condition]:
    """Read the filters whose values are words; one that we never have finds nothing."""
    if kind := wanted.get("type"):
        _one_of("query.type", kind, words.THEIR_TYPES)
        known = kind in words.LAUNCHED
        yield Condition("type", "in", [kind]) if known else Condition("nothing", "eq")
    if direction := wanted.get("direction"):
        _one_of("query.direction", direction, words.THEIR_DIRECTIONS)
        known = direction in words.DIRECTIONS
        there = Condition("direction", "in", [direction])
        yield there if known else Condition("nothing", "eq")
    if status := wanted.get("status"):
        _one_of("query.status", status, tuple(words.OUR_STATUSES))
        yield Condition("status", "in", list(words.OUR_STATUSES[status]))
    if status == "completed":
        yield Condition("end_reason", "ne", ["transferred"])
    if status == "transferred":
        yield Condition("end_reason", "in", ["transferred"])


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Return `limit` and `offset`."""
    limit = _whole("limit", query.get("limit") or str(USUAL_PAGE))
    offset = _whole("offset", query.get("offset") or "0")
    if not 1 <= limit <= LARGEST_PAGE:
        raise FieldWrong("query.limit", f"Input should be from 1 to {LARGEST_PAGE}.")
    return limit, offset


def wants_agent(query: Mapping[str, str], agent: AgentRecord) -> bool:
    """Tell whether a list of agents is to have this one; ours have no tags.

    Archived agents are left out here, whatever is asked for.
    """
    if query.get("name", "").lower() not in agent.facts.name.lower():
        return False
    if query.get("tags") or query.get("is_archived", "").lower() == "true":
        return False
    for name, at in (("created", agent.created_at), ("modified", agent.changed_at)):
        for op, holds in COMPARISONS.items():
            written = query.get(f"{name}_{op}")
            if written and not holds(at, _moment(f"{name}_{op}", written)):
                return False
    return True


# --- Changes -------------------------------------------------------------------------
# Where our rows keep what an agent's fields hold, and how much; others have no place.
AGENT_WORDS = {
    "initial_message": ("message", "opening_line", 10_000),
    "voice": ("voice_id", "voice", 120),
    "model": ("model", "model", 120),
    "transcriber": ("language", "language", 40),
}


def agent_changes(body: Json) -> tuple[str, dict[str, str]]:
    """Read an agent's PATCH: the name (empty: as it is) and fields of its version."""
    changes: dict[str, str] = {}
    for part in body.keys() - {"name"}:
        where = f"body.{part}"
        if part not in AGENT_WORDS:
            raise FieldWrong(where, "This cannot be set at this address.")
        inner, ours, longest = AGENT_WORDS[part]
        given = dict(_object(where, body[part]))
        if part == "initial_message" and given.get("mode") == "fixed_message":
            given.pop("mode")
        if odd := sorted(given.keys() - {inner}):
            raise FieldWrong(f"{where}.{odd[0]}", "This cannot be set at this address.")
        if inner in given:
            changes[ours] = string(given, inner, longest, where)
    return string(body, "name", 200), changes


def string(body: Json, name: str, longest: int, where: str = "body") -> str:
    """Return a string of a body; empty where it is null or not there."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise FieldWrong(f"{where}.{name}", "Input should be a valid string.")
    if value and len(value) > longest:
        words_ = f"String should have at most {longest} characters."
        raise FieldWrong(f"{where}.{name}", words_)
    return value or ""


def _needed(body: Json, name: str) -> str:
    if not (value := string(body, name, 200)):
        raise FieldWrong(f"body.{name}", "Field required.")
    return value


def _number(body: Json, name: str) -> str:
    number = string(body, name, 40)
    if number and not E164.fullmatch(number):
        raise FieldWrong(f"body.{name}", "Write it in E.164, such as +14155550100.")
    return number


def _object(where: str, value: Any) -> Json:
    if value is not None and not isinstance(value, dict):
        raise FieldWrong(where, "Input should be a valid object.")
    return value or {}


def _one_of(where: str, value: Any, allowed: tuple[str, ...] | list[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise FieldWrong(where, f"Input should be one of {', '.join(allowed)}.")
    return value


def _whole(name: str, written: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", written):
        raise FieldWrong(f"query.{name}", "Input should be a valid whole number.")
    return int(written)


def _moment(name: str, written: str) -> datetime:
    # A plus sign that was not encoded arrives as a space.
    at = iso(re.sub(r" (?=\d\d:\d\d$)", "+", written))
    if at is None:
        raise FieldWrong(f"query.{name}", "Input should be a valid ISO 8601 time.")
    return at


def _uuid(name: str, written: str) -> str:
    try:
        return str(UUID(written))
    except ValueError:
        raise FieldWrong(f"query.{name}", "Input should be a valid UUID.") from None
