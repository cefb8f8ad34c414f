"""kill -9 at any moment: no call is dialled twice, and none is lost."""

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connections

from bench import scene
from bench.arena import Program, Programs
from calls import reconcile
from calls.models import Call, CallStatus
from dashboard.models import ApiKey

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

LAUNCHES = 200
KILLS = 6
SEED = 20261120


def test_killed_programs_neither_dial_twice_nor_lose_a_call(programs: Programs) -> None:
    provider_port = programs.provider(delay_ms=100)
    here = scene.build(provider_port, cps=50)
    _, key, _ = ApiKey.issue(here.workspace, "kill", ["calls:write", "calls:read"])
    victims = Victims(programs)
    client = threading.Thread(target=launch_all, args=(programs.port, here, key))
    client.start()
    chance = random.Random(SEED)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.5, 2.0))
        victims.kill(chance.choice(["web", "worker", "both"]))
    client.join(60)
    settle()
    address = f"http://127.0.0.1:{provider_port}/arrivals"
    arrivals = httpx.get(address, trust_env=False).json()
    judge(here, Counter(row["reference"] for row in arrivals))


class Victims:
    """A web server, two workers and beat; what is killed is started again."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self.web = programs.granian()
        self.workers: list[Program] = [programs.worker(), programs.worker()]
        programs.beat()

    def kill(self, what: str) -> None:
        """Kill the web server, a worker, or both, in the middle of what they do."""
        if what in ("web", "both"):
            self.programs.kill(self.web)
        if what in ("worker", "both"):
            self.programs.kill(self.workers.pop(0))
            self.workers.append(self.programs.worker())
        if what in ("web", "both"):
            self.web = self.programs.granian()


def launch_all(port: int, here: scene.Scene, key: str) -> None:
    """Launch by the API as a careful client does: again with the same key, if unsure."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=10) as client:
        for index in range(LAUNCHES):
            body = {
                "to_number": f"+1415555{index:04d}",
                "agent_id": str(here.agent.pk),
                "from_number": here.number.number,
                "variables": {"first_name": "Jamie", "plan": "Fibre 500"},
            }
            while not launched(client, port, f"kill-{index}", body):
                time.sleep(0.1)
            time.sleep(0.03)


def launched(client: httpx.Client, port: int, key: str, body: dict[str, Any]) -> bool:
    """Ask once; tell whether the answer says that the call is launched."""
    url = f"http://127.0.0.1:{port}/api/v1/calls"
    try:
        answer = client.post(url, json=body, headers={"Idempotency-Key": key})
    except httpx.TransportError:
        return False
    return answer.status_code in (200, 201)


def settle() -> None:
    """Let the sweep mend what it can, then go on as the clock would, but faster.

    A worker that took a call is given 10 s, and a provider's answer 40 s: the first is
    waited for, the second is not.
    """
    deadline = time.monotonic() + 30
    unasked = Call.objects.waiting() | Call.objects.filter(dialed_at=None)
    while unasked.exists() and time.monotonic() < deadline:
        time.sleep(0.3)
    later = datetime.now(tz=UTC) + reconcile.ANSWER_LOST
    reconcile.recover(later)
    for _ in range(6):
        later += timedelta(seconds=40)
        for call in Call.objects.filter(status=CallStatus.UNCONFIRMED):
            reconcile.ask(call.pk, later)
    connections.close_all()


def judge(here: scene.Scene, dialed: Counter[str]) -> None:
    """Every launch is one call; each was dialled once or, resolved so, never."""
    statuses = {str(call.pk): call.status for call in here.workspace.calls.all()}
    assert len(statuses) == LAUNCHES
    assert max(dialed.values()) == 1
    placed = {pk for pk, status in statuses.items() if status == CallStatus.RINGING}
    lost = {pk for pk, status in statuses.items() if status == CallStatus.FAILED}
    assert placed | lost == set(statuses)
    assert set(dialed) == placed
