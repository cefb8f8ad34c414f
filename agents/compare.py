"""Two texts side by side, with what differs marked line by line."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from agents.models import AgentVersion

# How a pair of lines is marked, by the matcher's word for it.
MARKS = {"equal": "", "replace": "changed", "delete": "gone", "insert": "new"}
FIELDS = ("opening_line", "prompt", "voice", "model", "language")


@dataclass(frozen=True, slots=True)
class LinePair:
    """One line of each text; None where a side has no line here."""

    left: str | None
    right: str | None
    mark: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of two versions."""

    name: str
    lines: list[LinePair]

    @property
    def differs(self) -> bool:
        """Whether any line does."""
        return any(pair.mark for pair in self.lines)


def side_by_side(left: str, right: str) -> list[LinePair]:
    """Pair the lines of two texts."""
    ours, theirs = left.splitlines(), right.splitlines()
    matcher = SequenceMatcher(a=ours, b=theirs, autojunk=False)
    return [
        LinePair(one, other, MARKS[word])
        for word, a, b, c, d in matcher.get_opcodes()
        for one, other in zip_longest(ours[a:b], theirs[c:d])
    ]


def compare_versions(left: AgentVersion, right: AgentVersion) -> list[Compared]:
    """Compare what two versions say and how; fields empty in both are left out."""
    pairs = ((f, getattr(left, f), getattr(right, f)) for f in FIELDS)
    return [
        Compared(name.replace("_", " ").capitalize(), side_by_side(one, other))
        for name, one, other in pairs
        if one or other
    ]
