"""Our contacts as Klen AI shows and takes them (sheet, section 5.1).

Ours have one number, and free attributes where Klen has fields of its own: those of
`OWN` keep their names, everything else is Klen's `custom_context`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.providers import numeric
from agents.providers.base import Json, WishRefused
from agents.providers.klen.rendering import time
from agents.providers.klen.server import variables
from agents.providers.reading import rows, text

ADDRESS = ("city", "state", "zip_code", "country")
PHONE_TYPE = "phone_type"
OWN = ("website", "address", *ADDRESS, "status", "stage", "tags", PHONE_TYPE)
# Read in a way of their own.
APART = ("tags", PHONE_TYPE)
USUAL = {"status": "not_contacted", "stage": "lead", "country": "US"}
PLAIN = ("first_name", "last_name", "email", "company")
# Kept as they are nowhere here; refused, so that nobody takes them for kept.
NOT_KEPT = ("team_id", "industry_context")


@dataclass(frozen=True, slots=True)
class Person:
    """One of our contacts, for rendering. `id` is ours, a UUID as text."""

    id: str
    name: str
    number: str
    email: str
    company: str
    timezone: str
    attributes: Mapping[str, Any]
    created_at: datetime
    last_call_at: datetime | None = None
    do_not_call: bool = False
    dnc_at: datetime | None = None
    dnc_reason: str = ""

    def own(self, name: str) -> str:
        """Return a field that only Klen has."""
        return str(self.attributes.get(name) or USUAL.get(name, ""))


@dataclass(frozen=True, slots=True)
class Changes:
    """What a client wants to be set: our fields, and attributes; the rest stays."""

    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


# --- Showing -------------------------------------------------------------------------
def of_call(person: Person) -> Json:
    """Return a contact as a call of the list shows it."""
    number = numeric.number_of(person.id)
    return {
        "id": number,
        "name": person.name,
        "email": person.email,
        "company": person.company,
    }


def of_detail(person: Person) -> Json:
    """Return a contact as a call's detail shows it."""
    more = {"status": person.own("status"), "stage": person.own("stage")}
    return of_call(person) | more | {"last_call_date": time(person.last_call_at)}


def listed(person: Person) -> Json:
    """Return a contact as the list shows it."""
    first, _, last = person.name.partition(" ")
    return {
        "id": numeric.number_of(person.id),
        "first_name": first,
        "last_name": last,
        "full_name": person.name,
        "email": person.email,
        "company": person.company,
        "stage": person.own("stage"),
        "status": person.own("status"),
        "phone": person.number,
        "created_date": time(person.created_at),
        "last_call_date": time(person.last_call_at),
        "tags": [tag for tag in person.own("tags").split(", ") if tag],
    }


def detail(person: Person) -> Json:
    """Return one contact with everything known of it."""
    shown = {name: person.own(name).replace("_", " ") for name in ("stage", "status")}
    free = {k: v for k, v in person.attributes.items() if k not in OWN}
    return listed(person) | {
        "website": person.own("website"),
        "stage_display": shown["stage"].capitalize(),
        "status_display": shown["status"].capitalize(),
        "address": {"street": person.own("address")}
        | {name: person.own(name) for name in ADDRESS},
        "timezone": person.timezone,
        "phone_numbers": [_phone(person)],
        "recent_notes": [],
        "custom_context": free,
    }


def _phone(person: Person) -> Json:
    return {
        "id": numeric.number_of(person.id),
        "phone_number": person.number,
        "phone_type": person.own(PHONE_TYPE) or None,
        "primary": True,
        "do_not_call": person.do_not_call,
        "dnc_date": time(person.dnc_at),
        "dnc_reason": person.dnc_reason or None,
    }


# --- Taking --------------------------------------------------------------------------
def changes(body: Json, name: str, *, whole: bool) -> Changes:
    """Read the body of a create or an update; raise WishRefused with what is wrong.

    `name` is the one so far. `whole`: everything is given, so what is not there is
    emptied.
    """
    for unknown in NOT_KEPT:
        if body.get(unknown) is not None:
            raise WishRefused(f"{unknown} is not kept here. Leave it out.")
    if whole and not _string(body, "first_name"):
        raise WishRefused("first_name is required.")
    fields: dict[str, Any] = {
        key: _string(body, key) for key in ("email", "company") if whole or key in body
    }
    if whole or "first_name" in body or "last_name" in body:
        fields["name"] = _name(body, "" if whole else name)
    attributes = {
        key: _string(body, key) for key in OWN if key in body and key not in APART
    }
    if "tags" in body:
        attributes["tags"] = ", ".join(_tags(body["tags"]))
    fields |= _phone_of(body, whole=whole)
    if kind := fields.pop(PHONE_TYPE, ""):
        attributes[PHONE_TYPE] = kind
    free = variables(body.get("custom_context"))
    return Changes(fields, attributes | free)


def _name(body: Json, name: str) -> str:
    """Put first and last name together; the one that is not given stays."""
    first, _, last = name.partition(" ")
    first = _string(body, "first_name") if "first_name" in body else first
    last = _string(body, "last_name") if "last_name" in body else last
    return f"{first} {last}".strip()


def _phone_of(body: Json, *, whole: bool) -> dict[str, Any]:
    """Read the one number a contact has here."""
    given = body.get("phone_numbers")
    if given is None and not whole:
        return {}
    found = rows(given)
    if len(found) != 1 or not _string(found[0], "phone_number"):
        raise WishRefused(
            "A contact has exactly one number here: give phone_numbers one entry, with "
            "a phone_number."
        )
    told: dict[str, Any] = {"number": _string(found[0], "phone_number")}
    if kind := _string(found[0], PHONE_TYPE):
        told[PHONE_TYPE] = kind
    flag = found[0].get("do_not_call")
    if flag is not None and not isinstance(flag, bool):
        raise WishRefused("do_not_call must be true or false.")
    return told if flag is None and not whole else told | {"do_not_call": bool(flag)}


def _tags(value: Any) -> list[str]:
    names = value or []
    is_list = isinstance(names, list)
    if not is_list or any(not isinstance(tag, str) or "," in tag for tag in names):
        raise WishRefused("tags must be an array of names without commas.")
    return [tag.strip() for tag in names if tag.strip()]


def _string(body: Json, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise WishRefused(f"{name} must be a string.")
    return text(value).strip()
