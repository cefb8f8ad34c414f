"""The form of a context variable."""

from typing import Any

from django import forms
from django.http import QueryDict

from calls.models import ContextVariable, Scope, VariableKind
from calls.models.variables import LONGEST_VALUE
from calls.people import variable_book
from calls.people.variable_book import Unfit
from dashboard.models import User


class OptionsField(forms.CharField):
    """Options of a list, one to a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Write a list for the box; what was typed stays as it is."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Return the lines that hold something, each once."""
        lines = (line.strip() for line in str(super().clean(value) or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class VariableForm(forms.Form):
    """What a variable is called and what it holds; the rules are `variable_book`'s."""

    scope = forms.ChoiceField(
        label="Speaks of",
        choices=Scope.choices,
        help_text="A contact's is an attribute of the contact, under the same name.",
    )
    name = forms.CharField(
        max_length=60,
        help_text="As agents write it; for the business they put business_ before it.",
        widget=forms.TextInput(
            attrs={"class": "mono", "autocapitalize": "off", "placeholder": "plan"}
        ),
    )
    label = forms.CharField(max_length=120, help_text="As people read it.")
    kind = forms.ChoiceField(label="Holds", choices=VariableKind.choices)
    options = OptionsField(
        required=False, help_text="Of a list only: one to a line.", max_length=13_000
    )
    description = forms.CharField(max_length=300, required=False)
    value = forms.CharField(
        max_length=LONGEST_VALUE,
        required=False,
        help_text="Of the business only: what every agent is told.",
    )

    def __init__(self, variable: ContextVariable, data: QueryDict | None) -> None:
        initial = {name: getattr(variable, name) for name in variable_book.FIELDS}
        super().__init__(data, initial=initial)
        self.variable = variable
        if variable.pk:
            for name in ("scope", "name"):
                self.fields[name].disabled = True
        if variable.pk and variable.scope == Scope.CONTACT:
            del self.fields["value"]

    def save(self, by: User) -> bool:
        """Save a valid form; False, with the reason at its field, where it is unfit."""
        try:
            variable_book.save(self.variable, self.cleaned_data, by)
        except Unfit as problem:
            self.add_error(problem.field or None, str(problem))
            return False
        return True
