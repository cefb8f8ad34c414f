"""The workspace's own settings, and those of the person."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agents import phone
from calls import policy
from dashboard.forms import AccountForm, CallingForm, WorkspaceForm
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry, Workspace

SettingsForm = WorkspaceForm | AccountForm | CallingForm

ADMINS_CHANGE = "Only an admin may change the settings of a workspace."


@require_http_methods(["GET", "POST"])
def settings_workspace(request: HtmxRequest) -> HttpResponse:
    """Show the workspace's name, zone and country; an admin may change them."""
    may_change = request.member.may("administer")
    if request.method == "POST" and not may_change:
        raise PermissionDenied(ADMINS_CHANGE)
    form = WorkspaceForm(request.POST or None, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        _save(request, form, "workspace changed")
        return redirect("settings_workspace")
    for field in form.fields.values():
        field.disabled = not may_change
    page = "dashboard/settings_workspace.html"
    return render_page(request, page, {"form": form}, status=_status(form))


# --- When people may be called --------------------------------------------------------
# Numbers that belong to nobody, where it is early, noon and late at the same time.
ELSEWHERE = ("+442079460000", "+12125550100", "+81312345678")


@dataclass(frozen=True, slots=True)
class Effect:
    """What would come of a call to a place right now, and what the clock shows there."""

    number: str
    clock: str
    may_go: bool


def effects(workspace: Workspace, now: datetime) -> list[Effect]:
    """Say what would come of calls right now: at home, and elsewhere."""
    found: dict[tuple[str, ...], Effect] = {}
    for place in (phone.example(workspace.country), *map(phone.parse, ELSEWHERE)):
        if place and place.zones not in found:
            may_go, clock = policy.told_of_hours(workspace, place, now)
            begins = " ".join(place.pretty.split()[:2])
            found[place.zones] = Effect(begins, clock, may_go)
    return list(found.values())


@require_http_methods(["GET", "POST"])
def settings_calling(request: HtmxRequest) -> HttpResponse:
    """Show when and how often people may be called; an admin may change it.

    While it is typed, the part "effect" says what it would mean; nothing is kept.
    """
    may_change = request.member.may("administer")
    if request.method == "POST" and not may_change:
        raise PermissionDenied(ADMINS_CHANGE)
    is_typed = request.method == "GET" and request.htmx.target == "effect"
    data = request.GET if is_typed else request.POST or None
    form = CallingForm(data, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        _save(request, form, "calling rules changed")
        return redirect("settings_calling")
    for field in form.fields.values():
        field.disabled = not may_change
    context = {"form": form, "is_wrong": form.is_bound and not form.is_valid()}
    context["effects"] = effects(form.instance, timezone.now())
    page = "dashboard/settings_calling.html"
    status = _status(form) if request.method == "POST" else 200
    return render_page(request, page, context, part="effect", status=status)


# --- One's own ------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
def settings_account(request: HtmxRequest) -> HttpResponse:
    """Let the person change their name; password and theme have their own forms."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        _save(request, form, "name changed")
        return redirect("settings_account")
    page = "dashboard/settings_account.html"
    return render_page(request, page, {"form": form}, status=_status(form))


def _save(request: HtmxRequest, form: SettingsForm, action: str) -> None:
    """Save the fields that changed, with an entry that holds before and after."""
    changed = form.changed_data
    if not changed:
        messages.info(request, "Nothing was changed.")
        return
    form.instance.save(update_fields=changed)
    AuditEntry.record(
        request.workspace,
        action,
        subject=str(form.instance),
        user=request.user,
        before={name: _plain(form.initial[name]) for name in changed},
        after={name: _plain(form.cleaned_data[name]) for name in changed},
    )
    messages.success(request, "Saved.")


def _plain(value: Any) -> Any:
    """Write a value as JSON can hold it."""
    return f"{value:%H:%M}" if isinstance(value, time) else value


def _status(form: SettingsForm) -> int:
    """Return 422 for a form that was sent with mistakes."""
    return 422 if form.errors else 200
