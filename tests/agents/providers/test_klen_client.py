"""Tests of Klen AI as we call it, beyond what the contract asks of every provider."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agents.providers.base import (
    Account,
    CallHandle,
    CallRequest,
    LaunchWish,
    Overrides,
    ProviderBusy,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.klen import lists
from agents.providers.klen.client import Klen
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload

KEY, SECRET = "klen_made_up_0123456789", "whsec_made_up"
TO = "+12137771234"
DIALED_AT = datetime(2026, 1, 1, tzinfo=UTC)
CALLS, GET_CALL = "GET /api/v1/calls", "GET /api/v1/calls/call_6789"


@pytest.fixture
def klen() -> Klen:
    """Return the adapter of a made-up account."""
    return Klen(Account("", {"api_key": KEY}))


def wish(**fields: Any) -> CallRequest:
    """Return a wish to call."""
    usual: dict[str, Any] = {"type": "phone", "to_number": TO}
    return CallRequest(reference="ref", agent_id="assistant_12345", **usual | fields)


def dialled(*taken: str) -> CallHandle:
    """Return the handle of a dial without an answer."""
    return CallHandle(wish(), dialed_at=DIALED_AT, taken=frozenset(taken))


def row(call_id: str, minutes: float | None, **changes: Any) -> dict[str, Any]:
    """Return a call of the list that began some minutes after the dial."""
    at = None if minutes is None else DIALED_AT + timedelta(minutes=minutes)
    started = at and at.strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"started_at": started, "ended_at": None}
    usual = payload("klen/calls")["calls"][0] | times
    return {**usual, "id": call_id, **changes}


def page(number: int, pages: int, *calls: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the list of calls."""
    count = {"count": 100 * pages, "page": number, "limit": 100, "pages": pages}
    return count | {"calls": list(calls)}


# --- The address ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("", "https://api.klen.ai/api/v1/calls/call_6789"),
        ("https://klen.example", "https://klen.example/api/v1/calls/call_6789"),
        ("https://klen.example/", "https://klen.example/api/v1/calls/call_6789"),
        ("https://klen.example/api/v1/", "https://klen.example/api/v1/calls/call_6789"),
        (
            "http://a.test/compat/klen",
            "http://a.test/compat/klen/api/v1/calls/call_6789",
        ),
    ],
)
def test_the_address_of_the_api_ends_as_it_must(
    wire: Wire, base: str, url: str
) -> None:
    wire.on(f"GET {httpx.URL(url).path}", payload("klen/call_completed"))
    klen = Klen(Account(base, {"api_key": KEY}))
    assert klen.fetch_call(CallHandle(wish(), "call_6789"))
    assert str(wire.asked[0].url) == url


# --- Placing -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "fields",
    [
        {"type": "web"},
        {"ignore_e164_validation": True},
        {"overrides": Overrides(opening_line="Hi")},
        {"overrides": Overrides(max_duration_ms=60_000)},
        {"sip_headers": {"X-Campaign": "june"}},
        {"trunk_name": "main"},
        {"overrides": Overrides(raw={"temperature": 1})},
        {"overrides": Overrides(raw={"contact_id": "321"})},
        {"overrides": Overrides(raw={"contact_id": True})},
        {"overrides": Overrides(raw={"variables": ["a"]})},
    ],
)
def test_what_klen_cannot_honour_is_not_sent(
    wire: Wire, klen: Klen, fields: dict[str, Any]
) -> None:
    with pytest.raises(WishRefused):
        klen.place_call(wish(**fields))
    assert not wire.asked


def test_a_wish_is_refused_by_its_field(klen: Klen) -> None:
    wanted = LaunchWish(overrides=Overrides(raw={"contact_id": 1, "speed": 2}))
    field, why = klen.refuse_wish(wanted)
    assert (field, "“speed”" in why) == ("overrides", True)
    whole = LaunchWish(overrides=Overrides(raw={"contact_id": 1, "variables": {}}))
    assert klen.refuse_wish(whole) == ("", "")


def busy(wire: Wire, seconds: str) -> None:
    """Answer a dial with 429, and how long to wait."""
    body = {"error": "rate_limit_exceeded", "message": "No calls left today."}
    headers = {"Retry-After": seconds} if seconds else {}
    wire.on("POST /api/v1/calls", httpx.Response(429, json=body, headers=headers))


