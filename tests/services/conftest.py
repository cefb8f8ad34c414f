"""Programs of their own on the test database, with a Redis database of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from bench.arena import Programs, base_env, free_broker


@pytest.fixture
def programs(transactional_db: None, tmp_path: Path) -> Iterator[Programs]:
    """Return what starts web servers and workers beside the test; ends them after."""
    if connection.vendor != "postgresql" or not settings.REDIS_URL:
        pytest.skip("needs PostgreSQL and Redis: set DATABASE_URL and REDIS_URL")
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    broker = free_broker(settings.REDIS_URL)
    env = base_env(tmp_path) | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "REDIS_URL": broker,
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_POOL_SIZE": "8",
    }
    with redis.Redis.from_url(broker) as client:
        try:
            with Programs(env, tmp_path / "log") as started:
                yield started
        finally:
            client.flushdb()
