"""Tests of itellico as we call it."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agents.providers.base import (
    Account,
    BindingFacts,
    CallHandle,
    CallRequest,
    LaunchWish,
    Overrides,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.itellico.api import own_ids
from agents.providers.itellico.client import Itellico
from tests.agents.providers.conftest import Wire
from tests.agents.providers.payloads import payload

KEY, SECRET = "sk-a1b2c3d4.made-up-key", "whsec_made_up_0123456789"
ACCOUNT = "5c1f7e02-9d3b-4c55-8f1e-0a2b3c4d5e6f"
CALL = "7b0c1a52-3f64-4d0e-9a55-2f1d6f0e8c11"
AGENT = "0d9f6a1e-5b1c-4b61-8c0a-6d3f5a1b2c3d"
REFERENCE = "019b0000-0000-7000-8000-000000000001"
IN = f"/v1/accounts/{ACCOUNT}"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def adapter(**settings: str) -> Itellico:
    """Return the adapter of a made-up account."""
    return Itellico(Account("", {"api_key": KEY, "account_id": ACCOUNT} | settings))


@pytest.fixture
def itellico() -> Itellico:
    """Return the adapter of an account whose id is set."""
    return adapter()


def wish(**fields: Any) -> CallRequest:
    """Return a wish to call."""
    usual: dict[str, Any] = {
        "reference": REFERENCE,
        "type": "phone",
        "agent_id": AGENT,
        "to_number": "+12137771234",
        "from_number": "+14157774444",
    }
    return CallRequest(**usual | fields)


def sent(wire: Wire) -> Any:
    """Return the body of the last request."""
    return json.loads(wire.asked[-1].content)


def places(wire: Wire) -> None:
    """Have a phone call placed."""
    wire.on(f"POST {IN}/calls", payload("itellico/create_phone_call"), status=201)


# --- Placing -------------------------------------------------------------------------
def test_a_wish_is_sent_whole(wire: Wire, itellico: Itellico) -> None:
    places(wire)
    raw = {
        "audio_input_enabled": True,
        "overrides": {
            "amd_mode": "ml",
            "agent": {"voice": {"voice_id": "v1"}, "initial_message": {"delay_ms": 9}},
        },
    }
    override = Overrides(opening_line="Hi!", max_duration_ms=90_000, raw=raw)
    update = itellico.place_call(wish(variables={"plan": "Pro"}, overrides=override))
    assert (update.provider_call_id, update.status) == (CALL, "ringing")
    assert update.reference == REFERENCE
    assert sent(wire) == {
        "type": "phone",
        "agent_id": AGENT,
        "from_number": "+14157774444",
        "to_number": "+12137771234",
        "external_id": REFERENCE,
        "audio_input_enabled": True,
        "test_variables": {"plan": "Pro"},
        "overrides": {
            "amd_mode": "ml",
            "agent": {
                "voice": {"voice_id": "v1"},
                "initial_message": {
                    "message": "Hi!",
                    "mode": "fixed_message",
                    "delay_ms": 9,
                },
                "max_duration_seconds": 90,
            },
        },
    }
    assert wire.asked[0].headers["X-API-Key"] == KEY
    assert "Authorization" not in wire.asked[0].headers


def test_a_plain_wish_says_no_more_than_it_must(wire: Wire, itellico: Itellico) -> None:
    places(wire)
    itellico.place_call(wish(customer_name="Jamie", metadata={"lead": 7}))
    names = {"type", "agent_id", "from_number", "to_number", "external_id"}
    assert set(sent(wire)) == names


def test_a_web_call_tells_how_to_join(wire: Wire, itellico: Itellico) -> None:
    answer = payload("itellico/create_web_call")
    wire.on(f"POST {IN}/calls", answer, status=201)
    update = itellico.place_call(wish(type="web", to_number="", from_number=""))
    assert update.join == {
        "access_token": answer["join"]["token"],
        "url": "wss://itellico.livekit.example",
        "room_sid": "RM_a1b2c3d4e5f6",
    }
    assert update.other_call_id == "RM_a1b2c3d4e5f6"
    assert set(sent(wire)) == {"type", "agent_id", "external_id"}


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False},
        payload("itellico/create_phone_call") | {"success": False},
        {"success": True, "id": None},
        {},
    ],
)
def test_an_answer_that_leaves_it_open_is_unclear(
    wire: Wire, itellico: Itellico, answer: Any
) -> None:
    wire.on(f"POST {IN}/calls", answer, status=201)
    with pytest.raises(ProviderUnclear):
        itellico.place_call(wish())
    assert len(wire.asked) == 1


def test_a_conflict_may_mean_that_the_call_is_there(
    wire: Wire, itellico: Itellico
) -> None:
    wire.on(f"POST {IN}/calls", payload("itellico/error_409"), status=409)
    with pytest.raises(ProviderUnclear, match="exists already"):
        itellico.place_call(wish())


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, ""), (401, "not_permitted"), (402, "no_funds"), (403, "not_permitted")],
)
def test_what_is_certain_is_refused(
    wire: Wire, itellico: Itellico, status: int, code: str
) -> None:
    said = payload(f"itellico/error_{status}")
    wire.on(f"POST {IN}/calls", said, status=status)
    with pytest.raises(ProviderRefused, match=said["message"]) as caught:
        itellico.place_call(wish())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"trunk_name": "main"}, "trunk"),
        ({"sip_headers": {"X-A": "1"}}, "SIP"),
        ({"overrides": Overrides(voice="Maya")}, "voice"),
        ({"to_number": "334", "ignore_e164_validation": True}, "334"),
    ],
)
def test_what_it_cannot_honour_is_said_before_anything_is_sent(
    wire: Wire, itellico: Itellico, more: dict[str, Any], word: str
) -> None:
    with pytest.raises(WishRefused, match=word):
        itellico.place_call(wish(**more))
    assert not wire.asked


@pytest.mark.parametrize(
    ("wished", "field"),
    [
        (LaunchWish(overrides=Overrides(voice="Maya")), "overrides"),
        (LaunchWish(overrides=Overrides(model="gpt-4.1")), "overrides"),
        (LaunchWish(overrides=Overrides(max_duration_ms=60_500)), "overrides"),
        (LaunchWish(overrides=Overrides(raw={"external_id": "x"})), "overrides"),
        (LaunchWish(variables={"contact.first_name": "Jo"}), "variables"),
        (LaunchWish(to_number="334", ignore_e164_validation=True), "to_number"),
        (LaunchWish(from_number="12", ignore_e164_validation=True), "from_number"),
        (LaunchWish(to_number="(213) 777-1234"), ""),
        (LaunchWish(to_number="+12137771234", ignore_e164_validation=True), ""),
        (LaunchWish(overrides=Overrides(raw={"a_new_field": "livekit"})), ""),
    ],
)
def test_a_wish_is_refused_by_its_field(
    itellico: Itellico, wished: LaunchWish, field: str
) -> None:
    named, why = itellico.refuse_wish(wished)
    assert named == field
    assert why.endswith(".") == bool(field)


# --- The account ---------------------------------------------------------------------
@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget which accounts keys belong to."""
    own_ids.known.clear()


