"""Reading Retell's agents economically: a few requests each, several at once.

The list names agents only. For each of them we ask for the latest version and the
published one, with their words; older versions are listed without words.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from urllib.parse import quote

from agents.providers.base import AgentFacts, Json, ProviderRefused, VersionFacts
from agents.providers.reading import flag, mapping, moment, span, text

# A thousand agents are some 3,500 requests: about a minute, at this many a time.
LANES = 6
VOICE_ONLY = {"channel": {"type": "string", "op": "eq", "value": "voice"}}

GONE = (404, 422)

Read = Callable[..., Json]
ReadAll = Callable[..., Iterable[Json]]


def agents(read: Read, read_all: ReadAll) -> Iterator[AgentFacts]:
    """Yield every voice agent, in the order of the list."""
    listed = iter(
        read_all(
            "POST",
            "/v2/list-agents",
            json={"filter_criteria": VOICE_ONLY},
            params={"limit": 1000},
        )
    )
    voices = (row for row in listed if _is_voice(row))
    with ThreadPoolExecutor(LANES) as lanes:
        while group := list(islice(voices, LANES * 8)):
            found = lanes.map(partial(_agent, read, read_all), group)
            yield from (agent for agent in found if agent)


def _is_voice(row: Json) -> bool:
    return bool(text(row.get("agent_id"))) and row.get("channel", "voice") == "voice"


def _agent(read: Read, read_all: ReadAll, row: Json) -> AgentFacts | None:
    """Return one agent with its versions; None when it went away meanwhile."""
    agent_id = text(row["agent_id"], 120)
    part = quote(agent_id, safe="")
    try:
        latest = read(f"/get-agent/{part}")
        others = _other_versions(read_all, part, latest)
        versions = {row["version"]: row for row in others}
        newest = _version(read, latest)
        published = max(
            (v for v in versions if versions[v]["is_published"]), default=-1
        )
        if newest and not newest.is_published and published in versions:
            again = _version(read, read(f"/get-agent/{part}", version=published))
        else:
            again = None
    except ProviderRefused as error:
        if error.status in GONE:
            return None
        raise
    known = {v.version: v for v in (newest, again) if v}
    bare = {number: _bare(versions[number]) for number in versions}
    name = text(latest.get("agent_name"), 200) or text(row.get("agent_name"), 200)
    both = bare | known
    return AgentFacts(agent_id, name or agent_id, tuple(both[v] for v in sorted(both)))


def _other_versions(read_all: ReadAll, part: str, latest: Json) -> list[Json]:
    """Return the version list, which is only asked for where there is more than one."""
    if not span(latest.get("version")):
        return []
    path, params = f"/list-agent-versions/{part}", {"limit": 1000}
    rows = read_all("GET", path, params=params)
    return [
        {**row, "version": span(row.get("version")), "is_published": _published(row)}
        for row in rows
        if span(row.get("version")) is not None
    ]


def _published(row: Json) -> bool:
    return flag(row.get("is_published")) or False


def _bare(row: Json) -> VersionFacts:
    return VersionFacts(
        version=row["version"],
        is_published=row["is_published"],
        title=text(row.get("version_title"), 200),
        changed_at=moment(row.get("last_modification_timestamp")),
    )


def _version(read: Read, agent: Json) -> VersionFacts | None:
    """Return one version with its words, which live in the agent's Retell LLM."""
    version = span(agent.get("version"))
    if version is None:
        return None
    llm = _llm(read, mapping(agent.get("response_engine")))
    language = agent.get("language")
    return VersionFacts(
        version=version,
        is_published=_published(agent),
        prompt=text(llm.get("general_prompt")),
        opening_line=text(llm.get("begin_message")),
        voice=text(agent.get("voice_id"), 120),
        model=text(llm.get("model"), 120) or text(llm.get("s2s_model"), 120),
        language=text(
            language[0] if isinstance(language, list) and language else language, 40
        ),
        title=text(agent.get("version_title"), 200),
        changed_at=moment(agent.get("last_modification_timestamp")),
    )


def _llm(read: Read, engine: Json) -> Json:
    """Return the LLM behind an agent; other engines keep their words to themselves."""
    llm_id = text(engine.get("llm_id"))
    if engine.get("type") != "retell-llm" or not llm_id:
        return {}
    path = f"/get-retell-llm/{quote(llm_id, safe='')}"
    try:
        return read(path, version=span(engine.get("version")))
    except ProviderRefused as error:
        if error.status in GONE:
            return {}
        raise
