"""A call laid out in time: when it rings, who says what when, how it ends.

Everything follows from the request alone, so that the simulator keeps nothing. All
times are scripted milliseconds from the dial, or, inside the talk, from the answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from agents.providers.base import (
    Analysis,
    CallRequest,
    CallUpdate,
    Json,
    ToolFacts,
    TurnFacts,
)
from agents.providers.simulator.delivery import deliver
from agents.providers.simulator.numbers import OUTCOMES, Outcome, outcome_name
from agents.providers.simulator.scripts import Script, converse, leave_message

ANALYSIS_MS = 1_500
LONG_MS = 600_000
VOICE_PER_MINUTE = Decimal("0.07")
MODEL_PER_MINUTE = Decimal("0.02")
HANG_UPS = {
    "agent": ("agent_hangup", "agent_hangup"),
    "callee": ("user_hangup", "user_hangup"),
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """One call from dial to analysis; `answered_ms` is None when nobody picks up."""

    answered_ms: int | None
    ended_ms: int
    end_reason: str
    end_reason_raw: str
    fault: str = "none"
    answered_by: str = ""
    turns: tuple[TurnFacts, ...] = ()
    tools: tuple[ToolFacts, ...] = ()
    analysis: Analysis | None = field(default=None)

    @property
    def talk_ms(self) -> int:
        """How long the talk lasts."""
        return 0 if self.answered_ms is None else self.ended_ms - self.answered_ms

    @property
    def done_ms(self) -> int:
        """When there is nothing more to come."""
        return self.ended_ms + (ANALYSIS_MS if self.analysis else 0)

    def moments(self) -> Iterator[int]:
        """Yield, in no order, when something changes."""
        yield self.ended_ms
        yield self.done_ms
        if self.answered_ms is None:
            return
        yield self.answered_ms
        for turn in self.turns:
            yield self.answered_ms + (turn.start_ms or 0)
        for tool in self.tools:
            start = self.answered_ms + (tool.start_ms or 0)
            yield from (start, start + (tool.duration_ms or 0))


# --- Making one ----------------------------------------------------------------------
def timeline(request: CallRequest, outcome: str = "") -> Timeline:
    """Lay out the call; `outcome` (a word of OUTCOMES) goes before the number."""
    random = Random(request.reference)
    name = outcome or (outcome_name(request.to_number) if _rings(request) else "")
    what = OUTCOMES[name or "answers"]
    if not what.is_answered:
        return _unanswered(what, random)
    rings_ms = what.rings_ms if _rings(request) else 800
    answered_ms = round(rings_ms * random.uniform(0.9, 1.25))
    whole = _talk(request, what, answered_ms, random)
    limit = request.overrides.max_duration_ms
    if limit and whole.talk_ms > limit:
        at_ms = answered_ms + limit
        return cut(whole, at_ms, "max_duration", "max_duration_reached")
    return whole


def _rings(request: CallRequest) -> bool:
    return request.type == "phone"


def _unanswered(what: Outcome, random: Random) -> Timeline:
    ended_ms = round(what.rings_ms * random.uniform(0.9, 1.1))
    reason, raw = what.end_reason, what.end_reason_raw
    return Timeline(None, ended_ms, reason, raw, what.fault)


def _talk(
    request: CallRequest, what: Outcome, answered_ms: int, random: Random
) -> Timeline:
    """Lay out a call that a person or a machine answers."""
    script = _script(request, what, random)
    turns, tools, length = deliver(script.items, random)
    if what.is_long:
        length = max(length, LONG_MS)
    reason, raw = HANG_UPS[script.ending.last_word]
    return Timeline(
        answered_ms=answered_ms,
        ended_ms=answered_ms + length,
        end_reason=what.end_reason or reason,
        end_reason_raw=what.end_reason_raw or raw,
        answered_by="machine" if what.is_machine else "human",
        turns=turns,
        tools=tools,
        analysis=_analysis(script),
    )


def _script(request: CallRequest, what: Outcome, random: Random) -> Script:
    if what.is_machine:
        return leave_message(request, random)
    return converse(request, random, is_long=what.is_long)


def _analysis(script: Script) -> Analysis:
    ending = script.ending
    return Analysis(
        script.summary, ending.sentiment, ending.is_successful, dict(script.custom)
    )


def cut(whole: Timeline, at_ms: int, reason: str, raw: str) -> Timeline:
    """Return the timeline ended at `at_ms`, in the middle of whatever was said."""
    if at_ms >= whole.ended_ms:
        return whole
    if whole.answered_ms is None or at_ms < whole.answered_ms:
        return Timeline(None, at_ms, "canceled", raw)
    talk_ms = at_ms - whole.answered_ms
    turns = tuple(_cut_turn(t, talk_ms) for t in whole.turns if _began(t, talk_ms))
    analysis = replace(
        whole.analysis or Analysis(),
        summary=f"The call was ended after {talk_ms // 1000} seconds, before the "
        f"conversation was over.",
        sentiment="neutral",
        successful=False,
        custom={},
    )
    return replace(
        whole,
        ended_ms=at_ms,
        end_reason=reason,
        end_reason_raw=raw,
        turns=turns,
        tools=_tools_at(whole, talk_ms),
        analysis=analysis,
    )


def _cut_turn(turn: TurnFacts, talk_ms: int) -> TurnFacts:
    start, end = turn.start_ms or 0, turn.end_ms or 0
    if end <= talk_ms:
        return turn
    words = turn.text.split()
    said = words[: max(1, round(len(words) * (talk_ms - start) / (end - start)))]
    text = f"{' '.join(said)} —"
    return replace(turn, text=text, end_ms=talk_ms, is_interrupted=True)


# --- Looking at one ------------------------------------------------------------------
def state_at(call: Timeline, elapsed_ms: int) -> CallUpdate:
    """Return what is known of the call so many scripted milliseconds after the dial."""
    if elapsed_ms >= call.ended_ms:
        return _over(call, elapsed_ms)
    if call.answered_ms is None or elapsed_ms < call.answered_ms:
        return CallUpdate(status="ringing", status_raw="ringing")
    talk_ms = elapsed_ms - call.answered_ms
    return CallUpdate(
        status="in_progress",
        status_raw="in_progress",
        answered_by=call.answered_by,
        turns=tuple(turn for turn in call.turns if _began(turn, talk_ms)),
        tools=_tools_at(call, talk_ms),
    )


def next_moment(call: Timeline, elapsed_ms: int) -> int | None:
    """Return when something changes next; None when all is said and done."""
    return min((ms for ms in call.moments() if ms > elapsed_ms), default=None)


def _over(call: Timeline, elapsed_ms: int) -> CallUpdate:
    if call.answered_ms is None:
        return CallUpdate(
            status="not_connected",
            status_raw="not_connected",
            end_reason=call.end_reason,
            end_reason_raw=call.end_reason_raw,
            fault=call.fault,
            cost=Decimal(0),
        )
    return CallUpdate(
        status="ended",
        status_raw="ended",
        duration_ms=call.talk_ms,
        answered_by=call.answered_by,
        end_reason=call.end_reason,
        end_reason_raw=call.end_reason_raw,
        fault=call.fault,
        turns=call.turns,
        tools=call.tools,
        latency=latencies(call.turns),
        analysis=call.analysis if elapsed_ms >= call.done_ms else None,
        cost=cost(call.talk_ms),
    )


def _began(turn: TurnFacts, talk_ms: int) -> bool:
    return (turn.start_ms or 0) <= talk_ms


def _tools_at(call: Timeline, talk_ms: int) -> tuple[ToolFacts, ...]:
    """Return the tools used so far; one still at work has no result."""
    return tuple(
        tool
        if (tool.start_ms or 0) + (tool.duration_ms or 0) <= talk_ms
        else replace(tool, result="", succeeded=None, duration_ms=None)
        for tool in call.tools
        if (tool.start_ms or 0) <= talk_ms
    )


def cost(talk_ms: int) -> Decimal:
    """Return what the talk costs, in dollars."""
    minutes = Decimal(talk_ms) / 60_000
    return ((VOICE_PER_MINUTE + MODEL_PER_MINUTE) * minutes).quantize(Decimal("1e-6"))


def latencies(turns: Sequence[TurnFacts]) -> Json:
    """Return how fast the agent was: from end to end, and which part took how long."""
    values = sorted(turn.latency_ms for turn in turns if turn.latency_ms is not None)
    if not values:
        return {}
    shares = {"e2e": 1.0, "llm": 0.58, "tts": 0.27}
    return {name: _spread(values, share) for name, share in shares.items()}


def _spread(values: Sequence[int], share: float) -> Json:
    last = len(values) - 1
    points = {f"p{p}": values[round(last * p / 100)] for p in (50, 90, 95, 99)}
    points |= {"max": values[-1], "min": values[0]}
    return {name: round(value * share) for name, value in points.items()} | {
        "num": len(values)
    }
