"""What is worked out of sums: rates, quantiles, differences, shapes."""

from collections import Counter

import pytest

from calls.sums.tallies import SUMS
from dashboard.overview.charts import spark
from dashboard.overview.figures import Change, Figures, add_up, compare, quantile


def row(currency: str = "USD", **sums: int) -> dict[str, int | str]:
    """Return a row of sums as it is read."""
    return dict.fromkeys(SUMS, 0) | sums | {"currency": currency}


def test_rows_add_up_and_money_stays_apart_by_currency() -> None:
    total = add_up(
        [
            row(calls=3, rang=2, reached=1, cost_micros=1_500_000),
            row("EUR", calls=1, rang=2, reached=2, cost_micros=2_000_000),
        ],
        open_calls=2,
    )
    assert total.calls == 6
    assert total.answer_rate == 75
    assert [(str(a), c) for a, c in total.costs] == [("2", "EUR"), ("1.5", "USD")]


def test_there_is_no_rate_of_nothing() -> None:
    nothing = Figures()
    assert nothing.answer_rate is None
    assert nothing.success_rate is None
    assert nothing.average_ms is None
    assert nothing.p50 is None


def test_a_quantile_lies_within_its_step() -> None:
    sums = Counter(within_500=50, within_600=50)
    assert quantile(sums, 0.5) == 500
    assert quantile(sums, 0.75) == 550
    assert quantile(sums, 0.95) == 590


def test_a_quantile_above_the_last_step_is_its_end() -> None:
    assert quantile(Counter(slower=3), 0.5) == 6000


@pytest.mark.parametrize(
    ("new", "old", "unit", "change"),
    [
        (112, 100, "%", Change("+12\u202f%", "up")),
        (92.4, 95.0, "pt", Change("−3\u202fpt", "down")),
        (100, 100, "%", Change("the same")),
        (5, 0, "%", None),
        (None, 5, "pt", None),
    ],
)
def test_compare(
    new: float | None, old: float, unit: str, change: Change | None
) -> None:
    assert compare(new, old, unit=unit) == change


def test_spark_goes_from_edge_to_edge() -> None:
    assert spark([0, 4, 2]) == "0.0,26.0 40.0,2.0 80.0,14.0"
    assert spark([0, 0]) == ""
