"""What people make of a call, and how it came to be as it is: tags, notes, changes."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone
from uuid_utils.compat import uuid7

from calls.models.call import Call
from calls.models.spoken import Turn
from calls.models.traffic import WebhookEvent
from dashboard.models import ApiKey, User, Workspace


class Tag(models.Model):
    """A word that people of a workspace hang on calls."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)
    calls = models.ManyToManyField(Call, through="CallTag", related_name="tags")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                F("workspace"),
                Lower("name"),
                name="tag_once_per_workspace",
            )
        ]

    def __str__(self) -> str:
        return self.name


class CallTag(models.Model):
    """A tag on a call; `user` hung it there."""

    call = models.ForeignKey(
        Call, models.CASCADE, related_name="call_tags", db_index=False
    )
    tag = models.ForeignKey(
        Tag, models.CASCADE, related_name="call_tags", db_index=False
    )
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "tag"], name="tag_once_per_call")
        ]
        # Ids of calls sort by time: the newest calls of a tag come first.
        indexes = [models.Index(fields=["tag", "-call"], name="call_of_tag")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.call_id}"


class Note(models.Model):
    """What somebody wrote about a call, or about one turn of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="notes")
    turn = models.ForeignKey(
        Turn, models.SET_NULL, null=True, blank=True, related_name="notes"
    )
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class ToldBy(models.TextChoices):
    """From where a change of a call came."""

    REPLY = "reply", "The provider’s reply"
    WEBHOOK = "webhook", "Webhook"
    POLL = "poll", "Asked the provider"
    LIST = "list", "The provider’s list of calls"
    MERGE = "merge", "Another row of the same call"
    PERSON = "person", "A person"
    PROGRAM = "program", "A program"
    US = "us", "Switchboard"


class CallChange(models.Model):
    """One change of a call and where it came from; rows are only ever added.

    `fields` are the names of what changed, never the values: the row of the call has
    those. `note` says in words what no field tells.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    told_by = models.CharField(max_length=7, choices=ToldBy.choices)
    # It may be gone by now: webhooks are kept for so many days only.
    event = models.ForeignKey(
        WebhookEvent,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False
    )
    api_key = models.ForeignKey(
        ApiKey, models.SET_NULL, null=True, blank=True, db_index=False
    )
    status_before = models.CharField(max_length=13, blank=True)
    status_after = models.CharField(max_length=13, blank=True)
    fields = models.JSONField(default=list)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(told_by__in=ToldBy.values), name="change_told_by"
            )
        ]

    def __str__(self) -> str:
        return f"{self.told_by} changed {self.call_id}"
