"""Answering as Retell: its addresses, its requests, its errors, its webhooks.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`.
"""

from collections.abc import Mapping
from typing import Any

from agents.providers import badge
from agents.providers.base import CallRecord, Json, LaunchWish, Overrides, WishRefused
from agents.providers.bodies import e164, object_of, string, strings
from agents.providers.dialects import (
    THREE_RETRIES,
    Reply,
    Routes,
    SignedWith,
    Tenant,
    bearer,
)
from agents.providers.reading import text
from agents.providers.retell import rendering, words
from agents.providers.voicewire import shares, telling
from agents.providers.voicewire.words import REFERENCE

KEY_MISSING = "API key is missing or invalid."
# Keys have scopes there too; what each of them covers is not documented.
PERMISSIONS: dict[str, tuple[str, ...]] = {}
NEEDS_KEY = True
SIGNED_WITH = SignedWith.API_KEY
# Up to three times (contract sheet, section 6.2); ours never transfer.
RETRIES = THREE_RETRIES
EVENTS = telling.EVENTS
NOT_THERE = "Cannot find requested asset under given api key."
# Their declared errors for a launch: no 403 and no 404 among them.
LAUNCH_STATUSES = {403: 400, 404: 422}
OF_THE_DOOR = ("", "permission_denied", "not_found")
# What the sheet says of an agent's settings that only make sense for all its calls.
NOT_FOR_ONE_CALL = ("webhook_url", "webhook_events")
# Where in its flow a web call starts: nothing here could keep it.
STARTS = ("current_node_id", "current_state")

# Today's addresses and those of older SDKs (contract sheet, section 11).
ROUTES = Routes(
    ("POST", "v2/create-phone-call", "create_phone_call"),
    ("POST", "v3/create-web-call", "create_web_call"),
    ("POST", "v2/create-web-call", "create_web_call_v2"),
    ("POST", "v2/register-phone-call", "register_phone_call"),
    ("GET", "v2/get-call/{id}", "get_call"),
    ("POST", "v3/list-calls", "list_calls"),
    ("POST", "v2/list-calls", "list_calls_v2"),
    ("POST", "v2/stop-call/{id}", "stop_call"),
    ("PATCH", "v2/update-call/{id}", "update_call"),
    ("POST", "v2/list-agents", "list_agents"),
    ("GET", "list-agents", "list_agents_v1"),
    ("GET", "get-agent/{id}", "get_agent"),
    ("POST", "create-agent", "create_agent"),
    ("PATCH", "update-agent/{id}", "update_agent"),
    ("DELETE", "delete-agent/{id}", "delete_agent"),
    ("GET", "list-agent-versions/{id}", "list_agent_versions"),
    ("GET", "get-agent-versions/{id}", "get_agent_versions"),
    ("POST", "create-agent-version/{id}", "create_agent_version"),
    ("DELETE", "delete-agent-version/{id}", "delete_agent_version"),
    ("POST", "publish-agent-version/{id}", "publish_agent_version"),
    ("POST", "publish-agent/{id}", "publish_agent"),
    ("POST", "create-retell-llm", "create_llm"),
    ("GET", "get-retell-llm/{id}", "get_llm"),
    ("PATCH", "update-retell-llm/{id}", "update_llm"),
    ("GET", "v2/list-phone-numbers", "list_numbers"),
    ("GET", "list-phone-numbers", "list_numbers_v1"),
    ("GET", "get-phone-number/{id}", "get_number"),
    ("POST", "create-phone-number", "create_number"),
    ("POST", "import-phone-number", "import_number"),
    ("PATCH", "update-phone-number/{id}", "update_number"),
    ("DELETE", "delete-phone-number/{id}", "delete_number"),
    ("GET", "get-concurrency", "get_concurrency"),
    ("GET", "get-api-key-info", "get_api_key_info"),
    ("GET", "list-voices", "list_voices"),
    ("GET", "get-voice/{id}", "get_voice"),
)


