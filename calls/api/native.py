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

from agents.providers.base import LaunchWish, Overrides, ProviderError
from calls import dispatch, history, launch, plan, tasks
from calls.api import keys
from calls.api.visit import NOT_JSON, decode
from calls.models import Call, Source
from calls.models.call import CallQuerySet
from calls.own_json import call_json
from calls.refusals import LaunchRefused, Refusal
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


# What the gate calls a field of a launch that has the wrong form.
CODES = {
    "overrides": "invalid_override",
    "sip_headers": "invalid_sip_header",
    "variables": "invalid_variables",
}


@api.exception_handler(ValidationError)
def answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer a body or query that does not fit, naming the first field."""
    first = error.errors[0]
    field = ".".join(str(part) for part in first["loc"][2:]) or None
    message = f"{field or 'The request'}: {first['msg']}."
    code = CODES.get((field or "").partition(".")[0], "invalid_json")
    return answer_problem(request, Problem(400, code, message, field))


@api.exception_handler(HttpError)
def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer a body that is not JSON at all."""
    if error.status_code == 400:
        return answer_problem(request, Problem(400, "invalid_json", NOT_JSON))
    problem = Problem(error.status_code, "server_error", str(error))
    return answer_problem(request, problem)


# How many rows a page of a list holds.
Limit = Annotated[int, Query(ge=1, le=200)]


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
    is_new = not launch.is_repeat(ready, wish_key)
    if is_new and (refusal := launch.against(ready, wish_key)):
        raise _refused(refusal)
    try:
        with transaction.atomic():
            call, is_new = launch.launch(ready, wish_key, body.scheduled_at)
            if is_new:
                tasks.nudge(call)
    except launch.LaunchConflict as conflict:
        message = "This key was used for a call with other values."
        raise Problem(
            409, "idempotency_conflict", message, call_id=str(conflict.call.pk)
        ) from None
    except LaunchRefused as error:
        raise _refused(error.refusal) from None
    shown = call_json(_full(key.workspace, call.pk))
    return Status(201 if is_new else 200, shown)


def _refused(no: Refusal) -> Problem:
    return Problem(no.status, no.code, no.message, no.field or None, **no.more)


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
        workspace,
        wish,
        source=Source.API,
        api_key=key,
        contact=contact,
        scheduled_at=body.scheduled_at,
    )


def _full(workspace: Workspace, pk: uuid.UUID) -> Call:
    rows = workspace.calls.for_list().prefetch_related("turns", "tool_calls")
    call = rows.filter(pk=pk).first()
    if call is None:
        raise Problem(404, "not_found", "There is no such call.")
    return call


class CallFilters(Schema):
    """What a list of calls is narrowed to, as in the history.

    `status` is a status, `live`, `waiting` or `look`. `agent` is our id or the
    provider's. `since` is included, `until` is not.
    """

    status: str = ""
    direction: str = ""
    agent: str = ""
    number: str = ""
    connection_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    external_id: str = ""
    since: Annotated[AwareDatetime, Field(ge=EPOCH, le=LATEST)] | None = None
    until: Annotated[AwareDatetime, Field(ge=EPOCH, le=LATEST)] | None = None
    q: str = Field("", max_length=200)


def _chosen(workspace: Workspace, wanted: CallFilters) -> CallQuerySet:
    """Return the calls that fit every filter."""
    agent = workspace.agents.known_as(wanted.agent) if wanted.agent else None
    if wanted.agent and agent is None:
        message = f"There is no agent “{wanted.agent}” in this workspace."
        raise Problem(404, "agent_not_found", message, "agent")
    rows = history.narrow(
        workspace,
        history.Filters(
            status=wanted.status,
            direction=wanted.direction,
            agent=agent.pk if agent else None,
            since=wanted.since,
            until=wanted.until,
            q=wanted.q.strip(),
        ),
    )
    exact = {
        "phone_number__number": wanted.number,
        "connection": wanted.connection_id,
        "contact": wanted.contact_id,
        "external_id": wanted.external_id,
    }
    return rows.filter(**{name: value for name, value in exact.items() if value})


@api.get("/calls", response=Json)
def list_calls(
    request: HttpRequest,
    filters: Query[CallFilters],
    cursor: str = "",
    limit: Limit = 50,
) -> Json:
    """List calls, newest first, without transcripts."""
    rows = _chosen(key_of(request, "calls:read").workspace, filters)
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


@api.post("/calls/{call_id}/hang-up", response=Json)
def hang_up_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """End a live call; one that has not gone out is canceled, one that is over stays."""
    key = key_of(request, "calls:write")
    call = _full(key.workspace, call_id)
    if call.is_open:
        try:
            tasks.hang_up(call)
        except ProviderError as error:
            raise Problem(409, "provider_error", error.message) from None
    return call_json(_full(key.workspace, call_id))
