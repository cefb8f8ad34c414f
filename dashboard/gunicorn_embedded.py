"""Gunicorn for one machine without a broker: web, worker and beat in one process."""

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from dashboard import embedded

worker_class = "gthread"
workers = 1
threads = 32
loglevel = "warning"
graceful_timeout = 5
keepalive = 30
control_socket_disable = True
# As long as gunicorn takes: filters of the API may hold many ids.
limit_request_line = 8190

ONE_ONLY = (
    "Without REDIS_URL there can be only one web worker: messages between processes "
    "need a broker. Leave out --workers, or set REDIS_URL."
)


def on_starting(server: Arbiter) -> None:
    """Refuse more than one process; each would have a queue of its own."""
    if server.cfg.workers != 1:
        raise SystemExit(ONE_ONLY)


def nworkers_changed(server: Arbiter, new: int, old: int | None) -> None:
    """Stay at one process when someone sends TTIN or TTOU."""
    if old is not None and new != 1:
        server.log.warning(ONE_ONLY)
        server.num_workers = 1


def post_worker_init(worker: Worker) -> None:
    """Start the background work once the application is loaded."""
    embedded.start()


def worker_exit(server: Arbiter, worker: Worker) -> None:
    """Stop the background work with the process."""
    embedded.stop()
