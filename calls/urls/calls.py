"""Addresses of calls."""

from django.urls import path

from calls.views import gaps, launch, pages, recordings

urlpatterns = [
    path("", pages.call_list, name="call_list"),
    path("new/", launch.call_new, name="call_new"),
    path("new/preview/", launch.call_preview, name="call_preview"),
    path("new/suggest/", launch.call_suggest, name="call_suggest"),
    path("compare/<uuid:pk>/", gaps.connection_gaps, name="connection_gaps"),
    path("<uuid:pk>/", pages.call_detail, name="call_detail"),
    path("<uuid:pk>/hang-up/", pages.call_hang_up, name="call_hang_up"),
    path("<uuid:pk>/cancel/", pages.call_cancel, name="call_cancel"),
    path("<uuid:pk>/recording/", recordings.recording, name="recording"),
    path(
        "<uuid:pk>/recording/retry/",
        recordings.recording_retry,
        name="recording_retry",
    ),
    path("<uuid:pk>/evidence.json", pages.call_evidence, name="call_evidence"),
]
