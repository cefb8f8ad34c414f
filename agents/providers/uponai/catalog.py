"""Reading UponAI's agents: the list names them, two more requests tell the rest.

Prompts live in LLMs whose endpoints are not part of the contract; the words of an agent
stay unknown here. Publishing a voice agent is not documented either, so no version is
called published.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

from agents.providers.base import (
    AgentFacts,
    Json,
    ProviderRefused,
    ProviderUnclear,
    VersionFacts,
)
from agents.providers.reading import mapping, rows, span, text, when
from agents.providers.uponai.line import LABEL, Line, part

# A thousand agents are some 2,000 requests, at this many a time.
LANES = 6
GONE = 404
PATH, LIMIT = "/api/agents", 1000


def agents(line: Line) -> Iterator[AgentFacts]:
    """Yield every agent once; the list may have a row for each of its versions."""
    rows_of: dict[str, list[Json]] = {}
    for row in _listed(line):
        if agent_id := text(row.get("agent_id"), 120):
            rows_of.setdefault(agent_id, []).append(row)
    waiting = iter(rows_of.items())
    with ThreadPoolExecutor(LANES) as lanes:
        while group := list(islice(waiting, LANES * 8)):
            found = lanes.map(partial(_agent, line), group)
            yield from (agent for agent in found if agent)


def _listed(line: Line) -> Iterator[Json]:
    """Yield the rows of every page; the ids of its last row are the key of the next."""
    after: Json = {}
    while True:
        answer = page(line, LIMIT, after)
        yield from rows(answer)
        last = rows(answer)[-1] if rows(answer) else {}
        key = {
            "paginationKey": text(last.get("agent_id"), 200),
            "paginationKeyVersion": span(last.get("version")),
        }
        if len(answer) < LIMIT or key == after:
            return
        after = key


def page(line: Line, limit: int, after: Json) -> list[Json]:
    """Return one page of the list: a bare array."""
    answer = line.read(PATH, workspaceId=line.workspace, limit=limit, **after)
    if not isinstance(answer, list):
        raise ProviderUnclear(f"{LABEL} answered without a list of agents.")
    return answer


def _agent(line: Line, listed: tuple[str, list[Json]]) -> AgentFacts | None:
    """Return one agent with its versions; None when it went away meanwhile."""
    agent_id, known = listed
    path = f"{PATH}/{part(agent_id)}"
    latest = mapping(_read(line, path))
    if not latest:
        return None
    newest = span(latest.get("version"))
    # Versions count from 0: there is nothing before the first.
    older = [] if newest == 0 else rows(_read(line, f"{path}/versions"))
    versions = {
        number: VersionFacts(number, changed_at=when(row.get("updated_at")))
        for row in (*known, *older)
        if (number := span(row.get("version"))) is not None
    }
    if newest is not None:
        versions[newest] = _newest(newest, latest)
    name = text(latest.get("agent_name"), 200) or _listed_name(known)
    return AgentFacts(
        agent_id, name or agent_id, tuple(versions[v] for v in sorted(versions))
    )


def _read(line: Line, path: str) -> Any:
    """Read something of an agent; None when it is not there (any more)."""
    try:
        return line.read(path, workspaceId=line.workspace)
    except ProviderRefused as error:
        if error.status == GONE:
            return None
        raise


def _newest(number: int, agent: Json) -> VersionFacts:
    return VersionFacts(
        number,
        voice=text(agent.get("voice_id"), 120),
        changed_at=when(agent.get("updated_at")),
    )


def _listed_name(known: list[Json]) -> str:
    """Return the name in the list's row of the highest version."""
    highest = max(known, key=lambda row: span(row.get("version")) or 0)
    return text(highest.get("agent_name"), 200)
