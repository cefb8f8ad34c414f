"""Comparing a connection's calls with the provider's list, when somebody asks for it."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from calls import tasks
from dashboard.htmx import HtmxRequest


@require_POST
def connection_gaps(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Have the calls of a connection compared now."""
    connection = get_object_or_404(request.workspace.connections, pk=pk)
    if not request.member.may("connect"):
        raise PermissionDenied("Only admins can have calls compared.")
    if tasks.look_soon(connection.pk):
        label = connection.kind.label
        messages.success(request, f"Our calls are being compared with {label}’s list.")
    else:
        messages.warning(request, "The broker is down. Try again in a moment.")
    return redirect(connection)
