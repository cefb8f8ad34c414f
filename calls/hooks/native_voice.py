"""Our own webhooks, as the Standard Webhooks specification says.

The body is `{"type", "timestamp", "data"}`, where `data` is the call as our API shows
it; the headers hold the message's id, the time of sending and a signature of both and
of the body. See docs/webhooks.md.
"""

import base64
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from agents.providers.dialects import SignedWith
from calls.models import CallStatus
from calls.models.call import FINAL, WAITING
from calls.own_json import Json, time

QUEUED, DIALING, UNCONFIRMED = "call.queued", "call.dialing", "call.unconfirmed"
RINGING, ANSWERED, TRANSCRIPT = "call.ringing", "call.answered", "call.transcript"
ENDED, ANALYZED = "call.ended", "call.analyzed"
EVENTS = (
    *(QUEUED, DIALING, UNCONFIRMED, RINGING, ANSWERED, TRANSCRIPT),
    *(ENDED, ANALYZED),
)
# Every line that is spoken gives a transcript: it comes only where it was chosen.
USUAL = frozenset(EVENTS) - {TRANSCRIPT}
TEST = "webhook.test"
SIGNED_WITH = SignedWith.SECRET
MINUTE, HOUR = 60.0, 3600.0
# A day in all, to the second.
RETRIES = (
    *(5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR),
    *(4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR),
    4 * HOUR + 17 * MINUTE + 25,
)
ANALYSED = frozenset({"summary", "sentiment", "successful", "analysis"})
ASKED = frozenset({CallStatus.DIALING, CallStatus.UNCONFIRMED})
TALKED = frozenset({CallStatus.IN_PROGRESS, CallStatus.ENDED})
PREFIX = "whsec_"
SECRET_BYTES = 32


# --- What is told --------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the events a change gives, in their order; `before` is empty at first.

    A conversation has always `call.answered` before `call.ended`, also where the first
    that was heard of it was its end.
    """
    return list(_events(before, status, frozenset(changed)))


def _events(before: str, status: str, changed: frozenset[str]) -> Iterator[str]:
    over, was_over = status in FINAL, before in FINAL
    if not before and status in WAITING:
        yield QUEUED
    if before in ASKED and "provider_call_id" in changed:
        yield DIALING
    if status == CallStatus.UNCONFIRMED != before:
        yield UNCONFIRMED
    if status == CallStatus.RINGING != before:
        yield RINGING
    if status in TALKED and before not in TALKED and not was_over:
        yield ANSWERED
    if "turns" in changed:
        yield TRANSCRIPT
    if over and not was_over:
        yield ENDED
    if over and changed & ANALYSED:
        yield ANALYZED


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event; an empty choice is the usual ones."""
    return event in (chosen or USUAL)


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over."""
    return event in (ENDED, ANALYZED)


def webhook(event: str, data: Json, at: datetime) -> Json:
    """Return the body of a webhook."""
    return {"type": event, "timestamp": time(at), "data": data}


# --- How it is signed ----------------------------------------------------------------
def make_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes as base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(
    message_id: str, body: bytes, keys: Iterable[str], now_ms: int
) -> dict[str, str]:
    """Return the headers of a webhook, with a signature by each of the secrets."""
    timestamp = str(now_ms // 1000)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        "User-Agent": "Switchboard",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_sign(signed, key)}" for key in keys),
    }


def _sign(signed: bytes, key: str) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
