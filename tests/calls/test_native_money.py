"""Our own API for money: the wallet, its ledger, top-ups, and 402 where it is spent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from agents.models import Agent
from calls.billing import wallets
from calls.models import Call, Wallet
from dashboard.models import ApiKey, Workspace
from tests.calls.purse import (
    TO,
    audit,
    balance,
    happens,
    launched,
    make_line,
    make_wallet,
)
from tests.calls.test_native_api import send
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db
SCOPES = ["money:read", "money:write", "calls:write"]
ONE_WRITER = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="writers take turns there"
)


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent that may call."""
    return make_line(workspace)


@pytest.fixture
def key(workspace: Workspace) -> str:
    """Return a key that may see and add to the wallet."""
    return ApiKey.issue(workspace, "Billing", SCOPES)[1]


@pytest.fixture
def wallet(workspace: Workspace) -> Wallet:
    """Return a wallet for 100."""
    return make_wallet(workspace, hard_per_day="50")


def test_the_wallet_says_what_it_has(key: str, wallet: Wallet, agent: Agent) -> None:
    wallet.rates.create(country="DE", per_minute="0.25")
    happens(launched(agent))
    launched(agent)
    told = send(key, "GET", "wallet").json()
    assert (told["balance"], told["held"], told["currency"]) == (
        *("99.6000", "0.3000"),
        "USD",
    )
    today = {"date": timezone.now().date().isoformat(), "charged": "0.1000"}
    assert told["today"] == today | {"held": "0.3000"}
    assert told["limits"]["hard_per_day"] == "50.0000"
    assert told["limits"]["soft_per_day"] is None
    assert told["rates"] == [
        {"connection_id": None, "country": "DE", "per_minute": "0.2500"}
    ]


def test_no_wallet_is_said_so(key: str) -> None:
    for method, path, body in (
        ("GET", "wallet", None),
        ("GET", "wallet/ledger", None),
        ("POST", "wallet/top-ups", {"amount": "5"}),
    ):
        answer = send(key, method, path, body)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_the_ledger_comes_by_pages(key: str, wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    happens(call)
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = send(key, "GET", f"wallet/ledger?limit=2&cursor={cursor}").json()
        seen += page["items"]
        cursor = page["next"]
    kinds = [row["kind"] for row in seen]
    assert kinds == ["charge", "release", "reservation", "top_up"]
    assert seen[0] | {"id": "", "at": ""} == {
        "id": "",
        "at": "",
        "kind": "charge",
        "amount": "-0.1000",
        "currency": "USD",
        "balance_after": "99.9000",
        "call_id": str(call.pk),
        "who": None,
        "note": "1:00 at $0.10 a minute",
    }
    only = send(key, "GET", "wallet/ledger?kind=top_up").json()["items"]
    assert [row["amount"] for row in only] == ["100.0000"]


@pytest.mark.parametrize("query", ["kind=gift", "cursor=x", "limit=0"])
def test_a_ledger_that_cannot_be_is_refused(
    key: str, wallet: Wallet, query: str
) -> None:
    answer = send(key, "GET", f"wallet/ledger?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")


def test_a_top_up_is_booked_once(key: str, wallet: Wallet) -> None:
    body = {"amount": "12.50", "currency": "USD", "note": "Invoice 7"}
    header = {"Idempotency-Key": "1"}
    first = send(key, "POST", "wallet/top-ups", body, **header)
    again = send(key, "POST", "wallet/top-ups", body, **header)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["balance_after"] == "112.5000"
    assert first.json()["who"].startswith("Billing")
    other = send(key, "POST", "wallet/top-ups", body | {"amount": 13}, **header)
    assert (other.status_code, other.json()["error"]) == (409, "idempotency_conflict")
    assert balance(wallet) == "112.5000"


def test_without_a_key_each_top_up_is_another(key: str, wallet: Wallet) -> None:
    for _ in range(2):
        assert send(key, "POST", "wallet/top-ups", {"amount": 1.5}).status_code == 201
    assert balance(wallet) == "103.0000"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "0.00001"}, "amount"),
        ({"amount": "1000001"}, "amount"),
        ({"amount": 0.00015}, "amount"),
        ({"amount": -1e307}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "5", "balance": 1}, "balance"),
    ],
)
def test_a_top_up_that_cannot_be_is_refused(
    key: str, wallet: Wallet, body: dict[str, Any], field: str
) -> None:
    answer = send(key, "POST", "wallet/top-ups", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")
    assert answer.json()["field"] == field
    assert balance(wallet) == "100.0000"


def test_another_currency_is_a_conflict(key: str, wallet: Wallet) -> None:
    wish = {"amount": "5", "currency": "EUR"}
    answer = send(key, "POST", "wallet/top-ups", wish)
    assert (answer.status_code, answer.json()["field"]) == (409, "currency")
    assert balance(wallet) == "100.0000"


def test_an_amount_is_read_as_it_was_meant(key: str, wallet: Wallet) -> None:
    booked = send(key, "POST", "wallet/top-ups", {"amount": 0.1 + 0.2})
    assert (booked.status_code, booked.json()["amount"]) == (201, "0.3000")


def test_a_full_or_switched_off_wallet_takes_nothing(key: str, wallet: Wallet) -> None:
    wallets.adjust(wallet, wallets.MOST - 200, "Nearly full", None)
    full = send(key, "POST", "wallet/top-ups", {"amount": 500})
    assert (full.status_code, full.json()["field"]) == (409, "amount")
    wallets.switch_off(wallet, None)
    off = send(key, "POST", "wallet/top-ups", {"amount": 5})
    assert (off.status_code, off.json()["error"]) == (409, "conflict")
    assert send(key, "GET", "wallet").json()["is_on"] is False


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("money:write", "GET", "wallet"),
        ("money:write", "GET", "wallet/ledger"),
        ("money:read", "POST", "wallet/top-ups"),
    ],
)
def test_each_scope_opens_its_own_doors(
    wallet: Wallet, scope: str, method: str, path: str
) -> None:
    key = ApiKey.issue(wallet.workspace, "Half", [scope])[1]
    answer = send(key, method, path, {"amount": "5"})
    assert (answer.status_code, answer.json()["error"]) == (403, "permission_denied")


