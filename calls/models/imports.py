"""A file of contacts that somebody uploaded, and what became of it."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now as utc_now
from uuid_utils.compat import uuid7

from dashboard.models import User, Workspace

# A running import says something after every batch; silent for longer, it is stuck.
SILENCE = timedelta(seconds=60)
# A nudge takes milliseconds; an import that waits longer has lost its nudge.
PATIENCE = timedelta(seconds=5)


class ImportStatus(models.TextChoices):
    """Where an import is. It moves forward only."""

    UPLOADED = "uploaded", "Columns to choose"
    MAPPED = "mapped", "Ready to import"
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Importing"
    DONE = "done", "Imported"
    FAILED = "failed", "Stopped"


class OnKnown(models.TextChoices):
    """What to do with a number that a contact already has."""

    SKIP = "skip", "Leave the contact as it is"
    UPDATE = "update", "Update the contact from the file"


class ContactImportManager(models.Manager["ContactImport"]):
    """Leaves the file in the database until it is asked for: it may be large."""

    def get_queryset(self) -> models.QuerySet["ContactImport"]:
        """Return every import, without its file."""
        return super().get_queryset().defer("data", "refused")

    def overdue(self, now: datetime) -> models.QuerySet["ContactImport"]:
        """Return imports that somebody started and nobody works on."""
        waiting = Q(status=ImportStatus.QUEUED, changed_at__lt=now - PATIENCE)
        stuck = Q(status=ImportStatus.RUNNING, changed_at__lt=now - SILENCE)
        return self.get_queryset().filter(waiting | stuck)


class ContactImport(models.Model):
    """An uploaded file, stored first and as it came; then how to read it, then counts.

    `done` is how many rows are in the database: a killed import goes on from there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="imports")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    filename = models.CharField(max_length=200)
    data = models.BinaryField()
    encoding = models.CharField(max_length=20)
    delimiter = models.CharField(max_length=1)
    has_header = models.BooleanField(default=True)
    total = models.PositiveIntegerField()
    # One word per column: see calls/people/contact_rows.py.
    columns = models.JSONField(default=list)
    country = models.CharField(max_length=2)
    on_known = models.CharField(
        max_length=6, choices=OnKnown.choices, default=OnKnown.SKIP
    )
    status = models.CharField(
        max_length=8, choices=ImportStatus.choices, default=ImportStatus.UPLOADED
    )
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    # Line and reason of every row that was not taken.
    refused = models.JSONField(default=list)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=utc_now)
    changed_at = models.DateTimeField(default=utc_now)
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = ContactImportManager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.values), name="import_status_known"
            ),
            models.CheckConstraint(
                condition=Q(on_known__in=OnKnown.values), name="import_on_known_known"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="import_newest"),
            models.Index(
                fields=["changed_at"],
                condition=Q(status__in=("queued", "running")),
                name="import_to_run",
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        """Return the page where this import goes on."""
        return reverse(PAGES[ImportStatus(self.status)], args=[self.pk])

    @property
    def rows(self) -> int:
        """How many rows hold a person: not the names of the columns."""
        return self.total - 1 if self.has_header else self.total

    @property
    def is_open(self) -> bool:
        """Whether it still works, so that its page is to ask again."""
        return self.status in (ImportStatus.QUEUED, ImportStatus.RUNNING)


PAGES = {
    ImportStatus.UPLOADED: "contact_import_map",
    ImportStatus.MAPPED: "contact_import_preview",
    ImportStatus.QUEUED: "contact_import_run",
    ImportStatus.RUNNING: "contact_import_run",
    ImportStatus.DONE: "contact_import_result",
    ImportStatus.FAILED: "contact_import_result",
}
