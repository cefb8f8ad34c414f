"""How a stand-in treats its client: the troubles that the dialled number stands for."""

import errno
import time
from collections.abc import Iterator
from datetime import timedelta

from django.core.cache import cache
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from agents.providers.base import Manner
from calls.api.visit import Problem
from calls.plan import Plan

# How long a client waits for an answer that never comes.
SILENCE_SECONDS = 0.3
REMEMBERED_SECONDS = 3600
# A call whose answer gets lost goes out only after this, whatever the simulator's
# speed: its webhooks would else tell the client of it before anybody could wonder.
HELD = timedelta(seconds=6)


def goes_on(plan: Plan) -> bool:
    """Play the trouble before anything is placed; False: the answer breaks off."""
    manner = _manner(plan)
    if manner.reply == "error":
        raise Problem(500, "An unexpected server error occurred.", "server_error")
    if manner.busy_first and _count(plan) <= manner.busy_first:
        words = "Account rate limited, please throttle your requests."
        raise Problem(429, words, "limit_exceeded")
    return manner.reply != "lost"


def loses_answer(plan: Plan) -> bool:
    """Tell whether the call is placed but the client never hears of it."""
    return _manner(plan).reply == "lost_placed"


def _manner(plan: Plan) -> Manner:
    connection = plan.connection
    if connection is None or plan.wish.type == "web":
        return Manner()
    return connection.client().manner(plan.to_number)


def _count(plan: Plan) -> int:
    """Count how often this wish came, by its own key or else by its number."""
    wish = plan.wish.idempotency_key or plan.to_number
    key = f"busy:{plan.workspace.pk}:{plan.dialect}:{wish}"
    cache.add(key, 0, REMEMBERED_SECONDS)
    return cache.incr(key)


def no_answer(request: HttpRequest) -> HttpResponseBase:
    """Return an answer that breaks off: its client can only say that none came."""
    answer = StreamingHttpResponse(
        _broken(), status=201, content_type="application/json"
    )
    # Django's own server keeps the connection open behind a body that is too short,
    # and would let the client wait; without a length it closes it.
    if not request.META.get("SERVER_SOFTWARE", "").startswith("WSGIServer"):
        answer["Content-Length"] = "4096"
    return answer


def _broken() -> Iterator[bytes]:
    time.sleep(SILENCE_SECONDS)
    yield b'{"call_'
    # With this number a server takes it for a client that went away, and logs nothing.
    raise ConnectionResetError(errno.ECONNRESET, "Broken off on purpose")
