"""A wallet for tests, what a call needs that it pays for, and the auditor of its books."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from agents.models import Agent
from agents.providers.base import CallUpdate, LaunchWish, Overrides
from calls import launch, lifecycle
from calls.billing import wallets
from calls.models import Call, Wallet
from calls.plan import Plan, prepare
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number

TO = "+14155550100"
FROM = "+16285550170"


def make_wallet(workspace: Workspace, balance: str = "100", **terms: Any) -> Wallet:
    """Give a workspace a wallet at $0.10 a minute; three minutes are set aside."""
    wallet = Wallet.objects.create(
        workspace=workspace, **({"rate": Decimal("0.1")} | terms)
    )
    if Decimal(balance):
        wallets.top_up(wallet, Decimal(balance), "To begin with", None)
    wallet.refresh_from_db()
    return wallet


def make_line(workspace: Workspace) -> Agent:
    """Make an agent of a simulator connection that has a number."""
    connection = make_connection(workspace)
    make_number(connection, number=FROM)
    return make_agent(connection, provider_agent_id="agent_1")


def planned(agent: Agent, member: Member | None = None, **wished: Any) -> Plan:
    """Plan a call as a request does: with the workspace as it is now."""
    workspace = Workspace.objects.get(pk=agent.workspace_id)
    longest = wished.pop("longest_ms", None)
    wish = LaunchWish(
        to_number=TO,
        agent_id="agent_1",
        overrides=Overrides(max_duration_ms=longest),
        **wished,
    )
    return prepare(workspace, wish, member=member)


def launched(agent: Agent, member: Member | None = None, **wished: Any) -> Call:
    """Launch a call."""
    return launch.launch(planned(agent, member, **wished))[0]


def happens(call: Call, status: str = "ended", **facts: Any) -> None:
    """Let something happen in a call that went out."""
    if status == "ended":
        facts = {"duration_ms": 60_000, "provider_call_id": f"p-{call.pk}"} | facts
    lifecycle.apply(call.pk, CallUpdate(status=status, **facts), timezone.now())


def entries(wallet: Wallet) -> list[tuple[str, str]]:
    """Return the ledger, oldest first, without the first top-up."""
    rows = wallet.entries.order_by("pk").values_list("kind", "amount")
    return [(kind, f"{amount:.4f}") for kind, amount in rows][1:]


def balance(wallet: Wallet) -> str:
    """Return what the wallet has now."""
    wallet.refresh_from_db()
    return f"{wallet.balance:.4f}"


def audit(wallet: Wallet) -> None:
    """Check that every sum is that of the ledger, and each balance follows the last."""
    wallet.refresh_from_db()
    running, of_calls = Decimal(0), {"held": Decimal(0), "charged": Decimal(0)}
    for entry in wallet.entries.order_by("pk"):
        running += entry.amount
        assert entry.balance_after == running
        if entry.kind in ("reservation", "release"):
            of_calls["held"] -= entry.amount
        elif entry.kind == "charge":
            of_calls["charged"] -= entry.amount
    assert wallet.balance == running
    assert wallet.held == of_calls["held"]
    for rows in (wallet.bills, wallet.spends):
        sums = rows.aggregate(held=Sum("held"), charged=Sum("charged"))
        exact = {name: round(value or Decimal(0), 4) for name, value in sums.items()}
        assert exact == of_calls
