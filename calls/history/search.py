"""Showing what a search found: the lines of a call in which the words are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import UUIDField

from calls.history import asked, words
from calls.history.words import Term
from calls.models import Call, Turn
from dashboard.prepared import GivenMany, Prepared

SHOWN = 3
# How much of a long line is shown around its first hit, in signs.
BEFORE, BEHIND = 60, 120
SUMMARY = -1
Read = Callable[[str], str]
SAID: Prepared[Any] = Prepared(
    lambda: (
        Turn.objects.filter(call__among=GivenMany("calls", UUIDField()))
        .order_by("call", "index")
        .values_list("call", "index", "role", "start_ms", "text")
    )
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line; `is_hit`: it is what was looked for."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True, slots=True)
class HitLine:
    """A line with hits; `index` is that of its turn, -1 for the summary."""

    index: int
    role: str
    start_ms: int | None
    pieces: list[Piece]


@dataclass(slots=True)
class Hits:
    """The lines of a call that were found, the best of them; `more` are left out."""

    lines: list[HitLine] = field(default_factory=list)
    more: int = 0


def hits(calls: Sequence[Call], q: str, read: Read = str) -> dict[UUID, Hits]:
    """Return what was found in the summaries and transcripts of calls; one query.

    `read` masks a line before it is cut: half a card's number is none to a mask.
    """
    typed = asked.said(q)
    if not typed or not calls:
        return {}
    lines: dict[UUID, list[tuple[int, HitLine]]] = {call.pk: [] for call in calls}
    for call in calls:
        summary = (SUMMARY, "summary", None, call.summary)
        lines[call.pk] += _found(typed, summary, read)
    for call_id, *told in SAID.all(calls=lines):
        lines[call_id] += _found(typed, told, read)
    return {pk: _best(found) for pk, found in lines.items() if found}


def _best(found: list[tuple[int, HitLine]]) -> Hits:
    """Return the lines that have the most of the words, in their order."""
    best = sorted(found, key=lambda one: -one[0])[:SHOWN]
    shown = sorted((line for _, line in best), key=lambda line: line.index)
    return Hits(shown, len(found) - len(shown))


def _found(
    typed: Sequence[Term], told: Sequence[Any], read: Read
) -> Iterator[tuple[int, HitLine]]:
    index, role, start_ms, text = told
    # Most lines have none of the words: seen without taking them apart.
    plain = words.plain(text)
    if not any(all(word in plain for word in term.words) for term in typed):
        return
    if spans := _spans(text, typed):
        seen = read(text)
        pieces = list(_cut(seen, _spans(seen, typed)))
        yield len(spans), HitLine(index, role, start_ms, pieces)


# --- Where ---------------------------------------------------------------------------
def _spans(text: str, typed: Sequence[Term]) -> list[tuple[int, int]]:
    """Return where the terms are, from and to, in order and apart from each other."""
    said = words.placed(text) if typed else []
    found: set[tuple[int, int]] = set()
    for term in typed:
        length = len(term.words)
        for at in range(len(said) - length + 1):
            run = said[at : at + length]
            if _fits(term, [word for word, _, _ in run]):
                found.add((run[0][1], run[-1][2]))
    return _apart(sorted(found))


def _fits(term: Term, said: list[str]) -> bool:
    *before, last = term.words
    if said[:-1] != before:
        return False
    return said[-1].startswith(last) if term.is_beginning else said[-1] == last


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _cut(text: str, spans: list[tuple[int, int]]) -> Iterator[Piece]:
    """Yield the pieces of a text; of a long line those around the first hit."""
    begin, end = spans[0] if spans else (0, 0)
    first = _word_start(text, max(0, begin - BEFORE))
    last = _word_end(text, end, end + BEHIND)
    at = first
    if first:
        yield Piece("… ")
    for start, end in spans:
        if start >= last:
            break
        if start > at:
            yield Piece(text[at:start])
        yield Piece(text[start:end], is_hit=True)
        at = end
    if at < last:
        yield Piece(text[at:last])
    if max(at, last) < len(text):
        yield Piece("\N{NO-BREAK SPACE}…")


def _word_start(text: str, at: int) -> int:
    """Return the start of the first word from a place on."""
    return 0 if at == 0 else text.find(" ", at) + 1 or at


def _word_end(text: str, after: int, at: int) -> int:
    """Return the end of the last whole word up to a place, or the place itself."""
    if at >= len(text):
        return len(text)
    end = text.rfind(" ", after, at + 1)
    return end if end > after else at
