"""Klen's context variables, on our own: contacts' are attributes, the business's ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http.response import HttpResponseBase

from agents.providers.klen import context
from agents.providers.klen.context import Definition
from calls import variables
from calls.api import klen_contacts
from calls.api.dialect import answer
from calls.api.visit import Action, Json, Problem, Visit
from calls.models import ContextVariable
from calls.people import variable_book
from calls.people.variable_book import Unfit

# Their words for what we cannot keep; the rest is a validation_error.
CODES = {
    "duplicate": "duplicate_variable",
    "invalid_value": "invalid_value",
    "undefined_variable": "undefined_variable",
}
LARGEST_ID = 10**18
# What PUT empties where it is left out.
EMPTY: Json = {"description": "", "options": []}


# --- Definitions ---------------------------------------------------------------------
def list_variables(visit: Visit) -> HttpResponseBase:
    """Return every variable, or those of one type of context."""
    scope = context.scope_of(visit.parameter("context_type"))
    rows = variables.defined(visit.workspace, scope)
    return answer((200, context.listed(list(map(_definition, rows)))))


def create_variable(visit: Visit) -> HttpResponseBase:
    """Define a variable."""
    row = ContextVariable(workspace=visit.workspace)
    _save(visit, row, _whole(visit))
    return answer((201, context.saved(_definition(row), "created")))


def replace_variable(visit: Visit) -> HttpResponseBase:
    """Put another definition in the place of one: what is not given is emptied."""
    row = _find(visit)
    _save(visit, row, EMPTY | _whole(visit))
    return answer((200, context.saved(_definition(row), "updated")))


def change_variable(visit: Visit) -> HttpResponseBase:
    """Change what is given of a definition; the rest stays."""
    row = _find(visit)
    _save(visit, row, context.changes(visit.body))
    return answer((200, context.saved(_definition(row), "updated")))


def delete_variable(visit: Visit) -> HttpResponseBase:
    """Delete a definition; contacts keep the attribute."""
    variable_book.remove(_find(visit), visit.key)
    return answer((200, {"message": "Variable definition deleted successfully"}))


def _whole(visit: Visit) -> dict[str, Any]:
    if lacking := context.missing(visit.body):
        message = f"Required: {', '.join(lacking)}."
        raise Problem(400, message, "missing_parameter")
    return context.changes(visit.body)


def _save(visit: Visit, row: ContextVariable, values: dict[str, Any]) -> None:
    with _in_their_words():
        variable_book.save(row, values, visit.key)


def _find(visit: Visit) -> ContextVariable:
    written, found = visit.id, None
    if written.isascii() and written.isdigit() and int(written[:19]) < LARGEST_ID:
        rows = visit.workspace.context_variables.filter(pk=int(written[:19]))
        found = rows.first()
    if found is None:
        raise Problem(404, f"There is no variable “{written}”.", "not_found")
    return found


def _definition(row: ContextVariable) -> Definition:
    return Definition(
        id=row.pk,
        name=row.name,
        label=row.label,
        description=row.description,
        kind=row.kind,
        scope=row.scope,
        options=tuple(row.options),
    )


# --- Values --------------------------------------------------------------------------
def set_contact_context(visit: Visit) -> HttpResponseBase:
    """Set variables of a contact, all or none."""
    contact = klen_contacts.find(visit)
    told, creates = context.told(visit.body)
    with _in_their_words():
        variable_book.tell_of_contact(contact, told, visit.key, creates=creates)
    message = "Contact context variables updated successfully"
    number = klen_contacts.number_of(contact)
    return answer((200, {"message": message, "contact_id": number}))


def set_business_context(visit: Visit) -> HttpResponseBase:
    """Set variables of the business, all or none; the answer is unseen."""
    told, creates = context.told(visit.body)
    with _in_their_words():
        variable_book.tell_of_business(
            visit.workspace, told, visit.key, creates=creates
        )
    message = "Business context variables updated successfully"
    return answer((200, {"message": message}))


@contextmanager
def _in_their_words() -> Iterator[None]:
    """Turn what cannot be kept into an answer."""
    try:
        yield
    except Unfit as problem:
        raise Problem(400, str(problem), CODES.get(problem.code, "")) from None


ACTIONS: dict[str, Action] = {
    "list_variables": ("contacts:read", list_variables),
    "create_variable": ("contacts:write", create_variable),
    "replace_variable": ("contacts:write", replace_variable),
    "change_variable": ("contacts:write", change_variable),
    "delete_variable": ("contacts:write", delete_variable),
    "set_contact_context": ("contacts:write", set_contact_context),
    "set_business_context": ("contacts:write", set_business_context),
}
