"""The do-not-call list on the settings pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import Member
from tests.factories import make_workspace

ClientOf = Callable[[Member], Client]
ADDRESS = "/settings/do-not-call/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["(415) 555-0142", "+1 415 555 0142", "0014155550142"]
)
def test_a_manager_adds_a_number_in_any_format(
    manager: Member, client_of: ClientOf, typed: str
) -> None:
    workspace = manager.workspace
    workspace.country = "DE" if typed.startswith("00") else "US"
    workspace.save()
    client_of(manager).post(ADDRESS, {"number": typed, "reason": "Asked for it"})
    row = workspace.suppressions.get()
    assert (row.number, row.created_by) == ("+14155550142", manager.user)
    assert workspace.audit.get().subject == "+14155550142"


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["12", "hello", ""])
def test_what_is_no_number_is_refused_in_words(
    manager: Member, client_of: ClientOf, typed: str
) -> None:
    answer = client_of(manager).post(ADDRESS, {"number": typed})
    assert answer.status_code == 422
    assert not manager.workspace.suppressions.exists()


@pytest.mark.django_db
def test_a_number_is_on_the_list_once(manager: Member, client_of: ClientOf) -> None:
    manager.workspace.suppressions.create(number="+14155550142")
    answer = client_of(manager).post(ADDRESS, {"number": "415 555 0142"})
    assert answer.status_code == 422
    assert "on the list already" in answer.content.decode()


@pytest.mark.django_db
def test_the_list_is_searched_by_digits_and_reason(
    reviewer: Member, client_of: ClientOf
) -> None:
    create = reviewer.workspace.suppressions.create
    create(number="+14155550142", reason="Lawyer wrote")
    create(number="+442079460958")
    client = client_of(reviewer)
    for query in ("(415) 555", "lawyer"):
        rows = client.get(ADDRESS, {"q": query}).context["rows"]
        assert [row.number for row in rows] == ["+14155550142"]


@pytest.mark.django_db
def test_an_admin_takes_a_number_off(admin: Member, client_of: ClientOf) -> None:
    row = admin.workspace.suppressions.create(number="+14155550142")
    client_of(admin).post(f"{ADDRESS}{row.pk}/remove/")
    assert not admin.workspace.suppressions.exists()
    assert admin.workspace.audit.get().action == "number allowed"


@pytest.mark.django_db
def test_a_manager_takes_nothing_off(manager: Member, client_of: ClientOf) -> None:
    row = manager.workspace.suppressions.create(number="+14155550142")
    answer = client_of(manager).post(f"{ADDRESS}{row.pk}/remove/")
    assert answer.status_code == 403
    assert manager.workspace.suppressions.exists()


@pytest.mark.django_db
def test_a_reviewer_adds_nothing(reviewer: Member, client_of: ClientOf) -> None:
    answer = client_of(reviewer).post(ADDRESS, {"number": "+14155550142"})
    assert answer.status_code == 403
    assert "Add a number" not in client_of(reviewer).get(ADDRESS).content.decode()


@pytest.mark.django_db
def test_numbers_of_others_are_not_found(admin: Member, client_of: ClientOf) -> None:
    row = make_workspace().suppressions.create(number="+14155550142")
    answer = client_of(admin).post(f"{ADDRESS}{row.pk}/remove/")
    assert answer.status_code == 404
    assert "+1 415" not in client_of(admin).get(ADDRESS).content.decode()
