"""Webhooks we owe: who is told what, in which order, and what happens when it fails."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from retell.lib import webhook_auth
from standardwebhooks import Webhook

from agents.providers import http
from agents.providers.base import Analysis, CallUpdate, LaunchWish, TurnFacts
from calls import launch, lifecycle, plan
from calls.hooks import endpoints, native_voice, outbox, owing, settling, voices
from calls.models import (
    Attempt,
    Call,
    Delivery,
    DeliveryState,
    Source,
    WebhookEndpoint,
)
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
        self.answer = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take one webhook."""
        self.came.append(request)
        status = self.statuses.pop(0) if self.statuses else 204
        if isinstance(status, Exception):
            raise status
        return httpx.Response(status, text=self.answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What came, in order."""
        return [json.loads(request.content) for request in self.came]

    @property
    def events(self) -> list[str]:
        """The events that came, in order."""
        return [body.get("event") or body["type"] for body in self.bodies]


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


@pytest.fixture
def native(workspace: Workspace) -> WebhookEndpoint:
    """Have somebody listen in our own format."""
    return endpoints.create(workspace, None, dialect="native", url=URL)


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
    assert len(outbox.claim([], later(1))) == 1
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
        owing.owe(fresh, "in_progress", {"status"})


# --- Our own format ------------------------------------------------------------------
def test_the_published_library_believes_our_signature(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(call)
    outbox.deliver_due(later(1))
    library = Webhook(native.secret)
    for request in receiver.came:
        body = library.verify(request.content, dict(request.headers))
        assert body == json.loads(request.content)
    assert receiver.events == ["call.answered", "call.ended", "call.analyzed"]


def test_a_webhook_holds_the_call_as_the_api_shows_it(
    call: Call, native: WebhookEndpoint, receiver: Receiver, workspace: Workspace
) -> None:
    happens(call, "in_progress", turns=(TurnFacts("agent", "Hello!"),))
    outbox.deliver_due(later(1))
    _, key, _ = ApiKey.issue(workspace, "Reader", ["calls:read"])
    asked = Client(headers={"Authorization": f"Bearer {key}"})
    shown = asked.get(f"/api/v1/calls/{call.pk}").json()
    (body,) = receiver.bodies
    assert body["data"] == shown
    assert body["data"]["transcript"][0]["text"] == "Hello!"
    assert set(body) == {"type", "timestamp", "data"}


def test_a_launch_is_told_from_the_first_moment(
    workspace: Workspace, native: WebhookEndpoint, receiver: Receiver
) -> None:
    agent = make_agent(make_connection(workspace))
    wish = LaunchWish(to_number="+14155550100", agent_id=str(agent.pk))
    ready = plan.prepare(workspace, wish, source=Source.BUTTON)
    call, _ = launch.launch(ready)
    taken = lifecycle.claim(call.pk, 0, now())
    assert taken
    lifecycle.start_dialing(call.pk, taken, now())
    lifecycle.unclear(call.pk, "No answer came.", now())
    happens(call, "ringing", provider_call_id="theirs_1")
    happens(call, "not_connected", end_reason="busy")
    outbox.deliver_due(later(1))
    assert receiver.events == [
        "call.queued",
        "call.unconfirmed",
        "call.dialing",
        "call.ringing",
        "call.ended",
    ]
    ids = {body["data"]["id"] for body in receiver.bodies}
    assert ids == {str(call.pk)}


def test_a_canceled_call_is_told_as_ended(
    workspace: Workspace, native: WebhookEndpoint, receiver: Receiver
) -> None:
    call = make_call(make_connection(workspace))
    lifecycle.cancel(call.pk)
    outbox.deliver_due(later(1))
    (body,) = receiver.bodies
    assert (body["type"], body["data"]["status"]) == ("call.ended", "canceled")


@pytest.mark.parametrize(
    ("before", "status", "changed", "told"),
    [
        ("", "scheduled", {"status"}, ["call.queued"]),
        ("dialing", "dialing", {"provider_call_id"}, ["call.dialing"]),
        ("dialing", "ringing", {"status"}, ["call.ringing"]),
        ("ringing", "ringing", {"from_number"}, []),
        ("dialing", "in_progress", {"status"}, ["call.answered"]),
        ("in_progress", "in_progress", {"turns"}, ["call.transcript"]),
        ("ringing", "ended", {"status"}, ["call.answered", "call.ended"]),
        (
            "in_progress",
            "ended",
            {"status", "turns"},
            ["call.transcript", "call.ended"],
        ),
        ("ended", "ended", {"summary"}, ["call.analyzed"]),
        ("ended", "ended", {"cost"}, []),
        ("dialing", "failed", {"status", "end_reason"}, ["call.ended"]),
    ],
)
def test_what_a_change_tells(
    before: str, status: str, changed: set[str], told: list[str]
) -> None:
    assert native_voice.events(before, status, changed) == told


def test_the_transcript_is_told_only_to_who_chose_it(
    call: Call, native: WebhookEndpoint
) -> None:
    happens(call, "in_progress", turns=(TurnFacts("agent", "Hi"),))
    WebhookEndpoint.objects.update(events=["call.transcript"])
    turns = (TurnFacts("agent", "Hi"), TurnFacts("callee", "Hello"))
    happens(call, "", turns=turns)
    told = Delivery.objects.order_by("id").values_list("event", flat=True)
    assert list(told) == ["call.answered", "call.transcript"]


def test_a_scripted_trouble_is_for_the_dialect_only(
    workspace: Workspace, key: str, native: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(ringing(workspace, "+14155550160"))
    outbox.deliver_due(later(1))
    assert receiver.events == ["call.answered", "call.ended", "call.analyzed"]


def test_a_failure_holds_back_the_rest_of_its_call_and_no_other(
    call: Call, native: WebhookEndpoint, receiver: Receiver, workspace: Workspace
) -> None:
    other = ringing(workspace)
    receiver.statuses = [503, 503]
    plays(call)
    outbox.deliver_due(later(0))
    happens(other, "in_progress")
    outbox.deliver_due(later(1))
    assert receiver.events == ["call.answered", "call.answered"]
    outbox.deliver_due(later(7))
    told = [(body["type"], body["data"]["id"]) for body in receiver.bodies[2:]]
    mine = [event for event, pk in told if pk == str(call.pk)]
    assert mine == ["call.answered", "call.ended", "call.analyzed"]
    assert [event for event, pk in told if pk == str(other.pk)] == ["call.answered"]


def test_it_is_tried_for_a_day_with_one_id(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 99
    happens(call, "in_progress")
    at = later(1)
    while Delivery.objects.get().due_at:
        outbox.deliver_due(at)
        at = Delivery.objects.get().due_at or at
    assert timedelta(hours=24) <= at - now() < timedelta(hours=24, minutes=1)
    assert len(receiver.came) == len(native_voice.RETRIES) + 1 == 13
    assert len({request.headers["webhook-id"] for request in receiver.came}) == 1
    assert Delivery.objects.get().state == DeliveryState.FAILED


def test_after_one_is_given_up_the_rest_of_the_call_is_told(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(call)
    first = Delivery.objects.order_by("id").first()
    assert first
    Delivery.objects.filter(pk=first.pk).update(attempts=12)
    receiver.statuses = [500]
    outbox.deliver_due(later(1))
    assert receiver.events == ["call.answered", "call.ended", "call.analyzed"]
    first.refresh_from_db()
    assert first.state == DeliveryState.FAILED


def test_a_new_secret_and_the_old_one_sign_for_a_day(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    old, new = native.secret, endpoints.rotate(native, None, now())
    happens(call, "in_progress")
    outbox.deliver_due(later(1))
    happens(call, "ended")
    outbox.deliver_due(later(86_500))
    both, later_on = receiver.came
    for secret in (old, new):
        Webhook(secret).verify(both.content, dict(both.headers))
    assert len(later_on.headers["webhook-signature"].split()) == 1
    Webhook(new).verify(later_on.content, dict(later_on.headers))


# --- The log -------------------------------------------------------------------------
def test_each_try_is_logged_without_the_secret(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses, receiver.answer = [500], "oops" * 1000
    happens(call, "in_progress")
    outbox.deliver_due(later(0))
    outbox.deliver_due(later(6))
    first, second = Attempt.objects.order_by("id")
    assert (first.status, first.problem) == (500, "Answered 500.")
    assert (second.status, second.problem) == (204, "")
    assert first.answer == "oops" * 512
    assert first.headers["webhook-id"] == f"msg_{first.delivery_id}"
    assert first.headers["webhook-signature"].startswith("v1,")
    assert native.secret not in json.dumps([first.headers, second.headers])
    assert native.secret.removeprefix("whsec_") not in json.dumps(first.headers)


def test_no_answer_has_no_status(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [httpx.ConnectError("refused")]
    happens(call, "in_progress")
    outbox.deliver_due(later(0))
    attempt = Attempt.objects.get()
    assert (attempt.status, attempt.problem) == (None, "ConnectError: refused")


def test_a_redirect_is_not_followed(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [302]
    happens(call, "in_progress")
    assert outbox.deliver_due(later(0)) == 0
    assert Attempt.objects.get().problem == "Answered 302."


def test_what_is_deleted_meanwhile_is_forgotten(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    happens(call, "in_progress")
    (parcel,) = outbox.claim([], later(1))
    sent = parcel.send()
    endpoints.delete(native, None)
    assert settling.settle([sent], later(2)) == 0
    assert not Attempt.objects.exists()


def test_the_log_is_kept_for_some_days(
    call: Call, native: WebhookEndpoint, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_LOG_DAYS = 7
    plays(call)
    outbox.deliver_due(later(1))
    first = Delivery.objects.order_by("id").first()
    assert first
    Delivery.objects.filter(pk=first.pk).update(created_at=later(-8 * 86_400))
    assert endpoints.forget(now()) == 1
    assert Delivery.objects.count() == Attempt.objects.count() == 2
    assert endpoints.forget(now()) == 0


# --- Receivers that fail -------------------------------------------------------------
def failing(native: WebhookEndpoint, *, since: float, failures: int) -> None:
    """Let an endpoint have failed for some seconds."""
    rows = WebhookEndpoint.objects.filter(pk=native.pk)
    rows.update(failing_since=later(-since), failures=failures)


def test_a_day_of_failures_pauses_with_an_entry(
    call: Call, native: WebhookEndpoint, receiver: Receiver, workspace: Workspace
) -> None:
    failing(native, since=86_500, failures=19)
    receiver.statuses = [500] * 9
    plays(call)
    outbox.deliver_due(later(0))
    native.refresh_from_db()
    assert native.paused_at
    assert "20 tries failed" in native.paused_why
    entry = workspace.audit.get(action="webhook paused")
    assert native.secret not in json.dumps(entry.after)
    assert outbox.deliver_due(later(7)) == 0
    assert len(receiver.came) == 1


@pytest.mark.parametrize(("since", "failures"), [(86_500, 18), (86_000, 500)])
def test_less_than_that_pauses_nothing(
    call: Call,
    native: WebhookEndpoint,
    receiver: Receiver,
    since: float,
    failures: int,
) -> None:
    failing(native, since=since, failures=failures)
    receiver.statuses = [500]
    happens(call, "in_progress")
    outbox.deliver_due(later(0))
    native.refresh_from_db()
    assert native.paused_at is None
    assert native.failures == failures + 1


def test_one_success_begins_the_count_anew(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    failing(native, since=86_500, failures=500)
    happens(call, "in_progress")
    outbox.deliver_due(later(0))
    native.refresh_from_db()
    assert (native.failing_since, native.failures) == (None, 0)


def test_gone_is_taken_at_its_word(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    happens(call, "in_progress")
    outbox.deliver_due(later(0))
    native.refresh_from_db()
    assert "410" in native.paused_why


def test_resuming_sends_what_waits(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    endpoints.pause(native, None, now())
    plays(call)
    assert outbox.deliver_due(later(1)) == 0
    native.refresh_from_db()
    endpoints.resume(native, None, now())
    assert outbox.deliver_due(later(1)) == 3
    assert receiver.events == ["call.answered", "call.ended", "call.analyzed"]


def test_resuming_waits_for_no_later_try(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    plays(call)
    Delivery.objects.update(attempts=11)
    receiver.statuses = [500]
    outbox.deliver_due(later(0))
    assert not Delivery.objects.filter(due_at__lt=later(3600)).exists()
    endpoints.pause(native, None, now())
    endpoints.resume(native, None, now())
    assert outbox.deliver_due(later(1)) == 3


def test_the_last_try_before_the_pause_is_not_given_up(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    failing(native, since=86_500, failures=100)
    receiver.statuses = [500]
    happens(call, "in_progress")
    Delivery.objects.update(attempts=12)
    outbox.deliver_due(later(0))
    native.refresh_from_db()
    assert native.paused_at
    endpoints.resume(native, None, later(10))
    assert outbox.deliver_due(later(31)) == 1


def test_a_paused_endpoint_may_be_tested(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    endpoints.pause(native, None, now())
    happens(call, "in_progress")
    native.refresh_from_db()
    endpoints.test(native, now())
    assert outbox.deliver_due(later(1)) == 1
    assert receiver.events == ["webhook.test"]


def test_a_failed_test_is_not_repeated_and_says_nothing_of_the_endpoint(
    native: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    delivery = endpoints.test(native, now())
    outbox.deliver_due(later(1))
    delivery.refresh_from_db()
    native.refresh_from_db()
    assert (delivery.state, native.failing_since) == (DeliveryState.FAILED, None)


@pytest.mark.parametrize("dialect", sorted(voices.VOICES))
def test_there_is_a_test_in_every_format(
    workspace: Workspace, key: str, receiver: Receiver, dialect: str
) -> None:
    row = endpoints.create(workspace, None, dialect=dialect, url=URL)
    endpoints.test(row, now())
    assert outbox.deliver_due(later(1)) == 1
    assert "test" in receiver.came[0].content.decode()
    events = voices.VOICES[dialect].EVENTS
    assert Delivery.objects.get().event in (*events, native_voice.TEST)


def test_a_dead_receiver_holds_up_nobody(
    call: Call, native: WebhookEndpoint, workspace: Workspace
) -> None:
    well = endpoints.create(workspace, None, dialect="native", url=f"{URL}/well")
    others = [ringing(workspace) for _ in range(12)]
    came: list[float] = []
    let_go = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/well"):
            came.append(time.monotonic())
            if len(came) == len(others):
                let_go.set()
            return httpx.Response(204)
        assert let_go.wait(10)
        return httpx.Response(500)

    http.network.use(httpx.MockTransport(answer))
    for other in others:
        happens(other, "in_progress")
    assert outbox.deliver_due(later(1)) == len(others)
    http.network.use(None)
    mine = Attempt.objects.filter(delivery__endpoint=native)
    assert mine.count() >= outbox.TO_ONE
    assert not well.deliveries.exclude(delivered_at__isnull=False).exists()


def test_to_a_receiver_that_fails_one_goes_at_a_time(
    native: WebhookEndpoint, receiver: Receiver, workspace: Workspace, key: str
) -> None:
    for _ in range(12):
        happens(ringing(workspace), "in_progress")
    assert len(outbox.claim([], later(1))) == outbox.TO_ONE
    Delivery.objects.update(attempts=0, due_at=now())
    failing(native, since=60, failures=1)
    assert len(outbox.claim([], later(1))) == 1


def test_a_receiver_that_breaks_us_holds_up_nobody(
    call: Call, native: WebhookEndpoint, workspace: Workspace, receiver: Receiver
) -> None:
    WebhookEndpoint.objects.update(url="https://a..b/")
    endpoints.create(workspace, None, dialect="native", url=URL)
    receiver.statuses = [RuntimeError("unheard of")]
    happens(call, "in_progress")
    assert outbox.deliver_due(later(1)) == 1
    assert min(Attempt.objects.values_list("problem", flat=True)) == ""
    assert not outbox.desk.bell


def test_whoever_comes_while_one_sends_rings_and_goes(
    call: Call, native: WebhookEndpoint, receiver: Receiver
) -> None:
    assert outbox.desk.take()
    happens(call, "in_progress")
    assert outbox.deliver_due(later(1)) == 0
    assert not outbox.desk.leave()
    assert outbox.desk.leave()
    assert outbox.deliver_due(later(1)) == 1


def test_what_is_owed_is_sent_on_commit(
    call: Call, native: WebhookEndpoint, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        happens(call, "in_progress")
    assert len(callbacks) == 1
