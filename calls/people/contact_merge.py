"""Comparing people read from a file with the contacts there are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from calls.models import Contact, ContactImport, OnKnown
from calls.people.contact_rows import Person

WRITTEN = ("name", "email", "company", "timezone", "do_not_call", "attributes")


@dataclass
class Outcome:
    """What a batch of rows comes to."""

    new: list[Contact] = field(default_factory=list)
    updated: list[Contact] = field(default_factory=list)
    unchanged: int = 0
    refused: int = 0

    def counts(self) -> Counter[str]:
        """Return the numbers for people."""
        return Counter(
            new=len(self.new),
            updated=len(self.updated),
            unchanged=self.unchanged,
            refused=self.refused,
        )


def sort_out(
    row: ContactImport, people: Iterable[Person], contacts: QuerySet[Contact]
) -> Outcome:
    """Compare people with the contacts there are; write nothing."""
    batch = list(people)
    taken = [person for person in batch if not person.reason]
    outcome = Outcome(refused=len(batch) - len(taken))
    numbers = [person.number for person in taken]
    # In one order, so that two imports cannot lock each other out.
    rows = contacts.filter(number__in=numbers).order_by("number")
    known = {contact.number: contact for contact in rows}
    for person in taken:
        contact = known.get(person.number)
        if contact is None:
            fresh = Contact(workspace=row.workspace, number=person.number)
            outcome.new.append(_merged(fresh, person))
        elif row.on_known == OnKnown.UPDATE and _values(contact, person):
            outcome.updated.append(_merged(contact, person))
        else:
            outcome.unchanged += 1
    return outcome


def _values(contact: Contact, person: Person) -> dict[str, Any]:
    """Return what the row changes. It may set do-not-call, and never lifts it."""
    values = person.fields | {"attributes": contact.attributes | person.attributes}
    if not person.fields.get("do_not_call"):
        values.pop("do_not_call", None)
    return {name: v for name, v in values.items() if getattr(contact, name) != v}


def _merged(contact: Contact, person: Person) -> Contact:
    """Return a row to write in place of `contact`; its key is found by the number."""
    kept = {name: getattr(contact, name) for name in WRITTEN}
    values = kept | _values(contact, person)
    return Contact(workspace=contact.workspace, number=contact.number, **values)
