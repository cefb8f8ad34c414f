"""`manage.py apikey create`: a program's way into a workspace."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from dashboard import keyring, scopes
from dashboard.key_form import LONGEST, MOST_REQUESTS
from dashboard.management.answers import Answer, AnswerCommand, Options, find_workspace
from dashboard.models import Workspace

ALL_SCOPES = list(scopes.WORDS)


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
            help=f"what it may do, again for each: {', '.join(ALL_SCOPES)}; or a "
            f"provider's own name for that: {', '.join(scopes.permissions())}",
        )
        expiry = create.add_mutually_exclusive_group()
        expiry.add_argument("--expires-in-days", type=int, metavar="N")
        expiry.add_argument(
            "--expires-on",
            metavar="DATE",
            help="the last day it works, such as 2027-12-31, where the workspace is",
        )
        create.add_argument(
            "--requests-per-minute",
            type=int,
            metavar="N",
            default=settings.KEY_REQUESTS_PER_MINUTE,
            help="more are refused; 0: however many (usual: %(default)s)",
        )

        create.add_argument(
            "--callee-field",
            default="",
            metavar="NAME",
            help="the field of the metadata that says whom to call, where a program "
            "makes a call without a number (Zudu's calls/create); usual: none is called",
        )

    def create(self, options: Options) -> Answer:
        """Create an API key. The key and its secret are shown this once."""
        workspace = find_workspace(options["workspace"])
        try:
            held = scopes.read_scopes(options["scopes"])
        except scopes.UnknownScope as error:
            raise CommandError(str(error)) from None
        if not held:
            told = " ".join(scopes.became(options["scopes"]))
            raise CommandError(f"{told} A key must be allowed something.")
        terms = keyring.Terms(
            name=options["name"][:80],
            scopes=held,
            expires_at=_expires_at(options, workspace),
            requests_per_minute=_a_minute(options["requests_per_minute"]),
            callee_field=options["callee_field"].strip()[:60],
        )
        _, key, secret = keyring.create(workspace, terms, by=None)
        facts = terms.facts()
        del facts["name"]
        lines = [
            f"Key:    {key}",
            f"Secret: {secret}",
            "They are not shown again.",
            *scopes.became(options["scopes"]),
        ]
        return {"key": key, "secret": secret} | facts, "\n".join(lines)


def _a_minute(wanted: int) -> int | None:
    if not 0 <= wanted <= MOST_REQUESTS:
        words = f"--requests-per-minute takes 0 to {MOST_REQUESTS:,}."
        raise CommandError(words)
    return wanted or None


def _expires_at(options: Options, workspace: Workspace) -> datetime | None:
    """Return when the key is to expire; None: never."""
    days, day = options["expires_in_days"], options["expires_on"]
    now = timezone.now()
    if days is not None:
        if not 1 <= days <= LONGEST.days:
            raise CommandError(f"--expires-in-days takes 1 to {LONGEST.days}.")
        return now + timedelta(days=days)
    if day is None:
        return None
    zone = ZoneInfo(workspace.timezone)
    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise CommandError("--expires-on takes a date such as 2027-12-31.") from None
    today = now.astimezone(zone).date()
    if not today <= last <= today + LONGEST:
        raise CommandError("--expires-on takes a day from today on, within ten years.")
    return keyring.end_of(last, zone)
