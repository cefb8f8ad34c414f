"""API keys: programs' ways into the workspace; only admins come here."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.forms import SCOPES, KeyForm
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import ApiKey, AuditEntry

ADMINS_ONLY = "Only an admin may see and change API keys."


@never_cache
@require_http_methods(["GET", "POST"])
def settings_keys(request: HtmxRequest) -> HttpResponse:
    """List the keys; make one, which is in this answer and nowhere else."""
    _admin(request)
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "scopes": SCOPES}
    if request.method == "POST" and form.is_valid():
        row, key, secret = issue(request, form)
        context |= {"issued": row, "key": key, "secret": secret, "form": KeyForm()}
    keys = request.workspace.api_keys.order_by("revoked_at", "-created_at")
    context["keys"] = keys
    page = "dashboard/settings_keys.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


def issue(request: HtmxRequest, form: KeyForm) -> tuple[ApiKey, str, str]:
    """Make the key the form asks for, and write down who did."""
    name, scopes = form.cleaned_data["name"], form.cleaned_data["scopes"]
    row, key, secret = ApiKey.issue(request.workspace, name, scopes)
    AuditEntry.record(
        request.workspace,
        "key created",
        subject=str(row),
        user=request.user,
        after={"scopes": scopes},
    )
    return row, key, secret


@require_POST
def key_revoke(request: HtmxRequest, pk: str) -> HttpResponse:
    """Make a key useless from now on; a second time changes nothing."""
    _admin(request)
    row = get_object_or_404(request.workspace.api_keys, pk=pk)
    live = request.workspace.api_keys.filter(pk=pk, revoked_at=None)
    if live.update(revoked_at=timezone.now()):
        AuditEntry.record(
            request.workspace, "key revoked", subject=str(row), user=request.user
        )
    messages.success(request, f"{row.name} no longer works.")
    return redirect("settings_keys")


def _admin(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_ONLY)
