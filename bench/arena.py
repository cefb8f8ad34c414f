"""The ground a part runs on: a database and a Redis database of its own, and programs.

Nothing here touches Django: a part runs in a process that finds its settings, made
here, in the environment.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from devkit.servers import find_postgres, find_redis, free_port

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent
END_SECONDS = 8
READY_SECONDS = 30

Env = dict[str, str]
Program = subprocess.Popen[bytes]


def base_env(folder: Path) -> Env:
    """Return settings that every program of a part gets."""
    port = free_port()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DEBUG": "off",
        "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
        "CREDENTIAL_KEYS": "",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": "",
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "ALLOW_PRIVATE_ADDRESSES": "on",
        "LOG_LEVEL": "WARNING",
        "EMAIL_URL": "consolemail://",
    }


class Servers:
    """The PostgreSQL and Redis servers: given by the environment, running or private."""

    def __init__(self, stack: ExitStack) -> None:
        given = os.environ.get("DATABASE_URL", "")
        if given.startswith("postgres"):
            self.postgres = given.rpartition("/")[0]
        else:
            self.postgres = find_postgres(stack) or ""
        self.redis = os.environ.get("REDIS_URL") or find_redis(stack) or ""
        if not self.postgres or not self.redis:
            sys.exit("The benchmarks need PostgreSQL and Redis; neither could be had.")

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make a database, yield its address, and drop it."""
        name = f"switchboard_bench_{os.getpid()}_{time.monotonic_ns()}"
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{self.postgres}/{name}"
        finally:
            drop = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            self._run(sql.SQL(drop).format(sql.Identifier(name)))

    @contextmanager
    def kept(self, words: str) -> Iterator[str]:
        """Yield the address of a database that stays for the next time."""
        name = f"switchboard_bench_{words.replace(' ', '_')}"
        with psycopg.connect(f"{self.postgres}/postgres") as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            is_there = connection.execute(known, [name]).fetchone()
        if not is_there:
            self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{self.postgres}/{name}"

    def _run(self, statement: sql.Composed) -> None:
        url = f"{self.postgres}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def broker(self) -> Iterator[str]:
        """Yield the address of a Redis database that nobody uses; empty it after."""
        url = free_broker(self.redis)
        try:
            yield url
        finally:
            with redis.Redis.from_url(url) as client:
                client.flushdb()


def free_broker(url: str) -> str:
    """Return the address of an empty database of a Redis server, and mark it taken."""
    server = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    for number in range(15, 0, -1):
        with redis.Redis.from_url(f"{server}/{number}") as client:
            mark = os.getpid()
            if not client.dbsize() and client.set("taken-by", mark, nx=True, ex=3600):
                return f"{server}/{number}"
    sys.exit("Redis has no empty database from 1 to 15; empty one with FLUSHDB.")


class Programs:
    """Programs of a part, started with its settings and ended by their own id."""

    def __init__(self, env: Env, log: Path) -> None:
        self.env = env
        self.log = log
        self.running: list[Program] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(*self.running)

    @property
    def port(self) -> int:
        """The port the web server listens on."""
        return int(self.env["PORT"])

    def start(self, *command: str) -> Program:
        """Start a program in a session of its own; its words go to the log."""
        with self.log.open("ab") as log:
            program = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(program)
        return program

    def granian(self, workers: int = 2, threads: int = 16, *more: str) -> Program:
        """Start the web server of production, and wait until it answers."""
        sizes = ["--workers", str(workers), "--blocking-threads", str(threads)]
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        quiet = ["--interface", "wsgi", "--no-ws", "--log-level", "error"]
        app = "dashboard.wsgi:application"
        words = [*quiet, *sizes, *address, *more, app]
        return self._web(str(BIN / "granian"), *words)

    def gunicorn(self, *options: str) -> Program:
        """Start gunicorn, and wait until it answers."""
        bind = ["--bind", f"127.0.0.1:{self.port}"]
        app = "dashboard.wsgi:application"
        return self._web(str(BIN / "gunicorn"), *bind, *options, app)

    def embedded(self) -> Program:
        """Start web, worker and beat in one process, as `make run` does."""
        return self.gunicorn("--config", "python:dashboard.gunicorn_embedded")

    def _web(self, *command: str) -> Program:
        program = self.start(*command)
        wait_for_port(self.port, program)
        return program

    def worker(self, threads: int = 16) -> Program:
        """Start a Celery worker, as in production."""
        celery = [str(BIN / "celery"), "--quiet", "--app", "dashboard.celery"]
        options = ["--pool", "threads", "--concurrency", str(threads)]
        name = f"worker{len(self.running)}@%h"
        words = [*options, "--hostname", name, "--loglevel", "warning"]
        return self.start(*celery, "worker", *words)

    def beat(self) -> Program:
        """Start Celery's beat."""
        celery = [str(BIN / "celery"), "--quiet", "--app", "dashboard.celery"]
        plain = ["--scheduler", "celery.beat:Scheduler", "--loglevel", "warning"]
        return self.start(*celery, "beat", *plain)

    def provider(self, delay_ms: int = 0) -> int:
        """Start the fake provider; return its port."""
        port = free_port()
        words = ["-m", "bench.fake_provider", str(port), str(delay_ms)]
        wait_for_port(port, self.start(PYTHON, *words))
        return port

    def end(self, *programs: Program) -> None:
        """Ask programs to end, wait a while, then make them."""
        for program in programs:
            program.terminate()
        deadline = time.monotonic() + END_SECONDS
        for program in programs:
            try:
                program.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            self.kill(program)

    def kill(self, program: Program) -> None:
        """End a program and its children with SIGKILL, wherever they are."""
        # It leads a session of its own, so that its group is nobody else's.
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        self.running.remove(program)


def wait_for_port(port: int, program: Program) -> None:
    """Return once something listens there; give up when the program ended."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if program.poll() is not None:
            raise RuntimeError(f"{program.args!r} ended with {program.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Nothing listens on port {port} after {READY_SECONDS} s.")


def quietly(command: Sequence[str], env: Env) -> str:
    """Run a command of ours; return what it printed, or raise with all it said."""
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"This failed: {command}\n{done.stdout}{done.stderr}")
    return done.stdout


def migrate(env: Env) -> None:
    """Bring the arena's database to the newest form."""
    quietly([PYTHON, "manage.py", "migrate", "--no-input", "-v", "0"], env)


Figures = dict[str, Any]
