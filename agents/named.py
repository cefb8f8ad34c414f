"""What a wish to call names: an agent, its newest version, the numbers of ours.

They are asked for at every launch, so that the questions are written once.
"""

import re
import uuid
from collections.abc import Collection

from django.db.models import CharField, Q, UUIDField

from agents.condition import OF_CONNECTION
from agents.models import Agent, AgentVersion, PhoneNumber
from dashboard.models import Workspace
from dashboard.prepared import NOBODY, Given, GivenMany, Prepared

OUR_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
WORKSPACE = Given("workspace", UUIDField())

AGENT = Prepared(
    lambda: (
        Agent.objects.current()
        .filter(workspace=WORKSPACE)
        .filter(
            Q(provider_agent_id=Given("theirs", CharField()))
            | Q(pk=Given("ours", UUIDField()))
        )
        .select_related("connection")
        .defer(*OF_CONNECTION)[:1]
    )
)
LATEST = Prepared(
    lambda: AgentVersion.objects.filter(agent=Given("agent", UUIDField())).order_by(
        "-version"
    )[:1]
)
NUMBERS = Prepared(
    lambda: (
        PhoneNumber.objects.current()
        .filter(workspace=WORKSPACE, number__among=GivenMany("written", CharField()))
        .order_by("created_at")
    )
)
BESIDE = Prepared(
    lambda: (
        PhoneNumber.objects.current()
        .for_list()
        .filter(workspace=WORKSPACE, connection=Given("connection", UUIDField()))
        .order_by("created_at")
    )
)


def agent(workspace: Workspace, agent_id: str) -> Agent | None:
    """Find an agent by our id or the provider's own; None when neither fits."""
    ours = uuid.UUID(agent_id) if OUR_ID.fullmatch(agent_id) else NOBODY
    found = AGENT.first(workspace=workspace.pk, theirs=agent_id, ours=ours)
    if found is not None:
        found.workspace = workspace
    return found


def latest(agent: Agent) -> AgentVersion | None:
    """Return an agent's newest version."""
    return LATEST.first(agent=agent.pk)


def numbers(workspace: Workspace, written: Collection[str]) -> list[PhoneNumber]:
    """Return our numbers that are one of those written, the oldest first.

    Several connections may have the same number.
    """
    found = NUMBERS.all(workspace=workspace.pk, written=written)
    for row in found:
        row.workspace = workspace
    return found


def numbers_with(agent: Agent) -> list[PhoneNumber]:
    """Return the numbers of an agent's connection with their bindings, the oldest first."""
    return BESIDE.all(workspace=agent.workspace_id, connection=agent.connection_id)
