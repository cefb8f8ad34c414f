"""Showing a call to somebody outside: links that expire, and what they show."""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents import phone
from calls import changes
from calls.models import Call, Share, ShareOpening
from calls.privacy.redaction import (
    SAID_DIGITS,
    mask_name,
    redact,
    redact_value,
    spelled,
)
from dashboard.models import AuditEntry, User, digest

# For how many days a link may open.
DAYS = (1, 7, 30)
# A telephone number has so many digits, or more.
SHORTEST = 7
# Telephone numbers in what was said, in any usual spelling, but no dates; and digit by
# digit, as "4 1 5, 5 5 5, 0 1 4 2".
SAID_NUMBER = re.compile(
    r"(?<![\w.])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ \u00a0().-]{0,2}\d){6,14}(?!\w)"
    r"|(?<!\w)\d(?:,? \d){6,14}(?!\w)"
)
# Variables that hold the name of a person.
NAMES = re.compile(
    r"((first|last|full|given|family|sur|customer|contact|caller|callee|client)_?)?names?"
)
# Openings of one link within this are one: a page that is loaded again.
ONCE = timedelta(minutes=1)


def share(
    call: Call, by: User, days: int, now: datetime, **wishes: bool
) -> tuple[Share, str]:
    """Make a link to a call; return its row and its token, which is shown only once.

    `wishes`: `is_redacted` (else everything is shown), `has_recording`.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = Share.objects.create(
            call=call,
            token_digest=digest(token),
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(days=days),
            **wishes,
        )
        masked = "masked" if row.is_redacted else "with everything in it"
        sound = "with" if row.has_recording else "without"
        span = f"{days} day{'s' if days > 1 else ''}"
        told = f"Shared by a link for {span}, {masked}, {sound} the recording."
        changes.by_hand(call, by, now, told)
        # The call may be erased; that it was shown to others stays known.
        shown = {"days": days, **wishes}
        AuditEntry.record(
            call.workspace, "call shared", by, subject=str(call.pk), after=shown
        )
    return row, token


def revoke(row: Share, by: User, now: datetime) -> None:
    """Close a link for good."""
    rows = Share.objects.filter(pk=row.pk, revoked_at=None)
    with transaction.atomic():
        if rows.update(revoked_at=now):
            changes.by_hand(row.call, by, now, "Closed a shared link.")


def find(token: str, now: datetime) -> Share | None:
    """Return the share that a token opens; None: wrong, expired or revoked alike."""
    rows = Share.objects.select_related(
        *("call__connection", "call__agent", "call__contact", "call__recording")
    )
    row = rows.filter(token_digest=digest(token)).first()
    return row if row and row.is_open(now) else None


def note_opening(
    row: Share, address: str, now: datetime, *, is_listening: bool = False
) -> None:
    """Write down that somebody opened a link, and roughly from where."""
    near = prefix(address)
    known = row.openings.filter(address=near, is_listening=is_listening)
    if known.filter(at__gt=now - ONCE).exists():
        return
    is_first = not row.openings.exists()
    ShareOpening.objects.create(
        share=row, at=now, address=near, is_listening=is_listening
    )
    if is_first:
        changes.by_hand(row.call, None, now, "The shared link was opened.")


def prefix(address: str) -> str:
    """Return the beginning of an address: of a network, not of a person."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if known.version == 6 and known.ipv4_mapped:
        known = known.ipv4_mapped
    bits = 24 if known.version == 4 else 48
    return str(ipaddress.ip_network(f"{known}/{bits}", strict=False))


# --- What is shown -------------------------------------------------------------------
class Mask:
    """Masks what names a person or their accounts, in texts about one call."""

    def __init__(self, call: Call) -> None:
        contact = call.contact.name if call.contact else ""
        names = {contact, call.customer_name, *_named(call.variables)} - {""}
        words = {word for name in names for word in [name, *name.split()]}
        known = sorted((w for w in words if _is_name(w)), key=len, reverse=True)
        pattern = "|".join(map(re.escape, known))
        self.names = re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) if known else None

    def text(self, text: str) -> str:
        """Return a text without names, numbers, cards, accounts, e-mail addresses."""
        text = SAID_NUMBER.sub(_number, SAID_DIGITS.sub(_spelled, redact(text)))
        if self.names is None:
            return text
        return self.names.sub(lambda found: mask_name(found[0]), text)

    def value(self, value: Any) -> Any:
        """Return JSON with its texts masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in redact_value(value).items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
            return value if (masked := self.text(text)) == text else masked
        return value


def _named(variables: dict[str, Any]) -> Iterable[str]:
    """Yield what variables that are called a name hold."""
    for key, value in variables.items():
        if isinstance(value, str) and NAMES.fullmatch(key.lower()):
            yield value.strip()


def _is_name(word: str) -> bool:
    return len(word) > 1 and word[:1].isalpha()


def _number(found: re.Match[str]) -> str:
    return number(found[0])


def _spelled(found: re.Match[str]) -> str:
    """Mask a telephone number that was written out in words, digit by digit."""
    digits = spelled(found[0])
    return number(digits) if len(digits) >= SHORTEST else found[0]


def number(text: str) -> str:
    """Return a telephone number by its last two digits."""
    digits = phone.digits(text)
    return f"••• {digits[-2:]}" if len(digits) > 2 else ("•••" if text else "")


def who(call: Call) -> str:
    """Return the person at the other end by their initials, or the masked number."""
    name = (call.contact and call.contact.name) or call.customer_name
    return mask_name(name) if name else number(call.other_number) or "Unknown caller"
