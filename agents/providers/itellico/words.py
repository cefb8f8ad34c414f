"""itellico's words and ours, both ways.

Source: the contract sheet (docs.itellico.ai and their SDK 1.1.0). How a call went is in two
words, `status` and `answer_status`; a word that is not here passes: the status stays
empty, the raw word is kept.
"""

from dataclasses import dataclass

# --- Where a call is: `status` (sheet, section 6.1) -----------------------------------
STATUSES = {
    "in_progress": "in_progress",
    "completed": "ended",
    "transferred": "ended",
    "failed": "failed",
}
FINAL = frozenset({"ended", "not_connected", "failed", "canceled"})
# Until somebody answers, a call that is dialled is `in_progress` too (section 6.2).
UNANSWERED = frozenset({"", "waiting"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an `answer_status` says; an end reason means that nobody was reached."""

    answered_by: str = ""
    end_reason: str = ""


ANSWERS = {
    "waiting": Answer(),
    "human": Answer(answered_by="human"),
    "machine": Answer(answered_by="machine"),
    "unknown": Answer(answered_by="unknown"),
    "user_rejected": Answer(end_reason="declined"),
    "user_unavailable": Answer(end_reason="no_answer"),
    "user_busy": Answer(end_reason="busy"),
}
# Our end reasons of a call that reached nobody → their word; for others they have none.
THEIR_ANSWERS = {a.end_reason: word for word, a in ANSWERS.items() if a.end_reason}
THEIR_PEOPLE = {a.answered_by: word for word, a in ANSWERS.items() if a.answered_by}

# What each of their statuses stands for among ours, for the filter of a list.
OUR_STATUSES = {
    "in_progress": (
        *("scheduled", "queued", "dialing", "unconfirmed"),
        *("ringing", "in_progress"),
    ),
    "completed": ("ended",),
    "transferred": ("ended",),
    "failed": ("not_connected", "failed", "canceled"),
}

# --- What kind of call it is ----------------------------------------------------------
# A test takes place in a browser; `unknown` is theirs.
TYPES = {"phone": "phone", "web": "web", "test": "web"}
THEIR_TYPES = ("phone", "web", "test", "unknown")
LAUNCHED = ("phone", "web")
# `internal` has no word of ours: it stays unknown.
DIRECTIONS = {"inbound": "inbound", "outbound": "outbound"}
THEIR_DIRECTIONS = ("inbound", "outbound", "internal")

# --- What was said (section 2.4): a message without a role is an event -----------------
ROLES = {"user": "callee", "agent": "agent"}
THEIR_ROLES = {"callee": "user", "agent": "agent", "other": "system"}

# --- Webhooks (section 7.1) -----------------------------------------------------------
STARTED, ENDED = "conversation.started", "conversation.ended"
ANALYSED = "conversation.analysis.completed"
EVENTS = (STARTED, ENDED, ANALYSED)
TERMINAL_EVENTS = frozenset({ENDED, ANALYSED})
# Every field of `data` that some event is known to have; what else comes with ANALYSED
# are the results, whose names are unseen.
EVENT_FIELDS = frozenset(
    {
        *("conversation_uuid", "agent_uuid", "agent_name", "channel", "status"),
        *("started_at", "ended_at", "duration_seconds", "from_number", "to_number"),
        *("ip_address", "campaign_uuid", "campaign_contact_uuid", "direction"),
        *("room_sid", "metadata", "answer_status", "messages", "events"),
        "external_id",
    }
)
# The names of these headers are not in what we could read of their guide.
SIGNATURE_HEADER = "X-Itellico-Signature"
TIMESTAMP_HEADER = "X-Itellico-Timestamp"

# --- Errors: the default code of each status (section 0) ------------------------------
ERRORS = {
    400: "bad_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "gone",
    422: "validation_error",
    429: "rate_limit_exceeded",
    500: "internal_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}

# --- A launch -------------------------------------------------------------------------
# Fields of the create body that say which call it is; raw overrides leave them alone.
THE_CALL = frozenset({"type", "agent_id", "from_number", "to_number", "external_id"})
# Values of `overrides.amd_mode` in one version of the page, and of a field whose name is
# unseen in the other (section 1.1).
DETECTION = frozenset({"text", "ml", "livekit", "tool", "aculab", "none"})


def status_of(status: str, answer: str, *, is_dialled: bool) -> str:
    """Return our status; which of theirs goes with an answer that is none is not said.

    `is_dialled`: somebody has to pick up, unlike in a web call or an inbound one.
    """
    known = STATUSES.get(status, "")
    nobody = bool(ANSWERS.get(answer, Answer()).end_reason)
    if known in FINAL:
        return "not_connected" if nobody else known
    if known and is_dialled and (nobody or answer in UNANSWERED):
        return "ringing"
    return known


def reason_of(status: str, answer: str) -> str:
    """Return why a call that is over ended; empty where their words do not say it."""
    if nobody := ANSWERS.get(answer, Answer()).end_reason:
        return nobody
    if status == "transferred":
        return "transferred"
    if status == "completed":
        return "voicemail" if answer == "machine" else ""
    return "other"


def raw_reason_of(status: str, answer: str) -> str:
    """Return the one of their two words that says most of how a call ended."""
    return status if answer in {"", *THEIR_PEOPLE.values()} else answer


def their_status(status: str, end_reason: str) -> str:
    """Return their `status` for one of ours."""
    if status == "ended":
        return "transferred" if end_reason == "transferred" else "completed"
    return "failed" if status in FINAL else "in_progress"


def their_answer(
    status: str, end_reason: str, answered_by: str, *, is_dialled: bool
) -> str:
    """Return their `answer_status` for a call of ours; empty: not known."""
    if status == "not_connected":
        return THEIR_ANSWERS.get(end_reason, "unknown")
    if status in FINAL or not is_dialled:
        return THEIR_PEOPLE.get(answered_by, "")
    if status == "in_progress":
        # It must not be empty: that would read as not answered yet.
        return THEIR_PEOPLE.get(answered_by, "unknown")
    return "waiting"
