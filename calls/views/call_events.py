"""A stored webhook of a call: as it came, and what applying it again would change."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from calls import story, tasks
from calls.merging import CallGone
from calls.models import Call, WebhookEvent
from calls.privacy import masking
from calls.review import replay
from calls.review.replay import CannotApply
from dashboard.htmx import HtmxRequest, render_page

LARGEST_ID = 2**63 - 1


@require_safe
def event_body(request: HtmxRequest, pk: uuid.UUID, event: int) -> HttpResponse:
    """Return what a webhook said, whole, to keep."""
    row = _event(get_object_or_404(request.workspace.calls, pk=pk), event)
    reader = masking.reader(request.workspace, request.member)
    text = story.pretty(row.body, reader.value)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="webhook-{row.pk}.json"'
    return response


def _event(call: Call, pk: int) -> WebhookEvent:
    rows = call.events.select_related("connection__workspace")
    row: WebhookEvent = get_object_or_404(rows, pk=min(pk, LARGEST_ID))
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def event_again(request: HtmxRequest, pk: uuid.UUID, event: int) -> HttpResponse:
    """Show what applying a webhook again would change; on POST, apply it."""
    call = get_object_or_404(request.workspace.calls, pk=pk)
    if not request.member.may("administer"):
        raise PermissionDenied("Only an admin may apply a webhook again.")
    row = _event(call, event)
    problem, differences = "", []
    try:
        if request.method == "POST":
            tasks.follow(replay.apply_again(row, request.user, timezone.now()))
            messages.success(request, "The webhook was applied again.")
            return redirect(f"{reverse('call_detail', args=[call.pk])}?tab=webhooks")
        differences = replay.preview(row, timezone.now())
    except CannotApply as error:
        problem = str(error)
    except CallGone:
        problem = "The call changed at the same moment. Try again."
    context = {
        "call": call,
        "event": row,
        "name": story.name_of(row.body),
        "differences": differences,
        "problem": problem,
    }
    return render_page(request, "calls/event_again.html", context)
