"""Addresses of calls."""

from django.urls import include, path

from calls.views import (
    call,
    call_events,
    copies,
    exports,
    gaps,
    launch,
    notes,
    recordings,
    shared,
    shares,
)

urlpatterns = [
    path("", include("calls.urls.history")),
    path("looks/", include("calls.urls.looks")),
    path("new/", launch.call_new, name="call_new"),
    path("new/preview/", launch.call_preview, name="call_preview"),
    path("new/suggest/", launch.call_suggest, name="call_suggest"),
    path("compare/<uuid:pk>/", gaps.connection_gaps, name="connection_gaps"),
    path("<uuid:pk>/", call.call_detail, name="call_detail"),
    path("<uuid:pk>/hang-up/", call.call_hang_up, name="call_hang_up"),
    path("<uuid:pk>/cancel/", call.call_cancel, name="call_cancel"),
    path("exports/", exports.export_list, name="export_list"),
    path("exports/new/", exports.export_new, name="export_new"),
    path("exports/<uuid:pk>/cancel/", exports.export_cancel, name="export_cancel"),
    path("exports/<uuid:pk>/file/", exports.export_file, name="export_file"),
    path("<uuid:pk>/recording/", recordings.recording, name="recording"),
    path(
        "<uuid:pk>/recording/peaks.json",
        recordings.recording_peaks,
        name="recording_peaks",
    ),
    path(
        "<uuid:pk>/recording/retry/",
        recordings.recording_retry,
        name="recording_retry",
    ),
    path("<uuid:pk>/evidence.json", call.call_evidence, name="call_evidence"),
    path("<uuid:pk>/transcript.txt", call.call_transcript, name="call_transcript"),
    path("<uuid:pk>/notes/", notes.note_add, name="note_add"),
    path("<uuid:pk>/notes/undo/", notes.note_undo, name="note_undo"),
    path("<uuid:pk>/notes/<uuid:note>/", notes.note_edit, name="note_edit"),
    path("<uuid:pk>/notes/<uuid:note>/delete/", notes.note_delete, name="note_delete"),
    path("<uuid:pk>/tags/", notes.call_tags, name="call_tags"),
    path("<uuid:pk>/reviewed/", notes.call_reviewed, name="call_reviewed"),
    path("<uuid:pk>/answered-by/", notes.call_answered_by, name="call_answered_by"),
    path("<uuid:pk>/share/", shares.call_share, name="call_share"),
    path(
        "<uuid:pk>/share/<uuid:share>/revoke/",
        shares.share_revoke,
        name="share_revoke",
    ),
    path(
        "<uuid:pk>/webhooks/<int:event>.json",
        call_events.event_body,
        name="event_body",
    ),
    path(
        "<uuid:pk>/webhooks/<int:event>/again/",
        call_events.event_again,
        name="event_again",
    ),
    path("<uuid:pk>/erase/", copies.call_erase, name="call_erase"),
    path("shared/<str:token>/", shared.shared_call, name="shared_call"),
    path("shared/<str:token>/peaks.json", shared.shared_peaks, name="shared_peaks"),
    path(
        "shared/<str:token>/recording/",
        shared.shared_recording,
        name="shared_recording",
    ),
]
