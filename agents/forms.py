"""The form of a number."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from agents import phone
from agents.models import Agent, Direction, PhoneNumber
from agents.setups import Setup, Side, has_drifted

LATEST = ("", "Always the latest")


class NumberForm(forms.Form):
    """What may be set on a number; `wish()` is what it asks for."""

    inbound_agent = forms.ChoiceField(label="Calls in", required=False)
    inbound_version = forms.ChoiceField(label="Version for calls in", required=False)
    outbound_agent = forms.ChoiceField(label="Calls out", required=False)
    outbound_version = forms.ChoiceField(label="Version for calls out", required=False)
    label = forms.CharField(max_length=120, required=False)
    cps = forms.DecimalField(
        label="Calls per second",
        min_value=Decimal("0.01"),
        max_digits=5,
        decimal_places=2,
        error_messages={"min_value": "Write more than 0, for example 0.5 or 1."},
    )
    countries = forms.CharField(
        label="Countries it may call",
        required=False,
        help_text="Codes or names with commas between: US, Canada. Empty: every one.",
    )
    drift = forms.ChoiceField(label="What is different there", required=False)
    # Says what the person saw, so that nobody's change is overwritten unseen.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, number: PhoneNumber, data: Mapping[str, Any] | None = None
    ) -> None:
        self.number = number
        self.before = Setup.of(number)
        super().__init__(
            data,
            initial=initial_of(self.before),
            auto_id=f"n{number.pk.hex[-8:]}_%s",
        )
        self.agents = self._agents()
        self.fields["inbound_agent"].widget.attrs["autofocus"] = True
        for direction in Direction.values:
            self._fill_choices(direction)
        self._offer_mending()
        top = number.cps_ceiling()
        self.fields["cps"].help_text = f"At most {top} on {carrier_of(number)}."

    def _agents(self) -> dict[str, Agent]:
        """Return the agents to choose from, with their versions."""
        own = self.number.workspace.agents.filter(connection=self.number.connection)
        rows = {str(a.pk): a for a in own.current().prefetch_related("versions")}
        for side in (self.before.inbound, self.before.outbound):
            if side.agent:
                rows.setdefault(str(side.agent.pk), side.agent)
        return rows

    def _fill_choices(self, direction: str) -> None:
        """Offer the agents, and the versions of the one that is chosen."""
        off = "Off: nobody answers"
        if direction == Direction.OUTBOUND:
            off = "Off: choose an agent at each call"
        chosen = self.agents.get(str(self[f"{direction}_agent"].value() or ""))
        people = [(key, agent_words(agent)) for key, agent in self.agents.items()]
        agents = self.fields[f"{direction}_agent"]
        versions = self.fields[f"{direction}_version"]
        assert isinstance(agents, forms.ChoiceField)
        assert isinstance(versions, forms.ChoiceField)
        agents.choices = [("", off), *people]
        if chosen is None:
            versions.widget.attrs["disabled"] = True
        versions.choices = [LATEST, *version_choices(chosen, self.number)]
        versions.error_messages["invalid_choice"] = (
            "This agent has no such version. Choose another."
        )

    def _offer_mending(self) -> None:
        """Ask what to do where the provider has something else; else ask nothing."""
        there = self.number.connection.kind.label
        field = self.fields["drift"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "Leave it different"),
            ("ours", f"Send what is set here to {there}"),
            ("theirs", f"Take over what {there} has"),
        ]
        if not any(has_drifted(self.number, d) for d in Direction.values):
            del self.fields["drift"]

    def clean_cps(self) -> Decimal:
        """Refuse more than the carrier takes, naming its ceiling."""
        cps: Decimal = self.cleaned_data["cps"]
        top = self.number.cps_ceiling()
        if cps > top:
            raise forms.ValidationError(ceiling_words(self.number, top))
        return cps

    def clean_countries(self) -> tuple[str, ...]:
        """Read codes and names; the order does not matter."""
        return read_countries(self.cleaned_data["countries"])

    def clean(self) -> dict[str, Any]:
        """Refuse when someone else changed the number meanwhile."""
        cleaned = super().clean() or {}
        if cleaned.get("seen") and cleaned["seen"] != self.before.fingerprint():
            raise forms.ValidationError(
                "Someone else changed this number meanwhile. Close this and open it "
                "again to see how it is now."
            )
        if cleaned.get("drift") == "theirs":
            self._refuse_unknown()
        return cleaned

    def _refuse_unknown(self) -> None:
        """Refuse to take over what cannot be said here."""
        there = self.number.connection.kind.label
        for direction in Direction.values:
            theirs = self.number.theirs.get(direction) or {}
            agent_id = theirs.get("agent_id")
            if not has_drifted(self.number, direction):
                continue
            if len(theirs.get("weights") or ()) > 1:
                self.add_error(
                    "drift",
                    f"{there} has more than one agent there, and a number has one "
                    "here. Leave it different, or send what is set here.",
                )
            elif agent_id and not self._known_there(agent_id):
                self.add_error(
                    "drift",
                    f"The agent {there} has is not known here. Sync the connection.",
                )

    def wish(self) -> Setup:
        """Return the setup the person asks for; the form must be valid."""
        asked = self.cleaned_data
        return Setup(
            inbound=self._side(Direction.INBOUND),
            outbound=self._side(Direction.OUTBOUND),
            label=asked["label"],
            cps=asked["cps"],
            countries=asked["countries"],
        )

    @property
    def resends(self) -> bool:
        """Whether the provider is to be told again what is set here."""
        return bool(self.cleaned_data.get("drift") == "ours")

    def _side(self, direction: str) -> Side:
        """Return who is to have a direction: theirs where that is asked for."""
        takes_over = self.cleaned_data.get("drift") == "theirs"
        if takes_over and has_drifted(self.number, direction):
            return self._their_side(direction)
        agent = self.agents.get(self.cleaned_data[f"{direction}_agent"])
        version = self.cleaned_data[f"{direction}_version"]
        return Side(agent, int(version) if agent and version else None)

    def _their_side(self, direction: str) -> Side:
        """Return who the provider has; `clean` made sure that we know them."""
        theirs = self.number.theirs[direction]
        agent = self._known_there(theirs["agent_id"])
        return Side(agent, theirs["version"] if agent else None)

    def _known_there(self, agent_id: str) -> Agent | None:
        """Return our agent for the provider's id."""
        rows = self.agents.values()
        return next((a for a in rows if a.provider_agent_id == agent_id), None)


