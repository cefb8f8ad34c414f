"""The pages of connections: only admins, and no secret ever comes back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoAssertNumQueries, Settings

from agents.models import Connection
from agents.providers.base import LaunchWish, Setting
from agents.providers.http import network
from agents.providers.registry import PROVIDERS
from calls.tasks import sync_connection
from dashboard.celery import app
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
    with django_assert_num_queries(7):
        client.get("/connections/")


def test_the_empty_list_says_what_to_do(admin: Member, client_of: LogIn) -> None:
    assert b"Connect a provider" in client_of(admin).get("/connections/").content


def test_a_provider_is_chosen_first(admin: Member, client_of: LogIn) -> None:
    page = client_of(admin).get("/connections/new/").content.decode()
    for slug in PROVIDERS:
        assert f"?provider={slug}" in page
    # What each can do, and needs.
    assert "Hang up" in page
    assert "API key" in page


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


def test_an_empty_address_is_the_usual_one(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    new(client_of(admin), base_url="")
    assert workspace.connections.get().base_url == "https://api.retellai.com"


@pytest.fixture
def configurable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Retell a setting with a default."""
    header = Setting("header", "Header", is_secret=False, default="x-usual")
    monkeypatch.setattr(
        PROVIDERS["retell"], "settings", (*PROVIDERS["retell"].settings, header)
    )


@pytest.mark.usefixtures("configurable")
def test_what_is_usual_is_shown_and_not_stored(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    page = client.get("/connections/new/?provider=retell").content.decode()
    assert 'value="x-usual"' in page
    new(client, set_header="x-usual")
    connection = workspace.connections.get()
    assert connection.credentials == {"api_key": SECRET}
    assert connection.account().credentials["header"] == "x-usual"


@pytest.mark.usefixtures("configurable")
def test_a_setting_of_ones_own_goes_back_to_the_usual_when_emptied(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    new(client, set_header="x-own")
    connection = workspace.connections.get()
    assert connection.account().credentials["header"] == "x-own"
    fields = {"base_url": connection.base_url, "set_header": ""}
    client.post(url("secrets", connection), fields)
    connection.refresh_from_db()
    assert connection.account().credentials["header"] == "x-usual"


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
    assert "Retell AI offers no choice of trunk" in page
    assert "signs its webhooks, and each signature is checked" in page


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("webhooks_are_signed", False, "signs no webhooks: who knows the address"),
        ("webhooks_are_hints", True, "only a hint: Switchboard asks before"),
        ("webhooks_may_miss", True, "Some ends of calls are told by no webhook"),
        ("requests_per_minute", 60, "60 times a minute, all together"),
        ("has_variables", False, "takes no variables for one call"),
        ("picks_caller", True, "gives its agents their numbers itself"),
        ("dials_once", False, "may dial twice when asked twice"),
    ],
)
def test_each_fact_has_its_words(
    retell: Connection,
    admin: Member,
    client_of: LogIn,
    monkeypatch: pytest.MonkeyPatch,
    fact: str,
    value: Any,
    words: str,
) -> None:
    client = client_of(admin)
    assert words not in client.get(retell.get_absolute_url()).content.decode()
    monkeypatch.setattr(retell.kind, fact, value)
    assert words in client.get(retell.get_absolute_url()).content.decode()


@pytest.mark.parametrize("slug", ["klen", "itellico"])
def test_signatures_are_said_to_be_checked_only_where_there_is_a_secret(
    workspace: Workspace, admin: Member, client_of: LogIn, slug: str
) -> None:
    client = client_of(admin)
    new = client.get(f"/connections/new/?provider={slug}").content.decode()
    assert "signs its webhooks where a signing secret is set up" in new
    keys = {"api_key": "k", "webhook_secret": "s"}
    secret = make_connection(workspace, provider=slug, credentials=keys)
    page = client.get(secret.get_absolute_url()).content.decode()
    assert "signs its webhooks, and each signature is checked" in page


