"""What is kept of looking after the calls of a connection: budgets, and gaps."""

from django.db import models

from agents.models import Connection


class Watch(models.Model):
    """How far a connection's calls were compared with the provider's own list.

    A row of its own, so that it never holds up those who dial. Nobody else looks while
    `lease_until` is ahead. A look that did not come to its end goes on at `cursor`: it
    began at `began_at` and looks for calls that started at or after `since`.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="watch")
    # Until then the requests are spent that we allow ourselves in a minute for webhooks
    # about calls nobody knows.
    hints_until = models.DateTimeField(null=True, blank=True)

    lease_until = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    cursor = models.TextField(blank=True)
    # Calls that started before this have been compared.
    seen_until = models.DateTimeField(null=True, blank=True)
    # When a look last went back as far as the longest call lasts.
    deep_at = models.DateTimeField(null=True, blank=True)
    # The end of the last look, good or not, and why it was not.
    looked_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    # Calls the provider had and we lacked: in all, and when one was found last.
    found = models.PositiveIntegerField(default=0)
    last_found_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"watch over {self.connection_id}"
