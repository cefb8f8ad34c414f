"""How often a number may be called in one day, by the clock where it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce

from agents import phone
from agents.models import Direction
from calls.gate import hours
from calls.gate.hours import Zones
from calls.models import Call, CallStatus
from calls.models.call import CallQuerySet
from calls.plan import Plan
from calls.refusals import Found, Refusal, Seen
from dashboard.models import Workspace

# Ends that are no attempt where the provider never had the call.
TAKEN_BACK = (CallStatus.CANCELED, CallStatus.FAILED)


def day(at: datetime, zones: Zones) -> tuple[datetime, datetime]:
    """Return when the day of a moment begins and ends, in UTC.

    In several zones it is the time that is that day in any of them.
    """
    dates = [(at.astimezone(zone).date(), zone) for zone in zones]
    one = timedelta(days=1)
    starts = (datetime.combine(date, time(), zone) for date, zone in dates)
    ends = (datetime.combine(date + one, time(), zone) for date, zone in dates)
    return min(starts).astimezone(UTC), max(ends).astimezone(UTC)


def to_number(workspace: Workspace, numbers: tuple[str, ...]) -> CallQuerySet:
    """Return the calls to a number that went out, or still will.

    Not those that were taken back or refused before anything rang.
    """
    known = [number for number in numbers if number]
    rows = workspace.calls.filter(direction=Direction.OUTBOUND, to_number__in=known)
    return rows.exclude(status__in=TAKEN_BACK, provider_call_id="").order_by()


def ahead_of(call: Call, others: CallQuerySet) -> CallQuerySet:
    """Return the calls that went out before a call that is being dialled.

    Of two that are dialled at the same moment, the one that was taken first.
    """
    taken_first = Q(status=CallStatus.DIALING, claimed_at__lt=call.claimed_at)
    gone = Q(dialed_at__isnull=False)
    return others.filter(gone | taken_first if call.claimed_at else gone)


def within(rows: CallQuerySet, begin: datetime, end: datetime) -> int:
    """Count the calls of a stretch of time: when they went out, else when they are due."""
    placed = rows.annotate(placed_at=Coalesce("dialed_at", "due_at", "created_at"))
    return placed.filter(placed_at__gte=begin, placed_at__lt=end).count()


def refusal(
    workspace: Workspace, number: str, count: int, zones: Zones, at: datetime
) -> Refusal | None:
    """Refuse one call more where the day has had `count`, if that is enough."""
    allowed = workspace.attempts_per_day
    if allowed is None or count < allowed:
        return None
    tomorrow = day(at, zones)[1]
    after = hours.next_allowed(hours.of(workspace), zones, tomorrow)
    times = "once" if count == 1 else f"{count} times"
    mend = f"Call {hours.when(after, zones[0])}. " if after else ""
    return Refusal(
        "too_many_attempts",
        f"{phone.pretty(number)} has been called {times} on this day, by the clock in "
        f"{hours.city(zones[0])}, and {allowed} a day "
        f"{'is' if allowed == 1 else 'are'} allowed.",
        f"{mend}An admin can allow more under Settings.",
        "to_number",
        after,
        {"attempts": count, "allowed": allowed},
    )


def check(plan: Plan) -> Iterator[Found]:
    """Has the number been called often enough on that day?"""
    if plan.wish.type == "web" or not plan.to_number:
        return
    allowed = plan.workspace.attempts_per_day
    if allowed is None:
        yield Seen("attempts per day", "no limit is set", "not counted")
        return
    if plan.phone is None and not plan.wish.ignore_e164_validation:
        return
    there = hours.zones_of(plan)
    numbers = (plan.to_number, plan.phone.e164 if plan.phone else "")
    rows = to_number(plan.workspace, numbers)
    count = within(rows, *day(plan.goes_at, there))
    yield Seen(
        "attempts per day",
        f"at most {allowed}, on the day in {hours.city(there[0])}",
        f"{count} before this one",
    )
    if refused := refusal(plan.workspace, plan.to_number, count, there, plan.goes_at):
        yield refused
