"""Reading what a client of UponAI asks for: launches, lists of calls, bindings.

What cannot be honoured is refused in words; nothing is dropped in silence.
"""

import re
from collections.abc import Iterator, Mapping

from agents.providers import bodies
from agents.providers.base import (
    BindingFacts,
    Json,
    LaunchWish,
    Overrides,
    WishRefused,
)
from agents.providers.bodies import e164, object_of, strings
from agents.providers.listing import Condition, ListWish
from agents.providers.reading import when
from agents.providers.voicewire import shares
from agents.providers.voicewire.words import OUR_STATUSES

# Fields of an older revision of the page, which the current one does not have.
NO_LONGER = ("carrierName", "overrideCid", "customFromNumber", "customStatusHookUrl")
# What else a list may be asked by is not documented.
FILTERS = ("workspaceId", "agentId", "status", "fromDate", "toDate", "page", "limit")


# --- Launching -----------------------------------------------------------------------
def phone_wish(body: Json) -> LaunchWish:
    """Read a launch; raise WishRefused with what is wrong."""
    for name in NO_LONGER:
        if body.get(name) not in (None, ""):
            raise WishRefused(f"{name} is no longer a field of this request.")
    ignore = flag(body, "ignoreE164Validation")
    return LaunchWish(
        agent_id=required(body, "agentId"),
        from_number=_number(body, "fromNumber", ignore),
        to_number=_number(body, "toNumber", ignore),
        trunk_name=string(body, "trunkName", 120),
        customer_name=string(body, "customerName", 120),
        ignore_e164_validation=ignore,
        agent_version=_version(body, "overrideAgentVersion"),
        sip_headers=strings(body, "customSipHeaders"),
        metadata=object_of(body, "metadata"),
        variables=strings(body, "uponai_dynamic_variables"),
        overrides=_overrides(body),
    )


def web_wish(body: Json) -> LaunchWish:
    """Read a web call's launch: what the website sends, and metadata (our choice)."""
    return LaunchWish(
        type="web",
        agent_id=required(body, "agentId"),
        variables=strings(body, "uponai_dynamic_variables")
        | strings(body, "retell_llm_dynamic_variables"),
        metadata=object_of(body, "metadata"),
    )


def _number(body: Json, name: str, ignore: bool) -> str:
    number = required(body, name)
    return number if ignore else e164(name, number)


def _overrides(body: Json) -> Overrides:
    """Take what we have words for out of agentOverride; keep the rest as it is."""
    whole = object_of(body, "agentOverride")
    raw = {part: dict(object_of(whole, part)) for part in whole}
    agent, llm = raw.get("agent", {}), raw.get("llm", {})
    duration = agent.pop("maxCallDurationMs", None)
    if duration is not None and type(duration) is not int:
        raise WishRefused("maxCallDurationMs must be a whole number.")
    return Overrides(
        voice=string({"voiceId": agent.pop("voiceId", None)}, "voiceId", 200),
        model=string({"model": llm.pop("model", None)}, "model", 200),
        opening_line=string(
            {"beginMessage": llm.pop("beginMessage", None)}, "beginMessage", 10_000
        ),
        max_duration_ms=duration,
        raw={part: rest for part, rest in raw.items() if rest},
    )


def _version(body: Json, name: str) -> int | None:
    value = body.get(name)
    if value is not None and (type(value) is not int or value < 0):
        raise WishRefused(f"{name} must be a whole number.")
    return value


# --- Fields --------------------------------------------------------------------------
def string(body: Json, name: str, longest: int) -> str:
    """Return a string of a body."""
    return bodies.string(body, name, longest=longest)


def required(body: Json, name: str) -> str:
    """Return a string that must be there."""
    value = string(body, name, 200)
    if not value:
        raise WishRefused(f"{name} is required.")
    return value


def flag(body: Json, name: str) -> bool:
    """Return a truth value of a body; False where it is absent or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise WishRefused(f"{name} must be true or false.")
    return bool(value)


# --- Lists of calls ------------------------------------------------------------------
def list_wish(query: Mapping[str, str]) -> ListWish:
    """Read the query of a list: a filter we cannot honour is refused."""
    for name in query:
        if name not in FILTERS:
            raise WishRefused(f"The filter {name} is not offered here.")
    limit = whole(query, "limit", 20, 100)
    page = whole(query, "page", 1, 1_000_000)
    return ListWish(
        conditions=tuple(_conditions(query)),
        limit=limit,
        skip=(page - 1) * limit,
        with_total=True,
    )


def whole(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """Return a whole number of a query, from 1 to `most`."""
    written = query.get(name) or str(usual)
    if not re.fullmatch(r"[0-9]{1,9}", written) or not 1 <= int(written) <= most:
        raise WishRefused(f"{name} must be a whole number from 1 to {most}.")
    return int(written)


def _conditions(query: Mapping[str, str]) -> Iterator[Condition]:
    if agent_id := query.get("agentId"):
        yield Condition("agent", "in", [(agent_id, None)])
    if status := query.get("status"):
        yield Condition("status", "in", OUR_STATUSES.get(status, []))
    for name, op in (("fromDate", "ge"), ("toDate", "le")):
        if written := query.get(name):
            # A + that was not escaped has become a space.
            at = when(written.replace(" ", "+"))
            if at is None:
                raise WishRefused(f"{name} must be an ISO 8601 date and time.")
            yield Condition("started_at", op, at)


# --- Bindings ------------------------------------------------------------------------
def bindings(body: Json) -> dict[str, BindingFacts]:
    """Read whom a PUT binds, by direction; what it does not name stays."""
    for name in ("inboundWebhookUrl", "isTimeRoutingEnabled"):
        if body.get(name):
            raise WishRefused(f"{name} cannot be kept here. Leave it out.")
    wanted: dict[str, BindingFacts] = {}
    if "outboundAgentId" in body:
        agent_id = string(body, "outboundAgentId", 200)
        version = _version(body, "outboundAgentVersion") if agent_id else None
        wanted["outbound"] = BindingFacts(agent_id, version)
    for direction in ("inbound", "outbound"):
        name = f"{direction}Agents"
        if name in body and not (body[name] == [] and direction in wanted):
            wanted[direction] = _shared(body, name)
    return wanted


def _shared(body: Json, name: str) -> BindingFacts:
    """Read the agents of a list with weights; an empty one unbinds."""
    found = shares.wanted(body, name)
    if not found:
        return BindingFacts()
    versions = [_version(row, "agent_version") for row in found]
    first = found.index(shares.heaviest(found))
    weights = tuple(found) if len(found) > 1 else ()
    return BindingFacts(required(found[first], "agent_id"), versions[first], weights)
