"""The signature of itellico's webhooks (contract sheet, section 7.3).

HMAC-SHA256 over the raw body, a dot and the timestamp as it is written in its header.
The encoding is unseen: hexadecimal, which their sample points to, with or without a
prefix.
"""

import hmac
from datetime import UTC, datetime, timedelta

from agents.providers.reading import iso

PREFIX = "sha256="
# Ours: how long they let a signature live is not documented.
FRESH = timedelta(minutes=5)
# A number of seconds reaches this in the year 5138; more is milliseconds.
SECONDS_END = 100_000_000_000


def sign(body: bytes, secret: str, timestamp: str) -> str:
    """Return the signature of a body, in hexadecimal."""
    message = body + b"." + timestamp.encode()
    return hmac.digest(secret.encode(), message, "sha256").hex()


def fits(
    body: bytes, secret: str, signature: str, timestamp: str, now: datetime
) -> bool:
    """Tell in constant time whether the body is theirs and not old.

    A time that cannot be read is signed all the same, and is let pass.
    """
    if not signature or not timestamp:
        return False
    told = signature.strip().removeprefix(PREFIX).lower().encode()
    wanted = sign(body, secret, timestamp.strip()).encode()
    if not hmac.compare_digest(wanted, told):
        return False
    at = _time(timestamp.strip())
    return at is None or abs(now - at) <= FRESH


def _time(written: str) -> datetime | None:
    """Read a timestamp: seconds or milliseconds of the epoch, or ISO 8601."""
    try:
        number = float(written)
        seconds = number / 1000 if number >= SECONDS_END else number
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return iso(written)
