"""Pace: many workers, one clock."""

import time
from collections.abc import Callable

import httpx
import pytest
import redis

from bench import scene
from bench.arena import Programs
from bench.figures import fullest_window
from calls.models import Call

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

CPS, CALLS, WORKERS = 5, 25, 4
# The machine may hold a request up between our clock and the provider's.
ON_THE_WAY = 0.1


def test_four_workers_never_start_more_than_the_limit(programs: Programs) -> None:
    port = programs.provider()
    here = scene.build(port, CPS)
    for _ in range(WORKERS):
        programs.worker()
    wait_until(lambda: workers_of(programs) == WORKERS, 40)
    scene.queue(here.number, CALLS)
    programs.beat()
    wait_until(lambda: not Call.objects.exclude(status="ringing").exists(), 40)
    arrivals = httpx.get(f"http://127.0.0.1:{port}/arrivals", trust_env=False).json()
    dialed = here.number.calls.values_list("dialed_at", flat=True)
    assert len({row["reference"] for row in arrivals}) == len(arrivals) == CALLS
    assert fullest_window([at.timestamp() for at in dialed if at]) <= CPS
    assert fullest_window([row["at"] for row in arrivals], 1 - ON_THE_WAY) <= CPS


def workers_of(programs: Programs) -> int:
    """Return how many workers listen at the broker."""
    with redis.Redis.from_url(programs.env["REDIS_URL"]) as client:
        return len(client.smembers("_kombu.binding.celery.pidbox"))


def wait_until(is_true: Callable[[], bool], seconds: float) -> None:
    """Wait; what is still not true then is for the assertions to say."""
    deadline = time.monotonic() + seconds
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.2)
