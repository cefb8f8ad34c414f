"""What the calls of a workspace came to, added up by hour and day of its own clock.

The rows are worked out by `calls/sums/summary.py` alone, always anew from the calls.
"""

from django.db import models
from django.utils import timezone

from dashboard.models import Workspace

# The upper ends, in ms, of the steps in which an agent's answers are counted.
LATENCIES = (
    *(200, 300, 400, 500, 600, 700, 800, 900, 1000),
    *(1200, 1400, 1600, 2000, 2500, 3000, 4000, 6000),
)


class Kind(models.TextChoices):
    """What a row adds up."""

    TOTAL = "total", "Everything"
    AGENT = "agent", "An agent, by version"
    NUMBER = "number", "A number of ours"
    CONNECTION = "connection", "A connection"


class Tally(models.Model):
    """Calls that are over and were created in one stretch of time; sums of them.

    `item` is the id of the agent, number or connection: None, the calls have none.
    Money is counted in millionths of `currency`, so that sums are exact everywhere.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    item = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)

    calls = models.PositiveIntegerField()
    # By outcome (calls/outcome.py); together they are `calls`.
    conversation = models.PositiveIntegerField()
    voicemail = models.PositiveIntegerField()
    no_answer = models.PositiveIntegerField()
    busy = models.PositiveIntegerField()
    declined = models.PositiveIntegerField()
    not_connected = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    canceled = models.PositiveIntegerField()
    # Outbound calls that rang somewhere, and those of them that a person answered.
    rang = models.PositiveIntegerField()
    reached = models.PositiveIntegerField()
    # Calls that ended and whose duration is known, and how long they were together.
    talked = models.PositiveIntegerField()
    talked_ms = models.PositiveBigIntegerField()
    # Calls that were judged, and those that were a success.
    judged = models.PositiveIntegerField()
    succeeded = models.PositiveIntegerField()
    cost_micros = models.BigIntegerField()
    # Calls by how long the agent usually took to answer: up to so many ms.
    within_200 = models.PositiveIntegerField()
    within_300 = models.PositiveIntegerField()
    within_400 = models.PositiveIntegerField()
    within_500 = models.PositiveIntegerField()
    within_600 = models.PositiveIntegerField()
    within_700 = models.PositiveIntegerField()
    within_800 = models.PositiveIntegerField()
    within_900 = models.PositiveIntegerField()
    within_1000 = models.PositiveIntegerField()
    within_1200 = models.PositiveIntegerField()
    within_1400 = models.PositiveIntegerField()
    within_1600 = models.PositiveIntegerField()
    within_2000 = models.PositiveIntegerField()
    within_2500 = models.PositiveIntegerField()
    within_3000 = models.PositiveIntegerField()
    within_4000 = models.PositiveIntegerField()
    within_6000 = models.PositiveIntegerField()
    slower = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.item or ''} {self.day}: {self.calls}"


class HourTally(Tally):
    """The sums of an hour of the workspace's clock; one that comes twice counts once."""

    hour = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "kind", "day", "hour"], name="hour_tally_of_kind"
            )
        ]


class DayTally(Tally):
    """The sums of a day: those of its hours."""

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "kind", "day"], name="day_tally_of_kind")
        ]


class Summary(models.Model):
    """How a workspace's calls are added up; whoever adds up holds this row locked."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="summary"
    )
    # The zone of the days and hours; where the workspace has another, all is stale.
    zone = models.CharField(max_length=60, blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Summary of {self.workspace_id}"


class StaleHour(models.Model):
    """A mark: the hour of this moment is to be counted anew.

    Marks are only added, in the transaction of what they tell of, and never wait for
    one another. Whoever counts takes away the marks it saw before it counted.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="stale_hours")
    at = models.DateTimeField()
    marked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.at} of {self.workspace_id}"
