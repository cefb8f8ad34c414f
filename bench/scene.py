"""The rows that the parts work on; needs Django to be set up."""

from dataclasses import dataclass

from agents.models import Agent, Connection, PhoneNumber, bind
from agents.providers.base import LaunchWish
from bench.events import KEY
from calls import dispatch, lifecycle, plan
from calls.models import Call, CallStatus, Source
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
    connection = Connection.objects.create(
        workspace=workspace,
        provider="retell",
        name="Fake",
        base_url=f"http://127.0.0.1:{provider_port}",
        credentials={"api_key": KEY},
        concurrency=CONCURRENCY,
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
    number = PhoneNumber.objects.create(
        workspace=workspace,
        connection=connection,
        number="+16285550101",
        carrier="telnyx",
        cps=cps,
    )
    bind(number, "outbound", agent)
    return Scene(workspace, user, connection, agent, number)


def wish(index: int) -> LaunchWish:
    """Return a wish to call the person with that number."""
    return LaunchWish(
        to_number=f"+1415555{index % 10_000:04d}",
        from_number="+16285550101",
        variables={"first_name": "Jamie", "plan": "Fibre 500"},
    )


def queue(scene: Scene, count: int) -> list[Call]:
    """Write the rows of calls that wait to go out."""
    ready = [plan.prepare(scene.workspace, wish(index)) for index in range(count)]
    return [dispatch.launch(one)[0] for one in ready]


def open_calls(scene: Scene, count: int) -> list[Call]:
    """Write calls that the provider has: dialed, and about to be heard of."""
    calls = queue(scene, count)
    for index, call in enumerate(calls):
        call.provider_call_id = f"call_{index:032x}"
    Call.objects.bulk_update(calls, ["provider_call_id"])
    for call in calls:
        lifecycle.claim(call.pk, call.created_at)
    Call.objects.filter(source=Source.BUTTON).update(dialed_at=calls[-1].created_at)
    assert not Call.objects.exclude(status=CallStatus.DIALING).exists()
    return calls
