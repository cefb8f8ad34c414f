"""Recordings of simulated calls, whole or by the ranges that players ask for."""

import re
import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from calls import audio
from dashboard.htmx import HtmxRequest

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@require_safe
def recording(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Play a call of the workspace."""
    call = get_object_or_404(request.workspace.calls, pk=pk)
    if not audio.is_ours(call):
        raise Http404("This recording is not kept here.")
    return _sound(request, audio.wav(call))


@require_safe
@login_not_required
def recording_by_provider_id(
    request: HttpRequest, provider_call_id: str
) -> HttpResponse:
    """Play a call to whoever knows its provider's id, as providers do."""
    call = audio.find(provider_call_id)
    if call is None:
        raise Http404("There is no such recording.")
    return _sound(request, audio.wav(call))


def _sound(request: HttpRequest, body: bytes) -> HttpResponse:
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600"}
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or asked[0] == "bytes=-":
        return HttpResponse(body, content_type="audio/wav", headers=headers)
    first, last = _ends(asked[1], asked[2], len(body))
    if first > last:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return HttpResponse(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    part = body[first : last + 1]
    return HttpResponse(part, status=206, content_type="audio/wav", headers=headers)


def _ends(first: str, last: str, length: int) -> tuple[int, int]:
    """Return the first and last byte of a range; `-500` means the last 500."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length - 1), length - 1)
