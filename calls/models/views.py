"""Saved views: a list of calls narrowed in a way that somebody wants to come back to."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from dashboard.models import Member, User, Workspace


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Verbs on saved views."""

    def seen_by(self, member: Member) -> Self:
        """Return a person's own views and the shared ones of the workspace."""
        mine = Q(owner=member.user) | Q(is_shared=True)
        return self.filter(mine, workspace=member.workspace).select_related("owner")


class SavedView(models.Model):
    """Filters and an order under a name, as the part of an address behind the `?`.

    The nameless one of a person holds the columns they chose, and nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40, blank=True)
    query = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)
    # Names of columns, in the order of the table; empty: the usual ones.
    columns = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "workspace", "owner", Lower("name"), name="view_once_per_name"
            ),
            models.CheckConstraint(
                condition=~Q(name="", is_shared=True), name="columns_are_not_shared"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the list of calls as the view has it."""
        address = reverse("call_list")
        return f"{address}?{self.query}" if self.query else address

    def may_change(self, member: Member) -> bool:
        """Tell whether somebody may rename or delete it: its owner, or an admin."""
        return self.owner_id == member.user_id or member.may("administer")
