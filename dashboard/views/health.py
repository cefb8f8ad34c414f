"""Whether the house is well, for machines: no session, no login."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from dashboard import embedded
from dashboard import metrics as house
from dashboard.celery import app

OK = "ok"
BROKER_SECONDS = 2


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process is alive; asks nobody."""
    return JsonResponse({"status": OK})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the process can work; 503 names what is missing."""
    checks = {"database": database(), "broker": broker()}
    is_ready = set(checks.values()) == {OK}
    body = {"status": OK if is_ready else "unavailable"} | checks
    return JsonResponse(body, status=200 if is_ready else 503)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures of the whole house for Prometheus."""
    return HttpResponse(house.as_text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def database() -> str:
    """Ask the database for a one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "The database does not answer."
    return OK


def broker() -> str:
    """Knock at the broker; the embedded one is there while its threads are."""
    if settings.EMBEDDED:
        is_well = all(thread.is_alive() for thread in embedded.threads)
        return OK if is_well else "A background thread has stopped."
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return "The broker (REDIS_URL) does not answer."
    return OK
