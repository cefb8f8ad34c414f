"""The wallet's pages: who sees and changes it, and that each form does its work once."""

import csv
import io
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent
from calls import launch
from calls.billing import spending, wallets
from calls.models import Wallet
from dashboard.models import Member, Workspace
from dashboard.templatetags.amounts import exact, plain, signed
from tests.calls.purse import (
    audit,
    balance,
    happens,
    launched,
    make_line,
    make_wallet,
    planned,
)
from tests.factories import make_call, make_contact, make_workspace

pytestmark = pytest.mark.django_db
PAGE, RULES = "/settings/money/", "/settings/money/rules/"
ClientOf = Callable[[Member], Client]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent that may call."""
    return make_line(workspace)


@pytest.fixture
def wallet(workspace: Workspace) -> Wallet:
    """Return a wallet for 100."""
    return make_wallet(workspace)


@pytest.fixture
def desk(admin: Member, client_of: ClientOf) -> Client:
    """Return an admin's browser."""
    return client_of(admin)


def text(answer: Any) -> str:
    """Return what a page says."""
    return str(answer.content.decode())


def sent(name: str = "", **values: Any) -> dict[str, Any]:
    """Return a form as it is sent, with the key of its wish."""
    prefix = f"{name}-" if name in ("top_up", "adjust") else ""
    values = {"key": str(uuid.uuid4())} | values
    return {"do": name} | {f"{prefix}{field}": v for field, v in values.items()}


# --- Amounts -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "currency", "written", "change", "bare"),
    [
        ("1234.5", "USD", "$1,234.50", "+$1,234.50", "1234.50"),
        ("0.045", "EUR", "€0.0450", "+€0.0450", "0.0450"),
        ("-0.3", "USD", "−$0.30", "−$0.30", "-0.30"),
        ("100", "CHF", "100.00 CHF", "+100.00 CHF", "100.00"),
        ("0", "USD", "$0.00", "$0.00", "0.00"),
    ],
)
def test_amounts_are_written_to_their_last_place(
    amount: str, currency: str, written: str, change: str, bare: str
) -> None:
    value = Decimal(amount)
    assert (exact(value, currency), signed(value, currency)) == (written, change)
    assert plain(value) == bare


# --- Off -----------------------------------------------------------------------------
def test_without_a_wallet_the_page_says_what_one_does(desk: Client) -> None:
    shown = text(desk.get(PAGE))
    assert "The wallet is off" in shown
    assert "Switch the wallet on" in shown


def test_an_admin_switches_it_on_once(desk: Client, workspace: Workspace) -> None:
    form = sent("switch_on", currency="EUR", amount="20", rate="0.15")
    for _ in range(2):
        assert desk.post(PAGE, form).status_code == 302
    wallet = Wallet.objects.get(workspace=workspace)
    assert (wallet.currency, wallet.rate) == ("EUR", Decimal("0.15"))
    assert balance(wallet) == "20.0000"
    assert "€20.00" in text(desk.get(PAGE))
    audit(wallet)


@pytest.mark.parametrize(
    "wrong", [{"amount": "-1"}, {"rate": ""}, {"currency": "XXX"}, {"amount": "1e9"}]
)
def test_a_wallet_with_mistakes_is_not_switched_on(
    desk: Client, wrong: dict[str, str]
) -> None:
    form = sent("switch_on", currency="EUR", amount="20", rate="0.15") | wrong
    answer = desk.post(PAGE, form)
    assert answer.status_code == 422
    assert "aria-invalid" in text(answer)
    assert not Wallet.objects.exists()


def test_it_is_switched_off_and_on_with_what_is_left(
    desk: Client, wallet: Wallet
) -> None:
    for _ in range(2):
        assert desk.post(f"{PAGE}off/").status_code == 302
    assert "$100.00 are left in it" in text(desk.get(PAGE))
    desk.post(PAGE, sent("switch_on", amount="0", rate="0.2"))
    wallet.refresh_from_db()
    assert (wallet.is_on, wallet.balance, wallet.currency) == (True, 100, "USD")


