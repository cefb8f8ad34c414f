"""Addresses of programs: provider webhooks and the APIs we answer."""

from django.urls import path

from calls.api import (
    native_faults,
    native_hooks,
    native_lines,
    native_money,
    native_people,
)
from calls.api.compat import compat
from calls.api.native import api
from calls.views.recordings import recording_by_provider_id
from calls.views.webhooks import webhook

# What they hold is on the API by their being read.
NATIVE = (native_faults, native_hooks, native_lines, native_money, native_people)

urlpatterns = [
    path("webhooks/<str:token>/", webhook, name="webhook"),
    path(
        "recordings/<str:provider_call_id>.wav",
        recording_by_provider_id,
        name="recording_by_provider_id",
    ),
    path("api/v1/", api.urls),
    path("compat/<slug:slug>/<path:path>", compat, name="compat"),
]
