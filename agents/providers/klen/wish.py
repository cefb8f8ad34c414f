"""A wish to call, as Klen AI takes it (sheet, section 1.1), and what it cannot take."""

from agents.providers.base import CallRequest, Json, LaunchWish, Overrides
from agents.providers.klen.facts import number_text

OWN_FIELDS = ("contact_id", "variables")


def body(request: CallRequest) -> Json:
    """Return the body that asks for the call.

    Of `overrides.raw`, `contact_id` is sent as it is, and `variables` (which may be
    nested there) are laid over the plain ones. No caller number: the agent brings its.
    """
    raw = request.overrides.raw
    asked: Json = {
        "phone_number": request.to_number,
        "agent_id": request.agent_id,
        "contact_id": raw.get("contact_id"),
        "variables": {**request.variables, **raw.get("variables", {})},
    }
    return {name: part for name, part in asked.items() if part not in (None, {})}


def problem(wish: LaunchWish | CallRequest) -> tuple[str, str]:
    """Say which field of a wish Klen cannot honour, and why; empty: it can all of it.

    What the facts of the client say is left to them.
    """
    if wish.ignore_e164_validation:
        words = "Klen AI checks every number it dials; the check cannot be left out."
        return "ignore_e164_validation", words
    why = _raw_problem(wish.overrides.raw)
    return ("overrides", why) if why else ("", "")


def _raw_problem(raw: Json) -> str:
    if others := sorted(set(raw) - set(OWN_FIELDS)):
        words = "contact_id and variables are all that a call can be given there"
        return f"Klen AI takes no “{others[0]}” for a call: {words}."
    if "contact_id" in raw and not number_text(raw["contact_id"]):
        return "Klen AI's contact_id is the whole number of a contact there."
    if not isinstance(raw.get("variables", {}), dict):
        return "Klen AI's variables are an object of names and values."
    return ""


def beyond(request: CallRequest) -> str:
    """Say what a request has that the facts of the client rule out; empty: nothing."""
    o = request.overrides
    if request.type != "phone":
        return "Klen AI does not offer web calls."
    if o != Overrides(raw=o.raw) or request.sip_headers or request.trunk_name:
        return "Klen AI offers no overrides, SIP headers or trunks for a call."
    return ""
