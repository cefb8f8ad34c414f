"""The commands that set a workspace up."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from agents.models import Connection
from dashboard.models import ApiKey, Member, User, Workspace
from tests.factories import make_connection, make_workspace

pytestmark = pytest.mark.django_db
Json = dict[str, Any]


def run(*args: str) -> Json:
    """Run a command with --json and return its answer."""
    out = StringIO()
    call_command(*args, "--json", stdout=out, stderr=StringIO())
    answer: Json = json.loads(out.getvalue())
    return answer


def error(*args: str) -> str:
    """Run a command that must fail; return what it told a program."""
    out = StringIO()
    with pytest.raises(CommandError):
        call_command(*args, "--json", stdout=out, stderr=StringIO())
    return str(json.loads(out.getvalue())["error"])


# --- workspace -----------------------------------------------------------------------
def test_a_workspace_has_its_owner_as_admin() -> None:
    owner = ("--owner", "Ann@Example.com", "--password", "quite a long one")
    told = run("workspace", "create", "Acme Sales", *owner)
    workspace = Workspace.objects.get(pk=told["id"])
    assert told["workspace"] == workspace.slug == "acme-sales"
    member = workspace.members.get()
    assert (member.user.email, member.role) == ("ann@example.com", "admin")
    assert member.user.check_password("quite a long one")


def test_a_person_with_two_workspaces_keeps_the_password() -> None:
    run("workspace", "create", "One", "--owner", "a@b.co", "--password", "first")
    run("workspace", "create", "One", "--owner", "a@b.co", "--password", "second")
    assert User.objects.get().check_password("first")
    assert Member.objects.count() == 2
    assert set(Workspace.objects.values_list("slug", flat=True)) == {"one", "one-2"}


def test_a_new_person_needs_a_password_and_an_address() -> None:
    assert "--password" in error("workspace", "create", "X", "--owner", "a@b.co")
    told = error("workspace", "create", "X", "--owner", "a", "--password", "p")
    assert "not an e-mail address" in told
    assert not Workspace.objects.exists()


# --- apikey --------------------------------------------------------------------------
def test_a_key_works_and_has_its_scopes(workspace: Workspace) -> None:
    scopes = ("--scope", "calls:write", "--scope", "calls:read")
    told = run("apikey", "create", "--workspace", "acme", "--name", "CRM", *scopes)
    row = ApiKey.find(told["key"])
    assert row
    assert (row.workspace, row.scopes) == (workspace, ["calls:write", "calls:read"])
    assert told["secret"]


def test_an_unknown_scope_or_workspace_is_refused_in_words(
    workspace: Workspace,
) -> None:
    key = ("apikey", "create", "--name", "CRM", "--scope")
    assert "calls:read" in error(*key, "all", "--workspace", "acme")
    assert "acme" in error(*key, "calls:read", "--workspace", "nobody")
    assert not ApiKey.objects.exists()


def made(*args: str) -> Json:
    """Make a key with the command."""
    key = ("apikey", "create", "--workspace", "acme", "--name", "CRM")
    return run(*key, "--scope", "calls:read", *args)


def test_a_providers_permission_is_a_scope(workspace: Workspace) -> None:
    told = made("--scope", "can_initiate_calls", "--scope", "can_read_calls")
    row = ApiKey.find(told["key"])
    assert row
    assert row.scopes == told["scopes"] == ["calls:read", "calls:write"]
    out = StringIO()
    words = ("--name", "x", "--scope", "can_initiate_calls")
    call_command("apikey", "create", "--workspace", "acme", *words, stdout=out)
    assert "can_initiate_calls became calls:write." in out.getvalue()


def test_a_key_that_may_nothing_is_not_made(workspace: Workspace) -> None:
    key = ("apikey", "create", "--workspace", "acme", "--name", "CRM", "--scope")
    assert "can_read_calendar became nothing" in error(*key, "can_read_calendar")
    assert not ApiKey.objects.exists()


def test_a_key_expires_when_it_is_told_to(workspace: Workspace) -> None:
    assert made()["expires_at"] is None
    soon = ApiKey.find(made("--expires-in-days", "2")["key"])
    assert soon and soon.expires_at
    assert abs(soon.expires_at - timezone.now() - timedelta(days=2)).seconds < 60
    Workspace.objects.update(timezone="Asia/Tokyo")
    day = (timezone.now() + timedelta(days=9)).date()
    told = made("--expires-on", day.isoformat())
    assert datetime.fromisoformat(told["expires_at"]) == datetime(
        day.year, day.month, day.day, 15, tzinfo=UTC
    )


@override_settings(KEY_REQUESTS_PER_MINUTE=500)
def test_a_key_has_the_usual_limit_or_its_own(workspace: Workspace) -> None:
    assert made()["requests_per_minute"] == 500
    assert made("--requests-per-minute", "7")["requests_per_minute"] == 7
    assert made("--requests-per-minute", "0")["requests_per_minute"] is None
    made_rows = workspace.api_keys.order_by("created_at")
    assert [row.requests_per_minute for row in made_rows] == [500, 7, None]


def test_a_key_may_say_whom_calls_without_a_number_are_for(
    workspace: Workspace,
) -> None:
    assert made()["callee_field"] == ""
    assert made("--callee-field", "customer_id")["callee_field"] == "customer_id"
    rows = workspace.api_keys.order_by("created_at")
    assert [row.callee_field for row in rows] == ["", "customer_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--expires-in-days", "0"),
        ("--expires-in-days", "99999"),
        ("--expires-on", "tomorrow"),
        ("--expires-on", "2020-01-01"),
        ("--requests-per-minute=-1",),
    ],
)
def test_wrong_limits_of_a_key_are_refused(
    workspace: Workspace, wrong: tuple[str, ...]
) -> None:
    key = ("apikey", "create", "--workspace", "acme", "--name", "CRM")
    assert wrong[0].partition("=")[0] in error(*key, "--scope", "calls:read", *wrong)
    assert not ApiKey.objects.exists()


# --- connection ----------------------------------------------------------------------
def add(*args: str) -> tuple[str, ...]:
    return ("connection", "add", "--workspace", "acme", "--name", "Mine", *args)


def test_a_connection_is_added_with_its_secrets(workspace: Workspace) -> None:
    url = "http://127.0.0.1:9000/compat/retell"
    secrets = ("--set", "api_key=k=1", "--set", "webhook_key=w")
    told = run(*add("--provider", "retell", "--base-url", url, *secrets))
    row = workspace.connections.get(pk=told["connection"])
    assert row.base_url == url
    assert row.credentials == {"api_key": "k=1", "webhook_key": "w"}
    path = f"/webhooks/{row.webhook_token}/"
    assert told["webhook_url"] == f"http://127.0.0.1:8000{path}"


@override_settings(ALLOW_PRIVATE_ADDRESSES=False)
def test_a_private_address_is_refused(workspace: Workspace) -> None:
    url = ("--base-url", "http://127.0.0.1:9000", "--set", "api_key=k")
    assert "HTTPS" in error(*add("--provider", "retell", *url))
    assert not workspace.connections.exists()


def test_wrong_providers_settings_and_names_are_refused_in_words(
    workspace: Workspace,
) -> None:
    assert "retell" in error(*add("--provider", "acme"))
    assert "api_key" in error(*add("--provider", "retell", "--set", "token=x"))
    assert "KEY=VALUE" in error(*add("--provider", "retell", "--set", "api_key"))
    assert "api_key" in error(*add("--provider", "retell"))
    make_connection(workspace, name="Mine")
    assert "Another connection" in error(*add("--provider", "simulator"))


def test_a_connection_is_synced_and_checked(workspace: Workspace) -> None:
    row = make_connection(workspace)
    told = run("connection", "sync", str(row.pk))
    assert (told["agents"]["added"], told["numbers"]["added"]) == (4, 3)
    assert run("connection", "check", str(row.pk))["checks"][0]["is_ok"]
    assert "no connection" in error("connection", "sync", "nonsense")


# --- credentials ---------------------------------------------------------------------
def stored(row: Connection) -> str:
    """Return the secret as it lies in the database."""
    with database.cursor() as cursor:
        cursor.execute("SELECT credentials FROM agents_connection")
        return str(cursor.fetchone()[0])


def test_rotating_encrypts_with_the_first_key_alone(workspace: Workspace) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with override_settings(CREDENTIAL_KEYS=[old]):
        row = make_connection(workspace, credentials={"api_key": "k"})
        ApiKey.issue(workspace, "x", [])
    with override_settings(CREDENTIAL_KEYS=[new, old]):
        told = run("credentials", "rotate")
    assert told == {"connections": 1, "api_keys": 1, "endpoints": 0}
    Fernet(new).decrypt(stored(row))
    with override_settings(CREDENTIAL_KEYS=[new]):
        row.refresh_from_db()
        assert row.credentials == {"api_key": "k"}


def test_a_lost_key_is_said_in_words(workspace: Workspace) -> None:
    with override_settings(CREDENTIAL_KEYS=[Fernet.generate_key().decode()]):
        make_connection(workspace, credentials={"api_key": "k"})
    assert "CREDENTIAL_KEYS" in error("credentials", "rotate")


# --- demo ----------------------------------------------------------------------------
def demo() -> Json:
    return run("demo", "--calls", "5")


def test_the_demo_has_everything_to_call_with() -> None:
    told = demo()
    workspace = Workspace.objects.get(slug="demo")
    assert [login["role"] for login in told["logins"]] == [
        "admin",
        "manager",
        "reviewer",
    ]
    assert User.objects.get(email="manager@example.com").check_password("switchboard")
    assert (workspace.agents.count(), workspace.numbers.count()) == (4, 3)
    assert workspace.contacts.count() == 25
    assert workspace.calls.count() == 5


def test_the_demo_calls_through_the_platform_with_a_key_of_it() -> None:
    demo()
    ours = Connection.objects.get(workspace__slug="demo")
    platform = Workspace.objects.get(slug="simulated")
    key = ApiKey.find(ours.credentials["api_key"])
    assert key
    assert key.workspace == platform
    assert ours.base_url == "http://127.0.0.1:8000/compat/retell"
    endpoint = platform.endpoints.get()
    assert endpoint.url.endswith(f"/webhooks/{ours.webhook_token}/")


def test_the_platform_is_as_fast_as_its_carriers_allow() -> None:
    demo()
    numbers = Workspace.objects.get(slug="simulated").numbers.select_related(
        "connection"
    )
    assert all(number.cps == number.cps_ceiling() for number in numbers)


def test_a_second_demo_changes_nothing_but_the_address() -> None:
    demo()
    before = list(ApiKey.objects.values("pk", "signing"))
    with override_settings(BASE_URL="http://127.0.0.1:8123"):
        assert demo()["url"] == "http://127.0.0.1:8123"
    platform = Workspace.objects.get(slug="simulated")
    ours = Connection.objects.get(workspace__slug="demo")
    assert ours.base_url == "http://127.0.0.1:8123/compat/retell"
    assert platform.endpoints.get().url.startswith("http://127.0.0.1:8123/webhooks/")
    assert list(ApiKey.objects.values("pk", "signing")) == before
    assert (User.objects.count(), Workspace.objects.count()) == (3, 2)


def test_recordings_move_with_the_address() -> None:
    run("demo", "--calls", "20")
    with override_settings(BASE_URL="http://127.0.0.1:8123"):
        demo()
    calls = Workspace.objects.get(slug="demo").calls.exclude(recording_url="")
    urls = set(calls.values_list("recording_url", flat=True))
    assert urls
    assert all(url.startswith("http://127.0.0.1:8123/recordings/") for url in urls)


def test_the_demo_leaves_other_workspaces_alone() -> None:
    other = make_workspace()
    demo()
    assert not other.calls.exists()
    assert not other.members.exists()
