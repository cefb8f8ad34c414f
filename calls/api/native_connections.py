"""Our own API for connections: the accounts at providers, never their secrets."""

import uuid
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status
from pydantic import ConfigDict, StrictBool

from agents import sync
from agents.connection_forms import ConnectionForm, SecretsForm
from agents.models import Connection
from agents.providers.base import ProviderError
from agents.providers.registry import PROVIDERS
from calls import tasks
from calls.api.native_door import Limit, Whole, api, key_of
from calls.api.native_problem import Problem, not_told, problem_of
from calls.api.native_queries import IdCursor, page_of
from calls.api.shapes import connection_json
from dashboard.celery import send
from dashboard.models import ApiKey, AuditEntry, Workspace

Json = dict[str, Any]


class ConnectionIn(Schema):
    """A new account at a provider; `settings` are those of `connection add --set`."""

    model_config = ConfigDict(extra="forbid")
    provider: str = Field(max_length=20)
    name: str = Field(max_length=80)
    base_url: str = Field("", max_length=300)
    concurrency: Whole = 20
    settings: dict[str, str] = Field(default_factory=dict)


class ConnectionChange(Schema):
    """What may be changed; what is left out stays. Secrets are replaced by the page."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=80)
    concurrency: Whole = 20
    is_active: StrictBool = True


@api.get("/connections", response=Json)
def list_connections(
    request: HttpRequest, cursor: IdCursor = "", limit: Limit = 200
) -> Json:
    """List the connections; their secrets are never shown."""
    rows = key_of(request, "connections:read").workspace.connections.all()
    found, after = page_of(rows, cursor, limit)
    return {"items": [connection_json(row) for row in found], "next": after}


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
    if body.base_url and not kind.default_base_url:
        message = f"{kind.label} has no address."
        raise Problem(400, "invalid_json", message, "base_url")
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
        raise not_told(error) from None
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
    """Answer with the first thing that is wrong, by our API's field names."""
    for form in forms:
        if problem := problem_of(form):
            field = str(problem.body["field"])
            problem.body["field"] = field.replace("set_", "settings.", 1)
            raise problem
