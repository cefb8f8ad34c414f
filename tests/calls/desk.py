"""The desk of a running Switchboard: what a journey does there that no address offers.

`serve` answers orders, one JSON line each. Every provider has two workspaces: ours, and
the platform that stands in for the provider, whose own connection is the simulator.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from agents import binding
from agents.models import Agent, Connection, Direction
from agents.models import bind as put
from agents.providers.base import Analysis, CallUpdate, ProviderError, TurnFacts
from agents.providers.registry import PROVIDERS
from agents.setups import Setup, Side, keeper_words
from calls import lifecycle, reconcile
from calls.models import Call
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.models import ApiKey, Workspace

Json = dict[str, Any]
CALLER = "+13105550177"
SECRET = "a-webhook-secret-made-up"


def serve() -> None:
    """Answer each line, a JSON array of a verb and its arguments, with a line."""
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        answer = VERBS[verb](*arguments)
        print(json.dumps(answer), flush=True)


def command(*words: str) -> Json:
    """Run a management command and return its answer."""
    said = StringIO()
    call_command(*words, "--json", stdout=said)
    answer: Json = json.loads(said.getvalue())
    return answer


def connect(slug: str, own: str = "", agent_id: str = "") -> Json:
    """Make both workspaces and connect ours to the platform, as an admin would.

    Ours is called as the provider, or `own`. With `agent_id` the platform has an agent
    with that id and versions up to 3, which calls out from all its numbers.
    """
    own = own or slug
    platform = Workspace.objects.create(slug=f"{own}-platform", name="Platform")
    ours = Workspace.objects.create(slug=own, name=f"Ours by {slug}")
    ours.contacts.create(name="Jamie Doe", number=CALLER)
    simulator = ("--provider", "simulator", "--name", "Simulator")
    made = command("connection", "add", "--workspace", platform.slug, *simulator)
    command("connection", "sync", made["connection"])
    if agent_id:
        hire(platform, agent_id)
    _, key, secret = ApiKey.issue(platform, "The one who connects", ALL_SCOPES)
    known = {
        "api_key": key,
        "api_secret": secret,
        "webhook_key": key,
        "webhook_secret": SECRET,
        "account_id": str(platform.pk),
        "account_sid": str(platform.pk),
        "workspace_id": "42",
    }
    wanted = [row.name for row in PROVIDERS[slug].settings if row.name in known]
    sets = [word for name in wanted for word in ("--set", f"{name}={known[name]}")]
    where = ("--base-url", f"{settings.BASE_URL}/compat/{slug}")
    names = ("--workspace", ours.slug, "--provider", slug, "--name", "The provider")
    added = command("connection", "add", *names, *where, *sets)
    platform.endpoints.create(
        dialect=slug,
        url=added["webhook_url"],
        secret=SECRET if "webhook_secret" in wanted else "",
        events=[],
    )
    return {
        "checks": command("connection", "check", added["connection"])["checks"],
        "counts": command("connection", "sync", added["connection"]),
        "again": command("connection", "sync", added["connection"]),
        "workspace": str(ours.pk),
        **dict(zip(("ours", "secret"), _client(ours))),
        "platform": ApiKey.issue(platform, "Journey", ALL_SCOPES)[1],
    }


def _client(ours: Workspace) -> tuple[str, str]:
    """Return key and secret of a client whose calls without a number name a customer."""
    return ApiKey.issue(ours, "Journey", ALL_SCOPES, callee_field="customer_id")[1:]


def hire(platform: Workspace, agent_id: str) -> None:
    """Give the platform an agent that calls out from all its numbers."""
    agent = Agent.objects.create(
        workspace=platform,
        connection=platform.connections.get(),
        name="Hired",
        provider_agent_id=agent_id,
    )
    for version in range(4):
        line = "Hello, this is a call."
        agent.versions.create(version=version, is_published=True, opening_line=line)
    for number in platform.numbers.all():
        put(number, Direction.OUTBOUND, agent)


def settle(slug: str) -> Json:
    """Make a workspace of its own, connected to the simulator; return a key."""
    workspace = Workspace.objects.create(slug=slug, name=slug.title())
    simulator = ("--provider", "simulator", "--name", "Simulator")
    made = command("connection", "add", "--workspace", slug, *simulator)
    command("connection", "sync", made["connection"])
    _, key, secret = ApiKey.issue(workspace, "Settled", ALL_SCOPES)
    return {"workspace": str(workspace.pk), "key": key, "secret": secret}


def bind(slug: str, direction: str) -> Json:
    """Put another agent on a number of ours in one direction; say what came of it."""
    workspace = Workspace.objects.get(slug=slug)
    number = workspace.numbers.current().for_list().order_by("number")[0]
    platform = Workspace.objects.get(slug=f"{slug}-platform")
    there = platform.numbers.get(number=number.number).binding(direction)
    name = there.agent.name if there else ""
    agent = workspace.agents.current().exclude(name=name).order_by("name")[0]
    facts = {
        "number": number.number,
        "before": name,
        "agent": agent.name,
        "kept": keeper_words(number.connection, direction),
    }
    before = Setup.of(number)
    try:
        side = Side(agent)
        if direction == Direction.INBOUND:
            binding.change(number, replace(before, inbound=side), None)
        else:
            binding.change(number, replace(before, outbound=side), None)
    except ProviderError as error:
        return facts | {"refused": error.message}
    return facts


def ring_in(slug: str) -> Json:
    """Let the platform have had a call from outside, and tell of it."""
    platform = Workspace.objects.get(slug=f"{slug}-platform")
    connection = platform.connections.get()
    number = platform.numbers.order_by("number")[0]
    agent = platform.agents.order_by("name")[0]
    now = timezone.now()
    told = CallUpdate(
        provider_call_id="sim_inbound",
        direction="inbound",
        from_number=CALLER,
        to_number=number.number,
        agent_id=agent.provider_agent_id,
        occurred_at=now - timedelta(seconds=30),
        answered_at=now - timedelta(seconds=30),
        status="in_progress",
    )
    call = lifecycle.create(connection, told, told.occurred_at or now)
    over = replace(
        told,
        status="ended",
        occurred_at=now,
        ended_at=now,
        duration_ms=30_000,
        end_reason="user_hangup",
        answered_by="human",
        turns=(
            TurnFacts("agent", "Reception, how can I help?", 0, 1_500),
            TurnFacts("callee", "I want to renew.", 2_000, 3_500),
        ),
        analysis=Analysis("Wants to renew.", "positive", True),
    )
    lifecycle.apply(call.pk, told, now)
    lifecycle.apply(call.pk, over, now)
    return {"number": number.number, "agent": agent.name}


def hurry(call_id: str) -> Json:
    """Ask about an unclear dial as the coming minutes would, without the waiting."""
    call = Call.objects.select_related("connection").get(pk=call_id)
    kind = Connection.objects.get(pk=call.connection_id).kind
    later = timezone.now()
    for _ in range(len(kind.ask_after) + 1):
        call.refresh_from_db()
        if call.is_open:
            later = max(call.ask_at or later, later)
            reconcile.ask(call.pk, later)
    call.refresh_from_db()
    return {"status": call.status, "end_reason": call.end_reason, "note": call.note}


VERBS: dict[str, Callable[..., Json]] = {
    "connect": connect,
    "settle": settle,
    "bind": bind,
    "ring_in": ring_in,
    "hurry": hurry,
}
