"""Retell's agent endpoints, answered from our own agents."""

import uuid

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from agents.mirror import agent_facts, version_facts
from agents.models import Agent, AgentVersion, bind
from agents.providers.retell import filters, rendering
from agents.providers.voicewire.words import CALL_EVENTS
from calls.api import retell_llms
from calls.api.endpoints import FIELDS, endpoints, take_webhook
from calls.api.own_rows import (
    copy,
    draft,
    home,
    keep,
    kept,
    own,
    string,
    touch,
    versions,
)
from calls.api.retell_rows import find, is_ascending, llm_id, pick
from calls.api.visit import Action, Json, Problem, Visit

# What has a place of its own in our rows; the rest is only kept for the client.
KNOWN = {
    "agent_id",
    "agent_name",
    "version",
    "is_published",
    "version_title",
    "version_description",
    "voice_id",
    "last_modification_timestamp",
    "channel",
} | FIELDS
DIALECT = "retell"
ENGINES = ("retell-llm", "conversation-flow", "custom-llm")


# --- Reading -------------------------------------------------------------------------
def list_agents(visit: Visit) -> HttpResponse:
    """Return a page of the agents that are asked for."""
    limit = visit.number("limit", 50, 1000)
    written = visit.parameter("pagination_key") or "0"
    if not written.isascii() or not written.isdigit():
        raise Problem(400, "This pagination_key is none of ours.")
    start = int(written[:9])
    signs = ("created_at", "pk") if is_ascending(visit) else ("-created_at", "-pk")
    may_be, name = filters.agents_wanted(visit.body)
    rows = visit.workspace.agents.current().filter(name__icontains=name)
    rows = rows.for_list().order_by(*signs) if may_be else rows.none()
    found = list(rows[start : start + limit + 1])
    items = [rendering.agent_row(agent_facts(a), a.changed_at) for a in found[:limit]]
    return _listed(items, str(start + limit) if len(found) > limit else "")


def list_agents_v1(visit: Visit) -> HttpResponse:
    """Return an old SDK's list: every version as a whole agent, or the latest ones."""
    limit = visit.number("limit", 1000, 1000)
    agents = visit.workspace.agents.current().for_list().order_by("created_at", "pk")
    some = slice(-1, None) if visit.parameter("is_latest") == "true" else slice(None)
    rows = [(agent, row) for agent in agents for row in versions(agent)[some]]
    if key := visit.parameter("pagination_key"):
        rows = rows[_behind(rows, key, visit.parameter("pagination_key_version")) :]
    shown = [_shown(agent, row) for agent, row in rows[:limit]]
    return JsonResponse(shown, safe=False)


def _behind(rows: list[tuple[Agent, AgentVersion]], key: str, version: str) -> int:
    """Return the place after an agent's version, or after its last one."""
    places = [
        place
        for place, (agent, row) in enumerate(rows, start=1)
        if agent.provider_agent_id == key and version in ("", str(row.version))
    ]
    if not places:
        raise Problem(400, "This pagination_key is none of ours.")
    return places[-1]


def _listed(items: list[Json], following: str) -> HttpResponse:
    body: Json = {"items": items, "has_more": bool(following)}
    return JsonResponse(body | ({"pagination_key": following} if following else {}))


def get_agent(visit: Visit) -> HttpResponse:
    """Return one version of an agent, the latest where none is named."""
    agent = find(visit)
    return JsonResponse(_shown(agent, pick(agent, visit.parameter("version"))))


def _shown(agent: Agent, row: AgentVersion) -> Json:
    endpoint = endpoints(agent, DIALECT).first()
    told = kept(agent, "agent") | {
        "webhook_url": endpoint.url if endpoint else None,
        "webhook_events": (endpoint.events or None) if endpoint else None,
    }
    seen = version_facts(row, agent.changed_at)
    return rendering.agent(agent_facts(agent), seen, llm_id(agent), told)


def list_agent_versions(visit: Visit) -> HttpResponse:
    """Return a page of an agent's versions."""
    rows, limit = versions(find(visit)), visit.number("limit", 50, 1000)
    rows = rows if is_ascending(visit) else rows[::-1]
    if key := visit.parameter("pagination_key"):
        places = [at for at, row in enumerate(rows, 1) if str(row.version) == key]
        if not places:
            raise Problem(400, "This pagination_key is none of ours.")
        rows = rows[places[0] :]
    shown = [rendering.version_row(version_facts(row)) for row in rows[:limit]]
    following = str(shown[-1]["version"]) if len(rows) > limit else ""
    return _listed(shown, following)


def get_agent_versions(visit: Visit) -> HttpResponse:
    """Return an old SDK's versions: a bare array of whole agents."""
    agent = find(visit)
    return JsonResponse([_shown(agent, row) for row in versions(agent)], safe=False)


# --- Making and changing -------------------------------------------------------------
@transaction.atomic
def create_agent(visit: Visit) -> HttpResponse:
    """Make an agent with version 0, from a Retell LLM's words where there is one."""
    body = visit.body
    voice = string(body, "voice_id", 120, required=True) or ""
    engine = body.get("response_engine")
    if not isinstance(engine, dict) or engine.get("type") not in ENGINES:
        raise Problem(400, f"response_engine.type must be one of {', '.join(ENGINES)}.")
    source = retell_llms.words_of(visit.workspace, engine)
    agent = Agent(
        workspace=visit.workspace,
        connection=home(visit.workspace),
        provider_agent_id=f"agent_{uuid.uuid4().hex}",
        name=string(body, "agent_name", 200) or "Agent without a name",
        settings={"made_here": True},
    )
    keep(agent, "agent", body, KNOWN | {"response_engine"})
    _take_engine(agent, engine)
    agent.save()
    agent.versions.create(
        version=0,
        voice=voice,
        title=string(body, "version_title", 200) or "",
        language=_language(body) or "",
        prompt=source.prompt if source else "",
        opening_line=source.opening_line if source else "",
        model=source.model if source else "",
    )
    take_webhook(agent, body, DIALECT, CALL_EVENTS)
    visit.note("agent.created", agent.name, {}, {"id": agent.provider_agent_id})
    return JsonResponse(_shown(agent, pick(agent, None)), status=201)


