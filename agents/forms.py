"""The form of a number."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from agents import phone, shares
from agents.abilities import lacks
from agents.models import Agent, Direction, PhoneNumber
from agents.setups import SAID, Json, Keeper, Names, Setup, Side, keeper

LATEST = ("", "Always the latest")
# Chosen where the provider's own rows are to stay: several agents with their shares.
AS_IS = "as-is"
OFF: dict[str, str] = {
    Direction.INBOUND: "Off: nobody answers",
    Direction.OUTBOUND: "Off: choose an agent at each call",
}


class NumberForm(forms.Form):
    """What may be set on a number; `wish()` is what it asks for.

    `names` are agents' names by the provider's ids, for words about splits.
    """

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
    ends_split = forms.BooleanField(
        label="Yes, end the split", required=False, label_suffix=""
    )
    # Says what the person saw, so that nobody's change is overwritten unseen.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        number: PhoneNumber,
        data: Mapping[str, Any] | None = None,
        names: Names | None = None,
    ) -> None:
        self.number, self.names = number, names or {}
        self.before = Setup.of(number)
        super().__init__(
            data,
            initial=initial_of(self.before),
            auto_id=f"n{number.pk.hex[-8:]}_%s",
        )
        self.agents = self._agents()
        # Before a field is looked at: what is bound to it then stays as it was.
        for direction in Direction.values:
            self._say_who_keeps(direction)
        for direction in Direction.values:
            self._fill_choices(direction)
        is_open = not self.fields["inbound_agent"].disabled
        first = self.fields["inbound_agent" if is_open else "label"]
        first.widget.attrs["autofocus"] = True
        top = number.cps_ceiling()
        self.fields["cps"].help_text = f"At most {top} on {carrier_of(number)}."

    def _agents(self) -> dict[str, Agent]:
        """Return the agents to choose from."""
        own = self.number.connection.agents.current()
        rows = {str(agent.pk): agent for agent in own}
        for side in (self.before.inbound, self.before.outbound):
            if side.agent:
                rows.setdefault(str(side.agent.pk), side.agent)
        return rows

    def _fill_choices(self, direction: str) -> None:
        """Offer the agents, and the versions of the one that is chosen."""
        side = self.before.side(direction)
        value = str(self[f"{direction}_agent"].value() or "")
        chosen = self.agents.get(value)
        people = [(key, agent_words(agent)) for key, agent in self.agents.items()]
        as_is = [(AS_IS, side.words(self.names))] if side.weights else []
        agents = self.fields[f"{direction}_agent"]
        assert isinstance(agents, forms.ChoiceField)
        agents.choices = [*as_is, ("", OFF[direction]), *people]
        versions = self.fields.get(f"{direction}_version")
        if not isinstance(versions, forms.ChoiceField):
            return
        if chosen is None:
            versions.widget.attrs["disabled"] = True
        first = ("", "As it is there") if value == AS_IS else LATEST
        versions.choices = [first, *version_choices(chosen, self.number)]
        versions.error_messages["invalid_choice"] = (
            "This agent has no such version. Choose another."
        )

    def _say_who_keeps(self, direction: str) -> None:
        """Say where a binding is kept, and close what only the provider changes."""
        connection, field = self.number.connection, self.fields[f"{direction}_agent"]
        there, who = connection.kind.label, keeper(connection, direction)
        if who is Keeper.SWITCHBOARD:
            field.help_text = f"Kept by Switchboard: {there} is not told."
        elif who is Keeper.AGENTS:
            field.help_text = (
                f"{there} gives its agents their numbers itself. Change it there; it "
                "is read at every sync."
            )
            for name in (f"{direction}_agent", f"{direction}_version"):
                self.fields[name].disabled = True
        if not connection.kind.has_versions:
            del self.fields[f"{direction}_version"]

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
        """Refuse when someone else changed the number, or a split would end unasked."""
        cleaned = super().clean() or {}
        if cleaned.get("seen") and cleaned["seen"] != self.before.fingerprint():
            raise forms.ValidationError(
                "Someone else changed this number meanwhile. Close this and open it "
                "again to see how it is now."
            )
        if self.splits_ended and not cleaned.get("ends_split"):
            self.add_error("ends_split", "Say that the split may end, or keep it.")
        return cleaned

    @property
    def lacks_versions(self) -> str:
        """Why there is no choice of versions; empty: there is one."""
        return lacks(self.number.connection.kind, "has_versions")

    @property
    def splits_ended(self) -> list[str]:
        """What saving would end of what several agents share, in words."""
        there = self.number.connection.kind.label
        return [
            f"{SAID[d]} are shared by {shares.in_words(rows, self.names)} at {there}. "
            f"After saving: {self._side(d).words(self.names)}. The shares are lost "
            "there."
            for d in Direction.values
            if (rows := self._shared(d))
            and f"{d}_agent" in self.cleaned_data
            and self._side(d) != self.before.side(d)
        ]

    def _shared(self, direction: str) -> Sequence[Json]:
        """Return the shares of several agents that a change would end; else nothing.

        Those set here, or those that the provider has instead.
        """
        theirs = (self.number.theirs.get(direction) or {}).get("weights") or ()
        both = (self.before.side(direction).weights, theirs)
        return next((rows for rows in both if shares.is_split(rows)), ())

    @property
    def can_be_saved(self) -> bool:
        """Whether nothing is wrong but for a question that is still to be answered."""
        return self.is_valid() or set(self.errors) == {"ends_split"}

    def wish(self) -> Setup:
        """Return the setup the person asks for; nothing in the form may be wrong."""
        asked = self.cleaned_data
        return Setup(
            inbound=self._side(Direction.INBOUND),
            outbound=self._side(Direction.OUTBOUND),
            label=asked["label"],
            cps=asked["cps"],
            countries=asked["countries"],
        )

    def _side(self, direction: str) -> Side:
        """Return who is to have a direction."""
        before = self.before.side(direction)
        chosen = self.cleaned_data.get(f"{direction}_agent", "")
        agent = self.agents.get(chosen)
        can_choose = f"{direction}_version" in self.fields
        if chosen == AS_IS or (agent == before.agent and agent and not can_choose):
            return before
        version = self.cleaned_data.get(f"{direction}_version")
        return Side(agent, int(version) if agent and version else None)


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
        agent = AS_IS if side.weights else str(side.agent.pk) if side.agent else ""
        values[f"{direction}_agent"] = agent
        is_latest = side.version is None or side.weights
        values[f"{direction}_version"] = "" if is_latest else str(side.version)
    return values


def agent_words(agent: Agent) -> str:
    """Name an agent in a list of choices."""
    return f"{agent} (no longer at the provider)" if agent.retired_at else agent.name


def version_choices(agent: Agent | None, number: PhoneNumber) -> list[tuple[str, str]]:
    """Offer an agent's versions, newest first, where the provider has such."""
    if agent is None or not number.connection.kind.has_versions:
        return []
    rows = agent.versions.order_by("-version").only("version", "is_published")
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
