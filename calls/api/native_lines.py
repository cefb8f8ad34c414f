"""Our own API for lines: agents, phone numbers with what is bound, and connections."""

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.forms import Form, ValidationError
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status
from pydantic import ConfigDict

from agents import phone, sync
from agents.binding import change
from agents.connection_forms import ConnectionForm, SecretsForm
from agents.drift import drifts
from agents.forms import ceiling_words, read_countries
from agents.models import Agent, Connection, Direction, PhoneNumber
from agents.providers.base import ProviderBusy, ProviderError, ProviderUnclear
from agents.providers.registry import PROVIDERS
from agents.setups import Setup, Side, SideRefused, names_of, side_with
from calls import tasks
from calls.api.call_filters import as_uuid
from calls.api.native_door import Problem, api, key_of
from calls.api.shapes import agent_json, connection_json, number_json
from dashboard.celery import send
from dashboard.models import ApiKey, AuditEntry, Workspace

Json = dict[str, Any]


# --- Agents --------------------------------------------------------------------------
@api.get("/agents", response=Json)
def list_agents(request: HttpRequest, connection_id: uuid.UUID | None = None) -> Json:
    """List the agents with their versions."""
    rows = key_of(request, "agents:read").workspace.agents.current().for_list()
    if connection_id:
        rows = rows.filter(connection=connection_id)
    return {"items": [agent_json(agent) for agent in rows], "next": None}


@api.get("/agents/{agent_id}", response=Json)
def get_agent(request: HttpRequest, agent_id: str) -> Json:
    """Return an agent, by our id or by its provider's."""
    return agent_json(_agent(key_of(request, "agents:read").workspace, agent_id))


def _agent(workspace: Workspace, agent_id: str, field: str | None = None) -> Agent:
    agent = workspace.agents.known_as(agent_id)
    if agent is None:
        message = f"There is no agent “{agent_id}” in this workspace."
        raise Problem(404, "agent_not_found", message, field)
    return agent


# --- Numbers -------------------------------------------------------------------------
class BoundIn(Schema):
    """Who is to have a direction: an agent, and a version (none: always the latest)."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(max_length=120)
    version: int | str | None = None


class NumberIn(Schema):
    """What may be set on a number; what is left out stays, null switches off."""

    model_config = ConfigDict(extra="forbid")
    inbound_agent: BoundIn | None = None
    outbound_agent: BoundIn | None = None
    label: str = Field("", max_length=120)
    cps: Decimal = Field(Decimal(1), gt=0, max_digits=5, decimal_places=2)
    countries: list[str] = Field(default_factory=list, max_length=250)


@api.get("/numbers", response=Json)
def list_numbers(request: HttpRequest, connection_id: uuid.UUID | None = None) -> Json:
    """List the phone numbers with what is bound to them."""
    workspace = key_of(request, "numbers:read").workspace
    rows = workspace.numbers.current().for_list()
    if connection_id:
        rows = rows.filter(connection=connection_id)
    numbers = list(rows)
    names = names_of(workspace, numbers)
    items = [number_json(number, drifts(number, names)) for number in numbers]
    return {"items": items, "next": None}


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
        raise _not_told(error) from None
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
            raise Problem(400, "invalid_json", ceiling_words(number, top), "cps")
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
        status, code = (404, error.code) if error.code else (400, "invalid_json")
        raise Problem(status, code, str(error), field) from None


def _not_told(error: ProviderError) -> Problem:
    """Return the answer where a provider did not do what we asked it for."""
    if isinstance(error, ProviderBusy):
        return Problem(429, "limit_exceeded", error.message)
    status = 502 if isinstance(error, ProviderUnclear) else 409
    return Problem(status, "provider_error", error.message)


# --- Connections ---------------------------------------------------------------------
class ConnectionIn(Schema):
    """A new account at a provider; `settings` are those of `connection add --set`."""

    model_config = ConfigDict(extra="forbid")
    provider: str = Field(
        max_length=20, json_schema_extra={"enum": [*sorted(PROVIDERS)]}
    )
    name: str = Field(max_length=80)
    base_url: str = Field("", max_length=300)
    concurrency: int = 20
    settings: dict[str, str] = Field(default_factory=dict)


class ConnectionChange(Schema):
    """What may be changed; what is left out stays. Secrets are replaced by the page."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=80)
    concurrency: int = 20
    is_active: bool = True