def _take_engine(agent: Agent, engine: Json) -> None:
    """Note which LLM speaks; other engines are kept as they are."""
    if engine.get("type") == "retell-llm":
        agent.settings = agent.settings | {"llm_id": str(engine.get("llm_id", ""))}
        keep(agent, "agent", {"response_engine": None}, set())
    else:
        keep(agent, "agent", {"response_engine": engine}, set())


def _language(body: Json) -> str | None:
    language = body.get("language")
    first = language[0] if isinstance(language, list) and language else language
    return string({"language": first}, "language", 40)


@transaction.atomic
def update_agent(visit: Visit) -> HttpResponse:
    """Change the latest draft; where the latest is published, begin a new one."""
    agent, body = find(visit), visit.body
    if set(body) - FIELDS:
        _update_own(own(agent), visit)
    take_webhook(agent, body, DIALECT, CALL_EVENTS)
    touch(agent, "name", "settings")
    visit.note("agent.changed", agent.name, {}, {"fields": sorted(body)})
    return JsonResponse(_shown(agent, pick(agent, None)))


def _update_own(agent: Agent, visit: Visit) -> None:
    body, wanted = visit.body, visit.parameter("version")
    if wanted and pick(agent, wanted).is_published:
        raise Problem(400, "A published version cannot be changed.")
    row = pick(agent, wanted) if wanted else draft(agent)
    agent.name = string(body, "agent_name", 200) or agent.name
    keep(agent, "agent", body, KNOWN | {"response_engine"})
    engine = body.get("response_engine")
    if isinstance(engine, dict):
        _take_engine(agent, engine)
        source = retell_llms.words_of(visit.workspace, engine)
        if source:
            row.prompt, row.opening_line = source.prompt, source.opening_line
            row.model = source.model
    row.voice = string(body, "voice_id", 120) or row.voice
    row.title = string(body, "version_title", 200) or row.title
    row.language = _language(body) or row.language
    row.save()


@transaction.atomic
def delete_agent(visit: Visit) -> HttpResponse:
    """Retire the agent: no new calls, the old ones stay readable."""
    agent = own(find(visit))
    for binding in agent.bindings.filter(ended_at=None).select_related("number"):
        bind(binding.number, binding.direction, None)
    endpoints(agent, DIALECT).delete()
    agent.retired_at = timezone.now()
    touch(agent, "retired_at")
    visit.note("agent.deleted", agent.name, {"id": agent.provider_agent_id}, {})
    return HttpResponse(status=204)


# --- Versions ------------------------------------------------------------------------
@transaction.atomic
def create_agent_version(visit: Visit) -> HttpResponse:
    """Begin a new draft from a version."""
    agent = own(find(visit))
    row = copy(pick(agent, visit.body.get("base_version")))
    touch(agent)
    return JsonResponse(_shown(agent, row), status=201)


@transaction.atomic
def publish_agent_version(visit: Visit) -> HttpResponse:
    """Freeze a version."""
    agent = own(find(visit))
    if visit.body.get("version") is None:
        raise Problem(400, "version is required.")
    _publish(agent, pick(agent, visit.body["version"]), visit)
    return HttpResponse(status=200)


@transaction.atomic
def publish_agent(visit: Visit) -> HttpResponse:
    """Freeze the latest version, as old SDKs ask."""
    agent = own(find(visit))
    _publish(agent, pick(agent, None), visit)
    return HttpResponse(status=200)


def _publish(agent: Agent, row: AgentVersion, visit: Visit) -> None:
    row.is_published = True
    row.title = string(visit.body, "version_title", 200) or row.title
    row.save()
    touch(agent)
    visit.note("agent.published", agent.name, {}, {"version": row.version})


@transaction.atomic
def delete_agent_version(visit: Visit) -> HttpResponse:
    """Remove a draft."""
    agent = own(find(visit))
    row = pick(agent, visit.parameter("version"))
    if row.is_published or len(versions(agent)) == 1:
        raise Problem(400, "A published version, or the only one, cannot be deleted.")
    row.delete()
    touch(agent)
    return HttpResponse(status=204)


ACTIONS: dict[str, Action] = {
    "list_agents": ("agents:read", list_agents),
    "list_agents_v1": ("agents:read", list_agents_v1),
    "get_agent": ("agents:read", get_agent),
    "create_agent": ("agents:write", create_agent),
    "update_agent": ("agents:write", update_agent),
    "delete_agent": ("agents:write", delete_agent),
    "list_agent_versions": ("agents:read", list_agent_versions),
    "get_agent_versions": ("agents:read", get_agent_versions),
    "create_agent_version": ("agents:write", create_agent_version),
    "delete_agent_version": ("agents:write", delete_agent_version),
    "publish_agent_version": ("agents:write", publish_agent_version),
    "publish_agent": ("agents:write", publish_agent),
}
