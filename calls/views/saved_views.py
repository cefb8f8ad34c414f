"""Saved views of the list of calls: kept, shared, renamed, deleted."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from calls.forms.saved_views import SavedViewForm
from calls.history import columns, counting
from calls.history import filters as history
from calls.models import SavedView
from calls.views.history import BUILT_IN, pills
from dashboard.htmx import HtmxRequest, render_page

MAY_NOT = "Only the person who saved this view, or an admin, may change it."


@require_http_methods(["GET", "HEAD", "POST"])
def call_views(request: HtmxRequest) -> HttpResponse:
    """List the views with their counts; save the filters of an address as one."""
    query = _canonical(request, request.POST.get("query") or _asked(request))
    mine = SavedView(workspace=request.workspace, owner=request.user, query=query)
    is_post = request.method == "POST"
    form = SavedViewForm(mine, request.POST if is_post else None)
    if form.is_valid():
        views = request.workspace.saved_views.seen_by(request.member)
        mine.columns = columns.of(views, request.member, query)
        form.save()
        messages.success(request, f"The view “{mine.name}” is saved.")
        return redirect(mine)
    context = _counted(request, query) | {"form": form, "query": query}
    status = 422 if form.errors else 200
    return render_page(
        request, "calls/call_views.html", context, part="views", status=status
    )


def _asked(request: HtmxRequest) -> str:
    return request.GET.urlencode()


def _canonical(request: HtmxRequest, query: str) -> str:
    """Write filters as the list itself does, so that the same are the same."""
    return history.write(history.read(request.workspace, QueryDict(query)))


def _counted(request: HtmxRequest, query: str) -> dict[str, Any]:
    """Return the views with how many calls each holds now, in one query."""
    rows = request.workspace.saved_views.seen_by(request.member)
    views = [view for view in rows if view.name]
    workspace, now = request.workspace, timezone.now()
    asked = [filters for _, filters in BUILT_IN]
    asked += [history.read(workspace, QueryDict(view.query)) for view in views]
    counts = counting.counts(workspace, asked, now)
    found = pills(views, query, counts)
    may = {view.pk for view in views if view.may_change(request.member)}
    return {"pills": found, "may_change": may, "is_counted": True}


@require_http_methods(["GET", "HEAD", "POST"])
def call_view_edit(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Rename a view, share it, or keep it for oneself."""
    view = _to_change(request, pk)
    form = SavedViewForm(view, request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.save()
        messages.success(request, f"The view “{view.name}” is saved.")
        return redirect("call_views")
    context = {"form": form, "view": view}
    status = 422 if form.errors else 200
    return render_page(request, "calls/call_view_edit.html", context, status=status)


@require_POST
def call_view_delete(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a view; the calls are untouched."""
    view = _to_change(request, pk)
    view.delete()
    messages.success(request, f"The view “{view.name}” is deleted. No call is touched.")
    return redirect("call_views")


def _to_change(request: HtmxRequest, pk: uuid.UUID) -> SavedView:
    rows = request.workspace.saved_views.seen_by(request.member)
    view: SavedView = get_object_or_404(rows.exclude(name=""), pk=pk)
    if not view.may_change(request.member):
        raise PermissionDenied(MAY_NOT)
    return view
