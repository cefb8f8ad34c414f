"""Retell's words and ours, both ways.

Source: the contract sheet (retell-sdk 6.2.13 and docs.retellai.com); a word that is not
here passes: the status stays empty, the reason becomes "other", the raw word is kept.
"""

from dataclasses import dataclass

# The metadata key under which our call's id travels.
REFERENCE = "switchboard_reference"

# `registered` says that the id was issued and the phone is being dialled; Retell has no
# other word before the answer, so it is the nearest there is to ringing.
STATUSES = {
    "registered": "ringing",
    "ongoing": "in_progress",
    "ended": "ended",
    "not_connected": "not_connected",
    "error": "failed",
}
THEIR_STATUSES = {
    "scheduled": "registered",
    "queued": "registered",
    "dialing": "registered",
    "unconfirmed": "registered",
    "ringing": "registered",
    "in_progress": "ongoing",
    "ended": "ended",
    "not_connected": "not_connected",
    "failed": "error",
    "canceled": "not_connected",
}
FINAL = frozenset({"ended", "not_connected", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Reason:
    """What a disconnection reason says in our words.

    An empty status: Retell does not say which one goes with the reason, so the call's
    own status decides.
    """

    status: str
    end_reason: str
    fault: str = "none"
    answered_by: str = ""


OTHER = Reason("", "other", "")
REASONS = {
    # ended
    "user_hangup": Reason("ended", "user_hangup", answered_by="human"),
    "agent_hangup": Reason("ended", "agent_hangup", answered_by="unknown"),
    "call_transfer": Reason("ended", "transferred", answered_by="human"),
    "voicemail_reached": Reason("ended", "voicemail", answered_by="machine"),
    "ivr_reached": Reason("ended", "other", answered_by="machine"),
    "inactivity": Reason("ended", "inactivity", answered_by="unknown"),
    "max_duration_reached": Reason("ended", "max_duration", answered_by="unknown"),
    "no_concurrency_fallback": Reason("ended", "concurrency_limit", "us"),
    # not_connected
    "dial_busy": Reason("not_connected", "busy", "callee"),
    "dial_failed": Reason("not_connected", "other", "carrier"),
    "dial_no_answer": Reason("not_connected", "no_answer", "callee"),
    "invalid_destination": Reason("not_connected", "invalid_number", "carrier"),
    "telephony_provider_permission_denied": Reason(
        "not_connected", "not_permitted", "carrier"
    ),
    "telephony_provider_unavailable": Reason(
        "not_connected", "provider_error", "carrier"
    ),
    "sip_routing_error": Reason("not_connected", "provider_error", "carrier"),
    "marked_as_spam": Reason("not_connected", "blocked", "carrier"),
    "user_declined": Reason("not_connected", "declined", "callee"),
    # error
    "concurrency_limit_reached": Reason("failed", "concurrency_limit", "us"),
    "no_valid_payment": Reason("failed", "no_funds", "us"),
    "scam_detected": Reason("failed", "blocked", "provider"),
    "error_llm_websocket_open": Reason("failed", "agent_error", "agent"),
    "error_llm_websocket_lost_connection": Reason("failed", "agent_error", "agent"),
    "error_llm_websocket_runtime": Reason("failed", "agent_error", "agent"),
    "error_llm_websocket_corrupt_payload": Reason("failed", "agent_error", "agent"),
    "error_no_audio_received": Reason("failed", "provider_error", "provider"),
    "error_asr": Reason("failed", "provider_error", "provider"),
    "error_retell": Reason("failed", "provider_error", "provider"),
    "error_unknown": Reason("failed", "provider_error", "provider"),
    "error_user_not_joined": Reason("failed", "no_answer", "callee"),
    "registered_call_timeout": Reason("failed", "other", "us"),
    # newer; Retell's table gives them no status
    "user_requested_dnc": Reason("", "user_hangup", answered_by="human"),
    "user_requested_callback": Reason("", "user_hangup", answered_by="human"),
    "credit_exhausted": Reason("", "no_funds", "us"),
    "budget_reached": Reason("", "no_funds", "us"),
    "network_blocked": Reason("", "blocked", "carrier"),
    "transfer_bridged": Reason("", "transferred", answered_by="human"),
    "transfer_cancelled": Reason("", "other"),
    "manual_stopped": Reason("", "agent_hangup"),
    "call_take_over": Reason("", "transferred", answered_by="human"),
}
# Our reason → theirs, where the raw word is not one of theirs already. What ended for
# "other" reasons carries none: Retell leaves the field out where it does not know.
THEIR_REASONS = {
    "user_hangup": "user_hangup",
    "agent_hangup": "agent_hangup",
    "transferred": "call_transfer",
    "voicemail": "voicemail_reached",
    "inactivity": "inactivity",
    "max_duration": "max_duration_reached",
    "busy": "dial_busy",
    "no_answer": "dial_no_answer",
    "declined": "user_declined",
    "invalid_number": "invalid_destination",
    "blocked": "marked_as_spam",
    "not_permitted": "telephony_provider_permission_denied",
    "concurrency_limit": "concurrency_limit_reached",
    "no_funds": "no_valid_payment",
    "provider_error": "error_retell",
    "agent_error": "error_llm_websocket_runtime",
    "canceled": "manual_stopped",
    "lost": "error_unknown",
}

# Events after which a call is over, whatever its status field says.
TERMINAL_EVENTS = frozenset({"call_ended", "call_analyzed"})
CALL_EVENTS = TERMINAL_EVENTS | {
    "call_started",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
}
DEFAULT_EVENTS = frozenset({"call_started", "call_ended", "call_analyzed"})

SENTIMENTS = {
    "Positive": "positive",
    "Neutral": "neutral",
    "Negative": "negative",
    "Unknown": "unknown",
}
THEIR_SENTIMENTS = {ours: theirs for theirs, ours in SENTIMENTS.items()}

ROLES = {"agent": "agent", "user": "callee"}
THEIR_ROLES = {"agent": "agent", "callee": "user"}

CARRIERS = {
    "retell-twilio": "twilio",
    "retell-telnyx": "telnyx",
    "custom": "custom",
}
THEIR_CARRIERS = {ours: theirs for theirs, ours in CARRIERS.items()}

LATENCIES = (
    "e2e",
    "asr",
    "llm",
    "llm_websocket_network_rtt",
    "tts",
    "knowledge_base",
    "s2s",
)
PERCENTILES = ("p50", "p90", "p95", "p99", "max", "min", "num")


def final_status(reason: str, status: str, *, was_answered: bool) -> str:
    """Return the final status of a call that is over.

    The reason decides where Retell's table says what goes with it; else the status, if
    it is a final one (a sample webhook says `registered` of a call that ended); else
    whether anybody picked up.
    """
    known = REASONS.get(reason, OTHER).status
    own = STATUSES.get(status, "")
    if known or own in FINAL:
        return known or own
    return "ended" if was_answered else "not_connected"


def their_reason(status: str, end_reason: str, raw: str) -> str:
    """Return Retell's word for how a call ended; empty where it has none."""
    if status not in FINAL:
        return ""
    if raw in REASONS:
        return raw
    if end_reason == "other" and status == "not_connected":
        return "dial_failed"
    if end_reason == "other" and status == "failed":
        return "error_unknown"
    return THEIR_REASONS.get(end_reason, "")
