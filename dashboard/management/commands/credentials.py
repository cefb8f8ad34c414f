"""`manage.py credentials rotate`: write every stored secret with the first key."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import models, transaction

from agents.models import Connection
from calls.models import WebhookEndpoint
from dashboard.management.answers import Answer, AnswerCommand, Options
from dashboard.models import ApiKey

SECRETS: dict[str, tuple[type[models.Model], list[str]]] = {
    "connections": (Connection, ["credentials"]),
    "api_keys": (ApiKey, ["signing"]),
    "endpoints": (WebhookEndpoint, ["secret", "old_secret"]),
}


class Command(AnswerCommand):
    """Rotates the keys that encrypt secrets."""

    help = "Encrypt every stored secret with the first of CREDENTIAL_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is to be done."""
        self.add_actions(parser)("rotate", self.rotate)

    def rotate(self, options: Options) -> Answer:
        """Encrypt every stored secret with the first of CREDENTIAL_KEYS."""
        try:
            counts = {name: self._rewrite(*kind) for name, kind in SECRETS.items()}
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        words = ", ".join(f"{n} {name}" for name, n in counts.items())
        return counts, (
            f"Encrypted with the first key: {words.replace('_', ' ')}. "
            "Older keys may be taken out of CREDENTIAL_KEYS now."
        )

    @transaction.atomic
    def _rewrite(self, model: type[models.Model], fields: list[str]) -> int:
        """Read and write the secrets of all rows; nobody changes one meanwhile."""
        rows: Any = model._default_manager.select_for_update().order_by("pk")
        count = 0
        for row in rows.only("pk", *fields):
            row.save(update_fields=fields)
            count += 1
        return count
