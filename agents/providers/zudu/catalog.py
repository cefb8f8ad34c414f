"""Reading Zudu's lists of agents and numbers, page by page (sections 3 and 4)."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from agents.providers.base import AgentFacts, Json, ProviderRefused, ProviderUnclear
from agents.providers.reading import mapping, text
from agents.providers.zudu import facts
from agents.providers.zudu.answers import data, goes_on, listed

# The largest page is undocumented for these lists; what is answered says its own size.
PAGE = 50
# A thousand agents are some 1,000 requests for their words, at this many a time.
LANES = 6
# Reading is safe to repeat.
PATIENCE = 3
GONE = 404

Ask = Callable[..., Any]


def read_page(
    ask: Ask, path: str, name: str, *, page: int = 0, limit: int = PAGE
) -> tuple[list[Json], bool]:
    """Return the rows of one page, and whether another follows; pages count from 0."""
    params = {"limit": limit, "page": page}
    answer = ask("GET", path, params=params, tries=PATIENCE if limit == PAGE else 1)
    found = listed(answer, name)
    if found is None:
        raise ProviderUnclear("Zudu AI answered without a list.")
    return found, goes_on(answer, page, len(found), limit)


def pages(ask: Ask, path: str, name: str) -> Iterator[Json]:
    """Yield the rows of every page; a page that comes twice is the last."""
    page, before = 0, list[Json]()
    while True:
        found, more = read_page(ask, path, name, page=page)
        if found == before:
            return
        yield from found
        if not more:
            return
        page, before = page + 1, found


# --- Agents --------------------------------------------------------------------------
def agents(ask: Ask) -> Iterable[AgentFacts]:
    """Yield every agent with its words, in the order of the list."""
    rows = iter(pages(ask, "/api/agents", "agents"))
    named = (row for row in rows if text(row.get("agent_id")))
    with ThreadPoolExecutor(LANES) as lanes:
        while group := list(islice(named, LANES * 8)):
            found = lanes.map(partial(_agent, ask), group)
            yield from (agent for agent in found if agent)


def _agent(ask: Ask, row: Json) -> AgentFacts | None:
    """Return one agent; None when it went away meanwhile. It has no versions there."""
    agent_id = text(row["agent_id"], 120)
    path = f"/api/agents/{quote(agent_id, safe='')}/full"
    try:
        answer = mapping(data(ask("GET", path, tries=PATIENCE)))
    except ProviderRefused as error:
        if error.status == GONE:
            return None
        raise
    whole = row | (mapping(answer.get("agent")) or answer)
    name = text(whole.get("agent_name"), 200) or agent_id
    return AgentFacts(agent_id, name, (facts.version(whole),))