@api.get("/connections", response=Json)
def list_connections(request: HttpRequest) -> Json:
    """List the connections; their secrets are never shown."""
    rows = key_of(request, "connections:read").workspace.connections.all()
    return {"items": [connection_json(row) for row in rows], "next": None}


@api.post("/connections", response={201: Json})
def create_connection(request: HttpRequest, body: ConnectionIn) -> Status[Json]:
    """Connect an account; the answer holds the address to give the provider."""
    key = key_of(request, "connections:write")
    kind = PROVIDERS.get(body.provider)
    if kind is None:
        known = ", ".join(sorted(PROVIDERS))
        message = f"There is no provider “{body.provider}”. There are: {known}."
        raise Problem(400, "invalid_json", message, "provider")
    known_settings = {setting.name for setting in kind.settings}
    if unknown := set(body.settings) - known_settings:
        message = f"{kind.label} has no setting “{min(unknown)}”."
        raise Problem(400, "invalid_json", message, f"settings.{min(unknown)}")
    about = ConnectionForm(key.workspace, body.dict())
    typed = {f"set_{name}": value for name, value in body.settings.items()}
    url = body.base_url or kind.default_base_url
    secrets = SecretsForm(kind, {"base_url": url, **typed})
    _refuse(about, secrets)
    fields: Json = {
        **about.cleaned_data,
        "provider": kind.slug,
        "base_url": secrets.base_url(),
        "credentials": secrets.credentials(),
    }
    connection = key.workspace.connections.create(**fields)
    _note(key, "connection.added", connection, {"base_url": connection.base_url})
    return Status(201, _with_address(connection))


@api.get("/connections/{connection_id}", response=Json)
def get_connection(request: HttpRequest, connection_id: uuid.UUID) -> Json:
    """Return one connection, with the address its provider's webhooks go to."""
    workspace = key_of(request, "connections:read").workspace
    return _with_address(_connection(workspace, connection_id))


@api.patch("/connections/{connection_id}", response=Json)
def update_connection(
    request: HttpRequest, connection_id: uuid.UUID, body: ConnectionChange
) -> Json:
    """Rename, limit or switch a connection."""
    key = key_of(request, "connections:write")
    row, said = _connection(key.workspace, connection_id), body.dict(exclude_unset=True)
    now = {"name": row.name, "concurrency": row.concurrency}
    about = ConnectionForm(key.workspace, now | said, row)
    _refuse(about)
    changed = about.cleaned_data | {"is_active": said.get("is_active", row.is_active)}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    _note(key, "connection.changed", row, said)
    if row.is_active:
        tasks.wake_waiting(row.pk)
    return _with_address(row)


@api.post("/connections/{connection_id}/check", response=Json)
def check_connection(request: HttpRequest, connection_id: uuid.UUID) -> Json:
    """Try the account; `checks` says in words what works and what does not."""
    key = key_of(request, "connections:write")
    row = _connection(key.workspace, connection_id)
    try:
        sync.check(row)
    except ProviderError as error:
        raise _not_told(error) from None
    return _with_address(row)


@api.post("/connections/{connection_id}/sync", response={202: Json})
def sync_connection(request: HttpRequest, connection_id: uuid.UUID) -> Status[Json]:
    """Have agents and numbers brought here; `synced_at` tells when that is done."""
    key = key_of(request, "connections:write")
    row = _connection(key.workspace, connection_id)
    if sync.ask(row.pk, timezone.now()):
        send("calls.tasks.sync_connection", str(row.pk))
    row.refresh_from_db()
    return Status(202, _with_address(row))


def _connection(workspace: Workspace, connection_id: uuid.UUID) -> Connection:
    row = workspace.connections.filter(pk=connection_id).first()
    if row is None:
        raise Problem(404, "not_found", "There is no such connection.")
    return row


def _with_address(connection: Connection) -> Json:
    address = f"{settings.BASE_URL}/webhooks/{connection.webhook_token}/"
    shown = address if connection.kind.has_webhooks else None
    return {**connection_json(connection), "webhook_url": shown}


def _note(key: ApiKey, action: str, row: Connection, after: Json) -> None:
    AuditEntry.record(key.workspace, action, subject=row.name, api_key=key, after=after)


def _refuse(*forms: Form) -> None:
    """Answer 400 with the first thing that is wrong, by our API's field names."""
    for form in forms:
        for field, messages in form.errors.items():
            name = field.replace("set_", "settings.", 1)
            message = " ".join(map(str, messages))
            raise Problem(400, "invalid_json", message, name)
