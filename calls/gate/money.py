"""Can the call be paid for: what the wallet has, and what a day may cost."""

from collections.abc import Iterator

from calls.billing import money
from calls.billing.money import Outlook
from calls.models import Call
from calls.plan import Plan
from calls.refusals import Found, Notice, Refusal, Seen
from dashboard.templatetags.amounts import exact

TOP_UP = "An admin can top it up under Settings, Money."
RAISE = "Call on another day. An admin can change the limit under Settings, Money."


def check(plan: Plan) -> Iterator[Found]:
    """Is there money for the call? A look without a lock; `money.reserve` decides."""
    wallet = money.wallet_of(plan.workspace)
    if wallet is None:
        yield Seen("money", "no wallet", "no limit")
        return
    if plan.connection is None:
        return
    seen = money.look(plan, wallet, money.terms_of(plan, wallet))
    required = exact(seen.required, wallet.currency)
    left = exact(wallet.balance, wallet.currency)
    yield Seen("money", f"{required}: {seen.words}", f"{left} left")
    if seen.is_short:
        yield refusal(seen)
    elif seen.warned:
        yield Notice(_warning(seen, seen.warned))


def reserve(plan: Plan, call: Call) -> Refusal | None:
    """Set aside what a call may cost; refuse it where that is not there (any more)."""
    seen = money.reserve(plan, call)
    return refusal(seen) if seen else None


def refusal(seen: Outlook) -> Refusal:
    """Refuse a call for which something is lacking."""
    wallet, limit = seen.wallet, seen.passed
    required = exact(seen.required, wallet.currency)
    details = {
        "balance": f"{wallet.balance:.4f}",
        "required": f"{seen.required:.4f}",
        "currency": wallet.currency,
        "rate_per_minute": f"{seen.terms.rate:.4f}",
    }
    if limit is None:
        left = exact(wallet.balance, wallet.currency)
        message = (
            f"The wallet has {left} left, and this call may cost {required} "
            f"({seen.words})."
        )
        return Refusal("insufficient_funds", message, TOP_UP, details=details)
    most, spent = (exact(a, wallet.currency) for a in (limit.amount, limit.spent))
    message = (
        f"{limit.whose} spending on {_day(seen)} is limited to {most}: {spent} is "
        f"spent or set aside, and this call may cost {required}."
    )
    details |= {"limit": f"{limit.amount:.4f}", "spent": f"{limit.spent:.4f}"}
    return Refusal("insufficient_funds", message, RAISE, details=details)


def _warning(seen: Outlook, limit: money.Limit) -> str:
    currency = seen.wallet.currency
    total = exact(limit.spent + seen.required, currency)
    return (
        f"{limit.whose} spending on {_day(seen)} comes to {total} with this call; the "
        f"warning is set at {exact(limit.amount, currency)}."
    )


def _day(seen: Outlook) -> str:
    return f"{seen.day.date.day} {seen.day.date:%B}"