@pytest.mark.parametrize(("seconds", "wait"), [("", None), ("7", 7), ("60", 60)])
def test_a_minute_without_requests_left_is_busy_for_as_long_as_they_say(
    wire: Wire, klen: Klen, seconds: str, wait: float | None
) -> None:
    busy(wire, seconds)
    with pytest.raises(ProviderBusy) as caught:
        klen.place_call(wish())
    assert caught.value.retry_after == wait


def test_a_day_without_calls_left_ends_the_call_in_words(
    wire: Wire, klen: Klen
) -> None:
    busy(wire, "3000")
    with pytest.raises(ProviderRefused, match=r"No calls left.* 50 minutes") as caught:
        klen.place_call(wish())
    assert caught.value.code == "concurrency_limit"


# --- Asking --------------------------------------------------------------------------
def test_a_call_without_its_words_is_to_be_asked_about_again(
    wire: Wire, klen: Klen
) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    early = payload("klen/call_completed_early") | {"ended_at": now.isoformat()}
    wire.on(GET_CALL, early)
    update = klen.fetch_call(CallHandle(wish(), "call_6789"))
    assert update is not None
    assert update.ask_again_at is not None
    assert update.ask_again_at > now


def test_a_call_may_be_known_by_its_other_id(wire: Wire, klen: Klen) -> None:
    wire.on("GET /api/v1/calls/789", payload("klen/call_completed"))
    update = klen.fetch_call(CallHandle(wish(), "789"))
    assert update is not None
    assert update.provider_call_id == "call_6789"


def test_another_call_is_no_answer(wire: Wire, klen: Klen) -> None:
    wire.on(GET_CALL, payload("klen/call_completed") | {"call_id": "call_1"})
    with pytest.raises(ProviderUnclear, match="another call"):
        klen.fetch_call(CallHandle(wish(), "call_6789"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>Not here</html>"),
        httpx.Response(404, json={"error": "agent_not_found", "message": "No."}),
    ],
)
def test_only_their_own_word_makes_a_call_unknown(
    wire: Wire, klen: Klen, answer: httpx.Response
) -> None:
    wire.on(GET_CALL, answer)
    with pytest.raises(ProviderRefused):
        klen.fetch_call(CallHandle(wish(), "call_6789"))


# --- Finding -------------------------------------------------------------------------
def test_the_list_is_asked_for_this_agents_outbound_calls(
    wire: Wire, klen: Klen
) -> None:
    wire.on(CALLS, page(1, 1, row("call_1", 0.1)))
    found = klen.find_call(dialled())
    assert found is not None
    assert found.analysis is None
    assert dict(wire.asked[0].url.params) == {
        "page": "1",
        "limit": "100",
        "agent_id": "assistant_12345",
        "type": "outbound",
    }


def test_a_number_in_another_format_is_the_same(wire: Wire, klen: Klen) -> None:
    wire.on(CALLS, page(1, 1, row("call_1", 0, phone_number="+1 (213) 777-1234")))
    assert klen.find_call(dialled())


def test_the_newest_first_are_not_read_to_the_end(wire: Wire, klen: Klen) -> None:
    first = page(1, 50, row("call_1", 0.1), row("call_0", -600))
    wire.on(CALLS, first)
    assert klen.find_call(dialled())
    assert len(wire.asked) == 1


def test_the_oldest_first_are_read_to_the_end(wire: Wire, klen: Klen) -> None:
    old = page(1, 2, row("call_0", -600), row("call_1", -500))
    wire.on(CALLS, old, page(2, 2, row("call_2", 0.1)))
    found = klen.find_call(dialled())
    assert found is not None
    assert found.provider_call_id == "call_2"


def test_a_call_that_moved_to_the_next_page_is_one_call(wire: Wire, klen: Klen) -> None:
    same = row("call_1", 0.1)
    wire.on(CALLS, page(1, 2, same), page(2, 2, same))
    assert klen.find_call(dialled())


def test_a_call_without_a_time_may_be_ours_and_so_may_two(
    wire: Wire, klen: Klen
) -> None:
    failed = row("call_1", None, status="failed")
    wire.on(CALLS, page(1, 1, failed))
    found = klen.find_call(dialled())
    assert found is not None
    assert klen.find_call(dialled("call_1")) is None
    wire.on(CALLS, page(1, 1, failed, row("call_2", 0.1)))
    with pytest.raises(ProviderUnclear, match="a person must decide"):
        klen.find_call(dialled())


def test_a_list_without_an_end_is_given_up(wire: Wire, klen: Klen) -> None:
    wire.on(CALLS, page(1, 1000, row("call_1", 1)))
    with pytest.raises(ProviderUnclear, match="too many"):
        klen.find_call(dialled())
    assert len(wire.asked) == lists.MOST_PAGES


