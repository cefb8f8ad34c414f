"""Contacts as Klen AI's clients find, make and change them, on our own rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.http.response import HttpResponseBase

from agents.providers import numeric
from agents.providers.klen import people, server
from agents.providers.klen.people import Changes, Person
from agents.providers.listing import ListWish
from agents.providers.reading import text
from calls import variables
from calls.api.dialect import answer
from calls.api.visit import Action, Json, Problem, Visit
from calls.forms.contacts import ContactForm
from calls.models import Contact
from calls.people import contact_book
from calls.people.contact_book import FIELDS, Entry

USUAL_LIMIT = 25
FORM_FIELDS = ("name", "number", "email", "company", "timezone")
FAR = 1_000_000


# --- Finding -------------------------------------------------------------------------
def known_as(visit: Visit, written: str) -> Contact | None:
    """Return the contact that a number of Klen's stands for; None: none of ours."""
    if not written.isascii() or not written.isdigit():
        return None
    number = int(written[:17])
    near = visit.workspace.contacts.filter(pk__range=numeric.ids_of(number))
    same = (row for row in near if number_of(row) == number)
    return next(same, None)


def find(visit: Visit) -> Contact:
    """Return the contact in the address; 404 where there is none."""
    contact = known_as(visit, visit.id)
    if contact is None:
        raise Problem(404, f"There is no contact “{visit.id}”.", "not_found")
    return contact


def number_of(contact: Contact) -> int:
    """Return the number that stands for a contact."""
    return numeric.number_of(str(contact.pk))


def person(contact: Contact) -> Person:
    """Return a contact as it is kept, without what its calls say."""
    return Person(
        id=str(contact.pk),
        name=contact.name,
        number=contact.number,
        email=contact.email,
        company=contact.company,
        timezone=contact.timezone,
        attributes=contact.attributes,
        created_at=contact.created_at,
        do_not_call=contact.do_not_call,
    )


def people_of(visit: Visit, contacts: Sequence[Contact]) -> list[Person]:
    """Return contacts with their last calls, and whether they may be called."""
    return [_whole(each) for each in contact_book.entries(visit.workspace, [*contacts])]


def _whole(entry: Entry) -> Person:
    last = entry.last_call
    return replace(
        person(entry.contact),
        last_call_at=last.created_at if last else None,
        do_not_call=entry.contact.do_not_call or entry.is_suppressed,
    )


def list_contacts(visit: Visit) -> HttpResponseBase:
    """Return a page of contacts, by name."""
    limit = server.page_number(visit.door.query, "limit", USUAL_LIMIT, server.MOST)
    page = server.page_number(visit.door.query, "page", 1, FAR)
    wish = ListWish(limit=limit, skip=(page - 1) * limit)
    rows = visit.workspace.contacts.filter(*_conditions(visit))
    found = list(rows.order_by("name", "number")[wish.skip : wish.skip + limit])
    shown = [people.listed(each) for each in people_of(visit, found)]
    return answer((200, server.page("contacts", shown, wish, rows.count())))


def _conditions(visit: Visit) -> Iterator[Q]:
    """Yield what a client asks of the list; its search leaves numbers out."""
    asked = {name: text(value, 200) for name, value in visit.door.query.items()}
    for name in ("stage", "status"):
        if wanted := asked.get(name):
            fits = Q((f"attributes__{name}", wanted))
            if wanted == people.USUAL[name]:
                fits |= Q((f"attributes__{name}__isnull", True))
            yield fits
    if tag := asked.get("tag"):
        yield Q(attributes__tags__regex=rf"(^|, ){re.escape(tag)}(, |$)")
    if part := asked.get("search"):
        yield Q(name__icontains=part) | Q(email__icontains=part)


def get_contact(visit: Visit) -> HttpResponseBase:
    """Return one contact with everything known of it."""
    return answer((200, _detail(visit, find(visit))))


def _detail(visit: Visit, contact: Contact) -> Json:
    (found,) = people_of(visit, [contact])
    barred = visit.workspace.suppressions.filter(number=contact.number).first()
    if barred:
        found = replace(found, dnc_at=barred.created_at, dnc_reason=barred.reason)
    typed = variables.typed(visit.workspace, contact.attributes)
    return people.detail(replace(found, attributes=typed))


# --- Changing ------------------------------------------------------------------------
def create_contact(visit: Visit) -> HttpResponseBase:
    """Make a contact; the answer is unseen, it is the contact."""
    contact = Contact(workspace=visit.workspace)
    _save(visit, contact, people.changes(visit.body, "", whole=True), {})
    return answer((201, _detail(visit, contact)))


def replace_contact(visit: Visit) -> HttpResponseBase:
    """Put another person in the place of a contact: what is not given is emptied."""
    contact = find(visit)
    _save(visit, contact, people.changes(visit.body, "", whole=True), {})
    return answer((200, _detail(visit, contact)))


def change_contact(visit: Visit) -> HttpResponseBase:
    """Change what is given of a contact; the rest stays."""
    contact = find(visit)
    wanted = people.changes(visit.body, contact.name, whole=False)
    _save(visit, contact, wanted, contact.attributes)
    return answer((200, _detail(visit, contact)))


def _save(
    visit: Visit, contact: Contact, wanted: Changes, attributes: Mapping[str, Any]
) -> None:
    """Save a contact by the rules of our own form, with an audit entry."""
    form = ContactForm(contact, _as_form(contact, wanted, attributes))
    if not form.is_valid():
        raise Problem(400, " ".join(_problems(form)))
    if not contact_book.save(contact, form.cleaned_data, visit.key):
        raise Problem(400, "Another contact has this number.")


def _as_form(
    contact: Contact, wanted: Changes, attributes: Mapping[str, Any]
) -> QueryDict:
    """Write a wish as the page of a contact would send it."""
    fields = {name: getattr(contact, name) for name in FIELDS} | wanted.fields
    pairs = {name: str(value) for name, value in attributes.items()}
    pairs |= wanted.attributes
    data = QueryDict(mutable=True)
    data.update({name: str(fields[name]) for name in FORM_FIELDS})
    if fields["do_not_call"]:
        data["do_not_call"] = "on"
    data.setlist("attribute_name", [name for name, value in pairs.items() if value])
    data.setlist("attribute_value", [value for value in pairs.values() if value])
    return data


def _problems(form: ContactForm) -> list[str]:
    """Return what the form says is wrong, field by field."""
    said = [
        f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()
    ]
    return said + form.attribute_problems


ACTIONS: dict[str, Action] = {
    "list_contacts": ("contacts:read", list_contacts),
    "get_contact": ("contacts:read", get_contact),
    # Klen's pages contradict each other on the permission for these.
    "create_contact": ("contacts:write", create_contact),
    "replace_contact": ("contacts:write", replace_contact),
    "change_contact": ("contacts:write", change_contact),
}
