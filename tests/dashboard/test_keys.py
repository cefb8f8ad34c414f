"""API keys on the settings pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import ApiKey, Member
from tests.factories import make_workspace

ClientOf = Callable[[Member], Client]
WISH = {"name": "CRM sync", "scopes": ["calls:read", "calls:write"]}


@pytest.mark.django_db
def test_a_key_is_shown_once_and_works(admin: Member, client_of: ClientOf) -> None:
    client = client_of(admin)
    answer = client.post("/settings/keys/", WISH)
    key = answer.context["key"]
    assert key in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    found = ApiKey.find(key)
    assert found is not None
    assert found.scopes == WISH["scopes"]
    assert key not in client.get("/settings/keys/").content.decode()


@pytest.mark.django_db
def test_the_entry_of_a_key_holds_no_secret(admin: Member, client_of: ClientOf) -> None:
    answer = client_of(admin).post("/settings/keys/", WISH)
    entry = admin.workspace.audit.get()
    assert entry.action == "key created"
    written = f"{entry.subject} {entry.before} {entry.after}"
    assert answer.context["key"] not in written
    assert answer.context["secret"] not in written


@pytest.mark.django_db
def test_a_key_that_may_nothing_is_refused(admin: Member, client_of: ClientOf) -> None:
    answer = client_of(admin).post("/settings/keys/", {"name": "Idle"})
    assert answer.status_code == 422
    assert "at least one thing" in answer.content.decode()


@pytest.mark.django_db
def test_a_revoked_key_works_no_longer(admin: Member, client_of: ClientOf) -> None:
    row, key, _ = ApiKey.issue(admin.workspace, "Old", ["calls:read"])
    client = client_of(admin)
    for _again in range(2):
        client.post(f"/settings/keys/{row.pk}/revoke/")
    assert ApiKey.find(key) is None
    assert admin.workspace.audit.get().action == "key revoked"
    assert "Revoked" in client.get("/settings/keys/").content.decode()


@pytest.mark.django_db
def test_a_manager_has_no_keys(manager: Member, client_of: ClientOf) -> None:
    assert client_of(manager).get("/settings/keys/").status_code == 403
    assert client_of(manager).post("/settings/keys/", WISH).status_code == 403


@pytest.mark.django_db
def test_keys_of_others_are_not_found(admin: Member, client_of: ClientOf) -> None:
    row, key, _ = ApiKey.issue(make_workspace(), "Theirs", ["calls:read"])
    answer = client_of(admin).post(f"/settings/keys/{row.pk}/revoke/")
    assert answer.status_code == 404
    assert ApiKey.find(key) is not None