def test_a_list_leaves_out_what_is_older(wire: Wire, klen: Klen) -> None:
    wire.on(CALLS, page(1, 3, row("call_2", 5), row("call_1", None), row("call_0", -5)))
    listed = klen.list_calls(DIALED_AT)
    ids = [update.provider_call_id for update in listed.items]
    assert (ids, listed.next) == (["call_2", "call_1"], "")


# --- Check ---------------------------------------------------------------------------
def test_a_good_account_is_described(wire: Wire, klen: Klen) -> None:
    wire.on("GET /api/v1/agents", payload("klen/agents"))
    wire.on(CALLS, payload("klen/calls"))
    agents, calls, calling, webhooks = klen.check()
    assert agents.message.startswith("3 agents can be read.")
    assert "cannot make calls: Survey" in agents.message
    assert calls.message == "2 calls can be read."
    assert "Not tried" in calling.message
    assert "No webhook secret" in webhooks.message


def test_the_signature_is_said_to_be_unverified(wire: Wire) -> None:
    wire.on("GET /api/v1/agents", {"agents": []})
    wire.on(CALLS, payload("klen/calls"))
    klen = Klen(Account("", {"api_key": KEY, "webhook_secret": SECRET}))
    webhooks = klen.check()[-1]
    assert "unverified" in webhooks.message
    assert "X-Klen-Signature" in webhooks.message


@pytest.mark.parametrize(
    ("answer", "mend", "count"),
    [
        (httpx.Response(401, json={"error": "invalid_key"}), "Paste the API key", 1),
        (
            httpx.Response(403, json={"error": "permission_denied", "message": "No."}),
            "Give the key this permission",
            4,
        ),
        (httpx.Response(404, text="<html>"), "look at the address", 1),
        (httpx.ConnectError("refused"), "could not be reached", 1),
    ],
)
def test_a_failed_check_says_how_to_mend_it(
    wire: Wire, klen: Klen, answer: Any, mend: str, count: int
) -> None:
    wire.on("GET /api/v1/agents", answer)
    wire.on(CALLS, payload("klen/calls"))
    checks = klen.check()
    assert not checks[0].is_ok
    assert mend in checks[0].message
    assert len(checks) == count


# --- Webhooks ------------------------------------------------------------------------
BODY = b'{"event_type": "call.ended"}'
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
WRITTEN = base64.b64encode(bytes.fromhex(DIGEST)).decode()


@pytest.mark.parametrize(
    ("sent", "is_theirs"),
    [
        (DIGEST, True),
        (f"sha256={DIGEST}", True),
        (DIGEST.upper(), True),
        (f"sha1={DIGEST}", False),
        (DIGEST[:-1], False),
        ("", False),
    ],
)
def test_a_signature_is_taken_with_and_without_its_prefix(
    sent: str, is_theirs: bool
) -> None:
    klen = Klen(Account("", {"webhook_secret": SECRET}))
    headers = {"x-klen-signature": sent}
    assert klen.verify_webhook(headers, BODY, DIALED_AT) is is_theirs
    assert klen.webhooks_are_hints is False


@pytest.mark.parametrize(
    ("encoding", "sent", "is_theirs"),
    [
        ("base64", WRITTEN, True),
        ("base64", f"sha256={WRITTEN}", True),
        ("base64", WRITTEN.swapcase(), False),
        ("base64", DIGEST, False),
        ("hex", WRITTEN, False),
    ],
)
def test_a_signature_is_read_in_the_encoding_that_is_set(
    encoding: str, sent: str, is_theirs: bool
) -> None:
    settings = {"webhook_secret": SECRET, "signature_encoding": encoding}
    klen = Klen(Account("", settings))
    headers = {"x-klen-signature": sent}
    assert klen.verify_webhook(headers, BODY, DIALED_AT) is is_theirs


def test_without_a_secret_every_webhook_is_a_hint(klen: Klen) -> None:
    assert not klen.checks_signatures
    assert klen.verify_webhook({}, BODY, DIALED_AT)
    assert klen.webhooks_are_hints
    assert not Klen.webhooks_are_hints


def test_a_webhook_without_a_call_says_nothing(klen: Klen) -> None:
    for call in (None, {}, {"id": 789}, [1]):
        told = {"event_type": "call.ended", "call": call}
        assert klen.parse_webhook(told, DIALED_AT) == []
