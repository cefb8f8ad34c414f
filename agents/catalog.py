"""Making our rows of agents and their versions say what a provider told.

A thousand agents go in parts: each is compared first, and what differs is written in
one short transaction, so that calls never wait for a sync.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import models, transaction

from agents.models import Agent, AgentVersion, Connection, find_variables
from agents.providers.base import AgentFacts, VersionFacts

# Rows that are compared and written at once.
PART = 250
# What a version is called, and what it says.
LABELS = ("is_published", "title")
WORDS = ("prompt", "opening_line", "voice", "model", "language")

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)


@dataclass(slots=True)
class Counts:
    """How many rows of one kind a sync touched."""

    added: int = 0
    changed: int = 0
    retired: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class _Found:
    """What differs in one part; `agents` holds the ids of those touched."""

    new: list[AgentVersion] = field(default_factory=list)
    stale: list[AgentVersion] = field(default_factory=list)
    gone: list[AgentVersion] = field(default_factory=list)

    @property
    def agents(self) -> set[Any]:
        """The ids of the agents whose versions differ."""
        return {row.agent_id for row in (*self.new, *self.stale, *self.gone)}


def keep(connection: Connection, told: Iterable[AgentFacts], now: datetime) -> Counts:
    """Keep the agents told of; those that are no longer there are retired."""
    facts = {fact.agent_id: fact for fact in told}
    counts = Counts()
    for part in parts(facts):
        _keep_part(connection, {key: facts[key] for key in part}, now, counts)
    # What clients of ours made here was never at the provider.
    there = connection.agents.current().values_list("pk", "provider_agent_id")
    ours = set(there.filter(settings__made_here=True).values_list("pk", flat=True))
    gone = [pk for pk, key in there if key not in facts and pk not in ours]
    for some in parts(gone):
        rows = connection.agents.filter(pk__in=some)
        counts.retired += rows.update(retired_at=now, changed_at=now)
    return counts


def parts(rows: Iterable[T], size: int = PART) -> Iterator[list[T]]:
    """Yield the rows some at a time."""
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


def _keep_part(
    connection: Connection, facts: dict[str, AgentFacts], now: datetime, counts: Counts
) -> None:
    rows = connection.agents.filter(provider_agent_id__in=facts)
    known = {row.provider_agent_id: row for row in rows.prefetch_related("versions")}
    fresh = [_new_agent(connection, f) for key, f in facts.items() if key not in known]
    owners = known | {agent.provider_agent_id: agent for agent in fresh}
    new = {agent.pk for agent in fresh}
    found = _differing([(owners[key], f.versions) for key, f in facts.items()], new)
    touched = found.agents
    stale = [
        agent
        for key, agent in known.items()
        if _renew_agent(agent, facts[key]) or agent.pk in touched
    ]
    for agent in stale:
        agent.changed_at = now
    if fresh or stale:
        with transaction.atomic():
            Agent.objects.bulk_create(fresh)
            overwrite(stale, ["name", "retired_at", "changed_at"])
            AgentVersion.objects.bulk_create(found.new)
            overwrite(found.stale, [*LABELS, *WORDS, "variables"])
            gone = [row.pk for row in found.gone]
            AgentVersion.objects.filter(pk__in=gone).delete()
    counts.added += len(fresh)
    counts.changed += len(stale)
    counts.unchanged += len(known) - len(stale)


def overwrite(rows: Sequence[M], fields: Sequence[str]) -> None:
    """Write some fields of rows that are there, in few statements.

    An insert that meets its own row: far faster than `bulk_update`.
    """
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=["pk"], update_fields=fields
        )


def _new_agent(connection: Connection, facts: AgentFacts) -> Agent:
    return Agent(
        workspace_id=connection.workspace_id,
        connection=connection,
        provider_agent_id=facts.agent_id,
        name=_agent_name(facts),
    )


def _agent_name(facts: AgentFacts) -> str:
    return str(fit(Agent, "name", facts.name or facts.agent_id))


def _renew_agent(agent: Agent, facts: AgentFacts) -> bool:
    """Take over what is told of an agent; True when that changed anything."""
    name = _agent_name(facts)
    changed = agent.name != name or agent.retired_at is not None
    agent.name, agent.retired_at = name, None
    return changed


def _differing(
    told: Iterable[tuple[Agent, Sequence[VersionFacts]]], fresh: set[Any]
) -> _Found:
    """Compare versions with what was told of them."""
    found = _Found()
    for agent, versions in told:
        rows = [] if agent.pk in fresh else agent.versions.all()
        known = {row.version: row for row in rows}
        facts = {fact.version: fact for fact in versions}
        found.new += [
            _new_version(agent, f) for v, f in facts.items() if v not in known
        ]
        both = ((known[v], f) for v, f in facts.items() if v in known)
        found.stale += [row for row, fact in both if _renew_version(row, fact)]
        # "Latest" is the highest number, so one the provider deleted must go.
        found.gone += [row for v, row in known.items() if facts and v not in facts]
    return found


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
    after = [fit(AgentVersion, name, getattr(facts, name)) for name in names]
    if after == [getattr(row, name) for name in names]:
        return False
    for name, value in zip(names, after, strict=True):
        setattr(row, name, value)
    row.variables = find_variables(row.opening_line, row.prompt)
    return True


def fit(model: type[models.Model], name: str, value: Any) -> Any:
    """Return the value, cut to what the column can hold."""
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return value[:longest] if isinstance(value, str) else value
