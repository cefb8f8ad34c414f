"""The workspace's own settings, and those of the person."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from dashboard.forms import AccountForm, WorkspaceForm
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry

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


@require_http_methods(["GET", "POST"])
def settings_account(request: HtmxRequest) -> HttpResponse:
    """Let the person change their name; password and theme have their own forms."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        _save(request, form, "name changed")
        return redirect("settings_account")
    page = "dashboard/settings_account.html"
    return render_page(request, page, {"form": form}, status=_status(form))


def _save(request: HtmxRequest, form: WorkspaceForm | AccountForm, action: str) -> None:
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
        before={name: form.initial[name] for name in changed},
        after={name: form.cleaned_data[name] for name in changed},
    )
    messages.success(request, "Saved.")


def _status(form: WorkspaceForm | AccountForm) -> int:
    """Return 422 for a form that was sent with mistakes."""
    return 422 if form.errors else 200
