"""What is kept for how long, who sees it masked, and the proof of what was erased."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.models import Connection
from dashboard.models import ApiKey, User, Workspace

LONGEST_DAYS = 3650


class ErasedKind(models.TextChoices):
    """What of a call is erased."""

    RECORDING = "recording", "Recording"
    TRANSCRIPT = "transcript", "Transcript"
    WEBHOOKS = "webhooks", "Raw webhooks"
    CALL = "call", "The whole call"


def _days() -> "models.PositiveSmallIntegerField[int | None, int | None]":
    limits = [MinValueValidator(1), MaxValueValidator(LONGEST_DAYS)]
    return models.PositiveSmallIntegerField(null=True, blank=True, validators=limits)


class RetentionPolicy(models.Model):
    """How long a workspace keeps what was said (None: for ever), and who sees it whole.

    `next_at` is when it is looked next whether something is too old.
    """

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, related_name="retention"
    )
    recording_days = _days()
    transcript_days = _days()
    webhook_days = _days()
    masks_reviewers = models.BooleanField(default=True)
    masks_managers = models.BooleanField(default=False)
    masks_keys = models.BooleanField(default=False)
    next_at = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="retention_due")]

    def __str__(self) -> str:
        return f"retention of {self.workspace_id}"

    def days(self, kind: str) -> int | None:
        """Return for how many days a kind (of ErasedKind) is kept; None: for ever."""
        days: int | None = getattr(self, DAYS[ErasedKind(kind)])
        return days


# What may be erased by age, and the field that says at which.
DAYS = {
    ErasedKind.RECORDING: "recording_days",
    ErasedKind.TRANSCRIPT: "transcript_days",
    ErasedKind.WEBHOOKS: "webhook_days",
}


class RunState(models.TextChoices):
    """Where a run is."""

    RUNNING = "running", "Erasing"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


class RetentionRun(models.Model):
    """One going-through of what is too old, and the proof of it; the row is the queue.

    `cursor` is how far it came: a killed worker's run goes on from there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="retention_runs"
    )
    kind = models.CharField(max_length=10, choices=ErasedKind.choices)
    days = models.PositiveSmallIntegerField()
    # Everything from before this is erased.
    before = models.DateTimeField()
    state = models.CharField(
        max_length=7, choices=RunState.choices, default=RunState.RUNNING
    )
    cursor = models.CharField(max_length=80, blank=True)
    expected = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # Lines of transcripts, bytes of files, and the like: what was counted of it.
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind"],
                condition=Q(state="running"),
                name="one_run_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ErasedKind.values), name="run_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="run_newest"),
            models.Index(
                fields=["created_at"], condition=Q(state="running"), name="run_open"
            ),
        ]

    def __str__(self) -> str:
        return self.rule

    @property
    def rule(self) -> str:
        """By which rule it erases, in words."""
        label = ErasedKind(self.kind).label
        days = "1 day" if self.days == 1 else f"{self.days} days"
        return f"{label}: kept for {days}"

    @property
    def share(self) -> int:
        """How much of it is done, in percent."""
        if self.state == RunState.DONE:
            return 100
        return min(99, 100 * self.done // max(1, self.expected))


class Erasure(models.Model):
    """Proof that something of a call was erased; written once, and kept.

    It holds no personal data: the call's id, what, how much, when, by whom or by which
    rule. The call may be gone.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="erasures")
    call_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=ErasedKind.choices)
    at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)
    rule = models.CharField(max_length=120)
    run = models.ForeignKey(
        RetentionRun, models.SET_NULL, null=True, blank=True, db_index=False
    )
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ErasedKind.values), name="erasure_kind_known"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="erasure_newest"),
            models.Index(fields=["call_id"], name="erasure_of_call"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.call_id} erased"

    @property
    def who(self) -> str:
        """The person or the program that erased it; empty: Switchboard, by a rule."""
        return str(self.user or self.api_key or "")


class ErasedId(models.Model):
    """An id that a provider has for a call erased here, as a digest.

    A late webhook, or the provider's own list, must not bring such a call back.
    """

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="erased_ids", db_index=False
    )
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "digest"], name="erased_id_once"
            )
        ]

    def __str__(self) -> str:
        return f"an id erased {self.at:%Y-%m-%d}"
