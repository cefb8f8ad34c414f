"""May this call go out? The only module that refuses a launch.

Every way to launch (button, API, list, retry) asks `check`; the same answer feeds the
strip on the call form and the evidence kept with the call. What is looked at is in
`calls/gate/`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from agents import phone
from agents.phone import Phone
from calls.gate import attempts, hours, money, our_side, people, wish
from calls.models import Call
from calls.models.call import CallType
from calls.plan import Plan
from calls.refusals import Found, LaunchRefused, Notice, Refusal, Seen
from dashboard.models import Workspace

CHECKS: tuple[Callable[[Plan], Iterator[Found]], ...] = (
    people.may_launch,
    wish.number,
    our_side.agent,
    our_side.caller,
    our_side.own_caller,
    our_side.bound,
    our_side.connection,
    people.do_not_call,
    people.country,
    hours.check,
    attempts.check,
    wish.sip_headers,
    wish.variables,
    wish.free_fields,
    wish.overrides,
    our_side.abilities,
    our_side.kept,
    our_side.groups,
    our_side.limits,
    money.check,
)
# A row of evidence is short: what is longer is cut.
LONGEST = 160


def check(plan: Plan) -> list[Refusal]:
    """Return every reason why the call may not go out; an empty list lets it go.

    What was looked at, and what was seen, is written into the plan.
    """
    refusals, plan.evidence, plan.notices = [], [], []
    for look in CHECKS:
        for found in look(plan):
            if isinstance(found, Refusal):
                refusals.append(found)
            elif isinstance(found, Notice):
                plan.notices.append(found.message)
            else:
                plan.evidence.append(_row(found))
    return refusals


def reserve(plan: Plan, call: Call) -> None:
    """Set aside what a call may cost, in the transaction that wrote its row.

    Raises LaunchRefused where that is not there any more: `check` looked without a lock.
    """
    if refusal := money.reserve(plan, call):
        raise LaunchRefused(refusal)


def _row(seen: Seen) -> dict[str, str]:
    return {name: text[:LONGEST] for name, text in seen.as_json().items()}


def evidence(plan: Plan, refusals: Iterable[Refusal] = ()) -> list[dict[str, str]]:
    """Say what `check` looked at and what it saw, to be kept with the call."""
    refused = [Seen(refusal.code, "refused", refusal.message) for refusal in refusals]
    return plan.evidence + [_row(seen) for seen in refused]


# --- Just before the dial ------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Held:
    """Why a waiting call may not go out now, and from when on it may; None: never."""

    code: str
    note: str
    until: datetime | None = None


def held_back(call: Call, now: datetime) -> Held | None:
    """Say why a waiting call may not go out; None: it may.

    Asked just before the dial: since the launch somebody may have asked not to be
    called, the hours may be over, and other calls may have gone to the number.
    """
    space = call.workspace
    written = phone.e164(call.to_number, space.country)
    numbers = people.meant(call.to_number, written, space)
    refusal = people.barred(space, call.contact_id, numbers)
    if refusal:
        return _never(refusal)
    is_timed = space.has_calling_hours or space.attempts_per_day is not None
    return _ill_timed(call, now) if is_timed and call.type != CallType.WEB else None


def _never(refusal: Refusal) -> Held:
    return Held(refusal.code, f"{refusal.message} It did not go out.")


def _ill_timed(call: Call, now: datetime) -> Held | None:
    space, callee = call.workspace, phone.parse(call.to_number, call.workspace.country)
    contact_zone = call.contact.timezone if call.contact else ""
    zones = hours.zones(callee, contact_zone, space, now)
    if space.attempts_per_day is not None:
        numbers = (call.to_number, callee.e164 if callee else "")
        others = attempts.to_number(space, numbers).exclude(pk=call.pk)
        first = attempts.ahead_of(call, others)
        count = attempts.within(first, *attempts.day(now, zones))
        if refusal := attempts.refusal(space, call.to_number, count, zones, now):
            return _never(refusal)
    open_hours = hours.of(space)
    refusal = hours.refusal(open_hours, zones, now) if open_hours else None
    if refusal is None or refusal.next_at is None:
        return _never(refusal) if refusal else None
    note = f"{refusal.message} It goes out {hours.when(refusal.next_at, zones[0])}."
    return Held(refusal.code, note, refusal.next_at)


# --- For the settings ----------------------------------------------------------------
def told_of_hours(
    workspace: Workspace, callee: Phone, now: datetime
) -> tuple[bool, str]:
    """Say whether a call to a number would go out now, and what time it is there."""
    zones = hours.zones(callee, "", workspace, now)
    open_hours = hours.of(workspace)
    refusal = hours.refusal(open_hours, zones, now) if open_hours else None
    return refusal is None, hours.clock(now, zones[0])
