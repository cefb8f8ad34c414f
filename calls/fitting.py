"""What a dialect can ask for and the provider behind cannot be told is kept here.

Who speaks one provider's API cannot know which provider a call goes out through. What
only says how a call is to be carried or voiced (SIP headers, a trunk, a voice, a model, a
version, an extension to call from, words of the dialect's own) is kept with the call,
each with a line of evidence, and not sent. What a person would hear, or how long, or
whom it rings, is never left out: the gate refuses it, as everywhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from agents import phone
from agents.providers.base import CallRequest, LaunchWish, Overrides, Provider

Asked = TypeVar("Asked", LaunchWish, CallRequest)
# A field, by our API's name, and why it stays here.
Kept = tuple[str, str]
# Parts of the overrides that may stay here, each as a wish of its own.
VOICING = {
    "voice": LaunchWish(overrides=Overrides(voice="any")),
    "model": LaunchWish(overrides=Overrides(model="any")),
}


def is_foreign(dialect: str, kind: Provider | type[Provider]) -> bool:
    """Tell whether a client's dialect is another than the provider's own.

    The simulator stands in for anybody, and takes every dialect's words.
    """
    return bool(dialect) and dialect != kind.slug and not kind.plays_itself


def fit(asked: Asked, provider: Provider) -> tuple[Asked, tuple[Kept, ...]]:
    """Return what can be told to the provider, and what is kept here instead."""
    kept = dict(_lacking(asked, provider))
    overrides = replace(
        asked.overrides,
        voice="" if "overrides.voice" in kept else asked.overrides.voice,
        model="" if "overrides.model" in kept else asked.overrides.model,
        raw={} if "overrides.raw" in kept else asked.overrides.raw,
    )
    told = replace(
        asked,
        overrides=overrides,
        sip_headers={} if "sip_headers" in kept else asked.sip_headers,
        trunk_name="" if "trunk_name" in kept else asked.trunk_name,
        from_number="" if "from_number" in kept else asked.from_number,
        agent_version=None if "agent_version" in kept else asked.agent_version,
        ignore_e164_validation=asked.ignore_e164_validation
        and "ignore_e164_validation" not in kept,
    )
    return told, tuple(kept.items())


def _lacking(asked: LaunchWish | CallRequest, provider: Provider) -> Iterator[Kept]:
    label = provider.label
    for is_asked, can, field, what in (
        (asked.sip_headers, provider.has_sip_headers, "sip_headers", "SIP headers"),
        (asked.trunk_name, provider.has_trunks, "trunk_name", "choice of trunk"),
        (asked.agent_version, provider.has_versions, "agent_version", "versions"),
    ):
        if is_asked not in (None, "", {}, "latest") and not can:
            yield field, f"{label} has no {what}: kept here, not sent"
    for name, wish in VOICING.items():
        is_taken = provider.has_overrides and not provider.refuse_wish(wish)[0]
        if getattr(asked.overrides, name) and not is_taken:
            yield f"overrides.{name}", f"{label} takes no such {name}: kept, not sent"
    if asked.overrides.raw:
        yield "overrides.raw", f"words that {label} does not know: kept, not sent"
    yield from _odd_numbers(asked, provider)


def _odd_numbers(asked: LaunchWish | CallRequest, provider: Provider) -> Iterator[Kept]:
    """Keep an extension to call from, and the wish not to check a number that is one."""
    if not asked.ignore_e164_validation or asked.type == "web":
        return
    wish = LaunchWish(
        to_number=asked.to_number,
        from_number=asked.from_number,
        ignore_e164_validation=True,
    )
    field, _ = provider.refuse_wish(wish)
    is_odd = asked.from_number and not phone.is_e164(asked.from_number.strip())
    if is_odd and (provider.picks_caller or field == "from_number"):
        yield "from_number", f"{provider.label} calls from {asked.from_number} never"
    if field == "ignore_e164_validation" and phone.is_e164(asked.to_number.strip()):
        yield field, f"{provider.label} checks every number; this one is right"
