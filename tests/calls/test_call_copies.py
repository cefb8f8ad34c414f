"""Where copies of a call are, and erasing what is chosen of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Connection
from calls.models import Call, Erasure
from calls.models.traffic import Verdict
from calls.privacy.copies import copies
from dashboard.models import Member, Workspace
from tests.calls.test_call_pages import ended_call, text
from tests.factories import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(workspace: Workspace) -> Call:
    """Return a call that is over, with a webhook."""
    connection: Connection = make_connection(workspace)
    call = ended_call(connection, summary="Jamie renews.")
    call.events.create(
        connection=connection, event_key="k", verdict=Verdict.SIGNED, body='{"a": 1}'
    )
    return call


def test_each_copy_is_named_with_its_state(call: Call) -> None:
    told = {copy.name: copy.state for copy in copies(call)}
    said = "2 lines, 1 tool call and the summary."
    assert told["Transcript and summary"] == said
    assert told["Webhooks, in and out"] == "1 webhook."
    assert "erases nothing at Simulator" in told["At Simulator"]


def test_exports_that_may_hold_the_call_are_named(call: Call) -> None:
    until = call.created_at + timedelta(days=7)
    call.workspace.exports.create(format="csv", file="a.csv", expires_at=until)
    told = {copy.name: copy.state for copy in copies(call)}["Exports kept here"]
    assert told.startswith("1 file made since the call may hold it.")
    assert f"{until:%d %b %Y}" in told


def test_an_admin_erases_what_is_chosen(
    client_of: Callable[[Member], Client], admin: Member, call: Call
) -> None:
    client, url = client_of(admin), reverse("call_erase", args=[call.pk])
    assert "Jamie renews." in text(client.get(call.get_absolute_url()))
    page = client.post(url, {"transcript": "on"}, follow=True)
    assert "Jamie renews." not in text(page)
    assert "The transcript was erased" in text(page)
    assert not call.turns.exists()
    assert [row.kind for row in Erasure.objects.all()] == ["transcript"]
    told = {copy.name: copy for copy in copies(Call.objects.get(pk=call.pk))}
    assert not told["Transcript and summary"].is_there
    assert told["Webhooks, in and out"].is_there


def test_the_whole_call_goes(
    client_of: Callable[[Member], Client], admin: Member, call: Call
) -> None:
    client = client_of(admin)
    page = client.post(reverse("call_erase", args=[call.pk]), {"call": "on"})
    assert page.headers["Location"] == reverse("call_list")
    assert client.get(call.get_absolute_url()).status_code == 404


def test_nothing_chosen_erases_nothing(
    client_of: Callable[[Member], Client], admin: Member, call: Call
) -> None:
    answer = client_of(admin).post(reverse("call_erase", args=[call.pk]))
    assert answer.status_code == 422
    assert call.turns.exists()


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_nobody_else_erases(
    client_of: Callable[[Member], Client],
    request: pytest.FixtureRequest,
    call: Call,
    role: str,
) -> None:
    client = client_of(request.getfixturevalue(role))
    url = reverse("call_erase", args=[call.pk])
    assert client.post(url, {"call": "on"}).status_code == 403
    assert url not in client.get(call.get_absolute_url()).content.decode()
    assert Call.objects.filter(pk=call.pk).exists()
