"""The forms of the settings pages."""

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms

from agents import phone
from calls.models import Suppression
from dashboard.models import Role, User, Workspace

if TYPE_CHECKING:
    WorkspaceModelForm = forms.ModelForm[Workspace]
    UserModelForm = forms.ModelForm[User]
else:
    WorkspaceModelForm = UserModelForm = forms.ModelForm

NOT_A_NUMBER = (
    "“%(typed)s” is not a phone number. Write it with its country code, for example "
    "+1 415 555 0100."
)


WEEKDAYS = (
    *((1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday")),
    *((5, "Friday"), (6, "Saturday"), (7, "Sunday")),
)
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def zones() -> list[tuple[str, str]]:
    """Return every time zone by its name."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


def countries() -> list[tuple[str, str]]:
    """Return every country as code and name, by name."""
    codes = phone.country_codes().values()
    return sorted(((c, phone.country_name(c)) for c in codes), key=lambda pair: pair[1])


class WorkspaceForm(WorkspaceModelForm):
    """What a workspace is called, where it is, and how its numbers are read."""

    timezone = forms.ChoiceField(
        choices=zones,
        label="Time zone",
        help_text="Today’s figures begin at midnight here.",
    )
    country = forms.ChoiceField(
        choices=countries,
        label="Default country",
        help_text="Numbers typed without a country code are read as numbers of it.",
    )

    class Meta:
        model = Workspace
        fields = ("name", "timezone", "country")


class LinesField(forms.Field):
    """Short texts, one to a line; a line that is repeated counts once."""

    widget = forms.Textarea(attrs={"rows": 6})
    most, shortest, longest = 100, 3, 80

    def prepare_value(self, value: Any) -> Any:
        """Write a list for the box; what was typed stays as it is."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Return the lines that hold something."""
        lines = (line.strip() for line in str(value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def validate(self, value: list[str]) -> None:
        """Refuse too much, and what is so short that it is in many a sentence."""
        if len(value) > self.most:
            raise forms.ValidationError(f"Write at most {self.most} lines.")
        for line in value:
            if not self.shortest <= len(line) <= self.longest:
                raise forms.ValidationError(
                    f"“{line[:20]}” is too {'long' if len(line) > 20 else 'short'}: a "
                    f"line has {self.shortest} to {self.longest} letters."
                )
            if not line.isprintable():
                raise forms.ValidationError("Write plain words, without marks of code.")


class PhrasesField(LinesField):
    """What people say; a phrase of one short word would be heard in many a call."""

    shortest = 6


class CallingForm(WorkspaceModelForm):
    """When and how often people may be called, and how they end it."""

    has_calling_hours = forms.BooleanField(
        required=False,
        label="Call people only at certain hours",
        help_text="By the clock where they are, for every call that goes out.",
    )
    calling_days = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=WEEKDAYS,
        label="Days",
        widget=forms.CheckboxSelectMultiple,
    )
    calling_from = forms.TimeField(label="From", widget=CLOCK)
    calling_until = forms.TimeField(label="Until", widget=CLOCK)
    attempts_per_day = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Calls to one number in a day",
        help_text="Empty: however many. Counted are calls that went out or are waiting.",
    )
    optout_phrases = PhrasesField(
        required=False,
        label="What people say",
        help_text="One phrase to a line; case, commas and apostrophes do not matter.",
    )
    optout_fields = LinesField(
        required=False,
        label="What the provider notes",
        help_text="Names of fields in its analysis; they count when they say yes.",
    )

    class Meta:
        model = Workspace
        fields = (
            *("has_calling_hours", "calling_days", "calling_from", "calling_until"),
            *("attempts_per_day", "optout_phrases", "optout_fields"),
        )

    def clean(self) -> dict[str, Any]:
        """Refuse hours in which nobody could ever be called."""
        cleaned = super().clean() or {}
        if not cleaned.get("has_calling_hours"):
            return cleaned
        if not cleaned.get("calling_days") and "calling_days" not in self.errors:
            self.add_error("calling_days", "Choose a day at least.")
        begin, end = cleaned.get("calling_from"), cleaned.get("calling_until")
        if begin and end and begin >= end:
            self.add_error("calling_until", "Choose a time later than the first.")
        return cleaned


class AccountForm(UserModelForm):
    """How a person wants to be called."""

    class Meta:
        model = User
        fields = ("name",)
        help_texts = {"name": "Shown to the people in your workspace."}


class PersonForm(forms.Form):
    """Somebody new in the workspace."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(max_length=120, required=False)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MANAGER)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_email(self) -> str:
        """Refuse somebody who is here already."""
        email: str = self.cleaned_data["email"].lower()
        if self.workspace.members.filter(user__email=email).exists():
            raise forms.ValidationError("This person is in the workspace already.")
        return email


class RoleForm(forms.Form):
    """Another role for a person."""

    role = forms.ChoiceField(choices=Role.choices)


class SuppressionForm(forms.Form):
    """A number that nobody may call any more."""

    number = forms.CharField(
        label="Phone number",
        max_length=40,
        help_text="In any format.",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_number(self) -> str:
        """Return it as E.164; refuse what is no number, or is on the list."""
        typed: str = self.cleaned_data["number"]
        found = phone.parse(typed, self.workspace.country)
        if found is None:
            raise forms.ValidationError(NOT_A_NUMBER, params={"typed": typed})
        if self.workspace.suppressions.filter(number=found.e164).exists():
            raise forms.ValidationError(f"{found.pretty} is on the list already.")
        return found.e164

    def save(self, by: User | None) -> Suppression:
        """Put the number on the list."""
        return self.workspace.suppressions.create(created_by=by, **self.cleaned_data)
