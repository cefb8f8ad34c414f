"""What only UponAI's clients can do, answered from our own rows.

The history, changing a call, making and changing agents, and what the account allows.
"""

import uuid

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from agents.mirror import version_facts
from agents.models import Agent, AgentVersion
from agents.providers import bodies
from agents.providers.uponai import orders, rendering, server
from agents.providers.voicewire.words import CALL_EVENTS
from calls.api import call_filters, dialect
from calls.api.endpoints import FIELDS, endpoints, take_webhook
from calls.api.own_rows import home, keep, kept, own, string, touch
from calls.api.visit import Action, Json, Problem, Visit
from calls.records import record

# Also the part of an agent's settings that is kept for this dialect's clients.
DIALECT = "uponai"
NEW = {
    *("workspaceId", "agent_name", "voice_id", "response_engine"),
    *("response_threshold", "interruption_sensitivity", "ambient_sound"),
}
CHANGES = {
    *("workspaceId", "response_engine", "interruption_sensitivity"),
    *("max_call_duration_ms", "responsiveness"),
}
# Settings we keep and do not interpret, with their types.
KEPT: dict[str, tuple[type, ...]] = {
    "response_engine": (dict,),
    "response_threshold": (int, float),
    "interruption_sensitivity": (str,),
    "ambient_sound": (str,),
    "responsiveness": (str,),
    "max_call_duration_ms": (int,),
}


