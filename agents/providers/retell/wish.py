"""A wish to call, as Retell takes it, and what a web call's answer lets one join."""

from dataclasses import replace

from agents.providers.base import CallRequest, CallUpdate, Json, Overrides
from agents.providers.reading import kept, merged, moment
from agents.providers.retell import words
from agents.providers.voicewire.words import REFERENCE


def wish(request: CallRequest) -> tuple[str, Json]:
    """Return the path and the body that ask for the call."""
    web = request.type == "web"
    known = {REFERENCE: request.reference}
    prefix = "" if web else "override_"
    body: Json = {
        f"{prefix}agent_id": request.agent_id,
        f"{prefix}agent_version": request.agent_version,
        "agent_override": agent_override(request.overrides),
        "metadata": request.metadata | known,
        # Their values must be strings.
        words.VARIABLES: {
            name: str(value) for name, value in request.variables.items()
        },
    }
    if not web:
        body |= {
            "from_number": request.from_number,
            "to_number": request.to_number,
            "custom_sip_headers": dict(request.sip_headers),
            "ignore_e164_validation": request.ignore_e164_validation or None,
            "idempotency_key": request.reference,
        }
    path = "/v3/create-web-call" if web else "/v2/create-phone-call"
    return path, {name: part for name, part in body.items() if part not in (None, {})}


def agent_override(overrides: Overrides) -> Json:
    """Return settings for one call as Retell takes them; raw ones go on top."""
    agent: Json = {
        "voice_id": overrides.voice,
        "max_call_duration_ms": overrides.max_duration_ms,
    }
    llm: Json = {"model": overrides.model, "begin_message": overrides.opening_line}
    built = {
        name: {key: value for key, value in part.items() if value}
        for name, part in (("agent", agent), ("retell_llm", llm))
    }
    return merged({k: part for k, part in built.items() if part}, overrides.raw)


def with_join(update: CallUpdate, call: Json) -> CallUpdate:
    """Add what a browser needs to join the web call."""
    names = ("access_token", "ice_servers", "transport")
    join: Json = {name: kept(call[name]) for name in names if name in call}
    if expires := moment(call.get("expires_at")):
        join["expires_at"] = expires.isoformat()
    return replace(update, join=join, type="web")
