"""How a connection is: what its last check and sync found, and whether webhooks come."""

from datetime import timedelta

from django.db import models

# Whoever syncs says so at least this often, or is taken to be gone.
SILENCE = timedelta(minutes=3)


class Condition(models.Model):
    """The part of a connection that checks, syncs and webhooks write.

    A sync is wanted or runs while `sync_asked_at` is set; `sync_seen_at` is the last
    sign of life of who does it, and their claim: it only moves by a conditional update.
    """

    checked_at = models.DateTimeField(null=True, blank=True)
    check_results = models.JSONField(default=list)
    synced_at = models.DateTimeField(null=True, blank=True)
    sync_error = models.TextField(blank=True)
    sync_asked_at = models.DateTimeField(null=True, blank=True)
    sync_seen_at = models.DateTimeField(null=True, blank=True)
    # The end of the last sync, good or not.
    sync_ended_at = models.DateTimeField(null=True, blank=True)
    # What the sync that runs has read so far: {"agents": 120, "numbers": 0}; and
    # {"waits": true} while it waits for its turn to ask.
    sync_progress = models.JSONField(default=dict)
    # What the last good one did: {"agents": {"added": 3, …}, "numbers": {…}}
    sync_counts = models.JSONField(default=dict)
    # Until then the requests that the provider allows in a minute are spent.
    asks_until = models.DateTimeField(null=True, blank=True)
    first_event_at = models.DateTimeField(null=True, blank=True)
    # When a webhook last came whose signature did not fit.
    refused_event_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_syncing(self) -> bool:
        """Whether a sync is wanted or runs."""
        return self.sync_asked_at is not None


# Its fields, as a row that has a connection names them: left aside where that is only used.
OF_CONNECTION = tuple(f"connection__{field.name}" for field in Condition._meta.fields)
