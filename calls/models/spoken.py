"""What was said in a call, and the tools the agent used."""

from django.db import models

from calls.models.call import Call


class Turn(models.Model):
    """One thing said in a call; times in ms from the start of the audio."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="turns")
    index = models.PositiveIntegerField()
    role = models.CharField(max_length=10)
    text = models.TextField()
    start_ms = models.PositiveIntegerField(null=True, blank=True)
    end_ms = models.PositiveIntegerField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    is_interrupted = models.BooleanField(default=False)

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "index"], name="turn_once_per_index"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:60]}"


class ToolCall(models.Model):
    """A tool the agent used; shown behind the turn with index `after_turn`."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="tool_calls")
    index = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    tool_id = models.CharField(max_length=120, blank=True)
    arguments = models.TextField(blank=True)
    result = models.TextField(blank=True)
    succeeded = models.BooleanField(null=True, blank=True)
    start_ms = models.PositiveIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    after_turn = models.IntegerField(default=-1)

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "index"], name="tool_once_per_index"
            )
        ]

    def __str__(self) -> str:
        return self.name
