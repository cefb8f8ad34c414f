"""Writing the conversation of one call: which play, in which mood, with which words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from agents.providers.base import CallRequest
from agents.providers.simulator.cast import cast_for
from agents.providers.simulator.plays import (
    appointment,
    longtalk,
    reception,
    renewal,
    survey,
    voicemail,
)
from agents.providers.simulator.plays.stage import (
    AGENT,
    CALLEE,
    Cast,
    Ending,
    Item,
    Line,
    Part,
    Play,
    Variant,
)

# The first whose word is in the agent's name, else in its prompt, is played.
PLAYS: tuple[Play, ...] = (
    reception.PLAY,
    appointment.PLAY,
    survey.PLAY,
    renewal.PLAY,
)
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
# Variables everybody knows; others are asked for by the callee, so that they show.
COMMON = {
    *("name", "customer_name", "first_name", "last_name", "email", "company"),
    *("phone", "plan", "renewal_date", "appointment_time"),
}
MOST_REMARKS = 3
HELLO = ("Hello?", "Hello, who's this?", "Yes, hello?", "{hello}")
REMARKS = (
    ("Which {label} do you have for me?", "I have {value} down as your {label}."),
    ("Before I forget, what is my {label}?", "Your {label} is {value}."),
    ("Could you read me the {label} you have?", "Of course. It says {value}."),
)


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation ready to be spoken: lines and tools in order, and how it ends."""

    items: tuple[Item, ...]
    ending: Ending
    summary: str
    custom: Mapping[str, Any]


def choose(request: CallRequest) -> Play:
    """Return the play for this agent: by its name first, by its prompt second."""
    for text in (request.agent_name.lower(), request.prompt.lower()):
        for play in PLAYS:
            if any(word in text for word in play.words):
                return play
    return renewal.PLAY


def opening(request: CallRequest, play: Play, cast: Cast) -> str:
    """Return the first words of the agent, as the callee hears them."""
    line = request.overrides.opening_line or request.opening_line
    if not line:
        return play.opening.format_map(cast)
    values = request.variables
    return VARIABLE.sub(lambda found: values.get(found[1], "") or found[0], line)


def converse(request: CallRequest, random: Random, *, is_long: bool = False) -> Script:
    """Write a conversation with a person."""
    play = choose(request)
    cast = cast_for(request, random)
    moods = list(play.moods.values())
    mood = random.choices(moods, [mood.weight for mood in moods])[0]
    parts = [
        tuple(_greeting(request, play, cast, random)),
        *_performed(mood.parts, random),
    ]
    if is_long:
        parts[2:2] = _performed(longtalk.PARTS, random)
    spoken = [[item.said(cast) for item in part] for part in parts]
    remarks = _remarks(request, spoken, random)
    spoken.insert(_last_entry(parts), remarks)
    return _script([item for part in spoken for item in part], mood.ending, cast)


def leave_message(request: CallRequest, random: Random) -> Script:
    """Write what a machine says, and the message the agent leaves."""
    play = choose(request)
    cast = cast_for(request, random)
    greeting = random.choice(voicemail.GREETINGS).format_map(cast)
    message = random.choice(voicemail.MESSAGES[play.name]).format_map(cast)
    words = f"{opening(request, play, cast)} {message}"
    items = [Line(CALLEE, greeting), Line(AGENT, words)]
    return _script(items, voicemail.ENDING, cast)


def _greeting(
    request: CallRequest, play: Play, cast: Cast, random: Random
) -> Iterator[Line]:
    """Yield the first lines; whoever picks up a telephone speaks first."""
    if request.type == "phone" and not play.callee_rang:
        yield Line(CALLEE, random.choice(HELLO))
    yield Line(AGENT, opening(request, play, cast), is_verbatim=True)


def _performed(parts: tuple[Part, ...], random: Random) -> list[Variant]:
    """Return one variant of each part."""
    return [random.choice(part) for part in parts]


def _last_entry(parts: list[Variant]) -> int:
    """Return where a question of the callee fits in: before their last entry."""
    entries = (i for i, part in enumerate(parts) if i and _is_callee(part[0]))
    return max(entries, default=len(parts))


def _is_callee(item: Item) -> bool:
    return isinstance(item, Line) and item.role == CALLEE


def _remarks(
    request: CallRequest, spoken: list[list[Item]], random: Random
) -> list[Item]:
    """Return exchanges about the variables that nothing said so far has used."""
    items = (item for part in spoken for item in part)
    text = " ".join(item.text for item in items if isinstance(item, Line))
    named = set(VARIABLE.findall(f"{request.prompt} {request.opening_line}"))
    unused = [
        (name.replace("_", " ").replace("-", " "), value)
        for name, value in request.variables.items()
        if value and value not in text and (name in named or name not in COMMON)
    ]
    lines: list[Item] = []
    for label, value in unused[:MOST_REMARKS]:
        asked, told = random.choice(REMARKS)
        lines.append(Line(CALLEE, asked.format(label=label)))
        lines.append(Line(AGENT, told.format(label=label, value=value)))
    return lines


def _script(items: Sequence[Item], ending: Ending, cast: Cast) -> Script:
    summary = ending.summary.format_map(cast)
    custom = {key: _value(value, cast) for key, value in ending.custom.items()}
    return Script(tuple(items), ending, summary, custom)


def _value(value: Any, cast: Cast) -> Any:
    """Fill in a value; one that is only a name keeps its type, such as a score."""
    if not isinstance(value, str):
        return value
    only = value[1:-1] if value.startswith("{") else ""
    return cast[only] if only in cast else value.format_map(cast)
