"""Webhooks in: stored first, applied once, in any order; strangers are refused."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from agents.models import Connection, bind
from calls import lifecycle, webhooks
from calls.models import Call, CallStatus, Source, WebhookEvent
from calls.webhooks import Entry, GroupWriter
from dashboard.models import Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
)

pytestmark = pytest.mark.django_db
KEY = "key_webhooks"


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    webhooks.directory.known.clear()
    return make_connection(
        workspace,
        provider="retell",
        base_url="http://127.0.0.1:9",
        credentials={"api_key": "key_x", "webhook_key": KEY},
    )


def sign(body: bytes, key: str = KEY, age_s: float = 0) -> str:
    """Sign as Retell does: HMAC-SHA256 over the body and the time in ms."""
    at = str(int((time.time() - age_s) * 1000))
    digest = hmac.new(key.encode(), body + at.encode(), hashlib.sha256).hexdigest()
    return f"v={at},d={digest}"


def post(connection: Connection, body: bytes, signature: str | None) -> HttpResponse:
    headers = {"X-Retell-Signature": signature} if signature else {}
    return Client().generic(  # type: ignore[return-value]
        "POST",
        f"/webhooks/{connection.webhook_token}/",
        data=body,
        content_type="application/json",
        headers=headers,
    )


def deliver(connection: Connection, event: str, **call: Any) -> int:
    """Post one signed event; return the status of the answer."""
    call = {
        "call_id": "call_1",
        "call_type": "phone_call",
        "agent_id": "agent_1",
        "agent_version": 0,
        "call_status": "ongoing",
        "direction": "outbound",
        "from_number": "+16285550000",
        "to_number": "+14155550100",
    } | call
    body = json.dumps({"event": event, "call": call}).encode()
    return post(connection, body, sign(body)).status_code


def apply() -> None:
    """Apply whatever is stored."""
    while webhooks.apply_pending(timezone.now()) is not None:
        pass


def ended(**more: Any) -> dict[str, Any]:
    now = int(time.time() * 1000)
    return {
        "call_status": "ended",
        "start_timestamp": now - 9000,
        "end_timestamp": now,
        "duration_ms": 9000,
        "disconnection_reason": "user_hangup",
    } | more


def test_a_signed_webhook_is_stored_and_answered(connection: Connection) -> None:
    assert deliver(connection, "call_started") == 204
    event = WebhookEvent.objects.get()
    assert (event.verdict, event.applied_at) == ("signed", None)
    assert "call_started" in event.body


def test_a_repeat_is_stored_once(connection: Connection) -> None:
    body = b'{"event":"call_ended","call":{"call_id":"call_1"}}'
    for _ in range(3):
        assert post(connection, body, sign(body)).status_code == 204
    assert WebhookEvent.objects.count() == 1


STRANGERS: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "empty": lambda: "",
    "no numbers": lambda: "v=1,d=2",
    "another key": lambda: sign(b"{}", key="another"),
    "another body": lambda: sign(b"other body"),
    "too old": lambda: sign(b"{}", age_s=400),
    "from the future": lambda: sign(b"{}", age_s=-400),
}


@pytest.mark.parametrize("stranger", list(STRANGERS))
def test_a_stranger_is_refused_and_nothing_kept(
    connection: Connection, stranger: str, logged: StringIO
) -> None:
    answer = post(connection, b"{}", STRANGERS[stranger]())
    assert answer.status_code == 403
    assert not WebhookEvent.objects.exists()
    assert "{}" not in logged.getvalue()


def test_an_unknown_address_is_not_found(connection: Connection) -> None:
    assert Client().post("/webhooks/nobody/", b"{}", "text/plain").status_code == 404


def test_a_new_key_is_known_at_once(connection: Connection) -> None:
    deliver(connection, "call_started")
    connection.credentials = {"api_key": "key_x", "webhook_key": "key_new"}
    connection.save()
    assert post(connection, b"{}", sign(b"{}", key="key_new")).status_code == 204


def test_the_first_event_is_noted(connection: Connection) -> None:
    deliver(connection, "call_started")
    connection.refresh_from_db()
    assert connection.first_event_at


def test_an_event_finds_its_call_by_our_reference(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.DIALING)
    reference = {"switchboard_reference": str(call.pk)}
    deliver(connection, "call_started", metadata=reference)
    apply()
    call.refresh_from_db()
    assert (call.status, call.provider_call_id) == ("in_progress", "call_1")


def test_an_event_may_come_before_our_own_reply(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.DIALING, dialed_at=timezone.now())
    reference = {"switchboard_reference": str(call.pk)}
    deliver(connection, "call_ended", metadata=reference, **ended())
    apply()
    call.refresh_from_db()
    assert (call.status, call.end_reason) == ("ended", "user_hangup")


def test_events_in_the_wrong_order_end_the_same(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.RINGING, provider_call_id="call_1")
    deliver(connection, "call_ended", **ended())
    deliver(connection, "call_started")
    apply()
    call.refresh_from_db()
    assert (call.status, call.duration_ms) == ("ended", 9000)


def test_an_inbound_call_gets_a_row(connection: Connection) -> None:
    number = make_number(connection, number="+16285550000")
    contact = make_contact(connection.workspace, number="+14155550107")
    deliver(
        connection,
        "call_started",
        direction="inbound",
        from_number=contact.number,
        to_number=number.number,
    )
    apply()
    call = Call.objects.get()
    assert (call.source, call.direction) == (Source.INBOUND, "inbound")
    assert (call.contact, call.phone_number) == (contact, number)
    assert call.status == "in_progress"


def test_two_events_of_an_inbound_call_make_one_row(connection: Connection) -> None:
    deliver(connection, "call_started", direction="inbound")
    deliver(connection, "call_ended", direction="inbound", **ended())
    apply()
    assert Call.objects.get().status == "ended"


def test_an_unknown_event_is_kept_and_harms_nothing(connection: Connection) -> None:
    body = b'{"event":"moon_rose","moon":true}'
    post(connection, body, sign(body))
    apply()
    assert WebhookEvent.objects.get().applied_at
    assert not Call.objects.exists()


def test_a_body_that_is_no_json_is_kept(connection: Connection) -> None:
    post(connection, b"hello", sign(b"hello"))
    apply()
    event = WebhookEvent.objects.get()
    assert (event.body, event.error) == ("hello", "")


def test_one_event_that_cannot_be_applied_does_not_hold_up_the_rest(
    connection: Connection,
) -> None:
    make_call(connection, status=CallStatus.RINGING, provider_call_id="call_1")
    deliver(connection, "call_started", direction="sideways", call_id="call_2")
    deliver(connection, "call_started")
    for _ in range(2):
        webhooks.apply_pending(timezone.now())
    assert Call.objects.get(provider_call_id="call_1").status == "in_progress"


def test_events_are_written_in_groups() -> None:
    groups: list[int] = []

    def slow(events: list[WebhookEvent]) -> None:
        time.sleep(0.05)
        groups.append(len(events))

    writer = GroupWriter(slow)
    threads = [
        threading.Thread(target=writer.put, args=(WebhookEvent(),)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sum(groups) == 20
    assert len(groups) < 20


def test_a_ringing_caller_is_answered_from_the_contact(connection: Connection) -> None:
    agent = make_agent(connection, provider_agent_id="agent_in")
    number = make_number(connection, number="+16285550000")
    bind(number, "inbound", agent)
    make_contact(connection.workspace, number="+14155550107", name="Ida Inbound")
    asked = {
        "event": "call_inbound",
        "call_inbound": {
            "from_number": "+14155550107",
            "to_number": "+16285550000",
        },
    }
    body = json.dumps(asked).encode()
    answer = json.loads(post(connection, body, sign(body)).content)
    said = answer["call_inbound"]
    assert said["override_agent_id"] == "agent_in"
    assert said["dynamic_variables"]["first_name"] == "Ida"


def test_a_copied_reference_does_not_overwrite_the_first_call(
    connection: Connection,
) -> None:
    first = make_call(
        connection, status=CallStatus.ENDED, provider_call_id="p1", summary="first"
    )
    reference = {"switchboard_reference": str(first.pk)}
    analysis = {"call_summary": "second"}
    deliver(
        connection,
        "call_analyzed",
        call_id="p2",
        metadata=reference,
        call_analysis=analysis,
        **ended(),
    )
    apply()
    first.refresh_from_db()
    assert first.summary == "first"
    assert Call.objects.get(provider_call_id="p2").summary == "second"


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"x\x00"}',
        b"\xff\xfe\x00",
        b'{"event":"call_inbound"',
        b'"call_inbound"' + b"[" * 5000,
        b'{"event": "call_inbound", "call_inbound": []}',
        b'{"event":"call_started","call":{"call_id":"a","x":' + b"[" * 3000,
    ],
)
def test_odd_bodies_are_kept_and_answered(connection: Connection, body: bytes) -> None:
    assert post(connection, body, sign(body)).status_code < 300
    apply()
    assert WebhookEvent.objects.get().applied_at


def test_an_event_that_fails_is_tried_again_later_not_at_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(connection, "call_started")
    monkeypatch.setattr(lifecycle, "apply_all", lambda *_: 1 / 0)
    apply()
    event = WebhookEvent.objects.get()
    assert (event.attempts, event.applied_at) == (1, None)
    monkeypatch.undo()
    webhooks.apply_pending(timezone.now() + timedelta(seconds=5))
    event.refresh_from_db()
    assert event.applied_at


def test_one_event_that_cannot_be_stored_fails_alone() -> None:
    stored: list[str] = []

    def picky(events: list[WebhookEvent]) -> None:
        if any(event.body == "bad" for event in events):
            raise DatabaseError("no")
        stored.extend(event.body for event in events)

    writer = GroupWriter(picky)
    entries = [Entry(WebhookEvent(body=body)) for body in ("good", "bad", "fine")]
    writer.queue = list(entries)
    writer._write_group()
    assert stored == ["good", "fine"]
    assert [entry.error is None for entry in entries] == [True, False, True]
