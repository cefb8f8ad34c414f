"""Zudu's words and ours, both ways.

Source: the contract sheet, section 6. Its two generations of pages write the same words
in either case; a word that is not here passes: the status stays empty, the reason
becomes "other", the raw word is kept.
"""

from dataclasses import dataclass
from typing import Any

from agents.providers.reading import text

SLUG = "zudu"
# The metadata key under which our call's id travels.
REFERENCE = "switchboard_reference"

# `ended` and `ongoing` say more once it is known whether the call began (`facts.py`).
# `registered` and `scheduled` say that nothing has happened yet: no status of ours.
STATUSES = {"ongoing": "in_progress", "ended": "ended", "error": "failed"}
NOT_BEGUN = frozenset({"registered", "scheduled"})
FINAL = frozenset({"ended", "not_connected", "failed", "canceled"})
THEIR_STATUSES = {
    "scheduled": "SCHEDULED",
    "queued": "ONGOING",
    "dialing": "ONGOING",
    "unconfirmed": "ONGOING",
    "ringing": "ONGOING",
    "in_progress": "ONGOING",
    "ended": "ENDED",
    "not_connected": "ENDED",
    "failed": "ERROR",
    "canceled": "ENDED",
}
# A web call that nobody has joined yet is still what it was when it was made.
BEFORE_JOINING = frozenset({"queued", "dialing", "unconfirmed", "ringing"})
# What `/api/calls/create` makes: a record that is never dialled. In our rows it is a
# call taken back before it went out, with this as the raw reason.
RECORD_ONLY = "record_only"
RECORD_STATUSES = frozenset({"registered", "scheduled", "ongoing", "ended", "error"})

TYPES = {"phone_call": "phone", "web_call": "web"}
DIRECTIONS = frozenset({"inbound", "outbound"})


@dataclass(frozen=True, slots=True)
class Reason:
    """What a disconnection reason says in our words."""

    end_reason: str
    fault: str = "none"


OTHER = Reason("other", "")
# Only USER_HANGUP is documented. A word that is exactly one of ours means the same; the
# stand-in uses them too.
REASONS = {
    "user_hangup": Reason("user_hangup"),
    "agent_hangup": Reason("agent_hangup"),
    "transferred": Reason("transferred"),
    "voicemail": Reason("voicemail"),
    "inactivity": Reason("inactivity"),
    "max_duration": Reason("max_duration"),
    "busy": Reason("busy", "callee"),
    "no_answer": Reason("no_answer", "callee"),
    "declined": Reason("declined", "callee"),
    "invalid_number": Reason("invalid_number", "carrier"),
    "blocked": Reason("blocked", "carrier"),
    "not_permitted": Reason("not_permitted", "carrier"),
    "concurrency_limit": Reason("concurrency_limit", "us"),
    "no_funds": Reason("no_funds", "us"),
    "provider_error": Reason("provider_error", "provider"),
    "agent_error": Reason("agent_error", "agent"),
    "canceled": Reason("canceled", "us"),
    "lost": Reason("lost", "provider"),
}
# Reasons with which nobody was talked to, whatever else is said.
NEVER_TALKED = frozenset(
    {
        *("busy", "no_answer", "declined", "invalid_number", "blocked"),
        *("not_permitted", "canceled"),
    }
)

SENTIMENTS = frozenset({"positive", "neutral", "negative", "unknown"})

# `assistant` is the one role seen; `user` is to be expected.
ROLES = {"assistant": "agent", "agent": "agent", "user": "callee"}
THEIR_ROLES = {"agent": "assistant", "callee": "user", "other": "other"}

# `number_provider`, or `phone_number_type` where it says that the number is one's own.
CARRIERS = {"twilio": "twilio", "telnyx": "telnyx"}


def fold(value: Any) -> str:
    """Return a word as both generations would write it: `ZUDU-Twilio` is zudu_twilio."""
    return text(value, 80).strip().lower().replace("-", "_")
