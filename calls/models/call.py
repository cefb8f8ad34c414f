"""A call: one wish to call, and everything that came of it."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from agents import phone
from agents.models import Agent, Connection, Direction, PhoneNumber
from calls.fixed import fixed
from calls.models.people import Contact
from calls.models.statuses import (
    AT_PROVIDER,
    FINAL,
    NOT_OURS,
    WAITING,
    AnsweredBy,
    CallStatus,
    CallType,
    Fault,
    Source,
)
from dashboard.models import ApiKey, User, Workspace

__all__ = [
    "AT_PROVIDER",
    "FINAL",
    "NOT_OURS",
    "WAITING",
    "AnsweredBy",
    "Call",
    "CallQuerySet",
    "CallStatus",
    "CallType",
    "Fault",
    "Source",
]


class CallQuerySet(models.QuerySet["Call"]):
    """Verbs on calls."""

    def for_list(self) -> Self:
        """Newest first, with what a list row shows."""
        newest = self.order_by("-created_at", "-id")
        return newest.select_related("agent", "contact", "connection")

    def open(self) -> Self:
        """Calls that are not over."""
        return self.exclude(status__in=FINAL)

    def waiting(self) -> Self:
        """Calls that have not been asked for at the provider yet."""
        return self.filter(status__in=fixed(WAITING))

    def at_provider(self) -> Self:
        """Calls that hold a slot at a provider."""
        return self.filter(status__in=fixed(AT_PROVIDER))


class Call(models.Model):
    """One wish to call, and everything that came of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Without an index of its own: one below begins with it. So have agent and contact.
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="calls", db_index=False
    )
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="calls")
    agent = models.ForeignKey(
        Agent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        db_index=False,
    )
    phone_number = models.ForeignKey(
        PhoneNumber, models.PROTECT, null=True, blank=True, related_name="calls"
    )
    contact = models.ForeignKey(
        Contact,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="calls",
        db_index=False,
    )
    launched_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    # The dialect (provider slug) of the compat client that launched it, or empty.
    dialect = models.CharField(max_length=20, blank=True)

    # --- the wish
    type = models.CharField(
        max_length=5, choices=CallType.choices, default=CallType.PHONE
    )
    direction = models.CharField(
        max_length=8, choices=Direction.choices, default=Direction.OUTBOUND
    )
    from_number = models.CharField(max_length=40, blank=True)
    to_number = models.CharField(max_length=40, blank=True)
    agent_version = models.PositiveIntegerField(null=True, blank=True)
    variables = models.JSONField(default=dict)
    overrides = models.JSONField(default=dict)
    sip_headers = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    trunk_name = models.CharField(max_length=120, blank=True)
    customer_name = models.CharField(max_length=120, blank=True)
    ignore_e164_validation = models.BooleanField(default=False)
    external_id = models.CharField(max_length=200, blank=True)
    # One wish, one call: a repeat with the same key finds this row.
    launch_key = models.CharField(max_length=260, blank=True)
    launch_digest = models.CharField(max_length=64, blank=True)
    evidence = models.JSONField(default=list)  # what policy.check saw

    # --- where it is
    status = models.CharField(max_length=13, choices=CallStatus.choices)
    status_raw = models.CharField(max_length=60, blank=True)
    provider_call_id = models.CharField(max_length=160, blank=True)
    # A second id, where a provider has two; either may come in a webhook.
    other_call_id = models.CharField(max_length=160, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asks = models.PositiveIntegerField(default=0)
    # When to look again: a queued call may start, an open call is to be asked about.
    due_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True)
    # For a person: why it is where it is, in words.
    note = models.TextField(blank=True)
    hang_up_requested_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    dialed_at = models.DateTimeField(null=True, blank=True)
    ringing_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The newest fact we have, and the newest change of this row.
    heard_at = models.DateTimeField(null=True, blank=True)
    # When it was found in the provider's own list: nothing had told us of it.
    found_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    # --- how it went
    answered_by = models.CharField(max_length=7, choices=AnsweredBy.choices, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)
    end_reason_raw = models.CharField(max_length=80, blank=True)
    fault = models.CharField(max_length=8, choices=Fault.choices, blank=True)
    duration_ms = models.PositiveBigIntegerField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    cost_parts = models.JSONField(default=dict)  # amounts by the provider's names
    latency = models.JSONField(default=dict)
    summary = models.TextField(blank=True)
    sentiment = models.CharField(max_length=8, blank=True)
    successful = models.BooleanField(null=True, blank=True)
    analysis = models.JSONField(default=dict)
    recording_url = models.TextField(blank=True)
    join = models.JSONField(default=dict)

    # --- what people and the history made of it
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # Where a person corrected `answered_by`: what the provider says.
    answered_by_heard = models.CharField(max_length=7, blank=True)
    # What was said was erased, and must not come back by a late webhook.
    transcript_erased_at = models.DateTimeField(null=True, blank=True)
    # The `changed_at` that search, summaries and the queue of looks have seen.
    digested_at = models.DateTimeField(null=True, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CallStatus.values), name="call_status_known"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values),
                name="call_direction_known",
            ),
            models.UniqueConstraint(
                fields=["connection", "provider_call_id"],
                condition=~Q(provider_call_id=""),
                name="provider_call_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "launch_key"],
                condition=~Q(launch_key=""),
                name="one_call_per_wish",
            ),
            models.CheckConstraint(
                condition=Q(type="web")
                | Q(direction="inbound")
                | Q(ignore_e164_validation=True)
                | Q(to_number__regex=r"^\+[1-9][0-9]{5,14}$"),
                name="call_to_number_is_e164",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="call_newest"
            ),
            models.Index(fields=["workspace", "-changed_at"], name="call_changed"),
            models.Index(
                fields=["workspace", "status", "-created_at", "-id"],
                name="call_by_status",
            ),
            models.Index(fields=["agent", "-created_at", "-id"], name="call_by_agent"),
            models.Index(
                fields=["contact", "-created_at", "-id"], name="call_by_contact"
            ),
            models.Index(
                fields=["workspace", "to_number", "-created_at", "-id"],
                name="call_by_to",
            ),
            models.Index(
                fields=["workspace", "from_number", "-created_at", "-id"],
                name="call_by_from",
            ),
            # "What is waiting?", "what is open?" and "what is to be asked about?"
            models.Index(
                fields=["phone_number", "due_at", "id"],
                condition=Q(status__in=WAITING),
                name="call_waiting",
            ),
            models.Index(
                fields=["connection", "status"],
                condition=Q(status__in=AT_PROVIDER),
                name="call_at_provider",
            ),
            models.Index(
                fields=["ask_at"], condition=Q(ask_at__isnull=False), name="call_to_ask"
            ),
            models.Index(
                fields=["connection", "other_call_id"],
                condition=~Q(other_call_id=""),
                name="call_by_other_id",
            ),
            # "What has ended, or changed after its end, that the history lacks?"
            models.Index(
                fields=["id"],
                condition=Q(status__in=FINAL)
                & (Q(digested_at=None) | ~Q(digested_at=F("changed_at"))),
                name="call_to_digest",
            ),
            # What the history reads here, and not from the rows of `Found`.
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=Q(digested_at=None),
                name="call_not_taken_in",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_number or 'web'} {self.status}"

    def get_absolute_url(self) -> str:
        """Return the call's page."""
        return reverse("call_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.status not in FINAL

    @property
    def is_ours(self) -> bool:
        """Whether it was launched here; else we learned of it from the provider."""
        return self.source not in NOT_OURS

    @property
    def other_number(self) -> str:
        """The number at the other end, as E.164 or as dialled."""
        inbound = self.direction == Direction.INBOUND
        return self.from_number if inbound else self.to_number

    @property
    def who(self) -> str:
        """The person at the other end: the contact, a name given, or the number."""
        if self.contact and self.contact.name:
            return self.contact.name
        if self.customer_name:
            return self.customer_name
        web = "Web call" if self.type == CallType.WEB else "Unknown caller"
        return phone.pretty(self.other_number) or web

    @property
    def started_at(self) -> datetime:
        """When people would say it began: the answer, the dial, else the wish."""
        return self.answered_at or self.dialed_at or self.created_at
