"""The people of the workspace; only admins come here."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.forms import PersonForm, RoleForm
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import Member, Role
from dashboard.people import CannotChange, add_person, change_role, remove_person

ADMINS_ONLY = "Only an admin may see and change who is in a workspace."


@never_cache
@require_http_methods(["GET", "POST"])
def settings_people(request: HtmxRequest) -> HttpResponse:
    """List the people; add one, whose password is in this answer and nowhere else."""
    _admin(request)
    form = PersonForm(request.POST or None, workspace=request.workspace)
    context: dict[str, Any] = {"form": form, "roles": Role.choices}
    if request.method == "POST" and form.is_valid():
        member, password = add_person(
            request.workspace, **form.cleaned_data, by=request.user
        )
        fresh = PersonForm(workspace=request.workspace)
        context |= {"added": member, "password": password, "form": fresh}
    people = request.workspace.members.select_related("user")
    context["people"] = people.order_by("created_at")
    page = "dashboard/settings_people.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


@require_POST
def person_role(request: HtmxRequest, pk: int) -> HttpResponse:
    """Give a person another role."""
    member = _person(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect("settings_people")
    try:
        change_role(member, form.cleaned_data["role"], by=request.user)
        role = member.get_role_display().lower()
        messages.success(request, f"{member.user} is now: {role}.")
    except CannotChange as refusal:
        messages.error(request, str(refusal))
    return redirect("settings_people")


@require_POST
def person_remove(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take a person out of the workspace."""
    member = _person(request, pk)
    try:
        remove_person(member, by=request.user)
        messages.success(request, f"{member.user} is no longer in this workspace.")
    except CannotChange as refusal:
        messages.error(request, str(refusal))
    return redirect("settings_people")


def _admin(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_ONLY)


def _person(request: HtmxRequest, pk: int) -> Member:
    _admin(request)
    return get_object_or_404(request.workspace.members.select_related("user"), pk=pk)
