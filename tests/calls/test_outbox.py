"""Webhooks we owe: who is told what, in which order, and what happens when it fails."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from retell.lib import webhook_auth

from agents.providers import http
from agents.providers.base import Analysis, CallUpdate, TurnFacts
from calls import lifecycle, outbox
from calls.models import Call, Delivery, WebhookEndpoint
from dashboard.models import ApiKey, Workspace
from tests.factories import make_agent, make_call, make_connection, make_workspace

pytestmark = pytest.mark.django_db
# The SDK ships this function without types.
verify: Callable[[str, str, str], bool] = webhook_auth.verify
URL = "https://client.example.com/hook"


class Receiver:
    """A client's server: answers with `statuses` in turn, and keeps what came."""

    def __init__(self) -> None:
        self.statuses: list[Any] = []
        self.came: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take one webhook."""
        self.came.append(request)
        status = self.statuses.pop(0) if self.statuses else 204
        if isinstance(status, Exception):
            raise status
        return httpx.Response(status)

    @property
    def events(self) -> list[str]:
        """The events that came, in order."""
        return [json.loads(request.content)["event"] for request in self.came]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Put a receiver in the place of the network."""
    receiver = Receiver()
    http.network.use(httpx.MockTransport(receiver))
    yield receiver
    http.network.use(None)


@pytest.fixture
def key(workspace: Workspace) -> str:
    """Return the key a client launches with, and is signed with."""
    return ApiKey.issue(workspace, "Client", ["calls:write"])[1]


@pytest.fixture
def call(workspace: Workspace, key: str) -> Call:
    """Return a ringing call that a Retell client launched."""
    return ringing(workspace)


@pytest.fixture
def endpoint(workspace: Workspace) -> WebhookEndpoint:
    """Have the workspace's client listen, to everything by default."""
    return workspace.endpoints.create(dialect="retell", url=URL)


def ringing(workspace: Workspace, to_number: str = "+14155550100") -> Call:
    """Make a call that rings."""
    connection = make_connection(workspace)
    return make_call(
        connection,
        agent=make_agent(connection),
        status="ringing",
        dialect="retell",
        to_number=to_number,
        from_number="+16285550000",
        api_key=workspace.api_keys.first(),
    )


def now() -> datetime:
    return datetime.now(tz=UTC)


def happens(call: Call, status: str, **facts: Any) -> None:
    """Let something happen in the call."""
    lifecycle.apply(call.pk, CallUpdate(status=status, **facts), now())


def plays(call: Call) -> None:
    """Let a whole call happen, event by event."""
    happens(call, "in_progress")
    happens(call, "ended", end_reason="user_hangup", duration_ms=1000)
    happens(call, "", analysis=Analysis("Went well.", "positive", True))


