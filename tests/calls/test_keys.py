"""A program's key at every API: how it is sent, when it is refused, how often it works."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from calls.api import allowance
from calls.models import Call
from dashboard.management.commands.apikey import ALL_SCOPES
from dashboard.models import ApiKey, Member, Workspace
from tests.calls.doors import over_the_wire
from tests.calls.ways import COMPAT, NATIVE, Asker, Way, asker
from tests.factories import make_agent, make_connection, make_number, make_workspace

pytestmark = pytest.mark.django_db
PROGRAMS = (NATIVE, *COMPAT)
every_way = pytest.mark.parametrize("way", PROGRAMS, ids=[way.name for way in PROGRAMS])


@pytest.fixture
def who(workspace: Workspace, admin: Member) -> Asker:
    """Return somebody with a key, an agent and a number to call from."""
    line = make_connection(workspace)
    agent = make_agent(line, provider_agent_id="agent_1", versions=2)
    number = make_number(line, number="+16285550000")
    number.bindings.create(direction="outbound", agent=agent)
    return asker(workspace, admin)


def keys_of(who: Asker) -> Any:
    """Return the rows of the asker's one key."""
    return who.workspace.api_keys.all()


# --- Keys that are over --------------------------------------------------------------
@every_way
def test_an_expired_key_is_refused_in_words(way: Way, who: Asker) -> None:
    assert way.launch(who).status_code == 201
    keys_of(who).update(expires_at=timezone.now() - timedelta(minutes=1))
    answer = way.launch(who)
    assert answer.status_code == 401
    assert "This API key expired on 20" in way.sentence(answer, "invalid_key")
    keys_of(who).update(expires_at=timezone.now() + timedelta(minutes=1))
    assert way.launch(who).status_code in {200, 201}


@every_way
def test_a_revoked_key_is_refused_in_words(way: Way, who: Asker) -> None:
    keys_of(who).update(revoked_at=timezone.now())
    answer = way.launch(who)
    assert answer.status_code == 401
    assert "This API key was revoked" in way.sentence(answer, "invalid_key")
    assert not Call.objects.exists()


def test_who_has_not_the_secret_learns_nothing_of_a_key(who: Asker) -> None:
    way = COMPAT[-1]
    keys_of(who).update(expires_at=timezone.now() - timedelta(minutes=1))
    told = way.sentence(way.launch(replace(who, secret="s3cr3t_x")), "invalid_key")
    assert "expired" not in told
    assert "expired" in way.sentence(way.launch(who), "invalid_key")


# --- How often -----------------------------------------------------------------------
@every_way
def test_so_many_requests_pass_in_a_minute(way: Way, who: Asker) -> None:
    keys_of(who).update(requests_per_minute=3)
    answers = [way.launch(who) for _ in range(5)]
    assert [a.status_code for a in answers] == [201, 201, 201, 429, 429]
    for answer in answers[3:]:
        told = way.sentence(answer, "limit_exceeded")
        assert "has made its 3 requests of this minute" in told
        assert 1 <= int(answer["Retry-After"]) <= 60
    assert all("Retry-After" not in answer for answer in answers[:3])
    assert Call.objects.count() == 3


