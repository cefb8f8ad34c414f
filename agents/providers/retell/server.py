"""Answering as Retell: its addresses, its requests, its errors, its webhooks.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`.
"""

import hmac
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from agents.providers.base import CallRecord, Json, LaunchWish, Overrides, WishRefused
from agents.providers.dialects import Reply, Routes, Tenant, bearer
from agents.providers.reading import rows, text
from agents.providers.retell import rendering, words

E164 = re.compile(r"\+[1-9][0-9]{5,14}")
ANALYSED = frozenset({"summary", "sentiment", "successful", "analysis"})
KEY_MISSING = "API key is missing or invalid."
NEEDS_KEY = True
NOT_THERE = "Cannot find requested asset under given api key."
# Their declared errors for a launch: no 403 and no 404 among them.
LAUNCH_STATUSES = {403: 400, 404: 422}
OF_THE_DOOR = ("", "permission_denied", "not_found")
# What the sheet says of an agent's settings that only make sense for all its calls.
NOT_FOR_ONE_CALL = ("webhook_url", "webhook_events")

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
        agent_id=_string(body, "override_agent_id"),
        agent_version=_version(body.get("override_agent_version")),
        overrides=_overrides(body.get("agent_override")),
        variables=_strings(body, "retell_llm_dynamic_variables"),
        sip_headers=_strings(body, "custom_sip_headers"),
        metadata=_object(body, "metadata"),
        ignore_e164_validation=ignore,
        idempotency_key=_string(body, "idempotency_key"),
    )


def web_wish(body: Json) -> LaunchWish:
    """Read a create-web-call request; raise WishRefused with what is wrong.

    It knows no idempotency key; another Switchboard's reference serves as one.
    """
    if not _string(body, "agent_id"):
        raise WishRefused("agent_id is required.")
    metadata = _object(body, "metadata")
    return LaunchWish(
        type="web",
        agent_id=_string(body, "agent_id"),
        agent_version=_version(body.get("agent_version")),
        overrides=_overrides(body.get("agent_override")),
        variables=_strings(body, "retell_llm_dynamic_variables"),
        metadata=metadata,
        idempotency_key=text(metadata.get(words.REFERENCE), 200),
    )


def _number(body: Json, name: str, ignore: bool) -> str:
    number = _string(body, name)
    if not number:
        raise WishRefused(f"{name} is required.")
    if not ignore and not E164.fullmatch(number):
        raise WishRefused(f"{name} must be in E.164 format, such as +14155550100.")
    return number


def _string(body: Json, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise WishRefused(f"{name} must be a string.")
    return text(value, 200)


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise WishRefused(f"{name} must be an object.")
    return value or {}


def _strings(body: Json, name: str) -> dict[str, str]:
    values = _object(body, name)
    for key, value in values.items():
        if not isinstance(value, str):
            raise WishRefused(f"{name}: the value of {key} must be a string.")
    return values


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
    raw = {part: dict(_object(value, part)) for part in value}
    agent, llm = raw.get("agent", {}), raw.get("retell_llm", {})
    for name in NOT_FOR_ONE_CALL:
        if name in agent:
            words_ = f"{name} cannot be set for one call; set it on the agent."
            raise WishRefused(words_)
    duration = agent.pop("max_call_duration_ms", None)
    if duration is not None and (type(duration) is not int):
        raise WishRefused("max_call_duration_ms must be a whole number.")
    return Overrides(
        voice=_string({"voice_id": agent.pop("voice_id", None)}, "voice_id"),
        model=_string({"model": llm.pop("model", None)}, "model"),
        opening_line=_said(llm.pop("begin_message", None)),
        max_duration_ms=duration,
        raw={part: rest for part, rest in raw.items() if rest},
    )


def _said(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise WishRefused("begin_message must be a string.")
    return text(value, 10_000)


def one_agent(body: Json, name: str) -> tuple[str, int | str | None]:
    """Read the one agent of a binding; an empty id switches it off."""
    bound = rows(body.get(name))
    if body.get(name) not in (None, []) and not bound:
        raise WishRefused(f"{name} must be an array of objects with agent_id, weight.")
    if len(bound) > 1:
        raise WishRefused(
            f"{name}: Switchboard binds one agent to a number. Send one, with weight 1."
        )
    if not bound:
        return "", None
    if not _string(bound[0], "agent_id"):
        raise WishRefused(f"{name}: agent_id is required.")
    return bound[0]["agent_id"], _version(bound[0].get("agent_version"))


# --- Webhooks ------------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the events a change gives, in their order.

    A call that never connected has no `call_started`; `call_analyzed` comes for it at
    once, as there is nothing to analyse.
    """
    return list(_events(before, status, frozenset(changed)))


def _events(before: str, status: str, changed: frozenset[str]) -> Iterator[str]:
    over, was_over = status in words.FINAL, before in words.FINAL
    talks = status in {"in_progress", "ended"}
    if talks and before != "in_progress" and not was_over:
        yield "call_started"
    if talks and "turns" in changed:
        yield "transcript_updated"
    if over and not was_over:
        yield "call_ended"
    never_talked = over and not was_over and status != "ended"
    if never_talked or (status == "ended" and changed & ANALYSED):
        yield "call_analyzed"


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event; an empty choice is the default."""
    return event in (chosen or words.DEFAULT_EVENTS)


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over."""
    return event in words.TERMINAL_EVENTS


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook."""
    if event == "call_started":
        return {"event": event, "call": rendering.start(record)}
    analysed = event == "call_analyzed"
    return {"event": event, "call": rendering.call(record, with_analysis=analysed)}


def sign(body: bytes, key: str, now_ms: int) -> str:
    """Return the signature of a body: HMAC-SHA256 over it and the ms, in hex."""
    digest = hmac.digest(key.encode(), body + str(now_ms).encode(), "sha256")
    return f"v={now_ms},d={digest.hex()}"


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of a webhook."""
    return {
        "Content-Type": "application/json",
        "X-Retell-Signature": sign(body, key, now_ms),
    }
