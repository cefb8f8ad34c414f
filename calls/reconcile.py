"""Asking providers about calls: unclear dials, and calls that fell silent.

Also mends what a killed worker left behind. What is learned goes through
`lifecycle.apply` like everything else; nothing here dials.
"""

import logging
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from agents import budget
from agents.models import Connection
from agents.providers.base import CallUpdate, ProviderError
from agents.providers.registry import PROVIDERS
from calls import changes, dispatch, lifecycle
from calls.lifecycle import Applied
from calls.merging import CallGone
from calls.models import Call, CallStatus
from calls.models.call import FINAL, NOT_OURS

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
# Calls to the same number this long before a dial may be taken for it.
NEAR = timedelta(days=1)


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
    """Return the calls whose time to be asked about has come, the longest due first.

    Of an account that allows few requests in a minute, as many as may go at once.
    """
    rows = Call.objects.filter(ask_at__lte=now).order_by("ask_at")
    slow = {p: k.requests_per_minute for p, k in PROVIDERS.items()}
    slow = {provider: a_minute for provider, a_minute in slow.items() if a_minute}
    fast = rows.exclude(connection__provider__in=slow)
    found = list(fast.values_list("pk", flat=True)[:BATCH])
    for connection in Connection.objects.filter(provider__in=slow).only("provider"):
        mine = rows.filter(connection=connection).values_list("pk", flat=True)
        found += mine[: budget.at_once(slow[connection.provider])]
    return found


def ask(call_id: uuid.UUID, now: datetime) -> Applied | None:
    """Ask the provider about one call and apply the answer; None: not due (any more).

    The row's `ask_at` is moved first, so that of many workers one asks. Where the
    provider's requests are spent, the call stays due.
    """
    due_rows = Call.objects.filter(pk=call_id, ask_at__lte=now + EARLY)
    try:
        call = dispatch.load(call_id)
        is_due = call.ask_at is not None and call.ask_at <= now + EARLY
        turns = budget.Turns(call.connection)
        if not is_due or not turns.may_ask(now):
            return None
        return _ask(call, turns, now) if due_rows.update(ask_at=now + LEASE) else None
    except (CallGone, Call.DoesNotExist):
        return None


def _ask(call: Call, turns: budget.Turns, now: datetime) -> Applied | None:
    try:
        update = _answer(call, turns)
    except ProviderError as error:
        logger.warning("Asking about call %s failed: %s", call.pk, error.message)
        return _could_not_ask(call, error, now)
    if update is None:
        return _not_there(call, now)
    if call.is_open and update.status not in FINAL and _is_too_old(call, now):
        word, label = update.status_raw or update.status, call.connection.kind.label
        return _lose(
            call,
            f"{label} says only “{word}” of this call, longer than any call lasts.",
        )
    done = lifecycle.apply(call.pk, update, now, changes.POLL)
    if done.call.status == CallStatus.UNCONFIRMED and _is_too_old(call, now):
        return _lose(done.call, done.call.note)
    return done


def _answer(call: Call, turns: budget.Turns) -> CallUpdate | None:
    client, handle = call.connection.client(turns), dispatch.handle_of(call)
    if call.provider_call_id:
        return client.fetch_call(handle)
    return client.find_call(replace(handle, taken=_taken(call)))


def _taken(call: Call) -> frozenset[str]:
    """Return the ids of other calls of ours to that number, which are not this one.

    Those of a stranger's row are not among them: it may be this very call, told of by a
    webhook before we knew its id.
    """
    since = (call.dialed_at or call.created_at) - NEAR
    others = Call.objects.filter(
        workspace=call.workspace_id,
        connection=call.connection_id,
        to_number=call.to_number,
        created_at__gte=since,
    )
    ids = others.exclude(source__in=NOT_OURS).exclude(pk=call.pk)
    pairs = ids.values_list("provider_call_id", "other_call_id")
    return frozenset(word for pair in pairs for word in pair if word)


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
    Call.objects.filter(pk=call.pk).update(asks=asks, ask_at=call.ask_at)
    return Applied(call, call.status)


def _is_too_old(call: Call, now: datetime) -> bool:
    started = call.answered_at or call.dialed_at or call.created_at
    return now - started > call.connection.kind.longest_call


def _lose(call: Call, note: str) -> Applied | None:
    """End a call that nobody knows, unless it was heard of while we asked."""
    return lifecycle.fail(call.pk, "lost", "provider", note, still=call.status)
