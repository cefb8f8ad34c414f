"""A call told to a person: its steps, what was said with the tools between, its end."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

from agents.models import Direction
from calls import audio
from calls.models import Call, CallStatus, RecordingState, ToolCall, Turn
from calls.models.call import FINAL, WAITING

# After the end, a page waits this long for the summary.
SUMMARY_WAIT = timedelta(seconds=60)
# And this long for the recording to be fetched.
RECORDING_WAIT = timedelta(minutes=2)

# Why calls end, in one sentence; {agent} and {who} are filled in.
ENDS: dict[str, str] = {
    "user_hangup": "{who} hung up.",
    "agent_hangup": "{agent} said goodbye and hung up.",
    "transferred": "{agent} transferred the call.",
    "voicemail": "A voicemail answered.",
    "inactivity": "Nobody spoke for a while, so the call was ended.",
    "max_duration": "The call reached its longest allowed duration.",
    "busy": "The line was busy.",
    "no_answer": "Nobody answered.",
    "declined": "{who} declined the call.",
    "invalid_number": "The number cannot be reached.",
    "blocked": "The call was blocked before it could ring.",
    "not_permitted": "The provider does not permit this call.",
    "concurrency_limit": "Too many calls were going on at the provider.",
    "no_funds": "The account at the provider has no funds left.",
    "provider_error": "The provider could not place or hold the call.",
    "agent_error": "The agent failed during the call.",
    "canceled": "The call was taken back before it was connected.",
    "lost": "The provider does not know this call: it did not go out, or was lost.",
}


# --- Steps ---------------------------------------------------------------------------
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


# --- What was said -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript: a turn, or a tool used after it."""

    turn: Turn | None = None
    tool: ToolCall | None = None


def lines(call: Call) -> list[Line]:
    """Return turns with the tools between them, in the order they happened."""
    turns, tools = list(call.turns.all()), list(call.tool_calls.all())
    last = len(turns) - 1
    told = [Line(tool=tool) for tool in tools if tool.after_turn < 0]
    for turn in turns:
        told.append(Line(turn=turn))
        told += [
            Line(tool=tool)
            for tool in tools
            if tool.after_turn == turn.index
            or (turn.index == last and tool.after_turn > last)
        ]
    if not turns:
        told += [Line(tool=tool) for tool in tools if tool.after_turn >= 0]
    return told


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of speech on the lane above the player, in thousandths."""

    role: str
    x: float
    width: float


def bars(call: Call, told: list[Line]) -> list[Bar]:
    """Return who spoke when, over the length of the recording."""
    turns = [line.turn for line in told if line.turn]
    ends = [turn.end_ms or turn.start_ms or 0 for turn in turns]
    length = max([call.duration_ms or 0, *ends, 1])
    return [
        Bar(
            role=turn.role,
            x=round(1000 * (turn.start_ms or 0) / length, 1),
            width=round(1000 * max(0, end - (turn.start_ms or 0)) / length, 1),
        )
        for turn, end in zip(turns, ends, strict=True)
    ]


# --- How it went ---------------------------------------------------------------------
def why_ended(call: Call) -> str:
    """Say in one sentence why the call is over; empty while it is not."""
    if call.is_open or not call.end_reason:
        return ""
    return _fill(ENDS.get(call.end_reason, "The call is over."), call)


def _fill(sentence: str, call: Call) -> str:
    agent = call.agent.name if call.agent else "The agent"
    return sentence.format(who=call.who, agent=agent)


def latency(call: Call, told: list[Line]) -> dict[str, int]:
    """Return the median and the slow end of the agent's answers, in ms."""
    whole = call.latency.get("e2e") if isinstance(call.latency, dict) else None
    if isinstance(whole, dict) and whole.get("p50"):
        return {name: round(whole[name]) for name in ("p50", "p95") if whole.get(name)}
    seen = [line.turn.latency_ms for line in told if line.turn and line.turn.latency_ms]
    if len(seen) < 2:
        return {"p50": seen[0]} if seen else {}
    cuts = quantiles(seen, n=20, method="inclusive")
    return {"p50": round(cuts[9]), "p95": round(cuts[18])}


def interruptions(told: list[Line]) -> int:
    """Count how often somebody was cut short."""
    return sum(1 for line in told if line.turn and line.turn.is_interrupted)


def facts(values: Any) -> list[tuple[str, str]]:
    """Return extracted data as names and values for reading."""
    rows = values.items() if isinstance(values, dict) else ()
    return [(_name(name), _text(value)) for name, value in rows]


def overrides(call: Call) -> list[tuple[str, str]]:
    """Return what was set for this call only, for reading."""
    told = {name: value for name, value in call.overrides.items() if value}
    if longest := told.pop("max_duration_ms", None):
        told["longest_duration"] = f"{longest / 60_000:g} min"
    return facts(told)


def ids(call: Call) -> list[tuple[str, str]]:
    """Return the names under which the call is known, to us and to others."""
    known = {
        "Call id": str(call.pk),
        "Provider’s call id": call.provider_call_id,
        "Provider’s other id": call.other_call_id,
        "External id": call.external_id,
    }
    return [(label, value) for label, value in known.items() if value]


def metadata(call: Call) -> str:
    """Return the metadata as JSON for reading; empty where there is none."""
    known = call.metadata
    return json.dumps(known, indent=2, ensure_ascii=False) if known else ""


def evidence(call: Call) -> dict[str, Any]:
    """Return what was looked at before the call went out, and what came of it.

    `checks` are in the order in which they were made; `when` has every moment known.
    """
    launcher = call.launched_by or call.api_key
    moments = ("created_at", "scheduled_at", "dialed_at", "answered_at", "ended_at")
    return {
        "call_id": str(call.pk),
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "contact": str(call.contact) if call.contact else None,
        "agent": call.agent.name if call.agent else None,
        "agent_version": call.agent_version,
        "connection": call.connection.name,
        "provider": call.connection.kind.label,
        "provider_call_id": call.provider_call_id or None,
        "source": call.get_source_display(),
        "launched_by": str(launcher) if launcher else None,
        "checks": call.evidence,
        "status": call.status,
        "end_reason": call.end_reason or None,
        "note": call.note or None,
        "when": {name: getattr(call, name) for name in moments},
    }


def _name(name: object) -> str:
    words = str(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is None or value == "":
        return "—"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
