"""Placing calls: the only module that asks a provider to dial.

The row is the queue, written by `calls/launch.py`. A nudge (or the sweep, when the nudge
was lost) leads to `step`, which takes the next call of a lane by a conditional update,
and `dial` asks the provider at most once. What is not certain is left for
`calls/reconcile.py`; it is never dialled again.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import UUIDField

from agents import budget, phone
from agents.condition import OF_CONNECTION
from agents.providers import http
from agents.providers.base import (
    CallHandle,
    CallRequest,
    Overrides,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from calls import changes, fitting, lanes, lifecycle, pacing, policy
from calls.lifecycle import Applied
from calls.models import Call, CallStatus, Fault
from calls.pacing import Lane
from dashboard.prepared import Given, Prepared

# How long a provider may keep saying "not now" before we give up.
PATIENCE = timedelta(minutes=15)
# How often a start that came too late is given back for another, before it is used.
TRIES_FOR_A_PLACE = 5
# How soon to look again at a lane whose connection has no free slot.
SLOT_WAIT = timedelta(seconds=1)
# A call with everything a provider's adapter needs of it; asked at every dial.
WHOLE = Prepared(
    lambda: (
        Call.objects.filter(pk=Given("pk", UUIDField()))
        .select_related("connection", "agent", "workspace")
        .defer("evidence", "agent__settings", *OF_CONNECTION)
    )
)


# --- Taking the next call of a lane --------------------------------------------------
@dataclass(frozen=True, slots=True)
class Step:
    """What a look at a lane gave: a call to dial at `start`, and when to look again."""

    call_id: uuid.UUID | None = None
    attempt: int = 0
    start: datetime | None = None
    wake_at: datetime | None = None


@transaction.atomic
def step(kind: type[Lane], lane_id: uuid.UUID, now: datetime) -> Step:
    """Take the lane's next call when its time has come, under the lane's lock."""
    lane = lanes.locked(kind, lane_id)
    due = lanes.due(kind, lane_id, now)
    if not due:
        return _nothing_due(lane, now)
    start = pacing.next_start(lane, now)
    if start - now > pacing.REACH:
        return _wake(lane, start, now)
    if not lanes.has_slot(lane):
        return _wake(lane, now + SLOT_WAIT, now)
    call_id, attempts = due[0]
    attempt = lifecycle.claim(call_id, attempts, now)
    if attempt is None:
        return Step(wake_at=now)
    pacing.take(lane, start)
    lane.wake_at = pacing.next_start(lane, now) if len(due) > 1 else None
    lanes.save(lane)
    return Step(call_id, attempt, start, lane.wake_at)


def _nothing_due(lane: Lane, now: datetime) -> Step:
    """Look again when the next waiting call is due, if that is soon."""
    later = lanes.later(lane)
    if later is None or later - now > timedelta(seconds=10):
        return Step()
    return _wake(lane, later, now)


def _wake(lane: Lane, at: datetime, now: datetime) -> Step:
    """Ask for another look at `at`, unless one is already due by then.

    One due within REACH does not count: it may be this very look, come early because
    a late start pushed the clock.
    """
    if lane.wake_at and now + pacing.REACH < lane.wake_at <= at:
        return Step()
    lane.wake_at = at
    lanes.save(lane)
    return Step(wake_at=at)


# --- Asking the provider -------------------------------------------------------------
def request_of(call: Call, *, attempt: int = 1) -> CallRequest:
    """Return the wish as a provider's adapter takes it."""
    agent = call.agent
    own = agent if call.connection.kind.plays_itself else None
    version = own.version(call.agent_version) if own else None
    wished = CallRequest(
        reference=str(call.pk),
        type=call.type,
        agent_id=agent.provider_agent_id if agent else "",
        agent_name=agent.name if agent else "",
        agent_version=call.agent_version,
        to_number=call.to_number,
        from_number=call.from_number,
        variables=call.variables,
        overrides=Overrides(**call.overrides),
        sip_headers=call.sip_headers,
        metadata=call.metadata,
        trunk_name=call.trunk_name,
        customer_name=call.customer_name,
        ignore_e164_validation=call.ignore_e164_validation,
        prompt=version.prompt if version else "",
        opening_line=version.opening_line if version else "",
        attempt=attempt,
        at_door=bool(call.dialect),
    )
    is_foreign = fitting.is_foreign(call.dialect, call.connection.kind)
    return fitting.fit(wished, call.connection.client())[0] if is_foreign else wished


def handle_of(call: Call) -> CallHandle:
    """Return the call as a provider's adapter takes it when asked about it."""
    return CallHandle(
        request=request_of(call, attempt=call.attempts),
        provider_call_id=call.provider_call_id,
        dialed_at=call.dialed_at,
        hang_up_requested_at=call.hang_up_requested_at,
        other_call_id=call.other_call_id,
    )


