"""A key's requests a minute: many web processes, one count."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bench.arena import Programs
from dashboard.models import ApiKey
from tests.factories import make_workspace

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

LIMIT, REQUESTS, WORKERS = 40, 120, 3


def test_web_workers_count_a_keys_requests_together(programs: Programs) -> None:
    _, key, _ = ApiKey.issue(
        make_workspace(), "Fast", ["calls:read"], requests_per_minute=LIMIT
    )
    programs.granian(workers=WORKERS)
    url = f"http://127.0.0.1:{programs.port}/api/v1/calls"
    headers = {"Authorization": f"Bearer {key}"}

    def ask(_: int) -> int:
        return httpx.get(url, headers=headers, trust_env=False, timeout=30).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(REQUESTS)))
    assert answers.count(200) == LIMIT
    assert answers.count(429) == REQUESTS - LIMIT
