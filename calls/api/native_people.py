"""Our own API for people: contacts, and the numbers that nobody may call."""

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest, QueryDict
from ninja import Field, Schema, Status
from pydantic import ConfigDict, StrictBool

from agents import phone
from calls.api.call_filters import as_uuid
from calls.api.native_door import Limit, RowCursor, api, key_of
from calls.api.native_problem import Problem
from calls.api.native_queries import IdCursor
from calls.api.shapes import contact_json, suppression_json
from calls.forms.contacts import ContactForm
from calls.models import Contact, Suppression
from calls.people import contact_book
from calls.people.contact_rows import VARIABLE_NAME
from dashboard.forms import SuppressionForm
from dashboard.models import ApiKey, AuditEntry, Workspace

Json = dict[str, Any]
# Our API's field for each of the form's.
TEXTS = ("name", "number", "email", "company", "timezone")


class ContactChange(Schema):
    """What may be said of a contact; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = Field(None, max_length=120)
    number: str = Field("", max_length=60)
    email: str | None = Field(None, max_length=254)
    company: str | None = Field(None, max_length=120)
    timezone: str | None = None
    do_not_call: StrictBool | None = None
    attributes: dict[str, str] | None = None


class ContactIn(ContactChange):
    """A new contact has a number."""

    number: str = Field(max_length=60)


@api.get("/contacts", response=Json)
def list_contacts(
    request: HttpRequest,
    q: str = "",
    number: str = "",
    cursor: IdCursor = "",
    limit: Limit = 50,
) -> Json:
    """List contacts by name; `q` finds a part of a name, company, e-mail or number."""
    workspace = key_of(request, "contacts:read").workspace
    rows = contact_book.find(workspace, q).order_by("name", "number")
    if number:
        rows = rows.filter(number=phone.e164(number, workspace.country))
    if cursor:
        if (place := as_uuid(cursor)) is None:
            raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
        rows = contact_book.behind(rows, _contact(workspace, place, "cursor"))
    found = list(rows[: limit + 1])
    more = found[limit - 1] if len(found) > limit else None
    items = [contact_json(contact) for contact in found[:limit]]
    return {"items": items, "next": str(more.pk) if more else None}


@api.post("/contacts", response={201: Json})
def create_contact(request: HttpRequest, body: ContactIn) -> Status[Json]:
    """Add a contact; 409 when another one has the number."""
    key = key_of(request, "contacts:write")
    contact = _saved(Contact(workspace=key.workspace), body, key)
    return Status(201, contact_json(contact))


@api.get("/contacts/{contact_id}", response=Json)
def get_contact(request: HttpRequest, contact_id: uuid.UUID) -> Json:
    """Return one contact."""
    workspace = key_of(request, "contacts:read").workspace
    return contact_json(_contact(workspace, contact_id))


@api.patch("/contacts/{contact_id}", response=Json)
def update_contact(
    request: HttpRequest, contact_id: uuid.UUID, body: ContactChange
) -> Json:
    """Change what is said; `attributes` are replaced as a whole."""
    key = key_of(request, "contacts:write")
    return contact_json(_saved(_contact(key.workspace, contact_id), body, key))


@api.delete("/contacts/{contact_id}", response={204: None})
def delete_contact(request: HttpRequest, contact_id: uuid.UUID) -> Status[None]:
    """Delete a contact; one not to be called stays on the do-not-call list."""
    key = key_of(request, "contacts:write")
    contact_book.delete(_contact(key.workspace, contact_id), key)
    return Status(204, None)


def _contact(
    workspace: Workspace, contact_id: uuid.UUID, field: str | None = None
) -> Contact:
    found = workspace.contacts.filter(pk=contact_id).first()
    if found is None:
        raise Problem(404, "not_found", "There is no such contact.", field)
    return found


def _saved(contact: Contact, body: ContactChange, key: ApiKey) -> Contact:
    """Read the body by the form that people use, and save it."""
    if odd := _odd_name(body.attributes):
        raise Problem(400, "invalid_json", odd, "attributes")
    form = ContactForm(contact, _as_typed(contact, body))
    if not form.is_valid():
        if form.duplicate:
            message = "Another contact has this number."
            other = str(form.duplicate.pk)
            raise Problem(409, "conflict", message, "number", contact_id=other)
        if form.attribute_problems:
            message = " ".join(form.attribute_problems)
            raise Problem(400, "invalid_json", message, "attributes")
        raise _problem_of(form)
    if not contact_book.save(contact, form.cleaned_data, key):
        message = "Another contact has this number."
        raise Problem(409, "conflict", message, "number")
    return contact


def _odd_name(attributes: dict[str, str] | None) -> str:
    """Return a name that fits no variable, as `name: …`; empty: all do."""
    names = (name for name in attributes or {} if not VARIABLE_NAME.fullmatch(name))
    return next(
        (f"attributes: “{name}” is no name of a variable." for name in names), ""
    )


def _as_typed(contact: Contact, body: ContactChange) -> QueryDict:
    """Return the body on top of what is stored, as the form takes it."""
    said = body.dict(exclude_unset=True)
    data = QueryDict(mutable=True)
    for name in TEXTS:
        data[name] = said.get(name, getattr(contact, name)) or ""
    if said.get("do_not_call", contact.do_not_call):
        data["do_not_call"] = "on"
    attributes = said.get("attributes", contact.attributes) or {}
    for name, value in attributes.items():
        data.appendlist("attribute_name", name)
        data.appendlist("attribute_value", str(value))
    return data


def _problem_of(form: Form) -> Problem:
    field, messages = next(iter(form.errors.items()))
    code = "invalid_phone_number" if field == "number" else "invalid_json"
    return Problem(400, code, " ".join(map(str, messages)), field)


# --- Do not call ---------------------------------------------------------------------
class SuppressionIn(Schema):
    """A number that nobody may call any more, in any format."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=40)
    reason: str = Field("", max_length=200)


