"""`manage.py fill`: many calls that are over, for a first look and for benchmarks."""

from collections.abc import Callable
from dataclasses import asdict
from random import Random

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from calls import filling
from calls.filling import Filled
from calls.review import looks
from calls.stock import Stock
from calls.sums import summary
from dashboard.management.answers import (
    Answer,
    AnswerCommand,
    Options,
    add_json,
    find_workspace,
)

# From so many on it says how far it is, each time it has written as many again.
MANY = STEP = 20_000


class Command(AnswerCommand):
    """Writes finished calls."""

    help = "Write finished calls with transcripts into a workspace. Nobody is called."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many."""
        add_json(parser)
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--calls", required=True, type=int, metavar="N")
        words = "spread over so many days until now (14)"
        parser.add_argument("--days", type=int, default=14, metavar="D", help=words)

    def answer(self, options: Options) -> Answer:
        """Write the calls."""
        workspace = find_workspace(options["workspace"])
        if options["calls"] < 0 or options["days"] < 1:
            raise CommandError("Take --calls 0 or more, and --days 1 or more.")
        stock = Stock.of(workspace)
        if words := stock.missing():
            raise CommandError(words)
        count, now = options["calls"], timezone.now()
        filled = filling.fill(
            stock, count, options["days"], now, Random(), self._tell(count)
        )
        summary.rebuild(workspace)
        looks.refill(workspace, now)
        if count >= MANY:
            self._say("Counting what there is, for the database's plans …")
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        words = f"Wrote {filled.calls:,} calls with {filled.turns:,} turns"
        words = f"{words} in {filled.seconds:.1f} s"
        facts = {**asdict(filled), "calls_per_second": filled.per_second}
        return facts, f"{words}: {filled.per_second:,} calls a second."

    def _tell(self, count: int) -> Callable[[Filled], None]:
        """Return what says from time to time how far it is."""

        def tell(filled: Filled) -> None:
            if count >= MANY and filled.calls % STEP == 0:
                told = f"{filled.calls:,} of {count:,} calls"
                self._say(f"{told}, {filled.per_second:,} a second")

        return tell

    def _say(self, words: str) -> None:
        self.stderr.write(words)
