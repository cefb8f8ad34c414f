"""Files of calls: asking for one, seeing how far it is, fetching it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from calls.export import exports
from calls.forms.exports import ExportForm
from calls.history import counting, filters
from calls.models import ExportState
from calls.privacy import masking
from dashboard.htmx import HtmxRequest, render_page

SHOWN = 50
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@require_safe
def export_list(request: HtmxRequest) -> HttpResponse:
    """List the exports one may fetch, newest first; those under way ask for news."""
    rows = list(exports.seen_by(request.member)[:SHOWN])
    is_open = any(row.is_open for row in rows)
    version = "-".join(f"{row.state[0]}{row.done}" for row in rows)[:400]
    if request.GET.get("v") == version and is_open:
        return HttpResponse(status=204)
    context = {"rows": rows, "is_open": is_open, "version": version}
    return render_page(request, "calls/export_list.html", context, part="exports")


@require_http_methods(["GET", "HEAD", "POST"])
def export_new(request: HtmxRequest) -> HttpResponse:
    """Ask for the calls that the history shows, as a file.

    A GET has the history's own query string, a POST has it as `query`.
    """
    if request.method == "POST":
        form = ExportForm(request.POST)
        if form.is_valid() and _ask(request, form):
            return redirect("export_list")
        return _page(request, form, form["query"].value() or "", status=422)
    return new_page(request, request.GET.urlencode())


def new_page(request: HtmxRequest, query: str) -> HttpResponse:
    """Ask what a file of the calls that fit a query string is to hold."""
    return _page(request, ExportForm(initial={"query": query}), query)


def _ask(request: HtmxRequest, form: ExportForm) -> bool:
    clean: dict[str, Any] = form.cleaned_data
    reader = masking.reader(request.workspace, request.member)
    try:
        exports.ask(
            request.member,
            clean["query"],
            format=clean["format"],
            columns=clean["columns"],
            has_transcripts=clean["has_transcripts"],
            is_masked=reader.is_masked,
            now=timezone.now(),
        )
    except exports.TooMany as problem:
        form.add_error(None, str(problem))
        return False
    messages.success(request, "The export is being written. You can leave this page.")
    return True


def _page(
    request: HtmxRequest, form: ExportForm, query: str, *, status: int = 200
) -> HttpResponse:
    now, workspace = timezone.now(), request.workspace
    read = filters.read(workspace, QueryDict(query))
    context = {
        "form": form,
        "query": filters.write(read),
        "filter_problems": [words for _, words in read.errors],
        "count": counting.count(workspace, read, now),
        "is_narrow": read.is_narrow,
        "is_selected": bool(read.call),
        "is_masked": masking.reader(workspace, request.member).is_masked,
    }
    return render_page(request, "calls/export_new.html", context, status=status)


@require_POST
def export_cancel(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Stop an export that is under way."""
    row = get_object_or_404(exports.seen_by(request.member), pk=pk)
    if exports.cancel(row, timezone.now()):
        messages.success(request, "The export is canceled.")
    else:
        messages.info(request, "The export is finished already.")
    return redirect("export_list")


@require_safe
def export_file(request: HtmxRequest, pk: uuid.UUID) -> FileResponse:
    """Give the file to who asked for it, or to an admin."""
    row = get_object_or_404(
        exports.seen_by(request.member), pk=pk, state=ExportState.DONE
    )
    file = exports.fetch(row, request.user)
    if file is None:
        raise Http404("The file is not there any more.")
    answer = FileResponse(
        file,
        as_attachment=True,
        filename=row.filename,
        content_type=TYPES[row.format],
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
