"""Our own API for calls: launching and reading them by programs, at /api/v1/calls."""

import re
import uuid
from typing import Annotated, Any, NoReturn

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Field, Schema, Status
from pydantic import ConfigDict, StrictBool

from agents.providers.base import LaunchWish, Overrides, ProviderError
from calls import dispatch, launch, plan, tasks
from calls.api import keys, native_filters, native_parameters
from calls.api.native_door import (
    IdempotencyKey,
    Limit,
    Moment,
    Whole,
    api,
    key_of,
    text_like,
)
from calls.api.native_problem import Problem, not_told
from calls.api.native_queries import taking
from calls.history import pages
from calls.models import Call, RecordingState, Source
from calls.own_json import call_json, unheard
from calls.privacy import masking
from calls.refusals import LaunchRefused, Refusal
from calls.sound import audio
from calls.views.recordings import play
from dashboard.models import ApiKey, Workspace

Json = dict[str, Any]


class OverridesIn(Schema):
    """Settings of the agent for one call; more of it is said in `native_bodies`."""

    model_config = ConfigDict(extra="forbid")
    voice: str = ""
    model: str = ""
    opening_line: str = ""
    max_duration_ms: Whole | None = None
    raw: Json = Field(default_factory=dict)


class LaunchIn(Schema):
    """A wish to call."""

    model_config = ConfigDict(extra="forbid")
    to_number: str = ""
    agent_id: str = ""
    from_number: str = ""
    agent_version: Whole | str | None = None
    variables: Json = Field(default_factory=dict)
    overrides: OverridesIn = Field(default_factory=OverridesIn)
    sip_headers: Json = Field(default_factory=dict)
    metadata: Json = Field(default_factory=dict)
    external_id: str = Field("", max_length=200)
    scheduled_at: Moment | None = None
    contact_id: uuid.UUID | None = None
    ignore_e164_validation: StrictBool = False
    trunk_name: str = Field("", max_length=120)
    customer_name: str = Field("", max_length=120)
    type: Annotated[str, Field(pattern="^(phone|web)$")] = "phone"


@api.post("/calls", response={201: Json, 200: Json})
def create_call(
    request: HttpRequest,
    body: LaunchIn,
    idempotency_key: IdempotencyKey = "",
) -> Status[Json]:
    """Launch a call. A repeat with the same key or external_id is the first call."""
    key = key_of(request, keys.WRITES_CALLS)
    ready = _plan(key, body)
    wish_key = f"key:{idempotency_key}" if idempotency_key else ""
    if not wish_key and body.external_id:
        wish_key = f"external:{body.external_id}"
    try:
        call, is_new = launch.ask(ready, wish_key, body.scheduled_at), False
        if call is None:
            call, is_new = launch.launch(ready, wish_key, body.scheduled_at)
    except launch.LaunchConflict as conflict:
        message = "This key was used for a call with other values."
        raise Problem(
            409, "idempotency_conflict", message, call_id=str(conflict.call.pk)
        ) from None
    except LaunchRefused as error:
        raise _refused(error.refusal) from None
    if not is_new:
        return Status(200, _shown(key, call.pk))
    tasks.nudge(call)
    # Nothing was said in it yet, so there is nothing to read.
    return Status(201, _told(key, call_json(call, with_transcript=False)))


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


# Where somebody is in the list: by time, or by duration or cost and then by time.
CURSOR = r"^((-?[0-9]{1,17}\.)?[0-9]{1,17}-[0-9a-f]{32})?$"
CallCursor = Annotated[str, text_like(pattern=CURSOR)]


@api.get("/calls", response=Json)
@taking(*native_parameters.TAKEN)
def list_calls(
    request: HttpRequest,
    cursor: CallCursor = "",
    limit: Limit = 50,
) -> Json:
    """List calls without transcripts, newest first; every filter of the history."""
    key = key_of(request, keys.READS_CALLS)
    workspace, eyes = key.workspace, masking.key_reader(key)
    wanted = native_filters.chosen(workspace, request.GET)
    if cursor and pages.read_cursor(cursor, wanted.sort) is None:
        _refuse(cursor)
    found = pages.page(workspace, wanted, timezone.now(), after=cursor, size=limit)
    told = [call_json(call, with_transcript=False) for call in found.calls]
    items = [masking.mask_call_json(one, eyes) for one in told]
    return {"items": items, "next": found.older or None}


def _refuse(cursor: str) -> NoReturn:
    """Refuse a cursor: of another order, or no cursor at all."""
    if re.fullmatch(CURSOR, cursor):
        words = "This cursor is not of this order: leave it out, or ask as before."
        raise Problem(409, "conflict", words, "cursor")
    raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")


def _shown(key: ApiKey, call_id: uuid.UUID) -> Json:
    """Return a call with its transcript, as a key may see it."""
    return _told(key, call_json(_full(key.workspace, call_id)))


def _told(key: ApiKey, told: Json) -> Json:
    if not keys.may(key, keys.READS_CALLS):
        told = unheard(told)
    return masking.mask_call_json(told, masking.key_reader(key))


@api.get("/calls/{call_id}", response=Json)
def get_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """Return one call with its transcript."""
    key = key_of(request, keys.READS_CALLS)
    return _shown(key, call_id)


@api.post("/calls/{call_id}/cancel", response=Json)
def cancel_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """Take back a call that has not gone out yet; 409 when it has."""
    key = key_of(request, keys.WRITES_CALLS)
    call = _full(key.workspace, call_id)
    if not dispatch.cancel(call):
        message = f"This call is {call.get_status_display().lower()}: too late."
        raise Problem(409, "too_late", message)
    return _shown(key, call_id)


@api.post("/calls/{call_id}/hang-up", response=Json)
def hang_up_call(request: HttpRequest, call_id: uuid.UUID) -> Json:
    """End a live call; one that has not gone out is canceled, one that is over stays."""
    key = key_of(request, keys.WRITES_CALLS)
    call = _full(key.workspace, call_id)
    if call.is_open:
        try:
            tasks.hang_up(call)
        except ProviderError as error:
            raise not_told(error) from None
    return _shown(key, call_id)


@api.get("/calls/{call_id}/recording", response={200: None})
def get_recording(request: HttpRequest, call_id: uuid.UUID) -> HttpResponseBase:
    """Return the sound of a call, or with a Range header the part asked for.

    409 where the call has none, or none yet.
    """
    call = _full(key_of(request, keys.READS_CALLS).workspace, call_id)
    sound = audio.sound(call)
    if sound is None:
        kept = audio.kept(call)
        waits = kept is not None and kept.state == RecordingState.PENDING
        message = "It is still being fetched." if waits else "It is not kept here."
        raise Problem(409, "conflict", f"This call has no recording. {message}")
    answer = play(request, sound)
    if answer.status_code != 416:
        return answer
    problem = Problem(416, "invalid_range", "The recording has no such range.")
    problem.headers["Content-Range"] = answer["Content-Range"]
    raise problem
