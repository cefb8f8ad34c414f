"""Part (e): how quick the history is, with so many calls.

Each page is asked for over HTTP from the production server, one at a time, by somebody
who is logged in. How long the server takes says its own log. Beside it stand how long the
browser waits, and the bare SQL: the statements that find the page's calls, sent again by
the driver alone. A machine that others use is quicker and slower by turns, so a fixed sum
in Python is timed with each question.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random

import httpx
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import crowd, questions
from bench.arena import PYTHON, Figures, Programs, quietly
from bench.figures import in_ms, percentile
from bench.questions import Params, Question
from calls import batches, filling
from calls.history import filters, pages
from calls.models import Call, CallTag, Tag
from calls.stock import Stock
from calls.sums import summary
from dashboard.models import User, Workspace

SLUG, DAYS, CONTACTS = "bench", 365, 20_000
WARM_UP, TIMES = 2, 20
# In each of the other orders.
SORTED_TIMES = 7
LOGGED = re.compile(r"^took ([0-9.]+) ms$", re.MULTILINE)
PATIENCE = 5.0
# One call in so many has the tag.
TAGS = {"call back": 20, "escalated": 5_000}


def run(programs: Programs, folder: Path, *, size: int) -> Figures:
    """Ask every question; fill the workspace first where it has fewer calls."""
    workspace, filled = stocked(size)
    visitor = served(programs)
    asked = {
        one.name: measured(visitor, workspace, one)
        for one in questions.all_of(workspace)
    }
    return {"calls": size, "filled": filled, "pages": asked}


def warm() -> None:
    """Have all rows read once, as where people work with them all day.

    A machine that was at something else reads them from its disk, which says nothing
    of ours. Left out where PostgreSQL came without `pg_prewarm`.
    """
    rows = (
        "SELECT pg_prewarm(oid, 'read') FROM pg_class WHERE relkind IN ('r', 'i', 't')"
    )
    with connection.cursor() as cursor, suppress(DatabaseError):
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        cursor.execute(f"{rows} AND NOT relisshared")


@dataclass(frozen=True)
class Visitor:
    """Somebody who is logged in, and who reads the server's log."""

    browser: httpx.Client
    log: Path

    def ask(self, path: str) -> tuple[float, float]:
        """Return how many seconds a page took at the server, and for the browser."""
        seen = self.log.stat().st_size
        began = time.perf_counter()
        answer = self.browser.get(path)
        waited = time.perf_counter() - began
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{path} answered {answer.status_code}.")
        answered = time.perf_counter()
        while time.perf_counter() - answered < PATIENCE:
            with self.log.open() as log:
                log.seek(seen)
                if told := LOGGED.search(log.read()):
                    return float(told[1]) / 1000, waited
            time.sleep(0.001)
        raise RuntimeError(f"The server logged nothing of {path} after {waited:.1f} s.")


def served(programs: Programs) -> Visitor:
    """Start the web server over rows that were read, and log somebody in there."""
    warm()
    quietly([PYTHON, "manage.py", "collectstatic", "--no-input"], programs.env)
    programs.granian(1, 16, "--access-log", "--access-log-fmt", "took %(dt_ms).3f ms")
    return Visitor(logged_in(programs.port), programs.log)


def stocked(size: int) -> tuple[Workspace, Figures]:
    """Return a workspace with so many calls, and how fast they were written."""
    workspace = Workspace.objects.filter(slug=SLUG).first()
    if workspace is None:
        workspace = crowd.build(SLUG, CONTACTS)
    lacking = size - Call.objects.filter(workspace=workspace).count()
    if lacking <= 0:
        return workspace, {}
    stock = Stock.of(workspace)
    # Reviewers are some weeks behind: there is none among the newest calls.
    stock.reviewed_before = timezone.now() - timedelta(days=20)
    done = filling.fill(stock, lacking, DAYS, timezone.now(), Random(1))
    summary.rebuild(workspace)
    tag(workspace)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    told = {"seconds": done.seconds, "calls_per_second": done.per_second}
    return workspace, told


def tag(workspace: Workspace) -> None:
    """Hang some tags on calls, one often and one seldom."""
    ids = list(workspace.calls.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    for name, each in TAGS.items():
        row = Tag.objects.create(workspace=workspace, name=name)
        rows = [(row.pk, pk, now) for pk in ids[::each]]
        batches.write(CallTag, ("tag_id", "call_id", "created_at"), rows)


def logged_in(port: int) -> httpx.Client:
    """Return a browser of somebody of the workspace."""
    django = Client()
    django.force_login(User.objects.get(email=crowd.EMAIL))
    cookies = {"sessionid": django.cookies["sessionid"].value}
    address = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=address, cookies=cookies, timeout=30)


# --- Measuring -----------------------------------------------------------------------
def measured(visitor: Visitor, workspace: Workspace, one: Question) -> Figures:
    """Ask one question many times; return ms, and the same of the bare SQL."""
    taken, waited = times(visitor, one.addresses(), TIMES)
    yardstick = in_ms(percentile([yardstick_seconds() for _ in range(5)], 0.5))
    told: Figures = {
        "goal_ms": one.goal_ms,
        **percentiles(taken),
        "browser": percentiles(waited),
        "yardstick_ms": yardstick,
    }
    if one.sorts:
        told["sorted"] = {
            sort: percentiles(times(visitor, one.addresses(sort), SORTED_TIMES)[0])
            for sort in one.sorts
        }
    return told | bare(workspace, one, told["p50_ms"])


def times(
    visitor: Visitor, paths: Iterator[str], count: int
) -> tuple[list[float], list[float]]:
    """Return how many seconds each page took at the server, and for the browser.

    The first ones only warm up.
    """
    both = [visitor.ask(path) for path in islice(paths, WARM_UP + count)][WARM_UP:]
    return [taken for taken, _ in both], [waited for _, waited in both]


def yardstick_seconds() -> float:
    """Return how long the machine takes for the same small work, now."""
    began = time.perf_counter()
    sum(number * number for number in range(100_000))
    return time.perf_counter() - began


def bare(workspace: Workspace, one: Question, p50_ms: float) -> Figures:
    """Return the times of the bare SQL, and how many times as long the page takes."""
    if not one.asked:
        return {}
    several = islice(cycle(one.asked), WARM_UP + TIMES // 2)
    taken = [bare_seconds(workspace, params) for params in several][WARM_UP:]
    beside = percentiles(taken)
    ratio = round(p50_ms / max(beside["p50_ms"], 0.01), 1)
    return {"bare": beside, "ratio_of_p50": ratio}


def bare_seconds(workspace: Workspace, params: Params) -> float:
    """Return how long the statements take that find the page's calls."""
    asked = filters.read(workspace, dict(params))
    after = params.get("after", "")
    with CaptureQueriesContext(connection) as told:
        pages.page(workspace, asked, timezone.now(), after=after)
    statements = [query["sql"] for query in told.captured_queries]
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()
    return time.perf_counter() - began


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return p50 and p95 in ms."""
    return {
        "p50_ms": in_ms(percentile(seconds, 0.5)),
        "p95_ms": in_ms(percentile(seconds, 0.95)),
    }