def test_the_account_is_looked_up_once(wire: Wire) -> None:
    places(wire)
    wire.on("GET /v1/accounts/current", payload("itellico/account"))
    itellico = adapter(account_id="")
    itellico.place_call(wish())
    itellico.place_call(wish())
    adapter(account_id="").place_call(wish())
    paths = [request.url.path for request in wire.asked]
    assert paths == ["/v1/accounts/current", *[f"{IN}/calls"] * 3]


def test_another_key_has_another_account(wire: Wire) -> None:
    places(wire)
    wire.on("GET /v1/accounts/current", payload("itellico/account"))
    adapter(account_id="").place_call(wish())
    adapter(account_id="", api_key="another").place_call(wish())
    paths = [request.url.path for request in wire.asked]
    assert paths == ["/v1/accounts/current", f"{IN}/calls"] * 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ReadTimeout("slow"), ProviderBusy),
        (httpx.Response(503), ProviderBusy),
        (httpx.Response(200, json={}), ProviderBusy),
        (httpx.Response(401, json={}), ProviderRefused),
    ],
)
def test_where_the_account_is_not_known_nothing_is_placed(
    wire: Wire, answer: Any, error: type[ProviderError]
) -> None:
    wire.on("GET /v1/accounts/current", answer)
    with pytest.raises(error):
        adapter(account_id="").place_call(wish())
    assert [request.method for request in wire.asked] == ["GET"]


