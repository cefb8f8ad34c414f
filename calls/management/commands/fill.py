"""`manage.py fill`: many calls that are over, for a first look and for benchmarks."""

from dataclasses import asdict
from random import Random

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from calls import filling
from calls.stock import Stock
from dashboard.management.answers import (
    Answer,
    AnswerCommand,
    Options,
    add_json,
    find_workspace,
)


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
        with transaction.atomic():
            filled = filling.fill(
                stock, options["calls"], options["days"], timezone.now(), Random()
            )
        words = f"Wrote {filled.calls} calls with {filled.turns} turns"
        return asdict(filled), f"{words} in {filled.seconds:.1f} s."
