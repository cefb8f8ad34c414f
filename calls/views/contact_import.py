"""Pages of an import: the file, its columns, what it would do, how it went."""

import uuid
from collections.abc import Iterator
from itertools import islice

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify
from django.utils.timezone import now as utc_now
from django.views.decorators.http import require_http_methods, require_safe

from agents import phone
from calls import tasks
from calls.forms.contact_import import ImportForm, ImportMapForm
from calls.models import ContactImport, ImportStatus
from calls.people import contact_import as importing
from calls.people.contact_file import UnreadableFile
from calls.views.contacts import need_edit
from dashboard.htmx import HtmxRequest, render_page

TO_CHOOSE = (ImportStatus.UPLOADED, ImportStatus.MAPPED)
SAMPLES = 5


def _import(request: HtmxRequest, pk: uuid.UUID) -> ContactImport:
    """Return the import, for whoever may change contacts."""
    need_edit(request)
    rows = request.workspace.imports.select_related("workspace", "created_by")
    row: ContactImport = get_object_or_404(rows, pk=pk)
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def contact_import(request: HtmxRequest) -> HttpResponse:
    """Take a file; show the imports there were."""
    need_edit(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = importing.store(
                request.workspace, request.user, file.name, file.read()
            )
            return redirect(row)
        except UnreadableFile as problem:
            form.add_error("file", str(problem))
    context = {"form": form, "imports": request.workspace.imports.all()[:10]}
    status = 422 if form.errors else 200
    return render_page(request, "calls/contact_import.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_import_map(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask what each column means."""
    row = _import(request, pk)
    if row.status not in TO_CHOOSE:
        return redirect(row)
    head = importing.table_of(row).head()
    data = request.POST if request.method == "POST" else None
    form = ImportMapForm(row, head, data)
    if form.is_valid():
        importing.choose(row, form.cleaned_data, utc_now())
        return redirect(row)
    context = {"form": form, "row": row}
    status = 422 if form.errors else 200
    return render_page(request, "calls/contact_import_map.html", context, status=status)


@require_safe
def contact_import_preview(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what the import would do."""
    row = _import(request, pk)
    if row.status != ImportStatus.MAPPED:
        return redirect(row)
    lines = islice(importing.lines_of(row), SAMPLES)
    people = importing.people_of(row, lines)
    context = {
        "row": row,
        "people": [(person, phone.parse(person.number)) for person in people],
        "preview": importing.preview(row),
    }
    return render_page(request, "calls/contact_import_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_import_run(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Start the import; show how far it is, until it is over."""
    row = _import(request, pk)
    if request.method == "POST":
        if importing.start(row, utc_now()):
            transaction.on_commit(lambda: tasks.import_contacts.delay(str(row.pk)))
        return redirect("contact_import_run", row.pk)
    if not row.is_open:
        return redirect(row)
    version = f"{row.status}-{row.done}"
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = {"row": row, "version": version}
    return render_page(
        request, "calls/contact_import_run.html", context, part="progress"
    )


@require_safe
def contact_import_result(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what became of the file."""
    row = _import(request, pk)
    if row.status not in (ImportStatus.DONE, ImportStatus.FAILED):
        return redirect(row)
    return render_page(request, "calls/contact_import_result.html", {"row": row})


@require_safe
def contact_import_refused(
    request: HtmxRequest, pk: uuid.UUID
) -> StreamingHttpResponse | HttpResponse:
    """Give the refused rows back as a file, with the reason of each."""
    row = _import(request, pk)
    if row.status != ImportStatus.DONE:
        messages.info(request, "The refused rows are there when the import is done.")
        return redirect(row)
    name = slugify(row.filename.rsplit(".", 1)[0]) or "contacts"
    return StreamingHttpResponse(
        _with_mark(importing.refused_csv(row)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-refused.csv"'},
    )


def _with_mark(lines: Iterator[str]) -> Iterator[str]:
    """Begin with a byte order mark: spreadsheets then read the letters right."""
    yield "\ufeff"
    yield from lines
