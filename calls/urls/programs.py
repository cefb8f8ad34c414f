"""Addresses of programs: provider webhooks and the APIs we answer."""

from django.urls import path

from calls.api.compat import compat
from calls.api.native import api
from calls.views.webhooks import webhook

urlpatterns = [
    path("webhooks/<str:token>/", webhook, name="webhook"),
    path("api/v1/", api.urls),
    path("compat/<slug:slug>/<path:path>", compat, name="compat"),
]
