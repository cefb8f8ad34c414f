"""What our side cannot do: the agent, the caller number, the connection, the provider."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db.models import UUIDField

from agents.models import Direction
from agents.providers.registry import PROVIDERS
from calls.models import Call
from calls.plan import Plan, calls_with
from calls.refusals import Found, Refusal, Seen
from dashboard.prepared import Given, Prepared

MAX_WAITING = 20_000
# The code for a field that a provider cannot honour; the rest are overrides.
CODES_OF = {
    "to_number": "invalid_phone_number",
    "from_number": "no_phone_number",
    "variables": "invalid_variables",
    "sip_headers": "invalid_sip_header",
    "agent_version": "agent_version_not_found",
}


def agent(plan: Plan) -> Iterator[Found]:
    """Is there an agent, in the version wished?"""
    wish = plan.told
    if plan.agent:
        version = f", v{plan.version.version}" if plan.version else ""
        asked = wish.agent_id or "the agent bound outbound to the number"
        yield Seen("agent", asked, f"{plan.agent}{version}")
    if plan.agent is None and wish.agent_id:
        yield Refusal(
            "agent_not_found",
            f"There is no agent “{wish.agent_id}” in this workspace.",
            "Choose an agent from the list, or sync the connection it belongs to.",
            "agent_id",
        )
    elif plan.agent is None and wish.from_number.strip() and plan.number is None:
        yield _no_caller(wish.from_number, "Name an agent, or one of your numbers.")
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


def _no_caller(wanted: str, mend: str) -> Refusal:
    named = f" “{wanted}”" if wanted else ""
    words = f"There is no caller number{named} to call from."
    return Refusal("no_phone_number", words, mend, "from_number")


def caller(plan: Plan) -> Iterator[Found]:
    """Is there a number to call from, of the agent's own connection?"""
    wish = plan.told
    is_web = wish.type == "web"
    if plan.agent is None or (is_web and not wish.from_number.strip()):
        return
    if plan.from_number:
        reason = plan.number_reason or "named in the wish"
        yield Seen("caller number", reason, plan.from_number)
    is_free = wish.ignore_e164_validation and not is_web
    extension = is_free and 0 < len(wish.from_number) <= 40
    if plan.number is None and not extension:
        mend = "Choose one of your numbers, or sync the connection."
        yield _no_caller(wish.from_number, mend)
    elif plan.number and plan.number.connection_id != plan.agent.connection_id:
        yield Refusal(
            "no_phone_number",
            f"{plan.number} belongs to {plan.number.connection}, but {plan.agent} is "
            f"an agent of {plan.agent.connection}.",
            "Choose a number and an agent of the same connection.",
            "from_number",
        )


def own_caller(plan: Plan) -> Iterator[Found]:
    """An agent that brings its own number calls from no other."""
    number, agent = plan.number, plan.agent
    if number is None or agent is None or not agent.connection.kind.picks_caller:
        return
    if not calls_with(number, agent):
        yield Refusal(
            "no_phone_number",
            f"{agent} calls from the number that {agent.connection.kind.label} gave "
            f"it, and {number} is not that number.",
            f"Give {agent} a number there and sync, or choose another agent.",
            "from_number",
        )


def bound(plan: Plan) -> Iterator[Found]:
    """Is anybody bound outbound to the number, where it calls only then?"""
    number = plan.number
    if number is None or not number.connection.kind.numbers_need_agents:
        return
    theirs = number.theirs.get(Direction.OUTBOUND) or {}
    is_bound = bool(number.binding(Direction.OUTBOUND) or theirs.get("agent_id"))
    saw = "an agent is bound" if is_bound else "nobody is bound"
    yield Seen("outbound agent", f"of {number.number}", saw)
    if not is_bound:
        label = number.connection.kind.label
        yield Refusal(
            "no_phone_number",
            f"{number} has no outbound agent, and at {label} a number without one "
            "calls nobody.",
            "Bind an agent to its calls out under Numbers, or use another number.",
            "from_number",
        )


