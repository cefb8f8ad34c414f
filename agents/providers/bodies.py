"""Fields of a body that a client sent to a stand-in, read or refused in words.

Raise WishRefused with what is wrong; what is absent or null is empty.
"""

import re

from agents.providers.base import Json, WishRefused
from agents.providers.reading import text

E164 = re.compile(r"\+[1-9][0-9]{5,14}")


def string(body: Json, name: str, *, longest: int = 200, required: bool = False) -> str:
    """Return a string of at most `longest` characters."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise WishRefused(f"{name} must be a string.")
    if required and not value:
        raise WishRefused(f"{name} is required.")
    if len(value or "") > longest:
        raise WishRefused(f"{name} is longer than {longest} characters.")
    return text(value)


def object_of(body: Json, name: str) -> Json:
    """Return an object."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise WishRefused(f"{name} must be an object.")
    return value or {}


def strings(body: Json, name: str) -> dict[str, str]:
    """Return an object of strings."""
    values = object_of(body, name)
    for key, value in values.items():
        if not isinstance(value, str):
            raise WishRefused(f"{name}: the value of {key} must be a string.")
    return values


def e164(name: str, number: str) -> str:
    """Return a number that is E.164."""
    if not E164.fullmatch(number):
        raise WishRefused(f"{name} must be in E.164 format, such as +14155550100.")
    return number
