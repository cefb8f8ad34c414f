"""Tests of reading JSON that others wrote."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.providers.reading import (
    iso,
    link,
    merged,
    money,
    of_seconds,
    product_costs,
    when,
)

START = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


# --- Times and durations -------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-01-01T00:00:05Z", START),
        ("2026-01-01T00:00:05.000Z", START),
        ("2026-01-01T00:00:05.000000+00:00", START),
        ("2026-01-01T01:00:05+01:00", START),
        ("2026-01-01T00:00:05", START),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2300-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (1767225605, None),
        (1767225605000, None),
    ],
)
def test_a_time_of_iso_8601_is_utc(written: Any, at: datetime | None) -> None:
    assert iso(written) == at


@pytest.mark.parametrize(
    ("written", "at"),
    [
        (1767225605000, START),
        (1767225605000.0, START),
        ("2026-01-01T02:00:05+02:00", START),
        (-1, None),
        (7_258_118_400_000, None),
        (True, None),
        (None, None),
    ],
)
def test_a_time_may_be_milliseconds_too(written: Any, at: datetime | None) -> None:
    assert when(written) == at


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_any_time_is_read_without_an_error(written: Any) -> None:
    found = when(written)
    assert found is None or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("seconds", "ms"),
    [
        (64, 64_000),
        (0.4, 400),
        (0, 0),
        (-1, None),
        (True, None),
        ("64", None),
        (10**400, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_seconds_become_milliseconds(seconds: Any, ms: int | None) -> None:
    assert of_seconds(seconds) == ms


# --- Money ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "parts", "amount"),
    [
        (0.15, 1, Decimal("0.15")),
        (12.345, 100, Decimal("0.12345")),
        (0, 1, Decimal(0)),
        (999_999.9999999, 1, None),
        (1_000_000, 1, None),
        (99_999_999, 100, Decimal("999999.99")),
        (100_000_000, 100, None),
        (-0.01, 1, None),
        (float("nan"), 1, None),
        (10**400, 1, None),
        (True, 1, None),
        ("0.15", 1, None),
    ],
)
def test_money_is_counted_in_whole_units(
    given: Any, parts: int, amount: Decimal | None
) -> None:
    assert money(given, parts) == amount


# --- Texts and objects ---------------------------------------------------------------
@pytest.mark.parametrize("odd", ["ftp://a.test", "a.wav", "javascript:x", "", 7, None])
def test_only_an_address_of_the_web_is_a_link(odd: Any) -> None:
    assert link("https://a.test/a.wav") == "https://a.test/a.wav"
    assert link(odd) == ""


def test_objects_are_laid_over_each_other_in_depth() -> None:
    below = {"agent": {"voice": "a", "speed": 1}, "llm": {"model": "m"}, "a": {"b": 1}}
    above = {"agent": {"voice": "b"}, "llm": None, "a": [2], "new": {"c": 3}}
    assert merged(below, above) == {
        "agent": {"voice": "b", "speed": 1},
        "llm": None,
        "a": [2],
        "new": {"c": 3},
    }
    assert below["agent"] == {"voice": "a", "speed": 1}


def test_the_parts_of_a_cost_are_summed_by_their_names() -> None:
    told = [
        {"product": "voice", "cost": 9},
        {"product": "llm", "cost": 3},
        {"product": "voice", "cost": 1.5},
        {"product": "odd", "cost": "many"},
        "no part",
    ]
    found = product_costs({"product_costs": told}, 100)
    assert found == {"voice": "0.105000", "llm": "0.030000"}
    assert product_costs(None) == {}
