"""`manage.py connection add | sync | check`: accounts at providers."""

import time
from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.forms import Form

from agents import sync
from agents.catalog import Counts
from agents.connection_forms import ConnectionForm, SecretsForm
from agents.models import Connection
from agents.providers.base import Provider, ProviderError
from agents.providers.registry import PROVIDERS
from agents.sync import SyncCounts
from dashboard.management.answers import Answer, AnswerCommand, Options, find_workspace
from dashboard.models import AuditEntry

# In seconds: how long a sync waits for one that runs, and how often it looks.
PATIENCE, PAUSE = 240.0, 0.5


class Command(AnswerCommand):
    """Adds, syncs and checks connections."""

    help = "Connect a workspace to a provider."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names."""
        action = self.add_actions(parser)
        add = action("add", self.add)
        add.add_argument("--workspace", required=True, metavar="SLUG")
        add.add_argument("--provider", required=True, help=", ".join(sorted(PROVIDERS)))
        add.add_argument("--name", required=True, help="as people here will know it")
        add.add_argument(
            "--base-url", default="", help="where its API is, if elsewhere"
        )
        words = "calls at the same time (20)"
        add.add_argument("--concurrency", type=int, default=20, help=words)
        add.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
        for name, act in (("sync", self.sync), ("check", self.try_out)):
            action(name, act).add_argument(
                "id", metavar="ID", help="the connection's id"
            )

    def add(self, options: Options) -> Answer:
        """Connect a workspace to a provider, with the secrets it needs."""
        workspace = find_workspace(options["workspace"])
        kind = _provider(options["provider"])
        names = {name: options[name] for name in ("name", "concurrency")}
        about = ConnectionForm(workspace, names)
        secrets = SecretsForm(kind, _secrets(kind, options))
        _refuse(about, secrets)
        fields: Options = {
            **about.cleaned_data,
            "provider": kind.slug,
            "base_url": secrets.base_url(),
            "credentials": secrets.credentials(),
        }
        connection = workspace.connections.create(**fields)
        AuditEntry.record(
            workspace,
            "connection.added",
            subject=connection.name,
            after={"provider": kind.slug, "base_url": connection.base_url},
        )
        url = f"{settings.BASE_URL}/webhooks/{connection.webhook_token}/"
        words = (
            f"{connection.name} is there as {connection.pk}.\n"
            f"Tell {kind.label} to send its webhooks to {url}"
            if kind.has_webhooks
            else f"{connection.name} is there as {connection.pk}."
        )
        return {"connection": str(connection.pk), "webhook_url": url}, words

    def sync(self, options: Options) -> Answer:
        """Bring agents and numbers here as the provider has them."""
        connection = _find(options["id"])
        try:
            counts = _in_turn(connection)
        except ProviderError as error:
            raise CommandError(error.message) from error
        words = f"Agents: {_words(counts.agents)}.\nNumbers: {_words(counts.numbers)}."
        return {"connection": str(connection.pk), **asdict(counts)}, words

    def try_out(self, options: Options) -> Answer:
        """Try the account and say what works."""
        connection = _find(options["id"])
        try:
            checks = sync.check(connection)
        except ProviderError as error:
            raise CommandError(error.message) from error
        if broken := [row.message for row in checks if not row.is_ok]:
            raise CommandError(" ".join(broken))
        facts = {
            "connection": str(connection.pk),
            "checks": [asdict(row) for row in checks],
        }
        return facts, "\n".join(f"{row.name}: {row.message}" for row in checks)


def _in_turn(connection: Connection) -> SyncCounts:
    """Sync; where the schedule does that right now, wait until it is over."""
    for _ in range(round(PATIENCE / PAUSE)):
        try:
            return sync.sync(connection)
        except sync.SyncRunning:
            time.sleep(PAUSE)
    raise CommandError(f"{connection} is being synced by somebody else. Try again.")


def _provider(slug: str) -> type[Provider]:
    if slug not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise CommandError(f"There is no provider “{slug}”. There are: {known}.")
    return PROVIDERS[slug]


def _secrets(kind: type[Provider], options: Options) -> dict[str, str]:
    """Return the address and the `--set` pairs as the form of the page takes them."""
    url = options["base_url"].strip()
    if url and not kind.default_base_url:
        raise CommandError(f"{kind.label} has no address. Leave --base-url out.")
    known = [setting.name for setting in kind.settings]
    data = {"base_url": url or kind.default_base_url}
    for pair in options["set"]:
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError("Write each --set as KEY=VALUE.")
        if name not in known:
            words = f"It has: {', '.join(known)}." if known else "It has none."
            raise CommandError(f"{kind.label} has no setting “{name}”. {words}")
        data[f"set_{name}"] = value
    return data


def _refuse(*forms: Form) -> None:
    """Say what is wrong, naming the arguments rather than the fields of a page."""
    wrong = [
        f"{_argument(field)}: {' '.join(str(message) for message in messages)}"
        for form in forms
        for field, messages in form.errors.items()
    ]
    if wrong:
        raise CommandError("\n".join(wrong))


def _argument(field: str) -> str:
    if field.startswith("set_"):
        return f"--set {field.removeprefix('set_')}=…"
    return f"--{field.replace('_', '-')}"


def _find(text: str) -> Connection:
    try:
        found = Connection.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"There is no connection “{text}”.")
    return found


def _words(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in asdict(counts).items())
