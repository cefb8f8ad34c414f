"""Who speaks: connections to providers, agents and their versions, phone numbers."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.condition import Condition
from agents.providers.base import Account, Provider, ProviderRefused, unpaced
from agents.providers.registry import PROVIDERS
from dashboard.fields import EncryptedJSONField, Sealed
from dashboard.models import User, Workspace

E164 = r"^\+[1-9][0-9]{5,14}$"
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")


class Paced(models.Model):
    """A row whose calls share one pace, in calls per second (CPS).

    `starts` holds when its last calls started, newest last, in seconds of the epoch: as
    many as may start in a second. It changes under the row's lock. `wake_at` is when a
    dispatch is already due to look again.
    """

    cps = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    starts = models.JSONField(default=list)
    wake_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def webhook_token() -> str:
    """Return a new unguessable last part for a webhook address."""
    return secrets.token_urlsafe(24)


class Connection(Paced, Condition):
    """An account at a provider, with how to reach it and what it may carry."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    base_url = models.CharField(max_length=300, blank=True)
    credentials = EncryptedJSONField(default=dict)
    webhook_token = models.CharField(
        max_length=64, unique=True, default=webhook_token, editable=False
    )
    concurrency = models.PositiveIntegerField(default=20)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="connection_name_once"
            ),
            models.CheckConstraint(
                condition=Q(cps__gt=0), name="connection_cps_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the connection's page."""
        return reverse("connection_detail", args=[self.pk])

    def account(self, pace: Callable[[], None] = unpaced) -> Account:
        """Return what an adapter needs to reach this account, or raise in words."""
        if isinstance(self.credentials, Sealed):
            raise ProviderRefused(Sealed.WORDS, code="not_permitted")
        usual = {row.name: row.default for row in self.kind.settings if row.default}
        return Account(self.base_url, usual | self.credentials, pace)

    def client(self, pace: Callable[[], None] = unpaced) -> Provider:
        """Return the adapter for this account; `pace` is called before each request."""
        return PROVIDERS[self.provider](self.account(pace))

    @property
    def kind(self) -> type[Provider]:
        """The provider's class, for its facts."""
        return PROVIDERS[self.provider]


class AgentQuerySet(models.QuerySet["Agent"]):
    """Verbs on agents."""

    def current(self) -> Self:
        """Agents the provider still has."""
        return self.filter(retired_at=None)

    def for_list(self) -> Self:
        """With what a list row shows."""
        return self.select_related("connection").prefetch_related("versions")


class Agent(models.Model):
    """A voice agent at a provider. Rows are retired, never deleted: calls point here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="agents")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="agents")
    provider_agent_id = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    # Fields of a compat client's agent that we keep for it and do not interpret.
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "provider_agent_id"],
                name="agent_once_per_connection",
            )
        ]
        indexes = [models.Index(fields=["workspace", "name"], name="agent_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the agent's page."""
        return reverse("agent_detail", args=[self.pk])

    def version(self, number: int | None) -> "AgentVersion | None":
        """Return that version, or the latest for None; only it is read, or prefetched."""
        rows = self.versions.all()
        if rows._result_cache is None:
            wanted = rows if number is None else rows.filter(version=number)
            return wanted.order_by("-version").first()
        known = [v for v in rows if number in (None, v.version)]
        return max(known, key=lambda v: v.version, default=None)


class AgentVersion(models.Model):
    """One version of what an agent says and how."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    is_published = models.BooleanField(default=False)
    title = models.CharField(max_length=200, blank=True)
    prompt = models.TextField(blank=True)
    opening_line = models.TextField(blank=True)
    voice = models.CharField(max_length=120, blank=True)
    model = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=40, blank=True)
    variables = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "version"], name="version_once_per_agent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent} v{self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the variables found in the words."""
        self.variables = find_variables(self.opening_line, self.prompt)
        super().save(*args, **kwargs)


def find_variables(*texts: str) -> list[str]:
    """Return the names of the `{{variables}}` in the texts, first seen first."""
    return list(
        dict.fromkeys(name for text in texts for name in VARIABLE.findall(text))
    )


def fill_variables(text: str, variables: dict[str, str]) -> str:
    """Put values in place of `{{names}}`; a name without a value stays as it is."""
    return VARIABLE.sub(lambda m: variables.get(m[1], "") or m[0], text)


class Carrier(models.TextChoices):
    """Who carries a number's calls; decides how many may start in a second."""

    TWILIO = "twilio", "Twilio"
    TELNYX = "telnyx", "Telnyx"
    CUSTOM = "custom", "Custom telephony"


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    """Verbs on phone numbers."""

    def current(self) -> Self:
        """Numbers the provider still has."""
        return self.filter(retired_at=None)

    def for_list(self) -> Self:
        """With what a list row shows: the connection and the active bindings."""
        active = Binding.objects.filter(ended_at=None).select_related("agent")
        return self.select_related("connection").prefetch_related(
            models.Prefetch("bindings", queryset=active, to_attr="active_bindings")
        )


class PhoneNumber(Paced):
    """A number we call from and are called on. The lane that paces its calls."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="numbers")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="numbers")
    number = models.CharField(max_length=20)
    label = models.CharField(max_length=120, blank=True)
    carrier = models.CharField(
        max_length=10, choices=Carrier.choices, default=Carrier.TWILIO
    )
    # ISO alpha-2 codes it may call; empty: every country.
    countries = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    # What the provider had bound at the last sync: {"inbound": {agent_id, version}, …}
    theirs = models.JSONField(default=dict)
    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        ordering = ["label", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "number"], name="number_once_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(number__regex=E164) | Q(carrier="custom"),
                name="number_is_e164",
            ),
            models.CheckConstraint(
                condition=Q(carrier__in=Carrier.values), name="number_carrier_known"
            ),
            models.CheckConstraint(condition=Q(cps__gt=0), name="number_cps_positive"),
        ]
        indexes = [
            models.Index(fields=["workspace", "number"], name="number_by_number")
        ]

    def __str__(self) -> str:
        return self.label or self.number

    def cps_ceiling(self) -> int:
        """Return the most calls per second the carrier lets a number start.

        Source: the carrier table of the UponAI outbound guide (Twilio 5, Telnyx 16,
        custom telephony: concurrency ÷ 20).
        """
        ceilings = {Carrier.TWILIO: 5, Carrier.TELNYX: 16}
        return ceilings.get(
            Carrier(self.carrier), max(1, self.connection.concurrency // 20)
        )

    def binding(self, direction: str) -> "Binding | None":
        """Return what is bound in a direction now, or None for off."""
        known = getattr(self, "active_bindings", None)
        if known is None:
            known = list(self.bindings.filter(ended_at=None).select_related("agent"))
        return next((b for b in known if b.direction == direction), None)


class Direction(models.TextChoices):
    """Which way a call goes, seen from us."""

    INBOUND = "inbound", "Inbound"
    OUTBOUND = "outbound", "Outbound"


class Binding(models.Model):
    """An agent put on a number in one direction. Ended rows are the history."""

    number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="bindings")
    direction = models.CharField(max_length=8, choices=Direction.choices)
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="bindings")
    # None: always the latest version.
    version = models.PositiveIntegerField(null=True, blank=True)
    # Several agents there, with their shares: the provider's own rows, kept whole.
    weights = models.JSONField(default=list, blank=True)
    bound_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    bound_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number", "direction"],
                condition=Q(ended_at=None),
                name="one_active_binding_per_direction",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values),
                name="binding_direction_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.direction}: {self.agent}"


def bind(
    number: PhoneNumber,
    direction: str,
    agent: Agent | None,
    version: int | None = None,
    *,
    user: User | None = None,
    now: datetime | None = None,
) -> Binding | None:
    """Put `agent` (None: nobody) on a number; keep the old binding as history."""
    at = now or timezone.now()
    number.bindings.filter(direction=direction, ended_at=None).update(ended_at=at)
    if agent is None:
        return None
    return number.bindings.create(
        direction=direction, agent=agent, version=version, bound_by=user, bound_at=at
    )
