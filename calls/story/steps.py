"""The stages of a call: what it went through, where it is, and whether that is all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import Direction
from calls.models import Call, CallStatus, RecordingState
from calls.models.call import FINAL, WAITING
from calls.sound import audio

# After the end, a page waits this long for the summary.
SUMMARY_WAIT = timedelta(seconds=60)
# And this long for the recording to be fetched.
RECORDING_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a call; `state` is done, now, later, or how it ended."""

    label: str
    at: datetime | None
    state: str


def steps(call: Call) -> list[Step]:
    """Return the stages the call went through, is in, and may still come to."""
    rows = list(_stages(call))
    reached = max((i for i, (_, _, seen) in enumerate(rows) if seen), default=0)
    told = [
        Step(label, at, _state(call, index, reached))
        for index, (label, at, seen) in enumerate(rows)
        if seen or call.is_open
    ]
    found = [Step("Gap found", call.found_at, "done")] if call.found_at else []
    return [*told, *found]


def gap(call: Call) -> str:
    """Say how a call came here that nothing had told us of; empty: it was told."""
    if call.found_at is None:
        return ""
    label = call.connection.kind.label
    return (
        f"Nothing had told us of this call. It was found when our calls were compared "
        f"with {label}’s own list."
    )


def _stages(call: Call) -> Iterator[tuple[str, datetime | None, bool]]:
    """Yield each stage: its name, when it began, and whether it was reached."""
    now = call.status
    if call.direction == Direction.OUTBOUND:
        if call.scheduled_at:
            yield "Scheduled", call.scheduled_at, True
        queued = call.queued_at or call.created_at
        if call.is_ours:
            yield "Queued", queued, now != CallStatus.SCHEDULED
        dialed = call.claimed_at or call.dialed_at
        yield "Dialing", dialed, dialed is not None and now not in WAITING
    if now == CallStatus.UNCONFIRMED:
        yield "Not sure it went out", call.changed_at, True
    yield "Ringing", call.ringing_at, _came(call, call.ringing_at, "ringing")
    yield "In progress", call.answered_at, _came(call, call.answered_at, "in_progress")
    label = CallStatus(now).label if now in FINAL else CallStatus.ENDED.label
    yield str(label), call.ended_at, now in FINAL


def _came(call: Call, at: datetime | None, status: str) -> bool:
    return at is not None or call.status == status


def _state(call: Call, index: int, reached: int) -> str:
    if index > reached:
        return "later"
    if index < reached:
        return "done"
    if call.status == CallStatus.UNCONFIRMED:
        return "unsure"
    return call.status if call.status in FINAL else "now"


def is_settled(call: Call, now: datetime) -> bool:
    """Whether nothing more is expected: over, and what follows here or given up."""
    if call.is_open or _awaits_recording(call, now):
        return False
    if call.status != CallStatus.ENDED or call.summary or call.ended_at is None:
        return True
    return now - call.ended_at > SUMMARY_WAIT


def _awaits_recording(call: Call, now: datetime) -> bool:
    recording = audio.kept(call)
    if recording is None or recording.state != RecordingState.PENDING:
        return False
    return now - recording.created_at < RECORDING_WAIT


def version(call: Call) -> str:
    """Return a word that differs whenever the page would look different."""
    asked = call.ask_at.timestamp() if call.ask_at and call.is_open else 0
    recording = audio.kept(call)
    sound = f"-{recording.state}{recording.tries}" if recording else ""
    return f"{call.changed_at.timestamp()}-{call.asks}-{asked}{sound}"
