"""Bringing agents and numbers here as the provider has them."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from agents import mirror, sync
from agents.catalog import Counts
from agents.condition import SILENCE
from agents.drift import has_drifted
from agents.models import Connection
from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    NumberFacts,
    ProviderError,
    VersionFacts,
)
from agents.providers.http import network
from calls import tasks
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


def many(suffix: str = "") -> tuple[list[AgentFacts], list[NumberFacts]]:
    """Return a thousand agents with two versions each, and as many bound numbers."""
    versions = tuple(VersionFacts(v, prompt=f"You are {v}{suffix}.") for v in (0, 1))
    agents = [
        AgentFacts(f"agent_{n}", f"Agent {n}{suffix}", versions) for n in range(1_000)
    ]
    numbers = [
        NumberFacts(
            f"+1415555{n:04d}", f"{n}{suffix}", "twilio", (), BindingFacts(f"agent_{n}")
        )
        for n in range(1_000)
    ]
    return agents, numbers


def test_a_thousand_agents_and_numbers_take_few_queries(
    connection: Connection, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(110):
        counts = keep(connection, *many())
    assert (counts.agents.added, counts.numbers.added) == (1_000, 1_000)
    assert connection.numbers.filter(bindings__ended_at=None).count() == 1_000
    with django_assert_max_num_queries(40):
        counts = keep(connection, *many())
    assert (counts.agents.unchanged, counts.numbers.unchanged) == (1_000, 1_000)
    with django_assert_max_num_queries(100):
        counts = keep(connection, *many("!"))
    assert (counts.agents.changed, counts.numbers.changed) == (1_000, 1_000)
    assert set(connection.agents.values_list("versions__prompt", flat=True)) == {
        "You are 0!.",
        "You are 1!.",
    }


def test_a_renewed_row_keeps_what_is_ours(connection: Connection) -> None:
    keep(connection)
    connection.numbers.update(cps=3, countries=["CA"])
    keep(connection, numbers=[NumberFacts("+14155550170", "Other", "twilio")])
    number = connection.numbers.get()
    assert (number.label, number.countries) == ("Other", ["CA"])
    assert number.cps == 3
    assert number.carrier == "telnyx"


def test_what_is_wrong_with_a_number_is_kept_and_goes_again(
    connection: Connection,
) -> None:
    broken = NumberFacts("+14155550170", "Main", "telnyx", trouble="Not imported.")
    keep(connection, numbers=[broken])
    assert connection.numbers.get().theirs["trouble"] == "Not imported."
    keep(connection)
    assert "trouble" not in connection.numbers.get().theirs


WEIGHTS = (
    {"agent_id": "agent_1", "agent_version": 0, "weight": 0.7, "own": "words"},
    {"agent_id": "agent_2", "weight": 0.3},
)


def test_several_agents_on_a_number_are_kept_whole(connection: Connection) -> None:
    shared = NumberFacts("+14155550170", inbound=BindingFacts("agent_1", 0, WEIGHTS))
    keep(connection, numbers=[shared])
    number = connection.numbers.get()
    bound = number.binding("inbound")
    assert bound
    assert bound.weights == number.theirs["inbound"]["weights"] == list(WEIGHTS)
    assert not has_drifted(number, "inbound")
    assert mirror.numbers_of(connection)[0].inbound.weights == WEIGHTS
    assert keep(connection, numbers=[shared]).numbers == Counts(unchanged=1)


def test_bindings_follow_a_provider_that_gives_its_agents_their_numbers(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.kind, "picks_caller", True)
    agents = [AGENT, AgentFacts("agent_2", "Support")]
    keep(connection, agents)
    moved = NumberFacts("+14155550170", "Main", outbound=BindingFacts("agent_2"))
    assert keep(connection, agents, [moved]).numbers.changed == 1
    number = connection.numbers.get()
    outbound = number.binding("outbound")
    assert outbound
    assert outbound.agent.name == "Support"
    assert number.binding("inbound") is None
    assert number.bindings.count() == 2
    assert keep(connection, agents, [moved]).numbers == Counts(unchanged=1)


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


# --- one at a time, and on schedule
def wanted(connection: Connection) -> Connection:
    """Return the connection as it is in the database."""
    connection.refresh_from_db()
    return connection


def test_a_wanted_sync_is_done_once(connection: Connection) -> None:
    assert sync.ask(connection.pk, timezone.now())
    assert not sync.ask(connection.pk, timezone.now())
    tasks.sync_connection(str(connection.pk))
    done = wanted(connection)
    assert (done.sync_asked_at, done.sync_seen_at, done.sync_progress) == (
        None,
    ) * 2 + ({},)
    assert done.sync_counts["agents"]["added"] == 4
    ended = done.sync_ended_at
    tasks.sync_connection(str(connection.pk))
    assert wanted(connection).sync_ended_at == ended


def test_two_never_sync_at_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def meanwhile(client: Any) -> list[AgentFacts]:
        tried.append("begun")
        with pytest.raises(sync.SyncRunning):
            sync.sync(Connection.objects.get(pk=connection.pk))
        sync.run_wanted(connection.pk)
        return [AGENT]

    monkeypatch.setattr(connection.kind, "list_agents", meanwhile)
    assert sync.sync(connection).agents.added == 1
    assert tried == ["begun"]


def test_a_sync_whose_worker_died_is_taken_over(connection: Connection) -> None:
    long_ago = timezone.now() - SILENCE - timedelta(seconds=1)
    Connection.objects.update(sync_asked_at=long_ago, sync_seen_at=long_ago)
    assert sync.due(timezone.now()) == [connection.pk]
    sync.run_wanted(connection.pk)
    assert wanted(connection).synced_at


def test_who_was_taken_over_writes_nothing_more(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = timezone.now() + timedelta(seconds=5)

    def silent(client: Any) -> list[AgentFacts]:
        Connection.objects.update(sync_seen_at=other)
        return [AGENT]

    monkeypatch.setattr(connection.kind, "list_agents", silent)
    sync.ask(connection.pk, timezone.now())
    sync.run_wanted(connection.pk)
    assert wanted(connection).sync_seen_at == other
    assert not connection.agents.exists()


def test_a_fault_of_ours_lets_go_of_the_sync(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(client: Any) -> list[AgentFacts]:
        raise ZeroDivisionError

    monkeypatch.setattr(connection.kind, "list_agents", broken)
    with pytest.raises(ZeroDivisionError):
        sync.sync(connection)
    assert not wanted(connection).is_syncing
    assert "fault of Switchboard" in connection.sync_error


def test_a_wanted_sync_that_nobody_took_is_offered_again(
    connection: Connection,
) -> None:
    now = timezone.now()
    sync.ask(connection.pk, now)
    assert sync.due(now) == []
    assert sync.due(now + sync.PATIENCE + timedelta(seconds=1)) == [connection.pk]


def test_every_active_connection_is_synced_on_schedule(
    workspace: Workspace, settings: Settings
) -> None:
    settings.SYNC_MINUTES = 15
    now = timezone.now()
    late, early = now - timedelta(minutes=16), now - timedelta(minutes=14)
    old = make_connection(workspace, sync_ended_at=late, sync_error="Wrong key.")
    fresh = make_connection(workspace, created_at=late)
    make_connection(workspace, sync_ended_at=early, created_at=late)
    make_connection(workspace, sync_ended_at=late, is_active=False)
    make_connection(workspace)
    assert set(sync.due(now)) == {old.pk, fresh.pk}
    assert sync.due(now) == []


def test_no_schedule_where_none_is_set(
    connection: Connection, settings: Settings
) -> None:
    settings.SYNC_MINUTES = 0
    assert sync.due(timezone.now() + timedelta(days=1)) == []


def test_an_account_that_may_ask_rarely_is_synced_rarely(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.kind, "requests_per_minute", 60)
    keep(connection, *many())
    after = timedelta(minutes=1)
    # A thousand requests at a quarter of sixty a minute.
    assert sync.due(NOW + 60 * after) == []
    assert sync.due(NOW + 70 * after) == [connection.pk]


def test_the_schedule_task_has_them_synced(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.sync_connection, "delay", sent.append)
    Connection.objects.update(created_at=timezone.now() - timedelta(days=1))
    tasks.sync_connections()
    assert sent == [str(connection.pk)]


def test_the_command_waits_for_a_sync_that_runs(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    Connection.objects.update(sync_asked_at=now, sync_seen_at=now)

    def over(seconds: float) -> None:
        Connection.objects.update(sync_asked_at=None, sync_seen_at=None)

    monkeypatch.setattr("time.sleep", over)
    out = StringIO()
    call_command("connection", "sync", str(connection.pk), "--json", stdout=out)
    assert json.loads(out.getvalue())["agents"]["added"] == 4


def test_a_sync_of_nothing_is_no_error() -> None:
    sync.run_wanted(uuid.uuid4())
