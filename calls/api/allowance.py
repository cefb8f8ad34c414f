"""How many requests a key may make in a minute, counted for all workers together.

A minute begins with the first request in it, and so many pass; the rest waits for its end.
Unlike a provider's allowance (`agents/budget.py`), which is spread evenly since the waiting
is ours, a client may use up its own at once.

The count is in Redis, at the price of one round trip. Without Redis there is only one
process (`dashboard/embedded.py`), and it counts by itself; so does each while Redis cannot
be reached, as a request must not fail for that.
"""

import logging
import math
import threading
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

MINUTE = 60.0
# Longer than this Redis may not hold up a request.
PATIENCE = 0.5
# One step, so that no count is left without an end.
COUNT = """
local used = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {used, left}
"""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a key is in its minute: requests allowed and made, seconds to its end."""

    limit: int
    used: int
    reset: int

    @property
    def is_over(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return what tells a client of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset),
        }


class Minutes:
    """The minutes that are open, in this process's memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, int]] = {}

    def count(self, name: str, now: float, minute: float) -> tuple[int, float]:
        """Count a request; return how many there were, and the seconds that are left."""
        with self._lock:
            ends, used = self._open.get(name, (now, 0))
            if ends <= now:
                ends, used = now + minute, 0
            self._open[name] = (ends, used + 1)
        return used + 1, ends - now


here = Minutes()


def take(name: str, limit: int, *, minute: float = MINUTE) -> Allowance:
    """Count one request of `name`, which has `limit` a minute (`minute` in seconds)."""
    used, left = _count(name, minute)
    return Allowance(limit, used, max(1, math.ceil(left)))


def _count(name: str, minute: float) -> tuple[int, float]:
    if settings.REDIS_URL:
        try:
            return _count_together(name, minute)
        except redis.RedisError as error:
            logger.warning("Requests are counted by this process alone: %s", error)
    return here.count(name, time.monotonic(), minute)


def _count_together(name: str, minute: float) -> tuple[int, float]:
    client = _client(settings.REDIS_URL)
    script = client.register_script(COUNT)
    used, left = script([f"switchboard:requests:{name}"], [int(minute * 1000)])
    return int(used), int(left) / 1000


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
