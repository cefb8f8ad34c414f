"""Asking providers about calls: unclear dials, and calls that fell silent.

Also mends what a killed worker left behind. What is learned goes through
`lifecycle.apply` like everything else; nothing here dials.
"""

import logging
import uuid
from datetime import datetime, timedelta

from agents.providers.base import CallUpdate, ProviderError
from calls import dispatch, lifecycle
from calls.lifecycle import Applied
from calls.models import Call, CallStatus

logger = logging.getLogger(__name__)

# While one worker asks about a call, others leave it alone for this long.
LEASE = timedelta(seconds=30)
# A provider that could not be asked is asked again after this.
ASK_AGAIN = timedelta(seconds=20)
# A nudge may come this much before its time.
EARLY = timedelta(milliseconds=50)
# How many calls one sweep asks about.
BATCH = 200
# A worker that took a call and did not begin dialing within this has died.
CLAIM_LOST = timedelta(seconds=10)
# A provider's answer cannot come later than this (connect and read time limits).
ANSWER_LOST = timedelta(seconds=40)


def recover(now: datetime) -> int:
    """Mend what a killed worker left: not asked → queued again; asked → unconfirmed."""
    dialing = Call.objects.filter(
        status="dialing", provider_call_id="", direction="outbound"
    )
    mended = 0
    lost = dialing.filter(dialed_at=None, claimed_at__lt=now - CLAIM_LOST)
    for call_id, attempt in lost.values_list("pk", "attempts"):
        note = "A worker stopped before it asked the provider; queued again."
        mended += lifecycle.requeue(call_id, attempt, now, note, was_asked=False)
    silent = dialing.filter(dialed_at__lt=now - ANSWER_LOST)
    for call_id in silent.values_list("pk", flat=True):
        note = (
            "A worker stopped while it asked the provider. The call may or may not "
            "have gone out. We are asking; it will not be dialled again."
        )
        mended += lifecycle.unclear(call_id, note, now)
    return mended


# --- Asking --------------------------------------------------------------------------
def due(now: datetime) -> list[uuid.UUID]:
    """Return the calls whose time to be asked about has come."""
    rows = Call.objects.filter(ask_at__lte=now).order_by("ask_at")
    return list(rows.values_list("pk", flat=True)[:BATCH])


def ask(call_id: uuid.UUID, now: datetime) -> Applied | None:
    """Ask the provider about one call and apply the answer; None: not due (any more).

    The row's `ask_at` is moved first, so that of many workers one asks.
    """
    due_rows = Call.objects.filter(pk=call_id, ask_at__lte=now + EARLY)
    mine = due_rows.update(ask_at=now + LEASE)
    if not mine:
        return None
    call = dispatch.load(call_id)
    try:
        update = _answer(call)
    except ProviderError as error:
        logger.warning("Asking about call %s failed: %s", call_id, error.message)
        return _could_not_ask(call, error, now)
    if update is None:
        return _not_there(call, now)
    if call.is_open and not update.status and _is_too_old(call, now):
        words = f"{call.connection.kind.label} says only “{update.status_raw}” of this"
        return _lose(call, f"{words} call, longer than any call lasts.")
    return lifecycle.apply(call_id, update, now)


def _answer(call: Call) -> CallUpdate | None:
    client, handle = call.connection.client(), dispatch.handle_of(call)
    if call.provider_call_id:
        return client.fetch_call(handle)
    return client.find_call(handle)


def _could_not_ask(call: Call, error: ProviderError, now: datetime) -> Applied | None:
    """Try again later; a call that cannot be alive any more ends as lost."""
    if _is_too_old(call, now):
        return _lose(call, f"The provider could not be asked: {error.message}")
    Call.objects.filter(pk=call.pk).update(ask_at=now + ASK_AGAIN)
    return None


def _not_there(call: Call, now: datetime) -> Applied | None:
    """The provider does not know the call: ask again, and in the end say it is lost."""
    moments = call.connection.kind.ask_after
    asks = call.asks + 1
    unconfirmed = call.status == CallStatus.UNCONFIRMED
    dialed = call.dialed_at or call.created_at
    if call.is_open and unconfirmed and asks >= len(moments):
        return _lose(
            call,
            f"{call.connection.kind.label} never confirmed this call and, asked "
            f"{asks} times, does not know it. It did not go out.",
        )
    if call.is_open and not unconfirmed and _is_too_old(call, now):
        return _lose(call, f"{call.connection.kind.label} lost track of this call.")
    later = dialed + moments[min(asks, len(moments) - 1)] if unconfirmed else now
    ask_at = max(later, now + timedelta(seconds=1)) if unconfirmed else now + ASK_AGAIN
    call.asks, call.ask_at = asks, ask_at if call.is_open else None
    call.save(update_fields=["asks", "ask_at"])
    return Applied(call, call.status)


def _is_too_old(call: Call, now: datetime) -> bool:
    started = call.answered_at or call.dialed_at or call.created_at
    return now - started > call.connection.kind.longest_call


def _lose(call: Call, note: str) -> Applied | None:
    """End a call that nobody knows, unless it was heard of while we asked."""
    return lifecycle.fail(call.pk, "lost", "provider", note, still=call.status)
