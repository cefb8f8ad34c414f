"""Bringing agents and numbers here as the provider has them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agents import mirror, sync
from agents.models import Connection
from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    NumberFacts,
    ProviderError,
    VersionFacts,
)
from agents.providers.http import network
from agents.sync import Counts
from dashboard.models import Workspace
from tests.factories import make_connection

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db

AGENT = AgentFacts(
    "agent_1", "Sales", (VersionFacts(0, opening_line="Hi {{name}}"), VersionFacts(1))
)
NUMBER = NumberFacts(
    "+14155550170", "Main", "telnyx", ("US",), BindingFacts("agent_1", 0)
)


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    return make_connection(workspace)


def keep(
    connection: Connection, agents: Any = (AGENT,), numbers: Any = (NUMBER,)
) -> Any:
    return sync.keep(connection, agents, numbers, NOW)


def test_a_first_sync_adds_everything(connection: Connection) -> None:
    counts = sync.sync(connection, NOW)
    assert (counts.agents.added, counts.numbers.added) == (4, 3)
    assert connection.agents.get(name="Sales renewal").versions.count() == 3
    assert connection.synced_at == NOW


def test_a_second_sync_changes_nothing(connection: Connection) -> None:
    sync.sync(connection)
    counts = sync.sync(connection)
    assert counts.agents == Counts(unchanged=4)
    assert counts.numbers == Counts(unchanged=3)


def test_versions_know_their_variables(connection: Connection) -> None:
    keep(connection)
    version = connection.agents.get().versions.get(version=0)
    assert version.variables == ["name"]


def test_a_number_seen_for_the_first_time_takes_over_their_bindings(
    connection: Connection,
) -> None:
    keep(connection)
    number = connection.numbers.get()
    bound = number.binding("inbound")
    assert bound
    assert (bound.agent.provider_agent_id, bound.version) == ("agent_1", 0)
    assert number.binding("outbound") is None
    assert (number.carrier, number.countries) == ("telnyx", ["US"])


def test_a_known_number_keeps_our_bindings_and_notes_theirs(
    connection: Connection,
) -> None:
    keep(connection)
    moved = NumberFacts(
        "+14155550170", "Main", "telnyx", outbound=BindingFacts("agent_1")
    )
    assert keep(connection, numbers=[moved]).numbers.changed == 1
    number = connection.numbers.get()
    assert number.binding("inbound") is not None
    assert number.theirs["inbound"] == {"agent_id": "", "version": None}
    assert number.theirs["outbound"] == {"agent_id": "agent_1", "version": None}


def test_a_label_follows_the_provider_until_a_person_changes_it(
    connection: Connection,
) -> None:
    keep(connection)
    keep(connection, numbers=[NumberFacts("+14155550170", "Theirs", "telnyx")])
    assert connection.numbers.get().label == "Theirs"
    connection.numbers.update(label="Ours")
    keep(connection, numbers=[NumberFacts("+14155550170", "Theirs again", "telnyx")])
    assert connection.numbers.get().label == "Ours"


def test_what_is_gone_is_retired_and_what_is_back_is_not(
    connection: Connection,
) -> None:
    keep(connection)
    counts = keep(connection, agents=[], numbers=[])
    assert (counts.agents.retired, counts.numbers.retired) == (1, 1)
    assert not connection.agents.current().exists()
    assert keep(connection).agents == Counts(changed=1)
    assert connection.agents.current().exists()


def test_new_words_and_a_new_version_are_one_changed_agent(
    connection: Connection,
) -> None:
    keep(connection)
    versions = (VersionFacts(0, prompt="New"), VersionFacts(1), VersionFacts(2))
    counts = keep(connection, agents=[AgentFacts("agent_1", "Sales", versions)])
    assert counts.agents == Counts(changed=1)
    agent = connection.agents.get()
    assert agent.versions.get(version=0).prompt == "New"
    assert agent.versions.count() == 3


def test_a_version_the_provider_deleted_is_not_the_latest(
    connection: Connection,
) -> None:
    keep(connection)
    keep(connection, agents=[AgentFacts("agent_1", "Sales", (VersionFacts(0),))])
    latest = connection.agents.get().version(None)
    assert latest
    assert latest.version == 0


def test_a_version_told_without_its_words_keeps_them(connection: Connection) -> None:
    keep(connection)
    bare = (VersionFacts(0, is_published=True), VersionFacts(1))
    keep(connection, agents=[AgentFacts("agent_1", "Sales", bare)])
    version = connection.agents.get().versions.get(version=0)
    assert (version.opening_line, version.is_published) == ("Hi {{name}}", True)


def test_words_too_long_for_us_are_cut_once_and_for_all(connection: Connection) -> None:
    long = [AgentFacts("agent_1", "x" * 500, (VersionFacts(0, voice="v" * 500),))]
    keep(connection, agents=long)
    assert keep(connection, agents=long).agents == Counts(unchanged=1)


def test_an_extension_becomes_custom_telephony(connection: Connection) -> None:
    keep(connection, numbers=[NumberFacts("334", carrier="twilio")])
    assert connection.numbers.get().carrier == "custom"


def test_a_thousand_agents_take_few_queries(
    connection: Connection, django_assert_max_num_queries: Any
) -> None:
    many = [
        AgentFacts(f"agent_{n}", f"Agent {n}", AGENT.versions) for n in range(1_000)
    ]
    with django_assert_max_num_queries(60):
        keep(connection, agents=many)
    with django_assert_max_num_queries(20):
        assert keep(connection, agents=many).agents.unchanged == 1_000


@pytest.fixture
def refused(workspace: Workspace) -> Iterator[Connection]:
    """Return a connection whose key the provider does not know."""
    credentials = {"api_key": "wrong", "webhook_key": "wrong"}
    answer = httpx.Response(401, json={"status": "error", "message": "Wrong key."})
    network.use(httpx.MockTransport(lambda request: answer))
    yield make_connection(
        workspace,
        provider="retell",
        base_url="https://api.example.com",
        credentials=credentials,
    )
    network.use(None)


def test_an_error_is_kept_in_words_and_raised(refused: Any) -> None:
    with pytest.raises(ProviderError):
        sync.sync(refused)
    refused.refresh_from_db()
    assert refused.sync_error
    assert refused.synced_at is None


def test_a_check_is_kept(connection: Connection) -> None:
    sync.check(connection, NOW)
    connection.refresh_from_db()
    assert connection.checked_at == NOW
    assert connection.check_results[0]["is_ok"] is True


def test_a_mirrored_connection_has_the_same(
    connection: Connection, workspace: Workspace
) -> None:
    sync.sync(connection)
    other = make_connection(workspace)
    told = mirror.agents_of(connection), mirror.numbers_of(connection)
    sync.keep(other, *told, NOW)
    assert sync.sync(other).agents == Counts(unchanged=4)
    assert sync.sync(other).numbers == Counts(unchanged=3)


def test_what_a_client_of_ours_made_here_is_not_retired(connection: Connection) -> None:
    keep(connection)
    connection.agents.update(settings={"made_here": True})
    keep(connection, agents=(), numbers=())
    assert connection.agents.get().retired_at is None
    assert connection.numbers.get().retired_at == NOW
