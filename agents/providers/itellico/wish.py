"""A wish to call, as itellico takes it, and what of a wish it cannot honour."""

from dataclasses import replace

from agents.providers.base import CallRequest, CallUpdate, Json, LaunchWish, Overrides
from agents.providers.bodies import E164
from agents.providers.itellico import words
from agents.providers.reading import mapping, merged, text

# What joins a browser to a call, under the names that other providers' joins have.
JOIN = {"access_token": "token", "url": "livekit_url", "room_sid": "room_sid"}


def wish(request: CallRequest) -> Json:
    """Return the body that asks for the call (sheet, section 1.1).

    `overrides.raw` is the body's other words (`initial_text`, `audio_input_enabled`,
    `overrides` and so on), laid over ours in depth. The list of the body's fields is
    not closed: that of one for answering machines is unseen.
    """
    body: Json = {
        "type": request.type,
        "agent_id": request.agent_id,
        "external_id": request.reference,
        "test_variables": dict(request.variables),
        "overrides": _overrides(request.overrides),
    }
    if request.type == "phone":
        body |= {"from_number": request.from_number, "to_number": request.to_number}
    given = {name: part for name, part in body.items() if part not in ("", {})}
    return merged(given, request.overrides.raw)


def _overrides(overrides: Overrides) -> Json:
    """Return settings for one call: `overrides.agent` has the words of an agent."""
    agent: Json = {}
    if overrides.opening_line:
        first = {"message": overrides.opening_line, "mode": "fixed_message"}
        agent["initial_message"] = first
    if overrides.max_duration_ms:
        agent["max_duration_seconds"] = overrides.max_duration_ms // 1000
    return {"agent": agent} if agent else {}


def refusal(asked: LaunchWish | CallRequest, label: str) -> tuple[str, str]:
    """Say which field of a wish cannot be honoured, and why; empty: all of it can."""
    for field, why in (
        ("overrides", _odd_override(asked.overrides)),
        ("variables", _odd_variable(asked)),
        ("to_number", _not_e164(asked, asked.to_number)),
        ("from_number", _not_e164(asked, asked.from_number)),
    ):
        if why:
            return field, f"{label} {why}"
    return "", ""


def _odd_override(overrides: Overrides) -> str:
    for name in ("voice", "model"):
        if getattr(overrides, name):
            return (
                f"takes a {name} as an object. Write it among the raw overrides: "
                f'{{"overrides": {{"agent": {{"{name}": {{…}}}}}}}}.'
            )
    if (overrides.max_duration_ms or 0) % 1000:
        return "counts a call's longest duration in whole seconds."
    if taken := sorted(words.THE_CALL & set(overrides.raw)):
        return f"takes {taken[0]} from the call itself, not from raw overrides."
    return ""


def _odd_variable(asked: LaunchWish | CallRequest) -> str:
    """Names under `contact.` are theirs (sheet, section 8.1)."""
    odd = next((name for name in asked.variables if name.startswith("contact.")), "")
    return f"fills {odd} from its own contacts. Choose another name." if odd else ""


def _not_e164(asked: LaunchWish | CallRequest, number: str) -> str:
    """Numbers are E.164 everywhere (sheet, section 8.4), whatever check is skipped."""
    is_odd = asked.ignore_e164_validation and number and asked.type == "phone"
    if not is_odd or E164.fullmatch(number.strip()):
        return ""
    return f"only takes numbers such as +14155550100, and “{number}” is none."


def unoffered(request: CallRequest, label: str) -> str:
    """Say what of a wish the provider's facts rule out already; empty: nothing."""
    for value, what in (
        (request.sip_headers, "SIP headers"),
        (request.trunk_name, "a choice of trunk"),
    ):
        if value:
            return f"{label} does not offer {what}. Leave it out."
    return ""


def with_join(update: CallUpdate, call: Json) -> CallUpdate:
    """Add what a browser needs to join the web call; its room is a second id.

    Webhooks name the room (sheet, section 7.2). How long the token lives is not said.
    """
    theirs = mapping(call.get("join"))
    told = {ours: text(theirs.get(name), 4000) for ours, name in JOIN.items()}
    join: Json = {name: value for name, value in told.items() if value}
    return replace(
        update, join=join, other_call_id=join.get("room_sid", ""), type="web"
    )
