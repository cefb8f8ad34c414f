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
        failed = [("not measured", part["error"], "", "")] if "error" in part else []
        lines += _section(TITLES[name], failed or list(ROWS[name](part)))
    if grown := list(growth(figures)):
        lines += _section(TITLES["history growth"], grown)
    return "\n".join(line.rstrip() for line in lines)


def _section(title: str, rows: list[Row]) -> list[str]:
    """Return rows as lines, in columns, under a title."""
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths))
        for row in rows
    ]
    return ["", title, *lines]


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


def launch(part: Figures) -> Iterator[Row]:
    """Launches taken, per second."""
    for one in part["bare"]:
        yield "bare inserts a second", f"{one['per_second']:,}", "", ""
        yield "bare inserts, p99", f"{one['p99_ms']:g} ms", "", ""
    taken = part["launch"]
    yield "launches a second", f"{taken['per_second']:,}", "", ""
    both = f"{taken['p50_ms']:g} / {taken['p99_ms']:g} ms"
    yield "launches, p50 / p99", both, "", ""
    share = round(part["share_of_bare"] * 100, 1)
    yield "launches, share of the bare inserts", f"{share:g} %", "", ""


def history(part: Figures) -> Iterator[Row]:
    """Pages of the history: p95 beside the promise, p50 beside the bare SQL."""
    if part["filled"]:
        rate = f"{part['filled']['calls_per_second']:,}"
        yield "calls written a second", rate, "", ""
    sums = sorted(seen["yardstick_ms"] for seen in part["pages"].values())
    swing = f"{sums[0]:g} to {sums[-1]:g} ms"
    yield "the same small sum in Python meanwhile", swing, "", ""
    for name, seen in part["pages"].items():
        yield from page(name, seen)


def page(name: str, seen: Figures) -> Iterator[Row]:
    """One page, and the slowest of its other orders."""
    words, value, goal, met = judged(
        f"{name}, p95", seen["p95_ms"], " ms", seen["goal_ms"], least=False
    )
    more = f", browser waits {seen['browser']['p50_ms']:g} ms"
    more += f", bare SQL {seen['bare']['p50_ms']:g} ms" if "bare" in seen else ""
    yield words, value, f"{goal}; p50 {seen['p50_ms']:g} ms{more}", met
    if "sorted" in seen:
        orders = seen["sorted"]
        worst = max(orders, key=lambda sort: orders[sort]["p95_ms"])
        taken = orders[worst]
        words, value, goal, met = judged(
            f"  in other orders, slowest: {worst}",
            *(taken["p95_ms"], " ms", seen["goal_ms"]),
            least=False,
        )
        yield words, value, f"{goal}; p50 {taken['p50_ms']:g} ms", met


def exporting(part: Figures) -> Iterator[Row]:
    """Files of all calls."""
    for name, seen in part.items():
        yield from export(name, seen)


def export(name: str, seen: Figures) -> Iterator[Row]:
    """One file of all calls: its memory, and the first page meanwhile."""
    size = f"{seen['bytes'] / 1e6:,.0f} MB in {seen['seconds']:g} s"
    yield f"export as {name}, {seen['calls']:,} calls", size, "", ""
    yield judged("  most memory", seen["peak_mb"], " MB", 200, least=False)
    yield judged(
        "  first page meanwhile, p95", seen["page_p95_ms"], " ms", 50, least=False
    )


def growth(figures: Figures) -> Iterator[Row]:
    """How much longer a page takes where there are a hundred times as many calls."""
    few, many = (figures.get(f"history {n}", {}) for n in (10_000, 1_000_000))
    if "pages" not in few or "pages" not in many:
        return
    for name in ("first page", "deep page", "call page"):
        times = [part["pages"][name]["p50_ms"] for part in (few, many)]
        sums = [part["pages"][name]["yardstick_ms"] for part in (few, many)]
        grown = round(times[1] / max(times[0], 0.01), 2)
        even = round(grown * sums[0] / sums[1], 2)
        yield f"{name}, as often as the small sum takes", f"{even:g}", "", ""
        yield judged(f"{name}, p50 at 1,000,000 ÷ 10,000", grown, "", 1.3, least=False)


TITLES = {
    "ingest": "(a) Webhooks: two web workers, 16 connections",
    "burst": "(a) Webhook to applied: two web workers, so many Celery workers",
    "click embedded": "(b) Call now to provider: one process, SQLite",
    "click": "(b) Call now to provider: PostgreSQL and Redis",
    "pace": "(c) Pace: four workers, three numbers side by side",
    "history 10000": "(e) The history of 10,000 calls: one web worker, PostgreSQL",
    "history 100000": "(e) The history of 100,000 calls",
    "history 1000000": "(e) The history of 1,000,000 calls",
    "exporting 1000000": "(e) Exports of 1,000,000 calls",
    "history growth": "(e) The history: growth from 10,000 to 1,000,000 calls",
    "launch": "(d) Launches by the API: two web workers, 16 connections",
}
ROWS = {
    "ingest": ingest,
    "burst": burst,
    "click embedded": lambda part: click(part, 60),
    "click": lambda part: click(part, 30),
    "pace": pace,
    **{f"history {n}": history for n in (10_000, 100_000, 1_000_000)},
    "exporting 1000000": exporting,
    "launch": launch,
}
