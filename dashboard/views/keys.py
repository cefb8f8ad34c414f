"""API keys: programs' ways into the workspace; only admins come here."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import keyring, scopes
from dashboard.htmx import HtmxRequest, render_page
from dashboard.key_form import KeyForm
from dashboard.models import ApiKey

ADMINS_ONLY = "Only an admin may see and change API keys."
REVOKED = "A revoked key cannot be changed. Make a new one."


@never_cache
@require_http_methods(["GET", "POST"])
def settings_keys(request: HtmxRequest) -> HttpResponse:
    """List the keys; make one, which is in this answer and nowhere else."""
    _admin(request)
    form = KeyForm(request.POST or None, zone=_zone())
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        made = keyring.create(request.workspace, form.terms(), request.user)
        context |= dict(zip(("issued", "key", "secret"), made, strict=True))
        context |= {"became": form.became(), "form": KeyForm(zone=_zone())}
    now = timezone.now()
    keys = request.workspace.api_keys.order_by("revoked_at", "-created_at")
    context["keys"] = [_shown(row, keyring.state(row, now)) for row in keys]
    context["scopes"] = scopes.SCOPES
    page = "dashboard/settings_keys.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def settings_keys_edit(request: HtmxRequest, pk: str) -> HttpResponse:
    """Change what a key may do, until when and how often."""
    row = _key(request, pk)
    if row.revoked_at:
        messages.error(request, REVOKED)
        return redirect("settings_keys")
    form = KeyForm(request.POST or None, zone=_zone(), row=row)
    if request.method == "POST" and form.is_valid():
        is_other = keyring.change(row, form.terms(), request.user)
        said = [f"{row.name} is changed." if is_other else "Nothing was changed."]
        messages.success(request, " ".join(said + form.became()))
        return redirect("settings_keys")
    shown = _shown(row, keyring.state(row, timezone.now()))
    context = {"form": form, "scopes": scopes.SCOPES, "shown": shown, "row": row}
    page = "dashboard/settings_keys_edit.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


@require_POST
def key_revoke(request: HtmxRequest, pk: str) -> HttpResponse:
    """Make a key useless from now on; a second time changes nothing."""
    row = _key(request, pk)
    keyring.revoke(row, request.user, timezone.now())
    messages.success(request, f"{row.name} no longer works.")
    return redirect("settings_keys")


def _shown(row: ApiKey, state: tuple[str, str]) -> dict[str, Any]:
    kind, words = state
    may = scopes.in_words(row.scopes)
    return {"row": row, "kind": kind, "state": words, "may": may}


def _key(request: HtmxRequest, pk: str) -> ApiKey:
    _admin(request)
    return get_object_or_404(request.workspace.api_keys, pk=pk)


def _zone() -> ZoneInfo:
    """Return the viewer's zone: days end there."""
    return ZoneInfo(timezone.get_current_timezone_name())


def _admin(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_ONLY)