def connection(plan: Plan) -> Iterator[Found]:
    """Is the connection switched on?"""
    if plan.connection:
        is_on = "on" if plan.connection.is_active else "switched off"
        yield Seen("connection", str(plan.connection), is_on)
    if plan.connection and not plan.connection.is_active:
        yield Refusal(
            "permission_denied",
            f"The connection {plan.connection} is switched off.",
            "An admin can switch it on under Connections.",
        )


def abilities(plan: Plan) -> Iterator[Found]:
    """Can the provider do all that is wished?"""
    if plan.connection is None:
        return
    kind, wish = plan.connection.kind, plan.told
    o = wish.overrides
    wanted = (
        (o.voice or o.model or o.opening_line or o.max_duration_ms)
        and not kind.has_overrides
        and ("invalid_override", "overrides for one call", "overrides"),
        o.raw
        and not (kind.has_overrides or kind.has_raw_fields)
        and ("invalid_override", "fields of its own for one call", "overrides"),
        wish.sip_headers
        and not kind.has_sip_headers
        and ("invalid_sip_header", "SIP headers", "sip_headers"),
        wish.trunk_name
        and not kind.has_trunks
        and ("invalid_override", "a choice of trunk", "trunk_name"),
        wish.variables
        and not kind.has_variables
        and ("invalid_variables", "variables for one call", "variables"),
        wish.type == "web"
        and not kind.has_web_calls
        and ("invalid_override", "web calls", "type"),
    )
    yield Seen("provider", kind.label, _asked_of(plan))
    for missing in wanted:
        if missing:
            code, what, field = missing
            yield Refusal(
                code, f"{kind.label} does not offer {what}.", "Leave it out.", field
            )
    field, why = plan.connection.client().refuse_wish(wish)
    if why:
        code = CODES_OF.get(field, "invalid_override")
        yield Refusal(code, why, "Leave it out, or choose another.", field)


def _asked_of(plan: Plan) -> str:
    """Name what is wished of the provider beside a plain call."""
    wish, o = plan.wish, plan.wish.overrides
    wanted = {
        "a web call": wish.type == "web",
        "overrides": o.voice or o.model or o.opening_line or o.max_duration_ms,
        "fields of its own": o.raw,
        "SIP headers": wish.sip_headers,
        "a trunk": wish.trunk_name,
        "variables": wish.variables,
    }
    return (
        ", ".join(name for name, is_wished in wanted.items() if is_wished) or "a call"
    )


def kept(plan: Plan) -> Iterator[Found]:
    """What of a client's dialect does the provider have no field for?"""
    for field, why in plan.kept:
        yield Seen("kept here", field, why)


def groups(plan: Plan) -> Iterator[Found]:
    """Are a client's overrides of the kinds its dialect has?

    Only where the provider states which there are. Who writes `raw` in our own API or
    on the form has asked for whatever the provider takes.
    """
    dialect = PROVIDERS.get(plan.dialect)
    if dialect is None or not dialect.override_groups:
        return
    known = ", ".join(sorted(dialect.override_groups))
    for name in sorted(set(plan.wish.overrides.raw) - dialect.override_groups):
        yield Refusal(
            "invalid_override",
            f"{dialect.label} has no overrides called “{name}”.",
            f"It has {known}.",
            "overrides",
        )


def limits(plan: Plan) -> Iterator[Found]:
    """Is there room in the queue?"""
    if plan.number is None:
        return
    is_full = _waits(MAX_WAITING).first(number=plan.number.pk) is not None
    yield Seen(
        "queue", f"at most {MAX_WAITING:,} waiting", "full" if is_full else "room"
    )
    if is_full:
        yield Refusal(
            "limit_exceeded",
            f"{MAX_WAITING:,} calls already wait for {plan.number}.",
            "Wait until some have gone out, or use another number.",
        )


@cache
def _waits(many: int) -> Prepared[Any]:
    """Return the question for one more call than so many that wait for a number."""
    waiting = Call.objects.waiting()
    rows = waiting.filter(phone_number=Given("number", UUIDField())).order_by()
    return Prepared(lambda: rows.values_list("pk")[many : many + 1])
