"""The forms of a connection: its name and limits, its address and secrets."""

from collections.abc import Mapping
from typing import Any

from django import forms

from agents import phone
from agents.address import problem
from agents.models import Connection
from agents.providers.base import Provider, Setting
from dashboard.fields import Sealed
from dashboard.models import Workspace

MAX_CONCURRENCY = 100_000
LONGEST_SETTING = 2000


class ConnectionForm(forms.Form):
    """What may be changed on a connection besides its secrets."""

    name = forms.CharField(
        max_length=80, help_text="As people here will know it, for example Retell EU."
    )
    concurrency = forms.IntegerField(
        label="Calls at the same time",
        min_value=1,
        max_value=MAX_CONCURRENCY,
        help_text="What your plan at the provider allows. More wait for their turn.",
    )

    def __init__(
        self,
        workspace: Workspace,
        data: Mapping[str, Any] | None = None,
        connection: Connection | None = None,
    ) -> None:
        self.workspace, self.connection = workspace, connection
        initial: dict[str, Any] = {"concurrency": 20}
        if connection:
            initial = {
                "name": connection.name,
                "concurrency": connection.concurrency,
            }
        super().__init__(data, initial=initial)

    def clean_name(self) -> str:
        """Refuse a name that another connection has."""
        name: str = self.cleaned_data["name"]
        rows = self.workspace.connections.filter(name=name)
        if self.connection:
            rows = rows.exclude(pk=self.connection.pk)
        if rows.exists():
            raise forms.ValidationError(
                "Another connection has this name. Choose one that tells them apart.",
                code="conflict",
            )
        return name

    def clean_concurrency(self) -> int:
        """Refuse less than the paces of its custom telephony numbers rest on."""
        wanted: int = self.cleaned_data["concurrency"]
        if self.connection is None:
            return wanted
        rows = self.connection.numbers.current().filter(carrier="custom")
        fastest = rows.order_by("-cps").first()
        if fastest and fastest.cps > max(1, wanted // 20):
            raise forms.ValidationError(
                f"{phone.pretty(fastest.number)} starts {fastest.cps.normalize():f} "
                "calls per second, which rests on the concurrency now set. Lower its "
                "calls per second first.",
                code="conflict",
            )
        return wanted


class SecretsForm(forms.Form):
    """Where a provider is and the secrets to reach it; never shows a stored secret.

    Blank keeps what is stored. A new address asks for the secrets again, so that
    nobody can have the stored ones sent elsewhere.
    """

    def __init__(
        self,
        kind: type[Provider],
        data: Mapping[str, Any] | None = None,
        connection: Connection | None = None,
    ) -> None:
        self.kind, self.connection = kind, connection
        super().__init__(data)
        if kind.default_base_url:
            now = connection.base_url if connection else kind.default_base_url
            self.fields["base_url"] = forms.CharField(
                label="Address of its API",
                help_text=usually(kind.default_base_url, now),
                max_length=300,
                initial=now,
                required=False,
            )
        stored = stored_secrets(connection)
        for setting in kind.settings:
            value = stored.get(setting.name, "")
            self.fields[f"set_{setting.name}"] = setting_field(setting, value)

    def clean_base_url(self) -> str:
        """Refuse an address that secrets must not go to."""
        typed: str = self.cleaned_data["base_url"].strip().rstrip("/")
        url = typed or self.kind.default_base_url
        if words := problem(url):
            raise forms.ValidationError(words)
        return url

    def clean(self) -> dict[str, Any]:
        """Ask for the secrets again when the address changes."""
        cleaned = super().clean() or {}
        url = cleaned.get("base_url")
        if self.connection is None or not url or url == self.connection.base_url:
            return cleaned
        for setting in self.kind.settings:
            field = f"set_{setting.name}"
            stored = stored_secrets(self.connection).get(setting.name)
            if setting.is_secret and stored and not cleaned.get(field):
                self.add_error(
                    field,
                    "Type it again: stored secrets are not sent to a new address.",
                )
        return cleaned

    def base_url(self) -> str:
        """Return the address asked for; empty where the provider has none."""
        return str(self.cleaned_data.get("base_url", ""))

    def credentials(self) -> dict[str, str]:
        """Return what is to be stored: what was typed over what is there.

        What is as usual is not stored, so that it follows its default.
        """
        stored = stored_secrets(self.connection)
        typed = {s: self.cleaned_data[f"set_{s.name}"] for s in self.kind.settings}
        own = {s: "" if v == s.default else v for s, v in typed.items()}
        new = {s.name: v for s, v in own.items() if v or not s.is_secret}
        return {name: value for name, value in (stored | new).items() if value}

    def replaced(self) -> list[str]:
        """Return the labels of what was typed; never the values."""
        return [
            setting.label
            for setting in self.kind.settings
            if setting.is_secret and self.cleaned_data.get(f"set_{setting.name}")
        ]


def usually(default: str, stored: str) -> str:
    """Say what is usual, where something else is set."""
    return f"Empty: {default}, as usual." if stored and stored != default else ""


def stored_secrets(connection: Connection | None) -> dict[str, str]:
    """Return what is stored; nothing where no key opens it: it is to be pasted anew."""
    if connection is None or isinstance(connection.credentials, Sealed):
        return {}
    return dict(connection.credentials)


def setting_field(setting: Setting, stored: str) -> forms.Field:
    """Return the field of one setting; a stored secret is named, not shown.

    What is no secret shows what holds now: what is stored, else its default.
    """
    is_kept, help_text = bool(stored) and setting.is_secret, setting.help
    if is_kept:
        help_text = f"Stored. Leave it empty to keep it. {help_text}".strip()
    elif setting.default:
        help_text = f"{help_text} {usually(setting.default, stored)}".strip()
    if setting.choices:
        return forms.ChoiceField(
            label=setting.label,
            help_text=help_text,
            choices=[(word, word) for word in setting.choices],
            initial=stored or setting.default,
            required=False,
            error_messages={
                "invalid_choice": f"Choose {' or '.join(setting.choices)}."
            },
        )
    widget: forms.Widget = forms.TextInput(
        attrs={"autocomplete": "off", "spellcheck": "false"}
    )
    if setting.is_secret:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=setting.label,
        help_text=help_text,
        required=setting.is_required and not is_kept and not setting.default,
        initial="" if setting.is_secret else stored or setting.default,
        max_length=LONGEST_SETTING,
        widget=widget,
    )
