"""May this call go out? The only module that refuses a launch.

Every way to launch (button, API, list, retry) asks `check`; the same answer feeds the
strip on the call form and the evidence kept with the call. What is looked at is in
`calls/gate/`.
"""

from collections.abc import Callable, Iterator

from agents import phone
from calls.gate import our_side, people, wish
from calls.models import Call
from calls.plan import Plan
from calls.refusals import Refusal

CHECKS: tuple[Callable[[Plan], Iterator[Refusal]], ...] = (
    people.may_launch,
    wish.number,
    our_side.agent,
    our_side.caller,
    our_side.own_caller,
    our_side.connection,
    people.do_not_call,
    people.country,
    wish.sip_headers,
    wish.variables,
    wish.free_fields,
    wish.overrides,
    our_side.abilities,
    our_side.limits,
)


def check(plan: Plan) -> list[Refusal]:
    """Return every reason why the call may not go out; an empty list lets it go."""
    return [refusal for look in CHECKS for refusal in look(plan)]


def barred_since(call: Call) -> str:
    """Say why a waiting call may not go out any more; empty: it may.

    Asked again just before the dial: somebody may have asked not to be called since.
    """
    written = phone.e164(call.to_number, call.workspace.country)
    refusal = people.barred(call.workspace, call.contact, (call.to_number, written))
    return f"{refusal.message} It did not go out." if refusal else ""


def evidence(plan: Plan, refusals: list[Refusal]) -> list[dict[str, str]]:
    """Say what was looked at and what was seen, to be kept with the call."""
    seen = {
        "number": plan.to_number,
        "country": plan.phone.country if plan.phone else "",
        "contact": plan.contact.name if plan.contact else "",
        "caller number": plan.from_number,
        "why this number": plan.number_reason,
        "do-not-call": "not on the list",
    }
    rows = [{"check": name, "saw": value} for name, value in seen.items() if value]
    return rows + [{"check": r.code, "saw": r.message} for r in refusals]
