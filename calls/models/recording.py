"""The recording of a call, fetched from the provider and kept here."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils import timezone

from calls.models.call import Call


class RecordingState(models.TextChoices):
    """Whether we have it."""

    PENDING = "pending", "Being fetched"
    KEPT = "kept", "Kept here"
    FAILED = "failed", "Could not be fetched"
    ERASED = "erased", "Erased"


def store() -> Storage:
    """Return where recordings are kept: STORAGES["recordings"]."""
    return storages["recordings"]


class Recording(models.Model):
    """A recording to be fetched, or fetched; the row is the queue.

    `due_at` is when it is to be tried (again), and moves ahead while somebody tries;
    null: kept, or given up.
    """

    call = models.OneToOneField(Call, models.CASCADE, related_name="recording")
    state = models.CharField(
        max_length=7, choices=RecordingState.choices, default=RecordingState.PENDING
    )
    # Where it was last fetched from; such links may open without a key, and expire.
    source_url = models.TextField(blank=True)
    file = models.FileField(storage=store, max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    content_type = models.CharField(max_length=60, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Why the last try failed, in words.
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RecordingState.values),
                name="recording_state_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(due_at__isnull=False),
                name="recording_due",
            )
        ]

    def __str__(self) -> str:
        return f"recording of {self.call_id}: {self.state}"
