"""What clients ask of us in Zudu's words, read and refused: launches and bindings."""

from collections.abc import Iterable, Mapping
from typing import Any

from agents.providers.base import (
    BindingFacts,
    Json,
    LaunchWish,
    Overrides,
    WishRefused,
)
from agents.providers.bodies import e164, object_of, string
from agents.providers.reading import span
from agents.providers.zudu import words
from agents.providers.zudu.facts import ONLY_VERSION

OF_A_WEB_CALL = ("agent_id", "dynamic_variables", "metadata")
OF_A_PHONE_CALL = (
    *("to_number", "from_number", "override_agent_id"),
    *("dynamic_variables", "metadata"),
)


# --- Launching -----------------------------------------------------------------------
def phone_wish(body: Json) -> LaunchWish:
    """Read create-phone-call; raise WishRefused with what is wrong.

    Without an agent it is the number's outbound agent, without a caller number one of
    the agent's. `dynamic_variables` are unseen on single calls, and known from batches:
    a client that sends them must not find them dropped. Nor what else it sends, as
    further fields are unseen: they go on in Zudu's words.
    """
    string(body, "to_number", required=True)
    to_number, from_number = (_number(body, n) for n in ("to_number", "from_number"))
    if to_number == from_number:
        raise WishRefused("from_number must differ from to_number.")
    return LaunchWish(
        to_number=to_number,
        from_number=from_number,
        agent_id=string(body, "override_agent_id"),
        variables=object_of(body, "dynamic_variables"),
        metadata=object_of(body, "metadata"),
        overrides=Overrides(raw=_others(body, OF_A_PHONE_CALL)),
    )


def web_wish(body: Json) -> LaunchWish:
    """Read create-web-call; raise WishRefused with what is wrong."""
    return LaunchWish(
        type="web",
        agent_id=string(body, "agent_id", required=True),
        variables=object_of(body, "dynamic_variables"),
        metadata=object_of(body, "metadata"),
        overrides=Overrides(raw=_others(body, OF_A_WEB_CALL)),
    )


def _others(body: Json, known: tuple[str, ...]) -> Json:
    return {name: v for name, v in body.items() if name not in known and v is not None}


def _number(body: Json, name: str) -> str:
    number = string(body, name)
    return e164(name, number) if number else ""


# --- Records -------------------------------------------------------------------------
def word(body: Json, name: str, known: Iterable[str], usual: str) -> str:
    """Read one of the words of an enum, in either case."""
    written = words.fold(string(body, name)) or usual
    if written not in known:
        options = ", ".join(sorted(each.upper() for each in known))
        raise WishRefused(f"{name} must be one of {options}.")
    return written


def type_of(body: Json) -> str:
    """Read the type of a call that is made, in our word."""
    return words.TYPES[word(body, "call_type", words.TYPES, "phone_call")]


def direction_of(body: Json, usual: str = "outbound") -> str:
    """Read the direction of a call that is made or changed."""
    return word(body, "direction", words.DIRECTIONS, usual)


def is_for_calling_out(body: Json) -> bool:
    """Tell whether a call that is made is one that could be dialled."""
    return type_of(body) == "phone" and direction_of(body) == "outbound"


# --- Binding -------------------------------------------------------------------------
def bindings(body: Json) -> Mapping[str, BindingFacts]:
    """Read a binding: by direction, who is bound; null unassigns.

    Fields that are left out stay (section 4).
    """
    found: dict[str, BindingFacts] = {}
    for direction in ("inbound", "outbound"):
        name, version = f"{direction}_agent_id", f"{direction}_agent_version"
        if name in body:
            wanted = _version(body.get(version), version)
            found[direction] = BindingFacts(string(body, name), wanted)
        elif body.get(version) is not None:
            raise WishRefused(f"Send {name} together with {version}.")
    return found


def _version(value: Any, name: str) -> int | None:
    """Read a version; 1 says no more than the agent itself."""
    number = span(value)
    if value is not None and (number is None or type(value) is not int):
        raise WishRefused(f"{name} must be a whole number.")
    return None if number == ONLY_VERSION else number
