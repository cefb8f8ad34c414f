"""The words of a wire that more than one voice platform speaks, and ours, both ways.

What a provider says in another way stays in its own folder. A word that is not here
passes: the status stays empty, the reason becomes "other", the raw word is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# The metadata key under which our call's id travels.
REFERENCE = "switchboard_reference"

# --- Where a call is ------------------------------------------------------------------
# `registered` says that the id was issued and the phone is being dialled; there is no
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
# What each of their statuses stands for among ours, for the filter of a list.
OUR_STATUSES = {
    theirs: [ours for ours, word in THEIR_STATUSES.items() if word == theirs]
    for theirs in STATUSES
}
FINAL = frozenset({"ended", "not_connected", "failed", "canceled"})


# --- Why it ended ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Reason:
    """What a disconnection reason says in our words.

    An empty status: nothing says which one goes with the reason, so the call's own
    status decides.
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
    "error_unknown": Reason("failed", "provider_error", "provider"),
    "error_user_not_joined": Reason("failed", "no_answer", "callee"),
    "registered_call_timeout": Reason("failed", "other", "us"),
    # no status is stated for these
    "no_concurrency_fallback": Reason("", "concurrency_limit", "us"),
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
# "other" reasons carries none: the field is left out where the reason is not known.
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
    "provider_error": "error_unknown",
    "agent_error": "error_llm_websocket_runtime",
    "canceled": "manual_stopped",
    "lost": "error_unknown",
}
# What stands for "other", by our status.
THEIR_OTHER = {"not_connected": "dial_failed", "failed": "error_unknown"}


def final_status(reason: Reason, status: str, *, was_answered: bool) -> str:
    """Return the final status of a call that is over.

    The reason decides where it is known what goes with it; else their status, if it is
    a final one (a sample webhook says `registered` of a call that ended); else whether
    anybody picked up.
    """
    own = STATUSES.get(status, "")
    if reason.status or own in FINAL:
        return reason.status or own
    return "ended" if was_answered else "not_connected"


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons one provider knows: its words in ours, and ours in its words."""

    ours: Mapping[str, Reason]
    theirs: Mapping[str, str]

    def read(self, word: str) -> Reason:
        """Return what a word of theirs says."""
        return self.ours.get(word, OTHER)

    def said(self, status: str, end_reason: str, raw: str) -> str:
        """Return their word for how a call ended; empty where there is none."""
        if status not in FINAL:
            return ""
        if raw in self.ours:
            return raw
        if end_reason == "other":
            return THEIR_OTHER.get(status, "")
        return self.theirs.get(end_reason, "")


# --- What is told ---------------------------------------------------------------------
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
# How a role begins a line of the plain transcript.
SPEAKERS = {"Agent": "agent", "User": "callee", "Transfer Target": "other"}

LATENCIES = (
    "e2e",
    "asr",
    "llm",
    "llm_websocket_network_rtt",
    "tts",
    "knowledge_base",
    "s2s",
)
