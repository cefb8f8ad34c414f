"""What a call costs: which rate is its own, and what a length of time comes to."""

import uuid
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q

from calls.models import Bill, BillingStep, Call, CallStatus, Wallet
from dashboard.templatetags.amounts import exact
from dashboard.templatetags.ui import clock

NOTHING = Decimal(0)
PLACES = Decimal("0.0001")
MINUTE = 60_000
# How long a step of charged time is, in milliseconds.
STEPS = {BillingStep.SECOND: 1_000, BillingStep.MINUTE: MINUTE}


def rounded(amount: Decimal) -> Decimal:
    """Return an amount as it is kept: four places, a half goes up."""
    return amount.quantize(PLACES, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Terms:
    """At which price a call is charged: a minute, the least, and the step."""

    rate: Decimal
    minimum: Decimal
    step: str

    @classmethod
    def of(cls, holder: Wallet | Bill) -> "Terms":
        """Return the terms of a wallet where no rate fits better, or of a bill."""
        return cls(holder.rate, holder.minimum_charge, holder.billing_step)

    def price(self, ms: int) -> Decimal:
        """Return what a call of that many milliseconds costs; nothing for none."""
        if ms <= 0:
            return NOTHING
        length = STEPS[BillingStep(self.step)]
        charged = -(-ms // length) * length
        return max(self.minimum, rounded(self.rate * charged / MINUTE))


def terms_for(wallet: Wallet, connection_id: uuid.UUID | None, country: str) -> Terms:
    """Return the terms of a call with a connection to a country, the closest first.

    That is connection and country, then the connection, then the country, then the
    wallet's own rate.
    """
    with_it = Q(connection=None) | Q(connection=connection_id)
    rows = wallet.rates.filter(with_it, country__in={"", country})
    best = max(
        rows, key=lambda row: (row.connection_id is not None, row.country), default=None
    )
    rate = best.per_minute if best else wallet.rate
    return Terms(rate, wallet.minimum_charge, wallet.billing_step)


def expected_ms(wallet: Wallet, longest_ms: int | None) -> int:
    """Return how long a call is taken to last, which may be at most `longest_ms`."""
    usual = wallet.expected_minutes * MINUTE
    return min(usual, longest_ms) if longest_ms else usual


def due(call: Call, bill: Bill, currency: str) -> tuple[Decimal, str]:
    """Return what a call that is over costs, and how that came about, in words.

    The provider's own price, where it is in that currency; else our rate for the time
    of the conversation. What did not go out, or was not answered, costs nothing.
    """
    if call.cost is not None and call.currency == currency:
        return max(NOTHING, rounded(call.cost)), "The provider’s price"
    ms = talked_ms(call)
    note = f"{clock(ms)} at {exact(bill.rate, currency)} a minute"
    return Terms.of(bill).price(ms), note


def talked_ms(call: Call) -> int:
    """Return how long the conversation was, in milliseconds; 0 where there was none."""
    if call.status != CallStatus.ENDED:
        return 0
    if call.duration_ms is not None:
        return call.duration_ms
    if call.answered_at and call.ended_at:
        return round((call.ended_at - call.answered_at).total_seconds() * 1000)
    return 0
