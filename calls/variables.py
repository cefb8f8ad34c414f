"""What is known for a call where nobody says it: of its contact, and of the business."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calls.models import Contact, ContextVariable, Scope
from dashboard.models import Workspace

CONTACT, BUSINESS = Scope.CONTACT.value, Scope.BUSINESS.value
# With these begin the names of what is known of the business.
OF_THE_BUSINESS = "business_"


@dataclass(frozen=True, slots=True)
class Known:
    """A value that need not be typed; `origin` is contact or business."""

    value: str
    origin: str


def defined(workspace: Workspace, scope: str = "") -> list[ContextVariable]:
    """Return the workspace's variables, or those of one scope."""
    rows = workspace.context_variables.all()
    return list(rows.filter(scope=scope) if scope else rows)


def known(
    contact: Contact | None, rows: Iterable[ContextVariable] = ()
) -> dict[str, Known]:
    """Return what is known, by the names that agents write.

    What the contact says wins over the business. `rows` are the workspace's variables.
    """
    business = {
        row.placeholder: Known(row.value, BUSINESS)
        for row in rows
        if row.scope == BUSINESS and row.value
    }
    own = contact.as_variables() if contact else {}
    return business | {name: Known(value, CONTACT) for name, value in own.items()}


def values(workspace: Workspace, contact: Contact | None) -> dict[str, str]:
    """Return everything that is known, without whence."""
    told = known(contact, defined(workspace, BUSINESS))
    return {name: one.value for name, one in told.items()}


def labelled(contact: Contact) -> list[tuple[str, str, ContextVariable | None]]:
    """Return a contact's attributes with the variables they are, for a page."""
    kinds = {row.name: row for row in defined(contact.workspace, CONTACT)}
    pairs = contact.attributes.items() if contact.attributes else ()
    return [(name, str(value), kinds.get(name)) for name, value in pairs]


def typed(workspace: Workspace, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contact's attributes as the JSON values that their kinds say."""
    rows = {row.name: row for row in defined(workspace, CONTACT)}
    return {
        name: rows[name].typed(str(value)) if name in rows else value
        for name, value in attributes.items()
    }


def refitted(
    rows: Iterable[ContextVariable],
    before: Mapping[str, Any],
    after: Mapping[str, str],
) -> tuple[dict[str, str], list[str]]:
    """Return a contact's attributes as they are to be kept, and what is unfit, in words.

    Only what changed is looked at: what was kept before a variable was defined stays.
    """
    kinds = {row.name: row for row in rows}
    kept, problems = dict(after), []
    for name, value in after.items():
        if name in kinds and value and value != str(before.get(name, "")):
            try:
                kept[name] = kinds[name].read(value)
            except ValueError as error:
                problems.append(str(error))
    return kept, problems
