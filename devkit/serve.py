"""Runs Switchboard's programs side by side and ends them together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

from devkit.steps import BIN, ROOT, give_up, say

Programs = dict[str, "subprocess.Popen[bytes]"]
READY_SECONDS = 120
END_SECONDS = 15
PAUSE_SECONDS = 1
# Never through a proxy: this is our own server on this machine.
local = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def refuse_taken_port(port: int) -> None:
    """Say what to do when another program already listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            give_up(
                f"Port {port} is in use, perhaps by a Switchboard that runs already "
                f"(http://127.0.0.1:{port}).\nStop that program, or take another "
                f"port: PORT={port + 1} make run"
            )


def commands(settings: Mapping[str, str], port: int) -> dict[str, list[str]]:
    """Return the programs: one that does everything, or one each with a broker."""
    if not settings.get("REDIS_URL"):
        config = ["--config", "python:dashboard.gunicorn_embedded"]
        bind = ["--bind", f"127.0.0.1:{port}"]
        web = [str(BIN / "gunicorn"), *config, *bind, "dashboard.wsgi:application"]
        return {"web": web}
    granian = "granian --interface wsgi --workers 2 --blocking-threads 32"
    celery = "celery --quiet --app dashboard.celery"
    lines = {
        "web": f"{granian} --respawn-failed-workers --workers-kill-timeout 5 --no-ws"
        f" --log-level error --host 127.0.0.1 --port {port} dashboard.wsgi:application",
        "worker": f"{celery} worker --pool threads --concurrency 16 --loglevel warning",
        "beat": f"{celery} beat --scheduler celery.beat:Scheduler --loglevel warning",
    }
    split = {name: line.split() for name, line in lines.items()}
    return {name: [str(BIN / line[0]), *line[1:]] for name, line in split.items()}


def serve(settings: Mapping[str, str], port: int, logins: str) -> None:
    """Run until a program ends or a signal comes; then end them all."""
    signal.signal(signal.SIGTERM, interrupt)
    env = {**os.environ, **settings}
    programs: Programs = {}
    starts = commands(settings, port)
    try:
        for name, command in starts.items():
            programs[name] = subprocess.Popen(command, cwd=ROOT, env=env)
        wait_until_ready(programs, port)
        say(f"\nSwitchboard is on http://127.0.0.1:{port}\n\n{logins.strip()}\n")
        say("Ctrl+C ends it.")
        while True:
            for name in dead(programs):
                programs[name] = revive(name, starts[name], env)
            time.sleep(0.2)
    except KeyboardInterrupt:
        say("\nEnding.")
    finally:
        end(programs)


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Treat the polite signal to end like Ctrl+C."""
    raise KeyboardInterrupt


def wait_until_ready(programs: Programs, port: int) -> None:
    """Return once the web server says that it is well."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        refuse_dead(programs)
        try:
            with local.open(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except urllib.error.HTTPError as error:
            give_up(f"The server answers {error.code} at /healthz; see above.")
        except OSError:
            time.sleep(0.05)
    give_up(f"The server gave no answer within {READY_SECONDS} s; see above.")


def dead(programs: Programs) -> list[str]:
    """Return the names of the programs that have ended."""
    return [name for name, program in programs.items() if program.poll() is not None]


def refuse_dead(programs: Programs) -> None:
    """Give up when one of the programs did not even start."""
    for name in dead(programs):
        give_up(f"The {name} program ended with code {programs[name].returncode}.")


def revive(
    name: str, command: list[str], env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a program again that ended by itself; nothing is lost by that."""
    say(f"The {name} program ended; it starts again.")
    time.sleep(PAUSE_SECONDS)
    return subprocess.Popen(command, cwd=ROOT, env=dict(env))


def end(programs: Programs) -> None:
    """Ask all programs to end, wait a while, then make them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for program in programs.values():
        program.terminate()
    deadline = time.monotonic() + END_SECONDS
    for program in programs.values():
        try:
            program.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
