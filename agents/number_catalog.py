"""Making our rows of phone numbers say what a provider told, bindings included."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch

from agents.catalog import Counts, fit, overwrite, parts
from agents.drift import as_theirs, facts_of
from agents.models import (
    E164,
    Agent,
    Binding,
    Carrier,
    Connection,
    Direction,
    PhoneNumber,
)
from agents.providers.base import BindingFacts, Json, NumberFacts
from agents.setups import Keeper, Setup, keeper

Agents = Mapping[str, Agent]
# A number, a direction, and what the provider has bound there.
Told = tuple[PhoneNumber, str, BindingFacts]


def keep(connection: Connection, told: Iterable[NumberFacts], now: datetime) -> Counts:
    """Keep the numbers told of; those that are no longer there are retired."""
    facts = {fact.number: fact for fact in told}
    agents = {row.provider_agent_id: row for row in connection.agents.current()}
    counts = Counts()
    for part in parts(facts):
        some = {key: facts[key] for key in part}
        with transaction.atomic():
            _add(counts, _keep_part(connection, some, agents, now))
    there = connection.numbers.current().values_list("pk", "number", "theirs")
    # What clients of ours made here was never at the provider.
    gone = [
        pk
        for pk, number, theirs in there
        if number not in facts and not theirs.get("made_here")
    ]
    for lost in parts(gone):
        counts.retired += connection.numbers.filter(pk__in=lost).update(retired_at=now)
    return counts


def _add(counts: Counts, more: Counts) -> None:
    counts.added += more.added
    counts.changed += more.changed
    counts.unchanged += more.unchanged


def _keep_part(
    connection: Connection,
    facts: Mapping[str, NumberFacts],
    agents: Agents,
    now: datetime,
) -> Counts:
    known = {row.number: row for row in _locked(connection, list(facts))}
    fresh = [_new_number(connection, f) for key, f in facts.items() if key not in known]
    both = [(row, facts[key]) for key, row in known.items()]
    stale = [row for row, fact in both if _renew_number(row, fact)]
    moved = [told for row, fact in both for told in _moved(row, fact, agents)]
    PhoneNumber.objects.bulk_create(fresh)
    overwrite(stale, ["label", "theirs", "retired_at"])
    _unbind(moved, now)
    new = [told for row in fresh for told in _sides(row, facts[row.number])]
    _bind(new + moved, agents, now)
    changed = {row.pk for row in stale} | {row.pk for row, _, _ in moved}
    return Counts(len(fresh), len(changed), 0, len(known) - len(changed))


def _locked(connection: Connection, numbers: Sequence[str]) -> list[PhoneNumber]:
    """Return the rows of these numbers, locked as the dispatch does, in its order."""
    rows = connection.numbers.filter(number__in=numbers).order_by("pk")
    if any(keeper(connection, d) is Keeper.AGENTS for d in Direction.values):
        active = Binding.objects.filter(ended_at=None).select_related("agent")
        rows = rows.prefetch_related(Prefetch("bindings", active, "active_bindings"))
    return list(rows.select_for_update(no_key=True))


def _new_number(connection: Connection, facts: NumberFacts) -> PhoneNumber:
    # Only custom telephony has numbers that are not E.164.
    known = facts.carrier in Carrier.values and re.fullmatch(E164, facts.number)
    return PhoneNumber(
        workspace_id=connection.workspace_id,
        connection=connection,
        number=facts.number,
        label=fit(PhoneNumber, "label", facts.label),
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
        row.label = fit(PhoneNumber, "label", facts.label)
    row.theirs, row.retired_at = theirs(facts), None
    return before != (row.label, row.theirs, row.retired_at)


def theirs(facts: NumberFacts) -> Json:
    """Return what the provider has on a number, as it is kept."""
    kept: Json = {direction: as_theirs(told) for direction, told in _told(facts)}
    kept["label"] = fit(PhoneNumber, "label", facts.label)
    return kept | ({"trouble": facts.trouble} if facts.trouble else {})


def _told(facts: NumberFacts) -> tuple[tuple[str, BindingFacts], ...]:
    return (
        (Direction.INBOUND.value, facts.inbound),
        (Direction.OUTBOUND.value, facts.outbound),
    )


# --- Bindings ------------------------------------------------------------------------
def _sides(row: PhoneNumber, facts: NumberFacts) -> list[Told]:
    return [(row, direction, told) for direction, told in _told(facts)]


def _moved(row: PhoneNumber, facts: NumberFacts, agents: Agents) -> list[Told]:
    """Return the directions that are set at the provider only, where it has changed."""
    return [
        (number, direction, told)
        for number, direction, told in _sides(row, facts)
        if keeper(number.connection, direction) is Keeper.AGENTS
        and Setup.of(number).side(direction).facts() != _known(told, agents)
    ]


def _known(told: BindingFacts, agents: Agents) -> BindingFacts:
    """Return a binding; off where its agent is not known here."""
    return facts_of(as_theirs(told)) if told.agent_id in agents else BindingFacts()


def _unbind(moved: Iterable[Told], now: datetime) -> None:
    for direction in Direction.values:
        numbers = [row.pk for row, side, _ in moved if side == direction]
        rows = Binding.objects.filter(number__in=numbers, direction=direction)
        rows.filter(ended_at=None).update(ended_at=now)


def _bind(told: Iterable[Told], agents: Agents, now: datetime) -> None:
    """Take over what is bound there, where its agent is known here."""
    Binding.objects.bulk_create(
        Binding(
            number=row,
            direction=direction,
            agent=agents[facts.agent_id],
            version=facts.version,
            weights=list(facts.weights),
            bound_at=now,
        )
        for row, direction, facts in told
        if facts.agent_id in agents
    )
