"""Every address of Switchboard."""

from django.urls import include, path

from dashboard.views import (
    frame,
    health,
    home,
    hooks,
    keys,
    palette,
    people,
    privacy,
    settings,
    suppressions,
)

urlpatterns = [
    # First, as programs ask for these by the thousand.
    path("", include("calls.urls.programs")),
    path("", home.home, name="home"),
    path("live/", frame.live_count, name="live_count"),
    path("theme/", frame.theme, name="theme"),
    path("workspace/", frame.switch_workspace, name="switch_workspace"),
    path("palette/", palette.palette, name="palette"),
    path("settings/", settings.settings_workspace, name="settings_workspace"),
    path("settings/calling/", settings.settings_calling, name="settings_calling"),
    path("settings/account/", settings.settings_account, name="settings_account"),
    path("settings/people/", people.settings_people, name="settings_people"),
    path("settings/people/<int:pk>/role/", people.person_role, name="person_role"),
    path(
        "settings/people/<int:pk>/remove/", people.person_remove, name="person_remove"
    ),
    path("settings/keys/", keys.settings_keys, name="settings_keys"),
    path(
        "settings/keys/<uuid:pk>/", keys.settings_keys_edit, name="settings_keys_edit"
    ),
    path("settings/keys/<uuid:pk>/revoke/", keys.key_revoke, name="key_revoke"),
    path("settings/webhooks/", hooks.settings_webhooks, name="settings_webhooks"),
    path(
        "settings/webhooks/new/",
        hooks.settings_webhooks_new,
        name="settings_webhooks_new",
    ),
    path(
        "settings/webhooks/<int:pk>/",
        hooks.settings_webhooks_endpoint,
        name="settings_webhooks_endpoint",
    ),
    path(
        "settings/webhooks/<int:pk>/delete/",
        hooks.settings_webhooks_delete,
        name="settings_webhooks_delete",
    ),
    path("settings/webhooks/<int:pk>/test/", hooks.webhook_test, name="webhook_test"),
    path(
        "settings/webhooks/<int:pk>/pause/", hooks.webhook_pause, name="webhook_pause"
    ),
    path(
        "settings/webhooks/<int:pk>/resume/",
        hooks.webhook_resume,
        name="webhook_resume",
    ),
    path(
        "settings/webhooks/<int:pk>/secret/",
        hooks.webhook_rotate,
        name="webhook_rotate",
    ),
    path(
        "settings/webhooks/<int:pk>/replay/",
        hooks.webhook_replay,
        name="webhook_replay",
    ),
    path(
        "settings/webhooks/<int:pk>/<int:no>/",
        hooks.settings_webhooks_delivery,
        name="settings_webhooks_delivery",
    ),
    path("settings/looks/", include("calls.urls.look_rules")),
    path("settings/money/", include("calls.urls.money")),
    path("settings/variables/", include("calls.urls.variables")),
    path("settings/privacy/", privacy.settings_privacy, name="settings_privacy"),
    path(
        "settings/privacy/proof/",
        privacy.settings_privacy_proof,
        name="settings_privacy_proof",
    ),
    path(
        "settings/privacy/proof.csv",
        privacy.privacy_proof_csv,
        name="privacy_proof_csv",
    ),
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
    path("", include("agents.urls")),
]
