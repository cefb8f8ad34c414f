"""The people of the workspace."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import Member, Role, User, Workspace
from dashboard.people import CannotChange, add_person, change_role, remove_person
from tests.factories import make_member, make_workspace

ClientOf = Callable[[Member], Client]


@pytest.mark.django_db
def test_a_new_person_gets_a_password_that_works(admin: Member) -> None:
    member, password = add_person(
        admin.workspace, "New@Example.com", "Nia", Role.MANAGER, by=admin.user
    )
    assert member.user.email == "new@example.com"
    assert User.objects.get(pk=member.user_id).check_password(password)
    entry = admin.workspace.audit.get()
    assert entry.subject == "new@example.com"
    assert password not in str(entry.after)


@pytest.mark.django_db
def test_somebody_of_another_workspace_keeps_their_password(admin: Member) -> None:
    known = make_member(make_workspace(), email="known@example.com")
    known.user.set_password("their own")
    known.user.save()
    _, password = add_person(
        admin.workspace, "known@example.com", "", Role.REVIEWER, by=admin.user
    )
    assert password == ""
    assert User.objects.get(pk=known.user_id).check_password("their own")


@pytest.mark.django_db
def test_the_password_is_shown_once(admin: Member, client_of: ClientOf) -> None:
    client = client_of(admin)
    wish = {"email": "new@example.com", "name": "Nia", "role": "manager"}
    answer = client.post("/settings/people/", wish)
    assert answer.context["password"] in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    again = client.get("/settings/people/").content.decode()
    assert answer.context["password"] not in again


@pytest.mark.django_db
def test_nobody_is_added_twice(admin: Member, client_of: ClientOf) -> None:
    wish = {"email": admin.user.email.upper(), "name": "", "role": "manager"}
    answer = client_of(admin).post("/settings/people/", wish)
    assert answer.status_code == 422
    assert "in the workspace already" in answer.content.decode()


@pytest.mark.django_db
def test_the_last_admin_stays_admin(admin: Member, manager: Member) -> None:
    with pytest.raises(CannotChange, match="last admin"):
        change_role(admin, Role.REVIEWER, by=admin.user)
    change_role(manager, Role.ADMIN, by=admin.user)
    change_role(admin, Role.REVIEWER, by=admin.user)
    assert admin.role == Role.REVIEWER


@pytest.mark.django_db
def test_nobody_removes_themselves(admin: Member) -> None:
    with pytest.raises(CannotChange, match="yourself"):
        remove_person(admin, by=admin.user)


@pytest.mark.django_db
def test_an_admin_changes_a_role(
    admin: Member, manager: Member, client_of: ClientOf
) -> None:
    address = f"/settings/people/{manager.pk}/role/"
    client_of(admin).post(address, {"role": "reviewer"})
    manager.refresh_from_db()
    assert manager.role == Role.REVIEWER
    entry = admin.workspace.audit.get()
    assert (entry.before, entry.after) == ({"role": "manager"}, {"role": "reviewer"})


@pytest.mark.django_db
def test_a_refused_change_is_said_in_words(admin: Member, client_of: ClientOf) -> None:
    address = f"/settings/people/{admin.pk}/role/"
    answer = client_of(admin).post(address, {"role": "reviewer"}, follow=True)
    assert "This is the last admin." in answer.content.decode()


@pytest.mark.django_db
def test_a_removed_person_is_out(
    admin: Member, manager: Member, client_of: ClientOf
) -> None:
    client_of(admin).post(f"/settings/people/{manager.pk}/remove/")
    assert not admin.workspace.members.filter(pk=manager.pk).exists()
    assert client_of(manager).get("/settings/").status_code == 403


@pytest.mark.django_db
def test_a_manager_does_not_see_the_people(
    manager: Member, client_of: ClientOf
) -> None:
    answer = client_of(manager).get("/settings/people/")
    assert answer.status_code == 403
    assert "Only an admin" in answer.content.decode()


@pytest.mark.django_db
def test_people_of_others_are_not_found(admin: Member, client_of: ClientOf) -> None:
    stranger = make_member(make_workspace())
    address = f"/settings/people/{stranger.pk}/remove/"
    assert client_of(admin).post(address).status_code == 404
    assert Workspace.objects.get(pk=stranger.workspace_id).members.exists()
