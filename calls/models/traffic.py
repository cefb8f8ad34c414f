"""Webhooks as they came in, and webhooks we owe to others."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from agents.models import Agent, Connection
from agents.providers.reading import decoded
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

    @property
    def payload(self) -> Any:
        """What its JSON says; None when it is none."""
        return decoded(self.body)


class WebhookEndpoint(models.Model):
    """Where somebody wants to hear of calls, in our own format or in a dialect.

    Without a secret the deliveries are signed with the API key that launched the call,
    where the dialect does so, as Retell does.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="endpoints")
    agent = models.ForeignKey(Agent, models.CASCADE, null=True, blank=True)
    # A word of calls.voices: `native`, or a provider's.
    dialect = models.CharField(max_length=20)
    name = models.CharField(max_length=120, blank=True)
    description = models.CharField(max_length=400, blank=True)
    url = models.CharField(max_length=600)
    secret = EncryptedJSONField(default=str)
    # The secret before it, which also signs until then.
    old_secret = EncryptedJSONField(default=str)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    events = models.JSONField(default=list)  # empty: the usual ones of the format
    # Off: nothing is owed to it at all.
    is_active = models.BooleanField(default=True)
    # Paused: what is owed waits. `paused_why` is empty where a person did it.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=200, blank=True)
    # Since the last success: when the first try failed, and how many did.
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "dialect", "url"], name="endpoint_once"
            )
        ]

    def __str__(self) -> str:
        # What stands behind the question mark may be a secret of the receiver's.
        return self.name or self.url.partition("://")[2].partition("?")[0]

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("settings_webhooks_endpoint", args=[self.pk])


class DeliveryState(models.TextChoices):
    """Where a webhook we owe is; told by its other fields (`Delivery.state`)."""

    WAITING = "waiting", "Waiting"
    RETRYING = "retrying", "To be sent again"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class Delivery(models.Model):
    """One webhook we owe; the row is the queue, as everywhere."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False
    )
    # A test is about no call.
    call = models.ForeignKey(
        Call, models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    event = models.CharField(max_length=40)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    # How often it was tried since it was written, or sent again by a person.
    attempts = models.PositiveSmallIntegerField(default=0)
    # When it is sent next; none: delivered, or given up. On its way: its lease.
    due_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            # "What is due to this endpoint?"
            models.Index(
                fields=["endpoint", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="delivery_due",
            ),
            # "Is this the first that is owed for its call?"
            models.Index(
                fields=["call", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="delivery_open",
            ),
            # The log of an endpoint, and what of it failed.
            models.Index(fields=["endpoint", "-id"], name="delivery_newest"),
            models.Index(
                fields=["endpoint", "-id"],
                condition=~Q(last_error=""),
                name="delivery_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"

    @property
    def message_id(self) -> str:
        """What names it to the receiver, at every try."""
        return f"msg_{self.pk}"

    @property
    def state(self) -> DeliveryState:
        """Where it is."""
        if self.delivered_at:
            return DeliveryState.DELIVERED
        if self.due_at is None:
            return DeliveryState.FAILED
        return DeliveryState.RETRYING if self.last_error else DeliveryState.WAITING


class Attempt(models.Model):
    """One try to deliver a webhook: what was sent, and what came back."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    headers = models.JSONField(default=dict)
    # None came: no status.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)  # how its body begins
    problem = models.TextField(blank=True)  # what went wrong, in words
    duration_ms = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.delivery_id} at {self.at:%H:%M:%S}"
