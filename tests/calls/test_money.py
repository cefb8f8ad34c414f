"""Money: set aside at the launch, settled once, never more than there is."""

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent
from agents.providers.base import CallUpdate
from calls import dispatch, intake, launch, lifecycle, policy
from calls.billing import ledger, money, rates, spending, wallets
from calls.billing.rates import Terms
from calls.models import Bill, Call, LedgerEntry, Wallet
from calls.models.money import AppendOnly
from calls.refusals import LaunchRefused
from dashboard.models import ApiKey, Member, Workspace
from tests.calls.purse import (
    TO,
    audit,
    balance,
    entries,
    happens,
    launched,
    make_line,
    make_wallet,
    planned,
)
from tests.factories import make_connection, make_member

pytestmark = pytest.mark.django_db
ONE_WRITER = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="writers take turns there"
)


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent that may call."""
    return make_line(workspace)


@pytest.fixture
def wallet(workspace: Workspace) -> Wallet:
    """Return a wallet for 100."""
    return make_wallet(workspace)


# --- Prices --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "minimum", "ms", "price"),
    [
        ("second", "0", 0, "0"),
        ("second", "0", 1, "0.0020"),
        ("second", "0", 60_000, "0.12"),
        ("second", "0", 75_400, "0.1520"),
        ("second", "0.2", 1, "0.2"),
        ("second", "0.2", 0, "0"),
        ("minute", "0", 1, "0.12"),
        ("minute", "0", 60_000, "0.12"),
        ("minute", "0", 60_001, "0.24"),
        ("minute", "0.3", 60_001, "0.3"),
    ],
)
def test_a_price_is_by_steps_and_never_below_the_least(
    step: str, minimum: str, ms: int, price: str
) -> None:
    terms = Terms(Decimal("0.12"), Decimal(minimum), step)
    assert terms.price(ms) == Decimal(price)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("0.00005", "0.0001"), ("0.00004", "0"), ("1.23456", "1.2346")],
)
def test_half_of_the_last_place_goes_up(written: str, kept: str) -> None:
    assert rates.rounded(Decimal(written)) == Decimal(kept)


@pytest.mark.parametrize(
    ("has", "rate"),
    [
        ([], "0.10"),
        (["country"], "0.20"),
        (["country", "connection"], "0.30"),
        (["country", "connection", "both"], "0.40"),
        (["both"], "0.40"),
        (["elsewhere"], "0.10"),
    ],
)
def test_the_closest_rate_is_taken(
    wallet: Wallet, agent: Agent, has: list[str], rate: str
) -> None:
    other = make_connection(wallet.workspace)
    rows: dict[str, dict[str, Any]] = {
        "country": {"country": "US", "per_minute": "0.20"},
        "connection": {"connection": agent.connection, "per_minute": "0.30"},
        "both": {
            "connection": agent.connection,
            "country": "US",
            "per_minute": "0.40",
        },
        "elsewhere": {"connection": other, "country": "US", "per_minute": "0.50"},
    }
    for name in has:
        wallet.rates.create(**rows[name])
    terms = rates.terms_for(wallet, agent.connection_id, "US")
    assert terms.rate == Decimal(rate)


def test_a_rate_is_for_something_and_there_once(wallet: Wallet, agent: Agent) -> None:
    wallet.rates.create(country="US", per_minute=1)
    wallet.rates.create(connection=agent.connection, per_minute=1)
    for twice in (
        {"country": "US"},
        {"connection": agent.connection},
        {"country": "", "connection": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wallet.rates.create(per_minute=2, **twice)


# --- Launching -----------------------------------------------------------------------
def test_without_a_wallet_a_launch_asks_once_and_writes_nothing(agent: Agent) -> None:
    plan = planned(agent)
    with CaptureQueriesContext(connection) as asked:
        assert policy.check(plan) == []
        launch.launch(plan)
    about = [query["sql"] for query in asked if "calls_wallet" in query["sql"]]
    assert len(about) == 1
    others = ("calls_rate", "calls_bill", "calls_spend", "calls_ledgerentry")
    assert not [q for q in asked if any(name in q["sql"] for name in others)]


def test_a_launch_sets_aside_what_it_may_cost(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    assert entries(wallet) == [("reservation", "-0.3000")]
    assert balance(wallet) == "99.7000"
    entry = wallet.entries.get(call=call)
    assert (entry.note, entry.currency) == ("3:00 at $0.10 a minute", "USD")
    assert wallet.held == Decimal("0.3")
    audit(wallet)


def test_a_shorter_longest_duration_sets_less_aside(
    wallet: Wallet, agent: Agent
) -> None:
    launched(agent, longest_ms=90_000)
    launched(agent, longest_ms=900_000)
    assert entries(wallet) == [("reservation", "-0.1500"), ("reservation", "-0.3000")]


def test_the_entry_names_who_launched(
    wallet: Wallet, agent: Agent, manager: Member
) -> None:
    launched(agent, manager)
    assert wallet.entries.latest("pk").who == str(manager.user)


def test_the_evidence_says_what_was_seen(wallet: Wallet, agent: Agent) -> None:
    plan = planned(agent)
    policy.check(plan)
    assert plan.evidence[-1] == {
        "check": "money",
        "looked_at": "$0.30: 3:00 at $0.10 a minute",
        "saw": "$100.00 left",
    }


def test_what_is_not_there_is_refused_with_balance_and_rate(
    workspace: Workspace, agent: Agent
) -> None:
    make_wallet(workspace, "0.29")
    (refusal,) = policy.check(planned(agent))
    assert (refusal.code, refusal.status) == ("insufficient_funds", 402)
    assert "$0.29" in refusal.message
    assert "$0.30" in refusal.message
    assert refusal.details == {
        "balance": "0.2900",
        "required": "0.3000",
        "currency": "USD",
        "rate_per_minute": "0.1000",
    }


def test_a_launch_that_was_overtaken_leaves_nothing(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, "0.50")
    plans = [planned(agent), planned(agent)]
    assert [policy.check(plan) for plan in plans] == [[], []]
    launch.launch(plans[0])
    with pytest.raises(LaunchRefused) as refused:
        launch.launch(plans[1])
    assert refused.value.refusal.details["balance"] == "0.2000"
    assert Call.objects.count() == 1
    audit(wallet)


def test_the_last_cent_can_be_spent(workspace: Workspace, agent: Agent) -> None:
    wallet = make_wallet(workspace, "0.30")
    launched(agent)
    assert balance(wallet) == "0.0000"


def test_a_switched_off_wallet_is_no_limit(workspace: Workspace, agent: Agent) -> None:
    wallet = make_wallet(workspace, "0.01")
    wallets.switch_off(wallet, None)
    assert policy.check(planned(agent)) == []
    happens(launched(agent))
    assert entries(wallet) == []


# --- Limits of a day -----------------------------------------------------------------
def test_a_hard_limit_counts_what_is_set_aside_and_charged(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, hard_per_day="0.90")
    happens(launched(agent), cost=Decimal("0.40"), currency="USD")
    launched(agent)
    (refusal,) = policy.check(planned(agent))
    assert refusal.code == "insufficient_funds"
    told = {name: refusal.details[name] for name in ("limit", "spent", "required")}
    assert told == {"limit": "0.9000", "spent": "0.7000", "required": "0.3000"}
    with pytest.raises(LaunchRefused):
        launched(agent)
    audit(wallet)


def test_a_persons_limit_is_theirs_alone(
    workspace: Workspace, agent: Agent, manager: Member, admin: Member
) -> None:
    make_wallet(workspace, person_hard_per_day="0.50")
    launched(agent, manager)
    (refusal,) = policy.check(planned(agent, manager))
    assert refusal.message.startswith("Your spending")
    assert policy.check(planned(agent, admin)) == []
    assert policy.check(planned(agent)) == []


def test_a_soft_limit_warns_and_lets_it_go(
    workspace: Workspace, agent: Agent, manager: Member
) -> None:
    make_wallet(workspace, soft_per_day="0.50", person_soft_per_day="0.30")
    first, second = planned(agent, manager), planned(agent, manager)
    assert (policy.check(first), first.notices) == ([], [])
    launch.launch(first)
    assert policy.check(second) == []
    (notice,) = second.notices
    assert notice.startswith("The workspace’s spending on ")
    assert "$0.60" in notice


def test_a_limit_is_for_the_day_on_which_the_call_goes_out(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.timezone = "Pacific/Kiritimati"
    workspace.save()
    make_wallet(workspace, hard_per_day="0.30")
    launched(agent)
    tomorrow = planned(agent)
    tomorrow.scheduled_at = timezone.now() + timedelta(days=1)
    assert policy.check(planned(agent)) != []
    assert policy.check(tomorrow) == []
    days = Bill.objects.values_list("spend__day", flat=True)
    assert list(days) == [spending.day_of(workspace, timezone.now())]


# --- Settling ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "charged"),
    [
        ({"cost": Decimal("0.123456"), "currency": "USD"}, "-0.1235"),
        ({"cost": Decimal("0.50"), "currency": "EUR"}, "-0.1000"),
        ({"duration_ms": 90_000}, "-0.1500"),
        ({"duration_ms": 600_000}, "-1.0000"),
    ],
)
def test_a_call_that_is_over_costs_what_it_cost(
    wallet: Wallet, agent: Agent, facts: dict[str, Any], charged: str
) -> None:
    happens(launched(agent), **facts)
    assert entries(wallet)[1:] == [("release", "0.3000"), ("charge", charged)]
    audit(wallet)


@pytest.mark.parametrize("status", ["not_connected", "failed", "canceled"])
def test_a_call_without_a_conversation_costs_nothing(
    wallet: Wallet, agent: Agent, status: str
) -> None:
    happens(launched(agent), status)
    assert entries(wallet)[1:] == [("release", "0.3000")]
    assert balance(wallet) == "100.0000"
    audit(wallet)


def test_what_the_provider_charges_for_a_vain_attempt_is_charged(
    wallet: Wallet, agent: Agent
) -> None:
    happens(launched(agent), "not_connected", cost=Decimal("0.01"), currency="USD")
    assert entries(wallet)[2:] == [("charge", "-0.0100")]


def test_a_call_taken_back_gives_everything_back(wallet: Wallet, agent: Agent) -> None:
    dispatch.cancel(launched(agent))
    assert balance(wallet) == "100.0000"
    assert wallet.held == 0


def test_a_call_that_could_not_be_placed_gives_everything_back(
    wallet: Wallet, agent: Agent
) -> None:
    lifecycle.fail(launched(agent).pk, "provider_error", "provider", "It said no.")
    assert balance(wallet) == "100.0000"


def test_nothing_is_charged_while_a_call_goes_on(wallet: Wallet, agent: Agent) -> None:
    happens(launched(agent), "in_progress", cost=Decimal("0.01"), currency="USD")
    assert entries(wallet) == [("reservation", "-0.3000")]


def test_a_repeated_end_charges_once(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    for _ in range(3):
        happens(call)
        money.settle(Call.objects.get(pk=call.pk))
    assert entries(wallet)[2:] == [("charge", "-0.1000")]
    audit(wallet)


def test_a_late_price_corrects_with_another_entry(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    happens(call)
    happens(call, cost=Decimal("0.25"), currency="USD")
    happens(call, cost=Decimal("0.05"), currency="USD")
    assert entries(wallet)[2:] == [
        ("charge", "-0.1000"),
        ("charge", "-0.1500"),
        ("charge", "0.2000"),
    ]
    assert wallet.entries.latest("pk").note == "Correction: The provider’s price"
    assert balance(wallet) == "99.9500"
    audit(wallet)


def test_a_late_summary_asks_nothing_of_the_wallet(
    wallet: Wallet, agent: Agent
) -> None:
    call = launched(agent)
    happens(call)
    update = CallUpdate(recording_url="https://example.com/a.wav")
    with CaptureQueriesContext(connection) as asked:
        lifecycle.apply(call.pk, update, timezone.now())
    assert not [query for query in asked if "calls_wallet" in query["sql"]]


def test_the_terms_are_those_of_the_launch(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    Wallet.objects.update(rate=9, billing_step="minute", minimum_charge=5)
    happens(call)
    assert entries(wallet)[2:] == [("charge", "-0.1000")]


def test_a_long_call_may_bring_the_balance_below_nothing(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, "0.30")
    happens(launched(agent), duration_ms=600_000)
    assert balance(wallet) == "-0.7000"
    (refusal,) = policy.check(planned(agent))
    assert refusal.details["balance"] == "-0.7000"
    audit(wallet)


def test_what_was_missed_is_settled_by_the_sweep(wallet: Wallet, agent: Agent) -> None:
    call, going_on = launched(agent), launched(agent)
    Call.objects.filter(pk=call.pk).update(status="ended", duration_ms=60_000)
    later = timezone.now() + timedelta(minutes=2)
    assert money.settle_missed(timezone.now()) == 0
    assert [money.settle_missed(later) for _ in range(2)] == [1, 0]
    assert Bill.objects.get(call=call).charged == Decimal("0.1")
    assert Bill.objects.get(call=going_on).settled_at is None
    audit(wallet)


def test_a_call_from_before_the_wallet_is_not_its_business(
    workspace: Workspace, agent: Agent
) -> None:
    call = launched(agent)
    wallet = make_wallet(workspace)
    happens(call)
    assert entries(wallet) == []


# --- Calls that were not launched here -----------------------------------------------
def rings_in(agent: Agent, **facts: Any) -> Call:
    """Let somebody call us, talk for a minute, and hang up."""
    usual: dict[str, Any] = {"direction": "inbound", "from_number": TO}
    told = usual | {"duration_ms": 60_000} | facts
    update = CallUpdate(provider_call_id="p-1", status="ended", **told)
    return intake.take_in(agent.connection, [update], timezone.now())[0].call


def test_an_inbound_call_is_charged(wallet: Wallet, agent: Agent) -> None:
    wallet.rates.create(country="US", per_minute="0.02")
    rings_in(agent)
    assert entries(wallet) == [("charge", "-0.0200")]
    audit(wallet)


def test_an_inbound_call_is_free_where_that_is_set(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, charges_others=False)
    rings_in(agent)
    assert entries(wallet) == []


def test_a_call_known_twice_is_charged_once(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    rings_in(agent, direction="outbound", to_number=TO, from_number="")
    assert entries(wallet)[1:] == [("charge", "-0.1000")]
    happens(call, provider_call_id="p-1")
    assert Call.objects.count() == 1
    assert balance(wallet) == "99.9000"
    audit(wallet)


# --- The ledger ----------------------------------------------------------------------
def test_the_ledger_only_grows(wallet: Wallet) -> None:
    entry = wallet.entries.get()
    for change in (
        entry.save,
        entry.delete,
        wallet.entries.all().delete,
        partial(wallet.entries.update, amount=1),
        partial(LedgerEntry.objects.filter(pk=entry.pk).update, note="x"),
    ):
        with pytest.raises(AppendOnly):
            change()


@pytest.mark.parametrize(
    ("kind", "amount"), [("top_up", -1), ("reservation", 1), ("charge", 0), ("gift", 1)]
)
def test_an_entry_goes_its_way(wallet: Wallet, kind: str, amount: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        wallet.entries.create(
            kind=kind, amount=amount, currency="USD", balance_after=wallet.balance
        )


def test_the_ledger_outlives_the_call(wallet: Wallet, agent: Agent) -> None:
    call = launched(agent)
    happens(call)
    Call.objects.get(pk=call.pk).delete()
    assert len(entries(wallet)) == 3
    assert balance(wallet) == "99.9000"


def test_only_the_ledger_writes_amounts() -> None:
    writing = re.compile(
        r"LedgerEntry\((?!models)|entries\.create|\.(balance|charged|held) [-+]?= "
    )
    root = Path(ledger.__file__).parent
    modules = root.rglob("*.py")
    found = [module for module in modules if writing.search(module.read_text())]
    assert [str(module.relative_to(root)) for module in found] == ["ledger.py"]


# --- By hand -------------------------------------------------------------------------
def test_a_top_up_with_the_same_key_is_booked_once(
    wallet: Wallet, admin: Member
) -> None:
    give = partial(wallets.top_up, wallet, by=admin.user, key="form:1")
    first, is_new = give(amount=Decimal(5), text="Cash")
    again, is_again_new = give(amount=Decimal(5), text="Cash")
    assert (is_new, is_again_new, first.pk) == (True, False, again.pk)
    with pytest.raises(wallets.AnotherWish):
        give(amount=Decimal(6), text="Cash")
    assert balance(wallet) == "105.0000"
    audits = wallet.workspace.audit.filter(user=admin.user)
    assert [entry.action for entry in audits] == ["wallet top-up"]


def test_an_adjustment_goes_either_way_but_not_without_end(wallet: Wallet) -> None:
    wallets.adjust(wallet, Decimal("-0.5"), "A mistake", None)
    wallets.adjust(wallet, Decimal("0.25"), "Another", None)
    assert entries(wallet) == [("adjustment", "-0.5000"), ("adjustment", "0.2500")]
    for amount in (wallets.MOST, -2 * wallets.MOST):
        with pytest.raises(wallets.CannotBook):
            wallets.adjust(wallet, amount, "Too much", None)
    audit(wallet)


def test_a_wallet_is_switched_on_off_and_on_again(
    workspace: Workspace, admin: Member
) -> None:
    def on(amount: str, rate: str, key: str = "form:1") -> Wallet:
        return wallets.switch_on(
            workspace,
            admin.user,
            currency="EUR",
            rate=Decimal(rate),
            amount=Decimal(amount),
            key=key,
        )

    wallet = on("20", "0.2")
    on("30", "0.3", "form:2")
    assert balance(wallet) == "20.0000"
    assert wallets.switch_off(wallet, admin.user)
    assert not wallets.switch_off(wallet, admin.user)
    on("0", "0.3", "form:3")
    wallet.refresh_from_db()
    assert (wallet.is_on, wallet.rate) == (True, Decimal("0.3"))
    assert (wallet.balance, wallet.currency) == (Decimal(20), "EUR")
    audit(wallet)


def test_a_programs_top_up_names_the_key(wallet: Wallet) -> None:
    key = ApiKey.issue(wallet.workspace, "Billing", [])[0]
    entry, _ = wallets.top_up(wallet, Decimal(1), "", key, "key:1")
    assert entry.who == str(key)


# --- Reports -------------------------------------------------------------------------
def test_a_report_sums_by_day_agent_and_number(
    wallet: Wallet, agent: Agent, manager: Member
) -> None:
    happens(launched(agent, manager), duration_ms=120_000)
    happens(launched(agent))
    rings_in(agent)
    today = spending.day_of(wallet.workspace, timezone.now())
    report = spending.report(wallet, today)
    assert (report.calls, report.charged) == (3, Decimal("0.4"))
    assert len(report.days) == 30
    assert (report.days[-1].name, report.days[-1].share) == (today, 100)
    (first, second) = report.agents
    assert (first.name, first.calls, first.charged) == (agent.name, 2, Decimal("0.3"))
    assert (second.name, second.share) == ("", 33)
    assert report.numbers[0].name == "+16285550170"


# --- Many at once --------------------------------------------------------------------
def test_200_launches_against_a_wallet_for_100(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, "30.29")
    outcomes = [_launch(agent, number) for number in range(200)]
    assert (outcomes.count("accepted"), outcomes.count("0.2900")) == (100, 100)
    assert balance(wallet) == "0.2900"
    audit(wallet)


def _launch(agent: Agent, number: int) -> str:
    """Launch a call; return `accepted`, or the balance with which it was refused."""
    plan = planned(agent)
    plan.wish = replace(plan.wish, external_id=str(number))
    try:
        launch.launch(plan, f"external:{number}")
    except LaunchRefused as error:
        return str(error.refusal.details["balance"])
    return "accepted"


def at_once(jobs: list[Callable[[], Any]], workers: int = 12) -> list[Any]:
    """Run jobs in threads, each with a database connection of its own."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, jobs))