def test_after_the_time_that_was_said_it_works_again(
    who: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_of(who).update(requests_per_minute=1)
    clock = Clock()
    monkeypatch.setattr(allowance, "_count", clock.count)
    assert NATIVE.launch(who).status_code == 201
    clock.now += 20.5
    refused = NATIVE.launch(who)
    assert (refused.status_code, refused["Retry-After"]) == (429, "40")
    clock.now += int(refused["Retry-After"])
    assert NATIVE.launch(who).status_code == 201


class Clock:
    """A minute that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.minutes = allowance.Minutes()

    def count(self, name: str, minute: float) -> tuple[int, float]:
        """Count as without Redis, by this clock."""
        return self.minutes.count(name, self.now, minute)


def test_our_api_says_what_is_left(who: Asker) -> None:
    keys_of(who).update(requests_per_minute=2)
    headers = {"Authorization": f"Bearer {who.key}"}
    seen = [Client().get("/api/v1/calls", headers=headers) for _ in range(3)]
    assert [a["RateLimit-Limit"] for a in seen] == ["2", "2", "2"]
    assert [a["RateLimit-Remaining"] for a in seen] == ["1", "0", "0"]
    assert all(1 <= int(a["RateLimit-Reset"]) <= 60 for a in seen)
    assert seen[2]["Retry-After"] == seen[2]["RateLimit-Reset"]
    # Also where the answer is a no.
    other = ApiKey.issue(who.workspace, "Other", [], requests_per_minute=9)[1]
    answer = Client().get("/api/v1/calls", headers={"Authorization": f"Bearer {other}"})
    assert (answer.status_code, answer["RateLimit-Remaining"]) == (403, "8")


def test_a_key_without_a_limit_is_not_counted(who: Asker) -> None:
    assert "RateLimit-Limit" not in NATIVE.launch(who)


def test_each_key_has_its_own_minute(who: Asker) -> None:
    keys_of(who).update(requests_per_minute=1)
    _, key, secret = ApiKey.issue(
        who.workspace, "Second", ALL_SCOPES, requests_per_minute=1
    )
    second = replace(who, key=key, secret=secret)
    sent = [NATIVE.launch(one).status_code for one in (who, second, who, second)]
    assert sent == [201, 201, 429, 429]


def test_the_limit_costs_no_query(who: Asker) -> None:
    headers = {"Authorization": f"Bearer {who.key}"}
    Client().get("/api/v1/calls", headers=headers)
    counts = []
    for limit in (None, 100):
        keys_of(who).update(requests_per_minute=limit)
        with CaptureQueriesContext(connection) as queries:
            Client().get("/api/v1/calls", headers=headers)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@over_the_wire
def test_of_parallel_requests_exactly_so_many_pass(
    live_server: LiveServer, workspace: Workspace
) -> None:
    _, key, _ = ApiKey.issue(workspace, "Many", ["calls:read"], requests_per_minute=25)
    url = f"{live_server.url}/api/v1/calls"

    def ask(_: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        # Certificates are not looked at, so none need be read for each request.
        return httpx.get(
            url, headers=headers, trust_env=False, timeout=30, verify=False
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(60)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (25, 35)
    left = {int(a.headers["RateLimit-Remaining"]) for a in answers if a.is_success}
    assert left == set(range(25))


# --- How it is sent ------------------------------------------------------------------
BEARER = {"Authorization": "Bearer {key}"}
X_KEY = {"X-API-Key": "{key}"}
PAIR = {"X-API-KEY": "{key}", "X-API-SECRET": "{secret}"}
# A dialect, an address that takes GET, and which of the ways to send a key open it.
GOOD: list[tuple[str, str, dict[str, str]]] = [
    ("native", "/api/v1/calls", BEARER),
    ("native", "/api/v1/calls", {"Authorization": "bearer {key}"}),
    ("retell", "/compat/retell/v2/list-phone-numbers", BEARER),
    ("uponai", "/compat/uponai/api/v1/calls", BEARER),
    ("itellico", "/compat/itellico/v1/accounts/{account}/calls", X_KEY),
    ("klen", "/compat/klen/api/v1/calls", BEARER),
    ("klen", "/compat/klen/api/v1/calls", X_KEY),
    ("klen", "/compat/klen/api/v1/calls?api_key={key}", {}),
    ("zudu", "/compat/zudu/api/calls", PAIR),
]
BAD: list[tuple[str, str, dict[str, str]]] = [
    ("native", "/api/v1/calls", X_KEY),
    ("native", "/api/v1/calls?api_key={key}", {}),
    ("native", "/api/v1/calls", {"Authorization": "Basic {key}"}),
    ("retell", "/compat/retell/v2/list-phone-numbers", X_KEY),
    ("retell", "/compat/retell/v2/list-phone-numbers?api_key={key}", {}),
    ("uponai", "/compat/uponai/api/v1/calls", X_KEY),
    ("itellico", "/compat/itellico/v1/accounts/{account}/calls", BEARER),
    ("klen", "/compat/klen/api/v1/calls", {"Authorization": "{key}"}),
    ("zudu", "/compat/zudu/api/calls", BEARER),
    ("zudu", "/compat/zudu/api/calls", X_KEY),
    ("zudu", "/compat/zudu/api/calls", {"X-API-SECRET": "{secret}"}),
    ("zudu", "/compat/zudu/api/calls", PAIR | {"X-API-SECRET": "{key}"}),
]


def opened(path: str, sent: Mapping[str, str], who: Asker) -> int:
    """Ask with a key that is sent in some way; return the status."""
    words = {"key": who.key, "secret": who.secret, "account": who.workspace.pk}
    headers = {name: value.format(**words) for name, value in sent.items()}
    return int(Client().get(path.format(**words), headers=headers).status_code)


def all_scopes(who: Asker) -> Asker:
    """Let the key do everything."""
    keys_of(who).update(scopes=ALL_SCOPES)
    return who


@pytest.mark.parametrize(("dialect", "path", "sent"), GOOD)
def test_a_key_is_taken_as_the_sheet_says(
    dialect: str, path: str, sent: dict[str, str], who: Asker
) -> None:
    assert opened(path, sent, all_scopes(who)) == 200


@pytest.mark.parametrize(("dialect", "path", "sent"), BAD)
def test_a_key_that_is_sent_otherwise_opens_nothing(
    dialect: str, path: str, sent: dict[str, str], who: Asker
) -> None:
    assert opened(path, sent, all_scopes(who)) == 401


def test_the_account_in_an_address_is_the_keys_own(who: Asker) -> None:
    path = "/compat/itellico/v1/accounts/{}/calls"
    sent = {"X-API-Key": all_scopes(who).key}
    mine, me = who.workspace.pk, "me"
    for account, status in ((mine, 200), (me, 200), (make_workspace().pk, 403)):
        answer = Client().get(path.format(account), headers=sent)
        assert answer.status_code == status


def test_a_missing_scope_is_named_in_the_dialects_own_word_too(who: Asker) -> None:
    keys_of(who).update(scopes=["calls:read"])
    klen = next(way for way in COMPAT if way.name == "klen")
    told = klen.sentence(klen.launch(who), "permission_denied")
    assert "calls:write (can_initiate_calls)" in told


# --- Last used -----------------------------------------------------------------------
@pytest.fixture
def writes() -> Iterator[list[str]]:
    """Return the writes to keys that a test causes."""
    found: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "dashboard_apikey" in sql:
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield found


@every_way
def test_last_used_is_written_once_a_minute(
    way: Way, who: Asker, writes: list[str]
) -> None:
    for _ in range(3):
        way.launch(who)
    row = keys_of(who).get()
    assert row.last_used_at
    assert timezone.now() - row.last_used_at < timedelta(seconds=30)
    assert len(writes) == 1


def test_a_refused_key_is_not_used(who: Asker) -> None:
    keys_of(who).update(revoked_at=timezone.now())
    NATIVE.launch(who)
    assert keys_of(who).get().last_used_at is None
