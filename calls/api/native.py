"""Our own API: launching and reading calls by programs, under /api/v1/.

Errors are `{"error": code, "message": sentence, "field": name or null, "details": {}}`.
"""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Field, Header, NinjaAPI, Query, Schema, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer
from pydantic import AwareDatetime, ConfigDict

from agents.providers.base import LaunchWish, Overrides
from calls import dispatch, history, plan, policy, tasks
from calls.api import keys
from calls.api.shapes import agent_json, call_json, number_json
from calls.api.visit import NOT_JSON, decode
from calls.models import Call, Source
from calls.models.call import CallQuerySet
from dashboard.models import ApiKey, Workspace

Json = dict[str, Any]


class Problem(Exception):
    """An error answer: an HTTP status, a code, a sentence and the field."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": code, "message": message, "field": field, "details": more}


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key row becomes `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        """Return the usable key, or answer 401."""
        key = ApiKey.find(token)
        if key is None:
            raise Problem(401, "invalid_key", "This API key is not valid (any more).")
        keys.touch(key)
        return key


class CarefulParser(Parser):
    """Reads only JSON that can be kept; anything else is answered with 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Decode the body; ninja turns what this raises into an HttpError."""
        return decode(request.body)


api = NinjaAPI(
    title="Switchboard",
    version="1",
    auth=KeyAuth(),
    parser=CarefulParser(),
    urls_namespace="api",
    docs_url="/docs",
)


@api.exception_handler(Problem)
def answer_problem(request: HttpRequest, error: Problem) -> HttpResponse:
    """Answer in our error shape."""
    return api.create_response(request, error.body, status=error.status)


@api.exception_handler(AuthenticationError)
def answer_no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Answer a request without a key."""
    message = "Send your API key as `Authorization: Bearer <key>`."
    return answer_problem(request, Problem(401, "authentication_required", message))


@api.exception_handler(ValidationError)
def answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer a body or query that does not fit, naming the first field."""
    first = error.errors[0]
    field = ".".join(str(part) for part in first["loc"][2:]) or None
    message = f"{field or 'The request'}: {first['msg']}."
    return answer_problem(request, Problem(400, "invalid_json", message, field))


@api.exception_handler(HttpError)
def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer a body that is not JSON at all."""
    if error.status_code == 400:
        return answer_problem(request, Problem(400, "invalid_json", NOT_JSON))
    problem = Problem(error.status_code, "server_error", str(error))
    return answer_problem(request, problem)


