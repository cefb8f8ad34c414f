"""Defining variables, and saying what they are for a contact or for the business."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from calls import variables
from calls.models import Contact, ContextVariable, VariableKind
from calls.models.variables import kind_of
from calls.people import contact_book
from calls.people.contact_rows import VARIABLE_NAME
from dashboard.models import ApiKey, AuditEntry, User, Workspace

FIELDS = ("scope", "name", "label", "description", "kind", "options", "value")
# As many a page can show, and a launch can look through.
MOST = 500
MOST_OPTIONS, LONGEST_OPTION = 100, 120


class Unfit(Exception):
    """What cannot be kept, in words.

    `code` is `invalid` (a field of a variable), `duplicate`, `invalid_value` or
    `undefined_variable`; `field` is the field that is meant, or the variable's name.
    """

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


# --- What there is -------------------------------------------------------------------
def save(row: ContextVariable, values: Mapping[str, Any], by: User | ApiKey) -> None:
    """Set and save fields of a variable, with an audit entry; Unfit changes nothing."""
    is_new = row._state.adding
    before = {} if is_new else {name: getattr(row, name) for name in FIELDS}
    for name, value in values.items():
        setattr(row, name, value)
    _check(row, before)
    changed = [name for name in FIELDS if before.get(name) != getattr(row, name)]
    if not changed:
        return
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        message = f"There is a variable “{row.placeholder}” already."
        raise Unfit("duplicate", message, "name") from None
    AuditEntry.record(
        row.workspace,
        "variable added" if is_new else "variable changed",
        by,
        subject=row.placeholder,
        before={name: before[name] for name in changed if name in before},
        after={name: getattr(row, name) for name in changed},
    )


def _check(row: ContextVariable, before: Mapping[str, Any]) -> None:
    """Raise Unfit with what is wrong with a variable."""
    if before and (before["name"], before["scope"]) != (row.name, row.scope):
        message = "A variable keeps its name and whom it speaks of: make another one."
        raise Unfit("invalid", message, "name")
    if not before and row.workspace.context_variables.count() >= MOST:
        raise Unfit("full", f"A workspace has at most {MOST} variables.", "name")
    if not VARIABLE_NAME.fullmatch(row.name):
        message = (
            f"“{row.name}” is no name for a variable: it begins with a letter or _, "
            "and has letters, digits, _, . and -, at most 60 of them."
        )
        raise Unfit("invalid", message, "name")
    for name, longest in (("label", 120), ("description", 300)):
        if len(getattr(row, name)) > longest:
            raise Unfit("invalid", f"It has at most {longest} letters.", name)
    if not row.label.strip():
        raise Unfit("invalid", "A variable needs a label.", "label")
    _check_options(row)
    _check_value(row)


def _check_options(row: ContextVariable) -> None:
    options, is_list = row.options, row.kind == VariableKind.SELECT
    if is_list and not options:
        raise Unfit("invalid", "A list needs an option at least.", "options")
    if options and not is_list:
        raise Unfit("invalid", "Only one of a list has options.", "options")
    if len(options) > MOST_OPTIONS or len(set(options)) < len(options):
        message = f"A list has at most {MOST_OPTIONS} options, each once."
        raise Unfit("invalid", message, "options")
    if any(not 0 < len(option.strip()) <= LONGEST_OPTION for option in options):
        message = f"An option has 1 to {LONGEST_OPTION} letters."
        raise Unfit("invalid", message, "options")


def _check_value(row: ContextVariable) -> None:
    if row.value and row.scope != variables.BUSINESS:
        message = "Each contact has its own value: set it there."
        raise Unfit("invalid", message, "value")
    try:
        row.value = row.read(row.value) if row.value else ""
    except ValueError as error:
        raise Unfit("invalid_value", str(error), "value") from None


def remove(row: ContextVariable, by: User | ApiKey) -> None:
    """Delete a variable; contacts keep the attribute."""
    AuditEntry.record(
        row.workspace,
        "variable removed",
        by,
        subject=row.placeholder,
        before={name: getattr(row, name) for name in FIELDS},
    )
    row.delete()


# --- What they are -------------------------------------------------------------------
def tell_of_contact(
    contact: Contact, told: Mapping[str, Any], by: User | ApiKey, *, creates: bool
) -> None:
    """Set variables of a contact, all or none; None takes one away.

    Raises Unfit. `creates`: names that are not defined yet are.
    """
    with transaction.atomic():
        # What others set of this contact meanwhile is not to be lost.
        contacts = contact.workspace.contacts.select_for_update(no_key=True)
        locked = contacts.get(pk=contact.pk)
        rows = _rows(contact.workspace, variables.CONTACT, told, by, creates)
        read = _read(rows, told)
        kept = {k: v for k, v in locked.attributes.items() if k not in read}
        kept |= {name: text for name, text in read.items() if text}
        contact_book.save(locked, {"attributes": kept}, by)


def tell_of_business(
    workspace: Workspace, told: Mapping[str, Any], by: User | ApiKey, *, creates: bool
) -> None:
    """Set variables of the business, all or none; None empties one. Raises Unfit."""
    with transaction.atomic():
        rows = _rows(workspace, variables.BUSINESS, told, by, creates)
        for name, text in _read(rows, told).items():
            if name in rows:
                save(rows[name], {"value": text}, by)


def _rows(
    workspace: Workspace,
    scope: str,
    told: Mapping[str, Any],
    by: User | ApiKey,
    creates: bool,
) -> dict[str, ContextVariable]:
    """Return the variables by name; Unfit where one is needed and not defined."""
    rows = {row.name: row for row in variables.defined(workspace, scope)}
    missing = [name for name in told if name not in rows]
    if missing and not creates:
        named = ", ".join(f"“{name}”" for name in missing[:10])
        raise Unfit("undefined_variable", f"Not defined: {named}.", missing[0])
    for name in missing:
        if told[name] is not None:
            rows[name] = _made(workspace, scope, name, told[name], by)
    return rows


def _made(
    workspace: Workspace, scope: str, name: str, value: Any, by: User | ApiKey
) -> ContextVariable:
    """Define a variable after the first value it is given."""
    label = name.replace("_", " ").title()
    row = ContextVariable(workspace=workspace, scope=scope, name=name)
    try:
        save(row, {"label": label, "kind": kind_of(value)}, by)
    except Unfit as problem:
        if problem.code != "duplicate":
            raise
        # Somebody else has just defined it.
        row = workspace.context_variables.get(scope=scope, name=name)
    return row


def _read(
    rows: Mapping[str, ContextVariable], told: Mapping[str, Any]
) -> dict[str, str]:
    """Return the values as they are kept, empty for None; Unfit with the first wrong."""
    read = {}
    for name, value in told.items():
        try:
            read[name] = "" if value is None else rows[name].read(value)
        except ValueError as error:
            raise Unfit("invalid_value", str(error), name) from None
    return read
