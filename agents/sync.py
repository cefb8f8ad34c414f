"""Bringing a connection's agents and numbers here as the provider has them."""

import re
from collections.abc import Iterable, Sequence, Sized
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from agents.models import (
    E164,
    Agent,
    AgentVersion,
    Binding,
    Carrier,
    Connection,
    Direction,
    PhoneNumber,
    find_variables,
)
from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    Check,
    Json,
    NumberFacts,
    ProviderError,
    VersionFacts,
)

BATCH = 500
# What a version is called, and what it says.
LABELS = ("is_published", "title")
WORDS = ("prompt", "opening_line", "voice", "model", "language")


@dataclass(slots=True)
class Counts:
    """How many rows of one kind a sync touched."""

    added: int = 0
    changed: int = 0
    retired: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class SyncCounts:
    """What one sync did."""

    agents: Counts = field(default_factory=Counts)
    numbers: Counts = field(default_factory=Counts)


def sync(connection: Connection, now: datetime | None = None) -> SyncCounts:
    """Fetch everything and keep it. Safe to run twice, and by two people at once.

    A ProviderError is kept on the row, in words, and raised again.
    """
    try:
        client = connection.client()
        agents, numbers = list(client.list_agents()), list(client.list_numbers())
    except ProviderError as error:
        connection.sync_error = error.message
        connection.save(update_fields=["sync_error"])
        raise
    return keep(connection, agents, numbers, now or timezone.now())


def check(connection: Connection, now: datetime | None = None) -> list[Check]:
    """Try the account; keep what was found, in words."""
    try:
        checks = connection.client().check()
    except ProviderError as error:
        _keep_checks(connection, [Check("Connection", False, error.message)], now)
        raise
    _keep_checks(connection, checks, now)
    return checks


def _keep_checks(
    connection: Connection, checks: Sequence[Check], now: datetime | None
) -> None:
    connection.check_results = [asdict(check) for check in checks]
    connection.checked_at = now or timezone.now()
    connection.save(update_fields=["check_results", "checked_at"])


def keep(
    connection: Connection,
    agents: Iterable[AgentFacts],
    numbers: Iterable[NumberFacts],
    now: datetime,
) -> SyncCounts:
    """Make our rows say what the provider told us."""
    with transaction.atomic():
        # Two syncs at once would both add what is new. Numbers before their connection,
        # as the dispatch locks them.
        rows = connection.numbers.order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk"))
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        counts = SyncCounts(
            agents=_keep_agents(connection, agents, now),
            numbers=_keep_numbers(connection, numbers, now),
        )
        connection.synced_at, connection.sync_error = now, ""
        connection.save(update_fields=["synced_at", "sync_error"])
    return counts


# --- Agents --------------------------------------------------------------------------
def _keep_agents(
    connection: Connection, told: Iterable[AgentFacts], now: datetime
) -> Counts:
    rows = connection.agents.prefetch_related("versions")
    known = {agent.provider_agent_id: agent for agent in rows}
    facts = {fact.agent_id: fact for fact in told}
    fresh = [_new_agent(connection, f) for key, f in facts.items() if key not in known]
    Agent.objects.bulk_create(fresh, batch_size=BATCH)
    owners = known | {agent.provider_agent_id: agent for agent in fresh}
    touched = _keep_versions(
        [(owners[key], fact.versions) for key, fact in facts.items()],
        {agent.pk for agent in fresh},
    )
    stale = [
        agent
        for key, agent in known.items()
        if key in facts and (_renew_agent(agent, facts[key]) or agent.pk in touched)
    ]
    gone = [a for key, a in known.items() if key not in facts and _is_theirs(a)]
    for agent in gone:
        agent.retired_at = now
    for agent in stale + gone:
        agent.changed_at = now
    fields = ["name", "retired_at", "changed_at"]
    Agent.objects.bulk_update(stale + gone, fields, batch_size=BATCH)
    return _counted(len(facts), fresh, stale, gone)


def _new_agent(connection: Connection, facts: AgentFacts) -> Agent:
    return Agent(
        workspace_id=connection.workspace_id,
        connection=connection,
        provider_agent_id=facts.agent_id,
        name=_agent_name(facts),
    )


def _agent_name(facts: AgentFacts) -> str:
    return str(_fit(Agent, "name", facts.name or facts.agent_id))


def _renew_agent(agent: Agent, facts: AgentFacts) -> bool:
    """Take over what is told of an agent; True when that changed anything."""
    name = _agent_name(facts)
    changed = agent.name != name or agent.retired_at is not None
    agent.name, agent.retired_at = name, None
    return changed


def _keep_versions(
    told: Iterable[tuple[Agent, Sequence[VersionFacts]]], fresh: set[Any]
) -> set[Any]:
    """Make the versions say what was told; return the ids of the agents touched."""
    new: list[AgentVersion] = []
    stale: list[AgentVersion] = []
    gone: list[AgentVersion] = []
    for agent, versions in told:
        rows = [] if agent.pk in fresh else agent.versions.all()
        known = {row.version: row for row in rows}
        facts = {fact.version: fact for fact in versions}
        new += [_new_version(agent, f) for v, f in facts.items() if v not in known]
        both = ((known[v], f) for v, f in facts.items() if v in known)
        stale += [row for row, fact in both if _renew_version(row, fact)]
        # "Latest" is the highest number, so one the provider deleted must go.
        gone += [row for v, row in known.items() if facts and v not in facts]
    AgentVersion.objects.bulk_create(new, batch_size=BATCH)
    fields = [*LABELS, *WORDS, "variables"]
    AgentVersion.objects.bulk_update(stale, fields, batch_size=BATCH)
    AgentVersion.objects.filter(pk__in=[row.pk for row in gone]).delete()
    return {row.agent_id for row in (*new, *stale, *gone)}


