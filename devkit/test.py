"""`test` and `bench`: the three rounds of tests, and the benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack

from devkit.install import install
from devkit.servers import find_chromium, find_postgres, find_redis
from devkit.steps import PYTHON, ROOT, give_up, say

# A process for each core. Output is caught where Python writes it: to read it back from
# files took a fortieth of a round. In Chromium other programs write too.
PARALLEL = ["-n", "auto", "--maxprocesses", "8", "--dist", "loadgroup"]
PARALLEL += ["--capture", "sys"]
NO_TEST_CHOSEN = 5
Round = tuple[str, list[str], dict[str, str]]


def test(arguments: list[str]) -> None:
    """Run the tests on SQLite, on PostgreSQL with Redis, and in Chromium."""
    install("test")
    closing: list[str] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-test-"))
        # Without bytecode every process compiles all tests and us again: keep it.
        base = {"PYTHONDONTWRITEBYTECODE": "", "TEST_DATA_DIR": folder, "REDIS_URL": ""}
        base["DATABASE_URL"] = f"sqlite:///{folder}/db.sqlite3"
        rounds, missing = plan(stack)
        for name, options, env in rounds:
            say(f"\n── {name}")
            settings = {**os.environ, **base, **env}
            closing.append(pytest(name, [*options, *arguments], settings))
    report(closing, missing)


def plan(stack: ExitStack) -> tuple[list[Round], list[str]]:
    """Return the rounds that this machine can do, and what it lacks for others."""
    rounds: list[Round] = []
    missing = []
    servers = find_servers(stack)
    # Programs run once, where it can be on the servers; in Chromium they run on SQLite.
    others = "browser or services or programs" if servers else "browser or services"
    rounds.append(("SQLite", ["-m", f"not ({others})", *PARALLEL], {}))
    if servers:
        options = ["-m", "not browser", *PARALLEL]
        rounds.append(("PostgreSQL and Redis", options, servers))
    else:
        missing.append("the round on PostgreSQL and Redis: no servers to be had here")
    chromium = find_chromium()
    if chromium:
        # Playwright keeps an event loop; Django would refuse the database beside it.
        env = {"CHROMIUM": chromium, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        rounds.append(("Chromium", ["-m", "browser"], env))
    else:
        missing.append(
            "the round in Chromium: install chromium, or set CHROMIUM to its path"
        )
    return rounds, missing


def find_servers(stack: ExitStack) -> dict[str, str]:
    """Return settings for PostgreSQL and Redis, or nothing if one is not there."""
    postgres, redis = find_postgres(stack), find_redis(stack)
    if not postgres or not redis:
        return {}
    # A name of its own, so that two runs at the same time do not meet.
    database = f"{postgres}/switchboard_{os.getpid()}"
    return {"DATABASE_URL": database, "REDIS_URL": redis}


def pytest(name: str, options: list[str], env: dict[str, str]) -> str:
    """Run pytest, its output shown as it comes; return its name and closing line."""
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    command = [PYTHON, "-m", "pytest", "-q", *colour, *options]
    program = subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE
    )
    last = ""
    for line in program.stdout or ():
        print(line, end="", flush=True)
        last = line.strip() or last
    code = program.wait()
    word = "passed" if code in (0, NO_TEST_CHOSEN) else "FAILED"
    return f"{name} {word}: {last}"


def report(closing: list[str], missing: list[str]) -> None:
    """Say how each round ended; end with 1 if one failed, or in CI was left out."""
    say("\n" + "\n".join(closing))
    for words in missing:
        say(f"Left out {words}.")
    in_ci = os.environ.get("CI", "") not in ("", "0", "false")
    if any(" FAILED: " in line for line in closing) or (missing and in_ci):
        give_up("Not all is well: see above.")


def bench(arguments: list[str]) -> None:
    """Run the benchmarks on PostgreSQL and Redis; arguments are passed on."""
    install("test")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-bench-"))
        servers = find_servers(stack)
        if not servers:
            give_up("The benchmarks need PostgreSQL and Redis; neither could be had.")
        env = {**os.environ, **servers, "DATA_DIR": folder}
        command = [PYTHON, "-m", "bench", *arguments]
        code = subprocess.run(command, check=False, cwd=ROOT, env=env).returncode
    sys.exit(code)
