"""Part (d): how quick the history is, with so many calls.

Each page is asked for over HTTP from the production server, one at a time, by somebody
who is logged in; beside it stands the time of the bare SQL: the statements that find the
page's calls, sent again by the driver alone.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

import httpx
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import crowd
from bench.arena import PYTHON, Figures, Programs, quietly
from bench.click import BACKEND
from bench.figures import in_ms, percentile
from calls import filling
from calls.history import filters, pages
from calls.models import Call
from calls.stock import Stock
from calls.sums import summary
from dashboard.models import User, Workspace

SLUG, DAYS, CONTACTS = "bench", 365, 20_000
WARM_UP, TIMES = 2, 20
Params = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """What is asked; by turns where there are several ways to ask it."""

    name: str
    goal_ms: float
    asked: Sequence[Params] = ()
    paths: Sequence[str] = ()

    def addresses(self) -> Iterator[str]:
        """Yield the addresses, again and again."""
        lists = [f"/calls/?{httpx.QueryParams(dict(one))}" for one in self.asked]
        return cycle(self.paths or lists)


def run(programs: Programs, folder: Path, *, size: int) -> Figures:
    """Ask every question; fill the workspace first where it has fewer calls."""
    workspace, filled = stocked(size)
    quietly([PYTHON, "manage.py", "collectstatic", "--no-input"], programs.env)
    programs.granian(1)
    browser = logged_in(programs.port)
    asked = {
        one.name: measured(browser, workspace, one) for one in questions(workspace)
    }
    return {"calls": size, "filled": filled, "pages": asked}


def stocked(size: int) -> tuple[Workspace, Figures]:
    """Return a workspace with so many calls, and how fast they were written."""
    workspace = Workspace.objects.filter(slug=SLUG).first()
    if workspace is None:
        workspace = crowd.build(SLUG, CONTACTS)
    lacking = size - Call.objects.filter(workspace=workspace).count()
    if lacking <= 0:
        return workspace, {}
    stock = Stock.of(workspace)
    done = filling.fill(stock, lacking, DAYS, timezone.now(), Random(1))
    summary.rebuild(workspace)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    told = {"seconds": done.seconds, "calls_per_second": done.per_second}
    return workspace, told


def logged_in(port: int) -> httpx.Client:
    """Return a browser of somebody of the workspace."""
    django = Client()
    django.force_login(User.objects.get(email=crowd.EMAIL), BACKEND)
    cookies = {"sessionid": django.cookies["sessionid"].value}
    address = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=address, cookies=cookies, timeout=30)


# --- Questions -----------------------------------------------------------------------
def questions(workspace: Workspace) -> Iterator[Question]:
    """Yield what is asked of the workspace, with what was promised."""
    random = Random(4)
    middle = deep(workspace)
    people = random.sample(list(workspace.contacts.order_by("pk")[:5_000]), 20)
    yield Question("first page", 50, [{}])
    yield Question("deep page", 50, [{"after": pages.cursor(one)} for one in middle])
    for name, params in narrowed(workspace).items():
        yield Question(name, 50, [params])
    yield Question("contact", 50, [{"contact": str(p.pk)} for p in people])
    numbers = [p.number for p in people]
    yield Question("number", 60, [{"q": number} for number in numbers])
    yield Question("last four digits", 60, [{"q": number[-4:]} for number in numbers])
    yield Question("rare word", 150, [{"q": p.name.split()[1]} for p in people])
    common = ("renewal", "the", "thank you", "appointment", "plan")
    yield Question("common word", 150, [{"q": word} for word in common])
    yield Question("two words", 150, [{"q": "invoice payment"}])
    failed = [{"q": word, "status": "failed"} for word in common]
    yield Question("common word that failed", 150, failed)
    yield Question("call page", 40, paths=[f"/calls/{one.pk}/" for one in middle])
    yield Question("overview", 50, paths=["/"])


def deep(workspace: Workspace) -> list[Call]:
    """Return calls from the middle of the history, one of each of some days."""
    calls = Call.objects.filter(workspace=workspace)
    oldest, newest = calls.earliest("created_at"), calls.latest("created_at")
    span = (newest.created_at - oldest.created_at) / 40
    moments = [oldest.created_at + span * step for step in range(10, 30)]
    found = (calls.filter(created_at__lt=at).order_by("-created_at") for at in moments)
    return [one for rows in found if (one := rows.first())]


def narrowed(workspace: Workspace) -> dict[str, Params]:
    """Return each filter alone, and pairs that are usual."""
    agent = str(workspace.agents.exclude(calls=None)[0].pk)
    number = str(workspace.numbers.exclude(calls=None)[0].pk)
    link = str(workspace.connections.all()[0].pk)
    person = str(workspace.members.all()[0].user_id)
    alone: dict[str, Params] = {
        "date": {"when": "month"},
        "status": {"status": "failed"},
        "outcome": {"outcome": "declined"},
        "end reason": {"end_reason": "busy"},
        "end reason, none": {"end_reason": "no_funds"},
        "fault": {"fault": "provider"},
        "answered by": {"answered_by": "machine"},
        "direction": {"direction": "inbound"},
        "agent": {"agent": agent},
        "agent and version": {"agent": agent, "version": "1"},
        "our number": {"number": number},
        "connection": {"connection": link},
        "sentiment": {"sentiment": "negative"},
        "success": {"success": "no"},
        "duration": {"duration_min": "120"},
        "cost": {"cost_min": "0.2"},
        "reviewed, none": {"reviewed": "yes"},
        "recording": {"recording": "no"},
        "launched by": {"person": person},
        "source": {"source": "compat"},
        "longest first": {"sort": "-duration"},
        "dearest first": {"sort": "-cost"},
    }
    pairs: dict[str, Params] = {
        "agent + failed": {"agent": agent, "status": "failed"},
        "agent + negative": {"agent": agent, "sentiment": "negative"},
        "number + declined": {"number": number, "outcome": "declined"},
        "month + voicemail": {"when": "month", "outcome": "voicemail"},
        "negative + longest": {"sentiment": "negative", "sort": "-duration"},
    }
    return alone | pairs


# --- Measuring -----------------------------------------------------------------------
def measured(browser: httpx.Client, workspace: Workspace, one: Question) -> Figures:
    """Ask one question many times; return ms, and the same of the bare SQL."""
    paths = one.addresses()
    taken = [timed(browser, path) for path in islice(paths, WARM_UP + TIMES)]
    told = {"goal_ms": one.goal_ms, **percentiles(taken[WARM_UP:])}
    if not one.asked:
        return told
    bare = [
        seconds
        for params in islice(cycle(one.asked), WARM_UP + TIMES // 2)
        for seconds in [bare_seconds(workspace, params)]
    ][WARM_UP:]
    beside = percentiles(bare)
    ratio = round(told["p50_ms"] / max(beside["p50_ms"], 0.01), 1)
    return {**told, "bare": beside, "ratio_of_p50": ratio}


def timed(browser: httpx.Client, path: str) -> float:
    """Return how many seconds a page took."""
    began = time.perf_counter()
    answer = browser.get(path)
    taken = time.perf_counter() - began
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{path} answered {answer.status_code}.")
    return taken


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
