"""A wish to call, as Zudu takes it, and what a web call's answer lets one join."""

from dataclasses import replace

from agents.providers.base import CallRequest, CallUpdate, Json, Overrides, WishRefused
from agents.providers.bodies import E164
from agents.providers.reading import mapping, text
from agents.providers.zudu import words

PHONE_PATH, WEB_PATH = "/api/calls/create-phone-call", "/api/calls/create-web-call"
# What `livekit_connection` tells, by the name under which it is handed on.
ROOMS = ("livekit_connection", "web_call_info")
JOIN = {"access_token": "token", "server_url": "server_url", "room_name": "room_name"}


def wish(request: CallRequest) -> tuple[str, Json]:
    """Return the path and the body that ask for the call (sections 1.2 and 1.3).

    Raise WishRefused for what Zudu has no field for: its only choice for one call is
    the agent. There is nothing that raw overrides could be merged into. Variables are
    not sent: wished ones never get past the gate (`has_variables`), and those that were
    filled in from a contact stay with our call.
    """
    _refuse(request)
    metadata = request.metadata | {words.REFERENCE: request.reference}
    if request.type == "web":
        return WEB_PATH, {"agent_id": request.agent_id, "metadata": metadata}
    body: Json = {
        "from_number": request.from_number,
        "to_number": request.to_number,
        "override_agent_id": request.agent_id,
        "metadata": metadata,
    }
    return PHONE_PATH, {name: value for name, value in body.items() if value}


def _refuse(request: CallRequest) -> None:
    """Raise WishRefused with the first thing that cannot be honoured."""
    wanted = (
        (request.trunk_name, "a choice of trunk"),
        (request.sip_headers, "SIP headers"),
        (request.overrides != Overrides(), "changes of an agent for one call"),
    )
    for value, what in wanted:
        if value:
            raise WishRefused(f"Zudu AI does not offer {what}. Leave it out.")
    if request.type == "phone":
        _, why = refuse_numbers(request.to_number, request.from_number)
        if why:
            raise WishRefused(why)


def refuse_numbers(to_number: str, from_number: str) -> tuple[str, str]:
    """Say which number Zudu would not take and why; empty: both will do (section 8)."""
    if to_number and to_number == from_number:
        return "to_number", "Zudu AI cannot call a number from that same number."
    for field, number in (("to_number", to_number), ("from_number", from_number)):
        if number and not E164.fullmatch(number):
            why = f"Zudu AI takes numbers in E.164 only, and “{number}” is none."
            return field, why
    return "", ""


def with_join(update: CallUpdate, held: Json) -> CallUpdate:
    """Add what a browser needs to join the web call: LiveKit's address and token."""
    room, info = (mapping(held.get(name)) for name in ROOMS)
    known = {name: text(room.get(theirs)) for name, theirs in JOIN.items()}
    known["access_token"] = known["access_token"] or text(info.get("access_token"))
    known["room_name"] = known["room_name"] or text(info.get("room_name"))
    join: Json = {name: value for name, value in known.items() if value}
    return replace(update, join=join or None, type="web")
