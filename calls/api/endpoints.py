"""Where an agent's own calls are told of, as a dialect's clients set it on the agent."""

from collections.abc import Collection

from django.db.models import QuerySet

from agents import address
from agents.models import Agent
from calls.api.own_rows import string
from calls.api.visit import Json, Problem
from calls.models import WebhookEndpoint

FIELDS = frozenset({"webhook_url", "webhook_events"})


def endpoints(agent: Agent, dialect: str) -> QuerySet[WebhookEndpoint]:
    """Return the agent's own endpoints in a dialect; there is one at most."""
    rows = agent.workspace.endpoints.filter(agent=agent, dialect=dialect)
    return rows.order_by("pk")


def take_webhook(
    agent: Agent, body: Json, dialect: str, known: Collection[str]
) -> None:
    """Set the agent's own webhook, for events that are `known`; null clears it.

    A body that says nothing of it leaves it as it is.
    """
    if not FIELDS & set(body):
        return
    found = endpoints(agent, dialect).first()
    if "webhook_url" in body and body["webhook_url"] is None:
        endpoints(agent, dialect).delete()
        return
    url = string(body, "webhook_url", 600) or (found.url if found else "")
    if not url:
        return
    if wrong := address.problem_now(url):
        raise Problem(400, f"webhook_url: {wrong}")
    events = _events(body, found, known)
    endpoints(agent, dialect).exclude(url=url).delete()
    agent.workspace.endpoints.update_or_create(
        agent=agent,
        dialect=dialect,
        url=url,
        defaults={"events": events, "is_active": True},
    )


def _events(
    body: Json, found: WebhookEndpoint | None, known: Collection[str]
) -> list[str]:
    if "webhook_events" not in body:
        return found.events if found else []
    events = body["webhook_events"] or []
    if not isinstance(events, list) or set(map(str, events)) - set(known):
        raise Problem(400, f"webhook_events may hold {', '.join(sorted(known))}.")
    return events
