"""Whether a database can keep what an adapter made of somebody's JSON."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.providers.base import CallUpdate

STATUSES = ("", "dialing", "ringing", "in_progress", "ended", "not_connected", "failed")
CHOICES: dict[str, tuple[str, ...]] = {
    "status": (*STATUSES, "canceled"),
    "answered_by": ("", "human", "machine", "unknown"),
    "fault": ("", "callee", "carrier", "provider", "agent", "us", "none"),
    "direction": ("", "inbound", "outbound"),
    "type": ("phone", "web"),
    "end_reason": (
        *("", "user_hangup", "agent_hangup", "transferred", "voicemail", "inactivity"),
        *("max_duration", "busy", "no_answer", "declined", "invalid_number", "blocked"),
        *("not_permitted", "concurrency_limit", "no_funds", "provider_error"),
        *("agent_error", "canceled", "lost", "other"),
    ),
}
# As long as the columns of `calls/models/call.py` are.
LONGEST = {
    "status_raw": 60,
    "end_reason_raw": 80,
    "provider_call_id": 160,
    "other_call_id": 160,
    "from_number": 40,
    "to_number": 40,
    "currency": 3,
}
ROLES = ("agent", "callee", "other")
SENTIMENTS = ("", "positive", "neutral", "negative", "unknown")
LARGEST = 2**31 - 1


def check(update: CallUpdate) -> None:
    """Fail unless every value of an update can be kept as it is."""
    for name, allowed in CHOICES.items():
        assert getattr(update, name) in allowed, (name, getattr(update, name))
    for name, longest in LONGEST.items():
        assert len(getattr(update, name)) <= longest, name
    for turn in update.turns or ():
        assert turn.role in ROLES
        check_times(turn.start_ms, turn.end_ms, turn.latency_ms)
    for tool in update.tools or ():
        assert max(len(tool.name), len(tool.tool_id)) <= 120
        check_times(tool.start_ms, tool.duration_ms)
    if update.analysis:
        assert update.analysis.sentiment in SENTIMENTS
    check_times(update.duration_ms)
    check_value(update)


def check_times(*values: int | None) -> None:
    """Fail unless these are whole milliseconds, none below zero, or unknown."""
    for value in values:
        assert value is None or (isinstance(value, int) and value >= 0)


def has_amounts(value: dict[str, Any]) -> bool:
    """Tell whether an object holds amounts of money, which are kept as texts."""
    return bool(value) and all(isinstance(item, Decimal) for item in value.values())


def check_value(value: Any) -> None:
    """Fail unless a value, and all that is in it, is one a database takes."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            check_value(getattr(value, each.name))
    elif isinstance(value, tuple):
        for item in value:
            check_value(item)
    elif isinstance(value, dict) and has_amounts(value):
        for item in value.values():
            check_value(item)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), value
        assert (
            datetime(1970, 1, 1, tzinfo=UTC) <= value < datetime(2201, 1, 1, tzinfo=UTC)
        )
    elif isinstance(value, Decimal):
        assert value.is_finite() and abs(value) < 10**6
        assert value == value.quantize(Decimal("0.000001"))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        assert -LARGEST <= value <= LARGEST
    elif value is not None and not isinstance(value, bool):
        written = json.dumps(value, allow_nan=False, ensure_ascii=False)
        written.encode()
        assert "\\u0000" not in written
