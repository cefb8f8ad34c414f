"""Context variables: admins define them and say the business's; everybody reads them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from calls import variables
from calls.forms.variables import VariableForm
from calls.models import ContextVariable
from calls.people import variable_book
from dashboard.htmx import HtmxRequest, render_page

ADMINS_CHANGE = "Only an admin may change variables."


@require_http_methods(["GET", "POST"])
def settings_variables(request: HtmxRequest) -> HttpResponse:
    """List what may be known of contacts and of the business; add to it."""
    form = VariableForm(
        ContextVariable(workspace=request.workspace), request.POST or None
    )
    if request.method == "POST":
        _must_change(request)
        if form.is_valid() and form.save(request.user):
            messages.success(request, f"{form.variable} can be used from now on.")
            return redirect("settings_variables")
    context = {"form": form, "rows": variables.defined(request.workspace)}
    status = 422 if form.errors else 200
    return render_page(request, "calls/settings_variables.html", context, status=status)


@require_http_methods(["GET", "POST"])
def settings_variables_edit(request: HtmxRequest, pk: int) -> HttpResponse:
    """Change what a variable holds, how it is described, or the business's value."""
    _must_change(request)
    row = get_object_or_404(request.workspace.context_variables, pk=pk)
    form = VariableForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.save(request.user):
        messages.success(request, "Saved. It holds for calls from now on.")
        return redirect("settings_variables")
    context = {"form": form, "row": row}
    page = "calls/settings_variables_edit.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


@require_POST
def variable_remove(request: HtmxRequest, pk: int) -> HttpResponse:
    """Delete a variable; contacts keep the attribute."""
    _must_change(request)
    row = get_object_or_404(request.workspace.context_variables, pk=pk)
    variable_book.remove(row, request.user)
    messages.success(request, f"{row} is no variable any more.")
    return redirect("settings_variables")


def _must_change(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_CHANGE)
