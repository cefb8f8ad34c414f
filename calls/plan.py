"""A wish to call, understood: which agent, number, connection, contact and words.

`prepare` only looks things up; whether the call may go out is `calls/policy.py`'s word.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db.models import CharField, UUIDField

from agents import named, phone, shares
from agents.models import (
    Agent,
    AgentVersion,
    Carrier,
    Connection,
    Direction,
    PhoneNumber,
    fill_variables,
    find_variables,
)
from agents.phone import Phone
from agents.providers.base import LaunchWish
from calls import fitting, variables
from calls.models import Contact, Source
from calls.variables import Known
from dashboard.models import ApiKey, Member, User, Workspace
from dashboard.prepared import Given, Prepared

CONTACT = Prepared(
    lambda: Contact.objects.filter(
        workspace=Given("workspace", UUIDField()), number=Given("number", CharField())
    ).order_by()[:1]
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One `{{variable}}` of the agent: its value and where that came from.

    `origin` is typed, contact, business or missing.
    """

    name: str
    value: str
    origin: str


@dataclass(slots=True)
class Plan:
    """Everything known about a launch before it is one. What was not found is None."""

    workspace: Workspace
    wish: LaunchWish
    source: str
    dialect: str = ""
    member: Member | None = None
    api_key: ApiKey | None = None
    phone: Phone | None = None
    contact: Contact | None = None
    # The contact was named; else it is the one who has the number.
    names_contact: bool = False
    agent: Agent | None = None
    version: AgentVersion | None = None
    number: PhoneNumber | None = None
    number_reason: str = ""
    connection: Connection | None = None
    variables: list[Variable] = field(default_factory=list)
    # What need not be typed, as the contact or the business says it.
    known: dict[str, Known] = field(default_factory=dict)
    asked_at: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    scheduled_at: datetime | None = None
    # What of the wish the provider is told; what stays here, and why (`fitting`).
    told: LaunchWish = field(init=False)
    kept: tuple[fitting.Kept, ...] = ()
    # What the gate saw when it was asked, to be kept with the call.
    evidence: list[dict[str, str]] = field(default_factory=list)
    # What a person should know before the call, though it may go out.
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.told = self.wish

    @property
    def goes_at(self) -> datetime:
        """When it is to go out: now, or at the time it is scheduled for."""
        return max(self.asked_at, self.scheduled_at or self.asked_at)

    @property
    def user(self) -> User | None:
        """The person who launches."""
        return self.member.user if self.member else None

    @property
    def to_number(self) -> str:
        """The number to dial: E.164, or as written where the check is skipped."""
        if self.phone and not self.wish.ignore_e164_validation:
            return self.phone.e164
        return self.wish.to_number.strip()

    @property
    def from_number(self) -> str:
        """The number shown to the person called."""
        return self.number.number if self.number else self.told.from_number.strip()

    @property
    def knows_words(self) -> bool:
        """Whether the agent's words are known here, and so its variables."""
        version = self.version
        return bool(version and (version.prompt or version.opening_line))

    @property
    def values(self) -> dict[str, str]:
        """Every variable with a value, the agent's own and any other given."""
        given = {name: str(value) for name, value in self.wish.variables.items()}
        return given | {v.name: v.value for v in self.variables if v.value}

    @property
    def opening_line(self) -> str:
        """The first thing the person called will hear."""
        line = self.wish.overrides.opening_line
        if not line and self.version:
            line = self.version.opening_line
        return fill_variables(line, self.values)


def prepare(
    workspace: Workspace,
    wish: LaunchWish,
    *,
    source: str = Source.BUTTON,
    dialect: str = "",
    member: Member | None = None,
    api_key: ApiKey | None = None,
    contact: Contact | None = None,
    scheduled_at: datetime | None = None,
) -> Plan:
    """Look up everything the wish names, and choose what it leaves open."""
    plan = Plan(workspace, wish, source, dialect, member, api_key, contact=contact)
    plan.names_contact = contact is not None
    plan.scheduled_at = scheduled_at
    if wish.to_number:
        plan.phone = phone.parse(wish.to_number, workspace.country)
    if plan.phone and not contact:
        plan.contact = _contact(workspace, plan.phone.e164)
    if wish.agent_id:
        plan.agent = named.agent(workspace, wish.agent_id)
    plan.number = _named_number(plan)
    if not wish.agent_id:
        plan.agent = _bound_agent(plan)
    if plan.agent:
        plan.connection = plan.agent.connection
        if plan.number and plan.number.connection_id == plan.connection.pk:
            plan.number.connection = plan.connection
        if fitting.is_foreign(dialect, plan.connection.kind):
            plan.told, plan.kept = fitting.fit(wish, plan.connection.client())
        plan.version = _pinned(plan) or _version(plan.agent, plan.told.agent_version)
        if not plan.told.from_number and wish.type == "phone":
            plan.number, plan.number_reason = _best_number(plan)
    plan.variables = _variables(plan)
    return plan


