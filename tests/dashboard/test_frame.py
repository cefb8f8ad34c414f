"""What the frame asks for, and the pages for what went wrong."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.test import Client

from dashboard.context import place_of
from dashboard.models import Member, Role
from tests.factories import make_call, make_connection, make_workspace

ClientOf = Callable[[Member], Client]


def test_a_page_belongs_to_a_place() -> None:
    assert place_of("/") == "/"
    assert place_of("/calls/new/") == "/calls/"
    assert place_of("/settings/people/") == "/settings/"
    assert place_of("/accounts/login/") == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "place"),
    [("/calls/?q=0142", "/calls/"), ("/calls/?status=ended", "/calls/"), ("/", "/")],
)
def test_the_frame_shows_where_one_is(
    manager: Member, client_of: ClientOf, address: str, place: str
) -> None:
    page = client_of(manager).get(address).content.decode()
    assert f'<a class="n" href="{place}" aria-current="page">' in page


@pytest.mark.django_db
def test_the_live_count_is_polled(manager: Member, client_of: ClientOf) -> None:
    connection = make_connection(manager.workspace)
    for status in ("in_progress", "ringing", "queued", "ended"):
        make_call(connection, status=status)
    client = client_of(manager)
    assert client.get("/live/", {"v": "2"}).status_code == 204
    assert "2 live" in client.get("/live/", {"v": "3"}).content.decode()


@pytest.mark.django_db
def test_the_theme_is_remembered_and_on_the_next_page(
    manager: Member, client_of: ClientOf
) -> None:
    client = client_of(manager)
    answer = client.post("/theme/", {"theme": "dark", "next": "/settings/account/"})
    assert answer["Location"] == "/settings/account/"
    assert 'data-theme="dark"' in client.get("/settings/account/").content.decode()
    client.post("/theme/", {"theme": ""})
    assert "data-theme" not in client.get("/settings/account/").content.decode()


@pytest.mark.django_db
def test_the_theme_sends_nobody_elsewhere(manager: Member, client_of: ClientOf) -> None:
    wish = {"theme": "dark", "next": "https://elsewhere.example/"}
    assert client_of(manager).post("/theme/", wish)["Location"] == "/"


@pytest.mark.django_db
def test_a_person_in_two_workspaces_may_switch(
    manager: Member, client_of: ClientOf
) -> None:
    other = make_workspace(name="Other", slug="other")
    other.members.create(user=manager.user, role=Role.ADMIN)
    client = client_of(manager)
    assert 'value="other"' in client.get("/").content.decode()
    assert client.post("/workspace/", {"workspace": "other"})["Location"] == "/"
    assert client.get("/").context["workspace"] == other


@pytest.mark.django_db
def test_nobody_switches_to_a_workspace_of_others(
    manager: Member, client_of: ClientOf
) -> None:
    make_workspace(slug="theirs")
    answer = client_of(manager).post("/workspace/", {"workspace": "theirs"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.django_db
def test_the_log_in_page_lets_a_person_in(manager: Member) -> None:
    manager.user.set_password("correct horse")
    manager.user.save()
    client = Client()
    assert client.get("/")["Location"].startswith("/accounts/login/")
    wrong = {"login": manager.user.email, "password": "wrong"}
    assert "not correct" in client.post("/accounts/login/", wrong).content.decode()
    right = wrong | {"password": "correct horse"}
    assert client.post("/accounts/login/", right)["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/accounts/password/change/",
        "/accounts/logout/",
        "/accounts/email/",
        "/accounts/reauthenticate/",
    ],
)
def test_the_account_pages_are_in_the_look(
    manager: Member, client_of: ClientOf, address: str
) -> None:
    manager.user.set_password("correct horse")
    manager.user.save()
    answer = client_of(manager).get(address, follow=True)
    assert answer.status_code == 200
    assert "css/app.css" in answer.content.decode()


@pytest.mark.django_db
def test_a_changed_password_leads_back_to_the_account(
    manager: Member, client_of: ClientOf
) -> None:
    manager.user.set_password("correct horse")
    manager.user.save()
    wish = {
        "oldpassword": "correct horse",
        "password1": "battery staple",
        "password2": "battery staple",
    }
    answer = client_of(manager).post("/accounts/password/change/", wish)
    assert answer["Location"] == "/settings/account/"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/accounts/password/reset/", "/accounts/signup/"])
def test_the_pages_before_the_log_in_are_in_the_look(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 200
    assert "css/app.css" in answer.content.decode()


def test_the_page_for_a_broken_server_needs_no_context() -> None:
    page = render_to_string("500.html")
    assert "Something broke on our side" in page
    assert "css/app.css" in page
