"""The one door through which a call changes: only this module writes `Call.status`.

A provider's reply, a webhook and a poll all become a `CallUpdate` and come in by
`apply`. Status moves forward only and a final status is final; facts may come late, and
the newer fact wins. The one step back, `requeue`, is for a call that was certainly not
placed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from agents.models import Connection
from agents.providers.base import CallUpdate, ProviderError
from calls import batches, facts, outbox, transcript
from calls.models import Call, CallStatus, Fault
from calls.models.call import FINAL, WAITING

RANK: dict[str, int] = {
    CallStatus.SCHEDULED: 0,
    CallStatus.QUEUED: 1,
    CallStatus.DIALING: 2,
    CallStatus.UNCONFIRMED: 3,
    CallStatus.RINGING: 4,
    CallStatus.IN_PROGRESS: 5,
}
LAST = 9
# After the end, the provider is asked this long for a summary that did not come.
ANALYSIS_WAIT = timedelta(minutes=5)
ANALYSIS_POLL = timedelta(seconds=30)


@dataclass(slots=True)
class Applied:
    """What one update did to a call: the status before, and the fields it changed."""

    call: Call
    before: str
    changed: set[str] = field(default_factory=set)

    @property
    def freed_slot(self) -> bool:
        """Whether a slot at the provider became free."""
        return self.before not in FINAL and self.call.status in FINAL


def may_become(current: str, new: str) -> bool:
    """A call only ever moves forward, and never leaves a final status."""
    return RANK.get(current, LAST) < RANK.get(new, LAST)


def begin(now: datetime, scheduled_at: datetime | None = None, **fields: Any) -> Call:
    """Write the row of a new call: queued, or scheduled for later."""
    later = scheduled_at is not None and scheduled_at > now
    return Call.objects.create(
        status=CallStatus.SCHEDULED if later else CallStatus.QUEUED,
        created_at=now,
        changed_at=now,
        scheduled_at=scheduled_at,
        queued_at=None if later else now,
        due_at=scheduled_at if later else now,
        **fields,
    )


def imported(**fields: Any) -> Call:
    """Return an unsaved row of a call that is over, for filling a workspace."""
    if fields.get("status") not in FINAL:
        raise ValueError(f"{fields.get('status')} is not a final status.")
    return Call(**fields)


# --- Dialing -------------------------------------------------------------------------
def claim(call_id: uuid.UUID, now: datetime) -> int | None:
    """Take a waiting call for dialing; return the number of this attempt, or None."""
    rows = Call.objects.filter(pk=call_id, status__in=WAITING)
    attempts = rows.values_list("attempts", flat=True).first()
    if attempts is None:
        return None
    taken = rows.filter(attempts=attempts).update(
        status=CallStatus.DIALING,
        attempts=attempts + 1,
        claimed_at=now,
        changed_at=now,
        note="",
    )
    return attempts + 1 if taken else None


def start_dialing(call_id: uuid.UUID, attempt: int, at: datetime) -> bool:
    """Mark the moment we ask the provider. True once for each certain attempt."""
    claimed = Call.objects.filter(
        pk=call_id, status=CallStatus.DIALING, attempts=attempt, dialed_at=None
    )
    return claimed.update(dialed_at=at, changed_at=at) == 1


def requeue(
    call_id: uuid.UUID,
    attempt: int,
    due_at: datetime,
    note: str,
    *,
    was_asked: bool = True,
) -> bool:
    """Put back a call that was certainly not placed: asked for in vain, or never."""
    rows = Call.objects.filter(
        pk=call_id,
        status=CallStatus.DIALING,
        attempts=attempt,
        provider_call_id="",
        dialed_at__isnull=not was_asked,
    )
    back = rows.update(
        status=CallStatus.QUEUED,
        dialed_at=None,
        claimed_at=None,
        due_at=due_at,
        note=note,
        changed_at=_now(),
    )
    return back == 1


def unclear(call_id: uuid.UUID, note: str, ask_at: datetime) -> bool:
    """Say honestly that we do not know whether the call went out."""
    rows = Call.objects.filter(
        pk=call_id, status=CallStatus.DIALING, dialed_at__isnull=False
    )
    return (
        rows.update(
            status=CallStatus.UNCONFIRMED,
            note=note,
            ask_at=ask_at,
            changed_at=_now(),
        )
        == 1
    )


def fail(
    call_id: uuid.UUID,
    reason: str,
    fault: str,
    note: str,
    raw: str = "",
    *,
    still: str = "",
) -> Applied | None:
    """End a call that could not be placed, or was lost; None when it is over.

    With `still`, only a call of that status: news may have come in the meantime.
    """
    with transaction.atomic():
        call = Call.objects.select_for_update(no_key=True).get(pk=call_id)
        if not may_become(call.status, CallStatus.FAILED):
            return None
        if still and call.status != still:
            return None
        done = Applied(call, call.status)
        call.status = CallStatus.FAILED
        call.end_reason, call.end_reason_raw = reason, raw[:80]
        call.fault, call.note, call.ended_at = fault, note, _now()
        call.ask_at = call.due_at = None
        _save(done, _now())
    return done


def refuse(call_id: uuid.UUID, error: ProviderError) -> Applied | None:
    """End a call the provider refused, in the provider's words."""
    reason = error.code or "provider_error"
    fault = Fault.US if reason in {"not_permitted", "invalid_number"} else ""
    raw = str(error.status or "")
    return fail(call_id, reason, fault or Fault.PROVIDER, error.message, raw)


