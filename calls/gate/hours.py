"""When people may be called: the workspace's hours, by the clock where they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agents import phone
from agents.phone import Phone
from calls.plan import Plan
from calls.refusals import Found, Refusal, Seen
from dashboard.models import Workspace

DAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday"),
    *("Friday", "Saturday", "Sunday"),
)
# Where every zone is open at some time of the week, that time comes within this.
AHEAD_DAYS = 8
Zones = tuple[ZoneInfo, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """The days of the week (Monday is 1) and the time of day at which calls go out."""

    days: tuple[int, ...]
    begin: time
    end: time

    def hold(self, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether calls may go out at that moment in a zone."""
        there = at.astimezone(zone)
        return there.isoweekday() in self.days and self.begin <= there.time() < self.end

    def opening(self, day: datetime) -> datetime:
        """Return when the hours begin on the day of a local time, in UTC."""
        there = datetime.combine(day.date(), self.begin, tzinfo=day.tzinfo)
        return there.astimezone(UTC)

    def __str__(self) -> str:
        return f"{_days(self.days)}, {self.begin:%H:%M} to {self.end:%H:%M}"


def _days(days: tuple[int, ...]) -> str:
    """Name days: a run of three or more by its ends, others one by one."""
    if len(days) == len(DAYS):
        return "every day"
    names = [DAYS[day - 1] for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def of(workspace: Workspace) -> Hours | None:
    """Return the hours of a workspace; None: calls go out at any time."""
    if not workspace.has_calling_hours:
        return None
    days = tuple(sorted(workspace.calling_days))
    return Hours(days, workspace.calling_from, workspace.calling_until)


# --- Where the person called is ------------------------------------------------------
def zones(
    callee: Phone | None, contact_zone: str, workspace: Workspace, at: datetime
) -> Zones:
    """Return the zones the person called may be in; all of them count.

    The contact's own, where the number agrees with it or has none; where they disagree
    both; where neither is known, the workspace's.
    """
    own = phone.zone(contact_zone)
    there = [ZoneInfo(name) for name in callee.zones] if callee else []
    if own is None:
        return tuple(there) or (ZoneInfo(workspace.timezone),)
    offsets = {at.astimezone(zone).utcoffset() for zone in there}
    agrees = not there or at.astimezone(own).utcoffset() in offsets
    return (own,) if agrees else (own, *there)


def zones_of(plan: Plan) -> Zones:
    """Return the zones the person called may be in."""
    zone = plan.contact.timezone if plan.contact else ""
    return zones(plan.phone, zone, plan.workspace, plan.goes_at)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Write what the clock shows in a zone: 22:14 on Saturday in London."""
    there = at.astimezone(zone)
    return f"{there:%H:%M} on {DAYS[there.weekday()]} in {city(zone)}"


def city(zone: ZoneInfo) -> str:
    """Name a zone by its city."""
    return str(zone).rpartition("/")[-1].replace("_", " ")


# --- May it go out? ------------------------------------------------------------------
def next_allowed(hours: Hours | None, zones: Zones, after: datetime) -> datetime | None:
    """Return the first moment from `after` on that all zones allow; None: never."""
    if hours is None or _allow(hours, zones, after):
        return after
    days = range(AHEAD_DAYS + 1)
    openings = sorted(
        hours.opening(after.astimezone(zone) + timedelta(days=count))
        for zone in zones
        for count in days
    )
    later = (opening for opening in openings if opening > after)
    return next((at for at in later if _allow(hours, zones, at)), None)


def _allow(hours: Hours, zones: Zones, at: datetime) -> bool:
    return all(hours.hold(at, zone) for zone in zones)


def refusal(
    hours: Hours, zones: Zones, at: datetime, now: datetime | None = None
) -> Refusal | None:
    """Refuse a moment that is outside the hours in one of the zones.

    `now` is when it is asked, where the call is to go out later.
    """
    closed = next((zone for zone in zones if not hours.hold(at, zone)), None)
    if closed is None:
        return None
    will = "will be" if now and at > now else "is"
    place = clock(at, closed)
    if len(zones) > 1:
        place += f", one of {len(zones)} places where this number may be"
    after = next_allowed(hours, zones, at)
    return Refusal(
        "outside_calling_hours",
        f"It {will} {place}, and people are called {hours}.",
        _mend(after, zones),
        "scheduled_at",
        after,
        {"local_time": f"{at.astimezone(closed):%H:%M}", "timezone": str(closed)},
    )


def _mend(after: datetime | None, zones: Zones) -> str:
    if after is None:
        return (
            "No time of the week suits every place where this number may be. Give the "
            "contact a time zone."
        )
    return f"Call {when(after, zones[0])}, or schedule the call for then."


def when(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment to come as people in a zone would: from 09:00 on Monday there."""
    there = at.astimezone(zone)
    return (
        f"from {there:%H:%M} on {DAYS[there.weekday()]}, {there.day} {there:%b}, there"
    )


def check(plan: Plan) -> Iterator[Found]:
    """May people be called at this time, by their own clock?"""
    if plan.wish.type == "web":
        return
    hours = of(plan.workspace)
    if hours is None:
        yield Seen("calling hours", "none are set", "any time")
        return
    if plan.phone is None and not plan.wish.ignore_e164_validation:
        return
    there = zones_of(plan)
    places = ", ".join(str(zone) for zone in there[:3])
    more = f" and {len(there) - 3} more" if len(there) > 3 else ""
    looked_at = f"{hours}, in {places}{more}"
    yield Seen("calling hours", looked_at, clock(plan.goes_at, there[0]))
    if refused := refusal(hours, there, plan.goes_at, plan.asked_at):
        yield refused
