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

# What a program may be allowed to do with its key.
SCOPES = (
    ("calls:read", "Read calls", "Calls, transcripts, recordings and costs."),
    ("calls:write", "Launch calls", "Launch, cancel and hang up calls."),
    ("agents:read", "Read agents", "Agents and their versions."),
    ("agents:write", "Change agents", "Create and change agents, where that works."),
    ("numbers:read", "Read numbers", "Numbers and what is bound to them."),
    ("numbers:write", "Change numbers", "Bind agents to numbers."),
    ("contacts:read", "Read contacts", "Contacts and their attributes."),
    ("contacts:write", "Change contacts", "Create and change contacts."),
    ("suppressions:read", "Read do-not-call", "The do-not-call list."),
    ("suppressions:write", "Change do-not-call", "Add numbers to the list."),
    ("connections:read", "Read connections", "Connections; never their secrets."),
    ("connections:write", "Change connections", "Add and sync connections."),
)
USUAL_SCOPES = ["calls:read", "calls:write", "agents:read", "numbers:read"]
NOT_A_NUMBER = (
    "“%(typed)s” is not a phone number. Write it with its country code, for example "
    "+1 415 555 0100."
)


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


class KeyForm(forms.Form):
    """A program's way in."""

    name = forms.CharField(
        max_length=80, help_text="The program that will use it, for example “CRM sync”."
    )
    scopes = forms.MultipleChoiceField(
        choices=[(word, label) for word, label, _ in SCOPES],
        label="What it may do",
        widget=forms.CheckboxSelectMultiple,
        initial=USUAL_SCOPES,
        error_messages={"required": "Choose at least one thing the key may do."},
    )


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

    def save(self, by: User) -> Suppression:
        """Put the number on the list."""
        return self.workspace.suppressions.create(created_by=by, **self.cleaned_data)
