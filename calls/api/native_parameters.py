"""The filters of the history as parameters of our own list of calls.

What they take is said as patterns, for the OpenAPI text and for the reader alike.
"""

import re
from collections.abc import Iterable
from types import MappingProxyType

from calls.api.native_pieces import text
from calls.api.native_shapes import Json, told
from calls.history.choices import CHOICES
from calls.history.filters import MOST_VALUES

HEX = "[0-9a-fA-F]"
AN_ID = f"{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}"
LONGEST = 200


def _one(value: str) -> str:
    return f"^(?:{value})?$"


def _some(value: str) -> str:
    return f"^(?:(?:{value})(?:,(?:{value})){{0,{MOST_VALUES - 1}}})?$"


def _words(name: str) -> str:
    """Return what fits one of the words of a filter."""
    return "|".join(re.escape(word).replace(r"\-", "-") for word in dict(CHOICES[name]))


# Filters of which one value counts; of the others any of several, with commas between.
SINGLE = ("when", "sort", "reviewed", "recording")
IDS = ("call_id", "connection_id", "contact_id", "tag", "key")
SECONDS = r"[0-9]{1,7}(?:\.[0-9]{1,3})?|[0-9]{1,4}:[0-5][0-9]"
AMOUNT = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
WHOLE = "[0-9]{1,9}"
PATTERNS = MappingProxyType(
    {name: _one(_words(name)) for name in SINGLE}
    | {name: _some(_words(name)) for name in CHOICES if name not in SINGLE}
    | {name: _some(AN_ID) for name in IDS}
    | {name: _some(WHOLE) for name in ("version", "person")}
    | {name: _one(SECONDS) for name in ("duration_min", "duration_max")}
    | {name: _one(AMOUNT) for name in ("cost_min", "cost_max")}
)
MOMENTS = ("since", "until")
TEXTS = MappingProxyType(
    {
        "agent": "Our id of an agent, or its provider's.",
        "number": "A number of ours, in E.164, or our id of it.",
        "external_id": "What was given at the launch; exactly this.",
        "q": "A search, as in the history: words, a number, an id.",
    }
)
MEANINGS = {
    "since": "A moment, or a day where the workspace is; included.",
    "until": "A moment, which is left out, or a day, which is included.",
    "duration_min": "Seconds, or minutes and seconds (1:30).",
    "duration_max": "Seconds, or minutes and seconds (1:30).",
    "call_id": f"Calls by their ids; {MOST_VALUES} at most.",
    "sort": "A minus: newest, longest or dearest first.",
    "person": "The number of who launched.",
    "weekday": "1 is Monday.",
}


NAMES = (*PATTERNS, *MOMENTS, *TEXTS)
# What the page calls them, whose address may be copied, and what a call does.
OTHER_NAMES = {
    "connection_id": "connection",
    "contact_id": "contact",
    "call_id": "call",
    "external_id": "external",
    "agent": "agent_id",
}
TAKEN = (*NAMES, *OTHER_NAMES.values())


def parameters() -> Iterable[Json]:
    """Yield the parameters as OpenAPI has them."""
    for name, pattern in sorted(PATTERNS.items()):
        yield _parameter(name, {"type": "string", "pattern": pattern})
    for name in MOMENTS:
        forms = [{"type": "string", "format": f} for f in ("date-time", "date")]
        yield _parameter(name, {"anyOf": [*forms, {"type": "string", "maxLength": 0}]})
    for name, meaning in TEXTS.items():
        yield _parameter(name, told(meaning, text(LONGEST)))


def _parameter(name: str, schema: Json) -> Json:
    meaning = MEANINGS.get(name, schema.get("description", ""))
    row: Json = {"in": "query", "name": name, "schema": schema, "required": False}
    return row | ({"description": meaning} if meaning else {})
