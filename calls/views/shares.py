"""Links to a call for somebody outside: made, listed with who opened them, closed."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from calls.forms.share import ShareForm
from calls.models import Call, Share, ShareOpening
from calls.review import sharing
from calls.sound import audio
from dashboard.htmx import HtmxRequest, render_page

# So many openings of a link are listed.
LISTED = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def call_share(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """List the links to a call; make one, whose address is in this answer only."""
    calls = request.workspace.calls.select_related("contact", "recording")
    call = get_object_or_404(calls, pk=pk)
    call.workspace = request.workspace
    may_open = request.member.may("administer")
    form = ShareForm(request.POST or None, may_open=may_open)
    link = ""
    if request.method == "POST" and form.is_valid():
        _, token = sharing.share(
            call,
            request.user,
            form.cleaned_data["days"],
            timezone.now(),
            is_redacted=not form.cleaned_data.get("is_open", False),
            has_recording=form.cleaned_data["has_recording"],
        )
        link = settings.BASE_URL + reverse("shared_call", args=[token])
    context = {
        "call": call,
        "form": form,
        "link": link,
        "shares": _listed(call),
        "now": timezone.now(),
        "is_playable": audio.is_playable(call),
    }
    status = 422 if form.errors else 200
    page = "calls/call_share.html"
    return render_page(request, page, context, part="links", status=status)


def _listed(call: Call) -> list[tuple[Share, bool, list[ShareOpening]]]:
    """Return the links to a call, newest first: whether each opens, and its openings."""
    openings = ShareOpening.objects.order_by("-at")
    rows = call.shares.select_related("created_by")
    rows = rows.prefetch_related(Prefetch("openings", openings))
    now = timezone.now()
    return [(row, row.is_open(now), list(row.openings.all())[:LISTED]) for row in rows]


@require_POST
def share_revoke(request: HtmxRequest, pk: uuid.UUID, share: uuid.UUID) -> HttpResponse:
    """Close a link: whoever made it may, and admins."""
    call = get_object_or_404(request.workspace.calls, pk=pk)
    row = get_object_or_404(call.shares, pk=share)
    is_own = row.created_by_id == request.user.pk
    if not is_own and not request.member.may("administer"):
        raise PermissionDenied("Only whoever made a link, or an admin, may close it.")
    sharing.revoke(row, request.user, timezone.now())
    messages.success(request, "The link is closed.")
    return redirect("call_share", call.pk)
