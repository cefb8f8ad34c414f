"""Commands that answer in plain words, or with one JSON object (`--json`)."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.models import Workspace

Options = dict[str, Any]
# What a command did: for a program, and for a person.
Answer = tuple[dict[str, Any], str]
Act = Callable[[Options], Answer]


class AnswerCommand(BaseCommand):
    """A command whose whole output is one answer.

    An error is a sentence on standard error and exit code 1; with `--json` it is also
    `{"error": …}` on standard output.
    """

    # The system checks load every page; `migrate` and the server run them.
    requires_system_checks = ()

    def answer(self, options: Options) -> Answer:
        """Do what was asked."""
        act: Act = options["act"]
        return act(options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what came of it."""
        try:
            facts, words = self.answer(options)
        except CommandError as error:
            if options.get("json"):
                self.stdout.write(said({"error": str(error)}))
            raise
        self.stdout.write(said(facts) if options.get("json") else words)

    def add_actions(self, parser: CommandParser) -> Callable[[str, Act], CommandParser]:
        """Return a function that adds an action, such as the `create` of `workspace`."""
        add_json(parser)
        actions = parser.add_subparsers(dest="action", required=True)

        def add(name: str, act: Act) -> CommandParser:
            words = (act.__doc__ or "").partition("\n")[0]
            action: CommandParser = actions.add_parser(name, help=words)
            action.set_defaults(act=act)
            add_json(action)
            return action

        return add


def add_json(parser: CommandParser) -> None:
    """Let the command answer with JSON."""
    words = "print one JSON object"
    default = argparse.SUPPRESS
    parser.add_argument("--json", action="store_true", default=default, help=words)


def said(facts: dict[str, Any]) -> str:
    """Return the answer for a program."""
    return json.dumps(facts, ensure_ascii=False)


def find_workspace(slug: str) -> Workspace:
    """Return the workspace, or say which there are."""
    found = Workspace.objects.filter(slug=slug).first()
    if found is None:
        slugs = ", ".join(
            Workspace.objects.order_by("slug").values_list("slug", flat=True)[:20]
        )
        raise CommandError(f"There is no workspace “{slug}”. There are: {slugs or '–'}")
    return found
