"""Whether the house is well, for machines."""

import threading
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from agents.models import Connection
from calls.models import WebhookEvent
from dashboard import embedded
from tests.factories import make_call, make_connection, make_workspace


def test_healthz_asks_nobody() -> None:
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert not answer.cookies


@pytest.mark.django_db
def test_readyz_when_all_is_well() -> None:
    answer = Client().get("/readyz")
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_readyz_names_a_dead_background_thread(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDED = True
    monkeypatch.setattr(embedded, "threads", [threading.Thread()])
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "A background thread has stopped."


@pytest.mark.django_db
def test_metrics_tell_what_waits() -> None:
    now = timezone.now()
    connection = make_connection_with_backlog()
    make_call(connection, status="queued", due_at=now - timedelta(seconds=90))
    make_call(connection, status="ringing")
    text = Client().get("/metrics").content.decode()
    assert 'switchboard_calls_open{status="queued"} 1.0' in text
    assert 'switchboard_calls_open{status="ringing"} 1.0' in text
    assert 'switchboard_calls_open{status="dialing"} 0.0' in text
    assert "switchboard_queue_age_seconds 9" in text
    assert "switchboard_webhook_backlog 1.0" in text
    assert "process_cpu_seconds_total" in text


def make_connection_with_backlog() -> Connection:
    """Make a connection with one webhook that was not applied yet."""
    connection = make_connection(make_workspace())
    WebhookEvent.objects.create(connection=connection, event_key="1", verdict="signed")
    return connection


def test_health_is_for_reading() -> None:
    assert Client().post("/healthz").status_code == 405