def _new_version(agent: Agent, facts: VersionFacts) -> AgentVersion:
    row = AgentVersion(agent=agent, version=facts.version)
    if facts.changed_at:
        row.created_at = facts.changed_at
    _renew_version(row, facts)
    return row


def _renew_version(row: AgentVersion, facts: VersionFacts) -> bool:
    """Take over what is told of a version; True when that changed anything.

    Of old versions some providers only say that they are there: their words stay.
    """
    names = LABELS + WORDS if any(getattr(facts, name) for name in WORDS) else LABELS
    before = [getattr(row, name) for name in names]
    after = [_fit(AgentVersion, name, getattr(facts, name)) for name in names]
    for name, value in zip(names, after, strict=True):
        setattr(row, name, value)
    row.variables = find_variables(row.opening_line, row.prompt)
    return before != after


# --- Numbers -------------------------------------------------------------------------
def _keep_numbers(
    connection: Connection, told: Iterable[NumberFacts], now: datetime
) -> Counts:
    known = {row.number: row for row in connection.numbers.all()}
    facts = {fact.number: fact for fact in told}
    fresh = [_new_number(connection, f) for key, f in facts.items() if key not in known]
    PhoneNumber.objects.bulk_create(fresh, batch_size=BATCH)
    _bind_fresh(connection, [(row, facts[row.number]) for row in fresh], now)
    both = [(known[key], fact) for key, fact in facts.items() if key in known]
    stale = [row for row, fact in both if _renew_number(row, fact)]
    gone = [n for key, n in known.items() if key not in facts and _is_theirs(n)]
    for row in gone:
        row.retired_at = now
    fields = ["label", "theirs", "retired_at"]
    PhoneNumber.objects.bulk_update(stale + gone, fields, batch_size=BATCH)
    return _counted(len(facts), fresh, stale, gone)


def _new_number(connection: Connection, facts: NumberFacts) -> PhoneNumber:
    # Only custom telephony has numbers that are not E.164.
    known = facts.carrier in Carrier.values and re.fullmatch(E164, facts.number)
    return PhoneNumber(
        workspace_id=connection.workspace_id,
        connection=connection,
        number=facts.number,
        label=_fit(PhoneNumber, "label", facts.label),
        carrier=facts.carrier if known else Carrier.CUSTOM,
        countries=list(facts.countries),
        theirs=theirs(facts),
    )


def _renew_number(row: PhoneNumber, facts: NumberFacts) -> bool:
    """Take over what is told of a number; True when that changed anything.

    Our bindings, carrier, countries and pace stay; so does a label a person changed.
    """
    before = (row.label, row.theirs, row.retired_at)
    if row.label == row.theirs.get("label", ""):
        row.label = _fit(PhoneNumber, "label", facts.label)
    row.theirs, row.retired_at = theirs(facts), None
    return before != (row.label, row.theirs, row.retired_at)


def _is_theirs(row: Agent | PhoneNumber) -> bool:
    """Whether a row still here came from the provider, not from a client of ours."""
    marks = row.settings if isinstance(row, Agent) else row.theirs
    return row.retired_at is None and not marks.get("made_here")


def theirs(facts: NumberFacts) -> Json:
    """Return what the provider has on a number, as it is kept."""
    return {
        Direction.INBOUND.value: _binding_json(facts.inbound),
        Direction.OUTBOUND.value: _binding_json(facts.outbound),
        "label": _fit(PhoneNumber, "label", facts.label),
    }


def _binding_json(facts: BindingFacts) -> Json:
    kept: Json = {"agent_id": facts.agent_id, "version": facts.version}
    return kept | ({"weights": list(facts.weights)} if facts.weights else {})


def _bind_fresh(
    connection: Connection,
    told: Iterable[tuple[PhoneNumber, NumberFacts]],
    now: datetime,
) -> None:
    """Take over what is bound to numbers that we see for the first time."""
    agents = {row.provider_agent_id: row for row in connection.agents.current()}
    sides = (
        (number, direction, binding)
        for number, facts in told
        for direction, binding in (
            (Direction.INBOUND, facts.inbound),
            (Direction.OUTBOUND, facts.outbound),
        )
    )
    Binding.objects.bulk_create(
        [
            Binding(
                number=number,
                direction=direction,
                agent=agents[binding.agent_id],
                version=binding.version,
                bound_at=now,
            )
            for number, direction, binding in sides
            if binding.agent_id in agents
        ],
        batch_size=BATCH,
    )


def _fit(model: type[models.Model], name: str, value: Any) -> Any:
    """Return the value, cut to what the column can hold."""
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return value[:longest] if isinstance(value, str) else value


def _counted(told: int, fresh: Sized, stale: Sized, gone: Sized) -> Counts:
    unchanged = told - len(fresh) - len(stale)
    return Counts(len(fresh), len(stale), len(gone), unchanged)
