"""The form of one contact."""

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict

from agents import phone
from calls import variables
from calls.models import Contact, ContextVariable
from calls.people import contact_rows
from calls.people.contact_rows import VARIABLE_NAME, Refused
from dashboard.models import Workspace

SPARE_ROWS = 2
# The zones to offer are those named after places.
PLACES = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
Pairs = list[tuple[str, str]]


class ContactForm(forms.Form):
    """A contact; its attributes come as rows of name and value."""

    name = forms.CharField(max_length=120, required=False)
    number = forms.CharField(
        label="Phone number",
        max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        error_messages={"required": "A contact needs a phone number."},
    )
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    company = forms.CharField(max_length=120, required=False)
    timezone = forms.CharField(
        label="Time zone",
        required=False,
        help_text="Empty: taken from the number, where that is possible.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    do_not_call = forms.BooleanField(
        label="Do not call",
        required=False,
        help_text="No call goes out to this number, from a person or a program. "
        "Calls from it still come in.",
    )

    def __init__(self, contact: Contact, data: QueryDict | None = None) -> None:
        fields = ("name", "number", "email", "company", "timezone", "do_not_call")
        initial = {name: getattr(contact, name) for name in fields}
        initial["number"] = phone.pretty(contact.number)
        super().__init__(data, initial=initial)
        self.contact = contact
        self.duplicate: Contact | None = None
        self.attribute_problems: list[str] = []
        self.pairs = self._pairs(data)

    @cached_property
    def defined(self) -> list[ContextVariable]:
        """The variables that may be known of every contact."""
        return variables.defined(self.contact.workspace, variables.CONTACT)

    def _pairs(self, data: QueryDict | None) -> Pairs:
        """Return the attribute rows: as they were sent, else as they are stored."""
        if data is None:
            return [(k, str(v)) for k, v in self.contact.attributes.items()]
        names, values = data.getlist("attribute_name"), data.getlist("attribute_value")
        rows = zip(names, values, strict=False)
        stripped = ((name.strip(), value.strip()) for name, value in rows)
        return [(name, value) for name, value in stripped if name or value]

    def attribute_rows(self) -> Iterator[tuple[int, str, str]]:
        """Yield the rows to show, with some to fill in, for people without script."""
        rows = self.pairs + [("", "")] * SPARE_ROWS
        for index, (name, value) in enumerate(rows, start=1):
            yield index, name, value

    def clean_number(self) -> str:
        """Return the number as E.164, free for this contact."""
        workspace: Workspace = self.contact.workspace
        try:
            number = contact_rows.read_number(
                self.cleaned_data["number"], workspace.country
            )
        except Refused as refusal:
            country = phone.country_name(workspace.country)
            raise forms.ValidationError(
                f"{refusal} Write it with its country code, such as +44 20 7946 0958, "
                f"or as it is dialled in {country}."
            ) from refusal
        others = workspace.contacts.exclude(pk=self.contact.pk)
        self.duplicate = others.filter(number=number).first()
        if self.duplicate:
            raise forms.ValidationError("Another contact has this number:")
        return number

    def clean_timezone(self) -> str:
        """Return the zone's proper name."""
        text = self.cleaned_data["timezone"]
        try:
            return contact_rows.read_timezone(text) if text else ""
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        """Add the attributes, each name once and fit for a variable."""
        names = [name for name, _ in self.pairs]
        problems = [name_problem(name) for name, _ in self.pairs]
        problems += [
            f"“{name}” is there twice."
            for name in dict.fromkeys(names)
            if name and names.count(name) > 1
        ]
        problems += [
            f"The value of “{name}” is longer than 1,000 characters."
            for name, value in self.pairs
            if len(value) > contact_rows.LONGEST_VALUE
        ]
        kept, unfit = variables.refitted(
            self.defined, self.contact.attributes, dict(self.pairs)
        )
        self.attribute_problems = [problem for problem in problems if problem] + unfit
        if self.attribute_problems:
            raise forms.ValidationError("The attributes cannot be saved as they are.")
        return {**self.cleaned_data, "attributes": kept}


def name_problem(name: str) -> str:
    """Say what is wrong with an attribute's name; empty when it is fine."""
    if not name:
        return "A value has no name."
    if not VARIABLE_NAME.fullmatch(name):
        fit = contact_rows.variable_name(name)
        better = f" Try “{fit}”." if fit else ""
        return f"“{name}” does not fit {{{{variable}}}} names: use letters, digits and _.{better}"
    return ""


@cache
def zones() -> list[str]:
    """Return the time zones to offer: those of places, and UTC."""
    places = (zone for zone in available_timezones() if zone.startswith(PLACES))
    return ["UTC", *sorted(places)]
