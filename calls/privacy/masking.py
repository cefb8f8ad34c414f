"""Who reads cards, accounts and e-mail addresses as they are, and who sees them masked.

A workspace says so for each role, and for programs (`RetentionPolicy`); admins always
read everything. Pages, files and the API ask here for a reader, and show what it gives.
"""

from dataclasses import dataclass
from typing import Any

from calls.models import RetentionPolicy
from calls.privacy.redaction import redact, redact_value
from dashboard.models import ApiKey, Member, Role, Workspace

# Which word of the policy is about a role; an admin has none.
BY_ROLE = {Role.REVIEWER: "masks_reviewers", Role.MANAGER: "masks_managers"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody's eyes: what texts and values look like to them."""

    is_masked: bool

    def text(self, text: str) -> str:
        """Return a text as they are to see it."""
        return redact(text) if self.is_masked else text

    def value(self, value: Any) -> Any:
        """Return JSON as they are to see it."""
        return redact_value(value) if self.is_masked else value


WHOLE, MASKED = Reader(False), Reader(True)


def policy_of(workspace: Workspace) -> RetentionPolicy:
    """Return what a workspace keeps and shows; unsaved where it never said so."""
    policy: RetentionPolicy | None = getattr(workspace, "retention", None)
    return policy or RetentionPolicy(workspace=workspace)


def reader(workspace: Workspace, member: Member) -> Reader:
    """Return the eyes of a person."""
    word = BY_ROLE.get(Role(member.role))
    return MASKED if word and getattr(policy_of(workspace), word) else WHOLE


def key_reader(key: ApiKey) -> Reader:
    """Return the eyes of a program."""
    return MASKED if policy_of(key.workspace).masks_keys else WHOLE


def mask_call_json(told: dict[str, Any], by: Reader) -> dict[str, Any]:
    """Return a call's JSON (`own_json.call_json`) as somebody is to see it."""
    if not by.is_masked:
        return told
    return told | {name: by.value(told[name]) for name in SPOKEN if name in told}


# What of a call's JSON may hold words of people.
SPOKEN = (
    *("transcript", "tool_calls", "analysis", "note"),
    *("variables", "overrides", "metadata"),
)