# --- Asking --------------------------------------------------------------------------
def test_a_call_is_fetched_with_its_words(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/calls/{CALL}", payload("itellico/get_call"))
    update = itellico.fetch_call(CallHandle(wish(), CALL))
    assert update is not None
    assert (update.status, len(update.turns or ())) == ("ended", 5)


@pytest.mark.parametrize("status", [404, 410, 422])
def test_an_unknown_call_is_none(wire: Wire, itellico: Itellico, status: int) -> None:
    wire.on(f"GET {IN}/calls/x", payload("itellico/error_404"), status=status)
    assert itellico.fetch_call(CallHandle(wish(), "x")) is None


def test_another_calls_answer_is_not_believed(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/calls/other", payload("itellico/get_call"))
    with pytest.raises(ProviderUnclear, match="another call"):
        itellico.fetch_call(CallHandle(wish(), "other"))


def test_a_call_is_found_by_our_reference_only(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/calls", payload("itellico/list_calls"))
    found = itellico.find_call(CallHandle(wish()))
    assert found is not None
    assert found.provider_call_id == CALL
    assert itellico.find_call(CallHandle(wish(reference="another"))) is None
    assert wire.asked[-1].url.params["external_id"] == "another"


def test_two_calls_with_our_reference_are_for_a_person(
    wire: Wire, itellico: Itellico
) -> None:
    one = payload("itellico/create_phone_call")
    both = {"count": 2, "items": [one, one | {"id": "another"}]}
    wire.on(f"GET {IN}/calls", both)
    with pytest.raises(ProviderUnclear, match="a person must decide"):
        itellico.find_call(CallHandle(wish()))
    left = itellico.find_call(CallHandle(wish(), taken=frozenset({"another"})))
    assert left is not None and left.provider_call_id == CALL


def test_calls_are_listed_newest_first(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/calls", payload("itellico/list_calls"))
    page = itellico.list_calls(NOW, "100")
    assert page.items[0].provider_call_id == CALL
    assert page.next == ""
    query = dict(wire.asked[-1].url.params)
    assert query == {
        "created_after": "2026-01-01T00:00:00Z",
        "limit": "100",
        "offset": "100",
    }


def rows(count: int, name: str = "create_phone_call") -> list[Any]:
    """Return so many rows with ids of their own."""
    one = payload(f"itellico/{name}")
    one = one["items"][0] if "items" in one else one
    return [one | {"id": f"row-{number}"} for number in range(count)]


@pytest.mark.parametrize(
    ("count", "said", "following"),
    [(100, 250, "100"), (100, 100, "100"), (99, 99, ""), (50, 250, "50"), (0, 9, "")],
)
def test_a_page_says_whether_more_may_follow(
    wire: Wire, itellico: Itellico, count: int, said: int, following: str
) -> None:
    wire.on(f"GET {IN}/calls", {"count": said, "items": rows(count)})
    assert itellico.list_calls(NOW).next == following


def test_a_call_cannot_be_hung_up(wire: Wire, itellico: Itellico) -> None:
    with pytest.raises(WishRefused, match="hang up"):
        itellico.hang_up(CallHandle(wish(), CALL))


# --- Agents and numbers --------------------------------------------------------------
def test_agents_have_one_version(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/agents", payload("itellico/list_agents"))
    renewals, reception = itellico.list_agents()
    assert (renewals.agent_id, renewals.name) == (AGENT, "Renewals")
    (version,) = renewals.versions
    assert (version.version, version.is_published) == (0, True)
    assert version.opening_line == "Hi {{first_name}}!"
    assert (version.voice, version.model) == ("21m00Tcm4TlvDq8ikWAM", "gpt-4.1")
    assert (version.language, version.changed_at) == ("de", NOW)
    assert reception.versions[0].opening_line == ""


def test_all_pages_are_read(wire: Wire, itellico: Itellico) -> None:
    whole = rows(230, "list_agents")

    def give(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params["offset"])
        page = whole[at : at + 100]
        return httpx.Response(200, json={"count": len(page), "items": page})

    wire.on(f"GET {IN}/agents", give)
    assert len(list(itellico.list_agents())) == 230
    assert len(wire.asked) == 3


def test_a_list_that_ignores_the_offset_comes_to_an_end(
    wire: Wire, itellico: Itellico
) -> None:
    wire.on(f"GET {IN}/agents", {"count": 100, "items": rows(100, "list_agents")})
    assert len(list(itellico.list_agents())) == 100
    assert len(wire.asked) == 2


def test_numbers_say_who_answers(wire: Wire, itellico: Itellico) -> None:
    wire.on(f"GET {IN}/phone-numbers", payload("itellico/list_numbers"))
    sales, loose = itellico.list_numbers()
    assert (sales.number, sales.label) == ("+14157774444", "Sales")
    assert (sales.inbound, sales.trouble) == (BindingFacts(AGENT), "")
    assert sales.outbound == BindingFacts()
    assert "trunk" in loose.trouble


@pytest.mark.parametrize(("agent_id", "sent_id"), [("a1", "a1"), ("", None)])
def test_binding_sends_the_agent_to_the_numbers_id(
    wire: Wire, itellico: Itellico, agent_id: str, sent_id: str | None
) -> None:
    row = payload("itellico/list_numbers")["items"][0]
    wire.on(f"GET {IN}/phone-numbers", payload("itellico/list_numbers"))
    wire.on(f"PATCH {IN}/phone-numbers/{row['id']}", row)
    itellico.bind("+14157774444", "inbound", BindingFacts(agent_id))
    assert sent(wire) == {"inbound_agent_id": sent_id}


@pytest.mark.parametrize(
    ("number", "direction", "binding", "word"),
    [
        ("+14157774444", "outbound", BindingFacts("a1"), "outbound"),
        ("+14157774444", "inbound", BindingFacts("a1", 3), "versions"),
        ("+19990000000", "inbound", BindingFacts("a1"), "Sync"),
    ],
)
def test_a_binding_it_cannot_keep_is_refused(
    wire: Wire,
    itellico: Itellico,
    number: str,
    direction: str,
    binding: BindingFacts,
    word: str,
) -> None:
    wire.on(f"GET {IN}/phone-numbers", payload("itellico/list_numbers"))
    with pytest.raises(WishRefused, match=word):
        itellico.bind(number, direction, binding)


# --- Check ---------------------------------------------------------------------------
def good_account(wire: Wire) -> None:
    """Have an account in which everything can be read."""
    wire.on("GET /v1/accounts/current", payload("itellico/account"))
    for kind in ("agents", "phone-numbers", "calls"):
        wire.on(f"GET {IN}/{kind}", {"count": 0, "items": []})


def test_a_good_account_is_named(wire: Wire) -> None:
    good_account(wire)
    for settings in ({"account_id": ""}, {"webhook_secret": SECRET}):
        checks = adapter(**settings).check()
        assert all(check.is_ok for check in checks)
        names = [check.name for check in checks]
        assert names == [
            *("API key", "Account", "Agents"),
            *("Phone numbers", "Calls", "Webhooks"),
        ]
    assert "Acme GmbH" in checks[0].message
    assert "x-itellico-signature" in checks[-1].message.lower()


def test_a_wrong_key_is_said_in_words(wire: Wire, itellico: Itellico) -> None:
    wire.on("GET /v1/accounts/current", payload("itellico/error_401"), status=401)
    (check,) = itellico.check()
    assert not check.is_ok
    assert check.message.endswith("Paste the API key again, or make a new one.")


def test_a_wrong_account_id_is_said_in_words(wire: Wire) -> None:
    good_account(wire)
    wire.on("GET /v1/accounts/wrong/agents", payload("itellico/error_403"), status=403)
    checks = adapter(account_id="wrong").check()
    assert [check.is_ok for check in checks] == [True, False]
    assert "Check the account id" in checks[1].message


def test_a_subaccount_is_all_right(wire: Wire, itellico: Itellico) -> None:
    good_account(wire)
    parent = payload("itellico/account") | {"id": "another"}
    wire.on("GET /v1/accounts/current", parent)
    assert all(check.is_ok for check in itellico.check())


def test_an_account_that_is_off_is_said(wire: Wire, itellico: Itellico) -> None:
    good_account(wire)
    off = payload("itellico/account") | {"is_active": False}
    wire.on("GET /v1/accounts/current", off)
    assert itellico.check()[-1].message == "The account is switched off there."


def test_a_missing_permission_is_said(wire: Wire, itellico: Itellico) -> None:
    good_account(wire)
    wire.on(f"GET {IN}/phone-numbers", payload("itellico/error_403"), status=403)
    failed = [check for check in itellico.check() if not check.is_ok]
    assert [check.name for check in failed] == ["Phone numbers"]
    assert "lacks this permission" in failed[0].message


# --- Signatures ----------------------------------------------------------------------
BODY = b'{"event_type":"conversation.ended","data":{}}'


def headers(timestamp: str, prefix: str = "", body: bytes = BODY) -> dict[str, str]:
    """Sign as the sheet says: the raw body, a dot, the timestamp."""
    message = body + b"." + timestamp.encode()
    digest = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    return {
        "x-itellico-signature": prefix + digest,
        "x-itellico-timestamp": timestamp,
    }


@pytest.mark.parametrize(
    "timestamp",
    [
        "1767225600",
        "1767225600.123",
        "1767225600000",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.123456Z",
        "a time of their own",
    ],
)
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_signature_is_believed(timestamp: str, prefix: str) -> None:
    itellico = adapter(webhook_secret=SECRET)
    assert itellico.verify_webhook(headers(timestamp, prefix), BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
@pytest.mark.parametrize(
    "timestamp", ["1767225600", "1767225600000", "2026-01-01T00:00:00Z"]
)
def test_an_old_signature_is_refused(timestamp: str, minutes: int) -> None:
    itellico = adapter(webhook_secret=SECRET)
    now = NOW + timedelta(minutes=minutes)
    assert not itellico.verify_webhook(headers(timestamp), BODY, now)


@pytest.mark.parametrize(
    "changes",
    [
        {"x-itellico-signature": ""},
        {"x-itellico-timestamp": ""},
        {"x-itellico-timestamp": "1767225601"},
        {"x-itellico-signature": "sha256=" + "0" * 64},
        {"x-itellico-signature": "é☃"},
    ],
)
def test_anything_else_is_refused(changes: dict[str, str]) -> None:
    itellico = adapter(webhook_secret=SECRET)
    odd = headers("1767225600") | changes
    assert not itellico.verify_webhook(odd, BODY, NOW)
    assert not itellico.verify_webhook(headers("1767225600"), BODY + b" ", NOW)


def test_the_names_of_the_headers_can_be_set() -> None:
    names = {"signature_header": "X-Sig", "timestamp_header": "X-Time"}
    itellico = adapter(webhook_secret=SECRET, **names)
    assert itellico.signature_headers() == ("x-sig", "x-time")
    signed = headers("1767225600")
    renamed = dict(zip(("x-sig", "x-time"), signed.values(), strict=True))
    assert itellico.verify_webhook(renamed, BODY, NOW)
    assert not itellico.verify_webhook(signed, BODY, NOW)


def test_without_a_secret_webhooks_are_only_hints() -> None:
    assert adapter().verify_webhook({}, BODY, NOW)
    assert Itellico.webhooks_are_hints
    assert adapter(signature_header="").signature_headers()[0] == "x-itellico-signature"


# --- Recordings ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "with_key"),
    [
        ("https://api.itellico.ai/v1/media/a.mp3", True),
        ("https://api.itellico.ai:443/a.mp3", True),
        ("http://api.itellico.ai/a.mp3", False),
        ("https://media.itellico.ai/a.mp3", False),
        ("https://api.itellico.ai@elsewhere.example/a.mp3", False),
        ("https://api.itellico.ai.elsewhere.example/a.mp3", False),
        ("https://api.itellico.ai:8443/a.mp3", False),
        ("https://[odd", False),
        ("", False),
    ],
)
def test_our_key_goes_to_their_own_machine_only(
    itellico: Itellico, url: str, with_key: bool
) -> None:
    asked, sent_headers = itellico.recording(url)
    assert asked == url
    assert sent_headers == ({"X-API-Key": KEY} if with_key else {})
