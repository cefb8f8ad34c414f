"""What a play is made of: lines, tools, parts, moods and endings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGENT, CALLEE = "agent", "callee"
Cast = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said. `{names}` in it are filled from the cast."""

    role: str
    text: str
    is_verbatim: bool = False

    def said(self, cast: Cast) -> "Line":
        """Return the line as it is spoken."""
        if self.is_verbatim:
            return self
        return Line(self.role, self.text.format_map(cast))


@dataclass(frozen=True, slots=True)
class Tool:
    """One use of a tool by the agent."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, str] = field(default_factory=dict)

    def said(self, cast: Cast) -> "Tool":
        """Return the tool with its values filled in."""
        return Tool(
            self.name, _filled(self.arguments, cast), _filled(self.result, cast)
        )

    @property
    def sent(self) -> str:
        """The arguments as providers send them: JSON as text."""
        return json.dumps(dict(self.arguments))

    @property
    def got(self) -> str:
        """The result as providers send it."""
        return json.dumps(dict(self.result))


Item = Line | Tool
Variant = tuple[Item, ...]
# One of its variants is played.
Part = tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation is left, and what the provider concludes from it."""

    summary: str
    sentiment: str
    is_successful: bool
    custom: Mapping[str, Any] = field(default_factory=dict)
    last_word: str = CALLEE  # who hangs up


@dataclass(frozen=True, slots=True)
class Mood:
    """One way the other person may take the call."""

    weight: int
    parts: tuple[Part, ...]
    ending: Ending


@dataclass(frozen=True, slots=True)
class Play:
    """A kind of conversation; `words` in an agent's name or prompt choose it."""

    name: str
    words: tuple[str, ...]
    opening: str
    moods: Mapping[str, Mood]
    callee_rang: bool = False


def agent(text: str) -> Line:
    """Return a line of the agent."""
    return Line(AGENT, text)


def callee(text: str) -> Line:
    """Return a line of the other person."""
    return Line(CALLEE, text)


def _filled(values: Mapping[str, str], cast: Cast) -> Mapping[str, str]:
    return {key: value.format_map(cast) for key, value in values.items()}