def cancel(call_id: uuid.UUID, note: str = "") -> bool:
    """Take back a call that nobody has asked the provider for. True if that worked."""
    now = _now()
    with transaction.atomic():
        call = Call.objects.select_for_update(no_key=True).get(pk=call_id)
        if call.status not in WAITING:
            return False
        done = Applied(call, call.status)
        call.status = CallStatus.CANCELED
        call.end_reason, call.fault, call.note = "canceled", Fault.NONE, note
        call.ended_at, call.due_at = now, None
        _save(done, now)
    return True


# --- Facts ---------------------------------------------------------------------------
def apply(call_id: uuid.UUID, update: CallUpdate, now: datetime) -> Applied:
    """Fold one update into one call; see `apply_all`."""
    return apply_all([(call_id, update)], now)[0]


@transaction.atomic
def apply_all(
    pairs: Sequence[tuple[uuid.UUID, CallUpdate]], now: datetime
) -> list[Applied]:
    """Fold updates into their calls, in order, under the rows' locks.

    One transaction for many: a burst of webhooks costs a few statements, not many.
    """
    calls = _locked({call_id for call_id, _ in pairs})
    spoken = transcript.known(calls)
    applied = []
    whole: dict[uuid.UUID, Applied] = {}
    for call_id, update in pairs:
        call = calls[call_id]
        done = Applied(call, call.status)
        is_new = facts.is_news(call, update)
        done.changed |= absorb(call, update, now, is_new=is_new)
        done.changed |= spoken.absorb(call_id, update, is_new=is_new)
        applied.append(done)
        whole.setdefault(call_id, Applied(call, done.before)).changed |= done.changed
    spoken.save()
    changed = [done for done in whole.values() if done.changed]
    for done in changed:
        done.call.changed_at = now
    batches.save(list(calls.values()), SAVED)
    outbox.owe_all((done.call, done.before, done.changed) for done in changed)
    return applied


def _locked(ids: set[uuid.UUID]) -> dict[uuid.UUID, Call]:
    """Return the calls, locked in one order, with one object for each connection."""
    rows = Call.objects.select_for_update(no_key=True).filter(pk__in=ids)
    calls = {call.pk: call for call in rows.order_by("pk")}
    owners = {call.connection_id for call in calls.values()}
    connections = Connection.objects.in_bulk(owners)
    for call in calls.values():
        call.connection = connections[call.connection_id]
    return calls


def create(connection: Connection, update: CallUpdate, now: datetime) -> Call:
    """Write the row of a call we did not start; `apply` then fills it."""
    fields = facts.of_a_stranger(connection, update, now)
    return Call.objects.create(status=CallStatus.DIALING, **fields)


def absorb(call: Call, update: CallUpdate, now: datetime, *, is_new: bool) -> set[str]:
    """Fold `update` into `call` in memory; return the names of the fields changed."""
    before = {name: getattr(call, name) for name in WATCHED}
    _take_status(call, update, now)
    facts.fold(call, update, is_new=is_new)
    _set_heard(call, update, now)
    return {name for name, old in before.items() if getattr(call, name) != old}


def _take_status(call: Call, update: CallUpdate, now: datetime) -> None:
    new = update.status
    if not new or not may_become(call.status, new):
        return
    call.status = new
    at = update.occurred_at or now
    call.note = ""
    if call.direction == "outbound" and call.dialed_at is None:
        call.dialed_at = call.claimed_at or call.created_at
    if new == CallStatus.RINGING:
        call.ringing_at = update.ringing_at or at
    elif new == CallStatus.IN_PROGRESS:
        call.answered_at = update.answered_at or at
    elif new in FINAL:
        call.ended_at = update.ended_at or at
        call.due_at = None


def _set_heard(call: Call, update: CallUpdate, now: datetime) -> None:
    """Note how new our facts are, and when to ask if nothing more is heard."""
    if update.occurred_at:
        call.heard_at = max(filter(None, (call.heard_at, update.occurred_at)))
    if call.is_open:
        call.asks = 0
        call.ask_at = update.ask_again_at or now + call.connection.kind.poll_after
    elif update.ask_again_at:
        call.ask_at = update.ask_again_at
    elif _awaits_analysis(call, now):
        call.ask_at = now + ANALYSIS_POLL
    else:
        call.ask_at = None


def _awaits_analysis(call: Call, now: datetime) -> bool:
    if call.status != CallStatus.ENDED or call.summary or call.ended_at is None:
        return False
    return bool(call.provider_call_id) and now - call.ended_at < ANALYSIS_WAIT


def _save(done: Applied, now: datetime) -> None:
    """Save a call this module ended by itself, and owe the news of it."""
    done.changed |= {"status", "end_reason"}
    done.call.changed_at = now
    done.call.save(update_fields=SAVED)
    outbox.owe(done.call, done.before, done.changed)


def _now() -> datetime:
    return datetime.now(tz=UTC)


WATCHED = (
    *facts.PLAIN,
    *facts.TIMED,
    "status",
    "provider_call_id",
    "end_reason",
    "summary",
    "sentiment",
    "successful",
    "analysis",
    "join",
)
SAVED = (
    *WATCHED,
    "currency",
    "note",
    "due_at",
    "ask_at",
    "asks",
    "dialed_at",
    "heard_at",
    "changed_at",
)
