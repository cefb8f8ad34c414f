"""What may be chosen in the filters of the history, with what people read."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from agents.models import Direction
from calls import outcome
from calls.history import days
from calls.models import CallStatus, Fault, Source
from calls.models.call import AnsweredBy, CallType

Choices = list[tuple[str, str]]
NEWEST = "-time"
GROUPS: Choices = [
    ("live", "Live"),
    ("waiting", "Waiting to go out"),
    ("over", "Over"),
    ("look", "Needs a look"),
]
END_REASONS: Choices = [
    ("user_hangup", "The person hung up"),
    ("agent_hangup", "The agent hung up"),
    ("transferred", "Transferred"),
    ("voicemail", "Voicemail"),
    ("inactivity", "Silence"),
    ("max_duration", "Time limit"),
    ("busy", "Busy"),
    ("no_answer", "No answer"),
    ("declined", "Declined"),
    ("invalid_number", "Invalid number"),
    ("blocked", "Blocked"),
    ("not_permitted", "Not permitted"),
    ("concurrency_limit", "Too many calls at once"),
    ("no_funds", "No funds"),
    ("provider_error", "Provider error"),
    ("agent_error", "Agent error"),
    ("canceled", "Canceled"),
    ("lost", "Lost"),
    ("other", "Other"),
]
SENTIMENTS: Choices = [
    ("positive", "Positive"),
    ("neutral", "Neutral"),
    ("negative", "Negative"),
]
YES_NO: Choices = [("yes", "Yes"), ("no", "No")]
SORTS: Choices = [
    (NEWEST, "Newest first"),
    ("time", "Oldest first"),
    ("-duration", "Longest first"),
    ("duration", "Shortest first"),
    ("-cost", "Dearest first"),
    ("cost", "Cheapest first"),
]
WEEKDAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    *("Saturday", "Sunday"),
)


def _texts(rows: Iterable[tuple[Any, Any]]) -> Choices:
    return [(str(value), str(label)) for value, label in rows]


CHOICES: Mapping[str, Choices] = MappingProxyType(
    {
        "when": days.PRESETS,
        "status": GROUPS + _texts(CallStatus.choices),
        "outcome": list(outcome.LABELS.items()),
        "end_reason": END_REASONS,
        "fault": _texts(Fault.choices),
        "answered_by": _texts(AnsweredBy.choices),
        "direction": _texts(Direction.choices),
        "sentiment": SENTIMENTS,
        "success": [*YES_NO, ("unknown", "Unknown")],
        "source": _texts(Source.choices),
        "type": _texts(CallType.choices),
        "reviewed": YES_NO,
        "recording": YES_NO,
        "weekday": [(str(n), day) for n, day in enumerate(WEEKDAYS, 1)],
        "hour": [(str(hour), f"{hour:02d}:00") for hour in range(24)],
        "sort": SORTS,
    }
)
# What people call the filters, for errors.
LABELS = {
    "when": "date",
    "since": "from",
    "until": "to",
    "end_reason": "end reason",
    "answered_by": "answered by",
    "duration_min": "shortest duration",
    "duration_max": "longest duration",
    "cost_min": "lowest cost",
    "cost_max": "highest cost",
    "recording": "has recording",
    "person": "launched by",
    "key": "API key",
}
