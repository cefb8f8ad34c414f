"""What people make of a call: notes, tags, the reviewed mark, who really answered.

Everybody who may read a call may do these. Each answers with the call's page, which
htmx takes only the live part of.
"""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from calls.models import Call, Note
from calls.review import corrections, notes, reviewing, tags
from calls.review.notes import NoNote
from dashboard.htmx import HtmxRequest, render_page

NOT_YOURS = "Only whoever wrote a note may change it."


def _call(request: HtmxRequest, pk: uuid.UUID) -> Call:
    call: Call = get_object_or_404(request.workspace.calls, pk=pk)
    return call


def _note(request: HtmxRequest, call: Call, note: uuid.UUID, *, admin: bool) -> Note:
    """Return a note of the call that the person may change, or raise."""
    rows = call.notes.select_related("turn", "user")
    row: Note = get_object_or_404(rows, pk=note)
    is_allowed = admin and request.member.may("administer")
    if row.user_id != request.user.pk and not is_allowed:
        raise PermissionDenied(NOT_YOURS)
    row.call = call
    return row


@require_POST
def note_add(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Write a note on a call, or on the turn that the form names by its index."""
    call, place = _call(request, pk), request.POST.get("turn", "")
    index = int(place) if place.isdecimal() and len(place) < 9 else None
    try:
        text, now = request.POST.get("text", ""), timezone.now()
        notes.add(call, request.user, text, now, index)
    except NoNote as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The note is kept.")
    return redirect(call)


@require_http_methods(["GET", "HEAD", "POST"])
def note_edit(request: HtmxRequest, pk: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    """Change a note of one's own."""
    call = _call(request, pk)
    row = _note(request, call, note, admin=False)
    problem, text = "", request.POST.get("text", row.text)
    if request.method == "POST":
        try:
            notes.edit(row, text, timezone.now())
        except NoNote as error:
            problem = str(error)
        else:
            messages.success(request, "The note is changed.")
            return redirect(call)
    context = {"call": call, "note": row, "text": text, "problem": problem}
    status = 422 if problem else 200
    return render_page(
        request, "calls/note_edit.html", context, part="note", status=status
    )


@require_POST
def note_delete(request: HtmxRequest, pk: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    """Delete a note; the page then offers to bring it back."""
    call = _call(request, pk)
    row = _note(request, call, note, admin=True)
    token = notes.delete(row, request.user, timezone.now())
    request.session["undo_note"] = {"call": str(call.pk), "token": token}
    return redirect(call)


@require_POST
def note_undo(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring a deleted note back."""
    call = _call(request, pk)
    try:
        token = request.POST.get("token", "")
        notes.bring_back(call, token, request.user, timezone.now())
    except NoNote as error:
        messages.error(request, str(error))
    return redirect(call)


@require_POST
def call_tags(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Hang the tag `add` on a call, or take the tag `remove` off it."""
    call = _call(request, pk)
    call.workspace = request.workspace
    if gone := tags.clean(request.POST.get("remove", "")):
        tag = call.tags.filter(name__iexact=gone).first()
        if tag:
            tags.remove(call, tag, request.user)
    elif name := tags.clean(request.POST.get("add", "").replace("\x00", "")):
        tags.add(call, name, request.user)
    else:
        messages.error(request, "A tag needs a name.")
    return redirect(call)


@require_POST
def call_reviewed(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Mark a call as reviewed, or with an empty `reviewed` as not."""
    call = _call(request, pk)
    wanted = bool(request.POST.get("reviewed"))
    reviewing.mark([call], request.user, timezone.now(), is_reviewed=wanted)
    return redirect(call)


@require_POST
def call_answered_by(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct who answered; `as_heard` believes the provider again."""
    call, said = _call(request, pk), request.POST.get("answered_by", "")
    if said == "as_heard":
        corrections.take_back(call, request.user, timezone.now())
    elif said in corrections.CORRECTIONS:
        corrections.correct(call, said, request.user, timezone.now())
        messages.success(request, corrections.CORRECTIONS[said])
    else:
        return HttpResponseBadRequest("Say who answered: human or machine.")
    return redirect(call)
