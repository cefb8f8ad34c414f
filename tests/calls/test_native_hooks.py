"""Our own API for webhooks out."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from calls.hooks import endpoints
from calls.models import Delivery, WebhookEndpoint
from dashboard.models import ApiKey, Workspace
from tests.calls.test_native_api import send
from tests.factories import make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
URL = "https://client.example.com/hook"


@pytest.fixture
def key(workspace: Workspace) -> str:
    return ApiKey.issue(workspace, "Test", ["webhooks:read", "webhooks:write"])[1]


@pytest.fixture
def endpoint(workspace: Workspace) -> WebhookEndpoint:
    return endpoints.create(workspace, None, dialect="native", url=URL)


def path(row: WebhookEndpoint, rest: str = "") -> str:
    return f"webhook-endpoints/{row.pk}{rest}"


def told(row: WebhookEndpoint, count: int = 1, **fields: Any) -> list[Delivery]:
    """Make deliveries that are over."""
    call = make_call(make_connection(row.workspace))
    usual = {"event": "call.ended", "body": "{}", "attempts": 1, "call": call}
    return [row.deliveries.create(**usual | fields) for _ in range(count)]


# --- Endpoints -----------------------------------------------------------------------
def test_an_endpoint_shows_its_secret_once(key: str, workspace: Workspace) -> None:
    made = send(key, "POST", "webhook-endpoints", {"url": URL, "name": "CRM"})
    assert made.status_code == 201
    row = workspace.endpoints.get()
    assert made.json()["secret"] == row.secret
    assert row.secret.startswith("whsec_")
    shown = send(key, "GET", path(row))
    listed = send(key, "GET", "webhook-endpoints")
    for answer in (shown, listed):
        assert row.secret not in answer.content.decode()
    assert shown.json() == listed.json()["items"][0]
    assert shown.json()["events"] == [
        *("call.queued", "call.dialing", "call.unconfirmed", "call.ringing"),
        *("call.answered", "call.ended", "call.analyzed"),
    ]
    entry = workspace.audit.get(action="webhook added")
    assert entry.api_key is not None
    assert row.secret not in json.dumps(entry.after)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "url"),
        ({"url": "here"}, "url"),
        ({"url": URL, "format": "zudu_registry"}, "format"),
        ({"url": URL, "events": ["call.sung"]}, "events"),
        ({"url": URL, "format": "retell", "events": ["call.ended"]}, "events"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_wish_is_refused_with_its_field(
    key: str, workspace: Workspace, wish: dict[str, Any], field: str
) -> None:
    answer = send(key, "POST", "webhook-endpoints", wish)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not workspace.endpoints.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example.com/hook",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost./",
    ],
)
def test_a_private_address_is_refused(key: str, settings: Settings, url: str) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    answer = send(key, "POST", "webhook-endpoints", {"url": url})
    assert (answer.status_code, answer.json()["field"]) == (400, "url")


def test_one_address_is_told_once(key: str, endpoint: WebhookEndpoint) -> None:
    again = send(key, "POST", "webhook-endpoints", {"url": URL})
    assert (again.status_code, again.json()["field"]) == (409, "url")
    other = send(key, "POST", "webhook-endpoints", {"url": URL, "format": "klen"})
    assert other.status_code == 201


@pytest.mark.parametrize(
    ("written", "has_secret"),
    [("klen", True), ("itellico", True), ("retell", False), ("zudu", False)],
)
def test_a_dialect_signs_as_its_receivers_expect(
    key: str, written: str, has_secret: bool
) -> None:
    made = send(key, "POST", "webhook-endpoints", {"url": URL, "format": written})
    assert bool(made.json()["secret"]) is has_secret


def test_an_endpoint_is_changed_and_paused(key: str, endpoint: WebhookEndpoint) -> None:
    wish = {"name": "Sheet", "events": ["call.ended"], "is_paused": True}
    shown = send(key, "PATCH", path(endpoint), wish).json()
    assert (shown["name"], shown["url"]) == ("Sheet", URL)
    assert (shown["events"], shown["is_paused"]) == (["call.ended"], True)
    shown = send(key, "PATCH", path(endpoint), {"is_paused": False}).json()
    assert (shown["is_paused"], shown["events"]) == (False, ["call.ended"])
    actions = endpoint.workspace.audit.order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "webhook added",
        "webhook changed",
        "webhook paused",
        "webhook resumed",
    ]


def test_the_event_of_another_format_is_a_conflict(
    key: str, endpoint: WebhookEndpoint
) -> None:
    answer = send(key, "PATCH", path(endpoint), {"events": ["call_ended"]})
    assert (answer.status_code, answer.json()["field"]) == (409, "events")
    wish = {"url": f"{URL}/2", "events": ["call_ended"]}
    assert send(key, "POST", "webhook-endpoints", wish).status_code == 400


def test_endpoints_come_by_pages(key: str, workspace: Workspace) -> None:
    made = [
        endpoints.create(workspace, None, dialect="native", url=f"{URL}/{index}")
        for index in range(3)
    ]
    first = send(key, "GET", "webhook-endpoints?limit=2").json()
    rest = send(key, "GET", f"webhook-endpoints?cursor={first['next']}").json()
    ids = [row["id"] for row in first["items"] + rest["items"]]
    assert (ids, rest["next"]) == ([str(row.pk) for row in made], None)


def test_a_change_that_changes_nothing_is_not_noted(
    key: str, endpoint: WebhookEndpoint
) -> None:
    send(key, "PATCH", path(endpoint), {"url": URL})
    assert not endpoint.workspace.audit.filter(action="webhook changed").exists()


def test_a_new_secret_overlaps_with_the_old(
    key: str, endpoint: WebhookEndpoint
) -> None:
    old = endpoint.secret
    shown = send(key, "POST", path(endpoint, "/rotate-secret")).json()
    endpoint.refresh_from_db()
    assert shown["secret"] == endpoint.secret != old
    assert endpoint.old_secret == old
    assert shown["old_secret_until"]


def test_what_is_not_signed_has_no_secret_to_replace(
    key: str, workspace: Workspace
) -> None:
    row = endpoints.create(workspace, None, dialect="zudu", url=URL)
    assert send(key, "POST", path(row, "/rotate-secret")).status_code == 409


def test_an_endpoint_goes_with_its_log(key: str, endpoint: WebhookEndpoint) -> None:
    told(endpoint, 3)
    assert send(key, "DELETE", path(endpoint)).status_code == 204
    assert not Delivery.objects.exists()
    assert send(key, "GET", path(endpoint)).status_code == 404


# --- Deliveries ----------------------------------------------------------------------
def test_a_delivery_whose_body_was_erased_is_shown_without_it(
    key: str, endpoint: WebhookEndpoint
) -> None:
    (one,) = told(endpoint, body="")
    answer = send(key, "GET", path(endpoint, f"/deliveries/{one.pk}"))
    assert (answer.status_code, answer.json()["body"]) == (200, None)


def test_the_log_is_paged(key: str, endpoint: WebhookEndpoint) -> None:
    rows = told(endpoint, 5)
    seen, cursor = [], ""
    for _ in range(3):
        page = send(
            key, "GET", path(endpoint, f"/deliveries?limit=2&cursor={cursor}")
        ).json()
        seen += [int(item["id"]) for item in page["items"]]
        cursor = page["next"]
    assert seen == [row.pk for row in reversed(rows)]
    assert cursor is None


def test_only_what_failed_is_listed(key: str, endpoint: WebhookEndpoint) -> None:
    told(endpoint, delivered_at=datetime.now(tz=UTC))
    (failed,) = told(endpoint, last_error="Answered 500.", last_status=500)
    page = send(key, "GET", path(endpoint, "/deliveries?failed=true")).json()
    (item,) = page["items"]
    assert (item["id"], item["state"]) == (str(failed.pk), "failed")
    assert (item["last_status"], item["last_error"]) == (500, "Answered 500.")


def test_a_delivery_shows_its_body_and_its_tries(
    key: str, endpoint: WebhookEndpoint
) -> None:
    (row,) = told(endpoint, body='{"type":"call.ended"}')
    row.log.create(status=500, answer="oops", problem="Answered 500.", duration_ms=12)
    shown = send(key, "GET", path(endpoint, f"/deliveries/{row.pk}")).json()
    assert shown["body"] == {"type": "call.ended"}
    assert shown["message_id"] == f"msg_{row.pk}"
    (one,) = shown["log"]
    assert (one["answer"], one["duration_ms"]) == ("oops", 12)


def test_one_is_sent_again(key: str, endpoint: WebhookEndpoint) -> None:
    now = datetime.now(tz=UTC)
    row, other = told(endpoint, 2, delivered_at=now)
    answer = send(key, "POST", path(endpoint, f"/deliveries/{row.pk}/replay"))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    other.refresh_from_db()
    assert other.due_at is None


def test_a_time_is_sent_again(key: str, endpoint: WebhookEndpoint) -> None:
    now = datetime.now(tz=UTC)
    told(endpoint, created_at=now - timedelta(hours=3), last_error="x")
    told(endpoint, created_at=now - timedelta(hours=1), delivered_at=now)
    told(endpoint, created_at=now - timedelta(hours=1), last_error="x")
    told(endpoint, created_at=now - timedelta(hours=1), last_error="x", due_at=now)
    wish = {"since": (now - timedelta(hours=2)).isoformat(), "until": now.isoformat()}
    answer = send(key, "POST", path(endpoint, "/replay"), wish)
    assert (answer.status_code, answer.json()) == (202, {"count": 1})
    wish_all = wish | {"only_failed": False}
    answer = send(key, "POST", path(endpoint, "/replay"), wish_all)
    assert answer.json() == {"count": 1}


def test_a_test_is_a_delivery_about_no_call(
    key: str, endpoint: WebhookEndpoint
) -> None:
    answer = send(key, "POST", path(endpoint, "/test"))
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["event"], shown["call_id"]) == ("webhook.test", None)
    assert shown["state"] == "waiting"


# --- Who may -------------------------------------------------------------------------
CALLS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/test"),
    ("POST", "/rotate-secret"),
    ("GET", "/deliveries"),
    ("GET", "/deliveries/1"),
    ("POST", "/deliveries/1/replay"),
]


@pytest.mark.parametrize(("method", "rest"), CALLS)
def test_a_strangers_endpoint_is_not_found(key: str, method: str, rest: str) -> None:
    row = endpoints.create(make_workspace(), None, dialect="native", url=URL)
    answer = send(key, method, path(row, rest), {})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert WebhookEndpoint.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(("method", "rest"), CALLS)
def test_each_door_wants_its_scope(
    workspace: Workspace, endpoint: WebhookEndpoint, method: str, rest: str
) -> None:
    other = "webhooks:write" if method == "GET" else "webhooks:read"
    _, key, _ = ApiKey.issue(workspace, "Half", [other])
    answer = send(key, method, path(endpoint, rest), {})
    assert (answer.status_code, answer.json()["error"]) == (403, "permission_denied")


@pytest.mark.parametrize("written", ["0", str(10**30), "-1"])
def test_an_id_that_nobody_has_is_not_found(key: str, written: str) -> None:
    assert send(key, "GET", f"webhook-endpoints/{written}").status_code == 404


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "٣"])
def test_a_cursor_that_is_not_ours_is_refused(
    key: str, endpoint: WebhookEndpoint, cursor: str
) -> None:
    answer = send(key, "GET", path(endpoint, f"/deliveries?cursor={cursor}"))
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_a_registered_webhook_of_zudu_is_not_ours_to_show(
    key: str, workspace: Workspace
) -> None:
    row = workspace.endpoints.create(dialect="zudu_registry", url=URL)
    assert send(key, "GET", "webhook-endpoints").json()["items"] == []
    assert send(key, "GET", path(row)).status_code == 404
