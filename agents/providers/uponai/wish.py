"""A wish to call, as UponAI takes it, and what a web call's answer lets one join."""

from dataclasses import replace
from typing import Any

from agents.providers.base import CallRequest, CallUpdate, Json, Overrides
from agents.providers.reading import mapping, merged, text, when
from agents.providers.uponai.facts import plain
from agents.providers.voicewire.words import REFERENCE

PHONE_PATH = "/api/v1/calls/initiate"
# Not documented: this is what UponAI's own website asks for (contract sheet, 1.2).
WEB_PATH = "/api/v2/calls/web"


def order(request: CallRequest) -> tuple[str, Json]:
    """Return the path and the body that ask for the call; nothing empty is sent."""
    if request.type == "web":
        return WEB_PATH, _present(_web(request))
    body: Json = {
        "agentId": request.agent_id,
        "fromNumber": request.from_number,
        "toNumber": request.to_number,
        "trunkName": request.trunk_name,
        "customerName": request.customer_name,
        "ignoreE164Validation": request.ignore_e164_validation or None,
        "overrideAgentVersion": request.agent_version,
        "customSipHeaders": dict(request.sip_headers),
        "metadata": request.metadata | {REFERENCE: request.reference},
        "uponai_dynamic_variables": _variables(request),
        "agentOverride": agent_override(request.overrides),
    }
    return PHONE_PATH, _present(body)


def _web(request: CallRequest) -> Json:
    """Return all that a web call is known to take: no metadata, so no reference."""
    return {
        "agentId": request.agent_id,
        "retell_llm_dynamic_variables": _variables(request),
    }


def _variables(request: CallRequest) -> dict[str, str]:
    """Return the variables; their values must be strings."""
    return {name: str(value) for name, value in request.variables.items()}


def _present(body: Json) -> Json:
    return {name: part for name, part in body.items() if part not in (None, "", {})}


def agent_override(overrides: Overrides) -> Json:
    """Return settings for one call as UponAI takes them: camelCase inside.

    `raw` is laid on top in depth, in UponAI's own words (`agent`, `llm` and what else
    it may know): the list of keys is not documented, so none is refused.
    """
    agent: Json = {
        "voiceId": overrides.voice,
        "maxCallDurationMs": overrides.max_duration_ms,
    }
    llm: Json = {"model": overrides.model, "beginMessage": overrides.opening_line}
    built = {"agent": _present(agent), "llm": _present(llm)}
    return merged({name: part for name, part in built.items() if part}, overrides.raw)


# --- What comes back -----------------------------------------------------------------
def placed(answer: Any) -> Json:
    """Return the call of an answer: it lies two levels deep, its SID on the first.

    A web call's token lies on the first as well, and perhaps all the rest.
    """
    outer = mapping(answer)
    middle = mapping(outer.get("call"))
    return outer | middle | mapping(middle.get("call"))


def with_join(update: CallUpdate, call: Json) -> CallUpdate:
    """Add what a browser needs to join the web call, which waits for it."""
    told = plain(call)
    join: Json = {"access_token": text(told.get("access_token"))}
    if url := text(told.get("web_call_url"), 4000):
        join["url"] = url
    if expires := when(told.get("expires_at")):
        join["expires_at"] = expires.isoformat()
    return replace(update, join=join, type="web", status=update.status or "ringing")
