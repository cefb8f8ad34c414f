"""Who can be told of calls, and how: in our own format, or in a provider's dialect."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from agents.providers.base import Analysis, CallRecord, CallUpdate, Overrides, TurnFacts
from agents.providers.dialects import SignedWith, Telling, Tenant
from agents.providers.registry import DIALECTS, PROVIDERS
from calls.hooks import native_voice
from calls.models import Call, WebhookEndpoint
from calls.own_json import Json, call_json
from calls.records import record

NATIVE = "native"
VOICES: Mapping[str, Telling] = MappingProxyType({NATIVE: native_voice, **DIALECTS})
LABELS = MappingProxyType(
    {NATIVE: "Switchboard’s own", **{slug: PROVIDERS[slug].label for slug in DIALECTS}}
)
# The call that a test in a dialect speaks of: there is none with this id.
NO_CALL = UUID(int=0)


def in_strict_order(dialect: str) -> bool:
    """Tell whether an event that was not taken holds back the later ones of its call.

    Providers send on; in our own format the order is kept.
    """
    return dialect == NATIVE


def usual_events(dialect: str) -> list[str]:
    """Return the events that an endpoint hears which chose none."""
    voice = VOICES[dialect]
    return [event for event in voice.EVENTS if voice.is_wanted(event, [])]


def make_secret(dialect: str) -> str:
    """Return a new secret in the form that the dialect's receivers take."""
    if dialect == NATIVE:
        return native_voice.make_secret()
    return f"{native_voice.PREFIX}{secrets.token_urlsafe(30)}"


def first_secret(dialect: str) -> str:
    """Return the secret of a new endpoint; empty where the API key signs, or nothing."""
    is_own = VOICES[dialect].SIGNED_WITH == SignedWith.SECRET
    return make_secret(dialect) if is_own else ""


def needs_key(dialect: str) -> bool:
    """Tell whether a webhook cannot go out without a key to sign it with."""
    return dialect == NATIVE or DIALECTS[dialect].NEEDS_KEY


# --- Bodies --------------------------------------------------------------------------
def bodies(
    endpoint: WebhookEndpoint, events: Iterable[str], call: Call, at: datetime
) -> dict[str, str]:
    """Return the body of each event, in the endpoint's format."""
    if endpoint.dialect == NATIVE:
        shown = call_json(call)
        return {e: _text(native_voice.webhook(e, shown, at)) for e in events}
    voice, told, tenant = DIALECTS[endpoint.dialect], record(call), _tenant(endpoint)
    return {event: _text(voice.webhook(event, told, tenant)) for event in events}


def test(endpoint: WebhookEndpoint, at: datetime) -> tuple[str, str]:
    """Return the event and the body of a test.

    The dialects have no event of their own for it: they tell of a call's end that never
    was, with `{"test": true}` as its metadata.
    """
    if endpoint.dialect == NATIVE:
        words = "This is a test. It is about no call."
        data = {"endpoint_id": str(endpoint.pk), "message": words}
        return native_voice.TEST, _text(
            native_voice.webhook(native_voice.TEST, data, at)
        )
    voice = DIALECTS[endpoint.dialect]
    event = next(event for event in voice.EVENTS if voice.is_terminal(event))
    return event, _text(voice.webhook(event, _nobody(at), _tenant(endpoint)))


def _nobody(at: datetime) -> CallRecord:
    """Return a call that never was."""
    line = TurnFacts("agent", "This is a test.", start_ms=0, end_ms=1000)
    update = CallUpdate(
        reference=str(NO_CALL),
        occurred_at=at,
        status="ended",
        answered_at=at - timedelta(seconds=1),
        ended_at=at,
        duration_ms=1000,
        answered_by="human",
        end_reason="agent_hangup",
        fault="none",
        turns=(line,),
        tools=(),
        analysis=Analysis("This is a test.", "neutral", True),
        direction="outbound",
        from_number="+16285550100",
        to_number="+14155550100",
        metadata={"test": True},
    )
    return CallRecord(
        id=str(NO_CALL),
        status=update.status,
        type=update.type,
        direction=update.direction,
        agent_id="agent_test",
        agent_name="Test",
        agent_version=0,
        created_at=at - timedelta(seconds=2),
        update=update,
        overrides=Overrides(),
        variables={},
        sip_headers={},
        metadata=update.metadata,
        from_number=update.from_number,
        to_number=update.to_number,
    )


def _tenant(endpoint: WebhookEndpoint) -> Tenant:
    workspace = endpoint.workspace
    return Tenant(str(workspace.pk), workspace.name)


def _text(body: Json) -> str:
    return json.dumps(body, separators=(",", ":"))


# --- Headers -------------------------------------------------------------------------
def headers(
    dialect: str, message_id: str, body: bytes, keys: Sequence[str], now_ms: int
) -> dict[str, str]:
    """Return the headers of a webhook; the dialects sign with the first key only."""
    if dialect == NATIVE:
        return native_voice.headers(message_id, body, keys, now_ms)
    return DIALECTS[dialect].headers(body, keys[0] if keys else "", now_ms)
