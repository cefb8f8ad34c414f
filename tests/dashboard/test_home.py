"""Home."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

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
    make_call(connection, status="failed", customer_name="Failed Fred", note="No funds")
    page = client_of(manager).get("/")
    assert [call.who for call in page.context["live"]] == ["Live Lena"]
    assert [call.who for call in page.context["looks"]] == ["Failed Fred"]
    assert "No funds" in page.content.decode()


@pytest.mark.django_db
def test_what_is_older_than_a_week_needs_no_look(
    manager: Member, client_of: ClientOf
) -> None:
    at = timezone.now() - timedelta(days=8)
    make_call(make_connection(manager.workspace), status="failed", created_at=at)
    assert not client_of(manager).get("/").context["looks"]


@pytest.mark.django_db
def test_polling_gets_204_while_no_call_has_changed(
    manager: Member, client_of: ClientOf
) -> None:
    call = make_call(make_connection(manager.workspace))
    version = {"v": call.changed_at.isoformat()}
    assert client_of(manager).get("/", version).status_code == 204


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["live", "figures", "looks"])
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
    client = client_of(manager)
    # session, user, member; version, figures, live, recent, looks; live count, spaces
    with django_assert_num_queries(10):
        client.get("/")


@pytest.mark.django_db
def test_a_reviewer_sees_no_way_to_launch(
    reviewer: Member, client_of: ClientOf
) -> None:
    make_call(make_connection(reviewer.workspace))
    page = client_of(reviewer).get("/").content.decode()
    assert "/calls/new/" not in page
    assert "/connections/" not in page
