"""Reading what was said in a call, in each of the forms UponAI may send it."""

import re
from collections.abc import Iterator

from agents.providers.base import Json, TurnFacts
from agents.providers.reading import rows, text
from agents.providers.voicewire import words
from agents.providers.voicewire.spoken import (
    BARE,
    WOVEN,
    Tools,
    Turns,
    unwoven,
    utterances,
)

LINE = re.compile(rf"({'|'.join(words.SPEAKERS)}): ?(.*)", re.DOTALL)


def spoken(call: Json) -> tuple[Turns, Tools]:
    """Return turns and tools; None for what the call does not carry.

    No form is documented but the plain text; the others are those of the platform
    below UponAI (contract sheet, section 4.5).
    """
    for name in WOVEN:
        if items := rows(call.get(name)):
            return unwoven(items)
    if items := rows(call.get(BARE)):
        return utterances(items), None
    if plain := text(call.get("transcript")).strip():
        return tuple(_lines(plain)), None
    carries = (call.get(name) for name in (*WOVEN, BARE))
    return (() if any(isinstance(found, list) for found in carries) else None), None


def _lines(plain: str) -> Iterator[TurnFacts]:
    """Split a text into turns where a line names its speaker.

    A text that does not begin so is one turn of nobody in particular.
    """
    lines = plain.splitlines()
    if not LINE.match(lines[0]):
        yield TurnFacts("other", plain)
        return
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := LINE.match(line):
            turns.append((words.SPEAKERS[found[1]], [found[2]]))
        else:
            turns[-1][1].append(line)
    for role, parts in turns:
        if said := "\n".join(parts).strip():
            yield TurnFacts(role, said)