@ONE_WRITER
@pytest.mark.django_db(transaction=True)
def test_200_parallel_launches_against_a_wallet_for_100(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, "30.29")
    outcomes = at_once([partial(_launch, agent, number) for number in range(200)])
    assert (outcomes.count("accepted"), outcomes.count("0.2900")) == (100, 100)
    assert Call.objects.count() == 100
    assert balance(wallet) == "0.2900"
    audit(wallet)


@ONE_WRITER
@pytest.mark.django_db(transaction=True)
def test_launches_ends_and_top_ups_at_once_keep_the_books_exact(
    workspace: Workspace, agent: Agent
) -> None:
    wallet = make_wallet(workspace, "1000")
    people = [make_member(workspace) for _ in range(3)]
    calls = [launched(agent, people[number % 3]) for number in range(30)]
    jobs: list[Callable[[], Any]] = []
    for number, call in enumerate(calls):
        cost = Decimal(number) / 7
        jobs += [
            partial(happens, call, cost=cost, currency="USD"),
            partial(happens, call),
            partial(_launch, agent, number),
            partial(wallets.top_up, wallet, Decimal("0.01"), "Drip", None),
        ]
    at_once(jobs)
    assert wallet.entries.filter(kind="top_up").count() == 31
    audit(wallet)


@ONE_WRITER
@pytest.mark.django_db(transaction=True)
def test_a_top_up_repeated_at_once_is_booked_once(workspace: Workspace) -> None:
    wallet = make_wallet(workspace)
    key = str(uuid.uuid4())
    job = partial(wallets.top_up, wallet, Decimal(5), "", None, key)
    booked = [is_new for _, is_new in at_once([job] * 20)]
    assert (booked.count(True), booked.count(False)) == (1, 19)
    assert balance(wallet) == "105.0000"
