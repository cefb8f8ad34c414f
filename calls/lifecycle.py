"""The one door through which a call changes: only this module writes `Call.status`.

A provider's reply, a webhook and a poll all become a `CallUpdate` and come in by
`apply`. Status moves forward only and a final status is final; facts may come late, and
the newer fact wins. The one step back, `requeue`, is for a call that was certainly not
placed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, F, IntegerField, UUIDField

from agents.models import Connection
from agents.providers.base import CallUpdate, ProviderError
from calls import asking, batches, changes, facts, matching, merging, saving, transcript
from calls.changes import Heard
from calls.hooks import owing
from calls.merging import Fusion
from calls.models import Call, CallChange, CallStatus, Fault
from calls.models.call import FINAL, WAITING
from dashboard.prepared import Given, PreparedUpdate

RANK: dict[str, int] = {
    CallStatus.SCHEDULED: 0,
    CallStatus.QUEUED: 1,
    CallStatus.DIALING: 2,
    CallStatus.UNCONFIRMED: 3,
    CallStatus.RINGING: 4,
    CallStatus.IN_PROGRESS: 5,
}
LAST = 9


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
    call = Call(
        status=CallStatus.SCHEDULED if later else CallStatus.QUEUED,
        created_at=now,
        changed_at=now,
        scheduled_at=scheduled_at,
        queued_at=None if later else now,
        due_at=scheduled_at if later else now,
        **fields,
    )
    batches.insert(call)
    owing.owe(call, "", {"status"})
    return call


def imported(**fields: Any) -> Call:
    """Return an unsaved row that is over: of a filled workspace, or a mere record."""
    if fields.get("status") not in FINAL:
        raise ValueError(f"{fields.get('status')} is not a final status.")
    return Call(**fields)


# --- Dialing -------------------------------------------------------------------------
AT = Given("at", DateTimeField())
TRIED = {"pk": Given("pk", UUIDField()), "attempts": Given("attempts", IntegerField())}
CLAIM = PreparedUpdate(
    lambda: Call.objects.filter(status__in=WAITING, **TRIED),
    status=CallStatus.DIALING,
    attempts=F("attempts") + 1,
    claimed_at=AT,
    changed_at=AT,
    note="",
)
START = PreparedUpdate(
    lambda: Call.objects.filter(status=CallStatus.DIALING, dialed_at=None, **TRIED),
    dialed_at=AT,
    changed_at=AT,
)


def claim(call_id: uuid.UUID, attempts: int, now: datetime) -> int | None:
    """Take a waiting call, tried `attempts` times so far, for dialing.

    Return the number of this attempt; None when somebody else has taken it.
    """
    return attempts + 1 if CLAIM.run(pk=call_id, attempts=attempts, at=now) else None


def start_dialing(call_id: uuid.UUID, attempt: int, at: datetime) -> bool:
    """Mark the moment we ask the provider. True once for each certain attempt."""
    return START.run(pk=call_id, attempts=attempt, at=at) == 1


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
    if back and note:
        changes.moved(call_id, CallStatus.DIALING, CallStatus.QUEUED, note)
    return back == 1


def unclear(call_id: uuid.UUID, note: str, ask_at: datetime) -> bool:
    """Say honestly that we do not know whether the call went out."""
    before, after = CallStatus.DIALING, CallStatus.UNCONFIRMED
    rows = Call.objects.filter(pk=call_id, status=before, dialed_at__isnull=False)
    with transaction.atomic():
        if not rows.update(status=after, note=note, ask_at=ask_at, changed_at=_now()):
            return False
        changes.moved(call_id, before, after, note)
        owing.owe(Call.objects.get(pk=call_id), before, {"status"})
    return True


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
        saving.save_end(call, done.before, _now())
    done.changed = {"status", "end_reason"}
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
        before = call.status
        call.status = CallStatus.CANCELED
        call.end_reason, call.fault, call.note = "canceled", Fault.NONE, note
        call.ended_at, call.due_at = now, None
        saving.save_end(call, before, now)
    return True


# --- Facts ---------------------------------------------------------------------------
def apply(
    call_id: uuid.UUID,
    update: CallUpdate,
    now: datetime,
    heard: Heard = changes.POLL,
) -> Applied:
    """Fold one update into one call; see `apply_all`."""
    return apply_all([(call_id, update)], now, [heard])[0]


def apply_all(
    pairs: Sequence[merging.Pair], now: datetime, heard: Sequence[Heard] = ()
) -> list[Applied]:
    """Fold updates into their calls, in order, under the rows' locks.

    `heard` says of each update who told us; without it, the provider was asked.

    One transaction for many: a burst of webhooks costs a few statements, not many. A
    stranger's row that turns out to be one of these calls goes into it. What is returned
    is in the order of `pairs`. Raises CallGone when a call went into another meanwhile.
    """
    heard = heard or [changes.POLL] * len(pairs)
    return merging.settle(lambda also: _apply_all(pairs, also, now, heard))


@transaction.atomic
def _apply_all(
    pairs: Sequence[merging.Pair],
    also: set[uuid.UUID] | None,
    now: datetime,
    heard: Sequence[Heard],
) -> list[Applied]:
    calls = matching.locked({call_id for call_id, _ in pairs} | (also or set()))
    fusion = Fusion(calls, pairs, looks=also is not None)
    spoken = transcript.known(fusion.calls)
    applied: list[Applied] = []
    story: list[CallChange] = []
    whole: dict[uuid.UUID, Applied] = {}
    told_by = (*[changes.MERGE] * len(fusion.told), *heard)
    for (call_id, update), who in zip((*fusion.told, *pairs), told_by, strict=True):
        call = fusion.call_of(call_id)
        done = Applied(call, call.status)
        believed = fusion.believed(call, update)
        if believed:
            done.changed = _take(call, believed, spoken, now)
        else:
            done.changed = _doubt(call, now)
        applied.append(done)
        story.append(changes.change(call, who, done.before, done.changed, now))
        whole.setdefault(call.pk, Applied(call, done.before)).changed |= done.changed
    spoken.save()
    touched = [(done.call, done.before, done.changed) for done in whole.values()]
    saving.save_all(touched, story, now)
    return applied[len(fusion.told) :]


def _take(
    call: Call, update: CallUpdate, spoken: transcript.Spoken, now: datetime
) -> set[str]:
    """Fold one update into a locked call; return the names of what changed."""
    is_new = facts.is_news(call, update)
    changed = absorb(call, update, now, is_new=is_new)
    if call.transcript_erased_at:
        return changed
    return changed | spoken.absorb(call.pk, update, is_new=is_new)


def _doubt(call: Call, now: datetime) -> set[str]:
    """Say that the provider took the call for another of ours, whose id it named."""
    before = call.status
    if may_become(before, CallStatus.UNCONFIRMED):
        call.status = CallStatus.UNCONFIRMED
    if call.status == CallStatus.UNCONFIRMED:
        call.note = merging.DOUBT.format(label=call.connection.kind.label)
        call.ask_at = now + asking.DOUBT_WAIT
    return {"status"} if call.status != before else set()


def create(
    connection: Connection,
    update: CallUpdate,
    now: datetime,
    found_at: datetime | None = None,
) -> Call:
    """Write the row of a call we did not start; `apply` then fills it.

    `found_at`: a look through the provider's list found it. Raises IntegrityError when
    another row has its id by now.
    """
    fields = facts.of_a_stranger(connection, update, now)
    return Call.objects.create(status=CallStatus.DIALING, found_at=found_at, **fields)


def absorb(call: Call, update: CallUpdate, now: datetime, *, is_new: bool) -> set[str]:
    """Fold `update` into `call` in memory; return the names of the fields changed."""
    before = {name: getattr(call, name) for name in facts.WATCHED}
    if call.end_reason == "lost" and update.status:
        call.note = asking.AFTER_ALL.format(label=call.connection.kind.label)
    _take_status(call, update, now)
    facts.fold(call, update, is_new=is_new)
    _set_heard(call, update, now)
    later = set() if call.is_ours else facts.complete(call, update)
    return {name for name in before if getattr(call, name) != before[name]} | later


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
    if call.is_open and not asking.is_hint(update):
        call.asks = 0
    call.ask_at = asking.next_at(call, update, now)


def _now() -> datetime:
    return datetime.now(tz=UTC)
