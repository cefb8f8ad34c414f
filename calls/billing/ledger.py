"""The ledger: every change of a balance, in order, under the lock of the wallet's row.

The only module that writes amounts. What a wallet, its days and its bills hold and have
been charged are sums of its entries, and change in the same transaction.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from calls import batches
from calls.billing.rates import NOTHING, Terms
from calls.models import Bill, Call, EntryKind, LedgerEntry, Spend, Wallet
from dashboard.models import ApiKey, Author, User


def lock(**which: Any) -> "list[Book]":
    """Lock wallets until the end of the transaction, in one order for everybody."""
    rows = Wallet.objects.select_for_update(no_key=True).filter(**which)
    return [Book(wallet) for wallet in rows.order_by("pk")]


class Book:
    """A wallet whose row is locked, and what is about to be written of it by `save`."""

    def __init__(self, wallet: Wallet) -> None:
        self.wallet = wallet
        self.entries: list[LedgerEntry] = []
        self._bills: dict[int | None, Bill] = {}
        self._spends: dict[int | None, Spend] = {}

    def write(
        self,
        kind: EntryKind,
        amount: Decimal,
        note: str,
        *,
        call: Call | None = None,
        by: Author = None,
        key: str = "",
    ) -> None:
        """Change the balance by an amount; by nothing leaves no trace."""
        if not amount:
            return
        self.wallet.balance += amount
        entry = LedgerEntry(
            wallet=self.wallet,
            at=timezone.now(),
            kind=kind,
            amount=amount,
            currency=self.wallet.currency,
            balance_after=self.wallet.balance,
            call=call,
            user=by if isinstance(by, User) else None,
            api_key=by if isinstance(by, ApiKey) else None,
            note=note,
            key=key,
        )
        self.entries.append(entry)

    # --- calls
    def reserve(
        self, call: Call, day: date, terms: Terms, amount: Decimal, note: str
    ) -> Bill:
        """Set an amount aside for a call that goes out on a day."""
        bill = Bill.objects.create(
            call=call,
            wallet=self.wallet,
            spend=self._spend_of(call, day),
            rate=terms.rate,
            minimum_charge=terms.minimum,
            billing_step=terms.step,
        )
        self._spend(bill).calls += 1
        self._hold(bill, amount)
        who = call.launched_by or call.api_key
        self.write(EntryKind.RESERVATION, -amount, note, call=call, by=who)
        return bill

    def settle(self, bill: Bill, due: Decimal, note: str, now: datetime) -> None:
        """Give back what is set aside, and charge what is not charged yet of `due`."""
        call, given = bill.call, bill.held
        self._hold(bill, -given)
        self.write(EntryKind.RELEASE, given, "The call is over", call=call)
        more = due - bill.charged
        if bill.charged:
            note = f"Correction: {note}"
        bill.charged += more
        self._spend(bill).charged += more
        self.write(EntryKind.CHARGE, -more, note, call=call)
        bill.settled_at = bill.settled_at or now

    def drop(self, bill: Bill, note: str, now: datetime) -> None:
        """Take back what a call was charged, as if it had never been."""
        self.settle(bill, NOTHING, note, now)
        self._spend(bill).calls -= 1

    def _hold(self, bill: Bill, amount: Decimal) -> None:
        bill.held += amount
        self._spend(bill).held += amount
        self.wallet.held += amount
        self._bills[bill.pk] = bill

    def _spend_of(self, call: Call, day: date) -> Spend:
        """Return the row of a day that counts such calls; the lock makes it one."""
        fields = {
            "day": day,
            "user_id": call.launched_by_id,
            "agent_id": call.agent_id,
            "phone_number_id": call.phone_number_id,
        }
        rows = self.wallet.spends.filter(**fields).order_by("pk")
        return rows.first() or self.wallet.spends.create(**fields)

    def _spend(self, bill: Bill) -> Spend:
        """Return a bill's day: one object for all bills of that day."""
        return self._spends.setdefault(bill.spend_id, bill.spend)

    def save(self) -> None:
        """Write everything."""
        self.wallet.save(update_fields=["balance", "held"])
        batches.save(list(self._spends.values()), ["calls", "held", "charged"])
        batches.save(list(self._bills.values()), ["held", "charged", "settled_at"])
        LedgerEntry.objects.bulk_create(self.entries)
