"""Addresses of agents, numbers and connections."""

from django.urls import path

from agents.views import agents, connections, numbers

urlpatterns = [
    path("agents/", agents.agent_list, name="agent_list"),
    path("agents/<uuid:pk>/", agents.agent_detail, name="agent_detail"),
    path("numbers/", numbers.number_list, name="number_list"),
    path("numbers/<uuid:pk>/edit/", numbers.number_edit, name="number_edit"),
    path("numbers/<uuid:pk>/undo/", numbers.number_undo, name="number_undo"),
    path("numbers/<uuid:pk>/drift/", numbers.number_drift, name="number_drift"),
    path("connections/", connections.connection_list, name="connection_list"),
    path("connections/new/", connections.connection_new, name="connection_new"),
    path(
        "connections/<uuid:pk>/",
        connections.connection_detail,
        name="connection_detail",
    ),
    path(
        "connections/<uuid:pk>/check/",
        connections.connection_check,
        name="connection_check",
    ),
    path(
        "connections/<uuid:pk>/sync/",
        connections.connection_sync,
        name="connection_sync",
    ),
    path(
        "connections/<uuid:pk>/secrets/",
        connections.connection_secrets,
        name="connection_secrets",
    ),
    path(
        "connections/<uuid:pk>/switch/",
        connections.connection_switch,
        name="connection_switch",
    ),
]