def credentials(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return the key of the Authorization header."""
    return bearer(headers), None


def error(status: int, code: str, message: str, field: str = "") -> Reply:
    """Return an error; a launch the gate refuses has one of their declared statuses."""
    said = status if code in OF_THE_DOOR else LAUNCH_STATUSES.get(status, status)
    return said, {"status": "error", "message": message}


# --- Requests ------------------------------------------------------------------------
def phone_wish(body: Json) -> LaunchWish:
    """Read a create-phone-call request; raise WishRefused with what is wrong."""
    ignore = body.get("ignore_e164_validation") is True
    numbers = {
        name: _number(body, name, ignore) for name in ("from_number", "to_number")
    }
    return LaunchWish(
        **numbers,
        agent_id=string(body, "override_agent_id"),
        agent_version=_version(body.get("override_agent_version")),
        overrides=_overrides(body.get("agent_override")),
        variables=strings(body, words.VARIABLES),
        sip_headers=strings(body, "custom_sip_headers"),
        metadata=object_of(body, "metadata"),
        ignore_e164_validation=ignore,
        idempotency_key=string(body, "idempotency_key"),
    )


def web_wish(body: Json) -> LaunchWish:
    """Read a create-web-call request; raise WishRefused with what is wrong.

    It knows no idempotency key; another Switchboard's reference serves as one.
    """
    agent_id = string(body, "agent_id", required=True)
    metadata = object_of(body, "metadata")
    for name in STARTS:
        if body.get(name) not in (None, ""):
            raise WishRefused(f"{name} cannot be chosen here: the call starts anew.")
    return LaunchWish(
        type="web",
        agent_id=agent_id,
        agent_version=_version(body.get("agent_version")),
        overrides=_overrides(body.get("agent_override")),
        variables=strings(body, words.VARIABLES),
        metadata=metadata,
        idempotency_key=text(metadata.get(REFERENCE), 200),
    )


def _number(body: Json, name: str, ignore: bool) -> str:
    number = string(body, name, required=True)
    return number if ignore else e164(name, number)


def _version(value: Any) -> int | str | None:
    if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
        return value
    raise WishRefused("The agent version must be a number or a name such as latest.")


def _overrides(value: Any) -> Overrides:
    """Take what we have words for out of an agent_override; keep the rest as it is."""
    if value is None:
        return Overrides()
    if not isinstance(value, dict):
        raise WishRefused("agent_override must be an object.")
    raw = {part: dict(object_of(value, part)) for part in value}
    agent, llm = raw.get("agent", {}), raw.get("retell_llm", {})
    for name in NOT_FOR_ONE_CALL:
        if name in agent:
            words_ = f"{name} cannot be set for one call; set it on the agent."
            raise WishRefused(words_)
    duration = agent.pop("max_call_duration_ms", None)
    if duration is not None and (type(duration) is not int):
        raise WishRefused("max_call_duration_ms must be a whole number.")
    return Overrides(
        voice=string({"voice_id": agent.pop("voice_id", None)}, "voice_id"),
        model=string({"model": llm.pop("model", None)}, "model"),
        opening_line=string(
            {"begin_message": llm.pop("begin_message", None)},
            "begin_message",
            longest=10_000,
        ),
        max_duration_ms=duration,
        raw={part: rest for part, rest in raw.items() if rest},
    )


def agents_of(body: Json, name: str) -> list[tuple[str, int | str | None, float]]:
    """Read the agents of a binding: id, version and weight; none switches it off."""
    return [
        (row["agent_id"], _version(row.get("agent_version")), shares.weighed(row))
        for row in shares.wanted(body, name)
    ]


# --- Webhooks ------------------------------------------------------------------------
events = telling.events
is_wanted = telling.is_wanted
is_terminal = telling.is_terminal
sign = badge.sign


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook."""
    if event == "call_started":
        return {"event": event, "call": rendering.start(record)}
    analysed = event == "call_analyzed"
    return {"event": event, "call": rendering.call(record, with_analysis=analysed)}


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of a webhook."""
    return {
        "Content-Type": "application/json",
        "X-Retell-Signature": sign(body, key, now_ms),
    }
