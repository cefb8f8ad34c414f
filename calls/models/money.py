"""Money: a workspace's wallet, its rates and ledger, and what each call costs it.

Only `calls/billing/ledger.py` writes amounts, under the lock of the wallet's row.
"""

from decimal import Decimal
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents import phone
from agents.models import Agent, Connection, PhoneNumber
from calls.models.call import Call
from dashboard.models import ApiKey, User, Workspace

NOTHING = Decimal(0)


def _money(**options: Any) -> "models.DecimalField[Any, Any]":
    """Return a column for money: four places, as rates by the second need."""
    # SQLite keeps decimals as doubles, which hold fourteen digits exactly.
    return models.DecimalField(max_digits=14, decimal_places=4, **options)


class BillingStep(models.TextChoices):
    """In which steps the time of a call is charged."""

    SECOND = "second", "By the second"
    MINUTE = "minute", "By the started minute"


class Wallet(models.Model):
    """What a workspace may spend on calls; a workspace without one has no limit.

    `balance` is the sum of the ledger: what is set aside for calls that are not over
    (`held`) is taken off it already.
    """

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="wallet")
    is_on = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, default="USD")
    balance = _money(default=NOTHING)
    held = _money(default=NOTHING)
    # A minute where no Rate fits better; the least that an answered call costs.
    rate = _money()
    minimum_charge = _money(default=NOTHING)
    billing_step = models.CharField(
        max_length=6, choices=BillingStep.choices, default=BillingStep.SECOND
    )
    # For how long a call is taken to last when it is launched.
    expected_minutes = models.PositiveSmallIntegerField(default=3)
    # Whether calls that were not launched here (inbound, found) are charged as well.
    charges_others = models.BooleanField(default=True)
    # For a day where the workspace is, of all and of each person; None: no limit.
    soft_per_day = _money(null=True, blank=True)
    hard_per_day = _money(null=True, blank=True)
    person_soft_per_day = _money(null=True, blank=True)
    person_hard_per_day = _money(null=True, blank=True)
    # When it was switched on last: calls from before are not its business.
    opened_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="wallet_currency_code"
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0, rate__gte=0, minimum_charge__gte=0),
                name="wallet_not_below_nothing",
            ),
            models.CheckConstraint(
                condition=Q(billing_step__in=BillingStep.values),
                name="wallet_step_known",
            ),
        ]

    def __str__(self) -> str:
        return f"wallet of {self.workspace_id}: {self.balance} {self.currency}"


class Rate(models.Model):
    """The price of a minute with a connection, to a country, or with both."""

    wallet = models.ForeignKey(Wallet, models.CASCADE, related_name="rates")
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, blank=True)
    # Where the person called is, ISO 3166; empty: anywhere.
    country = models.CharField(max_length=2, blank=True)
    per_minute = _money()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "connection", "country"],
                condition=Q(connection__isnull=False),
                name="rate_once",
            ),
            models.UniqueConstraint(
                fields=["wallet", "country"],
                condition=Q(connection=None),
                name="rate_once_for_a_country",
            ),
            models.CheckConstraint(
                condition=Q(connection__isnull=False) | ~Q(country=""),
                name="rate_is_for_something",
            ),
            models.CheckConstraint(
                condition=Q(per_minute__gte=0), name="rate_not_below_nothing"
            ),
        ]

    def __str__(self) -> str:
        connection = str(self.connection) if self.connection else "any connection"
        return f"{connection}, {self.country_name or 'any country'}"

    @property
    def country_name(self) -> str:
        """The country in words; empty: any."""
        return phone.country_name(self.country) if self.country else ""


class EntryKind(models.TextChoices):
    """Why the balance changed."""

    TOP_UP = "top_up", "Top-up"
    ADJUSTMENT = "adjustment", "Adjustment"
    RESERVATION = "reservation", "Set aside"
    RELEASE = "release", "Given back"
    CHARGE = "charge", "Charge"


class AppendOnly(TypeError):
    """Somebody tried to change or delete what only ever grows."""

    def __init__(self) -> None:
        super().__init__("The ledger only grows: correct it by another entry.")


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    """Entries are written once, and stay."""

    def update(self, **values: Any) -> NoReturn:
        """Refuse: what is written stays."""
        raise AppendOnly

    def delete(self) -> NoReturn:
        """Refuse: what is written stays."""
        raise AppendOnly


class LedgerEntry(models.Model):
    """One change of a balance; written once, never changed, never deleted."""

    wallet = models.ForeignKey(
        Wallet, models.CASCADE, related_name="entries", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=11, choices=EntryKind.choices)
    amount = _money()
    currency = models.CharField(max_length=3)
    balance_after = _money()
    call = models.ForeignKey(
        Call, models.SET_NULL, null=True, blank=True, related_name="money"
    )
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # One wish, one entry: a repeat with the same key finds this row.
    key = models.CharField(max_length=260, blank=True)
    objects = LedgerQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=EntryKind.values), name="entry_kind_known"
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind__in=("top_up", "release"), amount__gt=0)
                    | Q(kind="reservation", amount__lt=0)
                    | Q(kind__in=("adjustment", "charge")) & ~Q(amount=0)
                ),
                name="entry_goes_its_way",
            ),
            models.UniqueConstraint(
                fields=["wallet", "key"],
                condition=~Q(key=""),
                name="one_entry_per_wish",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="entry_newest"),
            models.Index(fields=["wallet", "kind", "-id"], name="entry_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new entry; refuse to change one."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: what is written stays."""
        raise AppendOnly

    @property
    def who(self) -> str:
        """The person or the program that caused it; empty: Switchboard."""
        return str(self.user or self.api_key or "")


class Spend(models.Model):
    """What a day's calls came to, of one person, agent and number: sums, to be fast."""

    wallet = models.ForeignKey(
        Wallet, models.CASCADE, related_name="spends", db_index=False
    )
    # The day by the clock where the workspace is, on which the calls go out.
    day = models.DateField()
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, blank=True)
    phone_number = models.ForeignKey(
        PhoneNumber, models.SET_NULL, null=True, blank=True
    )
    calls = models.PositiveIntegerField(default=0)
    held = _money(default=NOTHING)
    charged = _money(default=NOTHING)

    class Meta:
        indexes = [models.Index(fields=["wallet", "day"], name="spend_of_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.charged}"


class Bill(models.Model):
    """What one call costs: set aside while it goes on, charged when it is over.

    The terms are those of the moment it was launched. `settled_at` is null until the
    call is over.
    """

    call = models.OneToOneField(Call, models.CASCADE, related_name="bill")
    wallet = models.ForeignKey(Wallet, models.CASCADE, related_name="bills")
    spend = models.ForeignKey(Spend, models.CASCADE, db_index=False)
    rate = _money()
    minimum_charge = _money()
    billing_step = models.CharField(max_length=6, choices=BillingStep.choices)
    held = _money(default=NOTHING)
    charged = _money(default=NOTHING)
    opened_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(held__gte=0) & (Q(settled_at=None) | Q(held=0)),
                name="bill_holds_until_settled",
            )
        ]
        indexes = [
            # "Which calls has nobody settled yet?"
            models.Index(
                fields=["opened_at"], condition=Q(settled_at=None), name="bill_open"
            )
        ]

    def __str__(self) -> str:
        return f"bill of {self.call_id}: {self.charged}"
