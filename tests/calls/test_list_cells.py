"""The rows of the list: what each column says, and that nothing of it is run."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Connection
from calls.history.columns import COLUMNS
from calls.models import Call
from dashboard.models import ApiKey, Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_member,
    make_number,
)

pytestmark = pytest.mark.django_db
ODD = "<b>Kim</b> & \"Co\" 'x'"


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account whose name would be HTML."""
    return make_connection(workspace, name=ODD)


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of somebody who sees every column."""
    client = client_of(reviewer)
    client.post("/calls/columns/", {"column": list(COLUMNS), "query": ""})
    return client


def full(connection: Connection, name: str = ODD, **fields: Any) -> Call:
    """Make a call that has something for every column."""
    workspace = connection.workspace
    usual: dict[str, Any] = {
        "status": "ended",
        "agent": make_agent(connection, name=name),
        "contact": make_contact(workspace, name=name),
        "phone_number": make_number(connection),
        "launched_by": make_member(workspace, name=name).user,
        "answered_by": "human",
        "end_reason": "user_hangup",
        "sentiment": "negative",
        "successful": False,
        "duration_ms": 61_000,
        "latency": {"e2e": {"p50": 870.6}},
        "cost": Decimal("0.12"),
        "reviewed_at": timezone.now(),
        "found_at": timezone.now(),
    }
    call = make_call(connection, **(usual | fields))
    tag, _ = workspace.tags.get_or_create(name=name[:40])
    call.tags.add(tag, through_defaults={})
    return call


def row(client: Client, call: Call) -> str:
    """Return the HTML of a call's row."""
    html = client.get("/calls/").content.decode()
    found = re.search(rf'<tr id="call-{call.pk}".*?</tr>', html, re.DOTALL)
    assert found
    return found[0]


def test_every_column_says_what_it_is_about(
    client: Client, connection: Connection
) -> None:
    html = row(client, full(connection, "Kim"))
    bare = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for words in ("Kim", "A person", "The person hung up", "Negative", "No", "1:01"):
        assert words in bare
    for words in ("871 ms", "$0.12", "just now", "Gap found", "Reviewed"):
        assert words in bare
    assert 'class="seen"' in html


def test_nothing_that_others_wrote_is_run(
    client: Client, connection: Connection
) -> None:
    html = row(client, full(connection))
    assert "<b>Kim" not in html
    # Contact twice, agent, connection, person, tag.
    assert html.count("&lt;b&gt;Kim&lt;/b&gt; &amp; &quot;Co&quot;") == 6


@pytest.mark.parametrize("latency", [{}, {"e2e": None}, {"e2e": {"p50": "soon"}}, [1]])
def test_odd_or_missing_values_leave_a_cell_empty(
    client: Client, connection: Connection, latency: Any
) -> None:
    key = ApiKey.issue(connection.workspace, "Shop", [])[0]
    call = make_call(connection, latency=latency, api_key=key, sentiment="unknown")
    html = row(client, call)
    assert '<td class="hm r muted"></td>' in html
    assert '<td class="hm">Shop</td>' in html


def test_twenty_rows_take_the_queries_of_one(
    client: Client, connection: Connection
) -> None:
    full(connection)
    # What is looked up once in a process is known from here on.
    client.get("/calls/?q=Kim")
    taken = []
    for more in (0, 19):
        for index in range(more):
            full(connection, created_at=timezone.now() - timedelta(minutes=index))
        for address in ("/calls/", "/calls/?q=Kim&sort=-duration"):
            with CaptureQueriesContext(database) as queries:
                html = client.get(address).content.decode()
            assert html.count('<tr id="call-') == more + 1
            taken.append(len(queries))
    assert taken[:2] == taken[2:]
    assert max(taken) <= 12
