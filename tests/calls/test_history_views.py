"""Saved views: kept, shared, counted, changed by their owner, seen by nobody else."""

from collections.abc import Callable

import pytest
from django.test import Client

from agents.models import Connection
from calls.models import SavedView
from dashboard.models import Member, Role, Workspace
from tests.factories import make_call, make_connection, make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of a reviewer."""
    return client_of(reviewer)


def save(client: Client, name: str, query: str = "status=failed", **more: str) -> None:
    """Save a view as the form does."""
    client.post("/calls/views/", {"name": name, "query": query, **more})


def test_a_view_keeps_the_filters_and_leads_back_to_them(client: Client) -> None:
    answer = client.post(
        "/calls/views/", {"name": " Bad  ones ", "query": "q=&status=failed&v=1"}
    )
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Bad ones", "status=failed")
    assert answer.headers["Location"] == "/calls/?status=failed"
    html = client.get("/calls/?status=failed").content.decode()
    assert 'href="/calls/?status=failed" aria-current="page">Bad ones' in html


def test_others_see_a_view_only_when_it_is_shared(
    client: Client, client_of: Callable[[Member], Client], manager: Member
) -> None:
    save(client, "Mine")
    save(client, "Ours", is_shared="on")
    page = client_of(manager).get("/calls/").content.decode()
    assert "Ours" in page
    assert "Mine" not in page


def test_counts_come_later_and_stop_at_a_limit(
    client: Client, connection: Connection
) -> None:
    for _ in range(3):
        make_call(connection, status="failed")
    save(client, "Bad ones")
    assert "<small>3</small>" not in client.get("/calls/").content.decode()
    headers = {"HX-Request": "true", "HX-Target": "views"}
    part = client.get("/calls/views/", headers=headers).content.decode()
    assert "Bad ones <small>3</small>" in part
    assert "hx-trigger" not in part
    assert "<html" not in part


def test_a_name_is_used_once_by_a_person(client: Client) -> None:
    save(client, "Bad ones")
    again = client.post("/calls/views/", {"name": "BAD ones", "query": "status=ended"})
    assert again.status_code == 422
    assert "You have a view of this name" in again.content.decode()
    assert client.post("/calls/views/", {"name": "", "query": ""}).status_code == 422
    assert SavedView.objects.count() == 1


def test_the_owner_renames_shares_and_deletes(client: Client) -> None:
    save(client, "Bad ones")
    view = SavedView.objects.get()
    address = f"/calls/views/{view.pk}/"
    assert client.get(address).status_code == 200
    client.post(address, {"name": "Failed", "is_shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("Failed", True)
    client.post(f"{address}delete/")
    assert not SavedView.objects.exists()


def test_others_may_not_change_a_shared_view_but_an_admin_may(
    client: Client,
    client_of: Callable[[Member], Client],
    manager: Member,
    admin: Member,
) -> None:
    save(client, "Ours", is_shared="on")
    address = f"/calls/views/{SavedView.objects.get().pk}/"
    assert client_of(manager).post(address, {"name": "x"}).status_code == 403
    assert client_of(manager).post(f"{address}delete/").status_code == 403
    assert client_of(admin).post(f"{address}delete/").status_code == 302


def test_a_private_view_is_not_there_for_others(
    client: Client, client_of: Callable[[Member], Client], admin: Member
) -> None:
    save(client, "Mine")
    address = f"/calls/views/{SavedView.objects.get().pk}/"
    assert client_of(admin).get(address).status_code == 404


def test_another_workspaces_shared_view_is_nowhere(client: Client) -> None:
    stranger = make_member(make_workspace(), Role.ADMIN)
    view = SavedView.objects.create(
        workspace=stranger.workspace, owner=stranger.user, name="Hush", is_shared=True
    )
    assert "Hush" not in client.get("/calls/").content.decode()
    assert "Hush" not in client.get("/calls/views/").content.decode()
    assert client.post(f"/calls/views/{view.pk}/delete/").status_code == 404


def test_a_view_brings_its_columns(
    client: Client,
    connection: Connection,
    client_of: Callable[[Member], Client],
    manager: Member,
) -> None:
    make_call(connection, status="failed", duration_ms=61_000)
    client.post("/calls/columns/", {"column": ["agent"], "query": "status=failed"})
    save(client, "Bare", is_shared="on")
    other = client_of(manager)
    assert "1:01" not in other.get("/calls/?status=failed").content.decode()
    assert "1:01" in other.get("/calls/").content.decode()


def test_the_nameless_row_of_columns_is_no_view(client: Client) -> None:
    client.post("/calls/columns/", {"column": ["agent"], "query": ""})
    row = SavedView.objects.get()
    assert row.name == ""
    assert client.get(f"/calls/views/{row.pk}/").status_code == 404


def test_columns_one_chose_go_before_those_of_a_view_of_others(
    client: Client,
    client_of: Callable[[Member], Client],
    manager: Member,
    connection: Connection,
) -> None:
    make_call(connection, status="failed")
    theirs = client_of(manager)
    save(theirs, "Theirs", is_shared="on")
    theirs.post("/calls/columns/", {"column": ["cost"], "query": "status=failed"})
    assert 'class="c-tags' not in client.get("/calls/?status=failed").content.decode()
    client.post("/calls/columns/", {"column": ["tags"], "query": "status=failed"})
    assert 'class="c-tags' in client.get("/calls/?status=failed").content.decode()
    assert 'class="c-tags' not in theirs.get("/calls/?status=failed").content.decode()
