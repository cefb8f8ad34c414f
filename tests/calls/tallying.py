"""Counting calls one by one in Python, as plainly as can be: what the sums must be."""

from collections import Counter
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum

from calls.models import Call, DayTally, HourTally
from calls.models.call import FINAL
from calls.models.summary import LATENCIES
from calls.sums.tallies import SUMS
from dashboard.models import Workspace

Key = tuple[Any, ...]
OUTCOMES = {"no_answer", "busy", "declined"}


def word_for(call: Call) -> str:
    """Say what came of a call."""
    if call.status in ("failed", "canceled"):
        return str(call.status)
    if call.answered_by == "machine" or call.end_reason == "voicemail":
        return "voicemail"
    if call.end_reason in OUTCOMES:
        return call.end_reason
    return "conversation" if call.status == "ended" else "not_connected"


def facts(call: Call) -> Counter[str]:
    """Return what one call adds to each sum."""
    word, found = word_for(call), Counter({"calls": 1})
    found[word] += 1
    if call.direction == "outbound" and word not in ("failed", "canceled"):
        found["rang"] += 1
        found["reached"] += word == "conversation"
    if call.status == "ended" and call.duration_ms is not None:
        found["talked"] += 1
        found["talked_ms"] += call.duration_ms
    if call.successful is not None:
        found["judged"] += 1
        found["succeeded"] += call.successful
    if call.cost is not None:
        found["cost_micros"] += int(call.cost * 1_000_000)
    whole = call.latency.get("e2e")
    typical = whole.get("p50") if isinstance(whole, dict) else None
    if isinstance(typical, int | float) and typical > 0:
        tops = [top for top in LATENCIES if typical <= top]
        found[f"within_{tops[0]}" if tops else "slower"] += 1
    return found


def counted(workspace: Workspace) -> dict[Key, Counter[str]]:
    """Count the calls that are over, for each row there should be."""
    zone = ZoneInfo(workspace.timezone)
    rows: dict[Key, Counter[str]] = {}
    for call in workspace.calls.filter(status__in=FINAL):
        local = call.created_at.astimezone(zone)
        items = {
            "total": (None, None),
            "agent": (call.agent_id, call.agent_version),
            "number": (call.phone_number_id, None),
            "connection": (call.connection_id, None),
        }
        for kind, item in items.items():
            key = (local.date(), local.hour, kind, *item, call.currency)
            rows.setdefault(key, Counter()).update(facts(call))
    return rows


def kept(workspace: Workspace) -> dict[Key, Counter[str]]:
    """Return the rows there are, by hour; each once."""
    names = ("day", "hour", "kind", "item", "version", "currency")
    found: dict[Key, Counter[str]] = {}
    for row in HourTally.objects.filter(workspace=workspace).values(*names, *SUMS):
        key = tuple(row.pop(name) for name in names)
        assert key not in found
        found[key] = +Counter(row)
    return found


def days_kept(workspace: Workspace) -> dict[date, int]:
    """Return the calls of each day by the rows of days."""
    rows = DayTally.objects.filter(workspace=workspace, kind="total").order_by()
    return dict(rows.values_list("day").annotate(n=Sum("calls")))


def assert_exact(workspace: Workspace) -> None:
    """Hold what is kept against plain counting."""
    rows = counted(workspace)
    assert kept(workspace) == {key: +sums for key, sums in rows.items()}
    days: Counter[date] = Counter()
    for key, sums in rows.items():
        if key[2] == "total":
            days[key[0]] += sums["calls"]
    assert days_kept(workspace) == dict(days)