def _contact(workspace: Workspace, number: str) -> Contact | None:
    """Return the workspace's contact who has the number."""
    found = CONTACT.first(workspace=workspace.pk, number=number)
    if found is not None:
        found.workspace = workspace
    return found


def _named_number(plan: Plan) -> PhoneNumber | None:
    """Return our number that the wish names, in any format; None: not ours or none.

    Where several connections have it, that of the agent named.
    """
    written = plan.wish.from_number.strip()
    if not written:
        return None
    read = phone.parse(written, plan.workspace.country)
    wanted = {written} | ({read.e164} if read else set())
    found = named.numbers(plan.workspace, wanted)
    speaks_at = plan.agent.connection_id if plan.agent else None
    best = [row for row in found if row.connection_id == speaks_at]
    return next(iter(best or found), None)


def _bound_agent(plan: Plan) -> Agent | None:
    """Return the agent bound outbound to the number."""
    bound = plan.number.binding(Direction.OUTBOUND) if plan.number else None
    return named.agent(plan.workspace, str(bound.agent_id)) if bound else None


def _pinned(plan: Plan) -> AgentVersion | None:
    """Return the version that the number is bound with, where the wish names nothing."""
    wish, number, agent = plan.wish, plan.number, plan.agent
    if wish.agent_id or wish.agent_version is not None or not (number and agent):
        return None
    bound = number.binding(Direction.OUTBOUND)
    is_pinned = bound is not None and bound.version is not None
    return agent.version(bound.version) if bound and is_pinned else None


def _version(agent: Agent, wanted: int | str | None) -> AgentVersion | None:
    """Return the version wanted: a number, "latest", "latest_published" or None."""
    if wanted == "latest_published":
        return agent.versions.filter(is_published=True).order_by("-version").first()
    if wanted in (None, "", "latest"):
        return named.latest(agent)
    is_number = re.fullmatch(r"[0-9]{1,9}", str(wanted))
    return agent.version(int(wanted)) if is_number else None


def _best_number(plan: Plan) -> tuple[PhoneNumber | None, str]:
    """Choose the caller number and say why, in words."""
    agent = plan.agent
    if agent is None:
        return None, ""
    numbers = named.numbers_with(agent)
    if plan.wish.ignore_e164_validation:
        # Only these dial what is no whole number.
        numbers = [n for n in numbers if n.carrier == Carrier.CUSTOM] or numbers
    country = plan.phone.country if plan.phone else ""
    bound = [n for n in numbers if calls_with(n, agent)]
    name = agent.name
    choices: Iterable[tuple[Iterable[PhoneNumber], str]] = (
        # Looked at one by one: there may be thousands, and to read one takes a while.
        (
            _local(bound, country),
            f"{name} calls out from it, and it is local to the person called",
        ),
        (bound, f"{name} calls out from it"),
        (_local(numbers, country), "it is in the same country as the person called"),
        (numbers, f"it is the first number of {agent.connection.name}"),
    )
    firsts = ((next(iter(found), None), why) for found, why in choices)
    return next(((number, why) for number, why in firsts if number), (None, ""))


def _local(numbers: Iterable[PhoneNumber], country: str) -> Iterator[PhoneNumber]:
    """Yield the numbers that are in the country of the person called."""
    return (n for n in numbers if country and _country(n) == country)


def calls_with(number: PhoneNumber, agent: Agent) -> bool:
    """Tell whether the agent is bound outbound to the number, alone or with others."""
    bound = number.binding(Direction.OUTBOUND)
    if bound is None:
        return False
    shared = shares.ids(bound.weights)
    return bound.agent_id == agent.pk or agent.provider_agent_id in shared


def _country(number: PhoneNumber) -> str:
    read = phone.parse(number.number)
    return read.country if read else ""


def _variables(plan: Plan) -> list[Variable]:
    """Return the agent's variables, the missing ones first.

    There are none where the provider takes none. Where the agent's words are not known,
    nor are its variables: it is told what the workspace has defined and has a value.
    """
    if plan.connection and not plan.connection.kind.has_variables:
        return []
    names = list(plan.version.variables) if plan.version else []
    names += find_variables(plan.wish.overrides.opening_line)
    asks = any(name.startswith(variables.OF_THE_BUSINESS) for name in names)
    rows = variables.defined(plan.workspace) if asks or not plan.knows_words else []
    plan.known = variables.known(plan.contact, rows)
    if not plan.knows_words:
        names += [row.placeholder for row in rows if row.placeholder in plan.known]
    typed = {name: str(value) for name, value in plan.wish.variables.items()}
    told = [_variable(name, typed, plan.known) for name in dict.fromkeys(names)]
    return sorted(told, key=lambda row: row.origin != "missing")


def _variable(name: str, typed: dict[str, str], known: dict[str, Known]) -> Variable:
    if typed.get(name):
        return Variable(name, typed[name], "typed")
    if name in known:
        return Variable(name, known[name].value, known[name].origin)
    return Variable(name, "", "missing")
