"""Small sums over times: percentiles, and the fullest window of one second."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def fullest_window(times: Sequence[float], seconds: float = 1.0) -> int:
    """Return the most times that lie in any window of `seconds` (its end left out)."""
    ordered = sorted(times)
    first = fullest = 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= seconds:
            first += 1
        fullest = max(fullest, last - first + 1)
    return fullest


def share_of_limit(times: Sequence[float], cps: float) -> float:
    """Return how much of the limit the starts used, from the first to the last."""
    if len(times) < 2:
        return float("nan")
    return (len(times) - 1) / (max(times) - min(times)) / cps


def in_ms(seconds: float) -> float:
    """Return milliseconds with two digits."""
    return round(seconds * 1000, 2)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99 of seconds, in ms."""
    return {
        "p50_ms": in_ms(percentile(values, 0.5)),
        "p99_ms": in_ms(percentile(values, 0.99)),
    }
