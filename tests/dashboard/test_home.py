"""Home."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from calls import digest
from dashboard.models import Member
from tests.factories import make_agent, make_call, make_connection, make_contact

ClientOf = Callable[[Member], Client]


@pytest.mark.django_db
def test_a_new_workspace_is_told_what_to_do(admin: Member, client_of: ClientOf) -> None:
    page = client_of(admin).get("/").content.decode()
    assert "Three steps to the first call" in page
    assert 'href="/connections/new/"' in page


@pytest.mark.django_db
def test_a_manager_of_a_new_workspace_is_sent_to_an_admin(
    manager: Member, client_of: ClientOf
) -> None:
    page = client_of(manager).get("/").content.decode()
    assert "Ask an admin" in page
    assert "/connections/" not in page


@pytest.mark.django_db
def test_home_shows_what_is_live_and_what_needs_a_look(
    manager: Member, client_of: ClientOf
) -> None:
    connection = make_connection(manager.workspace)
    make_call(connection, status="in_progress", customer_name="Live Lena")
    make_call(connection, status="failed", customer_name="Failed Fred")
    digest.run(timezone.now())
    page = client_of(manager).get("/")
    assert [call.who for call in page.context["live"]] == ["Live Lena"]
    assert [look.call.who for look in page.context["looks"]] == ["Failed Fred"]
    assert "Failed by us or the provider" in page.content.decode()


@pytest.mark.django_db
def test_what_is_older_than_a_week_needs_no_look(
    manager: Member, client_of: ClientOf
) -> None:
    at = timezone.now() - timedelta(days=8)
    make_call(make_connection(manager.workspace), status="failed", created_at=at)
    digest.run(timezone.now())
    assert not client_of(manager).get("/").context["looks"]


@pytest.mark.django_db
def test_polling_gets_204_while_no_call_has_changed(
    manager: Member, client_of: ClientOf
) -> None:
    make_call(make_connection(manager.workspace))
    client = client_of(manager)
    client.get("/")
    version = {"v": client.get("/").context["version"]}
    assert client.get("/", version).status_code == 204


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["live", "figures", "looks", "overview"])
def test_polling_gets_one_part_when_a_call_has_changed(
    manager: Member, client_of: ClientOf, part: str
) -> None:
    make_call(make_connection(manager.workspace))
    headers = {"HX-Request": "true", "HX-Target": part}
    answer = client_of(manager).get("/", {"v": "older"}, headers=headers)
    assert f'id="{part}"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 20])
def test_home_asks_as_often_for_many_calls_as_for_one(
    manager: Member,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    connection = make_connection(manager.workspace)
    for number in range(count):
        contact = make_contact(manager.workspace, name=f"Person {number}")
        agent = make_agent(connection)
        make_call(connection, status="failed", contact=contact, agent=agent)
    digest.run(timezone.now())
    client = client_of(manager)
    client.get("/")
    # session, user, memberships; state; live, recent, looks; open, hours, days, names
    with django_assert_num_queries(11):
        client.get("/")


@pytest.mark.django_db
def test_a_reviewer_sees_no_way_to_launch(
    reviewer: Member, client_of: ClientOf
) -> None:
    make_call(make_connection(reviewer.workspace))
    page = client_of(reviewer).get("/").content.decode()
    assert "/calls/new/" not in page
    assert "/connections/" not in page
