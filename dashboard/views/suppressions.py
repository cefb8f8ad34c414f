"""The do-not-call list: managers add to it, only admins take away from it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from agents import phone
from calls.models import Suppression
from dashboard.forms import SuppressionForm
from dashboard.htmx import HtmxRequest, render_page
from dashboard.models import AuditEntry

PER_PAGE = 50
MAY_NOT_ADD = "Your role may not put numbers on the do-not-call list. Ask a manager."
MAY_NOT_REMOVE = "Only an admin may take a number off the do-not-call list."


@require_http_methods(["GET", "POST"])
def settings_suppressions(request: HtmxRequest) -> HttpResponse:
    """List and search the numbers nobody may call; add one in any format."""
    form = SuppressionForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST":
        if not request.member.may("edit_contacts"):
            raise PermissionDenied(MAY_NOT_ADD)
        if form.is_valid():
            _add(request, form)
            return redirect("settings_suppressions")
    query = request.GET.get("q", "").strip()
    rows = Paginator(matching(request, query), PER_PAGE)
    context: dict[str, Any] = {
        "form": form,
        "q": query,
        "rows": rows.get_page(request.GET.get("page")),
    }
    page = "dashboard/settings_suppressions.html"
    status = 422 if form.errors else 200
    return render_page(request, page, context, part="rows", status=status)


def matching(request: HtmxRequest, query: str) -> QuerySet[Suppression]:
    """Return the list, or what of it has the digits or the word in it."""
    rows = request.workspace.suppressions.select_related("created_by")
    if not query:
        return rows
    wanted = Q(reason__icontains=query)
    for run in phone.spellings(query, request.workspace.country):
        wanted |= Q(number__contains=run)
    return rows.filter(wanted)


def _add(request: HtmxRequest, form: SuppressionForm) -> None:
    row = form.save(request.user)
    AuditEntry.record(
        request.workspace,
        "number suppressed",
        subject=row.number,
        user=request.user,
        after={"reason": row.reason},
    )
    words = f"Nobody will call {phone.pretty(row.number)} from here any more."
    messages.success(request, words)


@require_POST
def suppression_remove(request: HtmxRequest, pk: int) -> HttpResponse:
    """Take a number off the list, so that it may be called again."""
    if not request.member.may("administer"):
        raise PermissionDenied(MAY_NOT_REMOVE)
    row = get_object_or_404(request.workspace.suppressions, pk=pk)
    AuditEntry.record(
        request.workspace,
        "number allowed",
        subject=row.number,
        user=request.user,
        before={"reason": row.reason},
    )
    row.delete()
    messages.success(request, f"{phone.pretty(row.number)} may be called again.")
    return redirect("settings_suppressions")
