"""What people and programs do with a wallet: switch it, top it up, correct it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from calls.billing import ledger
from calls.models import EntryKind, LedgerEntry, Wallet
from dashboard.models import AuditEntry, Author, Workspace
from dashboard.templatetags.amounts import exact, signed

# A balance is at most this much above or below nothing.
MOST = Decimal(1_000_000_000)
FIRST = "First top-up"


class CannotBook(Exception):
    """An amount that may not be booked, in words."""


class AnotherWish(Exception):
    """The same key came with another amount or note; `entry` is the first one's."""

    def __init__(self, entry: LedgerEntry) -> None:
        super().__init__("This key was used for another entry.")
        self.entry = entry


@transaction.atomic
def switch_on(
    workspace: Workspace,
    by: Author,
    *,
    currency: str,
    rate: Decimal,
    amount: Decimal,
    key: str,
) -> Wallet:
    """Give a workspace a wallet with a first top-up, or switch its old one on.

    An old one keeps its balance and its currency; what is on already stays as it is.
    """
    wallet, is_new = Wallet.objects.get_or_create(
        workspace=workspace, defaults={"currency": currency, "rate": rate}
    )
    if not is_new:
        off = Wallet.objects.filter(pk=wallet.pk, is_on=False)
        now = datetime.now(tz=UTC)
        if not off.update(is_on=True, rate=rate, opened_at=now):
            return wallet
    note(wallet, by, "wallet switched on", {"rate": str(rate)})
    if amount:
        top_up(wallet, amount, FIRST, by, key)
    return wallet


def switch_off(wallet: Wallet, by: Author) -> bool:
    """Let calls go out without a limit; what is set aside is settled as it would be."""
    with transaction.atomic():
        is_done = Wallet.objects.filter(pk=wallet.pk, is_on=True).update(is_on=False)
        if is_done:
            note(wallet, by, "wallet switched off")
    return bool(is_done)


def top_up(
    wallet: Wallet, amount: Decimal, text: str, by: Author, key: str = ""
) -> tuple[LedgerEntry, bool]:
    """Add to the balance; return the entry and whether it is new.

    A repeat with the same `key` finds the first entry; raises AnotherWish where that
    says something else, and CannotBook.
    """
    return _book(wallet, EntryKind.TOP_UP, amount, text, by, key)


def adjust(
    wallet: Wallet, amount: Decimal, text: str, by: Author, key: str = ""
) -> tuple[LedgerEntry, bool]:
    """Correct the balance, up or down; see `top_up`."""
    return _book(wallet, EntryKind.ADJUSTMENT, amount, text, by, key)


@transaction.atomic
def _book(
    wallet: Wallet, kind: EntryKind, amount: Decimal, text: str, by: Author, key: str
) -> tuple[LedgerEntry, bool]:
    (book,) = ledger.lock(pk=wallet.pk)
    first = wallet.entries.filter(key=key).first() if key else None
    if first is not None:
        if (first.kind, first.amount, first.note) != (kind, amount, text):
            raise AnotherWish(first)
        return first, False
    if abs(book.wallet.balance + amount) > MOST:
        most = exact(MOST, wallet.currency)
        raise CannotBook(f"A wallet holds at most {most}.")
    book.write(kind, amount, text, by=by, key=key)
    book.save()
    after = {"balance": str(book.wallet.balance), "note": text}
    change = signed(amount, wallet.currency)
    note(wallet, by, f"wallet {kind.label.lower()}", after, subject=change)
    return book.entries[0], True


def note(
    wallet: Wallet,
    by: Author,
    action: str,
    after: dict[str, Any] | None = None,
    *,
    before: dict[str, Any] | None = None,
    subject: str = "Wallet",
) -> None:
    """Write into the audit log what somebody did with the wallet."""
    AuditEntry.record(
        wallet.workspace,
        action,
        by,
        subject=subject,
        before=before or {},
        after=after or {},
    )
