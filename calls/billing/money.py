"""Money for calls: set aside at the launch, settled when the call is over.

A workspace without a wallet has no limit, and costs one look. All amounts change in the
transaction that changes the call, under the lock of the wallet's row (`ledger.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from agents import phone
from calls.billing import ledger, rates, spending
from calls.billing.ledger import Book
from calls.billing.rates import NOTHING, Terms
from calls.models import Bill, Call, Wallet
from calls.models.call import FINAL
from calls.plan import Plan
from dashboard.models import Workspace
from dashboard.templatetags.amounts import exact
from dashboard.templatetags.ui import clock

# What a change of a call must have touched to make a difference in money.
FACTS = frozenset({"status", "cost", "currency", "duration_ms", "ended_at"})
# Calls that were over this long and are not settled were missed.
MISSED = timedelta(minutes=1)
BATCH = 200
PART = "It was a part of another call"


def wallet_of(workspace: Workspace) -> Wallet | None:
    """Return the wallet that calls are paid from; None: there is none, or it is off.

    Asked of the database once for each workspace in hand.
    """
    wallet: Wallet | None = getattr(workspace, "wallet", None)
    return wallet if wallet and wallet.is_on else None


# --- Launching -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Outlook:
    """What a call of that length may cost, and what there is to pay it from."""

    wallet: Wallet
    terms: Terms
    ms: int
    day: spending.Day

    @property
    def required(self) -> Decimal:
        """What is set aside for it."""
        return self.terms.price(self.ms)

    @property
    def is_short(self) -> bool:
        """Whether something is lacking: in the wallet, or of a limit of the day."""
        return self.required > self.wallet.balance or self.passed is not None

    @property
    def passed(self) -> "Limit | None":
        """The limit that the call would pass, while the wallet could pay for it."""
        wallet = self.wallet
        if self.required > wallet.balance:
            return None
        return self._over(wallet.hard_per_day, wallet.person_hard_per_day)

    @property
    def warned(self) -> "Limit | None":
        """The limit to be warned of that the call would pass."""
        wallet = self.wallet
        return self._over(wallet.soft_per_day, wallet.person_soft_per_day)

    def _over(self, of_all: Decimal | None, of_one: Decimal | None) -> "Limit | None":
        day = self.day
        pairs = (
            ("The workspace’s", of_all, day.spent),
            ("Your", of_one, day.by_person),
        )
        for whose, limit, spent in pairs:
            if limit is None or spent is None:
                continue
            if spent + self.required > limit:
                return Limit(whose, limit, spent)
        return None

    @property
    def words(self) -> str:
        """Say how the amount comes about: 3:00 at $0.15 a minute."""
        rate = exact(self.terms.rate, self.wallet.currency)
        return f"{clock(self.ms)} at {rate} a minute"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a day: whose spending it is for, how much, and what is spent."""

    whose: str
    amount: Decimal
    spent: Decimal


def look(plan: Plan, wallet: Wallet, terms: Terms) -> Outlook:
    """See what a planned call may cost, and whether that is there."""
    ms = rates.expected_ms(wallet, plan.wish.overrides.max_duration_ms)
    day = spending.day_of(plan.workspace, plan.goes_at)
    return Outlook(wallet, terms, ms, spending.of_day(wallet, day, plan.user))


def terms_of(plan: Plan, wallet: Wallet) -> Terms:
    """Return the terms of a planned call."""
    country = plan.phone.country if plan.phone and plan.wish.type != "web" else ""
    connection = plan.connection.pk if plan.connection else None
    return rates.terms_for(wallet, connection, country)


def reserve(plan: Plan, call: Call) -> Outlook | None:
    """Set aside what a call may cost, in the transaction that wrote its row.

    Where that is not there, nothing is set aside, and what was seen is returned.
    """
    known = wallet_of(plan.workspace)
    if known is None:
        return None
    terms = terms_of(plan, known)
    for book in ledger.lock(pk=known.pk, is_on=True):
        seen = look(plan, book.wallet, terms)
        if seen.is_short:
            return seen
        book.reserve(call, seen.day.date, terms, seen.required, seen.words)
        book.save()
    return None


# --- Afterwards ----------------------------------------------------------------------
def is_worth(call: Call, changed: Collection[str]) -> bool:
    """Tell whether a change of a call can make a difference in money."""
    return call.status in FINAL and not FACTS.isdisjoint(changed)


def settle(*calls: Call) -> None:
    """Charge calls that are over with what they cost, and give back the rest.

    In the transaction that changed the calls, under their locks. May be asked any
    number of times: only a difference to what was charged is written.
    """
    over = [call for call in calls if call.status in FINAL]
    spaces = {call.workspace_id for call in over}
    for book in ledger.lock(workspace__in=spaces) if over else ():
        space = book.wallet.workspace_id
        _settle(book, [call for call in over if call.workspace_id == space])
        book.save()


def _settle(book: Book, calls: list[Call]) -> None:
    rows = Bill.objects.filter(call__in=calls).select_related("spend")
    bills = {bill.call_id: bill for bill in rows}
    for call in calls:
        bill = bills.get(call.pk) or _bill_of_a_stranger(book, call)
        if bill:
            bill.call = call
            amount, note = rates.due(call, bill, book.wallet.currency)
            book.settle(bill, amount, note, _now())


def _bill_of_a_stranger(book: Book, call: Call) -> Bill | None:
    """Open the bill of a call that was not launched here, where those are charged."""
    wallet = book.wallet
    is_meant = wallet.is_on and wallet.charges_others and not call.is_ours
    if not is_meant or call.created_at < wallet.opened_at:
        return None
    other = phone.parse(call.other_number)
    country = other.country if other else ""
    terms = rates.terms_for(wallet, call.connection_id, country)
    day = spending.day_of(wallet.workspace, call.created_at)
    return book.reserve(call, day, terms, NOTHING, "")


def give_back(call: Call) -> None:
    """Take back what a call was charged, whose row goes into that of another."""
    bills = Bill.objects.filter(call=call)
    for book in ledger.lock(pk__in=bills.values("wallet")):
        book.drop(bills.select_related("spend", "call").get(), PART, _now())
        book.save()


def settle_missed(now: datetime) -> int:
    """Settle calls that are over and still hold money; return how many there were."""
    rows = Bill.objects.filter(settled_at=None, opened_at__lt=now - MISSED)
    missed = rows.filter(call__status__in=FINAL).values_list("call", flat=True)
    ids = list(missed[:BATCH])
    for call_id in ids:
        with transaction.atomic():
            settle(Call.objects.select_for_update(no_key=True).get(pk=call_id))
    return len(ids)


def _now() -> datetime:
    return datetime.now(tz=UTC)
