"""Celery's worker and beat as threads of the web process: no broker to install.

Messages travel in memory, so there can be only one such process. The rows in the
database are the queue: what a killed process had in memory, the next sweep finds.
"""

import logging
import threading
from collections.abc import Callable

from celery.beat import Scheduler, Service
from celery.worker import WorkController

from dashboard.celery import app

CONCURRENCY = 16
# How long beat sleeps at most, and so how long it may take to stop.
BEAT_SECONDS = 1
PAUSE_AFTER_DEATH = 1.0

logger = logging.getLogger(__name__)
stopping = threading.Event()
threads: list[threading.Thread] = []


def start() -> None:
    """Start the worker and beat, each in a thread that brings it back if it dies."""
    stopping.clear()
    for name, run in (("worker", run_worker), ("beat", run_beat)):
        thread = threading.Thread(target=keep, args=(name, run), name=name, daemon=True)
        threads.append(thread)
        thread.start()


def stop(timeout: float = 5.0) -> None:
    """Let running tasks finish, for `timeout` seconds at most."""
    if not threads:
        return
    stopping.set()
    app.control.shutdown()
    while threads:
        threads.pop().join(timeout)


def keep(name: str, run: Callable[[], None]) -> None:
    """Run `run` again whenever it ends, until `stop` is called."""
    while not stopping.is_set():
        try:
            run()
        except (Exception, SystemExit):
            logger.exception("The embedded %s broke", name)
        if not stopping.wait(PAUSE_AFTER_DEATH):
            logger.warning("The embedded %s starts again", name)


def run_worker() -> None:
    """Work until told to stop. Plain WorkController installs no signal handlers."""
    WorkController(
        app=app,
        hostname="embedded@localhost",
        pool="threads",
        concurrency=CONCURRENCY,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()


def run_beat() -> None:
    """Send what is due until told to stop; the schedule is kept in memory."""
    Service(app, max_interval=BEAT_SECONDS, scheduler_cls=Beat).start()


class Beat(Scheduler):
    """Celery's scheduler in memory, ended by `stop`."""

    def tick(self) -> float:  # type: ignore[override]
        """Send one due task; return how long to sleep."""
        if stopping.is_set():
            raise SystemExit
        return float(super().tick())