def initial_of(setup: Setup) -> dict[str, Any]:
    """Return a setup as the fields of the form show it."""
    values: dict[str, Any] = {
        "label": setup.label,
        "cps": f"{setup.cps:f}",
        "countries": ", ".join(setup.countries),
        "seen": setup.fingerprint(),
    }
    for direction in Direction.values:
        side = setup.side(direction)
        values[f"{direction}_agent"] = str(side.agent.pk) if side.agent else ""
        values[f"{direction}_version"] = (
            "" if side.version is None else str(side.version)
        )
    return values


def agent_words(agent: Agent) -> str:
    """Name an agent in a list of choices."""
    return f"{agent} (no longer at the provider)" if agent.retired_at else agent.name


def version_choices(agent: Agent | None, number: PhoneNumber) -> list[tuple[str, str]]:
    """Offer an agent's versions, newest first, where the provider has such."""
    if agent is None or not number.connection.kind.has_versions:
        return []
    rows = sorted(agent.versions.all(), key=lambda row: row.version, reverse=True)
    return [
        (str(row.version), f"v{row.version}{', published' * row.is_published}")
        for row in rows
    ]


def carrier_of(number: PhoneNumber) -> str:
    """Name the carrier of a number inside a sentence."""
    name = str(number.get_carrier_display())
    return name.lower() if number.carrier == "custom" else name


def ceiling_words(number: PhoneNumber, top: int) -> str:
    """Say what the carrier's ceiling is, and how to get a higher one."""
    carrier = carrier_of(number)
    name = carrier[0].upper() + carrier[1:]
    said = f"{name} starts at most {top} calls per second on one number. "
    if number.carrier != "custom":
        return f"{said}Write {top} or less."
    concurrency = number.connection.concurrency
    return (
        f"{said}That is the connection's concurrency, {concurrency}, divided by 20: "
        f"write {top} or less, or raise the concurrency."
    )


def read_countries(text: str) -> tuple[str, ...]:
    """Read country codes and names; raise for what is neither."""
    codes: set[str] = set()
    for part in filter(str.strip, re.split(r"[,;\n]", text)):
        whole = phone.read_country(part)
        found = [whole] if whole else [phone.read_country(w) for w in part.split()]
        if not all(found):
            raise forms.ValidationError(
                f"“{part.strip()}” is not a country. Write a code such as US, or the "
                "English name."
            )
        codes.update(found)
    return tuple(sorted(codes))
