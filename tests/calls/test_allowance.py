"""Counting a key's requests: one minute for all who count."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
import redis
from django.conf import settings
from django.test import override_settings

from calls.api import allowance
from calls.api.allowance import Allowance, Minutes

needs_redis = pytest.mark.skipif(
    not settings.REDIS_URL, reason="needs Redis: set REDIS_URL"
)


@pytest.fixture
def name() -> str:
    """Return a name that nobody has counted for."""
    return str(uuid.uuid4())


def test_a_minute_begins_with_its_first_request() -> None:
    minutes = Minutes()
    counted = [minutes.count("a", now, 60) for now in (100.0, 130.0, 159.9, 160.0)]
    assert [used for used, _ in counted] == [1, 2, 3, 1]
    assert [round(left, 1) for _, left in counted] == [60.0, 30.0, 0.1, 60.0]


def test_names_are_counted_apart() -> None:
    minutes = Minutes()
    assert [minutes.count(one, 1.0, 60)[0] for one in ("a", "b", "a")] == [1, 1, 2]


def test_the_one_too_many_is_over() -> None:
    assert not Allowance(limit=2, used=2, reset=9).is_over
    over = Allowance(limit=2, used=3, reset=9)
    assert over.is_over
    assert over.headers() == {
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "9",
    }


def test_at_once_exactly_so_many_pass(name: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: allowance.take(name, 100), range(300)))
    assert sum(not one.is_over for one in taken) == 100
    assert sorted(one.used for one in taken) == list(range(1, 301))


def test_the_next_minute_is_a_new_one(name: str) -> None:
    first = [allowance.take(name, 1, minute=0.2) for _ in range(2)]
    time.sleep(0.25)
    then = allowance.take(name, 1, minute=0.2)
    assert [one.is_over for one in (*first, then)] == [False, True, False]
    assert then.reset == 1


@needs_redis
def test_processes_count_together(name: str) -> None:
    allowance.take(name, 5)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        key = f"switchboard:requests:{name}"
        assert client.get(key) == b"1"
        assert 0 < client.ttl(key) <= 60
        client.incrby(key, 4)
        assert allowance.take(name, 5).is_over
        # A count without an end would lock its key out for good.
        client.persist(key)
        allowance.take(name, 5)
        assert client.ttl(key) > 0


def test_without_redis_each_process_goes_on_counting(
    name: str, logged: StringIO
) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        taken = [allowance.take(name, 2).is_over for _ in range(3)]
    assert taken == [False, False, True]
    assert "by this process alone" in logged.getvalue()