def key_of(request: HttpRequest, scope: str) -> ApiKey:
    """Return the key of the request, if it has the scope."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if not keys.may(key, scope):
        message = f"This API key does not have the scope {scope}."
        raise Problem(403, "permission_denied", message)
    return key


class OverridesIn(Schema):
    """Settings of the agent for one call."""

    model_config = ConfigDict(extra="forbid")
    voice: str = ""
    model: str = ""
    opening_line: str = ""
    max_duration_ms: int | None = None
    raw: Json = Field(default_factory=dict)


# Times outside these cannot be turned into another zone, or kept.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class LaunchIn(Schema):
    """A wish to call."""

    model_config = ConfigDict(extra="forbid")
    to_number: str = ""
    agent_id: str = ""
    from_number: str = ""
    agent_version: int | str | None = None
    variables: Json = Field(default_factory=dict)
    overrides: OverridesIn = Field(default_factory=OverridesIn)
    sip_headers: Json = Field(default_factory=dict)
    metadata: Json = Field(default_factory=dict)
    external_id: str = Field("", max_length=200)
    scheduled_at: Annotated[AwareDatetime, Field(ge=EPOCH, le=LATEST)] | None = None
    contact_id: uuid.UUID | None = None
    ignore_e164_validation: bool = False
    trunk_name: str = Field("", max_length=120)
    customer_name: str = Field("", max_length=120)
    type: Annotated[str, Field(pattern="^(phone|web)$")] = "phone"


@api.post("/calls", response={201: Json, 200: Json})
def create_call(
    request: HttpRequest,
    body: LaunchIn,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Status[Json]:
    """Launch a call. A repeat with the same key or external_id is the first call."""
    key = key_of(request, "calls:write")
    ready = _plan(key, body)
    wish_key = f"key:{idempotency_key}" if idempotency_key else ""
    if not wish_key and body.external_id:
        wish_key = f"external:{body.external_id}"
    # A repeat is the first call, even if it could not go out any more.
    known = key.workspace.calls.filter(launch_key=wish_key) if wish_key else None
    if known is None or not known.exists():
        _must_be_allowed(ready)
    try:
        with transaction.atomic():
            call, is_new = dispatch.launch(ready, wish_key, body.scheduled_at)
            if is_new:
                tasks.nudge(call)
    except dispatch.LaunchConflict as conflict:
        message = "This key was used for a call with other values."
        raise Problem(
            409, "idempotency_conflict", message, call_id=str(conflict.call.pk)
        ) from None
    shown = call_json(_full(key.workspace, call.pk))
    return Status(201 if is_new else 200, shown)


def _must_be_allowed(ready: plan.Plan) -> None:
    for first in policy.check(ready)[:1]:
        mend = {"mend": first.mend} if first.mend else {}
        raise Problem(
            first.status, first.code, first.message, first.field or None, **mend
        )


def _plan(key: ApiKey, body: LaunchIn) -> plan.Plan:
    workspace, contact = key.workspace, None
    if body.contact_id:
        contact = workspace.contacts.filter(pk=body.contact_id).first()
        if contact is None:
            raise Problem(404, "not_found", "There is no such contact.", "contact_id")
    wish = LaunchWish(
        to_number=body.to_number or (contact.number if contact else ""),
        from_number=body.from_number,
        agent_id=body.agent_id,
        agent_version=body.agent_version,
        type=body.type,
        variables=body.variables,
        overrides=Overrides(**body.overrides.dict()),
        sip_headers=body.sip_headers,
        metadata=body.metadata,
        trunk_name=body.trunk_name,
        customer_name=body.customer_name,
        ignore_e164_validation=body.ignore_e164_validation,
        external_id=body.external_id,
    )
    return plan.prepare(
        workspace, wish, source=Source.API, api_key=key, contact=contact
    )


def _full(workspace: Workspace, pk: uuid.UUID) -> Call:
    rows = workspace.calls.for_list().prefetch_related("turns", "tool_calls")
    call = rows.filter(pk=pk).first()
    if call is None:
        raise Problem(404, "not_found", "There is no such call.")
    return call


@api.get("/calls", response=Json)
def list_calls(
    request: HttpRequest,
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    status: str = "",
    direction: str = "",
    external_id: str = "",
) -> Json:
    """List calls, newest first, without transcripts."""
    rows = key_of(request, "calls:read").workspace.calls.for_list()
    wanted = {"status": status, "direction": direction, "external_id": external_id}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    found = list(_after(rows, cursor)[: limit + 1])
    more = found[limit - 1] if len(found) > limit else None
    items = [call_json(call, with_transcript=False) for call in found[:limit]]
    return {"items": items, "next": history.cursor(more) if more else None}


def _after(rows: CallQuerySet, cursor: str) -> CallQuerySet:
    """Return the rows behind the one the cursor names (a keyset page)."""
    if not cursor:
        return rows
    point = history.read_cursor(cursor)
    if point is None:
        raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
    return rows.before(*point)


@api.get("/calls/{call_id}", response=Json)
def get_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """Return one call with its transcript."""
    key = key_of(request, "calls:read")
    return call_json(_full(key.workspace, call_id))


@api.post("/calls/{call_id}/cancel", response=Json)
def cancel_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """Take back a call that has not gone out yet; 409 when it has."""
    key = key_of(request, "calls:write")
    call = _full(key.workspace, call_id)
    if not dispatch.cancel(call):
        message = f"This call is {call.get_status_display().lower()}: too late."
        raise Problem(409, "too_late", message)
    return call_json(_full(key.workspace, call_id))


@api.get("/agents", response=Json)
def list_agents(request: HttpRequest) -> Json:
    """List the agents with their versions."""
    rows = key_of(request, "agents:read").workspace.agents.current().for_list()
    return {"items": [agent_json(agent) for agent in rows], "next": None}


@api.get("/numbers", response=Json)
def list_numbers(request: HttpRequest) -> Json:
    """List the phone numbers with what is bound to them."""
    rows = key_of(request, "numbers:read").workspace.numbers.current().for_list()
    return {"items": [number_json(number) for number in rows], "next": None}
