"""What happens when a number is dialled: `+1 … 555 01xx` chooses, others answer."""

import re
from dataclasses import dataclass

from agents.providers.base import Manner

SCRIPTED = re.compile(r"\+1\d{3}55501(\d\d)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call that is rung ends. Times are in scripted milliseconds."""

    rings_ms: int = 2_500
    is_answered: bool = True
    end_reason: str = ""
    end_reason_raw: str = ""
    fault: str = "none"
    is_machine: bool = False
    is_long: bool = False


ANSWERS = Outcome()
OUTCOMES: dict[str, Outcome] = {
    "answers": ANSWERS,
    "busy": Outcome(1_500, False, "busy", "dial_busy", "callee"),
    "no_answer": Outcome(22_000, False, "no_answer", "dial_no_answer", "callee"),
    "declined": Outcome(4_500, False, "declined", "user_declined", "callee"),
    "voicemail": Outcome(
        12_000,
        end_reason="voicemail",
        end_reason_raw="voicemail_reached",
        is_machine=True,
    ),
    "invalid": Outcome(700, False, "invalid_number", "invalid_destination", "carrier"),
    "long": Outcome(is_long=True),
}
BY_NUMBER: dict[str, str] = {
    "50": "busy",
    "51": "no_answer",
    "52": "declined",
    "53": "voicemail",
    "54": "invalid",
    "62": "long",
}
# How a compat door treats its client; the same trouble without a door is in client.py.
MANNERS: dict[str, Manner] = {
    "55": Manner(reply="error"),
    "56": Manner(reply="lost_placed"),
    "57": Manner(reply="lost"),
    "58": Manner(busy_first=2),
    "59": Manner(webhooks="no_end"),
    "60": Manner(webhooks="twice_reversed"),
    "61": Manner(webhooks="none"),
}


def script_digits(to_number: str) -> str:
    """Return the two digits that choose what happens; empty: it answers."""
    found = SCRIPTED.fullmatch(to_number)
    return found[1] if found else ""


def outcome_name(to_number: str) -> str:
    """Return the name of what happens when this number is dialled."""
    return BY_NUMBER.get(script_digits(to_number), "answers")


def manner(to_number: str) -> Manner:
    """Say how a client that dials this number through a compat door is treated."""
    return MANNERS.get(script_digits(to_number), Manner())
