"""A stored webhook applied again: what it would change first, and nothing by that."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Connection
from calls.models import Call, WebhookEvent
from calls.models.traffic import Verdict
from calls.review import replay
from dashboard.models import Member
from tests.calls import acme
from tests.calls.test_call_pages import text
from tests.factories import make_call

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Make = Callable[..., tuple[Connection, type[acme.Acme]]]


@pytest.fixture
def call(make_acme: Make) -> Call:
    """Return a call that rings, as far as we know."""
    connection, _ = make_acme()
    return make_call(connection, status="ringing", provider_call_id="a1", dialed_at=NOW)


def stored(call: Call, payload: Any, **facts: Any) -> WebhookEvent:
    """Store a webhook of the call, applied or not."""
    body = payload if isinstance(payload, str) else json.dumps(payload)
    return WebhookEvent.objects.create(
        connection=call.connection,
        call=call,
        event_key="k",
        verdict=Verdict.SIGNED,
        body=body,
        **facts,
    )


@pytest.fixture
def ended(call: Call) -> WebhookEvent:
    """Return a webhook that could not be applied when it came."""
    return stored(call, ENDED, error="KeyError: 'x'")


ENDED = {"provider_call_id": "a1", "status": "ended", "end_reason": "user_hangup"}


def test_the_preview_says_what_would_change_and_changes_nothing(
    call: Call, ended: WebhookEvent
) -> None:
    told = {row.name: (row.before, row.after) for row in replay.preview(ended, NOW)}
    assert told["Status"] == ("ringing", "ended")
    call.refresh_from_db()
    ended.refresh_from_db()
    assert call.status == "ringing"
    assert ended.error
    assert not call.changes.exists()
    assert not call.deliveries.exists()


def test_an_admin_sees_the_difference_and_applies_it(
    client_of: Callable[[Member], Client],
    admin: Member,
    call: Call,
    ended: WebhookEvent,
) -> None:
    client, url = client_of(admin), reverse("event_again", args=[call.pk, ended.pk])
    words = text(client.get(url))
    assert "Status ringing ended" in words
    client.post(url)
    call.refresh_from_db()
    ended.refresh_from_db()
    assert call.status == "ended"
    assert (ended.error, ended.applied_at is None) == ("", False)
    sources = [(row.told_by, row.status_after) for row in call.changes.all()]
    assert ("webhook", "ended") in sources
    assert call.changes.filter(note__contains="again", user=admin.user).exists()
    assert "Nothing would change" in text(client.get(url))


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_nobody_else_applies_one(
    client_of: Callable[[Member], Client],
    request: pytest.FixtureRequest,
    call: Call,
    ended: WebhookEvent,
    role: str,
) -> None:
    client = client_of(request.getfixturevalue(role))
    url = reverse("event_again", args=[call.pk, ended.pk])
    assert client.get(url).status_code == 403
    assert client.post(url).status_code == 403
    call.refresh_from_db()
    assert call.status == "ringing"


@pytest.mark.parametrize(
    "body", ["", "no json", '{"provider_call_id": "another", "status": "ended"}']
)
def test_what_cannot_be_applied_says_why(
    client_of: Callable[[Member], Client], admin: Member, call: Call, body: str
) -> None:
    event = stored(call, body)
    url = reverse("event_again", args=[call.pk, event.pk])
    client = client_of(admin)
    words = text(client.get(url))
    assert "was erased" in words or "nothing that Switchboard knows" in words
    assert "Apply it" not in words
    client.post(url)
    call.refresh_from_db()
    assert call.status == "ringing"


def test_a_webhook_is_reached_through_its_own_call_only(
    client_of: Callable[[Member], Client],
    admin: Member,
    call: Call,
    ended: WebhookEvent,
) -> None:
    other = make_call(call.connection)
    client = client_of(admin)
    for name in ("event_again", "event_body"):
        url = reverse(name, args=[other.pk, ended.pk])
        assert client.get(url).status_code == 404
    assert timezone.now() > ended.received_at
