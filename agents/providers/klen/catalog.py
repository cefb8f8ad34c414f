"""Klen AI's agents, and the numbers that can be told from them.

Klen lists no numbers: an agent has at most one, and its role says in which direction it
is used (sheet, sections 3 and 4).
"""

from collections.abc import Iterable
from typing import Any

from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    Json,
    NumberFacts,
    VersionFacts,
)
from agents.providers.klen import words
from agents.providers.klen.facts import number_text
from agents.providers.reading import text


def agent_id(row: Json) -> str:
    """Return the assistant id; the database id of an agent that has none."""
    return text(row.get("assistant_id"), 120) or number_text(row.get("id"))


def agent(row: Json) -> AgentFacts:
    """Turn an agent object into facts. Klen has no versions: there is always one."""
    version = VersionFacts(
        version=0,
        is_published=True,
        voice=text(row.get("voice_id"), 120),
        model=text(row.get("model"), 120),
    )
    return AgentFacts(agent_id(row), name(row), (version,))


def name(row: Json) -> str:
    """Return what the agent is called."""
    return text(row.get("name"), 200) or agent_id(row)


def is_mute(row: Json) -> bool:
    """Tell whether Klen says that the agent cannot make calls."""
    return row.get("can_make_calls") is False


def numbers(agents: Iterable[Json]) -> list[NumberFacts]:
    """Return the agents' numbers, each once, with who answers and who calls.

    An agent that cannot make calls is not bound outbound, so that no call is tried.
    """
    users: dict[str, list[Json]] = {}
    for row in agents:
        if number := text(row.get("phone_number"), 20).strip():
            users.setdefault(number, []).append(row)
    return [_number(number, rows) for number, rows in users.items()]


def _number(number: str, users: list[Json]) -> NumberFacts:
    callers = [row for row in users if row.get("role") != words.INBOUND_ROLE]
    answering = [row for row in users if row.get("role") != words.OUTBOUND_ROLE]
    mute = [name(row) for row in callers if is_mute(row)]
    return NumberFacts(
        number=number,
        inbound=_binding(answering),
        outbound=_binding([row for row in callers if not is_mute(row)]),
        trouble=f"{', '.join(mute)} cannot make calls, Klen AI says." if mute else "",
    )


def _binding(users: list[Json]) -> BindingFacts:
    """Return who is bound; of several agents the first, and all of them in `weights`."""
    if not users:
        return BindingFacts()
    shared: tuple[Any, ...] = tuple({"agent_id": agent_id(row)} for row in users)
    return BindingFacts(agent_id(users[0]), None, shared if len(users) > 1 else ())
