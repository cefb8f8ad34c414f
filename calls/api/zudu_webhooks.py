"""Post-call webhooks, as Zudu's clients register them and assign them to agents.

Contract sheet, section 7. A registered webhook is told of nothing by itself: its row
has a dialect of its own, which the outbox does not speak. Assigning it to an agent makes
a row for that agent, which is told; both change together.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.http.response import HttpResponseBase

from agents import address, named
from agents.models import Agent
from agents.providers.base import Json, WishRefused
from agents.providers.bodies import string
from agents.providers.zudu.directory import iso
from agents.providers.zudu.rendering import envelope
from calls.api import dialect
from calls.api.visit import Action, Problem, Visit
from calls.models import WebhookEndpoint

DIALECT, REGISTRY = "zudu", "zudu_registry"
PREFIX = "webhook_"
# Where the agent's detail has it, too.
SETTING = "post_call_webhook_id"
# What a registered webhook has to tell of itself.
LONGEST = {"name": 120, "description": 400}


# --- The registry --------------------------------------------------------------------
def create_webhook(visit: Visit) -> HttpResponseBase:
    """Register a webhook; nothing is sent to it until an agent has it."""
    row = WebhookEndpoint(workspace=visit.workspace, dialect=REGISTRY)
    for name in ("name", "url"):
        if not visit.body.get(name):
            raise WishRefused(f"{name} is required.")
    _take(row, visit.body)
    row.save()
    return _told(201, _shown(visit, row), "Webhook created successfully")


def _take(row: WebhookEndpoint, body: Json) -> None:
    """Set what the body says, and leave the rest."""
    if "url" in body:
        row.url = _url(string(body, "url", longest=600, required=True))
    if "is_active" in body:
        if not isinstance(body["is_active"], bool):
            raise WishRefused("is_active must be true or false.")
        row.is_active = body["is_active"]
    for field, longest in LONGEST.items():
        if field in body:
            setattr(row, field, string(body, field, longest=longest))


def _url(url: str) -> str:
    wrong = address.problem_now(url)
    if wrong and url.startswith("http://"):
        wrong = "Webhook URL must be HTTPS"
    if wrong:
        raise Problem(400, wrong, field="url")
    return url


def list_webhooks(visit: Visit) -> HttpResponseBase:
    """Return the webhooks, or the active ones only, with how many agents have each."""
    rows = _registered(visit).order_by("pk")
    if visit.parameter("activeOnly") == "true":
        rows = rows.filter(is_active=True)
    shown = [
        _shown(visit, row) | {"agent_count": _having(visit, row).count()}
        for row in rows
    ]
    data = {"webhooks": shown, "count": len(shown)}
    return _told(200, data, "Webhooks retrieved successfully")


def get_webhook(visit: Visit) -> HttpResponseBase:
    """Return one webhook."""
    shown = _shown(visit, _find(visit, visit.id))
    return _told(200, shown, "Webhook retrieved successfully")


@transaction.atomic
def update_webhook(visit: Visit) -> HttpResponseBase:
    """Change a webhook, for all agents that have it."""
    row = _find(visit, visit.id)
    _take(row, visit.body)
    return _saved(visit, row, "Webhook updated successfully")


@transaction.atomic
def toggle_webhook(visit: Visit) -> HttpResponseBase:
    """Switch a webhook off or on: whichever it is not."""
    row = _find(visit, visit.id)
    row.is_active = not row.is_active
    return _saved(visit, row, "Webhook toggled successfully")


def _saved(visit: Visit, row: WebhookEndpoint, words: str) -> HttpResponseBase:
    """Save a registered webhook, and what its agents' calls are told to."""
    row.save()
    told = visit.workspace.endpoints.filter(
        dialect=DIALECT, agent__in=_having(visit, row)
    )
    told.update(url=row.url, is_active=row.is_active)
    return _told(200, _shown(visit, row), words)


def _registered(visit: Visit) -> QuerySet[WebhookEndpoint]:
    return visit.workspace.endpoints.filter(dialect=REGISTRY)


