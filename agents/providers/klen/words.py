"""Klen AI's words and ours, both ways.

Source: the contract sheet (pages of docs.klen.ai from spring 2025); a word that is not
here passes: the status stays empty, the reason becomes "other", the raw word is kept.
"""

from dataclasses import dataclass

# Sheet, section 6. `queued` is Klen's only word until somebody answers: it has taken
# the call and dials within seconds, so `ringing` is the nearest there is.
STATUSES = {
    "queued": "ringing",
    "in-progress": "in_progress",
    "completed": "ended",
    "failed": "failed",
}
THEIR_STATUSES = {
    "scheduled": "queued",
    "queued": "queued",
    "dialing": "queued",
    "unconfirmed": "queued",
    "ringing": "queued",
    "in_progress": "in-progress",
    "ended": "completed",
    "not_connected": "failed",
    "failed": "failed",
    "canceled": "failed",
}
FINAL = frozenset({"ended", "not_connected", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason of `call.failed` says in our words."""

    status: str
    end_reason: str
    fault: str = ""


# The status alone says "failed"; why, only the webhook tells.
OTHER = Reason("failed", "other")
TOOK_PLACE = Reason("ended", "other")
# Sheet, section 7.3.
REASONS = {
    "twilio-failed-to-connect-call": Reason(
        "not_connected", "provider_error", "carrier"
    ),
    "no-answer": Reason("not_connected", "no_answer", "callee"),
    "busy": Reason("not_connected", "busy", "callee"),
    "disconnected": Reason("not_connected", "other", "carrier"),
    "invalid-number": Reason("not_connected", "invalid_number", "carrier"),
    "rejected": Reason("not_connected", "declined", "callee"),
    "canceled": Reason("canceled", "canceled", "none"),
    "failed": Reason("failed", "provider_error", "provider"),
}
THEIR_REASONS = {
    "no_answer": "no-answer",
    "busy": "busy",
    "invalid_number": "invalid-number",
    "declined": "rejected",
    "canceled": "canceled",
}

# What a key may do (sheet, section 0), and our scopes for it. That a key which reads
# contacts may write them too is in their pages, but not in its name: here it may not.
# There are no calendars here.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "can_read_calls": ("calls:read",),
    "can_initiate_calls": ("calls:write",),
    "can_read_agents": ("agents:read",),
    "can_read_contacts": ("contacts:read",),
    "can_write_contacts": ("contacts:write",),
    "can_read_calendar": (),
    "can_write_calendar": (),
}

SIGNATURE_HEADER = "X-Klen-Signature"
STARTED, ENDED, FAILED = "call.started", "call.ended", "call.failed"
TRANSCRIPT, RECORDING, SUMMARY = "call.transcript", "call.recording", "call.summary"
CALL_EVENTS = (STARTED, ENDED, FAILED, TRANSCRIPT, SUMMARY, RECORDING)
CALENDAR_EVENTS = (
    "calendar.created",
    "calendar.updated",
    "calendar.cancelled",
    "calendar.completed",
    "calendar.reminder",
)

INBOUND_ROLE, OUTBOUND_ROLE = "inbound agent", "outbound agent"

# The marks of a transcript's lines are undocumented. These leave no doubt who speaks;
# a transcript with others stays one text.
SPEAKERS = {
    "agent": "agent",
    "assistant": "agent",
    "ai": "agent",
    "bot": "agent",
    "user": "callee",
    "customer": "callee",
    "caller": "callee",
    "human": "callee",
    "other": "other",
}
THEIR_SPEAKERS = {"agent": "Agent", "callee": "User"}

# Their error → our end reason (sheet, section 0); the others say what they say in the
# provider's own words.
REFUSALS = {
    "missing_phone_number": "invalid_number",
    "invalid_phone_number": "invalid_number",
    "authentication_required": "not_permitted",
    "invalid_key": "not_permitted",
    "permission_denied": "not_permitted",
    "insufficient_funds": "no_funds",
    "do_not_call": "blocked",
}
NOT_FOUND = "not_found"
NO_KEY = ("authentication_required", "invalid_key")
# Every error of the sheet, and two of the page on how a context variable is created: an
# answer with another word, or none, is hardly Klen's.
KNOWN = frozenset(
    {
        *("validation_error", "invalid_json", "invalid_value", "undefined_variable"),
        *("missing_parameter", "duplicate_variable"),
        *("missing_phone_number", "missing_agent_id", "invalid_phone_number"),
        *("insufficient_funds", "permission_denied", "do_not_call", "agent_not_found"),
        *("no_phone_number", "rate_limit_exceeded", "server_error"),
        *(NOT_FOUND, *NO_KEY),
    }
)

# The gate's code, or that of an address → their status and error.
ERRORS = {
    "missing_phone_number": (400, "missing_phone_number"),
    "missing_agent_id": (400, "missing_agent_id"),
    "invalid_phone_number": (400, "invalid_phone_number"),
    "invalid_json": (400, "invalid_json"),
    "invalid_sip_header": (400, "validation_error"),
    "invalid_variables": (400, "validation_error"),
    "invalid_override": (400, "validation_error"),
    "invalid_value": (400, "invalid_value"),
    "undefined_variable": (400, "undefined_variable"),
    "missing_parameter": (400, "missing_parameter"),
    "duplicate_variable": (400, "duplicate_variable"),
    "authentication_required": (401, "authentication_required"),
    "invalid_key": (401, "invalid_key"),
    "insufficient_funds": (402, "insufficient_funds"),
    "permission_denied": (403, "permission_denied"),
    "do_not_call": (403, "do_not_call"),
    # Klen has no words for these; `do_not_call` would have a client never call again.
    "country_not_allowed": (403, "permission_denied"),
    "outside_calling_hours": (403, "permission_denied"),
    "too_many_attempts": (403, "permission_denied"),
    "not_found": (404, NOT_FOUND),
    "method_not_allowed": (404, NOT_FOUND),
    "agent_not_found": (404, "agent_not_found"),
    "agent_version_not_found": (404, "agent_not_found"),
    "no_phone_number": (404, "no_phone_number"),
    "limit_exceeded": (429, "rate_limit_exceeded"),
    "server_error": (500, "server_error"),
}
BY_STATUS = {
    401: "invalid_key",
    402: "insufficient_funds",
    403: "permission_denied",
    404: NOT_FOUND,
    429: "rate_limit_exceeded",
}


def outcome(status: str, raw: str, *, was_connected: bool) -> Reason:
    """Return what a call of this status (ours) came to; `raw` is why it failed.

    Klen also says "failed" of a call that ended too early: one that was connected and
    then `disconnected` did take place. How a completed call ended, Klen does not say.
    """
    if status == "ended" or (raw == "disconnected" and was_connected):
        return TOOK_PLACE
    return REASONS.get(raw, OTHER) if status == "failed" else Reason(status, "")


def their_reason(status: str, end_reason: str, raw: str) -> str:
    """Return Klen's word for why a call of ours failed."""
    if raw in REASONS:
        return raw
    if status == "not_connected":
        return THEIR_REASONS.get(end_reason, "twilio-failed-to-connect-call")
    return THEIR_REASONS.get(end_reason, "failed")


def their_error(status: int, code: str) -> tuple[int, str]:
    """Return Klen's status and error word for a code of the gate, or for none."""
    if code in ERRORS:
        return ERRORS[code]
    other = "server_error" if status >= 500 else "validation_error"
    return status, BY_STATUS.get(status, other)
