"""Where an agent's calls are told of, as Retell's clients set it on the agent."""

from django.db.models import QuerySet

from agents import address
from agents.models import Agent
from agents.providers.retell import words
from calls.api.retell_rows import string
from calls.api.visit import Json, Problem
from calls.models import WebhookEndpoint


def endpoints(agent: Agent) -> QuerySet[WebhookEndpoint]:
    """Return the agent's own endpoints in this dialect; there is one at most."""
    rows = agent.workspace.endpoints.filter(agent=agent, dialect="retell")
    return rows.order_by("pk")


def take_webhook(agent: Agent, body: Json) -> None:
    """Set the agent's own webhook; null clears it."""
    found = endpoints(agent).first()
    if "webhook_url" in body and body["webhook_url"] is None:
        endpoints(agent).delete()
        return
    url = string(body, "webhook_url", 600) or (found.url if found else "")
    if not url:
        return
    if wrong := address.problem(url):
        raise Problem(400, f"webhook_url: {wrong}")
    events = _events(body, found)
    endpoints(agent).exclude(url=url).delete()
    agent.workspace.endpoints.update_or_create(
        agent=agent,
        dialect="retell",
        url=url,
        defaults={"events": events, "is_active": True},
    )


def _events(body: Json, found: WebhookEndpoint | None) -> list[str]:
    if "webhook_events" not in body:
        return found.events if found else []
    events = body["webhook_events"] or []
    if not isinstance(events, list) or set(map(str, events)) - words.CALL_EVENTS:
        known = ", ".join(sorted(words.CALL_EVENTS))
        raise Problem(400, f"webhook_events may hold {known}.")
    return events
