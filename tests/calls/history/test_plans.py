"""Every filter in every order is answered by an index: read from PostgreSQL's plans.

What fits is most of the rows, or some of them, or none. However many there are, a page
reads the few it needs, and sorts no more than that.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import sync
from calls import filling
from calls.history import pages
from calls.history.choices import CHOICES
from calls.history.filters import read
from calls.models import CallTag, Tag
from calls.stock import Stock
from dashboard.models import Workspace
from tests.factories import make_connection, make_contact, make_member

pytestmark = [
    pytest.mark.skipif(connection.vendor == "sqlite", reason="plans of PostgreSQL"),
    pytest.mark.django_db,
]
CALLS, STEPS, SIZE = 4_000, 300, 5
# Of all calls a page may read as many from one table, and sort as many.
MOST = 2 * STEPS
TABLES = {"calls_call", "calls_found", "calls_foundwords", "calls_turn"}
GIN = ("found_by_marks", "found_by_words", "found_by_names", "found_by_digits")
SORTS = [value for value, _ in CHOICES["sort"]]
FILTERS: list[dict[str, str]] = [
    {},
    *({"when": value} for value, _ in CHOICES["when"]),
    *({"status": word} for word in ("ended", "not_connected", "failed", "canceled")),
    *({"outcome": word} for word in ("conversation", "busy", "voicemail,declined")),
    *({"end_reason": word} for word in ("user_hangup", "busy", "no_funds")),
    *({"fault": word} for word in ("none", "callee", "us")),
    *({"answered_by": word} for word in ("human", "machine", "unknown")),
    *({"direction": word} for word in ("inbound", "outbound")),
    *({"sentiment": word} for word in ("positive", "negative")),
    *({"success": word} for word in ("yes", "no", "unknown")),
    *({"source": word} for word in ("button", "compat")),
    *({"reviewed": word} for word in ("yes", "no")),
    *({"recording": word} for word in ("yes", "no")),
    {"duration_min": "60"},
    {"duration_max": "30"},
    {"cost_min": "0.1"},
    {"cost_max": "0.05"},
    {"sentiment": "negative", "outcome": "conversation", "direction": "outbound"},
]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Return a workspace with some thousand calls; the older ones are reviewed."""
    sync.sync(make_connection(workspace))
    for index in range(300):
        make_contact(workspace, name=f"Kim Nr{index}", number=f"+1415555{index:04d}")
    stock, now = Stock.of(workspace), timezone.now()
    stock.people = [make_member(workspace).user]
    stock.reviewed_before = now - timedelta(days=40)
    filling.fill(stock, CALLS, 60, now, Random(5))
    tag = Tag.objects.create(workspace=workspace, name="call back")
    ids = workspace.calls.order_by("pk").values_list("pk", flat=True)
    hung = [CallTag(call_id=pk, tag=tag) for pk in ids[::9]]
    CallTag.objects.bulk_create(hung)
    with connection.cursor() as cursor:
        # What many new rows leave to be sorted in makes an index look dear.
        for name in GIN:
            cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [name])
        cursor.execute("ANALYZE")
        # A table of this size is quickly read as a whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
    return workspace


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk as small a part of these calls as of a million."""
    monkeypatch.setattr("calls.history.finding.STEPS", STEPS)
    monkeypatch.setattr("calls.history.finding.STEPS_WORDS", STEPS)


def of_rows(workspace: Workspace) -> Iterator[dict[str, str]]:
    """Yield the filters by rows of the workspace."""
    agent = str(workspace.agents.exclude(calls=None)[0].pk)
    yield {"agent": agent}
    yield {"agent": agent, "version": "1"}
    yield {"agent": agent, "sentiment": "negative"}
    yield {"number": str(workspace.numbers.exclude(calls=None)[0].pk)}
    yield {"connection": str(workspace.connections.all()[0].pk)}
    yield {"contact": str(workspace.contacts.all()[0].pk)}
    yield {"person": str(workspace.members.all()[0].user_id)}
    yield {"tag": str(workspace.tags.all()[0].pk)}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def faults(statement: str) -> Iterator[str]:
    """Run a statement, and yield what of its plan grows with the calls."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        told = cursor.fetchone()[0]
    for node in nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]):
        name, loops = node["Node Type"], node["Actual Loops"]
        left_out = node.get("Rows Removed by Filter", 0)
        rows = (node["Actual Rows"] + left_out) * loops
        if name == "Sort":
            rows = node["Plans"][0]["Actual Rows"] * loops
        if name == "Seq Scan" and node["Relation Name"] in TABLES:
            yield f"reads all of {node['Relation Name']}"
        elif ("Relation Name" in node or name == "Sort") and rows > MOST:
            yield f"{name} of {rows} rows {node.get('Index Name', '')}"


def faults_of(workspace: Workspace, params: dict[str, str], after: str = "") -> str:
    """Return what the statements of a page read or sort that they need not."""
    filters = read(workspace, params)
    with CaptureQueriesContext(connection) as told:
        pages.page(workspace, filters, timezone.now(), after=after, size=SIZE)
    asked = [query["sql"] for query in told.captured_queries]
    found = [fault for sql in asked if "calls_" in sql for fault in faults(sql)]
    return f"{params}: {'; '.join(found)}\n" if found else ""


def test_every_filter_in_every_order_reads_little_and_sorts_nothing(
    filled: Workspace,
) -> None:
    found = ""
    for params in [*FILTERS, *of_rows(filled)]:
        for sort in SORTS:
            found += faults_of(filled, {**params, "sort": sort})
    assert not found


def test_a_page_from_the_middle_reads_as_little(filled: Workspace) -> None:
    middle = filled.calls.order_by("-created_at")[CALLS // 2]
    several = [*FILTERS, *of_rows(filled)]
    found = [faults_of(filled, params, pages.cursor(middle)) for params in several]
    assert not "".join(found)


def test_what_is_rare_is_looked_up(filled: Workspace) -> None:
    found = ""
    for q in ("Nr7", "+1 415 555 0142", "zebra", "order-A-1"):
        for sort in SORTS:
            found += faults_of(filled, {"q": q, "sort": sort})
    assert not found
