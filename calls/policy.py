"""May this call go out? The only module that refuses a launch.

Every way to launch (button, API, list, retry) asks `check`; the same answer feeds the
strip on the call form and the evidence kept with the call.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict

from agents import phone
from agents.models import E164, Carrier
from agents.providers.reading import kept
from calls.models import Call, Contact
from calls.plan import Plan
from calls.refusals import Refusal
from dashboard.models import Workspace

SIP_NAME = re.compile(r"[Xx]-[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VARIABLE_NAME = re.compile(r"[A-Za-z_][\w.-]*")
MAX_DURATION_MS = (60_000, 7_200_000)
MAX_WAITING = 20_000


def check(plan: Plan) -> list[Refusal]:
    """Return every reason why the call may not go out; an empty list lets it go."""
    return [refusal for look in CHECKS for refusal in look(plan)]


def barred_since(call: Call) -> str:
    """Say why a waiting call may not go out any more; empty: it may.

    Asked again just before the dial: somebody may have asked not to be called since.
    """
    written = phone.e164(call.to_number, call.workspace.country)
    refusal = _barred(call.workspace, call.contact, (call.to_number, written))
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


def _may_launch(plan: Plan) -> Iterator[Refusal]:
    if plan.user is None:
        return
    member = plan.workspace.members.filter(user=plan.user).first()
    if member is None or not member.may("launch"):
        yield Refusal(
            "permission_denied",
            "You may read calls, but not launch them.",
            "Ask an admin to make you a sales manager.",
        )


def _number(plan: Plan) -> Iterator[Refusal]:
    wish = plan.wish
    if wish.type == "web":
        return
    if not wish.to_number.strip():
        yield Refusal(
            "missing_phone_number",
            "There is no number to call.",
            "Type a name or a number.",
            "to_number",
        )
    elif wish.ignore_e164_validation:
        yield from _unchecked_number(plan)
    elif plan.phone is None or not re.fullmatch(E164, plan.phone.e164):
        yield Refusal(
            "invalid_phone_number",
            f"“{wish.to_number}” is not a phone number.",
            "Write it with its country code, for example +1 415 555 0100.",
            "to_number",
        )


def _unchecked_number(plan: Plan) -> Iterator[Refusal]:
    number = plan.number
    if number is not None and number.carrier != Carrier.CUSTOM:
        yield Refusal(
            "invalid_phone_number",
            f"The E.164 check can only be skipped on custom telephony; {number} is "
            f"carried by {number.get_carrier_display()}.",
            "Choose a custom telephony number, or leave the check on.",
            "ignore_e164_validation",
        )
    elif not re.fullmatch(r"[+*#\w.@:-]{1,40}", plan.to_number):
        yield Refusal(
            "invalid_phone_number",
            f"“{plan.to_number}” cannot be dialled.",
            "Use up to 40 digits or letters, without spaces.",
            "to_number",
        )


def _agent(plan: Plan) -> Iterator[Refusal]:
    wish = plan.wish
    if plan.agent is None and wish.agent_id:
        yield Refusal(
            "agent_not_found",
            f"There is no agent “{wish.agent_id}” in this workspace.",
            "Choose an agent from the list, or sync the connection it belongs to.",
            "agent_id",
        )
    elif plan.agent is None:
        yield Refusal(
            "missing_agent_id",
            "No agent is chosen, and the number has no outbound agent.",
            "Choose an agent, or bind one to the number.",
            "agent_id",
        )
    elif plan.version is None and wish.agent_version not in (None, ""):
        yield Refusal(
            "agent_version_not_found",
            f"{plan.agent} has no version {wish.agent_version}.",
            "Choose “latest” or one of its versions.",
            "agent_version",
        )


def _caller(plan: Plan) -> Iterator[Refusal]:
    wish = plan.wish
    if wish.type == "web" or plan.agent is None:
        return
    extension = wish.ignore_e164_validation and 0 < len(wish.from_number) <= 40
    if plan.number is None and not extension:
        wanted = f" “{wish.from_number}”" if wish.from_number else ""
        yield Refusal(
            "no_phone_number",
            f"There is no caller number{wanted} to call from.",
            "Choose one of your numbers, or sync the connection.",
            "from_number",
        )
    elif plan.number and plan.number.connection_id != plan.agent.connection_id:
        yield Refusal(
            "no_phone_number",
            f"{plan.number} belongs to {plan.number.connection}, but {plan.agent} is "
            f"an agent of {plan.agent.connection}.",
            "Choose a number and an agent of the same connection.",
            "from_number",
        )


def _connection(plan: Plan) -> Iterator[Refusal]:
    if plan.connection and not plan.connection.is_active:
        yield Refusal(
            "permission_denied",
            f"The connection {plan.connection} is switched off.",
            "An admin can switch it on under Connections.",
        )


def _do_not_call(plan: Plan) -> Iterator[Refusal]:
    # The number as it is dialled, and as it is understood: 001415… is +1415….
    numbers = (plan.to_number, plan.phone.e164 if plan.phone else "")
    refusal = _barred(plan.workspace, plan.contact, numbers)
    if refusal:
        yield refusal


def _barred(
    workspace: Workspace, contact: Contact | None, numbers: tuple[str, ...]
) -> Refusal | None:
    """Refuse the contact or the numbers (as dialled first) that must not be called."""
    asked = workspace.contacts.filter(number__in=numbers, do_not_call=True)
    if contact and contact.do_not_call:
        asked = workspace.contacts.filter(pk=contact.pk)
    if found := asked.first():
        return Refusal(
            "do_not_call",
            f"{found} asked not to be called.",
            "Only if they agreed to calls again: edit the contact.",
            "to_number",
        )
    if workspace.suppressions.filter(number__in=numbers).exists():
        return Refusal(
            "do_not_call",
            f"{phone.pretty(numbers[0])} is on the do-not-call list.",
            "Only if they agreed to calls again: an admin can take it off the list.",
            "to_number",
        )
    return None


def _country(plan: Plan) -> Iterator[Refusal]:
    number, callee = plan.number, plan.phone
    if not number or not callee or not number.countries:
        return
    if callee.country not in number.countries:
        allowed = ", ".join(number.countries)
        yield Refusal(
            "country_not_allowed",
            f"{number} may not call {phone.country_name(callee.country)}.",
            f"It may call {allowed}. An admin can allow more under Numbers.",
            "to_number",
        )


def _sip_headers(plan: Plan) -> Iterator[Refusal]:
    for name, value in plan.wish.sip_headers.items():
        text = str(value)
        if not SIP_NAME.fullmatch(name):
            problem = f"The SIP header “{name}” does not begin with X-."
        elif not isinstance(value, str) or not text.isprintable():
            problem = f"The value of {name} must be one line of text."
        elif len(name) + len(text) > 1000:
            problem = f"The SIP header {name} is longer than 1000 characters."
        else:
            continue
        yield Refusal(
            "invalid_sip_header",
            problem,
            "Use names such as X-Campaign and short text values.",
            "sip_headers",
        )


def _variables(plan: Plan) -> Iterator[Refusal]:
    for name, value in plan.wish.variables.items():
        if VARIABLE_NAME.fullmatch(name) and isinstance(value, str):
            continue
        yield Refusal(
            "invalid_variables",
            f"The variable “{name}” must have a plain name and a text value.",
            "Names are letters, digits and _; write numbers as text.",
            "variables",
        )


def _free_fields(plan: Plan) -> Iterator[Refusal]:
    wish = asdict(plan.wish)
    for name in ("variables", "metadata", "overrides", "sip_headers"):
        if kept(wish[name]) != wish[name]:
            yield Refusal(
                "invalid_json",
                f"The {name.replace('_', ' ')} hold something that cannot be kept.",
                "Leave out NUL, half characters and NaN; nest at most 30 levels.",
                name,
            )


def _overrides(plan: Plan) -> Iterator[Refusal]:
    limit = plan.wish.overrides.max_duration_ms
    low, high = MAX_DURATION_MS
    if limit is not None and not low <= limit <= high:
        yield Refusal(
            "invalid_override",
            "The maximum duration must be between 1 and 120 minutes.",
            "Choose another duration, or leave it to the agent.",
            "overrides",
        )


def _abilities(plan: Plan) -> Iterator[Refusal]:
    if plan.connection is None:
        return
    kind, wish = plan.connection.kind, plan.wish
    o = wish.overrides
    wanted = (
        (o.voice or o.model or o.opening_line or o.max_duration_ms or o.raw)
        and not kind.has_overrides
        and ("invalid_override", "overrides for one call", "overrides"),
        wish.sip_headers
        and not kind.has_sip_headers
        and ("invalid_sip_header", "SIP headers", "sip_headers"),
        wish.trunk_name
        and not kind.has_trunks
        and ("invalid_override", "a choice of trunk", "trunk_name"),
        wish.type == "web"
        and not kind.has_web_calls
        and ("invalid_override", "web calls", "type"),
    )
    for missing in wanted:
        if missing:
            code, what, field = missing
            yield Refusal(
                code, f"{kind.label} does not offer {what}.", "Leave it out.", field
            )


def _limits(plan: Plan) -> Iterator[Refusal]:
    if plan.number is None:
        return
    waiting = Call.objects.waiting().filter(phone_number=plan.number)
    if waiting[MAX_WAITING : MAX_WAITING + 1].exists():
        yield Refusal(
            "limit_exceeded",
            f"{MAX_WAITING:,} calls already wait for {plan.number}.",
            "Wait until some have gone out, or use another number.",
        )


CHECKS: tuple[Callable[[Plan], Iterator[Refusal]], ...] = (
    _may_launch,
    _number,
    _agent,
    _caller,
    _connection,
    _do_not_call,
    _country,
    _sip_headers,
    _variables,
    _free_fields,
    _overrides,
    _abilities,
    _limits,
)
