"""The `v=<ms>,d=<hex>` signature: a body signed with the time and an API key.

HMAC-SHA256 over the raw body followed by the digits of `v`, in lower-case hex. The key
is the one that carries the webhook badge at the provider.
"""

import hmac
import re
from datetime import datetime

from agents.providers.base import Check

WRITTEN = re.compile(r"v=(\d{1,20}),d=([0-9a-f]{64})")
# A signature is believed for this long before and after its own time.
FRESH_MS = 300_000


def sign(body: bytes, key: str, now_ms: int) -> str:
    """Return the signature of a body at a time (epoch ms)."""
    return f"v={now_ms},d={_digest(body, key, now_ms)}"


def is_signed(signature: str, body: bytes, key: str, now: datetime) -> bool:
    """Tell in constant time whether the key signed the body within 5 minutes of now."""
    match = WRITTEN.fullmatch(signature)
    if not match or not key:
        return False
    # The sender signs the number itself, so leading zeros fall away.
    at = int(match[1])
    is_theirs = hmac.compare_digest(_digest(body, key, at), match[2])
    return is_theirs and abs(round(now.timestamp() * 1000) - at) <= FRESH_MS


def check(*, has_own_key: bool) -> Check:
    """Say with which key signatures are checked."""
    which = (
        "the webhook key" if has_own_key else "the API key, as no webhook key is set"
    )
    return Check("Webhooks", True, f"Signatures are checked with {which}.")


def _digest(body: bytes, key: str, at: int) -> str:
    return hmac.digest(key.encode(), body + str(at).encode(), "sha256").hex()