@api.get("/suppressions", response=Json)
def list_suppressions(
    request: HttpRequest,
    number: str = "",
    cursor: RowCursor = "",
    limit: Limit = 50,
) -> Json:
    """List the do-not-call list, newest first."""
    workspace = key_of(request, "suppressions:read").workspace
    rows = workspace.suppressions.order_by("-pk")
    if number:
        rows = rows.filter(number=phone.e164(number, workspace.country))
    if cursor:
        if not (cursor.isascii() and cursor.isdigit()):
            raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
        rows = rows.filter(pk__lt=min(int(cursor[:19]), 2**62))
    found = list(rows[: limit + 1])
    more = found[limit - 1] if len(found) > limit else None
    items = [suppression_json(row) for row in found[:limit]]
    return {"items": items, "next": str(more.pk) if more else None}


@api.post("/suppressions", response={201: Json, 200: Json})
def create_suppression(request: HttpRequest, body: SuppressionIn) -> Status[Json]:
    """Put a number on the list; 200 when it is there already."""
    key = key_of(request, "suppressions:write")
    read = phone.parse(body.number, key.workspace.country)
    known = key.workspace.suppressions.filter(number=read.e164 if read else "").first()
    if known is not None:
        return Status(200, suppression_json(known))
    form = SuppressionForm(body.dict(), workspace=key.workspace)
    if not form.is_valid():
        raise _problem_of(form)
    try:
        with transaction.atomic():
            row = form.save(None)
    except IntegrityError:
        row = key.workspace.suppressions.get(number=form.cleaned_data["number"])
        return Status(200, suppression_json(row))
    AuditEntry.record(
        key.workspace,
        "number suppressed",
        subject=row.number,
        api_key=key,
        after={"reason": row.reason},
    )
    return Status(201, suppression_json(row))


@api.get("/suppressions/{number}", response=Json)
def get_suppression(request: HttpRequest, number: str) -> Json:
    """Return a number that is on the list; 404: it may be called."""
    workspace = key_of(request, "suppressions:read").workspace
    return suppression_json(_suppression(workspace, number))


def _suppression(workspace: Workspace, written: str) -> Suppression:
    wanted = phone.e164(written, workspace.country)
    row = workspace.suppressions.filter(number=wanted).first() if wanted else None
    if row is None:
        raise Problem(404, "not_found", "This number is not on the list.")
    return row


@api.delete("/suppressions/{number}", response={204: None})
def delete_suppression(request: HttpRequest, number: str) -> Status[None]:
    """Take a number off the list, so that it may be called again."""
    key = key_of(request, "suppressions:write")
    row = _suppression(key.workspace, number)
    AuditEntry.record(
        key.workspace,
        "number allowed",
        subject=row.number,
        api_key=key,
        before={"reason": row.reason},
    )
    row.delete()
    return Status(204, None)
