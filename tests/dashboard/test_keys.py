"""API keys on the settings pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from dashboard.models import ApiKey, Member, Workspace
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]
WISH: dict[str, Any] = {"name": "CRM sync", "scopes": ["calls:read", "calls:write"]}
KEYS = "/settings/keys/"


@pytest.fixture
def client(admin: Member, client_of: ClientOf) -> Client:
    """Return an admin's browser."""
    return client_of(admin)


def made(client: Client, **more: Any) -> ApiKey:
    """Make a key on the page."""
    answer = client.post(KEYS, WISH | more)
    assert answer.status_code == 200, answer.context["form"].errors
    row: ApiKey = answer.context["issued"]
    return ApiKey.objects.get(pk=row.pk)


def text_of(answer: Any) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# --- Making one ----------------------------------------------------------------------
def test_a_key_is_shown_once_and_works(client: Client) -> None:
    answer = client.post(KEYS, WISH)
    key = answer.context["key"]
    assert key in answer.content.decode()
    assert answer.context["secret"] in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    found = ApiKey.find(key)
    assert found is not None
    assert found.scopes == WISH["scopes"]
    assert found.fits(answer.context["secret"])
    assert key not in client.get(KEYS).content.decode()


def test_the_entry_of_a_key_holds_no_secret(client: Client, admin: Member) -> None:
    answer = client.post(KEYS, WISH)
    entry = admin.workspace.audit.get()
    assert (entry.action, entry.user) == ("key created", admin.user)
    written = f"{entry.subject} {entry.before} {entry.after}"
    assert answer.context["key"] not in written
    assert answer.context["secret"] not in written


def test_a_key_that_may_nothing_is_refused(client: Client) -> None:
    for more in ({}, {"permissions": "can_read_calendar"}):
        answer = client.post(KEYS, {"name": "Idle", **more})
        assert answer.status_code == 422
        assert "at least one thing" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_providers_permission_becomes_a_scope_and_that_is_said(
    client: Client,
) -> None:
    wish = {"name": "Klen app", "permissions": "can_initiate_calls, can_read_calls"}
    answer = client.post(KEYS, wish)
    assert answer.context["issued"].scopes == ["calls:write", "calls:read"]
    assert "can_initiate_calls became calls:write." in text_of(answer)


def test_an_unknown_permission_is_refused_in_words(client: Client) -> None:
    answer = client.post(KEYS, WISH | {"permissions": "can_fly"})
    assert answer.status_code == 422
    assert "There is no scope “can_fly”" in text_of(answer)
    assert "can_initiate_calls" in text_of(answer)


