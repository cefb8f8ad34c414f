"""From the cells of a row to a person: which column means what, and what it says."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from agents import phone
from agents.models import E164
from calls.models import ContextVariable
from calls.people.contact_file import Cells, Line, looks_like_number

IGNORE = ""
# The column we add to refused rows; a mended file comes back with it.
REASON = "reason"
ATTRIBUTE = "attribute:"
VARIABLE_NAME = re.compile(r"[A-Za-z_][\w.-]{0,59}", re.ASCII)
LONGEST = 120
LONGEST_VALUE = 1000
# A spreadsheet writes a long number so when it has already lost its last digits.
ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")

# What a column can mean, and the headers (letters and digits only) that say so.
MEANINGS = {
    "name": "name fullname contact contactname customer customername person kunde "
    "displayname ansprechpartner nombre nomcomplet lead leadname",
    "first_name": "firstname first givenname forename vorname prenom fname",
    "last_name": "lastname last surname familyname nachname lname nom apellido",
    "number": "number phone phonenumber phoneno telephone telephonenumber tel mobile "
    "mobilephone mobilenumber cell cellphone cellphonenumber telefon telefonnummer "
    "handy handynummer rufnummer mobil mobilnummer phone1 primaryphone workphone "
    "businessphone homephone msisdn tonumber e164 numero telefono contactnumber",
    "email": "email mail emailaddress mailaddress email1 correo courriel emailadresse",
    "company": "company companyname organization organisation organizationname "
    "accountname firma unternehmen business employer societe empresa",
    "timezone": "timezone tz zone zeitzone",
    "do_not_call": "donotcall dnc dontcall nocalls optout optedout nichtanrufen "
    "donotphone",
}
SPELLINGS = {word: key for key, words in MEANINGS.items() for word in words.split()}
LABELS = {
    IGNORE: "Ignore this column",
    "name": "Name",
    "first_name": "First name",
    "last_name": "Last name",
    "number": "Phone number",
    "email": "E-mail",
    "company": "Company",
    "timezone": "Time zone",
    "do_not_call": "Do not call",
    "attribute": "Attribute",
}
YES = ("yes", "y", "true", "t", "1", "x", "on", "dnc", "do not call", "ja", "j", "wahr")
NO = ("no", "n", "false", "f", "0", "off", "nein", "falsch")


class Refused(Exception):
    """A row cannot be taken; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a row says: only what it holds. With a reason, the row is refused.

    The number is E.164.
    """

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    number: str = ""
    reason: str = ""


# --- Which column means what ---------------------------------------------------------
def guess_columns(headers: Iterable[str]) -> list[str]:
    """Return what each column most likely means; an unknown one is an attribute."""
    columns: list[str] = []
    for header in headers:
        meaning = SPELLINGS.get(_letters(header), "")
        name = variable_name(header)
        if not meaning and name and header != REASON:
            meaning = ATTRIBUTE + name
        columns.append(IGNORE if meaning in columns else meaning)
    return columns


def guess_from_cells(cells: Iterable[str]) -> list[str]:
    """Return what each column most likely means, from a row, for want of headers."""
    columns: list[str] = []
    for index, cell in enumerate(cells, start=1):
        looks = (
            ("number", looks_like_number(cell)),
            ("email", "@" in cell),
            ("name", cell[:1].isalpha()),
        )
        meanings = (word for word, fits in looks if fits and word not in columns)
        columns.append(next(meanings, f"{ATTRIBUTE}column_{index}"))
    return columns


def variable_name(text: str) -> str:
    """Return a name that fits `{{name}}`, or empty when nothing is left of it."""
    if VARIABLE_NAME.fullmatch(text) and not text[0].isupper():
        return text
    plain = re.sub(r"[^a-z0-9]+", "_", _ascii(text)).strip("_")[:59]
    return f"_{plain}" if plain[:1].isdigit() else plain


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _ascii(text))


def _ascii(text: str) -> str:
    return (
        unicodedata.normalize("NFKD", text.casefold())
        .encode("ascii", "ignore")
        .decode()
    )


# --- What a row says -----------------------------------------------------------------
def people(
    lines: Iterable[Line],
    columns: list[str],
    country: str,
    *,
    defined: Iterable[ContextVariable] = (),
) -> Iterator[Person]:
    """Read every line; a number that came before in the file is refused.

    `defined` are the variables of contacts: their values must be of their kinds.
    """
    seen: dict[str, int] = {}
    kinds = {row.name: row for row in defined}
    for line, cells in lines:
        person = _fitted(read_person(line, cells, columns, country), kinds)
        before = seen.setdefault(person.number, line) if person.number else line
        if before != line:
            person = Person(line, reason=f"Line {before:,} has the same number.")
        yield person


def read_person(line: int, cells: Cells, columns: list[str], country: str) -> Person:
    """Read one line; what cannot be read becomes the reason of its refusal."""
    fields: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    number = ""
    try:
        if any(cells[len(columns) :]):
            raise Refused(
                f"The row has {len(cells)} cells, but the file {len(columns)} columns."
            )
        for column, cell in zip(columns, cells, strict=False):
            if column == "number":
                number = read_number(cell, country)
            elif column.startswith(ATTRIBUTE) and cell:
                attributes[column.removeprefix(ATTRIBUTE)] = _short(cell, LONGEST_VALUE)
            elif column in READERS and cell:
                fields[column] = READERS[column](cell)
        if not number:
            raise Refused("The row has no phone number.")
        return Person(line, _with_name(fields), attributes, number)
    except Refused as refusal:
        return Person(line, reason=str(refusal))


def _fitted(person: Person, kinds: Mapping[str, ContextVariable]) -> Person:
    """Refuse a person who has an attribute that is not of its kind."""
    try:
        fit = {
            name: kinds[name].read(value) if name in kinds else value
            for name, value in person.attributes.items()
        }
    except ValueError as error:
        return Person(person.line, reason=str(error))
    return replace(person, attributes=fit)


def read_number(cell: str, country: str) -> str:
    """Return a phone number as E.164; raise Refused with the reason when it is none."""
    if not cell:
        raise Refused("The row has no phone number.")
    if ROUNDED.fullmatch(cell):
        raise Refused(
            f"A spreadsheet has rounded the number to “{cell}”. Format the column as "
            "text and save the file again."
        )
    number = phone.e164(cell, country)
    if not re.fullmatch(E164, number):
        raise Refused(f"“{cell[:40]}” is not a phone number.")
    return number


def read_timezone(cell: str) -> str:
    """Return the zone as the time zone database writes it."""
    zone = _zones().get(cell.lower().replace(" ", "_"))
    if zone is None:
        raise Refused(f"“{cell[:40]}” is not a time zone, such as Europe/Berlin.")
    return zone


def _email(cell: str) -> str:
    try:
        validate_email(cell)
    except ValidationError:
        raise Refused(f"“{cell[:60]}” is not an e-mail address.") from None
    return _short(cell, 254)


def _do_not_call(cell: str) -> bool:
    word = cell.lower()
    if word not in YES and word not in NO:
        raise Refused(f"“{cell[:40]}” is neither yes nor no (do not call).")
    return word in YES


def _short(cell: str, longest: int = LONGEST) -> str:
    if len(cell) > longest:
        raise Refused(f"“{cell[:30]}…” is longer than {longest:,} characters.")
    return cell


READERS: dict[str, Callable[[str], str | bool]] = {
    "name": _short,
    "first_name": _short,
    "last_name": _short,
    "email": _email,
    "company": _short,
    "timezone": read_timezone,
    "do_not_call": _do_not_call,
}


def _with_name(fields: dict[str, Any]) -> dict[str, Any]:
    """Put first and last name together, where there is no whole name."""
    parts = (fields.pop("first_name", ""), fields.pop("last_name", ""))
    whole = " ".join(part for part in parts if part)
    if whole and "name" not in fields:
        fields["name"] = _short(whole)
    return fields


@cache
def _zones() -> dict[str, str]:
    return {zone.lower(): zone for zone in available_timezones()}
