"""Figures for people: shares, waits, counts, and money in several currencies."""

from decimal import Decimal

from django import template

from dashboard.templatetags.ui import money

register = template.Library()
# Between a number and its unit: never broken.
THIN = "\u202f"
NONE = "–"


@register.filter
def percent(share: float | None) -> str:
    """Write a share in percent; a dash where there is none."""
    return NONE if share is None else f"{share:.0f}{THIN}%"


@register.filter
def seconds(ms: int | None) -> str:
    """Write milliseconds as "0.94 s"."""
    return NONE if ms is None else f"{ms / 1000:.2f}{THIN}s"


@register.filter
def whole(number: float) -> str:
    """Write a number with its thousands and without a fraction."""
    return f"{number:,.0f}"


@register.filter
def costs(amounts: list[tuple[Decimal, str]]) -> str:
    """Write what something cost, in each currency."""
    return " + ".join(money(amount, currency) for amount, currency in amounts)
