"""Addresses of the rules of one's own, below /settings/looks/."""

from django.urls import path

from calls.views import look_rules

urlpatterns = [
    path("", look_rules.settings_looks, name="settings_looks"),
    path("<uuid:pk>/", look_rules.settings_looks_edit, name="settings_looks_edit"),
    path("<uuid:pk>/switch/", look_rules.look_rule_switch, name="look_rule_switch"),
    path("<uuid:pk>/remove/", look_rules.look_rule_remove, name="look_rule_remove"),
]
