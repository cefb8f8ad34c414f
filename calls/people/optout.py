"""Whoever asks in a call not to be called again goes on the do-not-call list.

Looked for once a call is over: in what the person said, and in what the provider noted
of it. Each call is heard once: who is taken off the list again stays off.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction

from agents import phone
from calls.models import Call, CallStatus, Suppression, Turn
from dashboard.models import AuditEntry

CALLEE = "callee"
HEARD = "opt-out heard"
# Ends before which somebody may have spoken.
OVER = (CallStatus.ENDED, CallStatus.FAILED)
# What a change must have touched for a call to be worth hearing.
TOLD = frozenset({"status", "turns", "analysis"})
YES = frozenset({"true", "yes", "y", "1"})
# How much of what was said is kept as the reason.
QUOTED = 80


@dataclass(frozen=True, slots=True)
class Request:
    """A wish not to be called again, in a call: the words, and whose they are."""

    call: Call
    words: str
    is_said: bool

    @property
    def reason(self) -> str:
        """Say where it comes from, for the list."""
        day = self.call.started_at
        told = "Said" if self.is_said else "The provider noted"
        words = self.words[:QUOTED]
        return f"{told} “{words}” in the call of {day:%d %b %Y}, {self.call.pk}."


def is_worth(call: Call, changed: Collection[str]) -> bool:
    """Tell whether a change of a call can have brought such a wish."""
    return call.status in OVER and not TOLD.isdisjoint(changed)


def hear(calls: Iterable[Call]) -> list[Suppression]:
    """Put on the list who asked for it in these calls; return the new entries.

    Calls that are not over are left for later. One statement, however many calls.
    """
    added = (_suppress(request) for request in requests(list(calls)))
    return [row for row in added if row]


def requests(calls: Sequence[Call]) -> list[Request]:
    """Return who asked for it in these calls; one statement, however many calls."""
    heard = [call for call in calls if call.status in OVER and _listens(call)]
    said = _said(heard)
    asked = (_request(call, said[call.pk]) for call in heard)
    return [request for request in asked if request]


def _listens(call: Call) -> bool:
    return bool(call.workspace.optout_phrases or call.workspace.optout_fields)


def _said(calls: list[Call]) -> dict[uuid.UUID, list[str]]:
    """Return what the persons called said, each time until the agent spoke."""
    said: dict[uuid.UUID, list[str]] = defaultdict(list)
    if not calls:
        return said
    rows = Turn.objects.filter(call__in=calls, role=CALLEE).order_by("call", "index")
    before = (uuid.UUID(int=0), -1)
    for call_id, index, text in rows.values_list("call", "index", "text"):
        if before == (call_id, index - 1):
            said[call_id][-1] += f" {text}"
        else:
            said[call_id].append(text)
        before = (call_id, index)
    return said


def _request(call: Call, said: list[str]) -> Request | None:
    space = call.workspace
    found = next(_phrases(said, space.optout_phrases), "")
    if found:
        return Request(call, found, is_said=True)
    noted = next(_noted(call.analysis, space.optout_fields), "")
    return Request(call, noted, is_said=False) if noted else None


# --- Hearing it ----------------------------------------------------------------------
def _phrases(said: list[str], phrases: list[str]) -> Iterator[str]:
    """Yield what was said where a phrase is in it, as whole words; of much, the phrase."""
    wanted = _as_heard(tuple(phrases))
    for text in said if wanted else ():
        spoken = f" {plain(text)} "
        for phrase, words in wanted:
            if words in spoken:
                yield text if len(text) <= QUOTED else phrase


@lru_cache(maxsize=256)
def _as_heard(phrases: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return phrases with their words as they are looked for; a workspace has a few."""
    return [(phrase, f" {plain(phrase)} ") for phrase in phrases if plain(phrase)]


def plain(text: str) -> str:
    """Write words without case, marks and apostrophes: Don’t call! is dont call."""
    bare = re.sub(r"['’ʼ`]", "", text.casefold())
    return " ".join(re.findall(r"\w+", bare))


def _noted(analysis: Any, fields: list[str]) -> Iterator[str]:
    """Yield the fields of the provider's analysis that say so."""
    wanted = {plain(name.replace("_", " ")) for name in fields}
    values = analysis.items() if isinstance(analysis, dict) else ()
    for name, value in values:
        if plain(str(name).replace("_", " ")) in wanted and _is_yes(value):
            yield str(name)


def _is_yes(value: Any) -> bool:
    """Tell whether a value means yes; providers also wrap it as `{"value": …}`."""
    if isinstance(value, dict):
        return _is_yes(value.get("value"))
    return value is True or str(value).strip().casefold() in YES


# --- Keeping it ----------------------------------------------------------------------
@transaction.atomic
def _suppress(request: Request) -> Suppression | None:
    """Put the number on the list, with an audit entry; None: nothing new."""
    call, space = request.call, request.call.workspace
    number = phone.e164(call.other_number, space.country)
    heard = {"call": str(call.pk)}
    known = space.audit.filter(action=HEARD, subject=number, after__call=heard["call"])
    if not number or known.exists():
        return None
    row, is_new = space.suppressions.get_or_create(
        number=number, defaults={"reason": request.reason}
    )
    AuditEntry.record(
        space, HEARD, subject=number, after={**heard, "reason": request.reason}
    )
    return row if is_new else None