def test_a_stranger_sees_no_money(wallet: Wallet) -> None:
    key = ApiKey.issue(make_workspace(), "Stranger", SCOPES)[1]
    assert send(key, "GET", "wallet").status_code == 404
    assert send(key, "POST", "wallet/top-ups", {"amount": 5}).status_code == 404


# --- Many at once --------------------------------------------------------------------
def _answers(key: str, jobs: int, **headers: str) -> list[Any]:
    """Launch many calls at the same time, as programs do."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    wish = {"to_number": TO, "agent_id": "agent_1"}
    with ThreadPoolExecutor(12) as pool:
        job = partial(send, key, "POST", "calls", wish, **headers)
        return list(pool.map(run, [job] * jobs))


@ONE_WRITER
@pytest.mark.django_db(transaction=True)
def test_200_launches_at_once_against_a_wallet_for_100(
    key: str, agent: Agent, workspace: Workspace
) -> None:
    wallet = make_wallet(workspace, "30.29")
    answers = _answers(key, 200)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(402)) == (100, 100)
    refused = [answer.json() for answer in answers if answer.status_code == 402]
    assert {body["error"] for body in refused} == {"insufficient_funds"}
    assert all(Decimal(body["details"]["balance"]) >= 0 for body in refused)
    assert {body["details"]["required"] for body in refused} == {"0.3000"}
    assert Call.objects.count() == 100
    assert wallet.entries.filter(kind="reservation").count() == 100
    assert balance(wallet) == "0.2900"
    audit(wallet)


@ONE_WRITER
@pytest.mark.django_db(transaction=True)
def test_50_repeats_at_once_against_a_wallet_for_one(
    key: str, agent: Agent, workspace: Workspace
) -> None:
    wallet = make_wallet(workspace, "0.30")
    answers = _answers(key, 50, **{"Idempotency-Key": "1"})
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(200)) == (1, 49)
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert balance(wallet) == "0.0000"
    audit(wallet)
