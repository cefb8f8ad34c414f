"""Part (c): does every window of one second keep the limit, and how much is used?"""

import time
from pathlib import Path
from typing import Any

import httpx

from agents.models import PhoneNumber
from bench import scene
from bench.arena import Figures, Programs
from bench.figures import fullest_window, share_of_limit
from calls import tasks
from calls.models import Call

WORKERS = 4
# Calls to queue at each limit; three numbers, so the three go side by side.
LANES = {1: 40, 5: 200, 16: 200}
FULL = {1: 200, 5: 200, 16: 200}


def run(programs: Programs, folder: Path, *, full: bool = False) -> Figures:
    """Let four workers empty the queues of three numbers; look at both clocks."""
    provider_port = programs.provider()
    here = scene.build(provider_port, cps=1)
    for _ in range(WORKERS):
        programs.worker()
    programs.beat()
    lanes = {}
    for cps, count in (FULL if full else LANES).items():
        number = f"+162855502{cps:02d}"
        lanes[cps] = scene.add_number(here.connection, here.agent, number, cps)
        scene.queue(lanes[cps], count)
    scene.wait_for_workers(WORKERS)
    for lane in lanes.values():
        tasks.dispatch_lane.delay("number", str(lane.pk))
    wait(FULL if full else LANES)
    arrivals = httpx.get(f"http://127.0.0.1:{provider_port}/arrivals").json()
    return {f"{cps} CPS": seen(lane, arrivals) for cps, lane in lanes.items()}


def wait(lanes: dict[int, int]) -> None:
    """Return once no call waits any more."""
    slowest = max(count / cps for cps, count in lanes.items())
    deadline = time.monotonic() + slowest * 1.3 + 20
    while Call.objects.waiting().exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(1)


def seen(lane: PhoneNumber, arrivals: list[dict[str, Any]]) -> Figures:
    """Return what the provider's clock and ours say of one number's calls."""
    theirs = [row["at"] for row in arrivals if row["from_number"] == lane.number]
    dialed = lane.calls.values_list("dialed_at", flat=True)
    ours = [at.timestamp() for at in dialed if at]
    cps = float(lane.cps)
    return {
        "calls": lane.calls.count(),
        "arrived": len(theirs),
        "most_in_a_second_at_provider": fullest_window(theirs),
        "most_in_a_second_by_dialed_at": fullest_window(ours),
        "share_of_limit": round(share_of_limit(theirs, cps), 4),
    }