# --- Who may -------------------------------------------------------------------------
def test_a_manager_reads(manager: Member, client_of: ClientOf, wallet: Wallet) -> None:
    client = client_of(manager)
    shown = text(client.get(PAGE))
    assert "$100.00" in shown
    assert "top_up-amount" not in shown
    assert "Only an admin may change this" in text(client.get(RULES))
    assert client.get(f"{PAGE}ledger.csv").status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("", sent("top_up", amount="5")),
        ("off/", {}),
        ("rules/", {"do": "limits"}),
        ("rates/1/", {"per_minute": "1"}),
        ("rates/1/remove/", {}),
    ],
)
def test_a_manager_changes_nothing(
    manager: Member,
    client_of: ClientOf,
    wallet: Wallet,
    path: str,
    form: dict[str, Any],
) -> None:
    assert client_of(manager).post(f"{PAGE}{path}", form).status_code == 403
    assert balance(wallet) == "100.0000"


def test_a_reviewer_sees_no_money(
    reviewer: Member, client_of: ClientOf, wallet: Wallet
) -> None:
    client = client_of(reviewer)
    for path in ("", "rules/", "ledger.csv"):
        assert client.get(f"{PAGE}{path}").status_code == 403
    assert PAGE not in text(client.get("/settings/account/"))


# --- By hand -------------------------------------------------------------------------
def test_a_top_up_is_booked_once_however_often_it_is_sent(
    desk: Client, wallet: Wallet, admin: Member
) -> None:
    form = sent("top_up", amount="12.5", note="Invoice 7")
    for _ in range(2):
        assert desk.post(PAGE, form).status_code == 302
    assert balance(wallet) == "112.5000"
    entry = wallet.entries.latest("pk")
    assert (entry.note, entry.user) == ("Invoice 7", admin.user)
    changed = desk.post(PAGE, form | {"top_up-amount": "13"})
    assert changed.status_code == 422
    assert "was sent already" in text(changed)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("top_up", {"amount": "0"}, "greater than or equal to 0.0001"),
        ("top_up", {"amount": "1.00001"}, "no more than 4 decimal places"),
        ("adjust", {"amount": "0", "note": "x"}, "Zero changes nothing"),
        ("adjust", {"amount": "5"}, "This field is required"),
        ("adjust", {"amount": "1000001", "note": "x"}, "less than or equal to"),
    ],
)
def test_what_cannot_be_booked_is_said(
    desk: Client, wallet: Wallet, name: str, values: dict[str, str], says: str
) -> None:
    answer = desk.post(PAGE, sent(name, **values))
    assert answer.status_code == 422
    assert says in text(answer)
    assert balance(wallet) == "100.0000"


def test_an_adjustment_may_go_below_nothing_and_the_page_says_so(
    desk: Client, wallet: Wallet
) -> None:
    desk.post(PAGE, sent("adjust", amount="-100.5", note="A refund"))
    shown = text(desk.get(PAGE))
    assert "−$0.50" in shown
    assert "The wallet is empty" in shown


def test_a_wallet_that_would_be_too_full_says_so(desk: Client, wallet: Wallet) -> None:
    wallets.adjust(wallet, wallets.MOST - 200, "Nearly full", None)
    answer = desk.post(PAGE, sent("top_up", amount="500"))
    assert (answer.status_code, "A wallet holds at most" in text(answer)) == (422, True)


