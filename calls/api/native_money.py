"""Our own API for money: the wallet, its ledger, and top-ups."""

from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status
from pydantic import ConfigDict

from calls.api.native_door import (
    IdempotencyKey,
    Limit,
    RowCursor,
    api,
    key_of,
    rounded,
    text_like,
)
from calls.api.native_problem import Problem
from calls.billing import spending, statement, wallets
from calls.models import EntryKind, LedgerEntry, Rate, Wallet
from calls.own_json import Json, time
from dashboard.models import Workspace

READ, WRITE = "money:read", "money:write"
LIMITS = (
    *("soft_per_day", "hard_per_day"),
    *("person_soft_per_day", "person_hard_per_day"),
)


class TopUpIn(Schema):
    """Money into the wallet; `currency`, where it is said, must be the wallet's."""

    model_config = ConfigDict(extra="forbid")
    amount: Annotated[
        Decimal,
        rounded(4),
        Field(ge=Decimal("0.0001"), le=1_000_000, decimal_places=4),
    ]
    currency: str = Field("", max_length=3)
    note: str = Field("", max_length=200)


@api.get("/wallet", response=Json)
def get_wallet(request: HttpRequest) -> Json:
    """Return the wallet; 404 where the workspace has none, and so no limit."""
    return wallet_json(_wallet(key_of(request, READ).workspace))


Kind = Annotated[str, text_like(enum=["", *EntryKind.values])]


@api.get("/wallet/ledger", response=Json)
def list_ledger(
    request: HttpRequest, kind: Kind = "", cursor: RowCursor = "", limit: Limit = 50
) -> Json:
    """List the entries of the ledger, newest first."""
    wallet = _wallet(key_of(request, READ).workspace)
    if kind and kind not in EntryKind.values:
        known = ", ".join(EntryKind.values)
        message = f"There is no kind “{kind}”. There are: {known}."
        raise Problem(400, "invalid_json", message, "kind")
    if cursor and statement.read_cursor(cursor) is None:
        raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
    rows = statement.narrow(wallet, kind).select_related("user", "api_key")
    page = statement.page(rows, after=cursor, size=limit)
    items = [entry_json(entry) for entry in page.entries]
    return {"items": items, "next": page.older or None}


@api.post("/wallet/top-ups", response={201: Json, 200: Json})
def create_top_up(
    request: HttpRequest,
    body: TopUpIn,
    idempotency_key: IdempotencyKey = "",
) -> Status[Json]:
    """Add to the balance. A repeat with the same Idempotency-Key is the first entry."""
    key = key_of(request, WRITE)
    wallet = _wallet(key.workspace)
    if not wallet.is_on:
        raise Problem(409, "conflict", "The wallet is switched off.")
    if body.currency not in ("", wallet.currency):
        message = f"The wallet holds {wallet.currency}."
        raise Problem(409, "conflict", message, "currency")
    wish = f"key:{idempotency_key}" if idempotency_key else ""
    try:
        entry, is_new = wallets.top_up(wallet, body.amount, body.note, key, wish)
    except wallets.AnotherWish as error:
        message = "This key was used for an entry with other values."
        raise Problem(
            409, "idempotency_conflict", message, entry_id=str(error.entry.pk)
        ) from None
    except wallets.CannotBook as error:
        raise Problem(409, "conflict", str(error), "amount") from None
    return Status(201 if is_new else 200, entry_json(entry))


def _wallet(workspace: Workspace) -> Wallet:
    wallet: Wallet | None = getattr(workspace, "wallet", None)
    if wallet is None:
        message = "This workspace has no wallet: its calls have no limit of money."
        raise Problem(404, "not_found", message)
    return wallet


# --- Shapes --------------------------------------------------------------------------
def amount(value: Decimal | None) -> str | None:
    """Write an amount with its four places."""
    return None if value is None else f"{value:.4f}"


def wallet_json(wallet: Wallet) -> Json:
    """Return a wallet; `balance` is what may be spent, without what is `held`."""
    today = spending.day_of(wallet.workspace, timezone.now())
    charged, held = spending.sums_of(wallet, today)
    return {
        "is_on": wallet.is_on,
        "currency": wallet.currency,
        "balance": amount(wallet.balance),
        "held": amount(wallet.held),
        "today": {
            "date": today.isoformat(),
            "charged": amount(charged),
            "held": amount(held),
        },
        "limits": {name: amount(getattr(wallet, name)) for name in LIMITS},
        "rate_per_minute": amount(wallet.rate),
        "minimum_charge": amount(wallet.minimum_charge),
        "billing_step": wallet.billing_step,
        "expected_minutes": wallet.expected_minutes,
        "rates": [_rate_json(rate) for rate in wallet.rates.order_by("pk")],
    }


def _rate_json(rate: Rate) -> Json:
    return {
        "connection_id": str(rate.connection_id) if rate.connection_id else None,
        "country": rate.country or None,
        "per_minute": amount(rate.per_minute),
    }


def entry_json(entry: LedgerEntry) -> Json:
    """Return an entry of the ledger."""
    return {
        "id": str(entry.pk),
        "at": time(entry.at),
        "kind": entry.kind,
        "amount": amount(entry.amount),
        "currency": entry.currency,
        "balance_after": amount(entry.balance_after),
        "call_id": str(entry.call_id) if entry.call_id else None,
        "who": entry.who or None,
        "note": entry.note or None,
    }
