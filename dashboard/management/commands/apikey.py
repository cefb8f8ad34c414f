"""`manage.py apikey create`: a program's way into a workspace."""

from django.core.management.base import CommandError, CommandParser

from dashboard.forms import SCOPES
from dashboard.management.answers import Answer, AnswerCommand, Options, find_workspace
from dashboard.models import ApiKey, AuditEntry

ALL_SCOPES = [word for word, _, _ in SCOPES]


class Command(AnswerCommand):
    """Creates API keys."""

    help = "Create an API key. The key and its secret are shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names."""
        create = self.add_actions(parser)("create", self.create)
        create.add_argument("--workspace", required=True, metavar="SLUG")
        create.add_argument(
            "--name", required=True, help="the program that will use it"
        )
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            help=f"what it may do, again for each: {', '.join(ALL_SCOPES)}",
        )

    def create(self, options: Options) -> Answer:
        """Create an API key. The key and its secret are shown this once."""
        workspace = find_workspace(options["workspace"])
        scopes = list(dict.fromkeys(options["scopes"]))
        if unknown := [scope for scope in scopes if scope not in ALL_SCOPES]:
            known = ", ".join(ALL_SCOPES)
            words = f"There is no scope “{unknown[0]}”. There are: {known}."
            raise CommandError(words)
        row, key, secret = ApiKey.issue(workspace, options["name"][:80], scopes)
        AuditEntry.record(
            workspace, "key created", subject=str(row), after={"scopes": scopes}
        )
        words = f"Key:    {key}\nSecret: {secret}\nThey are not shown again."
        return {"key": key, "secret": secret}, words
