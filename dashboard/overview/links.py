"""Addresses of the calls behind a figure: the history, narrowed as the figure is."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from django.urls import reverse

from calls import outcome
from dashboard.overview.reading import Item, Span

Pairs = Mapping[str, object]
# What narrows the calls to those a figure counts, by the figure's name.
NARROW: dict[str, Pairs] = {
    "calls": {},
    "rang": {"direction": "outbound", "outcome": ",".join(outcome.RANG)},
    "reached": {"direction": "outbound", "outcome": outcome.REACHED},
    "talked": {"status": "ended"},
    "judged": {"success": "yes,no"},
    "succeeded": {"success": "yes"},
    "cost": {"sort": "-cost"},
    "latency": {"status": "ended"},
}
GROUPS = {
    "unreached": "no_answer,busy,declined,not_connected",
    "not_placed": "failed,canceled",
}


def of(figure: str, *places: Pairs) -> str:
    """Return the address of the calls that a figure counts, in these places of the list."""
    pairs: dict[str, object] = {}
    for place in places:
        pairs |= place
    if figure in GROUPS or figure in outcome.LABELS:
        pairs["outcome"] = GROUPS.get(figure, figure)
    else:
        pairs |= NARROW[figure]
    # Dates, ids and words of ours: nothing that an address would have to escape.
    return f"{_list()}?{'&'.join(f'{name}={value}' for name, value in pairs.items())}"


@cache
def _list() -> str:
    return reverse("call_list")


def of_day(day: date) -> Pairs:
    """Return the place of one day."""
    return {"since": day.isoformat(), "until": day.isoformat()}


def of_span(span: Span) -> Pairs:
    """Return the place of a range of days."""
    return {"since": span.first.isoformat(), "until": span.today.isoformat()}


def of_item(by: str, item: Item) -> Pairs | None:
    """Return the place of an agent, a version, a number or a connection; None: none."""
    if item[0] is None or (by == "version" and item[1] is None):
        return None
    name = "agent" if by == "version" else by
    place = {name: str(item[0])}
    return place | ({"version": str(item[1])} if by == "version" else {})
