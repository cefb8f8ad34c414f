"""Recordings, whole or by the ranges that players ask for."""

import re
import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from calls import tasks
from calls.sound import audio, peaks, recordings
from calls.sound.audio import Sound
from dashboard.htmx import HtmxRequest

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PIECE = 2**16


@require_safe
def recording(request: HtmxRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Play a call of the workspace."""
    call = get_object_or_404(request.workspace.calls, pk=pk)
    sound = audio.sound(call)
    if sound is None:
        raise Http404("This recording is not kept here.")
    return play(request, sound)


@require_safe
def recording_peaks(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Return how loud a call's recording is, for a player to draw."""
    call = get_object_or_404(request.workspace.calls.select_related("recording"), pk=pk)
    found = peaks.peaks_of(call)
    if found is None:
        raise Http404("There are no peaks of this recording.")
    headers = {"Cache-Control": "private, max-age=3600"}
    return JsonResponse(found, headers=headers)


@require_safe
@login_not_required
def recording_by_provider_id(
    request: HttpRequest, provider_call_id: str
) -> HttpResponseBase:
    """Play a simulated call to whoever knows its provider's id, as providers do."""
    call = audio.find(provider_call_id)
    sound = audio.made(call) if call else None
    if sound is None:
        raise Http404("There is no such recording.")
    return play(request, sound)


@require_POST
def recording_retry(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Fetch a recording once more that was given up."""
    call = get_object_or_404(request.workspace.calls, pk=pk)
    if not request.member.may("connect"):
        raise PermissionDenied("Only admins can have a recording fetched again.")
    if recordings.retry(call, timezone.now()):
        tasks.fetch_soon(call.pk)
        messages.success(request, "The recording is being fetched again.")
    return redirect(call)


# --- Playing -------------------------------------------------------------------------
def play(request: HttpRequest, sound: Sound) -> HttpResponseBase:
    """Answer with the sound, or the range of it that was asked for."""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'inline; filename="{sound.filename}"',
    }
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    first, last, status = 0, sound.size - 1, 200
    if asked and asked[0] != "bytes=-":
        first, last = _ends(asked[1], asked[2], sound.size)
        if first > last:
            headers["Content-Range"] = f"bytes */{sound.size}"
            return HttpResponse(status=416, headers=headers)
        headers["Content-Range"] = f"bytes {first}-{last}/{sound.size}"
        status = 206
    headers["Content-Length"] = str(last - first + 1)
    return StreamingHttpResponse(
        _pieces(sound, first, last),
        status=status,
        content_type=sound.content_type,
        headers=headers,
    )


def _pieces(sound: Sound, first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes of a range; the whole is never in memory."""
    with sound.open() as stream:
        stream.seek(first)
        left = last - first + 1
        while left > 0 and (piece := stream.read(min(left, PIECE))):
            left -= len(piece)
            yield piece


def _ends(first: str, last: str, length: int) -> tuple[int, int]:
    """Return the first and last byte of a range; `-500` means the last 500."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length - 1), length - 1)