def _find(visit: Visit, written: str) -> WebhookEndpoint:
    number = written.removeprefix(PREFIX)
    is_one = number.isascii() and number.isdigit() and len(number) < 16
    found = _registered(visit).filter(pk=int(number)).first() if is_one else None
    if found is None:
        raise Problem(404, f"Webhook with ID '{written}' does not exist", "not_found")
    return found


def _having(visit: Visit, row: WebhookEndpoint) -> QuerySet[Agent]:
    """Return the agents that a webhook is assigned to."""
    return visit.workspace.agents.filter(**{f"settings__{SETTING}": _id(row)})


def _id(row: WebhookEndpoint) -> str:
    return f"{PREFIX}{row.pk}"


def _shown(visit: Visit, row: WebhookEndpoint) -> Json:
    """Return a webhook object; the names of its ids are our choice (undocumented)."""
    return {
        "id": _id(row),
        "webhook_id": _id(row),
        "organization_id": visit.door.tenant.id,
        "name": row.name,
        "url": row.url,
        "description": row.description or None,
        "is_active": row.is_active,
        "created_at": iso(row.created_at),
    }


def _told(status: int, data: Json, words: str) -> HttpResponseBase:
    return dialect.answer((status, envelope(data, words)))


# --- Assigning -----------------------------------------------------------------------
def assigned(agent: Agent) -> str:
    """Return the id of the webhook that an agent has; empty: it has none."""
    return str(agent.settings.get(SETTING) or "")


@transaction.atomic
def assign_webhook(visit: Visit) -> HttpResponseBase:
    """Have an agent's calls told to a webhook, in place of any it had."""
    agent = _agent(visit)
    row = _find(visit, string(visit.body, "webhook_id", required=True))
    if not row.is_active:
        raise Problem(400, "Only an active webhook can be assigned.")
    _endpoints(agent).delete()
    agent.workspace.endpoints.create(agent=agent, dialect=DIALECT, url=row.url)
    return _noted(agent, _id(row), "Webhook assigned successfully")


def remove_webhook(visit: Visit) -> HttpResponseBase:
    """Take one webhook off an agent, if it is the one that the agent has."""
    agent, written = _agent(visit), visit.door.account
    wanted = f"{PREFIX}{written.removeprefix(PREFIX)}"
    if assigned(agent) != wanted:
        raise Problem(404, f"{agent} has no webhook '{written}'.", "not_found")
    return _removed(agent)


def remove_any_webhook(visit: Visit) -> HttpResponseBase:
    """Take whatever webhook an agent has off it; the path only says `unassign`."""
    return _removed(_agent(visit))


def _agent(visit: Visit) -> Agent:
    """Return the agent that a client names, with or without the prefix of its id."""
    known = named.agent(visit.workspace, f"agent_{visit.id}")
    return known or dialect.find_agent(visit, visit.id)


@transaction.atomic
def _removed(agent: Agent) -> HttpResponseBase:
    _endpoints(agent).delete()
    return _noted(agent, "", "Webhook unassigned successfully")


def _noted(agent: Agent, webhook: str, words: str) -> HttpResponseBase:
    agent.settings = agent.settings | {SETTING: webhook}
    agent.save(update_fields=["settings", "changed_at"])
    data = {"agent_id": agent.provider_agent_id, SETTING: webhook or None}
    return _told(200, data, words)


def _endpoints(agent: Agent) -> QuerySet[WebhookEndpoint]:
    return agent.workspace.endpoints.filter(agent=agent, dialect=DIALECT)


ACTIONS: dict[str, Action] = {
    "create_webhook": ("agents:write", create_webhook),
    "list_webhooks": ("agents:read", list_webhooks),
    "get_webhook": ("agents:read", get_webhook),
    "update_webhook": ("agents:write", update_webhook),
    "toggle_webhook": ("agents:write", toggle_webhook),
    "assign_webhook": ("agents:write", assign_webhook),
    "remove_webhook": ("agents:write", remove_webhook),
    "remove_any_webhook": ("agents:write", remove_any_webhook),
}
