"""What a look at a wish gives: refusals in words, and what was seen, as evidence."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# The HTTP status the API gives for each code (design.md, "The gate").
STATUSES = {
    "missing_phone_number": 400,
    "missing_agent_id": 400,
    "invalid_phone_number": 400,
    "invalid_json": 400,
    "invalid_sip_header": 400,
    "invalid_variables": 400,
    "invalid_override": 400,
    "authentication_required": 401,
    "invalid_key": 401,
    "insufficient_funds": 402,
    "permission_denied": 403,
    "do_not_call": 403,
    "country_not_allowed": 403,
    "outside_calling_hours": 403,
    "too_many_attempts": 403,
    "agent_not_found": 404,
    "agent_version_not_found": 404,
    "no_phone_number": 404,
    "limit_exceeded": 429,
    "server_error": 500,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not go out, and how to mend it; `field` is the API's name.

    `next_at` is when it may go out, where waiting mends it. `details` are for programs.
    """

    code: str
    message: str
    mend: str = ""
    field: str = ""
    next_at: datetime | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return STATUSES[self.code]

    @property
    def more(self) -> dict[str, Any]:
        """What the API says in `details`."""
        told = dict(self.details)
        if self.next_at:
            told["next_allowed_at"] = self.next_at.isoformat()
        return told | ({"mend": self.mend} if self.mend else {})


@dataclass(frozen=True, slots=True)
class Seen:
    """What one check looked at and what it saw there, in short words."""

    check: str
    looked_at: str
    saw: str

    def as_json(self) -> dict[str, str]:
        """Return it as it is kept with a call."""
        return {"check": self.check, "looked_at": self.looked_at, "saw": self.saw}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person should know before the call, though it may go out."""

    message: str


# What a check of the gate yields.
Found = Refusal | Seen | Notice


class LaunchRefused(Exception):
    """The call may not go out after all: the last look, under a lock, refused it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
