"""The list of calls, and one call: while it goes on, and after."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agents.abilities import lacks
from agents.providers.base import ProviderError
from calls import audio, dispatch, history, story
from calls.forms.calls import FilterForm
from calls.models import Call, CallStatus
from calls.models.call import WAITING
from dashboard.htmx import HtmxRequest, render_page

FAST = (
    CallStatus.QUEUED,
    CallStatus.DIALING,
    CallStatus.UNCONFIRMED,
    CallStatus.RINGING,
)
# Ends without a conversation: the steps show how far it came, and say why.
FELL_SHORT = (CallStatus.NOT_CONNECTED, CallStatus.FAILED, CallStatus.CANCELED)
# What a provider can be asked to end.
LIVE = (CallStatus.DIALING, CallStatus.RINGING, CallStatus.IN_PROGRESS)


@require_safe
def call_list(request: HtmxRequest) -> HttpResponse:
    """List the calls, newest first, narrowed by what the address says."""
    now, workspace = timezone.now(), request.workspace
    newest = workspace.calls.order_by("-changed_at").values_list("changed_at").first()
    # "4 min ago" grows old as well: the minute is part of the version.
    version = f"{newest[0].timestamp() if newest else 0}-{now.timestamp() // 60:.0f}"
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    form = FilterForm(workspace, request.GET)
    page = history.page(
        history.narrow(workspace, form.filters(now)),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {"form": form, "page": page, "version": version, "has_any": bool(newest)}
    return render_page(request, "calls/call_list.html", context, part="rows")


@require_safe
def call_detail(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one call; while it goes on, its live part asks for what is new."""
    calls = request.workspace.calls.select_related(
        *("connection", "agent", "contact", "phone_number", "launched_by", "api_key"),
        "recording",
    )
    call = get_object_or_404(calls, pk=pk)
    is_settled = story.is_settled(call, timezone.now())
    if request.GET.get("v") == story.version(call) and not is_settled:
        return HttpResponse(status=204)
    context = _told(call) | {
        "is_settled": is_settled,
        "may_launch": request.member.may("launch"),
        "may_connect": request.member.may("connect"),
    }
    return render_page(request, "calls/call_detail.html", context, part="live")


def _told(call: Call) -> dict[str, Any]:
    """Return what the page of a call says."""
    lines = story.lines(call)
    kind = call.connection.kind
    return {
        "call": call,
        "version": story.version(call),
        "poll_seconds": 1 if call.status in FAST else 2,
        "steps": story.steps(call),
        "has_steps": call.status in FELL_SHORT,
        "lines": lines,
        "bars": story.bars(call, lines),
        "why_ended": story.why_ended(call),
        "latency": story.latency(call, lines),
        "interruptions": story.interruptions(lines),
        "extracted": story.facts(call.analysis),
        "overrides": story.overrides(call),
        "metadata": story.metadata(call),
        "ids": story.ids(call),
        "is_playable": audio.is_playable(call),
        "recording": audio.kept(call),
        "gap": story.gap(call),
        "provider": kind.label,
        "can_cancel": call.status in WAITING,
        "can_hang_up": kind.can_hang_up and call.status in LIVE,
        "lacks_hang_up": lacks(kind, "can_hang_up") if call.status in LIVE else "",
    }


@require_safe
def call_evidence(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Return what was looked at before a call went out, as JSON to keep."""
    calls = request.workspace.calls.select_related(
        "connection", "agent", "contact", "launched_by", "api_key"
    )
    told = story.evidence(get_object_or_404(calls, pk=pk))
    return JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})


@require_POST
def call_hang_up(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask the provider to end a live call."""
    call = _to_end(request, pk)
    try:
        dispatch.hang_up(call)
    except ProviderError as error:
        messages.error(request, f"The call was not hung up: {error.message}")
    return redirect(call)


@require_POST
def call_cancel(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back a call that has not gone out."""
    call = _to_end(request, pk)
    if dispatch.cancel(call):
        messages.success(request, "The call was canceled before it went out.")
    else:
        messages.warning(request, "Too late to cancel: the call has gone out.")
    return redirect(call)


def _to_end(request: HtmxRequest, pk: uuid.UUID) -> Call:
    if not request.member.may("launch"):
        raise PermissionDenied("You may read calls, but not end them.")
    return get_object_or_404(request.workspace.calls, pk=pk)
