"""One call: while it goes on, and after."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agents.abilities import lacks
from agents.providers.base import ProviderError
from calls import dispatch, story
from calls.models import Call, CallStatus
from calls.models.call import WAITING
from calls.privacy import masking
from calls.privacy.masking import Reader
from calls.sound import audio
from dashboard.htmx import HtmxRequest, as_toasts

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
TABS = {"": "Transcript", "timeline": "Timeline", "webhooks": "Webhooks"}
# A page's part by what asks for it; the list of calls shows a call in its pane.
PARTS = {"live": "live", "pane": "live"}


def call_of(request: HtmxRequest, pk: uuid.UUID) -> Call:
    """Return a call of the workspace with what its page shows, or raise 404."""
    calls = request.workspace.calls.select_related(
        *("connection", "agent", "contact", "phone_number", "launched_by", "api_key"),
        *("recording", "reviewed_by"),
    )
    call: Call = get_object_or_404(calls, pk=pk)
    # Known already; asking for it again would be a query.
    call.workspace = request.workspace
    return call


@require_safe
def call_detail(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one call; while it goes on, its live part asks for what is new."""
    call = call_of(request, pk)
    is_settled = story.is_settled(call, timezone.now())
    if request.GET.get("v") == story.version(call) and not is_settled:
        return HttpResponse(status=204)
    part = PARTS.get(request.htmx.target or "", "")
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    context: dict[str, Any] = {
        "is_settled": is_settled,
        "tab": tab,
        "tabs": TABS.items(),
        "may_launch": request.member.may("launch"),
        "may_connect": request.member.may("connect"),
        "may_erase": request.member.may("administer") and not call.is_open,
        "q": request.GET.get("q", "").strip()[:120],
        "undo": _undo(request, call),
    }
    context |= _told(request, call, tab)
    template = "calls/call_detail.html" + (f"#{part}" if part else "")
    response = render(request, template, context)
    if part:
        as_toasts(request, response)
    return response


def _told(request: HtmxRequest, call: Call, tab: str) -> dict[str, Any]:
    """Return what the page of a call says; each tab costs what it shows."""
    reader = masking.reader(request.workspace, request.member)
    # The timeline asks for so much by itself that the tools' marks are left out there.
    told = _said(call, reader, with_tools=tab != "timeline")
    if tab == "timeline":
        told["moments"] = story.timeline(call)
    elif tab == "webhooks":
        told["came"] = story.webhooks_in(call, reader.value)
        told["sent"] = story.webhooks_out(call)
    return told | _went(call, told["lines"], reader)


def _said(call: Call, reader: Reader, *, with_tools: bool) -> dict[str, Any]:
    """Return what was said, with the notes on it."""
    notes = list(call.notes.select_related("user"))
    lines = story.lines(call, notes, reader.text, with_tools=with_tools)
    return {
        "lines": lines,
        "call_notes": [note for note in notes if note.turn_id is None],
        "is_playable": audio.is_playable(call),
        "can_seek": audio.is_playable(call) and not call.is_open,
        "agent_name": call.agent.name if call.agent else "Agent",
        "who": call.who,
    }


def _went(call: Call, lines: list[story.Line], reader: Reader) -> dict[str, Any]:
    """Return where a call is, what came of it, and what can be done with it."""
    kind = call.connection.kind
    return {
        "call": call,
        "provider": kind.label,
        "version": story.version(call),
        "poll_seconds": 1 if call.status in FAST else 2,
        "steps": story.steps(call),
        "has_steps": call.status in FELL_SHORT,
        "lanes": story.lanes(call, lines),
        "tags": list(call.tags.all()),
        "summary": reader.text(call.summary),
        "why_ended": story.why_ended(call),
        "whose_fault": story.whose_fault(call),
        "latency": story.latency(call, lines),
        "interruptions": story.interruptions(lines),
        "extracted": story.facts(reader.value(call.analysis)),
        "remark": reader.text(call.note),
        "evidence": reader.value(call.evidence),
        "overrides": [(n, reader.text(v)) for n, v in story.overrides(call)],
        "variables": story.facts(reader.value(call.variables)),
        "cost_parts": story.cost_parts(call),
        "metadata": story.metadata(reader.value(call.metadata)),
        "ids": story.ids(call),
        "recording": audio.kept(call),
        "gap": story.gap(call),
        "can_cancel": call.status in WAITING,
        "can_hang_up": kind.can_hang_up and call.status in LIVE,
        "lacks_hang_up": lacks(kind, "can_hang_up") if call.status in LIVE else "",
    }


def _undo(request: HtmxRequest, call: Call) -> str | None:
    """Return what brings back the note deleted just now, once."""
    kept = request.session.get("undo_note")
    if not kept or kept["call"] != str(call.pk):
        return None
    token: str = request.session.pop("undo_note")["token"]
    return token


# --- To take away --------------------------------------------------------------------
@require_safe
def call_transcript(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Return what was said as plain text, to keep or to copy."""
    call = call_of(request, pk)
    reader = masking.reader(request.workspace, request.member)
    text = story.as_text(call, story.lines(call, read=reader.text))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="call-{call.pk}.txt"'
    return response


@require_safe
def call_evidence(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Return what was looked at before a call went out, as JSON to keep."""
    reader = masking.reader(request.workspace, request.member)
    told = reader.value(story.evidence(call_of(request, pk)))
    return JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})


# --- Ending it -----------------------------------------------------------------------
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
