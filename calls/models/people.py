"""The people we call, and the numbers nobody may call."""

import re
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now as utc_now
from uuid_utils.compat import uuid7

from agents import phone
from agents.models import E164
from dashboard.models import User, Workspace

NUMBER_LIKE = re.compile(r"[\d\s()+./–-]+")


class ContactQuerySet(models.QuerySet["Contact"]):
    """Verbs on contacts."""

    def matching(self, text: str) -> Self:
        """Find by a part of the name, company or e-mail, or by digits in any format."""
        words = (
            Q(name__icontains=text)
            | Q(company__icontains=text)
            | Q(email__icontains=text)
        )
        digits = phone.digits(text) if NUMBER_LIKE.fullmatch(text) else ""
        return self.filter(words | Q(number__contains=digits) if digits else words)


class Contact(models.Model):
    """A person with one phone number; `attributes` are free, for variables."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=20)
    email = models.EmailField(blank=True)
    company = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=60, blank=True)
    do_not_call = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=utc_now)
    changed_at = models.DateTimeField(auto_now=True)
    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["name", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "number"], name="contact_number_once"
            ),
            models.CheckConstraint(
                condition=Q(number__regex=E164), name="contact_number_is_e164"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "name"], name="contact_by_name")]

    def __str__(self) -> str:
        return self.name or phone.pretty(self.number)

    def get_absolute_url(self) -> str:
        """Return the contact's page."""
        return reverse("contact_detail", args=[self.pk])

    def as_variables(self) -> dict[str, str]:
        """Return what an agent may be told: attributes first, then the usual names."""
        first, _, last = self.name.partition(" ")
        usual = {
            "name": self.name,
            "customer_name": self.name,
            "first_name": first,
            "last_name": last,
            "email": self.email,
            "company": self.company,
            "phone": self.number,
        }
        free = {key: str(value) for key, value in self.attributes.items()}
        return {key: value for key, value in (usual | free).items() if value}


class Suppression(models.Model):
    """A number on the workspace's do-not-call list."""

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="suppressions"
    )
    number = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "number"], name="suppressed_once"
            ),
            models.CheckConstraint(
                condition=Q(number__regex=E164), name="suppression_is_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.number
