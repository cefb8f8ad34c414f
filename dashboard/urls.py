"""Every address of Switchboard."""

from django.urls import include, path

from dashboard.views import (
    frame,
    health,
    home,
    keys,
    palette,
    people,
    settings,
    suppressions,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("live/", frame.live_count, name="live_count"),
    path("theme/", frame.theme, name="theme"),
    path("workspace/", frame.switch_workspace, name="switch_workspace"),
    path("palette/", palette.palette, name="palette"),
    path("settings/", settings.settings_workspace, name="settings_workspace"),
    path("settings/account/", settings.settings_account, name="settings_account"),
    path("settings/people/", people.settings_people, name="settings_people"),
    path("settings/people/<int:pk>/role/", people.person_role, name="person_role"),
    path(
        "settings/people/<int:pk>/remove/", people.person_remove, name="person_remove"
    ),
    path("settings/keys/", keys.settings_keys, name="settings_keys"),
    path("settings/keys/<uuid:pk>/revoke/", keys.key_revoke, name="key_revoke"),
    path(
        "settings/do-not-call/",
        suppressions.settings_suppressions,
        name="settings_suppressions",
    ),
    path(
        "settings/do-not-call/<int:pk>/remove/",
        suppressions.suppression_remove,
        name="suppression_remove",
    ),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("accounts/", include("allauth.account.urls")),
    path("calls/", include("calls.urls.calls")),
    path("contacts/", include("calls.urls.contacts")),
    path("", include("calls.urls.programs")),
    path("", include("agents.urls")),
]
