"""Pages of webhooks out: who is told, what was told, and sending it again."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from calls.hooks import endpoints
from calls.models import Delivery, WebhookEndpoint
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_call, make_connection

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]
URL = "https://client.example.com/hook"
WISH = {"name": "CRM", "url": URL, "events": ["call.ended", "call.analyzed"]}
NEW = "/settings/webhooks/new/"


@pytest.fixture
def client(admin: Member, client_of: ClientOf) -> Client:
    """Return the browser of an admin."""
    return client_of(admin)


@pytest.fixture
def endpoint(workspace: Workspace) -> WebhookEndpoint:
    return endpoints.create(workspace, None, dialect="native", url=URL, name="CRM")


def told(row: WebhookEndpoint, **fields: Any) -> Delivery:
    """Make a delivery that is over."""
    call = make_call(make_connection(row.workspace))
    usual = {"event": "call.ended", "body": "{}", "attempts": 1, "call": call}
    return row.deliveries.create(**usual | fields)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# --- Adding --------------------------------------------------------------------------
def test_a_secret_is_shown_once(client: Client, workspace: Workspace) -> None:
    answer = client.post(NEW, WISH)
    row = workspace.endpoints.get()
    assert row.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert (row.events, row.dialect) == (WISH["events"], "native")
    for address in ("/settings/webhooks/", row.get_absolute_url()):
        shown = page(client, address)
        assert "CRM" in shown
        assert row.secret not in shown


def test_the_usual_events_are_ticked(client: Client) -> None:
    ticked = re.findall(r'value="([a-z.]+)" checked', page(client, NEW))
    assert "call.ended" in ticked
    assert "call.transcript" not in ticked
    ticked = re.findall(
        r'value="([a-z_]+)" checked', page(client, f"{NEW}?format=retell")
    )
    assert ticked == ["call_started", "call_ended", "call_analyzed"]


def test_a_dialect_is_chosen_by_its_chip(client: Client, workspace: Workspace) -> None:
    answer = client.post(f"{NEW}?format=retell", {"url": URL, "events": ["call_ended"]})
    row = workspace.endpoints.get()
    assert (row.dialect, row.secret) == ("retell", "")
    assert "API key that launched the call" in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": ""}, "Write the address"),
        ({"url": "ftp://x.example"}, "Begin the address with https://"),
        ({"events": []}, "at least one event"),
        ({"events": ["call.sung"]}, "There is no event “call.sung”"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, workspace: Workspace, wrong: dict[str, Any], words: str
) -> None:
    answer = client.post(NEW, WISH | wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not workspace.endpoints.exists()


# --- The log -------------------------------------------------------------------------
def test_the_log_shows_what_became_of_each(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    now = datetime.now(tz=UTC)
    told(endpoint, event="call.queued", delivered_at=now, last_status=204)
    told(endpoint, event="call.ended", last_error="Answered 500.", last_status=500)
    told(endpoint, event="call.analyzed", due_at=now + timedelta(hours=1))
    shown = page(client, endpoint.get_absolute_url())
    assert [shown.count(word) for word in ("Delivered", "Given up", "Waiting")] == [
        *(1, 1, 1)
    ]
    only = page(client, f"{endpoint.get_absolute_url()}?show=failed")
    assert "Answered 500." in only
    assert "call.queued</a>" not in only


def test_a_poll_gets_nothing_while_nothing_changes(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    row = told(endpoint, due_at=datetime.now(tz=UTC))
    address = endpoint.get_absolute_url()
    version = client.get(address).context["version"]
    part = {"HX-Request": "true", "HX-Target": "log"}
    assert client.get(f"{address}?v={version}", headers=part).status_code == 204
    Delivery.objects.filter(pk=row.pk).update(due_at=None, delivered_at=row.created_at)
    answer = client.get(f"{address}?v={version}", headers=part)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Delivered" in answer.content.decode()


def test_pages_are_found_by_the_last_row(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    call = make_call(make_connection(endpoint.workspace))
    Delivery.objects.bulk_create(
        Delivery(endpoint=endpoint, call=call, event=f"event.{n}", body="{}")
        for n in range(60)
    )
    first = client.get(endpoint.get_absolute_url())
    assert [row.event for row in first.context["rows"]][-1] == "event.10"
    older = f"{endpoint.get_absolute_url()}?before={first.context['older']}"
    rows = client.get(older).context["rows"]
    assert [row.event for row in rows] == [f"event.{n}" for n in range(9, -1, -1)]


def test_a_long_log_asks_no_more_of_the_database(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    counts = []
    for size in (1, 20):
        for _ in range(size):
            told(endpoint)
        with CaptureQueriesContext(connection) as asked:
            page(client, endpoint.get_absolute_url())
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_delivery_shows_headers_body_and_answer(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    row = told(endpoint, body='{"type":"call.ended"}')
    row.log.create(
        headers={"webhook-signature": "v1,abc"},
        status=500,
        answer="<b>oops</b>",
        problem="Answered 500.",
        duration_ms=12,
    )
    shown = page(client, f"{endpoint.get_absolute_url()}{row.pk}/")
    assert "webhook-signature: v1,abc" in shown
    assert "&lt;b&gt;oops" in shown
    assert "&quot;type&quot;: &quot;call.ended&quot;" in shown
    assert "12 ms" in shown


# --- What can be done ----------------------------------------------------------------
def test_one_is_sent_again(client: Client, endpoint: WebhookEndpoint) -> None:
    row = told(endpoint, delivered_at=datetime.now(tz=UTC))
    address = f"{endpoint.get_absolute_url()}{row.pk}/"
    answer = client.post(address, follow=True)
    assert "One webhook goes out again." in answer.content.decode()
    row.refresh_from_db()
    assert (row.due_at is not None, row.delivered_at) == (True, None)
    again = client.post(address, follow=True)
    assert "nothing there" in again.content.decode()


def test_a_time_is_sent_again_in_the_viewers_zone(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    client.cookies["zone"] = "Asia/Tokyo"
    at = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    row = told(endpoint, created_at=at, last_error="Answered 500.")
    told(endpoint, created_at=at + timedelta(hours=2), last_error="Answered 500.")
    wish = {
        "since": "2026-11-20T12:00",
        "until": "2026-11-20T13:00",
        "only_failed": "on",
    }
    client.post(f"{endpoint.get_absolute_url()}replay/", wish)
    assert Delivery.objects.get(due_at__isnull=False) == row


def test_an_end_before_the_beginning_is_refused(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    wish = {"since": "2026-11-20T12:00", "until": "2026-11-20T12:00"}
    answer = client.post(f"{endpoint.get_absolute_url()}replay/", wish)
    assert answer.status_code == 422
    assert "later than the beginning" in answer.content.decode()


def test_it_is_paused_and_resumed(client: Client, endpoint: WebhookEndpoint) -> None:
    address = endpoint.get_absolute_url()
    told(endpoint, due_at=datetime.now(tz=UTC))
    client.post(f"{address}pause/")
    assert "1 webhook waits" in page(client, address)
    client.post(f"{address}resume/")
    endpoint.refresh_from_db()
    assert endpoint.paused_at is None


def test_a_test_is_sent(client: Client, endpoint: WebhookEndpoint) -> None:
    client.post(f"{endpoint.get_absolute_url()}test/")
    assert Delivery.objects.get().event == "webhook.test"
    assert "a test" in page(client, endpoint.get_absolute_url())


def test_a_new_secret_is_shown_once(client: Client, endpoint: WebhookEndpoint) -> None:
    old = endpoint.secret
    answer = client.post(f"{endpoint.get_absolute_url()}secret/")
    endpoint.refresh_from_db()
    assert endpoint.secret != old
    assert endpoint.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    shown = page(client, endpoint.get_absolute_url())
    assert endpoint.secret not in shown
    assert "The old one signs until" in shown


def test_it_is_changed(client: Client, endpoint: WebhookEndpoint) -> None:
    address = endpoint.get_absolute_url()
    client.post(address, {"name": "Sheet", "url": f"{URL}/2", "events": "call.ended"})
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.url) == ("Sheet", f"{URL}/2")
    assert endpoint.events == ["call.ended"]
    entry = endpoint.workspace.audit.get(action="webhook changed")
    assert entry.before["name"] == "CRM"


def test_what_a_client_chose_beside_ours_stays(
    client: Client, workspace: Workspace
) -> None:
    agent = make_agent(make_connection(workspace))
    events = ["call_ended", "transfer_started"]
    row = workspace.endpoints.create(
        dialect="retell", url=URL, agent=agent, events=events
    )
    client.post(row.get_absolute_url(), {"url": URL, "events": events, "name": "x"})
    row.refresh_from_db()
    assert (row.events, row.name) == (events, "x")


def test_it_is_deleted_after_a_question(
    client: Client, endpoint: WebhookEndpoint
) -> None:
    told(endpoint, due_at=datetime.now(tz=UTC))
    address = f"{endpoint.get_absolute_url()}delete/"
    assert "1 waiting webhook is never sent" in page(client, address)
    assert WebhookEndpoint.objects.exists()
    assert client.post(address)["Location"] == "/settings/webhooks/"
    assert not WebhookEndpoint.objects.exists()
    assert not Delivery.objects.exists()


# --- Who sees what -------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/settings/webhooks/", NEW, "one"])
def test_a_manager_is_told_that_admins_do_this(
    manager: Member, client_of: ClientOf, endpoint: WebhookEndpoint, address: str
) -> None:
    address = endpoint.get_absolute_url() if address == "one" else address
    answer = client_of(manager).get(address)
    assert answer.status_code == 403
    assert endpoint.url not in answer.content.decode()


def test_our_own_pause_is_on_the_home_page_of_admins(
    client: Client, manager: Member, client_of: ClientOf, endpoint: WebhookEndpoint
) -> None:
    why = "Nothing was taken for a day: 30 tries failed."
    WebhookEndpoint.objects.update(paused_at=datetime.now(tz=UTC), paused_why=why)
    for address in ("/", "/settings/webhooks/", endpoint.get_absolute_url()):
        assert why in page(client, address)
    assert why not in page(client_of(manager), "/")


def test_a_pause_by_a_person_is_not(client: Client, endpoint: WebhookEndpoint) -> None:
    endpoints.pause(endpoint, None, datetime.now(tz=UTC))
    assert "was paused" not in page(client, "/")
