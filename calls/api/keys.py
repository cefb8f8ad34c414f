"""Who a program is: its API key, and what the key may do."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from dashboard.models import ApiKey

# "Last used" is shown to people; a write for every request would be a waste.
TOUCH_EVERY = timedelta(minutes=1)


def authenticate(key: str, secret: str | None = None) -> ApiKey | None:
    """Return the usable key, with its workspace; None for a wrong key or secret.

    A dialect that has pairs gives the secret, be it empty; others give None.
    """
    row = ApiKey.find(key) if key else None
    if row is None or (secret is not None and not row.fits(secret)):
        return None
    touch(row)
    return row


def touch(row: ApiKey) -> None:
    """Note that the key was used, at most once a minute."""
    now = timezone.now()
    if row.last_used_at and now - row.last_used_at < TOUCH_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


def may(row: ApiKey, scope: str) -> bool:
    """Tell whether the key has a scope; an empty scope is had by every key."""
    return not scope or scope in row.scopes
