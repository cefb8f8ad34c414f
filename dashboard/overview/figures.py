"""What some calls came to, worked out of their sums, and how two of that differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from calls.models.summary import LATENCIES
from calls.sums.tallies import MILLION, STEPS, SUMS

MINUTE_MS = 60_000
# Groups of outcomes that a chart shows as one.
UNREACHED = ("no_answer", "busy", "declined", "not_connected")
NOT_PLACED = ("failed", "canceled")


@dataclass(slots=True)
class Figures:
    """The sums of some calls; `open` are those that are not over yet."""

    sums: Counter[str] = field(default_factory=Counter)
    micros: Counter[str] = field(default_factory=Counter)
    open: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row of sums, with its `currency`."""
        sums = self.sums
        for name in SUMS:
            if row[name]:
                sums[name] += row[name]
        if row["cost_micros"]:
            self.micros[row["currency"]] += row["cost_micros"]

    @property
    def calls(self) -> int:
        """All calls, over or not."""
        return self.sums["calls"] + self.open

    @property
    def answer_rate(self) -> float | None:
        """The share of outbound calls that rang which a person answered, in percent."""
        rang = self.sums["rang"]
        return 100 * self.sums["reached"] / rang if rang else None

    @property
    def success_rate(self) -> float | None:
        """The share of judged calls that were a success, in percent."""
        judged = self.sums["judged"]
        return 100 * self.sums["succeeded"] / judged if judged else None

    @property
    def minutes(self) -> float:
        """How long all conversations were together."""
        return self.sums["talked_ms"] / MINUTE_MS

    @property
    def average_ms(self) -> int | None:
        """How long a call lasted, on average."""
        talked = self.sums["talked"]
        return self.sums["talked_ms"] // talked if talked else None

    @property
    def costs(self) -> list[tuple[Decimal, str]]:
        """What it cost in each currency, the most first; never empty."""
        found = [(Decimal(n) / MILLION, word) for word, n in self.micros.most_common()]
        return found or [(Decimal(0), "USD")]

    @property
    def p50(self) -> int | None:
        """The ms within which the agent usually answered in half of the calls."""
        return quantile(self.sums, 0.5)

    @property
    def p95(self) -> int | None:
        """The ms within which the agent usually answered in 95 % of the calls."""
        return quantile(self.sums, 0.95)

    @property
    def unreached(self) -> int:
        """Calls that rang in vain."""
        return sum(self.sums[name] for name in UNREACHED)

    @property
    def not_placed(self) -> int:
        """Calls that failed or were canceled."""
        return sum(self.sums[name] for name in NOT_PLACED)


def add_up(rows: Iterable[Mapping[str, Any]], open_calls: int = 0) -> Figures:
    """Add rows of sums up."""
    total = Figures(open=open_calls)
    for row in rows:
        total.add(row)
    return total


def quantile(sums: Mapping[str, int], share: float) -> int | None:
    """Return the ms that this share of the measured calls stayed within; None: none.

    Between the ends of a step it is taken to grow evenly; above the last, it is that.
    """
    counts = [sums[name] for name in STEPS]
    wanted, below, seen = share * sum(counts), 0, 0
    if not wanted:
        return None
    for top, count in zip(LATENCIES, counts, strict=False):
        if seen + count >= wanted:
            return round(below + (top - below) * (wanted - seen) / count)
        below, seen = top, seen + count
    return LATENCIES[-1]


# --- Differences ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Change:
    """How a figure differs from an earlier one; `kind` is up, down or empty."""

    words: str
    kind: str = ""


def compare(new: float | None, old: float | None, *, unit: str = "%") -> Change | None:
    """Say how much more or less it is than before; None where that says nothing.

    With "%" it is the relative change; with "pt" the difference in points.
    """
    if new is None or not old:
        return None
    difference = new - old if unit == "pt" else 100 * (new - old) / old
    amount = round(difference)
    if not amount:
        return Change("the same")
    sign = "+" if amount > 0 else "−"
    return Change(f"{sign}{abs(amount):,}\u202f{unit}", "up" if amount > 0 else "down")
