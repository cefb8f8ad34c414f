"""The page of what is kept: nothing goes without a look and a word, and proof stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Connection
from calls.models import Call, CallStatus, RetentionPolicy
from calls.privacy import erasing, masking, retention
from dashboard.models import ApiKey, Member
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]
OLD = datetime.now(tz=UTC) - timedelta(days=100)
RULE = {"transcript_days": "90", "masks_reviewers": "on"}


@pytest.fixture
def connection(admin: Member) -> Connection:
    """Return a connection of the admin's workspace."""
    return make_connection(admin.workspace)


def spoken(connection: Connection) -> Call:
    """Make an old call in which somebody spoke."""
    call = make_call(
        connection, status=CallStatus.ENDED, created_at=OLD, answered_at=OLD
    )
    call.turns.create(index=0, role="agent", text="Hello.")
    return call


@pytest.fixture
def address() -> str:
    """Return the address of the page."""
    return reverse("settings_privacy")


@pytest.mark.parametrize("page", ["settings_privacy", "settings_privacy_proof"])
def test_only_admins_come_here(
    page: str, manager: Member, reviewer: Member, client_of: ClientOf
) -> None:
    for member in (manager, reviewer):
        assert client_of(member).get(reverse(page)).status_code == 403


def test_what_is_typed_is_counted_and_not_kept(
    connection: Connection, admin: Member, client_of: ClientOf, address: str
) -> None:
    spoken(connection)
    headers = {"HX-Request": "true", "HX-Target": "effect"}
    part = client_of(admin).get(address, {"transcript_days": "90"}, headers=headers)
    assert b"1 transcript</b> older than 90 days" in part.content
    assert b"<html" not in part.content
    assert not RetentionPolicy.objects.exists()


def test_a_rule_that_erases_is_asked_about_first(
    connection: Connection, admin: Member, client_of: ClientOf, address: str
) -> None:
    spoken(connection)
    client = client_of(admin)
    asked = client.post(address, RULE)
    assert b"This erases something" in asked.content
    assert not RetentionPolicy.objects.exists()
    assert client.post(address, RULE | {"confirmed": "yes"}).status_code == 302
    assert RetentionPolicy.objects.get().transcript_days == 90


def test_a_rule_that_erases_nothing_is_just_saved(
    connection: Connection, admin: Member, client_of: ClientOf, address: str
) -> None:
    assert client_of(admin).post(address, RULE).status_code == 302
    assert RetentionPolicy.objects.get().transcript_days == 90


@pytest.mark.parametrize("days", ["0", "-1", "x", "99999"])
def test_days_that_are_none_are_refused(
    admin: Member, client_of: ClientOf, address: str, days: str
) -> None:
    answer = client_of(admin).post(address, {"recording_days": days})
    assert answer.status_code == 422
    assert not RetentionPolicy.objects.exists()


def test_the_proof_says_what_went_and_by_whom(
    connection: Connection, admin: Member, client_of: ClientOf
) -> None:
    by_hand = spoken(connection)
    erasing.erase(by_hand, {"transcript"}, admin.user)
    spoken(connection)
    now = datetime.now(tz=UTC)
    RetentionPolicy.objects.create(workspace=admin.workspace, transcript_days=90)
    for run in retention.due(now + timedelta(seconds=1)):
        retention.work(run, now)
    page = client_of(admin).get(reverse("settings_privacy_proof")).content.decode()
    assert str(by_hand.pk) in page and str(admin.user) in page
    assert "Transcript: kept for 90 days" in page
    answer = client_of(admin).get(reverse("privacy_proof_csv"))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 4 and "Transcript: 1 (done)" in lines[1]


def test_an_empty_proof_says_so(admin: Member, client_of: ClientOf) -> None:
    page = client_of(admin).get(reverse("settings_privacy_proof"))
    assert b"Nothing was erased yet" in page.content


# --- Who sees it masked --------------------------------------------------------------
def test_reviewers_see_it_masked_until_an_admin_says_otherwise(
    admin: Member, manager: Member, reviewer: Member
) -> None:
    space = admin.workspace
    masked = [masking.reader(space, m).is_masked for m in (admin, manager, reviewer)]
    assert masked == [False, False, True]
    RetentionPolicy.objects.create(
        workspace=space, masks_reviewers=False, masks_managers=True, masks_keys=True
    )
    space.refresh_from_db()
    masked = [masking.reader(space, m).is_masked for m in (admin, manager, reviewer)]
    assert masked == [False, True, False]
    row, _, _ = ApiKey.issue(space, "Client", ["calls:read"])
    assert masking.key_reader(row).is_masked


def test_a_key_reads_everything_by_itself(admin: Member) -> None:
    row, _, _ = ApiKey.issue(admin.workspace, "Client", ["calls:read"])
    assert not masking.key_reader(row).is_masked
