"""The calls app."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """Names the app."""

    name = "calls"
