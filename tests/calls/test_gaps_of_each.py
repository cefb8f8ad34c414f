"""Gaps at each provider: a call its stand-in had, and told nobody of, is brought in."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from agents import sync
from agents.models import Connection, bind
from agents.providers import http
from agents.providers.registry import DIALECTS
from calls import gaps
from calls.models import Call, CallStatus, Source
from dashboard.models import Workspace
from tests.calls import desk

# Its REST answers have no transcript (contract sheet, section 2.1).
TELLS_WORDS_BY_WEBHOOK = {"uponai"}
pytestmark = pytest.mark.django_db(transaction=True)


def answer(request: httpx.Request) -> httpx.Response:
    """Answer a request to ourselves without a network."""
    sent = {k: v for k, v in request.headers.items() if k != "content-length"}
    kind = sent.pop("content-type", "application/json")
    path = request.url.raw_path.decode()
    body = request.read()
    try:
        got = Client(headers=sent).generic(request.method, path, body, kind)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()
    return httpx.Response(
        got.status_code, headers=dict(got.headers), content=got.content
    )


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """Lead what goes out back to ourselves."""
    http.network.use(httpx.MockTransport(answer))
    yield
    http.network.use(None)


@pytest.mark.parametrize("slug", sorted(DIALECTS))
def test_what_the_provider_has_and_we_lack_is_found(slug: str) -> None:
    desk.connect(slug)
    platform = Workspace.objects.get(slug=f"{slug}-platform")
    number = platform.numbers.order_by("number")[0]
    bind(number, "inbound", platform.agents.order_by("name")[0])
    rang = desk.ring_in(slug)
    Connection.objects.update(created_at=timezone.now() - timedelta(hours=1))
    ours = Connection.objects.get(workspace__slug=slug)
    sync.sync(ours)
    later = timezone.now() + timedelta(minutes=2)
    done = gaps.look(ours, later)
    assert done
    assert (done.found, done.error, done.is_done) == (1, "", True)
    call = Call.objects.get(connection=ours)
    assert (call.source, call.status) == (Source.INBOUND, CallStatus.ENDED)
    assert (call.from_number, call.found_at) == (desk.CALLER, later)
    assert call.contact and call.agent and call.phone_number
    assert (call.agent.name, call.phone_number.number) == (
        rang["agent"],
        rang["number"],
    )
    said = [turn.text for turn in call.turns.all()]
    assert said[-1:] == ([] if slug in TELLS_WORDS_BY_WEBHOOK else ["I want to renew."])
    again = gaps.look(ours, later + gaps.EVERY)
    assert again and again.found == 0
