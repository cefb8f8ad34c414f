"""Calls that a person should look at: why, and whether somebody did."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from calls.models.call import Call
from dashboard.models import User, Workspace


class Reason(models.TextChoices):
    """Why a call needs a look."""

    UNCONFIRMED = "unconfirmed", "Not sure it went out"
    FAILED = "failed", "Failed by us or the provider"
    OPT_OUT = "opt_out", "Asked not to be called"
    TOOL = "tool", "A tool failed"
    UNHAPPY = "unhappy", "The person was unhappy"
    MISSED = "missed", "The goal was missed"
    GAP = "gap", "Nothing had told us of it"
    RULE = "rule", "A rule of your own"


KINDS = {
    Reason.UNCONFIRMED: "warning",
    Reason.FAILED: "danger",
    Reason.OPT_OUT: "danger",
    Reason.TOOL: "warning",
    Reason.UNHAPPY: "danger",
    Reason.MISSED: "warning",
    Reason.GAP: "info",
    Reason.RULE: "live",
}


class LookRule(models.Model):
    """A rule of one's own: what the history's filter finds needs a look."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="look_rules")
    name = models.CharField(max_length=60)
    # The part of the history's address behind the `?`.
    query = models.TextField()
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="look_rule_once_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class LookQuerySet(models.QuerySet["Look"]):
    """Verbs on looks."""

    def open(self) -> Self:
        """Looks that nobody has had yet."""
        return self.filter(done_at=None)

    def for_queue(self) -> Self:
        """The newest calls first, with what a row shows."""
        joined = ("call__agent", "call__contact", "call__connection", "rule")
        return self.select_related(*joined).order_by("-call", "-id")


class Look(models.Model):
    """One call and one reason to look at it.

    `done_by` had the look; done without a person means that the reason went away.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="looks", db_index=False
    )
    call = models.ForeignKey(Call, models.CASCADE, related_name="looks")
    reason = models.CharField(max_length=11, choices=Reason.choices)
    rule = models.ForeignKey(LookRule, models.CASCADE, null=True, blank=True)
    # What it is about, in the words of the call: a tool, what was said, an error.
    words = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False
    )

    objects = LookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call", "reason"],
                condition=Q(rule=None),
                name="look_once_per_reason",
            ),
            models.UniqueConstraint(
                fields=["call", "rule"],
                condition=Q(rule__isnull=False),
                name="look_once_per_rule",
            ),
            models.CheckConstraint(
                condition=Q(reason__in=Reason.values), name="look_reason_known"
            ),
        ]
        # Ids of calls sort by time: the newest calls come first.
        indexes = [
            models.Index(
                fields=["workspace", "-call", "-id"],
                condition=Q(done_at=None),
                name="look_open",
            ),
            models.Index(
                fields=["call"],
                condition=Q(done_at=None, reason="unconfirmed"),
                name="look_unsure",
            ),
            models.Index(
                fields=["workspace", "-done_at"],
                condition=Q(done_at__isnull=False),
                name="look_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} of {self.call_id}"

    @property
    def why(self) -> str:
        """Why it needs a look, in words."""
        return self.rule.name if self.rule else str(Reason(self.reason).label)

    @property
    def kind(self) -> str:
        """Which badge says so."""
        return KINDS[Reason(self.reason)]
