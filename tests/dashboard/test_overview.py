"""The overview: what it shows is what plain counting gives, and what its links show."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from itertools import product
from random import Random
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from calls import digest
from calls.history import filters, narrowing
from calls.sums import freshness, summary
from dashboard.models import Member, Workspace
from dashboard.overview import board, reading
from dashboard.overview.board import Choice
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Member], Client]

# Sunday: 20:30 in Kolkata.
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def scatter(workspace: Workspace, count: int, now: datetime, seed: int = 7) -> None:
    """Make calls of every kind over the last hundred days."""
    random = Random(seed)
    pick = random.choice
    lines = [make_connection(workspace) for _ in range(2)]
    agents = [None, *(make_agent(line) for line in lines)]
    numbers = [None, *(make_number(line) for line in lines)]
    for _ in range(count):
        is_recent = random.random() < 0.5
        minutes = random.randint(1, (9 if is_recent else 100) * 24 * 60)
        make_call(
            pick(lines),
            agent=pick(agents),
            agent_version=pick([None, 0, 1]),
            phone_number=pick(numbers),
            direction=pick(["outbound", "outbound", "inbound"]),
            status=pick(["ended"] * 4 + ["not_connected", "failed", "in_progress"]),
            answered_by=pick(["", "human", "machine"]),
            end_reason=pick(["", "busy", "no_answer", "user_hangup"]),
            duration_ms=pick([None, 61_000, 122_500]),
            cost=pick([None, Decimal("0.125"), Decimal("1.1")]),
            currency=pick(["USD", "USD", "EUR"]),
            successful=pick([None, True, False]),
            latency=pick([{}, {"e2e": {"p50": random.randint(150, 7000)}}]),
            created_at=now - timedelta(minutes=minutes),
            changed_at=now,
        )


def counted(workspace: Workspace) -> None:
    """Take everything in."""
    while digest.run(timezone.now()):
        pass
    summary.catch_up()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace(name="Acme", slug="acme", timezone="Asia/Kolkata")


def test_the_figures_are_those_of_plain_counting(workspace: Workspace) -> None:
    scatter(workspace, 120, NOW)
    counted(workspace)
    for days, by in product(
        reading.RANGES, ["agent", "version", "number", "connection"]
    ):
        found = board.read(workspace, NOW, Choice(days=days, by=by), with_days=True)
        check(workspace, found, days)


def check(workspace: Workspace, found: dict[str, Any], days: int) -> None:
    """Hold what the board shows of some days against plain counting."""
    zone = ZoneInfo(workspace.timezone)
    first = NOW.astimezone(zone).date() - timedelta(days=days - 1)
    calls = [
        call
        for call in workspace.calls.all()
        if first <= call.created_at.astimezone(zone).date()
    ]
    total = found["total"]
    assert total.calls == len(calls)
    spent: dict[str, Decimal] = {}
    for call in calls:
        if call.cost and not call.is_open:
            spent[call.currency] = spent.get(call.currency, Decimal(0)) + call.cost
    assert {currency: amount for amount, currency in total.costs} == spent
    assert sum(row.figures.calls for row in found["rows"]) == len(calls)
    ended = [c for c in calls if c.status == "ended" and c.duration_ms is not None]
    assert total.sums["talked_ms"] == sum(c.duration_ms or 0 for c in ended)
    heat = sum(cell.rang for row in found["heat"] for cell in row.cells)
    assert heat == total.sums["rang"]


def test_today_is_compared_with_the_same_hours_a_week_ago(workspace: Workspace) -> None:
    line = make_connection(workspace)
    # It is 20:30: what came since 20:00 is not compared.
    for minutes in (20, 60, 90, 7 * 24 * 60 + 20, 7 * 24 * 60 + 60):
        at = NOW - timedelta(minutes=minutes)
        make_call(line, status="ended", created_at=at, changed_at=at)
    counted(workspace)
    found = board.read(workspace, NOW, Choice(), with_days=False)
    assert found["today"].calls == 3
    assert found["changes"]["calls"].words == "+100\u202f%"
    assert found["compared"] == "last Sunday until 20:00"


def test_a_day_begins_at_the_workspaces_midnight(workspace: Workspace) -> None:
    line = make_connection(workspace)
    midnight = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    make_call(line, status="ended", created_at=midnight)
    make_call(line, status="ended", created_at=midnight - timedelta(seconds=1))
    counted(workspace)
    assert board.read(workspace, NOW, Choice(), with_days=False)["today"].calls == 1


def test_open_calls_count_at_once(workspace: Workspace) -> None:
    line = make_connection(workspace)
    make_call(line, status="in_progress", created_at=NOW - timedelta(minutes=1))
    make_call(line, status="scheduled", created_at=NOW - timedelta(minutes=2))
    counted(workspace)
    found = board.read(workspace, NOW, Choice(), with_days=True)
    assert found["today"].calls == 2
    assert found["total"].calls == 2
    assert found["live_calls"] == 1


def test_another_workspaces_calls_do_not_count(workspace: Workspace) -> None:
    scatter(make_workspace(), 20, NOW)
    counted(workspace)
    found = board.read(workspace, NOW, Choice(days=90), with_days=True)
    assert found["total"].calls == 0
    assert found["rows"] == []


LINK = re.compile(r'<a href="(/calls/\?[^"]+)"[^>]*>\s*([\d,]+)\s*</a>')


def test_every_count_is_the_number_of_calls_its_link_shows(
    admin: Member, client_of: ClientOf
) -> None:
    now = timezone.now()
    scatter(admin.workspace, 150, now)
    counted(admin.workspace)
    page = client_of(admin).get("/?days=90&by=version").content.decode()
    links = {
        (unescape(href), int(text.replace(",", "")))
        for href, text in LINK.findall(page)
        # Minutes and the like lead to calls, but do not count them.
        if "status=ended" not in href and "sort=" not in href
    }
    assert len(links) > 50
    for href, count in links:
        wanted = filters.read(admin.workspace, QueryDict(href.partition("?")[2]))
        assert not wanted.errors
        rows = narrowing.narrow(admin.workspace, wanted, now)
        assert rows.count() == count, href


def test_each_hour_of_the_heat_map_leads_to_its_calls(workspace: Workspace) -> None:
    now = timezone.now()
    scatter(workspace, 80, now)
    counted(workspace)
    heat = board.read(workspace, now, Choice(days=90), with_days=True)["heat"]
    cells = [cell for row in heat for cell in row.cells if cell.rang]
    assert cells
    for cell in cells[:20]:
        wanted = filters.read(workspace, QueryDict(cell.href.partition("?")[2]))
        assert narrowing.narrow(workspace, wanted, now).count() == cell.rang


def test_the_comparison_is_sorted_as_asked_for(workspace: Workspace) -> None:
    scatter(workspace, 60, NOW)
    counted(workspace)

    def rows(sort: str) -> list[Any]:
        choice = Choice(days=90, by="version", sort=sort)
        found = board.read(workspace, NOW, choice, with_days=True)
        return list(found["rows"])

    for name in ("name", "calls", "answer", "cost", "p50"):
        up, down = rows(name), rows(f"-{name}")
        assert {row.name for row in up} == {row.name for row in down}, name
    values = [row.figures.calls for row in rows("-calls")]
    assert values == sorted(values, reverse=True)
    names = [row.name.casefold() for row in rows("name")]
    assert names == sorted(names)


def test_what_an_address_asks_for_wrongly_is_as_usual() -> None:
    choice = Choice.read({"days": "12", "by": "moon", "sort": "-moon"})
    assert choice == Choice()
    assert parse_qs(choice.address(days=7)[1:])["days"] == ["7"]


def test_reading_takes_in_what_has_just_ended(workspace: Workspace) -> None:
    line = make_connection(workspace)
    call = make_call(line, status="in_progress", created_at=NOW - timedelta(hours=1))
    counted(workspace)
    workspace.calls.filter(pk=call.pk).update(status="ended", changed_at=NOW)
    assert freshness.freshen(workspace) == freshness.EXACT
    found = board.read(workspace, NOW, Choice(), with_days=False)
    assert found["today"].sums["conversation"] == 1


def test_where_much_is_missing_the_page_says_up_to_when(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_connection(workspace)
    counted(workspace)
    monkeypatch.setattr(freshness, "FEW", 2)
    ends = [NOW - timedelta(minutes=minutes) for minutes in (9, 8, 7)]
    for at in ends:
        make_call(line, status="ended", created_at=at, changed_at=at)
    assert freshness.freshen(workspace).as_of == ends[0]


def test_counting_for_the_first_time_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_call(make_connection(workspace), status="ended")
    monkeypatch.setattr(freshness, "FEW_CALLS", 0)
    assert freshness.freshen(workspace).is_first
    counted(workspace)
    assert freshness.freshen(workspace) == freshness.EXACT


@pytest.mark.parametrize("count", [1, 60])
def test_the_page_asks_as_often_for_many_calls_as_for_one(
    admin: Member,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    scatter(admin.workspace, count, timezone.now(), seed=3)
    make_call(make_connection(admin.workspace), agent=None, status="ended")
    counted(admin.workspace)
    client = client_of(admin)
    client.get("/")
    # session, user, memberships; state; live, recent, looks; open, hours, days, names
    with django_assert_num_queries(11):
        client.get("/?days=90&by=connection")


def test_every_chart_has_a_table_with_its_figures(
    admin: Member, client_of: ClientOf
) -> None:
    scatter(admin.workspace, 40, timezone.now())
    counted(admin.workspace)
    page = client_of(admin).get("/?days=7").content.decode()
    captions = re.findall(r'<caption class="sr">([^<]+)', page)
    assert "Calls and their outcomes by day" in captions
    assert "Figures by day" in captions
    assert "Answered, by weekday and hour" in captions
    assert len(re.findall(r'<svg class="chart', page)) == 5
    for drawing in re.findall(r'<svg class="chart[^>]*>', page):
        assert 'aria-hidden="true"' in drawing


def test_the_ranges_are_those_offered() -> None:
    assert reading.RANGES == (7, 30, 90)
