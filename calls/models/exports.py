"""A file of calls that somebody asked for, and how far it is."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from dashboard.models import User, Workspace


class ExportState(models.TextChoices):
    """Where an export is. It moves forward only."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Writing"
    DONE = "done", "Ready"
    FAILED = "failed", "Stopped"
    CANCELED = "canceled", "Canceled"
    EXPIRED = "expired", "Deleted"


class ExportFormat(models.TextChoices):
    """What sort of file it is."""

    CSV = "csv", "CSV, for spreadsheets"
    JSONL = "jsonl", "JSON Lines, one call a line"
    PARQUET = "parquet", "Parquet, for analysis"


def store() -> Storage:
    """Return where exports are kept: STORAGES["exports"]."""
    return storages["exports"]


class Export(models.Model):
    """Calls as a file: what was asked for, by whom, and how far it is.

    The row is the queue. `lease_until` moves ahead while a worker writes; one that was
    killed is begun anew, `tries` times at most.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="exports")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    format = models.CharField(max_length=7, choices=ExportFormat.choices)
    # The history's own address, and the same in words.
    query = models.TextField(blank=True)
    words = models.TextField(blank=True)
    columns = models.JSONField(default=list)
    has_transcripts = models.BooleanField(default=False)
    # Cards, accounts and e-mail addresses are masked: so it was for who asked.
    is_masked = models.BooleanField(default=True)
    state = models.CharField(
        max_length=8, choices=ExportState.choices, default=ExportState.QUEUED
    )
    done = models.PositiveIntegerField(default=0)
    # How many calls there are, as it began; null: not counted yet.
    expected = models.PositiveIntegerField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    file = models.FileField(storage=store, max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ExportState.values), name="export_state_known"
            ),
            models.CheckConstraint(
                condition=Q(format__in=ExportFormat.values), name="export_format_known"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="export_newest"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=("queued", "running")),
                name="export_to_write",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(state="done"), name="export_to_drop"
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        """Return the page that shows it."""
        return reverse("export_list")

    @property
    def is_open(self) -> bool:
        """Whether it is still to be written, so that its page is to ask again."""
        return self.state in (ExportState.QUEUED, ExportState.RUNNING)

    @property
    def filename(self) -> str:
        """What the file is called on a person's computer."""
        return f"calls-{self.created_at:%Y-%m-%d-%H%M}.{self.format}"

    @property
    def selected(self) -> int:
        """How many calls were selected for it; 0 where a filter says which."""
        return len(QueryDict(self.query).getlist("call"))

    @property
    def share(self) -> int:
        """How much of it is written, in percent; 0 while that is not known."""
        if self.state == ExportState.DONE:
            return 100
        return min(99, 100 * self.done // self.expected) if self.expected else 0
