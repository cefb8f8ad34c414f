"""The request as our views see it, and rendering a page or only its part."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from dashboard.models import Member, User, Workspace


class HtmxRequest(HttpRequest):
    """A request of a logged-in person in a workspace (see dashboard.middleware)."""

    htmx: HtmxDetails
    user: User
    workspace: Workspace
    member: Member


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page; for an htmx request that targets `part`, only that partial."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    if part and details and details.target == part:
        template = f"{template}#{part}"
    return render(request, template, context, status=status)


def as_toasts(request: HttpRequest, response: HttpResponse) -> None:
    """Send what is to be told along with a part of a page, as static/js/toasts.js takes it."""
    waiting = list(messages.get_messages(request))
    if waiting:
        said = " ".join(str(message) for message in waiting)
        kinds = [message.level_tag for message in waiting]
        kind = "error" if "error" in kinds else kinds[0]
        response["HX-Trigger"] = json.dumps({"toast": {"text": said, "kind": kind}})
