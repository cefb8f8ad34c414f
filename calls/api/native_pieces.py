"""Pieces of which the bodies of our own API are described, as JSON Schema."""

from collections.abc import Iterable

from django.conf import settings

from calls.api.native_shapes import WHOLE, Json, ref

# No database of ours can keep a NUL.
PLAIN = r"[^\u0000]*"
# Python takes the separators of files and groups for blanks as well.
SOME = rf"^{PLAIN}[^\s\u0000\u001c-\u001f\u0085]{PLAIN}$"
LETTER = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = rf"^(?:{LETTER}+(?:\.{LETTER}+)*@(?:{LABEL}\.)+[A-Za-z]{{2,63}})?$"
# A machine that anybody can reach; any other, where ALLOW_PRIVATE_ADDRESSES is on.
HOST = rf"https://{LABEL}(?:\.{LABEL}){{0,5}}\.[A-Za-z]{{2,24}}"
ANY_HOST = rf"https?://{LABEL}(?:\.{LABEL}){{0,6}}"
PATH = r"(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9._~-]*){0,9}(?:\?[A-Za-z0-9._~=&-]*)?"
# A moment of the years 1970 to 2199, on a day that there is, with its zone.
YEAR = "(?:19[7-9][0-9]|2[01][0-9]{2})"
LEAP = (
    "(?:19(?:[79][26]|8[048])|20(?:[02468][048]|[13579][26])"
    "|21(?:0[48]|[2468][048]|[13579][26]))"
)
DAY = (
    f"(?:{YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    f"|{YEAR}-(?:0[13-9]|1[0-2])-(?:29|30)|{YEAR}-(?:0[13578]|1[02])-31|{LEAP}-02-29)"
)
HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
MOMENT = rf"^{DAY}T{HOUR}(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])$"
# From 0.0001 to 1000000, with four decimal places at most.
CENTS = "[1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]"
AMOUNT = (
    rf"^(?:0\.(?:{CENTS})|[1-9][0-9]{{0,5}}(?:\.[0-9]{{1,4}})?|1000000(?:\.0{{1,4}})?)$"
)
EMPTY: Json = {"type": "string", "maxLength": 0}


def text(longest: int | None = None, pattern: str = rf"^{PLAIN}$") -> Json:
    """Return a schema for a text."""
    most = {} if longest is None else {"maxLength": longest}
    return {"type": "string", "pattern": pattern, **most}


def some(longest: int) -> Json:
    """Return a schema for a text that is not blank."""
    return text(longest, SOME)


def whole(least: int, most: int) -> Json:
    """Return a schema for a whole number."""
    return {**WHOLE, "minimum": least, "maximum": most}


def places(count: int, most: float) -> Json:
    """Return a schema for a number above nothing with so many decimal places."""
    step = 10**-count
    return {"type": "number", "multipleOf": step, "minimum": step, "maximum": most}


def named(pattern: str, values: Json, longest: int | None = None) -> Json:
    """Return a schema for an object whose names are of a kind."""
    names = text(longest, f"^(?:{pattern})$")
    return {"type": "object", "propertyNames": names, "additionalProperties": values}


def listed(items: Json, most: int) -> Json:
    """Return a schema for a list."""
    return {"type": "array", "items": items, "maxItems": most}


def body(words: str, needed: Iterable[str] = (), /, **properties: Json) -> Json:
    """Return a schema for an object that holds nothing else."""
    return {
        "type": "object",
        "description": words,
        "properties": properties,
        "required": sorted(needed),
        "additionalProperties": False,
    }


def needs(*names: str, **properties: Json) -> Json:
    """Return a schema of which names must be there, and of what kind values are."""
    return {"required": sorted(names), "properties": properties}


def address(longest: int, *, is_needed: bool = True) -> Json:
    """Return a schema for an address that requests may go to."""
    host = ANY_HOST if settings.ALLOW_PRIVATE_ADDRESSES else HOST
    return text(longest, f"^{host}{PATH}$" if is_needed else f"^(?:{host}{PATH})?$")


def anything() -> Json:
    """Return a schema for an object of any JSON that can be kept."""
    return named(PLAIN, ref("AnyValue"))


ANY: Json = {
    "description": "Any JSON without NUL, at most 30 levels deep.",
    "anyOf": [
        {"type": ["null", "boolean", "number"]},
        text(),
        {"type": "array", "items": ref("AnyValue")},
        anything(),
    ],
}
