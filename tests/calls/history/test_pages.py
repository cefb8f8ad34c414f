"""Pages by keyset: nothing twice, nothing left out, whatever comes in meanwhile."""

from datetime import timedelta
from itertools import chain, pairwise
from typing import Any

import pytest
from django.db import connection

from calls import digest
from calls.history import pages, taking
from calls.history.choices import CHOICES
from calls.history.filters import Filters
from calls.history.order import Order
from calls.models import Call, CallStatus
from dashboard.models import Workspace
from tests.calls.history.crowd import NOW, ordered
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db
SORTS = [value for value, _ in CHOICES["sort"]]


def walk(workspace: Workspace, filters: Filters, size: int) -> list[pages.Page]:
    shown = [pages.page(workspace, filters, NOW, size=size)]
    while shown[-1].older:
        after = shown[-1].older
        shown.append(pages.page(workspace, filters, NOW, after=after, size=size))
    return shown


@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_every_call_once_in_both_ways(
    town: Workspace, calls: list[Call], sort: str
) -> None:
    filters = Filters(sort=sort)
    shown = walk(town, filters, 13)
    assert list(chain.from_iterable(p.calls for p in shown)) == ordered(calls, sort)
    for before, page in pairwise(shown):
        back = pages.page(town, filters, NOW, before=page.newer, size=13)
        assert back.calls == before.calls


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older(
    town: Workspace, calls: list[Call]
) -> None:
    shown = walk(town, Filters(), 100)
    assert (shown[0].newer, shown[-1].older) == ("", "")
    only = pages.page(town, Filters(), NOW, size=len(calls))
    assert (only.newer, only.older) == ("", "")


@pytest.mark.parametrize("sort", SORTS)
def test_what_comes_in_meanwhile_moves_nothing(
    town: Workspace, calls: list[Call], sort: str
) -> None:
    link, seen, after = town.connections.all()[0], [], ""
    for turn in range(100):
        page = pages.page(town, Filters(sort=sort), NOW, after=after, size=11)
        seen += [call.pk for call in page.calls]
        new = make_call(
            link,
            status=CallStatus.ENDED if turn % 2 else CallStatus.QUEUED,
            created_at=NOW
            + timedelta(hours=turn if sort == "-time" else -9_000 - turn),
            duration_ms=10**9 if sort == "-duration" else None,
            cost=10**5 if sort == "-cost" else None,
        )
        taking.take_in([new], NOW)
        after = page.older
        if not after:
            break
    old = [call.pk for call in ordered(calls, sort)]
    assert [pk for pk in seen if pk in set(old)] == old
    assert len(seen) == len(set(seen))


def test_a_call_that_is_taken_in_meanwhile_is_on_one_page_only(
    workspace: Workspace,
) -> None:
    link = make_connection(workspace)
    made = [
        make_call(link, status=CallStatus.ENDED, created_at=NOW - timedelta(minutes=n))
        for n in range(6)
    ]
    first = pages.page(workspace, Filters(), NOW, size=3)
    taking.take_in(made, NOW)
    Call.objects.update(digested_at=NOW)
    second = pages.page(workspace, Filters(), NOW, after=first.older, size=3)
    assert first.calls + second.calls == made


def test_a_deleted_call_leaves_nothing_behind(
    town: Workspace, calls: list[Call]
) -> None:
    Call.objects.filter(workspace=town).delete()
    assert pages.page(town, Filters(), NOW).calls == []
    assert pages.page(town, Filters(q="refund"), NOW).calls == []


def test_a_call_that_is_taken_in_meanwhile_is_not_missed(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status=CallStatus.ENDED)
    turns = iter([True])

    def taking_in(execute: Any, *statement: Any) -> Any:
        found = execute(*statement)
        if next(turns, False):
            digest.run(NOW)
        return found

    with connection.execute_wrapper(taking_in):
        places = pages.find(workspace, Filters(), NOW, Order("time", True), 9)
    assert [place.call_id for place in places] == [call.pk]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "12-34", "9" * 40 + "-" + "0" * 32, "-", "--", "-1"),
        *("1" * 10_000, "1-" + "z" * 32, "\0", "１２-" + "0" * 32),
    ],
)
@pytest.mark.parametrize("sort", ["-time", "cost"])
def test_a_broken_cursor_is_the_first_page(
    workspace: Workspace, text: str, sort: str
) -> None:
    call = make_call(make_connection(workspace))
    shown = pages.page(workspace, Filters(sort=sort), NOW, after=text)
    assert shown.calls == [call] or pages.read_cursor(text, sort) is not None


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_is_read_as_it_was_written(calls: list[Call], sort: str) -> None:
    for call in calls[:20]:
        place: Any = pages.read_cursor(pages.cursor(call, sort), sort)
        assert place.call_id == call.pk
        assert pages._written(place) == pages.cursor(call, sort)
