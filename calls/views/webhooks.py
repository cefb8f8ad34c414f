"""Where providers post: verify, store, answer."""

import logging
import threading
import time

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from calls import ringing, webhooks
from calls.tasks import apply_soon

logger = logging.getLogger(__name__)

# Events that come closely together share one nudge. A lone event is applied at once;
# while more come, a message is sent at most this often, to run this much later.
NUDGE_EVERY = 0.04
NUDGE_MARGIN = 0.005
next_nudge_at = 0.0
nudge_lock = threading.Lock()


@csrf_exempt
@login_not_required
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Take one webhook: 204, 200 with the answer to a ringing caller, 403 or 404."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    connection = webhooks.directory.find(token)
    if connection is None:
        return HttpResponse("No connection has this address.", status=404)
    now, body = timezone.now(), request.body
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not webhooks.receive(connection, headers, body, now):
        # The key may just have been replaced: look it up before saying no.
        fresh = webhooks.directory.find(token, fresh=True)
        if fresh is None or not webhooks.receive(fresh, headers, body, now):
            logger.warning("A webhook for connection %s was refused", connection.pk)
            webhooks.refused(connection, now)
            return HttpResponse("The signature does not fit.", status=403)
        connection = fresh
    webhooks.first_seen(connection, now)
    nudge()
    answer = ringing.answer(connection, body)
    return HttpResponse(status=204) if answer is None else JsonResponse(answer)


def nudge() -> None:
    """Have stored events applied: now, or by the message that is on its way."""
    global next_nudge_at
    with nudge_lock:
        now = time.monotonic()
        if now < next_nudge_at:
            return
        wait = NUDGE_EVERY if now - next_nudge_at < NUDGE_EVERY else 0.0
        next_nudge_at = now + wait
    # The margin puts it behind every event that relies on it.
    if not apply_soon(wait + NUDGE_MARGIN if wait else 0.0):
        next_nudge_at = 0.0