def test_a_setting_with_choices_is_chosen(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    keys = {"api_key": "k", "signature_encoding": "base64"}
    row = make_connection(workspace, provider="klen", credentials=keys)
    client, wish = client_of(admin), {"base_url": "", "set_signature_header": ""}
    page = client.get(row.get_absolute_url()).content.decode()
    assert '<option value="base64" selected' in page
    url = f"{row.get_absolute_url()}secrets/"
    wish |= {"set_api_key": "k2", "set_signature_encoding": "rot13"}
    refused = client.post(url, wish)
    assert refused.status_code == 422
    assert "Choose hex or base64." in refused.content.decode()
    client.post(url, wish | {"set_signature_encoding": "hex"})
    row.refresh_from_db()
    assert row.credentials == {"api_key": "k2"}


def test_a_refused_webhook_says_where_its_signature_is_read(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    row = make_connection(workspace, provider="uponai", refused_event_at=timezone.now())
    page = client_of(admin).get(row.get_absolute_url()).content.decode()
    assert "It is read from x-retell-signature" in page


def test_what_can_be_overridden_is_named_one_by_one(
    retell: Connection,
    admin: Member,
    client_of: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(client: object, wish: LaunchWish) -> tuple[str, str]:
        return ("overrides", "No.") if wish.overrides.voice else ("", "")

    client, words = client_of(admin), "opening line and longest duration can be changed"
    page = client.get(retell.get_absolute_url()).content.decode()
    assert f"Voice, model, {words}" in page
    monkeypatch.setattr(retell.kind, "refuse_wish", refuse)
    page = client.get(retell.get_absolute_url()).content.decode()
    assert f"Model, {words}" in page


@pytest.mark.parametrize("slug", sorted(PROVIDERS))
def test_every_provider_has_its_form_and_its_page(
    workspace: Workspace, admin: Member, client_of: LogIn, slug: str
) -> None:
    client, kind = client_of(admin), PROVIDERS[slug]
    page = client.get(f"/connections/new/?provider={slug}").content.decode()
    for setting in kind.settings:
        assert f'name="set_{setting.name}"' in page
        assert setting.label in page
    connection = make_connection(
        workspace, provider=slug, base_url=kind.default_base_url
    )
    page = client.get(connection.get_absolute_url()).content.decode()
    assert f"What {kind.label} can do" in page


def shown(client: Client, connection: Connection, name: str) -> tuple[str, str]:
    """Return a living part of the page, and the version it asks with from then on."""
    address = connection.get_absolute_url()
    page = client.get(address, headers=part(name))
    return page.content.decode(), page.context["live"][name]


def asked_again(client: Client, connection: Connection, name: str, seen: str) -> Any:
    """Ask for a living part as poll.js does."""
    address = connection.get_absolute_url()
    return client.get(address, {"v": seen}, headers=part(name))


def test_the_webhook_part_turns_green_at_the_first_event(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    page, seen = shown(client, retell, "webhook")
    assert "Waiting for the first event" in page
    assert "data-poll" in page
    assert asked_again(client, retell, "webhook", seen).status_code == 204
    Connection.objects.update(first_event_at=timezone.now())
    fresh = asked_again(client, retell, "webhook", seen).content.decode()
    assert "They arrive" in fresh
    assert "data-poll" not in fresh


def test_a_refused_webhook_is_told_until_the_secrets_are_replaced(
    retell: Connection, admin: Member, client_of: LogIn
) -> None:
    client = client_of(admin)
    _, seen = shown(client, retell, "webhook")
    told = {"x-retell-signature": "v=1,d=0"}
    address = reverse("webhook", args=[retell.webhook_token])
    posted = client.post(address, b"{}", "application/json", headers=told)
    assert posted.status_code == 403
    fresh = asked_again(client, retell, "webhook", seen).content.decode()
    assert "Its signature does not fit what is stored here." in fresh
    fields = {"base_url": retell.base_url, "set_webhook_key": "other"}
    client.post(url("secrets", retell), fields)
    assert "does not fit" not in shown(client, retell, "webhook")[0]


@pytest.mark.usefixtures("sent")
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


# --- syncing
@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """Return the messages that go to the broker from now on."""
    messages: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(
        app, "send_task", lambda name, args: messages.append((name, args))
    )
    return messages


def test_a_sync_runs_in_the_background_and_its_part_follows_it(
    workspace: Workspace, admin: Member, client_of: LogIn, sent: list[Any]
) -> None:
    simulator, client = make_connection(workspace), client_of(admin)
    begun = client.post(url("sync", simulator), headers=part("sync"))
    assert "Starting…" in begun.content.decode()
    assert "data-poll" in begun.content.decode()
    ((name, arguments),) = sent
    assert name == sync_connection.name
    seen = begun.context["live"]["sync"]
    assert asked_again(client, simulator, "sync", seen).status_code == 204
    sync_connection(*arguments)
    page = asked_again(client, simulator, "sync", seen).content.decode()
    assert "Agents: 4 new. Numbers: 3 new." in page
    assert "data-poll" not in page
    assert workspace.numbers.count() == 3


def test_a_second_click_does_not_sync_twice(
    workspace: Workspace, admin: Member, client_of: LogIn, sent: list[Any]
) -> None:
    simulator, client = make_connection(workspace), client_of(admin)
    for _ in range(2):
        client.post(url("sync", simulator), headers=part("sync"))
    assert len(sent) == 1


def test_the_progress_is_told_while_it_runs(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    now = timezone.now()
    running = make_connection(
        workspace, sync_asked_at=now, sync_seen_at=now, sync_progress={"agents": 1200}
    )
    page, _ = shown(client_of(admin), running, "sync")
    assert "Read 1,200 agents so far" in page
    assert "Syncing" in page


def test_a_sync_that_nobody_takes_says_so(
    workspace: Workspace, admin: Member, client_of: LogIn
) -> None:
    early = timezone.now() - timedelta(minutes=1)
    waiting = make_connection(workspace, sync_asked_at=early)
    page, _ = shown(client_of(admin), waiting, "sync")
    assert "Waiting for the background worker" in page


def test_where_the_broker_is_down_the_request_syncs(
    workspace: Workspace,
    admin: Member,
    client_of: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(app, "send_task", down)
    simulator = make_connection(workspace)
    page = client_of(admin).post(url("sync", simulator), headers=part("sync"))
    assert "Agents: 4 new." in page.content.decode()
    assert "data-poll" not in page.content.decode()


@pytest.mark.usefixtures("refusing")
def test_a_sync_that_fails_keeps_the_error(
    retell: Connection, admin: Member, client_of: LogIn, sent: list[Any]
) -> None:
    client = client_of(admin)
    client.post(url("sync", retell))
    sync_connection(str(retell.pk))
    page = client.get(retell.get_absolute_url()).content.decode()
    assert "The last sync failed" in page
    assert "API key is missing or invalid." in page
    assert SECRET not in page


def test_a_first_check_that_finds_all_well_syncs_too(
    workspace: Workspace, admin: Member, client_of: LogIn, sent: list[Any]
) -> None:
    simulator, client = make_connection(workspace), client_of(admin)
    page = client.post(url("check", simulator), headers=part("check")).content.decode()
    assert 'id="sync"' in page
    assert 'hx-swap-oob="true"' in page
    sync_connection(str(simulator.pk))
    client.post(url("check", simulator), headers=part("check"))
    assert len(sent) == 1


@pytest.mark.usefixtures("refusing")
def test_a_first_check_that_fails_syncs_nothing(
    retell: Connection, admin: Member, client_of: LogIn, sent: list[Any]
) -> None:
    client_of(admin).post(url("check", retell), headers=part("check"))
    assert sent == []


@pytest.mark.usefixtures("sent")
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