def dial(call_id: uuid.UUID, attempt: int, start: datetime) -> Applied | None:
    """Ask the provider for a claimed call at `start`: once, whatever happens."""
    call = load(call_id)
    request = request_of(call, attempt=attempt)
    if held := policy.held_back(call, datetime.now(tz=UTC)):
        return _hold(call, attempt, held)
    if attempt <= TRIES_FOR_A_PLACE and pacing.is_missed(start, datetime.now(tz=UTC)):
        lifecycle.requeue(call_id, attempt, start, "", was_asked=False)
        return _moved(call_id)
    # What takes time is done by now: what lies behind the wait makes starts uneven.
    try:
        client = call.connection.client()
    except ProviderRefused as error:
        return lifecycle.refuse(call_id, error)
    budget.spend(call.connection, start)
    # A worker killed behind the next line leaves a call in doubt: so late is it marked.
    pacing.wait_until(start - pacing.MARKED)
    if not lifecycle.start_dialing(call_id, attempt, start):
        return None
    wait = partial(pacing.wait_until, start)
    try:
        with http.timed(wait, partial(pacing.started, *lanes.of(call), start)):
            update = client.place_call(request)
    except ProviderBusy as error:
        return _try_later(call, attempt, error)
    except (WishRefused, ProviderRefused) as error:
        _keep_their_bar(call, error)
        return lifecycle.refuse(call_id, error)
    except ProviderUnclear as error:
        ask_at = start + call.connection.kind.ask_after[0]
        lifecycle.unclear(call_id, _unclear_words(call, error), ask_at)
        return _moved(call_id)
    return lifecycle.apply(call_id, update, datetime.now(tz=UTC), changes.REPLY)


def _hold(call: Call, attempt: int, held: policy.Held) -> Applied | None:
    """Put a call that may not go out now back to when it may, or end it."""
    if held.until is None:
        what = ("not_permitted", Fault.US, held.note, held.code)
        return lifecycle.fail(call.pk, *what, still=CallStatus.DIALING)
    lifecycle.requeue(call.pk, attempt, held.until, held.note, was_asked=False)
    return _moved(call.pk)


def _keep_their_bar(call: Call, error: ProviderError) -> None:
    """Keep a number that the provider has on its own do-not-call list on ours too."""
    if error.code == "blocked" and phone.is_e164(call.to_number):
        label = call.connection.kind.label
        call.workspace.suppressions.get_or_create(
            number=call.to_number,
            defaults={"reason": f"{label} has it on its do-not-call list."},
        )


def _moved(call_id: uuid.UUID) -> Applied:
    """Return a call that is no longer dialing: queued again, or unconfirmed."""
    return Applied(load(call_id), CallStatus.DIALING, {"status"})


def load(call_id: uuid.UUID) -> Call:
    """Return the call with everything a provider's adapter needs of it."""
    return WHOLE.get(pk=call_id)


def _try_later(call: Call, attempt: int, error: ProviderBusy) -> Applied | None:
    """Queue the call again: the provider certainly did not place it."""
    now = datetime.now(tz=UTC)
    if now - (call.scheduled_at or call.created_at) > PATIENCE and attempt > 3:
        note = f"{error.message} It was tried {attempt} times."
        what = ("concurrency_limit", "provider", note, str(error.status))
        return lifecycle.fail(call.pk, *what, still=CallStatus.DIALING)
    wait = error.retry_after or min(2.0 ** (attempt - 1), 60.0)
    due_at = now + timedelta(seconds=wait)
    lifecycle.requeue(call.pk, attempt, due_at, error.message)
    return _moved(call.pk)


def _unclear_words(call: Call, error: ProviderError) -> str:
    return (
        f"{call.connection.kind.label} did not confirm this call: {error.message} It "
        "may or may not have gone out. We are asking; it will not be dialled again."
    )


# --- Ending --------------------------------------------------------------------------
def hang_up(call: Call, now: datetime | None = None) -> None:
    """Ask the provider to end a live call; raises ProviderError in words.

    A call that has not gone out yet is canceled instead.
    """
    if lifecycle.cancel(call.pk, "Canceled before it went out."):
        return
    at = now or datetime.now(tz=UTC)
    loaded = load(call.pk)
    loaded.hang_up_requested_at = at
    loaded.connection.client().hang_up(handle_of(loaded))
    Call.objects.filter(pk=call.pk, hang_up_requested_at=None).update(
        hang_up_requested_at=at, ask_at=at + timedelta(seconds=1)
    )


def cancel(call: Call) -> bool:
    """Take back a call that has not gone out. False: too late for that."""
    return lifecycle.cancel(call.pk, "Canceled before it went out.")
