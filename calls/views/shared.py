"""A call as somebody outside sees it, by a link that expires; no login."""

from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from calls import story
from calls.models import Share
from calls.review import sharing
from calls.sound import audio, peaks
from calls.views.recordings import play

Response = TypeVar("Response", bound=HttpResponseBase)


@require_safe
@login_not_required
def shared_call(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link shows; words and 404 where it opens nothing, whatever the cause."""
    now = timezone.now()
    share = sharing.find(token, now)
    if share is None:
        return _gone(request)
    sharing.note_opening(share, _address(request), now)
    context = _shown(share) | {"share": share, "token": token, "member": None}
    return _private(render(request, "calls/shared_call.html", context))


@require_safe
@login_not_required
def shared_recording(request: HttpRequest, token: str) -> HttpResponseBase:
    """Play the recording that goes with a link."""
    now = timezone.now()
    share = sharing.find(token, now)
    sound = audio.sound(share.call) if share and share.has_recording else None
    if share is None or sound is None:
        return _gone(request)
    sharing.note_opening(share, _address(request), now, is_listening=True)
    return _private(play(request, sound))


@require_safe
@login_not_required
def shared_peaks(request: HttpRequest, token: str) -> HttpResponse:
    """Return how loud the recording of a link is, for its player to draw."""
    share = sharing.find(token, timezone.now())
    found = peaks.peaks_of(share.call) if share and share.has_recording else None
    if found is None:
        return _gone(request)
    return _private(JsonResponse(found))


def _shown(share: Share) -> dict[str, Any]:
    """Return what the page says: masked, unless the link says otherwise."""
    call = share.call
    mask = sharing.Mask(call)
    is_masked = share.is_redacted
    text, value = (mask.text, mask.value) if is_masked else (str, lambda known: known)
    who = sharing.who(call) if is_masked else call.who
    lines = story.lines(call, read=text)
    is_playable = share.has_recording and audio.is_playable(call)
    return {
        "call": call,
        "who": who,
        "number": sharing.number(call.other_number) if is_masked else call.other_number,
        "agent_name": call.agent.name if call.agent else "Agent",
        "summary": text(call.summary),
        "why_ended": text(story.why_ended(call).replace(call.who, who)),
        "extracted": story.facts(value(call.analysis)),
        "lines": lines,
        "lanes": story.lanes(call, lines),
        "is_playable": is_playable,
        "can_seek": is_playable,
    }


def _gone(request: HttpRequest) -> HttpResponse:
    page = render(request, "calls/shared_gone.html", {"member": None}, status=404)
    return _private(page)


def _private(response: Response) -> Response:
    """Keep a shared page out of search engines, caches and the addresses of others."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def _address(request: HttpRequest) -> str:
    """Return where a request comes from; behind our own proxy, what that one says."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and settings.BASE_URL.startswith("https://"):
        return forwarded.split(",")[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
