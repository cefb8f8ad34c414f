"""The call form: what was typed, read as a wish and planned, with all it may choose.

The form is always bound: opened by an address, changed, or sent, it is the same form
over other data, so that the page says the same each time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.choices import CallableChoiceIterator

from agents import abilities, phone
from agents.models import Carrier, Direction
from agents.providers.base import LaunchWish, Overrides
from calls import plan as planning
from calls import policy, variables
from calls.forms import callee, choices
from calls.forms.fields import HeadersField, JsonObjectField, PairsField
from calls.models import Call
from calls.plan import Plan
from calls.refusals import Refusal
from dashboard.models import Member

VARIABLE, SHOWN = "var-", "was-"
# Where a variable comes from that need not be typed, in words.
KNOWN_FROM = {variables.CONTACT: "contact", variables.BUSINESS: "the business"}
FOLDED = (
    "metadata",
    "sip_headers",
    "raw",
    "customer_name",
    "trunk_name",
    "ignore_e164_validation",
)
# What is absent with a reason, as the facts of a provider name it.
LACKED = ("versions", "variables", "overrides", "sip_headers", "trunks", "web_calls")


@dataclass(frozen=True, slots=True)
class Row:
    """One variable on the form; `shown` is what is known for it without typing."""

    name: str
    value: str
    origin: str
    shown: str

    @property
    def whence(self) -> str:
        """Where the value comes from, in words."""
        known = KNOWN_FROM.get(self.origin)
        return f"from {known}" if known else self.origin


class LaunchForm(forms.Form):
    """Everything one call may be asked with."""

    launch_key = forms.UUIDField(widget=forms.HiddenInput)
    contact = forms.UUIDField(required=False, widget=forms.HiddenInput)
    who = forms.CharField(required=False, max_length=120)
    agent = forms.CharField(required=False, widget=forms.Select)
    version = forms.IntegerField(required=False, widget=forms.Select)
    from_number = forms.CharField(
        required=False, label="Caller number", widget=forms.Select
    )
    opening_line = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Instead of the agent's own. {{variables}} work here.",
    )
    voice = forms.CharField(required=False, max_length=120)
    model = forms.CharField(required=False, max_length=120)
    max_minutes = forms.DecimalField(
        required=False,
        max_digits=6,
        decimal_places=2,
        label="Longest duration",
        help_text="In minutes, 1 to 120.",
        widget=forms.NumberInput(attrs={"min": 1, "max": 120, "step": "any"}),
    )
    more_variables = PairsField(
        required=False,
        label="More variables",
        help_text="One to a line, such as plan: Team.",
    )
    metadata = JsonObjectField(
        required=False, help_text="A JSON object; it comes back with the call."
    )
    sip_headers = HeadersField(
        required=False,
        label="SIP headers",
        help_text="One to a line, such as X-Campaign: june.",
    )
    raw = JsonObjectField(
        required=False,
        label="Raw overrides",
        help_text="A JSON object in the provider's own words.",
    )
    trunk_name = forms.CharField(required=False, max_length=120)
    customer_name = forms.CharField(
        required=False,
        max_length=120,
        help_text="Shown with the call where there is no contact.",
    )
    ignore_e164_validation = forms.BooleanField(
        required=False,
        label="Skip the E.164 check",
        help_text="Dial exactly what is typed, such as the extension 334.",
    )
    anyway = forms.BooleanField(required=False, label="Call anyway")
    # Sent by the button that offers the next allowed time.
    scheduled_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, member: Member, data: Mapping[str, Any]):
        super().__init__(data)
        self.workspace = member.workspace
        self.member = member
        self.is_valid()
        self.callee = self._callee()
        self.plan = self._planned(self._wish())
        self.refusals = policy.check(self.plan)
        self._offer("agent", choices.agents)
        self._offer("version", choices.versions)
        self._offer("from_number", choices.numbers)

    def _planned(self, wish: LaunchWish) -> Plan:
        """Plan the wish; a caller number of another connection is let go."""
        plan = planning.prepare(
            self.workspace,
            wish,
            member=self.member,
            contact=self.callee.contact,
            scheduled_at=self.cleaned_data.get("scheduled_at"),
        )
        if not wish.from_number or plan.agent is None:
            return plan
        if plan.number and plan.number.connection_id == plan.agent.connection_id:
            return plan
        return self._planned(replace(wish, from_number=""))

    # --- reading
    def _callee(self) -> callee.Callee:
        text = self.cleaned_data.get("who", "")
        if self.cleaned_data.get("ignore_e164_validation"):
            return callee.Callee(text.strip())
        contact_id = self.cleaned_data.get("contact")
        return callee.understand(self.workspace, text, contact_id)

    def _wish(self) -> LaunchWish:
        clean = self.cleaned_data
        minutes: Decimal | None = clean.get("max_minutes")
        return LaunchWish(
            to_number=self.callee.number,
            from_number=clean.get("from_number", ""),
            agent_id=clean.get("agent", ""),
            agent_version=clean.get("version"),
            variables=self._typed(),
            overrides=Overrides(
                voice=clean.get("voice", ""),
                model=clean.get("model", ""),
                opening_line=clean.get("opening_line", ""),
                max_duration_ms=None if minutes is None else int(minutes * 60_000),
                raw=clean.get("raw", {}),
            ),
            sip_headers=clean.get("sip_headers", {}),
            metadata=clean.get("metadata", {}),
            trunk_name=clean.get("trunk_name", ""),
            customer_name=clean.get("customer_name", ""),
            ignore_e164_validation=clean.get("ignore_e164_validation", False),
        )

    def _typed(self) -> dict[str, str]:
        """Return the variables typed here; what is known is not among them."""
        more: dict[str, str] = self.cleaned_data.get("more_variables", {})
        return more | self._boxes()

    def _boxes(self) -> dict[str, str]:
        """Return the variables typed into a box of their own."""
        given = {
            name.removeprefix(VARIABLE): str(value).strip()
            for name, value in self.data.items()
            if name.startswith(VARIABLE)
        }
        return {
            name: value
            for name, value in given.items()
            if value and value != self.data.get(SHOWN + name, "")
        }

    def _offer(self, name: str, offered: Callable[[Plan], choices.Choices]) -> None:
        """Give a field its choices; they are looked up when they are shown."""
        widget = self.fields[name].widget
        assert isinstance(widget, forms.Select)
        widget.choices = CallableChoiceIterator(partial(offered, self.plan))

    # --- what is known, for the page
    @cached_property
    def heard(self) -> callee.Heard | None:
        """What was understood of the number."""
        plan = self.plan
        if plan.phone is None or plan.wish.ignore_e164_validation:
            return None
        return callee.hear(plan.phone, plan.contact, timezone.now())

    @cached_property
    def rows(self) -> list[Row]:
        """The variables: those to be typed first, then what is known, then others.

        A row does not move when it is filled in, for it would move under the hands.
        """
        known = {name: one.value for name, one in self.plan.known.items()}
        order = self.plan.version.variables if self.plan.version else []
        place = {name: index for index, name in enumerate(order)}
        theirs = sorted(
            self.plan.variables,
            key=lambda v: (v.origin in KNOWN_FROM, place.get(v.name, len(place))),
        )
        names = {v.name for v in theirs}
        others = {n: v for n, v in self._boxes().items() if n not in names}
        return [
            Row(v.name, v.value, v.origin, known.get(v.name, "")) for v in theirs
        ] + [Row(name, value, "typed", "") for name, value in others.items()]

    @property
    def missing(self) -> list[str]:
        """The variables without a value, where the provider takes any."""
        if self.offers.get("lacks", {}).get("variables"):
            return []
        return [row.name for row in self.rows if row.origin == "missing"]

    @property
    def key(self) -> str:
        """The key of the wish: one form, one call."""
        return f"form:{self.cleaned_data.get('launch_key', '')}"

    @cached_property
    def launched(self) -> Call | None:
        """The call this very form has launched already."""
        return self.workspace.calls.filter(launch_key=self.key).first()

    @cached_property
    def open_call(self) -> Call | None:
        """A call with the same number that is not over, other than this form's own."""
        number = self.plan.to_number
        if not number:
            return None
        out = Q(direction=Direction.OUTBOUND, to_number=number)
        back = Q(direction=Direction.INBOUND, from_number=number)
        calls = self.workspace.calls.open().filter(out | back)
        return calls.exclude(launch_key=self.key).first()

    @property
    def is_blank(self) -> bool:
        """Whether nobody was named yet."""
        return not self.cleaned_data.get("who", "").strip()

    @property
    def has_agents(self) -> bool:
        """Whether there is any agent to choose."""
        return bool(self.plan.agent) or self.workspace.agents.current().exists()

    @property
    def country(self) -> str:
        """The country whose numbers need no country code here."""
        return phone.country_name(self.workspace.country)

    @property
    def has_engineering(self) -> bool:
        """Whether anything that is folded away is filled in, or wrong."""
        return any(self.data.get(name) or name in self.errors for name in FOLDED)

    @property
    def told(self) -> list[Refusal]:
        """The refusals worth saying: not that there is no number, while Who says why."""
        code = "missing_phone_number" if not self.callee.number else ""
        return [refusal for refusal in self.refusals if refusal.code != code]

    @property
    def may_go(self) -> bool:
        """Whether the call may be launched as the form stands."""
        return not self.errors and not self.refusals and not self.needs_anyway

    @property
    def next_allowed(self) -> datetime | None:
        """When the call may go out, where only the time speaks against it now."""
        if self.errors or self.needs_anyway or len(self.refusals) != 1:
            return None
        return self.refusals[0].next_at

    @property
    def needs_anyway(self) -> bool:
        """Whether another call to the number is open and nobody said: even so."""
        return not self.cleaned_data.get("anyway") and bool(self.open_call)

    @cached_property
    def offers(self) -> dict[str, Any]:
        """What the agent's provider offers, by our names; `label` is the provider's."""
        if self.plan.connection is None:
            return {}
        kind = self.plan.connection.kind
        number = self.plan.number
        return {
            "label": kind.label,
            "versions": kind.has_versions,
            "overrides": kind.has_overrides,
            "sip_headers": kind.has_sip_headers,
            "trunks": kind.has_trunks,
            "raw": kind.has_overrides or kind.has_raw_fields,
            "picks_caller": kind.picks_caller,
            "refused": abilities.refused_overrides(kind),
            "lacks": {name: abilities.lacks(kind, f"has_{name}") for name in LACKED},
            "skipping": number is not None and number.carrier == Carrier.CUSTOM,
        }
