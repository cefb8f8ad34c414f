"""Amounts of money to their last place, for pages and sentences about the wallet."""

from decimal import Decimal

from django import template

from dashboard.templatetags.ui import SIGNS

register = template.Library()
MINUS = "\N{MINUS SIGN}"


@register.filter
def plain(amount: Decimal) -> str:
    """Write the bare number: with its cents, or with all four places where it needs them."""
    written = f"{amount:.4f}"
    return written.removesuffix("00")


@register.filter
def exact(amount: Decimal | None, currency: str = "USD") -> str:
    """Write an amount as `plain` does, with its thousands and its currency."""
    if amount is None:
        return ""
    written = f"{abs(amount):,.4f}".removesuffix("00")
    sign = SIGNS.get(currency)
    written = f"{sign}{written}" if sign else f"{written} {currency}"
    return f"{MINUS}{written}" if amount < 0 else written


@register.filter
def signed(amount: Decimal, currency: str = "USD") -> str:
    """Write a change of an amount: with its sign, whichever it is."""
    written = exact(amount, currency)
    return f"+{written}" if amount > 0 else written