# --- Until when ----------------------------------------------------------------------
def test_a_key_expires_after_so_many_days(client: Client) -> None:
    assert made(client).expires_at is None
    expires_at = made(client, expires="30").expires_at
    assert expires_at
    assert abs(expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


def test_a_key_works_until_the_end_of_its_last_day_here(
    client: Client, workspace: Workspace
) -> None:
    Workspace.objects.update(timezone="America/New_York")
    day = timezone.now().date() + timedelta(days=40)
    row = made(client, expires="on", expires_on=day.isoformat())
    assert row.expires_at
    local = row.expires_at.astimezone(ZoneInfo("America/New_York"))
    assert (local.date(), local.hour) == (day + timedelta(days=1), 0)


@pytest.mark.parametrize("day", ["", "2020-01-01", "9999-12-31", "soon"])
def test_a_day_that_makes_no_sense_is_refused(client: Client, day: str) -> None:
    answer = client.post(KEYS, WISH | {"expires": "on", "expires_on": day})
    assert answer.status_code == 422
    assert answer.context["form"].errors["expires_on"]
    assert not ApiKey.objects.exists()


def test_the_list_says_where_each_key_is(client: Client, workspace: Workspace) -> None:
    now = timezone.now()
    ends = {
        "Ever": None,
        "Later": now + timedelta(days=60),
        "Soon": now + timedelta(days=3, hours=1),
        "Tomorrow": now + timedelta(days=1, hours=1),
        "Today": now + timedelta(hours=1),
        "Over": now - timedelta(hours=1),
    }
    for name, at in ends.items():
        ApiKey.issue(workspace, name, ["calls:read"], expires_at=at)
    ApiKey.issue(workspace, "Gone", ["calls:read"])
    ApiKey.objects.filter(name="Gone").update(revoked_at=now)
    states = {one["row"].name: one["state"] for one in client.get(KEYS).context["keys"]}
    assert states == {
        "Ever": "Active",
        "Later": "Active",
        "Soon": "Expires in 3 days",
        "Tomorrow": "Expires in 1 day",
        "Today": "Expires within a day",
        "Over": "Expired",
        "Gone": "Revoked",
    }
    assert "Read calls" in text_of(client.get(KEYS))


def test_without_keys_the_page_says_what_to_do(client: Client) -> None:
    assert "No keys yet" in text_of(client.get(KEYS))


# --- How often -----------------------------------------------------------------------
@override_settings(KEY_REQUESTS_PER_MINUTE=1234)
def test_a_limit_is_offered_and_may_be_taken_away(client: Client) -> None:
    assert 'value="1234"' in client.get(KEYS).content.decode()
    assert made(client, requests_per_minute="600").requests_per_minute == 600
    assert "600" in text_of(client.get(KEYS))
    assert made(client, requests_per_minute="").requests_per_minute is None
    answer = client.post(KEYS, WISH | {"requests_per_minute": "0"})
    assert answer.status_code == 422
    assert "a whole number from 1 on" in text_of(answer)


def test_a_key_may_say_whom_calls_without_a_number_are_for(client: Client) -> None:
    row = made(client, callee_field=" customer_id ")
    assert row.callee_field == "customer_id"
    assert 'value="customer_id"' in client.get(f"{KEYS}{row.pk}/").content.decode()
    client.post(f"{KEYS}{row.pk}/", WISH | {"callee_field": ""})
    row.refresh_from_db()
    assert row.callee_field == ""


# --- Changing one --------------------------------------------------------------------
def test_a_key_is_changed_and_goes_on_working(client: Client, admin: Member) -> None:
    at = datetime(2100, 5, 4, 3, 2, 1, tzinfo=UTC)
    row, key, _ = ApiKey.issue(
        admin.workspace, "Old", ["calls:read"], expires_at=at, requests_per_minute=9
    )
    page = f"{KEYS}{row.pk}/"
    shown = client.get(page)
    assert "As it is: 4 May 2100" in text_of(shown)
    wish = {"name": "New", "scopes": ["agents:read"], "expires": "keep"}
    answer = client.post(page, wish | {"requests_per_minute": "60"})
    assert answer.status_code == 302
    found = ApiKey.find(key)
    assert found
    assert (found.name, found.scopes) == ("New", ["agents:read"])
    assert (found.expires_at, found.requests_per_minute) == (at, 60)
    entry = admin.workspace.audit.get()
    assert (entry.action, entry.user) == ("key changed", admin.user)
    before = {"name": "Old", "scopes": ["calls:read"], "requests_per_minute": 9}
    assert entry.before == before
    after = {"name": "New", "scopes": ["agents:read"], "requests_per_minute": 60}
    assert entry.after == after


def test_an_expired_key_works_again_with_a_later_day(
    client: Client, workspace: Workspace
) -> None:
    over = timezone.now() - timedelta(days=1)
    row, key, _ = ApiKey.issue(workspace, "Old", ["calls:read"], expires_at=over)
    page = f"{KEYS}{row.pk}/"
    assert "Programs that use it are refused" in text_of(client.get(page))
    client.post(page, WISH | {"expires": "7"})
    assert ApiKey.find(key)
    client.post(page, WISH | {"expires": ""})
    assert ApiKey.objects.get().expires_at is None


def test_a_change_that_changes_nothing_is_not_written_down(
    client: Client, workspace: Workspace
) -> None:
    row, _, _ = ApiKey.issue(workspace, WISH["name"], WISH["scopes"])
    answer = client.post(f"{KEYS}{row.pk}/", WISH, follow=True)
    assert "Nothing was changed" in text_of(answer)
    assert not workspace.audit.exists()


def test_wrong_changes_are_refused(client: Client, workspace: Workspace) -> None:
    row, _, _ = ApiKey.issue(workspace, "Old", ["calls:read"])
    answer = client.post(f"{KEYS}{row.pk}/", {"name": ""})
    assert answer.status_code == 422
    row.refresh_from_db()
    assert row.name == "Old"


# --- Revoking one --------------------------------------------------------------------
def test_a_revoked_key_works_no_longer(client: Client, admin: Member) -> None:
    row, key, _ = ApiKey.issue(admin.workspace, "Old", ["calls:read"])
    assert "data-confirm" in client.get(KEYS).content.decode()
    for _again in range(2):
        client.post(f"{KEYS}{row.pk}/revoke/")
    assert ApiKey.find(key) is None
    entry = admin.workspace.audit.get()
    assert (entry.action, entry.user) == ("key revoked", admin.user)
    assert "Revoked" in client.get(KEYS).content.decode()


def test_a_revoked_key_cannot_be_changed(client: Client, workspace: Workspace) -> None:
    row, key, _ = ApiKey.issue(workspace, "Old", ["calls:read"])
    client.post(f"{KEYS}{row.pk}/revoke/")
    page = f"{KEYS}{row.pk}/"
    assert "cannot be changed" in text_of(client.get(page, follow=True))
    client.post(page, WISH)
    row.refresh_from_db()
    assert (row.name, ApiKey.find(key)) == ("Old", None)


# --- Whose they are ------------------------------------------------------------------
def test_a_manager_has_no_keys(manager: Member, client_of: ClientOf) -> None:
    row, _, _ = ApiKey.issue(manager.workspace, "Old", ["calls:read"])
    for path in (KEYS, f"{KEYS}{row.pk}/"):
        assert client_of(manager).get(path).status_code == 403
        assert client_of(manager).post(path, WISH).status_code == 403
    assert client_of(manager).post(f"{KEYS}{row.pk}/revoke/").status_code == 403


def test_keys_of_others_are_not_found(client: Client) -> None:
    row, key, _ = ApiKey.issue(make_workspace(), "Theirs", ["calls:read"])
    assert client.get(f"{KEYS}{row.pk}/").status_code == 404
    assert client.post(f"{KEYS}{row.pk}/revoke/").status_code == 404
    assert ApiKey.find(key) is not None
