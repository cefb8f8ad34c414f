"""Our own API for webhooks out: endpoints, what they were told, and sending again."""

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status
from pydantic import ConfigDict, StrictBool

from calls.api.native_door import Bound, Limit, RowCursor, api, key_of
from calls.api.native_problem import Problem, problem_of
from calls.api.native_queries import page_of
from calls.forms.endpoints import EndpointForm
from calls.hooks import endpoints, voices
from calls.models import Attempt, Delivery, WebhookEndpoint
from calls.own_json import Json, time
from calls.privacy import masking
from dashboard.models import ApiKey

READ, WRITE = "webhooks:read", "webhooks:write"


class EndpointIn(Schema):
    """A new endpoint; without `events` it hears the usual ones of its format."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=600)
    format: str = Field(voices.NATIVE, max_length=20)
    name: str = Field("", max_length=120)
    events: list[str] = Field(default_factory=list, max_length=50)


class EndpointChange(Schema):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field("", max_length=600)
    name: str = Field("", max_length=120)
    events: list[str] = Field(default_factory=list, max_length=50)
    is_paused: StrictBool = False


class ReplayIn(Schema):
    """From when (included) until when (not included) to send again."""

    model_config = ConfigDict(extra="forbid")
    since: Bound
    until: Bound
    only_failed: StrictBool = True


# --- Endpoints -----------------------------------------------------------------------
@api.get("/webhook-endpoints", response=Json)
def list_webhook_endpoints(
    request: HttpRequest, cursor: RowCursor = "", limit: Limit = 200
) -> Json:
    """List who is told of calls; secrets are never shown."""
    rows = endpoints.of_workspace(key_of(request, READ).workspace)
    found, after = page_of(rows.defer("secret", "old_secret"), cursor, limit)
    return {"items": [endpoint_json(row) for row in found], "next": after}


@api.post("/webhook-endpoints", response={201: Json})
def create_webhook_endpoint(request: HttpRequest, body: EndpointIn) -> Status[Json]:
    """Add an endpoint; `secret` is in this answer and nowhere else."""
    key = key_of(request, WRITE)
    if body.format not in voices.VOICES:
        known = ", ".join(voices.VOICES)
        message = f"There is no format “{body.format}”. There are: {known}."
        raise Problem(400, "invalid_json", message, "format")
    events = body.events or voices.usual_events(body.format)
    typed = {"url": body.url, "name": body.name, "events": events}
    form = EndpointForm(key.workspace, body.format, typed)
    row = endpoints.create(key.workspace, key, dialect=body.format, **_read(form))
    return Status(201, endpoint_json(row) | {"secret": row.secret or None})


@api.get("/webhook-endpoints/{endpoint_id}", response=Json)
def get_webhook_endpoint(request: HttpRequest, endpoint_id: int) -> Json:
    """Return one endpoint."""
    return endpoint_json(_endpoint(key_of(request, READ), endpoint_id))


@api.patch("/webhook-endpoints/{endpoint_id}", response=Json)
def update_webhook_endpoint(
    request: HttpRequest, endpoint_id: int, body: EndpointChange
) -> Json:
    """Change where it is and what it hears; pause it, or resume it."""
    key = key_of(request, WRITE)
    row, said = _endpoint(key, endpoint_id), body.dict(exclude_unset=True)
    is_paused = said.pop("is_paused", bool(row.paused_at))
    if "events" in said and not said["events"]:
        said["events"] = voices.usual_events(row.dialect)
    events = row.events or voices.usual_events(row.dialect)
    typed = {"url": row.url, "name": row.name, "events": events} | said
    form = EndpointForm(key.workspace, row.dialect, typed, row)
    fields = _read(form, "invalid_choice")
    changed = {name: value for name, value in fields.items() if name in said}
    endpoints.change(row, key, changed)
    if is_paused != bool(row.paused_at):
        verb = endpoints.pause if is_paused else endpoints.resume
        verb(row, key, timezone.now())
    return endpoint_json(_endpoint(key, endpoint_id))


@api.delete("/webhook-endpoints/{endpoint_id}", response={204: None})
def delete_webhook_endpoint(request: HttpRequest, endpoint_id: int) -> Status[None]:
    """Delete an endpoint with its log, and what it is still owed."""
    key = key_of(request, WRITE)
    endpoints.delete(_endpoint(key, endpoint_id), key)
    return Status(204, None)


@api.post("/webhook-endpoints/{endpoint_id}/rotate-secret", response=Json)
def rotate_webhook_secret(request: HttpRequest, endpoint_id: int) -> Json:
    """Make a new secret; `old_secret_until` says how long the old one signs, too."""
    key = key_of(request, WRITE)
    row = _endpoint(key, endpoint_id)
    if not voices.VOICES[row.dialect].SIGNED_WITH:
        message = "Webhooks of this format are not signed."
        raise Problem(409, "conflict", message)
    secret = endpoints.rotate(row, key, timezone.now())
    return endpoint_json(row) | {"secret": secret}


@api.post("/webhook-endpoints/{endpoint_id}/test", response={202: Json})
def test_webhook_endpoint(request: HttpRequest, endpoint_id: int) -> Status[Json]:
    """Have a test sent, once; the delivery tells what came of it."""
    row = _endpoint(key_of(request, WRITE), endpoint_id)
    return Status(202, delivery_json(endpoints.test(row, timezone.now())))


# --- Deliveries ----------------------------------------------------------------------
@api.get("/webhook-endpoints/{endpoint_id}/deliveries", response=Json)
def list_webhook_deliveries(
    request: HttpRequest,
    endpoint_id: int,
    failed: bool = False,
    cursor: RowCursor = "",
    limit: Limit = 50,
) -> Json:
    """List what was told, newest first; `failed`: only what was not taken."""
    row = _endpoint(key_of(request, READ), endpoint_id)
    before = _cursor(cursor) if cursor else None
    rows = endpoints.log(row, only_failed=failed, before=before)
    found = list(rows.defer("body")[: limit + 1])
    items = [delivery_json(one) for one in found[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(found) > limit else None}


@api.get("/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}", response=Json)
def get_webhook_delivery(
    request: HttpRequest, endpoint_id: int, delivery_id: int
) -> Json:
    """Return one delivery with its body (null: it was erased) and every try."""
    key = key_of(request, READ)
    one = _deliveries(_endpoint(key, endpoint_id), delivery_id)[0]
    tries = [attempt_json(attempt) for attempt in one.log.order_by("pk")]
    told = json.loads(one.body) if one.body else None
    body = masking.key_reader(key).value(told)
    return delivery_json(one) | {"body": body, "log": tries}


@api.post(
    "/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/replay",
    response={202: Json},
)
def replay_webhook_delivery(
    request: HttpRequest, endpoint_id: int, delivery_id: int
) -> Status[Json]:
    """Send a delivery again that is over; one that still waits stays as it is."""
    key = key_of(request, WRITE)
    row = _endpoint(key, endpoint_id)
    rows = _deliveries(row, delivery_id)
    endpoints.replay(rows, row, key, timezone.now())
    return Status(202, delivery_json(_deliveries(row, delivery_id)[0]))


@api.post("/webhook-endpoints/{endpoint_id}/replay", response={202: Json})
def replay_webhook_deliveries(
    request: HttpRequest, endpoint_id: int, body: ReplayIn
) -> Status[Json]:
    """Send again what was to be told in a time; `count` says how many those are."""
    key = key_of(request, WRITE)
    row = _endpoint(key, endpoint_id)
    rows = endpoints.in_time(row, body.since, body.until, only_failed=body.only_failed)
    count = endpoints.replay(rows, row, key, timezone.now())
    return Status(202, {"count": count})


# --- Finding and reading -------------------------------------------------------------
def _endpoint(key: ApiKey, endpoint_id: int) -> WebhookEndpoint:
    row = endpoints.of_workspace(key.workspace).filter(pk=endpoint_id).first()
    if row is None:
        raise Problem(404, "not_found", "There is no such webhook endpoint.")
    return row


def _deliveries(row: WebhookEndpoint, delivery_id: int) -> QuerySet[Delivery]:
    """Return the one delivery with this id; 404 when there is none."""
    rows = row.deliveries.filter(pk=delivery_id)
    if not rows.exists():
        raise Problem(404, "not_found", "There is no such delivery.")
    return rows


def _cursor(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 19):
        raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
    return int(written)


def _read(form: EndpointForm, *conflicts: str) -> dict[str, Any]:
    if problem := problem_of(form, *conflicts):
        raise problem
    return form.cleaned_data


# --- Shapes --------------------------------------------------------------------------
def endpoint_json(row: WebhookEndpoint) -> Json:
    """Return an endpoint; never its secret."""
    return {
        "id": str(row.pk),
        "name": row.name or None,
        "format": row.dialect,
        "url": row.url,
        "events": row.events or voices.usual_events(row.dialect),
        "agent_id": str(row.agent_id) if row.agent_id else None,
        "is_active": row.is_active,
        "is_paused": row.paused_at is not None,
        "paused_at": time(row.paused_at),
        "paused_why": row.paused_why or None,
        "failing_since": time(row.failing_since),
        "failures": row.failures,
        "old_secret_until": time(row.old_secret_until),
        "created_at": time(row.created_at),
    }


def delivery_json(row: Delivery) -> Json:
    """Return a delivery without its body."""
    return {
        "id": str(row.pk),
        "message_id": row.message_id,
        "event": row.event,
        "call_id": str(row.call_id) if row.call_id else None,
        "state": str(row.state),
        "tries": row.attempts,
        "created_at": time(row.created_at),
        "due_at": time(row.due_at),
        "delivered_at": time(row.delivered_at),
        "last_status": row.last_status,
        "last_error": row.last_error or None,
    }


def attempt_json(row: Attempt) -> Json:
    """Return one try to deliver."""
    return {
        "at": time(row.at),
        "headers": row.headers,
        "status": row.status,
        "answer": row.answer,
        "problem": row.problem or None,
        "duration_ms": row.duration_ms,
    }
