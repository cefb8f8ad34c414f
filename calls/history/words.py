"""Words as the search knows them: the same for what was said and for what is typed.

Without case, accents and apostrophes: “Don’t, José!” is dont jose. Both databases are
given words made here, so that they find the same, and the pages mark the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’ʼ`´][^\W_]+)*")
APOSTROPHES = re.compile(r"['’ʼ`´]")
# A longer word is cut; a text of more words is read so far.
LONGEST = 60
MOST_WORDS = 16_000
# A tsvector holds a megabyte, and a sign has up to four bytes.
MOST_SIGNS = 200_000
# Longer texts are hardly said twice.
LINE = 400
# What is typed: so many words count, and shorter ones are not taken as beginnings.
MOST_TYPED = 12
FEWEST_LETTERS = 4
QUOTED = re.compile(r'"([^"]*)"|(\S+)')


def fold(text: str) -> str:
    """Write a text without case and accents."""
    text = text.casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def words(text: str) -> list[str]:
    """Return the words of a text, in their order."""
    found = WORD.findall(fold(text).replace("\0", " "))
    return [APOSTROPHES.sub("", word)[:LONGEST] for word in found]


def plain(text: str) -> str:
    """Return a text that holds every word of it as it is looked for."""
    return APOSTROPHES.sub("", fold(text))


def placed(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text as they are looked for, each with its start and end."""
    return [
        (APOSTROPHES.sub("", fold(found.group()))[:LONGEST], *found.span())
        for found in WORD.finditer(text)
    ]


@lru_cache(maxsize=20_000)
def said(text: str) -> tuple[str, ...]:
    """Return the words of a line; lines of a script are said again and again."""
    return tuple(words(text))


def document(texts: Iterable[str]) -> list[str]:
    """Return the words of all texts, as many as are kept."""
    found: list[str] = []
    signs = 0
    for text in texts:
        more = said(text) if len(text) < LINE else words(text[:MOST_SIGNS])
        signs += sum(map(len, more))
        if signs > MOST_SIGNS or len(found) > MOST_WORDS:
            break
        found += more
    return found[:MOST_WORDS]


# --- What is typed -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other; of the last one the beginning is enough."""

    words: tuple[str, ...]
    is_beginning: bool


def terms(text: str) -> list[Term]:
    """Return what is looked for, all of it: words, and phrases in double quotes.

    Of the last word the beginning is enough: it may be half typed. Not of every word:
    an index that is asked for all that begins so reads as much as it finds.
    """
    found = list(_terms(text))[:MOST_TYPED]
    if found and not text.rstrip().endswith('"'):
        last = found[-1].words
        found[-1] = Term(last, len(last[-1]) >= FEWEST_LETTERS)
    return found


def _terms(text: str) -> Iterator[Term]:
    for quoted, plain in QUOTED.findall(text):
        if typed := tuple(words(quoted or plain))[:MOST_TYPED]:
            yield Term(typed, False)


# --- As the databases take them ------------------------------------------------------
def as_vector(document: list[str], marks: Iterable[str]) -> str:
    """Return the text of a tsvector: each word with its places, and marks without."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(document, 1):
        places.setdefault(word, []).append(str(place))
    # 256 places of one word are kept by PostgreSQL; it cuts more by itself.
    said = [f"'{word}':{','.join(at[:255])}" for word, at in places.items()]
    return " ".join([*said, *marks])


def as_tsquery(typed: list[Term]) -> str:
    """Return the text of a tsquery that all terms must fit."""
    return " & ".join(map(_tsquery, typed))


def _tsquery(term: Term) -> str:
    followed = " <-> ".join(f"'{word}'" for word in term.words)
    return f"({followed}{':*' if term.is_beginning else ''})"


def as_fts5(typed: list[Term]) -> str:
    """Return the same for SQLite's FTS5."""
    return " AND ".join(map(_fts5, typed))


def _fts5(term: Term) -> str:
    followed = " + ".join(f'"{word}"' for word in term.words)
    return f"{followed}{' *' if term.is_beginning else ''}"
