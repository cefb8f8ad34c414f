"""Webhooks out: who is told of calls, what they were told; only admins come here."""

import json
from datetime import timedelta
from typing import Any
from zlib import crc32

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from agents.providers.dialects import SignedWith
from calls.forms.endpoints import EndpointForm, ReplayForm
from calls.hooks import endpoints, voices
from calls.models import Delivery, WebhookEndpoint
from dashboard.htmx import HtmxRequest, render_page

ADMINS_ONLY = "Only an admin may see and change where webhooks go."
PER_PAGE = 50
FAILED = "failed"
# The largest id that a database holds.
LARGEST_ID = 2**63 - 1


@require_GET
def settings_webhooks(request: HtmxRequest) -> HttpResponse:
    """List who is told of calls."""
    _admin(request)
    newest = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by("-pk")
    rows = endpoints.of_workspace(request.workspace).defer("secret", "old_secret")
    rows = rows.annotate(last_at=Subquery(newest.values("created_at")[:1]))
    context = {
        "rows": [(row, voices.LABELS[row.dialect]) for row in rows],
        "paused_webhooks": endpoints.paused_by_us(request.workspace),
    }
    return render_page(request, "dashboard/settings_webhooks.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def settings_webhooks_new(request: HtmxRequest) -> HttpResponse:
    """Add an endpoint; its secret is in this answer and nowhere else."""
    _admin(request)
    asked = request.GET.get("format", voices.NATIVE)
    dialect = asked if asked in voices.VOICES else voices.NATIVE
    form = EndpointForm(request.workspace, dialect, request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = endpoints.create(
            request.workspace, request.user, dialect=dialect, **form.cleaned_data
        )
        return _shown(request, row, secret=str(row.secret), is_new=True)
    context = {"form": form, "format": dialect, "formats": voices.LABELS.items()}
    context["signed_with"] = voices.VOICES[dialect].SIGNED_WITH
    page = "dashboard/settings_webhooks_new.html"
    return render_page(request, page, context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def settings_webhooks_endpoint(request: HtmxRequest, pk: int) -> HttpResponse:
    """Show an endpoint with its log; change its name, address or events."""
    row = _endpoint(request, pk)
    form = EndpointForm(request.workspace, row.dialect, request.POST or None, row)
    if request.method == "POST" and form.is_valid():
        endpoints.change(row, request.user, form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(row)
    return _shown(request, row, form=form, status=422 if form.errors else 200)


def _shown(
    request: HtmxRequest, row: WebhookEndpoint, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Render an endpoint's page, or 204 where a poll knows what is in its log."""
    only_failed = request.GET.get("show") == FAILED
    before = _number(request.GET.get("before", ""))
    rows = endpoints.log(row, only_failed=only_failed, before=before)
    found = list(rows[: PER_PAGE + 1])
    told = [(one.pk, one.attempts, str(one.state)) for one in found]
    version = f"{crc32(repr(told).encode()):x}"
    if request.method == "GET" and request.GET.get("v") == version:
        return HttpResponse(status=204)
    now = timezone.localtime().replace(second=0, microsecond=0)
    context: dict[str, Any] = {
        "endpoint": row,
        "label": voices.LABELS[row.dialect],
        "signed_with": voices.VOICES[row.dialect].SIGNED_WITH,
        "signs_nothing": voices.VOICES[row.dialect].SIGNED_WITH == SignedWith.NOTHING,
        "old_secret_signs": (row.old_secret_until or now) > now,
        "form": EndpointForm(request.workspace, row.dialect, row=row),
        "replay": ReplayForm(
            initial={"since": now - timedelta(days=1), "until": now, "only_failed": 1}
        ),
        "rows": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "before": before,
        "only_failed": only_failed,
        "version": version,
        "waiting": endpoints.waiting(row),
        "most_counted": endpoints.MOST_COUNTED,
    }
    page = "dashboard/settings_webhooks_endpoint.html"
    return render_page(request, page, context | more, part="log", status=status)


@require_http_methods(["GET", "POST"])
def settings_webhooks_delete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Ask, then delete an endpoint with its log."""
    row = _endpoint(request, pk)
    if request.method == "POST":
        endpoints.delete(row, request.user)
        messages.success(request, f"{row} is told of nothing any more.")
        return redirect("settings_webhooks")
    context = {"endpoint": row, "waiting": endpoints.waiting(row)}
    context["most_counted"] = endpoints.MOST_COUNTED
    return render_page(request, "dashboard/settings_webhooks_delete.html", context)


# --- What can be done with one -------------------------------------------------------
@require_POST
def webhook_test(request: HtmxRequest, pk: int) -> HttpResponse:
    """Send a test."""
    row = _endpoint(request, pk)
    endpoints.test(row, timezone.now())
    messages.success(request, "The test is on its way. What came of it stands below.")
    return redirect(row)


@require_POST
def webhook_pause(request: HtmxRequest, pk: int) -> HttpResponse:
    """Let what is owed wait."""
    row = _endpoint(request, pk)
    endpoints.pause(row, request.user, timezone.now())
    messages.success(request, "Paused. What happens meanwhile waits.")
    return redirect(row)


@require_POST
def webhook_resume(request: HtmxRequest, pk: int) -> HttpResponse:
    """Send what waits."""
    row = _endpoint(request, pk)
    endpoints.resume(row, request.user, timezone.now())
    messages.success(request, "Resumed. What waited is sent now.")
    return redirect(row)


@never_cache
@require_POST
def webhook_rotate(request: HtmxRequest, pk: int) -> HttpResponse:
    """Make a new secret, which is in this answer and nowhere else."""
    row = _endpoint(request, pk)
    if voices.VOICES[row.dialect].SIGNED_WITH == SignedWith.NOTHING:
        messages.warning(request, "Webhooks of this format are not signed.")
        return redirect(row)
    secret = endpoints.rotate(row, request.user, timezone.now())
    return _shown(request, row, secret=secret)


@require_POST
def webhook_replay(request: HtmxRequest, pk: int) -> HttpResponse:
    """Send again what was to be told in a time."""
    row = _endpoint(request, pk)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, replay=form, status=422)
    rows = endpoints.in_time(row, **form.cleaned_data)
    _say(request, endpoints.replay(rows, row, request.user, timezone.now()))
    return redirect(row)


# --- One delivery --------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
def settings_webhooks_delivery(request: HtmxRequest, pk: int, no: int) -> HttpResponse:
    """Show what was sent, and what came of each try; a POST sends it again."""
    row = _endpoint(request, pk)
    rows = row.deliveries.filter(pk=no)
    one = get_object_or_404(rows.select_related("call"))
    if request.method == "POST":
        _say(request, endpoints.replay(rows, row, request.user, timezone.now()))
        return redirect("settings_webhooks_delivery", row.pk, one.pk)
    tries = list(one.log.order_by("pk"))
    version = f"{len(tries)}{one.state}"
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = {"endpoint": row, "delivery": one, "tries": tries, "version": version}
    context["body"] = json.dumps(json.loads(one.body), indent=2, ensure_ascii=False)
    page = "dashboard/settings_webhooks_delivery.html"
    return render_page(request, page, context, part="tries")


def _say(request: HtmxRequest, count: int) -> None:
    if not count:
        messages.info(request, "There is nothing there to be sent again.")
        return
    what = "One webhook goes" if count == 1 else f"{count:,} webhooks go"
    messages.success(request, f"{what} out again.")


def _endpoint(request: HtmxRequest, pk: int) -> WebhookEndpoint:
    """Return an endpoint of the workspace, for an admin."""
    _admin(request)
    return get_object_or_404(endpoints.of_workspace(request.workspace), pk=pk)


def _admin(request: HtmxRequest) -> None:
    if not request.member.may("administer"):
        raise PermissionDenied(ADMINS_ONLY)


def _number(written: str) -> int | None:
    """Return the id that a cursor names; None for none, or for one that is broken."""
    is_one = written.isascii() and written.isdigit() and len(written) < 19
    return min(int(written), LARGEST_ID) if is_one else None
