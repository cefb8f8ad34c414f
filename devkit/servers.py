"""Finds or starts what tests and benchmarks need: Chromium, PostgreSQL and Redis."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from devkit.steps import PYTHON, quietly, say

POSTGRES_HOMES = "/usr/lib/postgresql/*/bin"
# May this user make databases? Asked with the driver in .venv.
ASK = """
import psycopg, sys
sql = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
with psycopg.connect(sys.argv[1], connect_timeout=3) as connection:
    sys.exit(not connection.execute(sql).fetchone()[0])
"""


def find_chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, the system's, or a fresh one."""
    if os.environ.get("CHROMIUM"):
        return os.environ["CHROMIUM"]
    return installed_chromium() or (
        installed_chromium()
        if apt("chromium", "fonts-liberation", "libatomic1")
        else None
    )


def installed_chromium() -> str | None:
    """Return the first Chromium or Chrome on the path."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def find_postgres(stack: ExitStack) -> str | None:
    """Return the address of a PostgreSQL server, without a database's name."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given.rpartition("/")[0]
    return first(
        running_postgres,
        lambda: private_postgres(stack),
        lambda: private_postgres(stack) if apt("postgresql") else None,
    )


def find_redis(stack: ExitStack) -> str | None:
    """Return the address of a Redis server, with a database of our own."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        return given
    return first(
        running_redis,
        lambda: private_redis(stack),
        lambda: private_redis(stack) if apt("redis-server") else None,
    )


def first(*ways: Callable[[], str | None]) -> str | None:
    """Return what the first way that works gives; later ways are not tried."""
    return next(filter(None, (way() for way in ways)), None)


def running_postgres() -> str | None:
    """Return the local server's address, if one lets us make databases."""
    if not answers(5432):
        return None
    user = os.environ.get("USER", "postgres")
    logins = dict.fromkeys(["postgres", "postgres:postgres", user])
    urls = (f"postgres://{login}@127.0.0.1:5432" for login in logins)
    return next(filter(may_make_databases, urls), None)


def may_make_databases(url: str) -> bool:
    """Tell whether the login works and has the right."""
    command = [PYTHON, "-c", ASK, f"{url}/postgres"]
    return succeeds(command)


def private_postgres(stack: ExitStack) -> str | None:
    """Start a server of our own that goes when we go; it never runs as root."""
    home = postgres_home()
    if home is None:
        return None
    say("Starting a PostgreSQL server of its own")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-pg-")))
    as_user = unprivileged(folder)
    data, port = folder / "data", free_port()
    options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
    command = [*as_user, str(home / "initdb"), "-D", str(data), *options]
    quietly(command, cwd=folder)
    settings = ["-k", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    command = [*as_user, str(home / "postgres"), "-D", str(data), *settings]
    start(stack, command, folder)
    url = f"postgres://postgres@127.0.0.1:{port}"
    return url if wait_for(lambda: answers(port) and may_make_databases(url)) else None


def postgres_home() -> Path | None:
    """Return the folder of the newest installed server's programs."""
    found = shutil.which("initdb")
    homes = [Path(found).parent] if found else Path("/").glob(POSTGRES_HOMES[1:])
    return max(
        (home for home in homes if (home / "initdb").exists()),
        key=lambda home: (len(home.parent.name), home.parent.name),
        default=None,
    )


def unprivileged(folder: Path) -> list[str]:
    """Return what to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    user = "postgres" if succeeds(["id", "postgres"]) else "nobody"
    shutil.chown(folder, user)
    return ["runuser", "-u", user, "--"]


def running_redis() -> str | None:
    """Return the local server's address; a run takes a database by its process id."""
    if not answers(6379, b"PING\r\n", b"+PONG"):
        return None
    return f"redis://127.0.0.1:6379/{1 + os.getpid() % 15}"


def private_redis(stack: ExitStack) -> str | None:
    """Start a server of our own that keeps nothing on disk."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        return None
    say("Starting a Redis server of its own")
    port = free_port()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-redis-")))
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    start(stack, [program, "--port", str(port), *options], folder)
    ready = wait_for(lambda: answers(port, b"PING\r\n", b"+PONG"))
    return f"redis://127.0.0.1:{port}/1" if ready else None


def start(stack: ExitStack, command: list[str], folder: Path) -> None:
    """Start a server that ends with the stack; its words go to a log file."""
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    stack.callback(server.wait)
    stack.callback(server.terminate)


def answers(port: int, question: bytes = b"", answer: bytes = b"") -> bool:
    """Tell whether a server on this machine listens (and answers as expected)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            line.sendall(question)
            return not answer or line.recv(64).startswith(answer)
    except OSError:
        return False


def wait_for(is_true: Callable[[], bool], seconds: float = 20) -> bool:
    """Ask again until it is true or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.1)
    return False


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def apt(*packages: str) -> bool:
    """Install Debian packages, if this is root on Debian; tell whether it worked."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {', '.join(packages)} with apt")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-qq", "install", "--no-install-recommends", "-y", *packages]
    for command in (["apt-get", "-qq", "update"], install):
        done = subprocess.run(
            command, check=False, env=env, capture_output=True, text=True
        )
        if done.returncode:
            say(done.stderr.strip())
    return done.returncode == 0


def succeeds(command: list[str]) -> bool:
    """Tell whether a command ends with 0; what it prints does not matter."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
