"""Needs a look: the queue, one call at a time, done and undone."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from calls.models import Look
from calls.models.looks import LookQuerySet
from calls.privacy import masking
from calls.review import look_queue, looks, reviewing
from calls.review.look_queue import Narrow
from dashboard.htmx import HtmxRequest, render_page


@require_safe
def look_list(request: HtmxRequest) -> HttpResponse:
    """Show what waits, and one of it: `at` names a look, `why` narrows."""
    narrow = Narrow.read(request.GET.get("why", ""))
    waiting = narrow.of(looks.open_looks(request.workspace))
    after = _named(request, "after")
    rows, last = look_queue.page(waiting, after)
    shown = _named(request, "at") or (rows[0] if rows else None)
    context: dict[str, Any] = {
        "shares": look_queue.shares(request.workspace),
        "why": narrow.word,
        "rows": rows,
        "last": last,
        "after": after,
        "done": request.GET.get("done", ""),
        "count": request.GET.get("count", ""),
    }
    context |= _one(request, waiting, shown) if shown else _nothing(request)
    return render_page(request, "calls/look_list.html", context, part="queue")


def _named(request: HtmxRequest, name: str) -> Look | None:
    """Return the look that a parameter names, if the workspace has it."""
    text = request.GET.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        return None
    return _all(request).for_queue().filter(pk=int(text)).first()


def _all(request: HtmxRequest) -> LookQuerySet:
    return Look.objects.filter(workspace=request.workspace)


def _one(request: HtmxRequest, waiting: LookQuerySet, look: Look) -> dict[str, Any]:
    """Return what is shown of one look: the call, why, and who stands beside it."""
    before, behind = look_queue.neighbours(waiting, look)
    others = Look.objects.filter(call=look.call_id).exclude(pk=look.pk)
    eyes = masking.reader(request.workspace, request.member)
    return {
        "look": look,
        "others": others.open().select_related("rule").order_by("id"),
        "before": before,
        "behind": behind,
        "summary": eyes.text(look.call.summary),
        "note": eyes.text(look.call.note),
    }


def _nothing(request: HtmxRequest) -> dict[str, Any]:
    zone = ZoneInfo(request.workspace.timezone)
    today = timezone.now().astimezone(zone)
    return {"checked": look_queue.checked(request.workspace, today)}


# --- Done ----------------------------------------------------------------------------
@require_POST
def look_done(request: HtmxRequest, pk: int) -> HttpResponse:
    """Say that a look was had, mark the call reviewed if asked to, and go on."""
    look = get_object_or_404(_all(request).select_related("call"), pk=pk)
    now, narrow = timezone.now(), Narrow.read(request.POST.get("why", ""))
    waiting = narrow.of(looks.open_looks(request.workspace))
    before, behind = look_queue.neighbours(waiting, look)
    mine = _all(request).filter(pk=look.pk)
    if request.POST.get("all"):
        mine = _all(request).filter(call=look.call_id)
        behind = look_queue.neighbours(waiting.exclude(call=look.call_id), look)[1]
    count = len(looks.finish(mine, request.user, now))
    if request.POST.get("reviewed"):
        reviewing.mark([look.call], request.user, now)
    return _back(narrow, at=behind or before, done=look_queue.written(now), count=count)


@require_POST
def look_done_all(request: HtmxRequest) -> HttpResponse:
    """Say that every look with one reason was had."""
    narrow, now = Narrow.read(request.POST.get("why", "")), timezone.now()
    waiting = narrow.of(looks.open_looks(request.workspace))
    count = len(looks.finish(waiting, request.user, now)) if narrow.word else 0
    return _back(Narrow(), done=look_queue.written(now), count=count)


@require_POST
def look_undo(request: HtmxRequest) -> HttpResponse:
    """Take back what this person said was done at one moment."""
    done_at = look_queue.moment(request.POST.get("done", ""))
    count = _undone(request, done_at) if done_at else 0
    if count:
        messages.success(request, "Back in the queue.")
    else:
        messages.warning(request, "There was nothing to take back.")
    return _back(Narrow.read(request.POST.get("why", "")))


def _undone(request: HtmxRequest, done_at: datetime) -> int:
    """Reopen what was done at a moment, with the reviewed mark that came with it."""
    mine = request.workspace.calls.filter(
        looks__done_at=done_at, looks__done_by=request.user
    )
    marked = mine.filter(reviewed_at=done_at, reviewed_by=request.user).distinct()
    reviewing.mark(list(marked), request.user, timezone.now(), is_reviewed=False)
    return looks.reopen(_all(request), request.user, done_at)


def _back(narrow: Narrow, **more: object) -> HttpResponse:
    """Return to the queue as it was narrowed."""
    pairs = {"why": narrow.word, **more}
    given = {name: value for name, value in pairs.items() if value}
    query = f"?{urlencode(given)}" if given else ""
    return redirect(f"{reverse('look_list')}{query}")
