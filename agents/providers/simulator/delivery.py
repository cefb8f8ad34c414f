"""Speaking a script: when each line begins and ends, and who cuts whom short."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from agents.providers.base import ToolFacts, TurnFacts
from agents.providers.simulator.plays.stage import AGENT, Item, Line, Tool

# Milliseconds for a letter and for the end of a sentence, by who speaks.
LETTER_MS = {"agent": 62, "callee": 56}
PAUSE_MS = 180
FIRST_WORD_MS = 350
HANG_UP_MS = 700
INTERRUPTED = 0.35  # the share of calls in which the agent is cut short once
LONG_LINE = 90  # letters; a shorter line is over before one can interrupt
BUTTING_IN = ("Sorry to cut in. ", "Wait, one second. ", "Yes, yes. ", "Right. ")

Delivered = tuple[tuple[TurnFacts, ...], tuple[ToolFacts, ...], int]


def deliver(items: Sequence[Item], random: Random) -> Delivered:
    """Return turns and tools with their times from the answer, and the length."""
    stage = _Stage(random)
    cut_at = _interruption(items, random)
    for index, item in enumerate(items):
        if isinstance(item, Tool):
            stage.use(item)
        else:
            stage.speak(item, is_cut=index == cut_at, cuts=index == cut_at + 1)
    return tuple(stage.turns), tuple(stage.tools), stage.clock + HANG_UP_MS


def _interruption(items: Sequence[Item], random: Random) -> int:
    """Return which line of the agent the callee cuts short, or a number out of reach."""
    never = len(items) + 1
    if random.random() > INTERRUPTED:
        return never
    places = [
        index
        for index, (first, second) in enumerate(pairwise(items))
        if index > 3  # why the agent calls is always heard
        and isinstance(first, Line)
        and isinstance(second, Line)
        and first.role == AGENT != second.role
        and len(first.text) >= LONG_LINE
    ]
    return random.choice(places) if places else never


class _Stage:
    """The clock of a talk, and what was said and done so far."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.clock = FIRST_WORD_MS
        self.heard_at = 0  # when the callee was last done, for the agent's latency
        self.turns: list[TurnFacts] = []
        self.tools: list[ToolFacts] = []

    def speak(self, line: Line, *, is_cut: bool, cuts: bool) -> None:
        """Say one line after the pause a person or a machine takes."""
        by_agent = line.role == AGENT
        text = f"{self.random.choice(BUTTING_IN)}{line.text}" if cuts else line.text
        start = self.clock + (0 if cuts else self._pause(by_agent))
        length = len(text) * LETTER_MS[line.role] + PAUSE_MS * text.count(". ")
        if is_cut:
            words = text.split()
            text = f"{' '.join(words[: len(words) * 2 // 3])} —"
            length = length * 2 // 3
        self.clock = start + length
        latency = start - self.heard_at if by_agent else None
        turn = TurnFacts(line.role, text, start, self.clock, latency, is_cut)
        self.turns.append(turn)
        if not by_agent:
            self.heard_at = self.clock

    def use(self, tool: Tool) -> None:
        """Use a tool while the callee waits."""
        start = self.clock + self.random.randint(120, 300)
        duration = self.random.randint(240, 1_100)
        facts = ToolFacts(
            name=tool.name,
            tool_id=f"tool_{self.random.getrandbits(40):010x}",
            arguments=tool.sent,
            result=tool.got,
            succeeded=True,
            start_ms=start,
            duration_ms=duration,
            after_turn=len(self.turns) - 1,
        )
        self.tools.append(facts)
        self.clock = start + duration

    def _pause(self, by_agent: bool) -> int:
        """Return how long it takes to answer."""
        if by_agent:
            return round(self.random.triangular(420, 1_700, 720))
        return round(self.random.triangular(250, 1_300, 480))
