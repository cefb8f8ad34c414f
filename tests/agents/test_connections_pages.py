"""The pages of connections: only admins, and no secret ever comes back."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from agents.models import Connection
from agents.providers.http import network
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number, make_workspace

pytestmark = pytest.mark.django_db
LogIn = Callable[[Member], Client]
SECRET = "key_very_secret"
ACTS = ("check", "sync", "secrets", "switch")


@pytest.fixture
def refusing() -> Iterator[None]:
    """Have every provider answer 401."""
    words = {"status": "error", "message": "API key is missing or invalid."}
    network.use(httpx.MockTransport(lambda _: httpx.Response(401, json=words)))
    yield
    network.use(None)


@pytest.fixture
def retell(workspace: Workspace) -> Connection:
    return make_connection(
        workspace,
        provider="retell",
        name="Retell EU",
        base_url="https://api.retellai.com",
        credentials={"api_key": SECRET},
    )


def url(act: str, connection: Connection) -> str:
    """Return an address of a connection."""
    return reverse(f"connection_{act}", args=[connection.pk])


def part(name: str) -> dict[str, str]:
    """Return the headers with which htmx asks for a part."""
    return {"HX-Request": "true", "HX-Target": name}


def new(client: Client, **fields: Any) -> Any:
    """Post the form of a new Retell connection."""
    usual = {
        "name": "Retell EU",
        "concurrency": "20",
        "base_url": "https://api.retellai.com",
        "set_api_key": SECRET,
    }
    return client.post("/connections/new/?provider=retell", usual | fields)


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_only_admins_see_connections(
    retell: Connection, client_of: LogIn, role: str, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(role))
    assert client.get("/connections/").status_code == 403
    assert client.get("/connections/new/").status_code == 403
    assert client.get(retell.get_absolute_url()).status_code == 403
    for act in ACTS:
        assert client.post(url(act, retell)).status_code == 403


def test_a_stranger_finds_nothing(admin: Member, client_of: LogIn) -> None:
    theirs = make_connection(make_workspace(), name="Theirs")
    client = client_of(admin)
    assert b"Theirs" not in client.get("/connections/").content
    assert client.get(theirs.get_absolute_url()).status_code == 404
    for act in ACTS:
        assert client.post(url(act, theirs)).status_code == 404


def test_the_list_says_how_each_is(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    make_agent(retell)
    make_number(retell)
    line = client_of(admin).get("/connections/").context["lines"][0]
    assert (line["agents"], line["numbers"]) == (1, 1)
    assert line["state"] == ("warning", "Not checked yet")


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_takes_the_same_queries(
    workspace: Workspace,
    admin: Member,
    client_of: LogIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    for _ in range(rows):
        make_agent(make_connection(workspace))
    client = client_of(admin)
    with django_assert_num_queries(8):
        client.get("/connections/")


def test_the_empty_list_says_what_to_do(admin: Member, client_of: LogIn) -> None:
    assert b"Connect a provider" in client_of(admin).get("/connections/").content


def test_a_provider_is_chosen_first(admin: Member, client_of: LogIn) -> None:
    page = client_of(admin).get("/connections/new/").content.decode()
    assert "?provider=retell" in page
    assert "?provider=simulator" in page


def test_the_form_asks_for_what_the_provider_needs(
    admin: Member, client_of: LogIn
) -> None:
    page = client_of(admin).get("/connections/new/?provider=retell").content.decode()
    assert 'name="set_api_key"' in page
    assert 'value="https://api.retellai.com"' in page


def test_a_connection_is_added(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    answer = new(client_of(admin))
    connection = workspace.connections.get()
    assert answer.url == connection.get_absolute_url()
    assert connection.credentials == {"api_key": SECRET}


def test_a_new_connection_is_in_the_audit_log_without_its_secret(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    new(client_of(admin))
    entry = workspace.audit.get()
    assert (entry.action, entry.subject) == ("connection.added", "Retell EU")
    assert SECRET not in str([entry.before, entry.after])


def test_a_refused_form_does_not_show_the_secret(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    answer = new(client_of(admin), name="")
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    assert not workspace.connections.exists()


def test_a_missing_secret_is_asked_for(admin: Member, client_of: LogIn) -> None:
    assert new(client_of(admin), set_api_key="").status_code == 422


def test_two_connections_have_two_names(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    answer = new(client_of(admin))
    assert answer.status_code == 422
    assert "Another connection has this name" in answer.content.decode()


def test_an_address_that_is_not_public_is_refused(
    admin: Member, client_of: LogIn, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    answer = new(client_of(admin), base_url="https://127.0.0.1:9000")
    assert answer.status_code == 422
    assert "private network" in answer.content.decode()


def test_the_simulator_needs_nothing(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    fields = {"name": "Try", "concurrency": "5"}
    client_of(admin).post("/connections/new/?provider=simulator", fields)
    assert workspace.connections.get().provider == "simulator"


def test_the_page_never_shows_a_stored_secret(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    page = client_of(admin).get(retell.get_absolute_url()).content.decode()
    assert SECRET not in page
    assert "Stored. Leave it empty to keep it." in page


def test_the_page_shows_the_exact_webhook_address(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    page = client_of(admin).get(retell.get_absolute_url()).content.decode()
    address = f"http://127.0.0.1:8000/webhooks/{retell.webhook_token}/"
    assert f">{address}</code>" in page


def test_the_page_says_what_the_provider_can_do(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    page = client_of(admin).get(retell.get_absolute_url()).content.decode()
    assert "Live calls can be hung up from here" in page
    assert "No trunk can be chosen for a call" in page


def test_the_webhook_part_waits_until_the_first_event(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client, asked = client_of(admin), f"{retell.get_absolute_url()}?v=waiting"
    assert client.get(asked, headers=part("webhook")).status_code == 204
    retell.first_event_at = timezone.now()
    retell.save()
    fresh = client.get(asked, headers=part("webhook")).content.decode()
    assert "They arrive" in fresh
    assert "data-poll" not in fresh


def test_a_check_says_what_works(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    simulator = make_connection(workspace)
    answer = client_of(admin).post(url("check", simulator), headers=part("check"))
    assert "It calls nobody" in answer.content.decode()
    assert "<html" not in answer.content.decode()


@pytest.mark.usefixtures("refusing")
def test_a_check_that_fails_says_it_in_words(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    answer = client_of(admin).post(url("check", retell), headers=part("check"))
    assert answer.status_code == 200
    assert "needs a look" in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_a_connection_never_checked_is_checked_on_sight(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    assert b'hx-trigger="load' in client.get(retell.get_absolute_url()).content
    Connection.objects.update(checked_at=timezone.now())
    assert b'hx-trigger="load' not in client.get(retell.get_absolute_url()).content


def test_a_sync_brings_agents_and_numbers(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    simulator = make_connection(workspace)
    answer = client_of(admin).post(url("sync", simulator), headers=part("sync"))
    assert "new" in answer.content.decode()
    assert workspace.agents.exists()
    assert workspace.numbers.exists()


@pytest.mark.usefixtures("refusing")
def test_a_sync_that_fails_keeps_the_error(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    client.post(url("sync", retell))
    page = client.get(retell.get_absolute_url()).content.decode()
    assert "The last sync failed" in page


def test_an_act_without_htmx_comes_back_to_the_page(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    simulator = make_connection(workspace)
    for act in ("check", "sync"):
        answer: Any = client_of(admin).post(url(act, simulator))
        assert answer.url == simulator.get_absolute_url()


def test_a_secret_is_replaced_and_blank_keeps(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    fields = {"base_url": retell.base_url, "set_webhook_key": "other"}
    client_of(admin).post(url("secrets", retell), fields)
    retell.refresh_from_db()
    assert retell.credentials == {"api_key": SECRET, "webhook_key": "other"}


def test_the_audit_log_names_what_was_replaced_only(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    fields = {"base_url": retell.base_url, "set_api_key": "key_brand_new"}
    client_of(admin).post(url("secrets", retell), fields)
    entry = retell.workspace.audit.get()
    assert entry.after["replaced"] == ["API key"]
    assert "key_brand_new" not in str(entry.after)


def test_stored_secrets_do_not_go_to_a_new_address(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    fields = {"base_url": "https://elsewhere.example.com"}
    answer = client_of(admin).post(url("secrets", retell), fields)
    assert answer.status_code == 422
    assert "Type it again" in answer.content.decode()
    retell.refresh_from_db()
    assert retell.base_url == "https://api.retellai.com"


def test_a_connection_is_renamed(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    fields = {"name": "Retell US", "concurrency": "40"}
    client_of(admin).post(retell.get_absolute_url(), fields)
    retell.refresh_from_db()
    assert (retell.name, retell.concurrency) == ("Retell US", 40)
    assert retell.workspace.audit.get().before["concurrency"] == 20


def test_the_concurrency_must_carry_the_pace_of_its_trunks(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    Connection.objects.update(concurrency=100)
    make_number(retell, carrier="custom", cps=5)
    fields = {"name": "Retell EU", "concurrency": "20"}
    answer = client_of(admin).post(retell.get_absolute_url(), fields)
    assert answer.status_code == 422
    assert "Lower its calls per second first" in answer.content.decode()


def test_switching_off_is_asked_about_first(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    assert b"Switch off" in client.get(url("switch", retell)).content
    client.post(url("switch", retell), {"off": "1"})
    retell.refresh_from_db()
    assert not retell.is_active


def test_switching_on_again(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    Connection.objects.update(is_active=False)
    client_of(admin).post(url("switch", retell), {"on": "1"})
    retell.refresh_from_db()
    assert retell.is_active
