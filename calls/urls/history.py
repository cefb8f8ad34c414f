"""Addresses of the history, below /calls/."""

from django.urls import path

from calls.views import bulk, history, saved_views

urlpatterns = [
    path("", history.call_list, name="call_list"),
    path("count/", history.call_count, name="call_count"),
    path("columns/", history.call_columns, name="call_columns"),
    path("filter/<slug:name>/", history.call_filter, name="call_filter"),
    path("views/", saved_views.call_views, name="call_views"),
    path("views/<uuid:pk>/", saved_views.call_view_edit, name="call_view_edit"),
    path(
        "views/<uuid:pk>/delete/",
        saved_views.call_view_delete,
        name="call_view_delete",
    ),
    path("bulk/", bulk.call_bulk, name="call_bulk"),
    path("do-not-call/", bulk.call_no_call, name="call_no_call"),
    path(
        "do-not-call/<int:entry>/undo/",
        bulk.call_no_call_undo,
        name="call_no_call_undo",
    ),
]
