"""The filters as they stand in an address."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from calls.history import days
from calls.history.choices import CHOICES
from calls.history.filters import READERS, Filters, as_json, pairs, read, write
from dashboard.models import Workspace
from tests.factories import make_workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPACE = Workspace(name="Acme", timezone="UTC")
ONE = UUID(int=1)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", Filters()),
        ("status=ended&status=failed", Filters(status=("ended", "failed"))),
        ("status=ended,failed,ended", Filters(status=("ended", "failed"))),
        (f"agent={ONE}&version=3", Filters(agent=(ONE,), version=(3,))),
        (
            "duration_min=90&duration_max=2:30",
            Filters(duration_min=90_000, duration_max=150_000),
        ),
        ("duration_min=1:00:00.5", Filters(duration_min=3_600_500)),
        ("cost_min=0.25", Filters(cost_min=Decimal("0.25"))),
        ("reviewed=yes&recording=no", Filters(reviewed=True, recording=False)),
        ("since=2026-11-18", Filters(since=date(2026, 11, 18))),
        (
            "until=2026-11-18T10:00:00Z",
            Filters(until=datetime(2026, 11, 18, 10, tzinfo=UTC)),
        ),
        (
            "until=2026-11-18T10:00:00+00:00",
            Filters(until=datetime(2026, 11, 18, 10, tzinfo=UTC)),
        ),
        ("q=+Jamie,+Doe+", Filters(q="Jamie, Doe")),
        ("weekday=1,7&hour=0,23", Filters(weekday=(1, 7), hour=(0, 23))),
        ("page=3&v=12&status=", Filters()),
    ],
)
def test_an_address_is_read(query: str, wanted: Filters) -> None:
    filters = read(SPACE, QueryDict(query))
    assert filters == wanted
    assert not filters.errors


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("status", "odd"), ("agent", "x"), ("version", "-1"), ("version", "1e3")),
        *(("duration_min", "long"), ("duration_min", "-5"), ("duration_max", "1:x")),
        *(("duration_max", "9" * 40), ("cost_min", "NaN"), ("cost_max", "-1")),
        *(("since", "soon"), ("since", "0001-01-01"), ("until", "2026-13-40")),
        *(("until", "9999-12-31T23:59:59-12:00"), ("sort", "name"), ("reviewed", "1")),
        *(("weekday", "8"), ("hour", "24"), ("when", "ever"), ("person", "²")),
        *(("duration_min", "inf"), ("cost_min", "1e400"), ("duration_min", "1:2:3:4")),
    ],
)
def test_what_is_not_understood_is_left_out_and_said(name: str, value: str) -> None:
    filters = read(SPACE, {name: value, "q": "Jamie"})
    assert filters == Filters(q="Jamie")
    ((wrong, words),) = filters.errors
    assert wrong == name
    assert value[:20] in words


ANY = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.lists(
                st.sampled_from([v for v, _ in choices]), min_size=1, unique=True
            )
            for name, choices in CHOICES.items()
        },
        "agent": st.lists(st.uuids().map(str), max_size=3),
        "duration_min": st.decimals(0, 9999, places=3).map(lambda d: [str(d)]),
        "cost_max": st.decimals(0, 9999, places=6).map(lambda d: [str(d)]),
        "since": st.dates(date(1971, 1, 1), date(2100, 1, 1)).map(lambda d: [str(d)]),
        "q": st.text(max_size=300).map(lambda text: [text]),
    },
)


@given(ANY)
def test_what_is_written_is_read_again(params: dict[str, Any]) -> None:
    filters = read(SPACE, params)
    assert not filters.errors
    assert read(SPACE, QueryDict(write(filters))) == filters
    assert read(SPACE, as_json(filters)) == filters


@given(st.sampled_from([*READERS]), st.text(max_size=60))
def test_no_value_breaks_the_reader(name: str, text: str) -> None:
    filters = read(SPACE, {name: text})
    write(filters)
    filters.span(SPACE, NOW)


def test_the_usual_sort_is_not_in_the_address() -> None:
    assert write(Filters()) == ""
    assert pairs(Filters(sort="cost", agent=(ONE,)))[-1] == ("sort", "cost")
    assert not Filters(sort="cost").is_narrow
    assert Filters(reviewed=False).is_narrow
    assert Filters(duration_min=0).is_narrow


# --- Days
def test_days_begin_where_the_workspace_is() -> None:
    space = Workspace(timezone="America/Los_Angeles")
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)  # still the 19th there
    start = days.days_back(space, 1, at).astimezone(UTC)
    assert start == datetime(2026, 11, 19, 8, tzinfo=UTC)
    first, last = Filters(since=date(2026, 11, 20), until=date(2026, 11, 20)).span(
        space, at
    )
    assert first == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert last == datetime(2026, 11, 21, 8, tzinfo=UTC)


def day(parts: tuple[int, int, int]) -> datetime:
    year, month, number = parts
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("today", (2026, 11, 20), None),
        ("yesterday", (2026, 11, 19), (2026, 11, 20)),
        ("week", (2026, 11, 14), None),
        ("month", (2026, 10, 22), None),
        ("this_month", (2026, 11, 1), None),
        ("last_month", (2026, 10, 1), (2026, 11, 1)),
    ],
)
def test_a_preset_is_reckoned_from_today(word: str, first: Any, last: Any) -> None:
    since, until = Filters(when=word).span(SPACE, NOW)
    assert since == day(first)
    assert until == (day(last) if last else None)


def test_ids_are_not_looked_up(django_assert_num_queries: Any, db: None) -> None:
    space = make_workspace()
    with django_assert_num_queries(0):
        assert read(space, {"agent": str(uuid4())}).agent
