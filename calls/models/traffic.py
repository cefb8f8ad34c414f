"""Webhooks as they came in, and webhooks we owe to others."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Agent, Connection
from calls.models.call import Call
from dashboard.fields import EncryptedJSONField
from dashboard.models import Workspace


class Verdict(models.TextChoices):
    """What we think of a webhook's origin."""

    SIGNED = "signed", "Signed by the provider"
    HINT = "hint", "Unsigned: a hint to go and ask"


class WebhookEvent(models.Model):
    """A webhook exactly as it came: stored first, understood later, never lost."""

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="events", db_index=False
    )
    # A fingerprint of the body: a retry carries the same bytes.
    event_key = models.CharField(max_length=64)
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    headers = models.JSONField(default=dict)
    body = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # After an error: not to be tried again before this.
    retry_at = models.DateTimeField(null=True, blank=True)
    call = models.ForeignKey(
        Call, models.SET_NULL, null=True, blank=True, related_name="events"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "event_key"], name="event_once_per_connection"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(applied_at=None), name="event_to_apply"
            )
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookEndpoint(models.Model):
    """Where a client of ours wants to hear of calls, in which dialect.

    Without a secret the deliveries are signed with the API key that launched the call,
    as Retell does.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="endpoints")
    agent = models.ForeignKey(Agent, models.CASCADE, null=True, blank=True)
    dialect = models.CharField(max_length=20)
    url = models.CharField(max_length=600)
    secret = EncryptedJSONField(default=str)
    events = models.JSONField(default=list)  # empty: the dialect's defaults
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "dialect", "url"], name="endpoint_once"
            )
        ]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One webhook we owe; the row is the queue, as everywhere."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries"
    )
    call = models.ForeignKey(Call, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="delivery_due",
            ),
            # "Is this the first that is owed for its call?"
            models.Index(
                fields=["call", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="delivery_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"
