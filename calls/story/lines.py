"""What was said in a call, line by line, and where it lies on the recording."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from calls.models import Call, Note, ToolCall, Turn

# An answer of the agent that took longer than this is marked as slow.
SLOW_MS = 1_500
Read = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript: a turn, or a tool used after it.

    `text`, `arguments` and `result` are as the reader may see them.
    """

    turn: Turn | None = None
    tool: ToolCall | None = None
    text: str = ""
    arguments: str = ""
    result: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def speaker(self) -> str:
        """Who said it: agent, callee, or other."""
        role = self.turn.role if self.turn else ""
        return role if role in ("agent", "callee") else "other"

    @property
    def is_slow(self) -> bool:
        """Whether the agent took long to say this."""
        return bool(self.turn and (self.turn.latency_ms or 0) > SLOW_MS)


def lines(
    call: Call,
    notes: Iterable[Note] = (),
    read: Read = str,
    *,
    with_tools: bool = True,
) -> list[Line]:
    """Return turns with the tools between them, in the order they happened.

    `notes` are hung on the turns they are about; `read` masks what the reader may not
    see.
    """
    turns = list(call.turns.all())
    tools = list(call.tool_calls.all()) if with_tools else []
    about: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        if note.turn_id:
            about[note.turn_id].append(note)
    last = turns[-1].index if turns else -1
    behind: dict[int, list[Line]] = defaultdict(list)
    for tool in tools:
        behind[min(tool.after_turn, last)].append(
            Line(tool=tool, arguments=read(tool.arguments), result=read(tool.result))
        )
    told = [line for at in sorted(behind) if at < 0 for line in behind[at]]
    for turn in turns:
        said = Line(turn=turn, text=read(turn.text), notes=tuple(about[turn.pk]))
        told += [said, *behind[turn.index]]
    return told


def as_text(call: Call, told: Iterable[Line]) -> str:
    """Return the transcript as plain text, one line each."""
    names = {"agent": call.agent.name if call.agent else "Agent", "callee": call.who}
    written = []
    for line in told:
        if line.turn:
            at = f"[{_clock(line.turn.start_ms)}] " if _is_timed(line.turn) else ""
            name = names.get(line.turn.role, "Someone else")
            written.append(f"{at}{name}: {line.text}")
        elif line.tool:
            answer = f" → {line.result}" if line.result else ""
            written.append(f"    ({line.tool.name} {line.arguments}{answer})")
    return "\n".join(written) + "\n"


def _is_timed(turn: Turn) -> bool:
    return turn.start_ms is not None


def _clock(ms: int | None) -> str:
    minutes, seconds = divmod((ms or 0) // 1000, 60)
    return f"{minutes}:{seconds:02}"


# --- On the recording ----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of speech on a lane, in thousandths of the whole."""

    role: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to look at on the lanes: `tool`, `cut` (interrupted) or `slow`."""

    kind: str
    x: float


@dataclass(frozen=True, slots=True)
class Lanes:
    """Who spoke when, and what to look at, over `length_ms` of recording."""

    length_ms: int
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        """Return which marks there are, for the legend."""
        return {mark.kind for mark in self.marks}


def lanes(call: Call, told: Iterable[Line]) -> Lanes:
    """Return who spoke when, over the length of the recording."""
    told = list(told)
    turns = [line.turn for line in told if line.turn]
    ends = [turn.end_ms or turn.start_ms or 0 for turn in turns]
    length = max([call.duration_ms or 0, *ends, 1])

    def share(ms: int) -> float:
        return round(1000 * max(0, ms) / length, 1)

    bars = [
        Bar(turn.role, share(turn.start_ms or 0), share(end - (turn.start_ms or 0)))
        for turn, end in zip(turns, ends, strict=True)
    ]
    marks = [Mark(kind, share(at)) for kind, at in _marked(told)]
    return Lanes(length, bars, marks)


def _marked(told: Iterable[Line]) -> Iterable[tuple[str, int]]:
    """Yield what to look at: its kind and its time in ms."""
    end = 0
    for line in told:
        if line.tool:
            known = line.tool.start_ms
            yield "tool", end if known is None else known
        elif line.turn and _is_timed(line.turn):
            start = line.turn.start_ms or 0
            end = line.turn.end_ms or start
            if line.is_slow:
                yield "slow", start
            if line.turn.is_interrupted:
                yield "cut", end
