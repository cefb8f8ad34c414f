"""Dialling what Zudu's clients make without a number, where their key says whom to call.

By Zudu's pages such a call is a record (contract sheet, section 1.1), and without that
setting of the key it is one here. A client that should ring all the same names the
person in its metadata; `ApiKey.callee_field` says in which field.
"""

from typing import Any

from django.db.models.fields.json import KeyTransform
from django.http.response import HttpResponseBase

from agents import phone
from agents.providers.base import LaunchWish
from agents.providers.bodies import object_of, string
from agents.providers.zudu import requests, server
from calls.api import dialect, launching, manners
from calls.api.visit import Problem, Visit
from calls.models import Contact
from calls.records import record


def dialled(visit: Visit) -> HttpResponseBase | None:
    """Launch a call for the person its metadata names; None: it is a record only."""
    metadata = object_of(visit.body, "metadata")
    named = metadata.get(visit.key.callee_field) if visit.key.callee_field else None
    if named in (None, "") or not requests.is_for_calling_out(visit.body):
        return None
    number, contact = _callee(visit, named)
    wish = LaunchWish(
        to_number=number,
        agent_id=string(visit.body, "agent_id", required=True),
        metadata=metadata,
        external_id=string(visit.body, "call_id"),
    )
    call = launching.launch(visit, wish, contact)
    if call is None:
        return manners.no_answer(visit.request)
    told = record(call, with_turns=False, is_heard=visit.may_read)
    return dialect.answer((201, server.created(visit.door.tenant, told)))


def _callee(visit: Visit, named: Any) -> tuple[str, Contact | None]:
    """Return whom a value means: a number, or the contact that has it as attribute."""
    field, value = visit.key.callee_field, str(named)
    if phone.is_e164(value):
        return value, None
    rows = visit.workspace.contacts.alias(named=KeyTransform(field, "attributes"))
    found = rows.filter(named=value).order_by()[:2]
    if len(found) == 1:
        return found[0].number, found[0]
    who = "Several contacts have" if found else "No contact has"
    raise Problem(400, f"{who} the {field} “{value}”: nobody was called.")