# --- The ledger ----------------------------------------------------------------------
def test_the_ledger_is_narrowed_and_paged(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    for _ in range(15):
        happens(launched(agent))
    first = desk.get(PAGE).context["page"]
    second = desk.get(PAGE, {"after": first.older}).context["page"]
    back = desk.get(PAGE, {"before": second.newer}).context["page"]
    pks = [entry.pk for entry in (*first.entries, *second.entries)]
    assert pks == sorted(pks, reverse=True)
    assert (len(pks), back.entries) == (40, first.entries)
    charges = desk.get(PAGE, {"kind": "charge"}).context["page"].entries
    assert {entry.kind for entry in charges} == {"charge"}
    today = timezone.now().date().isoformat()
    assert desk.get(PAGE, {"since": today}).context["page"].entries
    assert "No entry fits" in text(desk.get(PAGE, {"until": "2020-01-01"}))
    for odd in (
        {"after": "x", "kind": "?", "since": "never"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"before": "9" * 40},
    ):
        assert desk.get(PAGE, odd).context["page"].entries == first.entries


def test_only_the_ledger_is_sent_to_htmx(desk: Client, wallet: Wallet) -> None:
    headers = {"HX-Request": "true", "HX-Target": "ledger"}
    shown = text(desk.get(PAGE, headers=headers))
    assert shown.lstrip().startswith('<section id="ledger"')


def test_the_page_costs_the_same_for_1_and_20_calls(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    counts = []
    for more in (1, 19):
        for _ in range(more):
            call = launched(agent)
            happens(call)
            call.contact = make_contact(wallet.workspace)
            call.save(update_fields=["contact"])
        with CaptureQueriesContext(connection) as asked:
            desk.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_file_holds_what_is_shown_and_no_formula(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    call = launched(agent)
    wallets.adjust(wallet, Decimal("-1.5"), "=HYPERLINK(1)", None)
    answer = desk.get(f"{PAGE}ledger.csv")
    assert "acme-ledger-" in answer["Content-Disposition"]
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))
    assert [row["kind"] for row in rows] == ["adjustment", "reservation", "top_up"]
    assert (rows[0]["amount"], rows[0]["note"]) == ("-1.5000", "'=HYPERLINK(1)")
    assert (rows[1]["call_id"], rows[1]["balance_after"]) == (str(call.pk), "99.7000")
    only = desk.get(f"{PAGE}ledger.csv", {"kind": "top_up"})
    assert b"".join(only.streaming_content).count(b"\n") == 2  # type: ignore[attr-defined]


def test_the_spend_is_shown_by_agent_number_and_day(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    assert "Nothing was charged yet" in text(desk.get(PAGE))
    happens(launched(agent), duration_ms=120_000)
    shown = desk.get(PAGE)
    assert agent.name in text(shown)
    assert "+1 628 555 0170" in text(shown)
    bars = shown.context["bars"]
    assert (len(bars), bars[-1].y, bars[-1].line.calls) == (30, 0, 1)
    assert all(bar.y == 100 for bar in bars[:-1])


# --- Rates, terms and limits ---------------------------------------------------------
def test_rates_are_added_changed_and_removed(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    wish = {"do": "rate", "connection": agent.connection.pk, "country": "GB"}
    assert desk.post(RULES, wish | {"per_minute": "0.4"}).status_code == 302
    rate = wallet.rates.get()
    assert "United Kingdom" in text(desk.get(RULES))
    desk.post(f"{PAGE}rates/{rate.pk}/", {"per_minute": "0.5"})
    rate.refresh_from_db()
    assert rate.per_minute == Decimal("0.5")
    desk.post(f"{PAGE}rates/{rate.pk}/", {"per_minute": "-1"})
    rate.refresh_from_db()
    assert rate.per_minute == Decimal("0.5")
    desk.post(f"{PAGE}rates/{rate.pk}/remove/")
    assert not wallet.rates.exists()
    actions = wallet.workspace.audit.filter(action__startswith="rate")
    assert sorted(actions.values_list("action", flat=True)) == [
        *("rate added", "rate changed", "rate removed")
    ]


def test_a_rate_for_everything_or_twice_is_refused(
    desk: Client, wallet: Wallet
) -> None:
    wallet.rates.create(country="GB", per_minute=1)
    for wish, says in (
        ({"per_minute": "1"}, "Choose a connection, a country, or both"),
        ({"per_minute": "1", "country": "GB"}, "such a rate already"),
        ({"per_minute": "1", "connection": str(uuid.uuid4())}, "valid choice"),
    ):
        answer = desk.post(RULES, {"do": "rate"} | wish)
        assert (answer.status_code, says in text(answer)) == (422, True)
    assert wallet.rates.count() == 1


def test_terms_and_limits_are_changed_with_before_and_after(
    desk: Client, wallet: Wallet
) -> None:
    terms = {
        "do": "terms",
        "rate": "0.2",
        "billing_step": "minute",
        "minimum_charge": "0.05",
        "expected_minutes": "5",
    }
    limits = {"do": "limits", "limits-soft_per_day": "5", "limits-hard_per_day": "10"}
    for form in (terms, limits, limits):
        assert desk.post(RULES, form).status_code == 302
    wallet.refresh_from_db()
    assert (wallet.billing_step, wallet.expected_minutes) == ("minute", 5)
    assert (wallet.charges_others, wallet.hard_per_day) == (False, Decimal(10))
    first, second = wallet.workspace.audit.filter(action__endswith="changed").order_by(
        "pk"
    )
    assert first.before["rate"] == "0.1000"
    assert first.after["rate"] == "0.2"
    assert second.before == {"soft_per_day": None, "hard_per_day": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "limits", "limits-soft_per_day": "11", "limits-hard_per_day": "10"},
        {"do": "limits", "limits-person_hard_per_day": "-1"},
        {"do": "terms", "rate": "0.2", "billing_step": "hour"},
        {"do": "terms"},
    ],
)
def test_rules_with_mistakes_are_not_saved(
    desk: Client, wallet: Wallet, wrong: dict[str, str]
) -> None:
    before = Wallet.objects.values().get()
    assert desk.post(RULES, wrong).status_code == 422
    assert Wallet.objects.values().get() == before


def test_saving_terms_leaves_the_balance_alone(
    desk: Client, wallet: Wallet, agent: Agent
) -> None:
    desk.get(RULES)
    launched(agent)
    desk.post(RULES, {"do": "limits", "limits-hard_per_day": "10"})
    assert balance(wallet) == "99.7000"
    audit(wallet)


def test_without_a_wallet_there_are_no_rules(desk: Client) -> None:
    assert desk.get(RULES)["Location"] == PAGE
    assert desk.get(f"{PAGE}ledger.csv")["Location"] == PAGE


def test_a_strangers_rate_cannot_be_touched(desk: Client, wallet: Wallet) -> None:
    theirs = make_wallet(make_workspace()).rates.create(country="GB", per_minute=1)
    for path in (f"rates/{theirs.pk}/", f"rates/{theirs.pk}/remove/"):
        assert desk.post(f"{PAGE}{path}", {"per_minute": "2"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.per_minute == 1


# --- The home page -------------------------------------------------------------------
def test_home_tells_of_a_limit_once_a_day(
    manager: Member, client_of: ClientOf, agent: Agent
) -> None:
    wallet = make_wallet(agent.workspace, soft_per_day="0.20", hard_per_day="5")
    client = client_of(manager)
    assert "past the warning" not in text(client.get("/"))
    launched(agent)
    told = text(client.get("/"))
    assert (
        "spending today, with open calls, is $0.30: past the warning at $0.20" in told
    )
    assert "calls stop at $5.00" in told
    assert client.post(f"{PAGE}noticed/")["Location"] == "/"
    assert "past the warning" not in text(client.get("/"))
    session = client.session
    session[spending.NOTICED] = "2020-01-01"
    session.save()
    assert "past the warning" in text(client.get("/"))
    wallets.switch_off(wallet, None)
    assert "past the warning" not in text(client.get("/"))


def test_home_tells_each_person_of_their_own(
    manager: Member, admin: Member, client_of: ClientOf, agent: Agent
) -> None:
    make_wallet(agent.workspace, person_soft_per_day="0.20")
    launch.launch(planned(agent, manager))
    assert "Your spending today" in text(client_of(manager).get("/"))
    assert "Your spending today" not in text(client_of(admin).get("/"))


def test_polling_home_asks_nothing_of_the_wallet(
    manager: Member, client_of: ClientOf, agent: Agent
) -> None:
    make_wallet(agent.workspace)
    make_call(agent.connection)
    client = client_of(manager)
    headers = {"HX-Request": "true", "HX-Target": "live"}
    with CaptureQueriesContext(connection) as asked:
        client.get("/", headers=headers)
    assert not [query for query in asked if 'FROM "calls_wallet"' in query["sql"]]
