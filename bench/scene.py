"""The rows that the parts work on; needs Django to be set up."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agents.models import Agent, Connection, PhoneNumber, bind
from agents.providers.base import LaunchWish
from bench.events import KEY
from calls import launch, lifecycle, plan
from calls.models import Call
from dashboard.celery import app
from dashboard.models import Member, Role, User, Workspace

EMAIL, PASSWORD = "bench@example.com", "only-for-benchmarks"
CONCURRENCY = 5000


@dataclass
class Scene:
    """One workspace with all that a call needs."""

    workspace: Workspace
    user: User
    connection: Connection
    agent: Agent
    number: PhoneNumber

    @property
    def webhook_path(self) -> str:
        """Where the provider posts."""
        return f"/webhooks/{self.connection.webhook_token}/"


def build(provider_port: int, cps: float) -> Scene:
    """Make a workspace whose provider is the fake one; its number has this pace."""
    workspace = Workspace.objects.create(name="Bench", slug="bench")
    user = User.objects.create_user(EMAIL, PASSWORD)
    Member.objects.create(workspace=workspace, user=user, role=Role.MANAGER)
    account: dict[str, Any] = {
        "base_url": f"http://127.0.0.1:{provider_port}",
        "credentials": {"api_key": KEY},
    }
    connection = Connection.objects.create(
        workspace=workspace,
        provider="retell",
        name="Fake",
        concurrency=CONCURRENCY,
        **account,
    )
    agent = Agent.objects.create(
        workspace=workspace,
        connection=connection,
        name="Renewals",
        provider_agent_id="agent_bench",
    )
    agent.versions.create(
        version=0,
        prompt="You call {{first_name}} about {{plan}}.",
        opening_line="Hello {{first_name}}!",
    )
    number = add_number(connection, agent, "+16285550101", cps)
    return Scene(workspace, user, connection, agent, number)


def add_number(
    connection: Connection, agent: Agent, number: str, cps: float
) -> PhoneNumber:
    """Make a number with this pace, from which the agent calls."""
    row = PhoneNumber.objects.create(
        workspace=connection.workspace,
        connection=connection,
        number=number,
        carrier="telnyx",
        cps=cps,
    )
    bind(row, "outbound", agent)
    return row


def wish(index: int, from_number: str) -> LaunchWish:
    """Return a wish to call the person with that index."""
    return LaunchWish(
        to_number=f"+1415555{index % 10_000:04d}",
        from_number=from_number,
        variables={"first_name": "Jamie", "plan": "Fibre 500"},
    )


def queue(number: PhoneNumber, count: int) -> list[Call]:
    """Write the rows of calls that wait to go out from a number."""
    wishes = (wish(index, number.number) for index in range(count))
    ready = [plan.prepare(number.workspace, one) for one in wishes]
    return [launch.launch(one)[0] for one in ready]


def open_calls(number: PhoneNumber, count: int) -> list[Call]:
    """Write calls that the provider has: dialed, and about to be heard of."""
    calls = queue(number, count)
    now = datetime.now(tz=UTC)
    for call in calls:
        lifecycle.claim(call.pk, 0, now)
        lifecycle.start_dialing(call.pk, 1, now)
        call.provider_call_id = f"call_{call.pk.hex}"
    Call.objects.bulk_update(calls, ["provider_call_id"], batch_size=200)
    return calls


def wait_for_workers(count: int) -> None:
    """Return once so many Celery workers take messages."""
    deadline = time.monotonic() + 30
    while len(app.control.ping(timeout=0.5) or []) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{count} workers did not start within 30 s.")
