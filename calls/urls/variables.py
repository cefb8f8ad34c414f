"""Addresses of context variables, below /settings/variables/."""

from django.urls import path

from calls.views import variables

urlpatterns = [
    path("", variables.settings_variables, name="settings_variables"),
    path(
        "<int:pk>/", variables.settings_variables_edit, name="settings_variables_edit"
    ),
    path("<int:pk>/remove/", variables.variable_remove, name="variable_remove"),
]