# --- Calls ---------------------------------------------------------------------------
def call_history(visit: Visit) -> HttpResponse:
    """Return a page of calls with numbers, recording, summary and cost."""
    server.need_workspace(visit.door)
    wish = server.list_wish(visit.door)
    rows = visit.workspace.calls.select_related("agent")
    page = call_filters.page(rows, wish, None)
    workspace = (server.workspace_id(visit.door), visit.workspace.name)
    shown = [
        rendering.history_row(
            record(call, with_turns=False), call.customer_name, workspace
        )
        for call in page.calls
    ]
    counted = server.pagination(wish, page.total)
    counted["pages"] = -(-page.total // wish.limit)
    body = {"success": True, "calls": shown, "pagination": counted}
    return JsonResponse(body)


def update_call(visit: Visit) -> HttpResponse:
    """Replace a call's metadata, at any time (our choice), and return the bare call."""
    server.need_workspace(visit.door)
    body = visit.body
    _only(body, {"workspaceId", "metadata", "optOutSensitiveDataStorage"})
    if orders.flag(body, "optOutSensitiveDataStorage"):
        raise Problem(400, "Switchboard keeps what was said: it cannot be left out.")
    call = dialect.find_call(visit, visit.id)
    if "metadata" in body:
        call.metadata, call.changed_at = (
            bodies.object_of(body, "metadata"),
            timezone.now(),
        )
        call.save(update_fields=["metadata", "changed_at"])
    told = record(call, with_turns=False, is_heard=visit.may_read)
    return JsonResponse(rendering.call(told))


# --- Agents --------------------------------------------------------------------------
def get_agent(visit: Visit) -> HttpResponse:
    """Return one version of an agent, the latest where none is named."""
    agent = dialect.find_agent(visit, visit.id)
    return JsonResponse(_shown(agent, _pick(agent, visit.parameter("version"))))


def list_agent_versions(visit: Visit) -> HttpResponse:
    """Return the versions of an agent: a bare array."""
    agent = dialect.find_agent(visit, visit.id)
    return JsonResponse(
        rendering.version_rows(dialect.agent_record(agent, {})), safe=False
    )


@transaction.atomic
def create_agent(visit: Visit) -> HttpResponse:
    """Make an agent with version 0; its prompt lives in an LLM we do not have."""
    server.need_workspace(visit.door)
    body = visit.body
    _only(body, NEW | FIELDS)
    name = string(body, "agent_name", 200, required=True) or ""
    voice = string(body, "voice_id", 120, required=True) or ""
    if not isinstance(body.get("response_engine"), dict):
        raise Problem(400, "response_engine is required, as an object.")
    agent = Agent(
        workspace=visit.workspace,
        connection=home(visit.workspace),
        provider_agent_id=f"agent_{uuid.uuid4().hex}",
        name=name,
        settings={"made_here": True},
    )
    _keep(agent, body)
    agent.save()
    version = agent.versions.create(version=0, voice=voice)
    _take_webhook(agent, body)
    visit.note("agent.created", agent.name, {}, {"id": agent.provider_agent_id})
    return JsonResponse(_shown(agent, version), status=201)


@transaction.atomic
def update_agent(visit: Visit) -> HttpResponse:
    """Change an agent's settings, for all its versions (our choice)."""
    server.need_workspace(visit.door)
    body = visit.body
    _only(body, CHANGES | FIELDS)
    agent = own(dialect.find_agent(visit, visit.id))
    version = _pick(agent, visit.parameter("version"))
    _keep(agent, body)
    _take_webhook(agent, body)
    touch(agent, "settings")
    visit.note("agent.changed", agent.name, {}, {"fields": sorted(body)})
    return JsonResponse(_shown(agent, version))


def _only(body: Json, known: set[str]) -> None:
    """Refuse what we would otherwise drop in silence."""
    if others := set(body) - known:
        raise Problem(400, f"{min(others)} is not offered here. Leave it out.")


def _pick(agent: Agent, written: str) -> AgentVersion:
    """Return the version a query names; from 1 upwards, as their reference says."""
    wanted = (
        orders.whole({"version": written}, "version", 1, 10**9) if written else None
    )
    row = agent.version(wanted)
    if row is None:
        words_ = f"{agent} has no version {wanted}."
        raise Problem(404, words_, "agent_version_not_found")
    return row


def _keep(agent: Agent, body: Json) -> None:
    """Keep the settings of a body that we do not interpret; null clears one."""
    for name, types in KEPT.items():
        value = body.get(name)
        if value is not None and type(value) not in types:
            raise Problem(400, f"{name} must be {_type_name(types)}.")
    keep(agent, DIALECT, {name: body[name] for name in KEPT if name in body}, set())


def _type_name(types: tuple[type, ...]) -> str:
    names = {dict: "an object", str: "a string", int: "a number"}
    return names[types[0]]


def _take_webhook(agent: Agent, body: Json) -> None:
    """Set the agent's own webhook, which the guides say it has; null clears it."""
    take_webhook(agent, body, DIALECT, CALL_EVENTS)
    is_cleared = "webhook_url" in body and body["webhook_url"] is None
    is_wished = bool(FIELDS & set(body)) and not is_cleared
    if is_wished and not endpoints(agent, DIALECT).exists():
        raise Problem(400, "webhook_events needs a webhook_url.")


def _shown(agent: Agent, version: AgentVersion) -> Json:
    facts = version_facts(version, agent.changed_at)
    shown = rendering.agent(
        dialect.agent_record(agent, {}), facts, kept(agent, DIALECT)
    )
    if endpoint := endpoints(agent, DIALECT).first():
        shown |= {"webhook_url": endpoint.url, "webhook_events": endpoint.events}
    return shown


# --- The account ---------------------------------------------------------------------
def get_concurrency(visit: Visit) -> HttpResponse:
    """Return how many calls are live, and how many may be; nothing can be bought."""
    server.need_workspace(visit.door)
    active = visit.workspace.connections.filter(is_active=True)
    return JsonResponse(
        {
            "maxConcurrent": sum(active.values_list("concurrency", flat=True)),
            "currentUsage": visit.workspace.calls.at_provider().count(),
            "purchasedConcurrency": 0,
            "concurrencyPurchaseLimit": 0,
        }
    )


def list_workspaces(visit: Visit) -> HttpResponse:
    """Return the key's workspace; the shape is our choice: only the path is known."""
    one = {"id": server.workspace_id(visit.door), "name": visit.workspace.name}
    return JsonResponse([one], safe=False)


ACTIONS: dict[str, Action] = {
    "call_history": ("calls:read", call_history),
    "update_call": ("calls:write", update_call),
    "get_agent": ("agents:read", get_agent),
    "create_agent": ("agents:write", create_agent),
    "update_agent": ("agents:write", update_agent),
    "list_agent_versions": ("agents:read", list_agent_versions),
    "get_concurrency": ("calls:read", get_concurrency),
    "list_workspaces": ("", list_workspaces),
}
