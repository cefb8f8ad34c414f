"""Making, changing and revoking API keys; each is written down in the audit log."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.models import ApiKey, AuditEntry, Author, Workspace

# From so many days before it expires on, a key is shown as one that soon will.
SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key is called, what it may do, until when, and how often a minute.

    `expires_at` None: never; `requests_per_minute` None: however many; `callee_field`
    is the field of a call's metadata that says whom to call, where nothing else does.
    """

    name: str
    scopes: list[str]
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    callee_field: str = ""

    @classmethod
    def of(cls, row: ApiKey) -> "Terms":
        """Return the terms a key has now."""
        facts = (row.name, row.scopes, row.expires_at, row.requests_per_minute)
        return cls(*facts, row.callee_field)

    def facts(self) -> dict[str, Any]:
        """Return them as the audit log keeps them."""
        until = self.expires_at and self.expires_at.isoformat(timespec="seconds")
        return {
            "name": self.name,
            "scopes": self.scopes,
            "expires_at": until,
            "requests_per_minute": self.requests_per_minute,
            "callee_field": self.callee_field,
        }


def create(workspace: Workspace, terms: Terms, by: Author) -> tuple[ApiKey, str, str]:
    """Make a key; return its row, the key and the secret, which nobody sees again."""
    row, key, secret = ApiKey.issue(
        workspace,
        terms.name,
        terms.scopes,
        expires_at=terms.expires_at,
        requests_per_minute=terms.requests_per_minute,
        callee_field=terms.callee_field,
    )
    AuditEntry.record(
        workspace, "key created", by, subject=str(row), after=terms.facts()
    )
    return row, key, secret


def change(row: ApiKey, terms: Terms, by: Author) -> bool:
    """Give a key other terms; False: they are what it has already."""
    before, after = Terms.of(row).facts(), terms.facts()
    differ = [name for name in after if after[name] != before[name]]
    if not differ:
        return False
    row.name, row.scopes = terms.name, terms.scopes
    row.expires_at = terms.expires_at
    row.requests_per_minute = terms.requests_per_minute
    row.callee_field = terms.callee_field
    row.save(update_fields=[*after])
    AuditEntry.record(
        row.workspace,
        "key changed",
        by,
        subject=str(row),
        before={name: before[name] for name in differ},
        after={name: after[name] for name in differ},
    )
    return True


def revoke(row: ApiKey, by: Author, now: datetime) -> bool:
    """Make a key useless from now on; False: it was revoked before."""
    live = row.workspace.api_keys.filter(pk=row.pk, revoked_at=None)
    if not live.update(revoked_at=now):
        return False
    AuditEntry.record(row.workspace, "key revoked", by, subject=str(row))
    return True


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day is over; what expires on it works until then."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def state(row: ApiKey, now: datetime) -> tuple[str, str]:
    """Return a key's badge: its kind, and its words, such as “Expires in 3 days”."""
    if row.revoked_at:
        return "", "Revoked"
    if row.expires_at is None or row.expires_at > now + SOON:
        return "success", "Active"
    if row.expires_at <= now:
        return "danger", "Expired"
    days = (row.expires_at - now + timedelta(hours=12)).days
    near = {0: "within a day", 1: "in 1 day"}
    return "warning", f"Expires {near.get(days, f'in {days} days')}"
