"""The settings of the workspace and of the person."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import Member

ClientOf = Callable[[Member], Client]
WISH = {"name": "New name", "timezone": "Europe/Berlin", "country": "DE"}


@pytest.mark.django_db
def test_an_admin_changes_the_workspace(admin: Member, client_of: ClientOf) -> None:
    assert client_of(admin).post("/settings/", WISH).status_code == 302
    admin.workspace.refresh_from_db()
    assert admin.workspace.timezone == "Europe/Berlin"
    entry = admin.workspace.audit.get()
    assert (entry.user, entry.action) == (admin.user, "workspace changed")
    assert entry.before == {"name": "Acme", "timezone": "UTC", "country": "US"}
    assert entry.after == WISH


@pytest.mark.django_db
def test_nothing_changed_leaves_no_entry(admin: Member, client_of: ClientOf) -> None:
    same = {"name": "Acme", "timezone": "UTC", "country": "US"}
    client_of(admin).post("/settings/", same)
    assert not admin.workspace.audit.exists()


@pytest.mark.django_db
def test_a_manager_reads_the_workspace_and_changes_nothing(
    manager: Member, client_of: ClientOf
) -> None:
    page = client_of(manager).get("/settings/").content.decode()
    assert "disabled" in page
    assert "Only an admin may change this." in page
    answer = client_of(manager).post("/settings/", WISH)
    assert answer.status_code == 403
    assert "Only an admin may change the settings" in answer.content.decode()


@pytest.mark.django_db
def test_a_wrong_time_zone_is_refused(admin: Member, client_of: ClientOf) -> None:
    answer = client_of(admin).post("/settings/", WISH | {"timezone": "Mars/Base"})
    assert answer.status_code == 422
    admin.workspace.refresh_from_db()
    assert admin.workspace.timezone == "UTC"


@pytest.mark.django_db
def test_a_person_changes_their_name(reviewer: Member, client_of: ClientOf) -> None:
    client_of(reviewer).post("/settings/account/", {"name": "Rae Quinn"})
    reviewer.user.refresh_from_db()
    assert str(reviewer.user) == "Rae Quinn"
    assert reviewer.workspace.audit.get().action == "name changed"
