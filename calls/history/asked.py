"""What was typed into the search: an id, a number in any format, or words."""

from dataclasses import dataclass
from uuid import UUID

from agents import phone
from calls.history import words
from dashboard.models import Workspace

# A search by digits needs this many; fewer would find everything.
FEWEST_DIGITS = 3
# From so many on it is most of a number.
MANY_DIGITS = 7
FEWEST_SIGNS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; a call fits when any of its parts does.

    `call_id`: its id. `whole`: the digits of a whole number, `digits`: a part of one.
    `terms`: words that must all be in it. `plain`: a part of its names or ids.
    """

    call_id: UUID | None = None
    whole: str = ""
    digits: str = ""
    terms: tuple[words.Term, ...] = ()
    plain: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether what was typed can find nothing: too little, or only signs."""
        return not (self.call_id or self.whole or self.digits or self.terms)


def read(workspace: Workspace, text: str) -> Asked | None:
    """Return what a text looks for; None where nothing was typed."""
    text = text.replace("\0", "").strip()
    if not text:
        return None
    if (call_id := _uuid(text)) is not None:
        return Asked(call_id=call_id)
    if not any(map(str.isalpha, text)):
        return _number(workspace, text)
    return Asked(terms=said(text), plain=_plain(text))


def said(text: str) -> tuple[words.Term, ...]:
    """Return the words that are looked for; a number such as +1 415 555 is none."""
    text = text.strip()
    has_words = text.isdecimal() or any(map(str.isalpha, text))
    return tuple(words.terms(text)) if has_words else ()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) >= 32 else None
    except ValueError:
        return None


def _number(workspace: Workspace, text: str) -> Asked:
    """Read digits: of a number, or words and ids that are digits."""
    digits = phone.digits(text)
    if len(digits) < FEWEST_DIGITS:
        return Asked()
    whole = phone.e164(text, workspace.country).lstrip("+")
    # E.164 has no national zero and no 00 in front; last digits may well begin so.
    bare = digits.lstrip("0") if len(digits) >= MANY_DIGITS else digits
    part = "" if whole or len(bare) < FEWEST_DIGITS else bare
    return Asked(whole=whole, digits=part, terms=said(text))


def _plain(text: str) -> str:
    plain = " ".join(words.fold(text.replace('"', " ")).split())
    return plain if len(plain) >= FEWEST_SIGNS else ""
