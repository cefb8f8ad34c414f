"""The forms of the money pages."""

import uuid
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from calls.billing.wallets import FIRST
from calls.models import EntryKind, Rate, Wallet
from dashboard.forms import countries
from dashboard.templatetags.amounts import plain

if TYPE_CHECKING:
    WalletModelForm = forms.ModelForm[Wallet]
else:
    WalletModelForm = forms.ModelForm

CURRENCIES = (
    *("USD", "EUR", "GBP", "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK"),
    *("HKD", "HUF", "ILS", "INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RON"),
    *("SEK", "SGD", "THB", "TRY", "ZAR"),
)
# At most this much in one go: one zero too many is soon typed.
MOST = Decimal(1_000_000)
MOST_A_MINUTE = Decimal(1_000)
# Days outside these cannot be turned into times of every zone.
DAYS = (
    MinValueValidator(date(1970, 1, 1)),
    MaxValueValidator(date(2200, 1, 1)),
)
LEAST = Decimal("0.0001")


class AmountInput(forms.NumberInput):
    """A box for an amount, shown with as few places as say it all."""

    def __init__(self) -> None:
        super().__init__({"step": "0.0001", "inputmode": "decimal"})

    def format_value(self, value: Any) -> str | None:
        """Write what is known as it would be typed; what was typed stays as it is."""
        return (
            plain(value) if isinstance(value, Decimal) else super().format_value(value)
        )


def _amount(**options: Any) -> forms.DecimalField:
    """Return a field for an amount of money, with up to four places."""
    options = {"max_value": MOST, "min_value": Decimal(0)} | options
    return forms.DecimalField(
        max_digits=14,
        decimal_places=4,
        widget=AmountInput(),
        **options,
    )


class WishForm(forms.Form):
    """A form that does once what it says, however often it is sent."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"key": uuid.uuid4()})

    @property
    def wish(self) -> str:
        """The key of the wish."""
        return f"form:{self.cleaned_data['key']}"


class SwitchOnForm(WishForm):
    """A wallet, with what it has to begin with."""

    currency = forms.ChoiceField(
        choices=[(code, code) for code in CURRENCIES],
        help_text="It stays. A provider’s price counts where it is in this currency.",
    )
    amount = _amount(
        label=FIRST,
        help_text="Calls are refused once it is spent.",
    )
    rate = _amount(
        label="Price of a minute",
        max_value=MOST_A_MINUTE,
        help_text="What a minute is taken to cost until the provider says its price.",
    )

    def __init__(self, data: Any = None, wallet: Wallet | None = None) -> None:
        super().__init__(data)
        if wallet:
            # Its currency stays, and so does what is left in it.
            known = {"rate": wallet.rate, "amount": 0, "currency": wallet.currency}
            self.initial.update(known)
            self.fields["amount"].label = "Top-up"
            self.fields["currency"].disabled = True


class TopUpForm(WishForm):
    """Money into the wallet."""

    prefix = "top_up"

    amount = _amount(min_value=LEAST)
    note = forms.CharField(
        max_length=200, required=False, help_text="For example an invoice’s number."
    )


class AdjustForm(WishForm):
    """A correction of the balance, up or down."""

    prefix = "adjust"

    amount = _amount(
        min_value=-MOST, help_text="With a minus it is taken off the balance."
    )
    note = forms.CharField(max_length=200, label="Why")

    def clean_amount(self) -> Decimal:
        """Refuse what corrects nothing."""
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("Zero changes nothing.")
        return amount


class TermsForm(WalletModelForm):
    """How calls are charged."""

    rate = _amount(
        label="Price of a minute",
        max_value=MOST_A_MINUTE,
        help_text="Where no rate above fits.",
    )
    minimum_charge = _amount(
        label="Least for an answered call", max_value=MOST_A_MINUTE
    )
    expected_minutes = forms.IntegerField(
        label="Minutes set aside",
        min_value=1,
        max_value=120,
        help_text="For each call at its launch, unless it may last only shorter.",
    )

    class Meta:
        model = Wallet
        fields = (
            *("rate", "billing_step", "minimum_charge", "expected_minutes"),
            "charges_others",
        )
        labels = {
            "billing_step": "Time is charged",
            "charges_others": "Charge calls that were not launched here",
        }
        help_texts = {"charges_others": "Inbound calls, and those a provider tells of."}


class LimitsForm(WalletModelForm):
    """What a day may cost; empty: no limit."""

    prefix = "limits"

    soft_per_day = _amount(label="Workspace: warn at", required=False)
    hard_per_day = _amount(label="Workspace: stop at", required=False)
    person_soft_per_day = _amount(label="Each person: warn at", required=False)
    person_hard_per_day = _amount(label="Each person: stop at", required=False)

    class Meta:
        model = Wallet
        fields = (
            *("soft_per_day", "hard_per_day"),
            *("person_soft_per_day", "person_hard_per_day"),
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a warning that would never be heard."""
        clean: dict[str, Any] = super().clean() or self.cleaned_data
        for prefix in ("", "person_"):
            soft = clean.get(f"{prefix}soft_per_day")
            hard = clean.get(f"{prefix}hard_per_day")
            if soft is not None and hard is not None and soft > hard:
                words = "A warning comes before the stop: choose less."
                self.add_error(f"{prefix}soft_per_day", words)
        return clean


class RateForm(forms.Form):
    """The price of a minute with a connection, to a country, or both."""

    connection = forms.ChoiceField(required=False)
    country = forms.ChoiceField(required=False, label="Country called")
    per_minute = _amount(label="Price of a minute", max_value=MOST_A_MINUTE)

    def __init__(self, wallet: Wallet, data: Any = None) -> None:
        super().__init__(data)
        self.wallet = wallet
        rows = wallet.workspace.connections.order_by("name")
        named = [(str(row.pk), row.name) for row in rows]
        self._choose("connection", [("", "Any connection"), *named])
        self._choose("country", [("", "Any country"), *countries()])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse a rate for everything, and one that is there already."""
        clean = super().clean() or self.cleaned_data
        connection, country = clean.get("connection"), clean.get("country")
        if connection is None or country is None:
            return clean
        if not connection and not country:
            words = "Choose a connection, a country, or both. The price for all other "
            raise forms.ValidationError(words + "calls is set below.")
        known = self.wallet.rates.filter(connection=connection or None, country=country)
        if known.exists():
            raise forms.ValidationError(
                "There is such a rate already: change it there."
            )
        return clean

    def save(self) -> Rate:
        """Add the rate."""
        clean = self.cleaned_data
        return self.wallet.rates.create(
            connection_id=clean["connection"] or None,
            country=clean["country"],
            per_minute=clean["per_minute"],
        )


class PriceForm(forms.Form):
    """Another price for a rate."""

    per_minute = _amount(label="Price of a minute", max_value=MOST_A_MINUTE)


class LedgerForm(forms.Form):
    """What the ledger is narrowed to."""

    kind = forms.ChoiceField(
        required=False, choices=[("", "Every kind"), *EntryKind.choices]
    )
    since = forms.DateField(required=False, validators=DAYS)
    until = forms.DateField(required=False, validators=DAYS)

    @property
    def narrowed(self) -> dict[str, Any]:
        """What was chosen; what cannot be read narrows nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
