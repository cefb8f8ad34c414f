"""Addresses of contacts."""

from django.urls import path

from calls.views import contact_import, contacts

urlpatterns = [
    path("", contacts.contact_list, name="contact_list"),
    path("new/", contacts.contact_new, name="contact_new"),
    path("import/", contact_import.contact_import, name="contact_import"),
    path(
        "import/<uuid:pk>/columns/",
        contact_import.contact_import_map,
        name="contact_import_map",
    ),
    path(
        "import/<uuid:pk>/preview/",
        contact_import.contact_import_preview,
        name="contact_import_preview",
    ),
    path(
        "import/<uuid:pk>/run/",
        contact_import.contact_import_run,
        name="contact_import_run",
    ),
    path(
        "import/<uuid:pk>/result/",
        contact_import.contact_import_result,
        name="contact_import_result",
    ),
    path(
        "import/<uuid:pk>/refused.csv",
        contact_import.contact_import_refused,
        name="contact_import_refused",
    ),
    path("<uuid:pk>/", contacts.contact_detail, name="contact_detail"),
    path("<uuid:pk>/edit/", contacts.contact_edit, name="contact_edit"),
    path("<uuid:pk>/delete/", contacts.contact_delete, name="contact_delete"),
    path(
        "<uuid:pk>/do-not-call/",
        contacts.contact_do_not_call,
        name="contact_do_not_call",
    ),
]