def later(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


# --- Who is told ---------------------------------------------------------------------
def test_a_call_is_told_in_order(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(call)
    assert outbox.deliver_due(later(1)) == 3
    assert receiver.events == ["call_started", "call_ended", "call_analyzed"]
    assert not Delivery.objects.exclude(delivered_at__isnull=False).exists()


def test_the_sdk_believes_the_signature(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver, key: str
) -> None:
    plays(call)
    outbox.deliver_due(later(1))
    for request in receiver.came:
        assert verify(
            request.content.decode(), key, request.headers["X-Retell-Signature"]
        )


def test_nobody_listens_nothing_is_owed(call: Call) -> None:
    plays(call)
    assert not Delivery.objects.exists()


def test_a_strangers_endpoint_hears_nothing(call: Call) -> None:
    make_workspace().endpoints.create(dialect="retell", url=URL)
    plays(call)
    assert not Delivery.objects.exists()


def test_the_agents_endpoint_replaces_the_workspaces(
    call: Call, endpoint: WebhookEndpoint, workspace: Workspace
) -> None:
    own = workspace.endpoints.create(dialect="retell", url=f"{URL}2", agent=call.agent)
    happens(call, "in_progress")
    assert [d.endpoint for d in Delivery.objects.all()] == [own]


def test_an_endpoint_hears_only_what_it_chose(
    call: Call, endpoint: WebhookEndpoint
) -> None:
    endpoint.events = ["transcript_updated", "call_ended"]
    endpoint.save()
    happens(call, "in_progress", turns=(TurnFacts("agent", "Hi"),))
    plays(call)
    told = list(Delivery.objects.order_by("id").values_list("event", flat=True))
    assert told == ["transcript_updated", "call_ended"]


def test_a_call_that_never_connected_has_no_start(
    call: Call, endpoint: WebhookEndpoint
) -> None:
    happens(call, "not_connected", end_reason="busy")
    told = Delivery.objects.order_by("id").values_list("event", flat=True)
    assert list(told) == ["call_ended", "call_analyzed"]


def test_an_endpoints_own_secret_goes_first(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    endpoint.secret = "key_of_the_endpoint"
    endpoint.save()
    happens(call, "in_progress")
    outbox.deliver_due(later(1))
    (request,) = receiver.came
    signature = request.headers["X-Retell-Signature"]
    assert verify(request.content.decode(), "key_of_the_endpoint", signature)


# --- When it fails -------------------------------------------------------------------
def test_a_webhook_that_fails_is_sent_again(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500, httpx.ReadTimeout("slow"), 204]
    happens(call, "in_progress")
    assert [outbox.deliver_due(later(s)) for s in (0, 2, 6, 8, 40)] == [0, 0, 0, 0, 1]
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.last_status) == (3, 204)
    assert delivery.last_error == ""


def test_after_three_repeats_it_is_given_up(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 9
    happens(call, "in_progress")
    for seconds in (0, 10, 60, 300, 900):
        outbox.deliver_due(later(seconds))
    delivery = Delivery.objects.get()
    assert (len(receiver.came), delivery.due_at) == (4, None)
    assert (delivery.last_status, delivery.last_error) == (500, "Answered 500.")


def test_a_failure_holds_up_no_later_event(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    plays(call)
    outbox.deliver_due(later(1))
    outbox.deliver_due(later(10))
    assert receiver.events == [
        "call_started",
        "call_ended",
        "call_analyzed",
        "call_started",
    ]


def test_a_private_address_is_not_posted_to(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    WebhookEndpoint.objects.update(url="http://10.0.0.1/hook")
    happens(call, "in_progress")
    assert outbox.deliver_due(later(1)) == 0
    assert "https" in Delivery.objects.get().last_error
    assert not receiver.came


def test_a_killed_workers_delivery_is_taken_over(
    call: Call, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(call)
    assert len(outbox._claim(16, later(1), later(1))) == 1
    assert outbox.deliver_due(later(2)) == 0  # it may still be on its way
    assert outbox.deliver_due(later(30)) == 3
    assert receiver.events[0] == "call_started"


def test_without_a_key_it_says_what_is_missing(
    workspace: Workspace, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    happens(ringing(workspace), "in_progress")
    outbox.deliver_due(later(1))
    assert "API key" in Delivery.objects.get().last_error


# --- How a stand-in tells ------------------------------------------------------------
@pytest.mark.parametrize(
    ("to_number", "told"),
    [
        ("+14155550159", ["call_started"]),
        ("+14155550161", []),
        (
            "+14155550160",
            [
                *("call_ended", "call_ended", "call_started", "call_started"),
                *("call_analyzed", "call_analyzed"),
            ],
        ),
    ],
)
def test_a_stand_in_tells_as_the_number_asks(
    workspace: Workspace,
    key: str,
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    to_number: str,
    told: list[str],
) -> None:
    call = ringing(workspace, to_number)
    plays(call)
    outbox.deliver_due(later(1))
    assert receiver.events == told


def test_a_stand_in_is_itself_only_to_its_clients(
    workspace: Workspace, endpoint: WebhookEndpoint
) -> None:
    call = ringing(workspace, "+14155550161")
    Call.objects.update(dialect="")
    happens(call, "in_progress")
    assert Delivery.objects.count() == 1


def test_owing_costs_the_same_however_long_the_call(
    call: Call,
    endpoint: WebhookEndpoint,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    turns = tuple(TurnFacts("agent", f"Line {n}") for n in range(50))
    happens(call, "in_progress", turns=turns)
    fresh = Call.objects.select_related("connection", "agent").get(pk=call.pk)
    fresh.status = "ended"
    with django_assert_max_num_queries(4):
        outbox.owe(fresh, "in_progress", {"status"})
