"""A call shown to somebody outside by a link that expires, and who opened it."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from calls.models.call import Call
from dashboard.models import User


class Share(models.Model):
    """One link to a call. The token in it is shown once and found by its digest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="shares")
    token_digest = models.CharField(max_length=64, unique=True)
    # Numbers, names, cards, accounts and e-mail addresses are masked.
    is_redacted = models.BooleanField(default=True)
    has_recording = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"share of {self.call_id} until {self.expires_at:%Y-%m-%d}"

    def is_open(self, now: datetime) -> bool:
        """Whether the link still opens."""
        return self.revoked_at is None and self.expires_at > now


class ShareOpening(models.Model):
    """One opening of a shared call; `address` is the beginning of where it came from."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="openings")
    at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45, blank=True)
    # The recording was played, not the page opened.
    is_listening = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.share_id} opened from {self.address}"
