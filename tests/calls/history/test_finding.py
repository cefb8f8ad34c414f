"""Every filter, alone and with others, against plain Python."""

from dataclasses import replace
from decimal import Decimal
from itertools import chain, islice
from random import Random
from typing import Any

import pytest

from calls.history import counting, pages
from calls.history.choices import CHOICES
from calls.history.filters import Filters, read
from calls.history.narrowing import fitting, narrow
from calls.models import Call, Turn
from dashboard.models import Workspace
from tests.calls.history.crowd import NOW, fits, ordered
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db

WORDS = ("status", "outcome", "end_reason", "fault", "answered_by", "direction")
MORE = ("sentiment", "success", "source", "type", "reviewed", "recording", "when")
BOUNDS: list[dict[str, str]] = [
    {"duration_min": "10"},
    {"duration_max": "10"},
    {"duration_min": "0", "duration_max": "1:01"},
    {"duration_min": "3600"},
    {"cost_min": "0.123456"},
    {"cost_max": "0.05"},
    {"cost_min": "0", "cost_max": "0"},
    {"since": "2026-11-10", "until": "2026-11-12"},
    {"since": "2026-11-10T05:00:00Z"},
    {"weekday": "1,5"},
    {"hour": "3,12", "weekday": "2"},
    {"external": "order-77"},
    {"status": "look,ended"},
    {"version": "1"},
]
PAIRS = [{name: value} for name in WORDS + MORE for value, _ in CHOICES[name]]


def found(workspace: Workspace, filters: Filters) -> list[Any]:
    return list(chain.from_iterable(pages.chunks(workspace, filters, NOW, size=20)))


def check(workspace: Workspace, calls: list[Call], filters: Filters) -> None:
    """Hold the history against plain Python: the calls, their order and their number."""
    wanted = [call.pk for call in calls if fits(call, filters, workspace)]
    ranked = [call.pk for call in ordered(calls, filters.sort) if call.pk in wanted]
    assert found(workspace, filters) == ranked
    shown = pages.page(workspace, filters, NOW, size=50).calls
    assert [call.pk for call in shown] == ranked[:50]
    assert counting.count(workspace, filters, NOW).value == len(wanted)
    assert fitting(workspace, filters, [c.pk for c in calls], NOW) == set(wanted)


def test_every_filter_alone_finds_what_plain_python_does(
    town: Workspace, calls: list[Call], way: str
) -> None:
    for params in [*PAIRS, *BOUNDS]:
        filters = read(town, params)
        assert not filters.errors
        check(town, calls, filters)


def test_ids_find_the_calls_of_that_row(
    town: Workspace, calls: list[Call], way: str
) -> None:
    one = next(c for c in calls if c.agent and c.phone_number and c.contact)
    person = next(c for c in calls if c.launched_by_id)
    key = next(c for c in calls if c.api_key_id)
    tags = list(town.tags.all())
    for filters in (
        Filters(agent=(one.agent_id,)),  # type: ignore[arg-type]
        Filters(number=(one.phone_number_id,)),  # type: ignore[arg-type]
        Filters(contact=(one.contact_id,)),  # type: ignore[arg-type]
        Filters(connection=(one.connection_id,)),
        Filters(agent=tuple(agent.pk for agent in town.agents.all()[:2])),
        Filters(person=(person.launched_by_id,)),  # type: ignore[arg-type]
        Filters(key=(key.api_key_id,)),  # type: ignore[arg-type]
        Filters(call=(one.pk,)),
        Filters(call=tuple(c.pk for c in calls[:30]), sort="-cost"),
        Filters(call=tuple(c.pk for c in calls[:30]), status=("ended", "live")),
        Filters(tag=(tags[0].pk,)),
        Filters(tag=tuple(tag.pk for tag in tags)),
    ):
        check(town, calls, filters)


def test_any_filters_together_find_what_plain_python_does(
    town: Workspace, calls: list[Call], way: str
) -> None:
    random = Random(3)
    agents = [{"agent": str(agent.pk)} for agent in town.agents.all()]
    tags = [{"tag": str(tag.pk)} for tag in town.tags.all()]
    sorts = [value for value, _ in CHOICES["sort"]]
    for _ in range(40):
        several = random.sample(
            [*PAIRS, *BOUNDS, *agents, *tags], random.choice([2, 3])
        )
        params = {name: value for one in several for name, value in one.items()}
        filters = read(town, {**params, "sort": random.choice(sorts)})
        check(town, calls, filters)


@pytest.mark.parametrize("sort", [value for value, _ in CHOICES["sort"]])
def test_every_sort_is_kept_through_all_pages(
    town: Workspace, calls: list[Call], sort: str, way: str
) -> None:
    check(town, calls, Filters(sort=sort))
    check(town, calls, Filters(sort=sort, outcome=("conversation", "busy")))


@pytest.mark.parametrize("sort", [value for value, _ in CHOICES["sort"]])
def test_words_are_found_in_every_order(
    town: Workspace, calls: list[Call], sort: str, way: str
) -> None:
    said = {turn.call_id for turn in Turn.objects.filter(text__icontains="refund")}
    wanted = [call.pk for call in ordered(calls, sort) if call.pk in said]
    assert len(wanted) > 20
    assert found(town, Filters(q="refund", sort=sort)) == wanted


def test_strangers_find_nothing_of_it(town: Workspace, calls: list[Call]) -> None:
    stranger = make_workspace()
    agents = tuple(agent.pk for agent in town.agents.all())
    tags = tuple(tag.pk for tag in town.tags.all())
    for filters in (Filters(), Filters(agent=agents), Filters(tag=tags)):
        for searched in (
            filters,
            replace(filters, q="refund"),
            replace(filters, q="415"),
        ):
            assert found(stranger, searched) == []
            assert counting.count(stranger, searched, NOW).value == 0
            assert not narrow(stranger, searched, NOW)


def test_a_page_asks_little_however_it_is_narrowed(
    town: Workspace,
    calls: list[Call],
    way: str,
    django_assert_max_num_queries: Any,
) -> None:
    pages.page(town, Filters(q="refund"), NOW)
    for params in islice(PAIRS, 0, None, 5):
        for more in ({}, {"q": "refund"}, {"q": "0142"}, {"cost_min": "0.05"}):
            filters = read(town, {**params, **more})
            # Pages never walk before they merge; files do.
            with django_assert_max_num_queries(5 if way == "asking" else 4):
                pages.page(town, filters, NOW)
            with django_assert_max_num_queries(1):
                counting.count(town, filters, NOW)


def test_views_are_counted_together(
    town: Workspace, calls: list[Call], django_assert_num_queries: Any
) -> None:
    lists = [Filters(), Filters(status=("failed",)), Filters(cost_min=Decimal(1))]
    counting.counts(town, lists, NOW)
    with django_assert_num_queries(1):
        several = counting.counts(town, lists, NOW)
    assert several == [counting.count(town, one, NOW) for one in lists]
    assert several[0].value == len(calls)


def test_counting_stops(
    town: Workspace, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.history.counting.MOST", 20)
    for filters in (Filters(), Filters(q="e"), Filters(direction=("inbound",))):
        count = counting.count(town, filters, NOW)
        assert str(count) == "more than 20" or filters.q
