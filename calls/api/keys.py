"""Who a program is: its API key, what the key may do, and how often a minute."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from calls.api import allowance
from dashboard.models import ApiKey

# "Last used" is shown to people; a write for every request would be a waste.
TOUCH_EVERY = timedelta(minutes=1)
READS_CALLS, WRITES_CALLS = "calls:read", "calls:write"
# Words of ours end so: who has the key is not who can mend it.
ASK = "Ask an admin of the workspace for a new one."


class KeyRefused(Exception):
    """A request that its key does not let in: a status of HTTP, a code, a sentence.

    The sentence is empty where there is no key, or none that we know: each API has its
    own words for that. `wait` is the seconds after which to come again, else 0.
    """

    def __init__(self, status: int, code: str, message: str = "", wait: int = 0):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.wait = wait

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the answer."""
        return {"Retry-After": str(self.wait)} if self.wait else {}


def admit(request: HttpRequest, key: str, secret: str | None = None) -> ApiKey:
    """Return the usable key, with its workspace, and count the request; or KeyRefused.

    A dialect that has pairs gives the secret, be it empty; others give None.
    """
    row = authenticate(key, secret)
    touch(row)
    if row.requests_per_minute is None:
        return row
    left = allowance.take(str(row.pk), row.requests_per_minute)
    request.allowance = left  # type: ignore[attr-defined]
    if left.is_over:
        message = (
            f"This API key has made its {left.limit:,} requests of this minute. "
            f"Come again in {left.reset} s."
        )
        raise KeyRefused(429, "limit_exceeded", message, left.reset)
    return row


def authenticate(key: str, secret: str | None = None) -> ApiKey:
    """Return the usable key for what a client sent, or raise KeyRefused."""
    if not key:
        raise KeyRefused(401, "authentication_required")
    row = ApiKey.known(key)
    if row is None or (secret is not None and not row.fits(secret)):
        raise KeyRefused(401, "invalid_key")
    if row.revoked_at:
        raise KeyRefused(401, "invalid_key", f"This API key was revoked. {ASK}")
    if row.expires_at and not row.is_usable(timezone.now()):
        on = f"{row.expires_at:%Y-%m-%d at %H:%M} UTC"
        raise KeyRefused(401, "invalid_key", f"This API key expired on {on}. {ASK}")
    return row


def mark(request: HttpRequest, answer: HttpResponseBase) -> None:
    """Tell the client, in the headers of an answer, what is left of its minute."""
    left: allowance.Allowance | None = getattr(request, "allowance", None)
    if left is not None:
        for name, value in left.headers().items():
            answer[name] = value


def touch(row: ApiKey) -> None:
    """Note that the key was used, at most once a minute."""
    now = timezone.now()
    if _is_fresh(row.last_used_at, now):
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


def _is_fresh(used_at: datetime | None, now: datetime) -> bool:
    return used_at is not None and now - used_at < TOUCH_EVERY


def may(row: ApiKey, scope: str) -> bool:
    """Tell whether the key has a scope; an empty scope is had by every key."""
    return not scope or scope in row.scopes


def lacking(scope: str, permissions: Mapping[str, Sequence[str]]) -> str:
    """Say that a key lacks a scope, with the dialect's own names for it."""
    theirs = [name for name, ours in permissions.items() if scope in ours]
    named = f" ({', '.join(theirs)})" if theirs else ""
    return f"This API key does not have the scope {scope}{named}."
