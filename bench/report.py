"""What the figures say, as a table beside what was promised."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import psycopg
import redis

from bench.arena import Figures, Servers

Row = tuple[str, str, str, str]
PACKAGES = ("django", "psycopg", "celery", "granian", "gunicorn", "httpx")


def machine(servers: Servers) -> Figures:
    """Return facts about the machine and the programs, to be read with the figures."""
    with psycopg.connect(f"{servers.postgres}/postgres") as connection:
        row = connection.execute("SHOW server_version").fetchone()
    with redis.Redis.from_url(servers.redis) as client:
        info: Any = client.info("server")
    return {
        "cores": os.cpu_count(),
        "load_after": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": row[0] if row else "",
        "redis": info["redis_version"],
        **{name: version(name) for name in PACKAGES},
    }


def table(result: Figures) -> str:
    """Return the figures as lines of text."""
    facts, figures = result["machine"], result["figures"]
    known = (
        f"{facts['cores']} cores · Python {facts['python']} · PostgreSQL "
        f"{facts['postgresql']} · Redis {facts['redis']} · load {facts['load_after']}"
    )
    lines = [known]
    for name, part in figures.items():
        lines += ["", TITLES[name]]
        rows = [("not measured", part["error"], "", "")] if "error" in part else []
        rows = rows or list(ROWS[name](part))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines += [
            "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths))
            for row in rows
        ]
    return "\n".join(line.rstrip() for line in lines)


def judged(name: str, value: float, unit: str, goal: float, *, least: bool) -> Row:
    """Return a row that says whether the goal was met."""
    met = value >= goal if least else value <= goal
    sign = "at least" if least else "at most"
    return (
        name,
        f"{value:g}{unit}",
        f"{sign} {goal:g}{unit}",
        "met" if met else "MISSED",
    )


def ingest(part: Figures) -> Iterator[Row]:
    """Webhooks taken, per second."""
    rates = ", ".join(f"{rate:,}" for rate in part["pgbench_per_second"])
    yield "pgbench, single-row inserts a second", rates, "", ""
    for server in ("granian", "gunicorn"):
        taken = part[server]
        yield f"{server}, webhooks a second", f"{taken['per_second']:,}", "", ""
        share = round(taken["share_of_pgbench"] * 100, 1)
        yield judged(f"{server}, share of pgbench", share, " %", 20, least=True)
        yield f"{server}, p50", f"{taken['p50_ms']:g} ms", "", ""
        yield judged(f"{server}, p99", taken["p99_ms"], " ms", 30, least=False)


def burst(part: Figures) -> Iterator[Row]:
    """From webhook to applied."""
    for workers, seen in part.items():
        name = f"{workers}, {seen['events']:,} events"
        yield f"{name}, sent a second", f"{seen['sent_per_second']:,}", "", ""
        for start in ("from_received", "from_sent"):
            words = f"{name}, {start.replace('_', ' ')}"
            yield f"{words}, p50", f"{seen[start]['p50_ms']:g} ms", "", ""
            yield judged(
                f"{words}, p99", seen[start]["p99_ms"], " ms", 500, least=False
            )


def click(part: Figures, goal: float) -> Iterator[Row]:
    """From the click to the provider."""
    for kind in ("click", "bare"):
        both = f"{part[kind]['p50_ms']:g} / {part[kind]['p99_ms']:g} ms"
        yield f"{kind} POST to the provider, p50 / p99", both, "", ""
    above = part["above_bare"]
    yield judged("above the bare one, p50", above["p50_ms"], " ms", goal, least=False)
    yield "above the bare one, p99", f"{above['p99_ms']:g} ms", "", ""


def pace(part: Figures) -> Iterator[Row]:
    """Starts at each limit."""
    for limit, seen in part.items():
        name, cps = f"{limit}, {seen['calls']} calls", float(limit.split()[0])
        arrived = seen["arrived"]
        yield judged(f"{name}, arrived", arrived, "", seen["calls"], least=True)
        most = seen["most_in_a_second_at_provider"]
        yield judged(f"{name}, most in a second there", most, "", cps, least=False)
        most = seen["most_in_a_second_by_dialed_at"]
        yield judged(f"{name}, most in a second here", most, "", cps, least=False)
        share = round(seen["share_of_limit"] * 100, 2)
        yield judged(f"{name}, share of the limit", share, " %", 99, least=True)


TITLES = {
    "ingest": "(a) Webhooks: two web workers, 16 connections",
    "burst": "(a) Webhook to applied: two web workers, so many Celery workers",
    "click embedded": "(b) Call now to provider: one process, SQLite",
    "click": "(b) Call now to provider: PostgreSQL and Redis",
    "pace": "(c) Pace: four workers, three numbers side by side",
}
ROWS = {
    "ingest": ingest,
    "burst": burst,
    "click embedded": lambda part: click(part, 60),
    "click": lambda part: click(part, 30),
    "pace": pace,
}
