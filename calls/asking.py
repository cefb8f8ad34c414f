"""When a provider is to be asked about a call: the rules behind `Call.ask_at`."""

from datetime import datetime, timedelta

from agents.providers.base import CallUpdate
from calls.models import Call, CallStatus

# After the end, the provider is asked this long for a summary that did not come.
ANALYSIS_WAIT = timedelta(minutes=5)
ANALYSIS_POLL = timedelta(seconds=30)
# And this long for what its adapter waits for (a transcript, a recording): each time
# after a longer pause, this part of the time since the end.
LATE_WAIT = timedelta(minutes=30)
LATE_PART = 4
# Hints about one call make us ask no more often than this.
HINT_GAP = timedelta(seconds=2)
# A call whose answer named another call of ours is asked about again after this.
DOUBT_WAIT = timedelta(seconds=20)
# A lost call stays failed, as a final status is final; but the truth is told.
AFTER_ALL = "{label} told of this call after it was given up: it did go out."


def hint(now: datetime) -> CallUpdate:
    """Return an update that says only that there is something to ask."""
    return CallUpdate(ask_again_at=now)


def is_hint(update: CallUpdate) -> bool:
    """Tell whether the update says nothing but that there is something to ask."""
    says_nothing = not (update.status or update.status_raw or update.occurred_at)
    return says_nothing and update.ask_again_at is not None


def next_at(call: Call, update: CallUpdate, now: datetime) -> datetime | None:
    """Return when to ask about a call that has just taken `update`; None: never."""
    if update.ask_again_at and is_hint(update):
        return _soon(call, update.ask_again_at, now)
    if call.is_open:
        return update.ask_again_at or now + call.connection.kind.poll_after
    ended = max(now - (call.ended_at or now), timedelta())
    if update.ask_again_at and ended < LATE_WAIT:
        return max(update.ask_again_at, now + ended / LATE_PART)
    if _awaits_analysis(call) and ended < ANALYSIS_WAIT:
        return now + ANALYSIS_POLL
    return None


def _soon(call: Call, at: datetime, now: datetime) -> datetime:
    """Ask at `at`, but not again and again for hint after hint."""
    if call.heard_at:
        at = max(at, min(call.heard_at, now) + HINT_GAP)
    return min(at, call.ask_at or at)


def _awaits_analysis(call: Call) -> bool:
    if call.status != CallStatus.ENDED or call.summary or call.ended_at is None:
        return False
    return bool(call.provider_call_id)
