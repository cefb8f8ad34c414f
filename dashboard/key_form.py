"""The form of an API key: what it may do, until when, how often."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone

from dashboard import keyring
from dashboard.keyring import Terms
from dashboard.models import ApiKey
from dashboard.scopes import SCOPES, USUAL, UnknownScope, became, read_scopes

NEVER, ON, KEEP = "", "on", "keep"
DAYS = (7, 30, 90, 365)
EXPIRY = (
    (NEVER, "Never"),
    *((str(days), f"In {days} days") for days in DAYS),
    (ON, "On a date…"),
)
# Nobody means later than this.
LONGEST = timedelta(days=3650)
MOST_REQUESTS = 1_000_000
A_NUMBER = "Write a whole number from 1 on, or leave it empty."


class KeyForm(forms.Form):
    """A program's way in; with a row, what is to be changed of it."""

    name = forms.CharField(
        max_length=80,
        help_text="The program that will use it, for example “CRM sync”.",
        error_messages={"required": "Give the key a name."},
    )
    scopes = forms.MultipleChoiceField(
        required=False,
        choices=[(word, label) for word, label, _ in SCOPES],
        label="What it may do",
        widget=forms.CheckboxSelectMultiple,
    )
    permissions = forms.CharField(
        required=False,
        max_length=500,
        label="Permissions by a provider’s names",
        help_text="For a program written for a provider, for example "
        "can_initiate_calls. They are added to what is ticked above.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    expires = forms.ChoiceField(required=False, choices=EXPIRY)
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        help_text="It works until the end of this day.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    requests_per_minute = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_REQUESTS,
        label="Requests a minute",
        help_text="More are refused until the minute is over. Empty: no limit.",
        error_messages={"invalid": A_NUMBER, "min_value": A_NUMBER},
    )

    callee_field = forms.CharField(
        required=False,
        max_length=60,
        label="Field that says whom to call",
        help_text="For programs that make calls without a number (Zudu’s calls/create): "
        "the field of the metadata that holds a number, or what one contact has as the "
        "attribute of that name. Empty: such a call is a record and rings nobody.",
        widget=forms.TextInput(
            attrs={"class": "mono", "autocomplete": "off", "placeholder": "customer_id"}
        ),
    )

    def __init__(
        self, data: Any = None, *, zone: ZoneInfo, row: ApiKey | None = None
    ) -> None:
        usual = {
            "scopes": USUAL,
            "requests_per_minute": settings.KEY_REQUESTS_PER_MINUTE or None,
        }
        super().__init__(data, initial=usual if row is None else Terms.of(row).facts())
        self.zone, self.row = zone, row
        if row and row.expires_at:
            local = row.expires_at.astimezone(zone)
            kept = (KEEP, f"As it is: {local.day} {local:%b %Y, %H:%M}")
            self.fields["expires"].choices = [kept, *EXPIRY]  # type: ignore[attr-defined]
            self.initial["expires"] = KEEP

    def clean_permissions(self) -> list[str]:
        """Return the words; refuse what is neither a permission nor a scope."""
        words = re.split(r"[\s,;]+", self.cleaned_data["permissions"].strip())
        named = [word for word in words if word]
        try:
            read_scopes(named)
        except UnknownScope as error:
            raise forms.ValidationError(str(error)) from None
        return named

    def clean(self) -> dict[str, Any]:
        """Refuse a key that may do nothing, and a last day that is past."""
        cleaned = super().clean() or {}
        named = cleaned.get("permissions")
        if named is not None and not read_scopes([*cleaned.get("scopes", ()), *named]):
            self.add_error("scopes", "Choose at least one thing the key may do.")
        if cleaned.get("expires") == ON and "expires_on" not in self.errors:
            today = timezone.now().astimezone(self.zone).date()
            day = cleaned.get("expires_on")
            if day is None:
                self.add_error("expires_on", "Choose a day.")
            elif not today <= day <= today + LONGEST:
                words = "Choose a day from today on, within ten years."
                self.add_error("expires_on", words)
        return cleaned

    def became(self) -> list[str]:
        """Say what became of the permissions that were named."""
        return became(self.cleaned_data["permissions"])

    def terms(self) -> Terms:
        """Return what the key is to have."""
        wanted = self.cleaned_data
        return Terms(
            name=wanted["name"],
            scopes=read_scopes([*wanted["scopes"], *wanted["permissions"]]),
            expires_at=self._expires_at(),
            requests_per_minute=wanted["requests_per_minute"],
            callee_field=wanted["callee_field"],
        )

    def _expires_at(self) -> datetime | None:
        chosen = self.cleaned_data["expires"]
        if chosen == KEEP and self.row:
            return self.row.expires_at
        if chosen == ON:
            return keyring.end_of(self.cleaned_data["expires_on"], self.zone)
        return timezone.now() + timedelta(days=int(chosen)) if chosen else None
