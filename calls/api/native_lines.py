"""Our own API for lines: agents, and phone numbers with what is bound to them."""

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from django.forms import ValidationError
from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import BeforeValidator, ConfigDict

from agents import named, phone
from agents.binding import change
from agents.drift import drifts
from agents.forms import ceiling_words, read_countries
from agents.models import Agent, Direction, PhoneNumber
from agents.providers.base import ProviderError
from agents.setups import MAX_CPS, Setup, Side, SideRefused, names_of, side_with
from calls.api.call_filters import as_uuid
from calls.api.native_door import Limit, Whole, api, key_of, no_text, rounded
from calls.api.native_problem import Problem, not_told
from calls.api.native_queries import IdCursor, page_of
from calls.api.shapes import agent_json, number_json
from dashboard.models import Workspace

Json = dict[str, Any]


# --- Agents --------------------------------------------------------------------------
@api.get("/agents", response=Json)
def list_agents(
    request: HttpRequest,
    connection_id: uuid.UUID | None = None,
    cursor: IdCursor = "",
    limit: Limit = 200,
) -> Json:
    """List the agents with their versions."""
    rows = key_of(request, "agents:read").workspace.agents.current().for_list()
    if connection_id:
        rows = rows.filter(connection=connection_id)
    found, after = page_of(rows, cursor, limit)
    return {"items": [agent_json(agent) for agent in found], "next": after}


@api.get("/agents/{agent_id}", response=Json)
def get_agent(request: HttpRequest, agent_id: str) -> Json:
    """Return an agent, by our id or by its provider's."""
    return agent_json(_agent(key_of(request, "agents:read").workspace, agent_id))


def _agent(workspace: Workspace, agent_id: str, field: str | None = None) -> Agent:
    agent = named.agent(workspace, agent_id)
    if agent is None:
        message = f"There is no agent “{agent_id}” in this workspace."
        raise Problem(404, "agent_not_found", message, field)
    return agent


# --- Numbers -------------------------------------------------------------------------
class BoundIn(Schema):
    """Who is to have a direction: an agent, and a version (none: always the latest)."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(max_length=120)
    version: Whole | str | None = None


class NumberIn(Schema):
    """What may be set on a number; what is left out stays, null switches off."""

    model_config = ConfigDict(extra="forbid")
    inbound_agent: BoundIn | None = None
    outbound_agent: BoundIn | None = None
    label: str = Field("", max_length=120)
    cps: Annotated[
        Decimal,
        BeforeValidator(no_text),
        rounded(2),
        Field(gt=0, le=Decimal(str(MAX_CPS)), decimal_places=2),
    ] = Decimal(1)
    countries: list[str] = Field(default_factory=list, max_length=250)


@api.get("/numbers", response=Json)
def list_numbers(
    request: HttpRequest,
    connection_id: uuid.UUID | None = None,
    cursor: IdCursor = "",
    limit: Limit = 200,
) -> Json:
    """List the phone numbers with what is bound to them."""
    workspace = key_of(request, "numbers:read").workspace
    rows = workspace.numbers.current().for_list()
    if connection_id:
        rows = rows.filter(connection=connection_id)
    numbers, after = page_of(rows, cursor, limit)
    names = names_of(workspace, numbers)
    items = [number_json(number, drifts(number, names)) for number in numbers]
    return {"items": items, "next": after}


@api.get("/numbers/{number}", response=Json)
def get_number(request: HttpRequest, number: str) -> Json:
    """Return one phone number, by E.164 or by our id."""
    return _shown(_number(key_of(request, "numbers:read").workspace, number))


@api.patch("/numbers/{number}", response=Json)
def update_number(request: HttpRequest, number: str, body: NumberIn) -> Json:
    """Bind agents and set the rest: the provider is told at once, or nothing changes."""
    key = key_of(request, "numbers:write")
    row = _number(key.workspace, number)
    try:
        change(row, _setup(row, body), key)
    except ProviderError as error:
        raise not_told(error) from None
    return _shown(_number(key.workspace, str(row.pk)))


def _number(workspace: Workspace, written: str) -> PhoneNumber:
    rows = workspace.numbers.current().for_list().order_by("created_at")
    if pk := as_uuid(written):
        found = rows.filter(pk=pk).first()
    else:
        wanted = {written, phone.e164(written, workspace.country) or written}
        found = rows.filter(number__in=wanted).first()
    if found is None:
        message = f"There is no phone number “{written}” in this workspace."
        raise Problem(404, "no_phone_number", message)
    return found


def _shown(number: PhoneNumber) -> Json:
    names = names_of(number.workspace, [number])
    return number_json(number, drifts(number, names))


def _setup(number: PhoneNumber, body: NumberIn) -> Setup:
    """Return what the number is to have: what it has, with the body on top."""
    said = body.dict(exclude_unset=True)
    setup = Setup.of(number)
    for direction in Direction.values:
        if f"{direction}_agent" in said:
            wanted: BoundIn | None = getattr(body, f"{direction}_agent")
            side = _side(number, wanted, f"{direction}_agent") if wanted else Side()
            inbound = direction == Direction.INBOUND
            setup = (
                replace(setup, inbound=side)
                if inbound
                else replace(setup, outbound=side)
            )
    if "label" in said:
        setup = replace(setup, label=body.label)
    if "cps" in said:
        top = number.cps_ceiling()
        if body.cps > top:
            raise Problem(409, "conflict", ceiling_words(number, top), "cps")
        setup = replace(setup, cps=body.cps.normalize())
    if "countries" in said:
        setup = replace(setup, countries=_countries(body.countries))
    return setup


def _countries(written: list[str]) -> tuple[str, ...]:
    try:
        return read_countries(",".join(written))
    except ValidationError as error:
        message = " ".join(error.messages)
        raise Problem(400, "invalid_json", message, "countries") from None


def _side(number: PhoneNumber, wanted: BoundIn, field: str) -> Side:
    agent = _agent(number.workspace, wanted.id, field)
    try:
        return side_with(number, agent, wanted.version)
    except SideRefused as error:
        status, code = (404, error.code) if error.code else (409, "conflict")
        raise Problem(status, code, str(error), field) from None
