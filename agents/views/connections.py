"""The pages of connections: an admin adds, checks, syncs and switches them."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from agents import sync
from agents.abilities import chips, facts_of, hearing_of
from agents.connection_forms import ConnectionForm, SecretsForm
from agents.models import Connection
from agents.providers.base import Provider, ProviderError
from agents.providers.registry import PROVIDERS
from agents.sync_story import SyncStory, live_parts
from dashboard.celery import send
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry

DETAIL = "agents/connection_detail.html"
SYNC_TASK = "calls.tasks.sync_connection"


def may_connect(request: HtmxRequest) -> None:
    """Let only those pass who may see and change connections."""
    if not request.member.may("connect"):
        raise PermissionDenied(
            "Connections hold the keys to your providers, so only admins see them."
        )


def connection_of(request: HtmxRequest, pk: uuid.UUID) -> Connection:
    """Return a connection of the workspace to someone who may see it."""
    may_connect(request)
    connection: Connection = get_object_or_404(request.workspace.connections, pk=pk)
    return connection


@require_safe
def connection_list(request: HtmxRequest) -> HttpResponse:
    """Show every connection and how it is."""
    may_connect(request)
    rows = request.workspace.connections
    agents = rows.filter(agents__retired_at=None).annotate(count=Count("agents"))
    numbers = rows.filter(numbers__retired_at=None).annotate(count=Count("numbers"))
    agent_counts = dict(agents.order_by().values_list("pk", "count"))
    number_counts = dict(numbers.order_by().values_list("pk", "count"))
    lines = [
        {
            "connection": row,
            "agents": agent_counts.get(row.pk, 0),
            "numbers": number_counts.get(row.pk, 0),
            "state": state_of(row),
        }
        for row in rows.all()
    ]
    return render_page(request, "agents/connection_list.html", {"lines": lines})


def state_of(connection: Connection) -> tuple[str, str]:
    """Return the badge that says how a connection is: its kind and its words."""
    failed = [row for row in connection.check_results if not row["is_ok"]]
    if not connection.is_active:
        return "", "Switched off"
    if failed:
        return "danger", f"Needs a look: {failed[0]['name']}"
    if connection.sync_error:
        return "danger", "Sync failed"
    if connection.checked_at is None:
        return "warning", "Not checked yet"
    if connection.is_syncing:
        return "live", "Syncing"
    if connection.synced_at is None:
        return "warning", "Not synced yet"
    return "success", "Works"


@require_http_methods(["GET", "HEAD", "POST"])
def connection_new(request: HtmxRequest) -> HttpResponse:
    """Choose a provider, then say how to reach the account there."""
    may_connect(request)
    kind = PROVIDERS.get(request.GET.get("provider", ""))
    if kind is None:
        kinds = sorted(PROVIDERS.values(), key=_by_need)
        offers = [{"kind": kind, "chips": chips(kind)} for kind in kinds]
        return render_page(request, "agents/connection_new.html", {"offers": offers})
    posted = request.POST if request.method == "POST" else None
    form = ConnectionForm(request.workspace, posted)
    secrets = SecretsForm(kind, posted)
    if posted is not None and form.is_valid() & secrets.is_valid():
        return redirect(_create(request, kind, form, secrets))
    facts = facts_of(kind) + hearing_of(kind)
    context = {"kind": kind, "form": form, "secrets": secrets, "facts": facts}
    status = 422 if posted is not None else 200
    return render_page(request, "agents/connection_new.html", context, status=status)


def _by_need(kind: type[Provider]) -> tuple[bool, str]:
    """Put providers by name, and what needs no account last."""
    return not kind.settings, kind.label


def _create(
    request: HtmxRequest,
    kind: type[Provider],
    form: ConnectionForm,
    secrets: SecretsForm,
) -> Connection:
    """Store a new connection; its page checks it at once."""
    with transaction.atomic():
        values: dict[str, Any] = {
            "provider": kind.slug,
            "base_url": secrets.base_url(),
            "credentials": secrets.credentials(),
        }
        connection = request.workspace.connections.create(**values, **form.cleaned_data)
        after = {"provider": kind.label, "address": connection.base_url}
        record(request, "connection.added", connection, {}, after)
    return connection


def record(
    request: HtmxRequest,
    action: str,
    connection: Connection,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Write who changed what on a connection; never a secret."""
    AuditEntry.record(
        request.workspace,
        action,
        subject=connection.name,
        user=request.user,
        before=before,
        after=after,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def connection_detail(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a connection; a POST renames it or changes its limits."""
    connection = connection_of(request, pk)
    if request.method != "POST":
        part = request.htmx.target or ""
        live = live_parts(connection, timezone.now())
        if part in live and request.GET.get("v") == live[part]:
            return HttpResponse(status=204)
        return render_page(request, DETAIL, _detail(request, connection), part=part)
    form = ConnectionForm(request.workspace, request.POST, connection)
    if not form.is_valid():
        context = _detail(request, connection, form=form)
        return render_page(request, DETAIL, context, status=422)
    fields = list(form.cleaned_data)
    before = {name: getattr(connection, name) for name in fields}
    for name in fields:
        setattr(connection, name, form.cleaned_data[name])
    connection.save(update_fields=fields)
    record(request, "connection.changed", connection, before, form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect(connection)


def _detail(
    request: HtmxRequest, connection: Connection, **more: Any
) -> dict[str, Any]:
    """Return what the page of a connection shows."""
    webhook = reverse("webhook", args=[connection.webhook_token])
    now, client = timezone.now(), connection.client()
    return {
        "connection": connection,
        "kind": connection.kind,
        "state": state_of(connection),
        "facts": facts_of(client),
        "hearing": hearing_of(client),
        "signed_in": " and ".join(client.signature_headers()),
        "live": live_parts(connection, now),
        "story": SyncStory(connection, now),
        "sync_minutes": settings.SYNC_MINUTES,
        "webhook_url": f"{settings.BASE_URL}{webhook}",
        "agents": connection.agents.current().count(),
        "numbers": connection.numbers.current().count(),
        "form": ConnectionForm(request.workspace, connection=connection),
        "secrets": SecretsForm(connection.kind, connection=connection),
    } | more


# --- Acts ----------------------------------------------------------------------------
@require_POST
def connection_check(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Try the account and show what was found."""
    connection = connection_of(request, pk)
    try:
        works = all(found.is_ok for found in sync.check(connection))
    except ProviderError as error:
        works = False
        if not request.htmx:
            messages.error(request, error.message)
    is_first = works and connection.sync_ended_at is None
    if is_first:
        _start_sync(connection)
    return _acted(request, connection, "check", starts_sync=is_first)


@require_POST
def connection_sync(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Have agents and numbers brought here; where nobody works in the background, now.

    What comes of it, an error too, is on the row.
    """
    connection = connection_of(request, pk)
    _start_sync(connection)
    return _acted(request, connection, "sync")


def _start_sync(connection: Connection) -> None:
    is_new = sync.ask(connection.pk, timezone.now())
    if is_new and not send(SYNC_TASK, str(connection.pk)):
        sync.run_wanted(connection.pk, may_wait=False)
    connection.refresh_from_db()


def _acted(
    request: HtmxRequest, connection: Connection, part: str, **more: Any
) -> HttpResponse:
    """Answer an act: its part of the page, or the whole page again."""
    if not request.htmx:
        return redirect(connection)
    context = _detail(request, connection, **more)
    return render_page(request, DETAIL, context, part=part)


@require_POST
def connection_secrets(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Replace secrets or the address; what is left empty stays as it is."""
    connection = connection_of(request, pk)
    secrets = SecretsForm(connection.kind, request.POST, connection)
    if not secrets.is_valid():
        context = _detail(request, connection, secrets=secrets)
        return render_page(request, DETAIL, context, status=422)
    before = {"address": connection.base_url}
    connection.base_url = secrets.base_url()
    connection.credentials = secrets.credentials()
    connection.checked_at, connection.check_results = None, []
    connection.refused_event_at = None
    fields = ["base_url", "credentials", "checked_at", "check_results"]
    connection.save(update_fields=[*fields, "refused_event_at"])
    after = {"address": connection.base_url, "replaced": secrets.replaced()}
    record(request, "connection.secrets", connection, before, after)
    messages.success(request, "Saved. The connection is being checked.")
    return redirect(connection)


@require_http_methods(["GET", "HEAD", "POST"])
def connection_switch(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask, then switch a connection off or on."""
    connection = connection_of(request, pk)
    if request.method != "POST":
        context = {
            "connection": connection,
            "waiting": connection.calls.waiting().count(),
            "live": connection.calls.at_provider().count(),
        }
        return render_page(request, "agents/connection_switch.html", context)
    before, connection.is_active = connection.is_active, "on" in request.POST
    connection.save(update_fields=["is_active"])
    after = {"is_active": connection.is_active}
    record(request, "connection.switched", connection, {"is_active": before}, after)
    word = "on" if connection.is_active else "off"
    messages.success(request, f"{connection} is switched {word}.")
    return redirect(connection)
