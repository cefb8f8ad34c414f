"""What our own API answers with, as JSON Schema: the components of its OpenAPI text.

Every field named here is always there; more may come, and clients should not mind.
"""

from typing import Any

from agents.models import Carrier
from agents.providers.registry import PROVIDERS
from calls.hooks import voices
from calls.models import CallStatus, EntryKind, Scope, VariableKind
from calls.models.call import CallType
from calls.models.traffic import DeliveryState

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
YES_NO: Json = {"type": "boolean"}
FREE: Json = {"type": "object", "additionalProperties": True}
ID: Json = {"type": "string", "format": "uuid"}
# Whole numbers, written as text.
ROW_ID: Json = {"type": "string", "pattern": "^[0-9]+$"}
TIME: Json = {"type": "string", "format": "date-time"}
URL: Json = {"type": "string", "format": "uri"}
AMOUNT: Json = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def maybe(schema: Json) -> Json:
    """Return a schema that also takes null."""
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(words: Any) -> Json:
    """Return a schema for one of some words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def rows(schema: Json) -> Json:
    """Return a schema for a list."""
    return {"type": "array", "items": schema}


def fields(**properties: Json) -> Json:
    """Return a schema for an object that has all of these."""
    required = sorted(properties)
    return {"type": "object", "required": required, "properties": properties}


def ref(name: str) -> Json:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str) -> Json:
    """Return a schema for a page of a list."""
    return fields(items=rows(ref(name)), next=maybe(TEXT))


def told(words: str, schema: Json) -> Json:
    """Add a description."""
    return {**schema, "description": words}


PROVIDER = one_of(sorted(PROVIDERS))
NAMED_AGENT = {"id": ID, "name": TEXT}
SHAPES: dict[str, Json] = {
    "Problem": fields(
        error=told("A code for programs.", TEXT),
        message=told("A sentence for people.", TEXT),
        field=told("What it is about, where it is one field.", maybe(TEXT)),
        details=told("More for programs, for example `next_allowed_at`.", FREE),
    ),
    "Turn": fields(
        index=WHOLE,
        role=TEXT,
        text=TEXT,
        start_ms=maybe(WHOLE),
        end_ms=maybe(WHOLE),
    ),
    "ToolCall": fields(
        name=TEXT,
        arguments=TEXT,
        result=TEXT,
        succeeded=maybe(YES_NO),
        start_ms=maybe(WHOLE),
        duration_ms=maybe(WHOLE),
    ),
    "Call": fields(
        id=ID,
        status=one_of(CallStatus.values),
        type=one_of(CallType.values),
        direction=one_of(["outbound", "inbound"]),
        provider=PROVIDER,
        connection_id=ID,
        agent=maybe(fields(**NAMED_AGENT, version=maybe(WHOLE))),
        from_number=maybe(TEXT),
        to_number=maybe(TEXT),
        contact_id=maybe(ID),
        answered_by=maybe(TEXT),
        end_reason=told("In our words.", maybe(TEXT)),
        end_reason_raw=told("In the provider's words.", maybe(TEXT)),
        fault=maybe(TEXT),
        note=told("What a person should know, in words.", maybe(TEXT)),
        variables=FREE,
        overrides=FREE,
        sip_headers=FREE,
        metadata=FREE,
        external_id=maybe(TEXT),
        provider_call_id=maybe(TEXT),
        created_at=TIME,
        scheduled_at=maybe(TIME),
        queued_at=maybe(TIME),
        dialed_at=maybe(TIME),
        ringing_at=maybe(TIME),
        answered_at=maybe(TIME),
        ended_at=maybe(TIME),
        duration_ms=maybe(WHOLE),
        cost=maybe(fields(amount=AMOUNT, currency=TEXT)),
        transcript=told("Empty in lists.", rows(ref("Turn"))),
        tool_calls=told("Empty in lists.", rows(ref("ToolCall"))),
        latency=FREE,
        analysis=fields(
            summary=maybe(TEXT),
            sentiment=maybe(TEXT),
            successful=maybe(YES_NO),
            custom=FREE,
        ),
        recording_url=told(
            "An address of ours that takes the same key; see `get_recording`.",
            maybe(URL),
        ),
        join=told("What it takes to join a web call; empty for others.", FREE),
    ),
    "Agent": fields(
        id=ID,
        name=TEXT,
        provider=PROVIDER,
        connection_id=ID,
        provider_agent_id=TEXT,
        versions=rows(fields(version=WHOLE, published=YES_NO, created_at=maybe(TIME))),
        variables=rows(TEXT),
    ),
    "BoundAgent": fields(
        **NAMED_AGENT,
        version=told("`latest`, or a number.", {"type": ["string", "integer"]}),
    ),
    "Number": fields(
        id=ID,
        number=TEXT,
        label=TEXT,
        provider=PROVIDER,
        connection_id=ID,
        inbound_agent=maybe(ref("BoundAgent")),
        outbound_agent=maybe(ref("BoundAgent")),
        carrier=one_of(Carrier.values),
        cps=NUMBER,
        countries=rows(TEXT),
        drift=rows(fields(direction=TEXT, ours=TEXT, theirs=TEXT)),
    ),
    "Connection": fields(
        id=ID,
        name=TEXT,
        provider=PROVIDER,
        base_url=maybe(TEXT),
        is_active=YES_NO,
        concurrency=WHOLE,
        checks=rows(FREE),
        checked_at=maybe(TIME),
        synced_at=maybe(TIME),
        sync_error=maybe(TEXT),
        first_event_at=maybe(TIME),
        created_at=TIME,
    ),
    "ConnectionWithAddress": {
        "allOf": [
            ref("Connection"),
            fields(webhook_url=told("What to give the provider.", maybe(URL))),
        ]
    },
    "Contact": fields(
        id=ID,
        name=TEXT,
        number=TEXT,
        email=maybe(TEXT),
        company=maybe(TEXT),
        timezone=maybe(TEXT),
        do_not_call=YES_NO,
        attributes=FREE,
        created_at=TIME,
        changed_at=TIME,
    ),
    "Variable": fields(
        id=ROW_ID,
        scope=told("Whom it speaks of.", one_of(Scope.values)),
        name=TEXT,
        placeholder=told("The name that agents write, between two braces.", TEXT),
        label=TEXT,
        description=maybe(TEXT),
        kind=one_of(VariableKind.values),
        options=rows(TEXT),
        value=told("The business's; contacts have theirs as attributes.", maybe(TEXT)),
        created_at=TIME,
    ),
    "Suppression": fields(number=TEXT, reason=maybe(TEXT), created_at=TIME),
    "WebhookEndpoint": fields(
        id=ROW_ID,
        name=maybe(TEXT),
        format=one_of(voices.VOICES),
        url=TEXT,
        events=rows(TEXT),
        agent_id=maybe(ID),
        is_active=YES_NO,
        is_paused=YES_NO,
        paused_at=maybe(TIME),
        paused_why=maybe(TEXT),
        failing_since=maybe(TIME),
        failures=WHOLE,
        old_secret_until=maybe(TIME),
        created_at=TIME,
    ),
    "WebhookEndpointWithSecret": {
        "allOf": [ref("WebhookEndpoint"), fields(secret=maybe(TEXT))]
    },
    "Delivery": fields(
        id=ROW_ID,
        message_id=TEXT,
        event=TEXT,
        call_id=maybe(ID),
        state=one_of(DeliveryState.values),
        tries=WHOLE,
        created_at=TIME,
        due_at=maybe(TIME),
        delivered_at=maybe(TIME),
        last_status=maybe(WHOLE),
        last_error=maybe(TEXT),
    ),
    "DeliveryWithLog": {
        "allOf": [ref("Delivery"), fields(body=maybe(FREE), log=rows(ref("Attempt")))]
    },
    "Attempt": fields(
        at=TIME,
        headers=FREE,
        status=maybe(WHOLE),
        answer=TEXT,
        problem=maybe(TEXT),
        duration_ms=maybe(WHOLE),
    ),
    "Replayed": fields(count=WHOLE),
    "Wallet": fields(
        is_on=YES_NO,
        currency=TEXT,
        balance=told("What may be spent, without what is `held`.", AMOUNT),
        held=AMOUNT,
        today=fields(
            date={"type": "string", "format": "date"}, charged=AMOUNT, held=AMOUNT
        ),
        limits=told("Per day; null where there is none.", FREE),
        rate_per_minute=maybe(AMOUNT),
        minimum_charge=maybe(AMOUNT),
        billing_step=TEXT,
        expected_minutes=NUMBER,
        rates=rows(
            fields(connection_id=maybe(ID), country=maybe(TEXT), per_minute=AMOUNT)
        ),
    ),
    "LedgerEntry": fields(
        id=TEXT,
        at=TIME,
        kind=one_of(EntryKind.values),
        amount=AMOUNT,
        currency=TEXT,
        balance_after=AMOUNT,
        call_id=maybe(ID),
        who=maybe(TEXT),
        note=maybe(TEXT),
    ),
}
