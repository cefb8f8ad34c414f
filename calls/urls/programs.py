"""Addresses of programs: provider webhooks and the APIs we answer."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from calls.api import (
    native,
    native_connections,
    native_faults,
    native_hooks,
    native_lines,
    native_money,
    native_people,
    native_variables,
)
from calls.api.compat import compat
from calls.api.native_door import api, nothing_here
from calls.views.recordings import recording_by_provider_id
from calls.views.webhooks import webhook

# What they hold is on the API by their being read.
NATIVE = (
    *(native, native_connections, native_faults, native_hooks),
    *(native_lines, native_money, native_people, native_variables),
)


class AnythingConverter(StringConverter):
    """The rest of an address, whatever it is: slashes and line breaks too."""

    regex = "(?s:.*)"


register_converter(AnythingConverter, "anything")

urlpatterns = [
    path("webhooks/<str:token>/", webhook, name="webhook"),
    path(
        "recordings/<str:provider_call_id>.wav",
        recording_by_provider_id,
        name="recording_by_provider_id",
    ),
    path("api/v1/", api.urls),
    path("api/<anything:rest>", nothing_here, name="nothing_here"),
    path("compat/<slug:slug>/<path:path>", compat, name="compat"),
]
