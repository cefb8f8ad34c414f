"""What a provider can and cannot do, in words for a person."""

from dataclasses import dataclass
from datetime import timedelta

from agents.providers.base import Account, LaunchWish, Overrides, Provider

# A class for what holds of every account; an account's own adapter where it may differ.
Kind = type[Provider] | Provider


@dataclass(frozen=True, slots=True)
class Ability:
    """A fact of `Provider`, and what is said with and without it.

    The short name is for choosing a provider; empty: it matters little there.
    """

    fact: str
    short: str
    yes: str
    no: str


ABILITIES = (
    Ability(
        "can_hang_up",
        "Hang up",
        "Live calls can be hung up from here",
        "{label} offers no way to hang up a call",
    ),
    Ability(
        "can_bind_inbound",
        "Bind calls in",
        "Who answers a number is set here, and {label} is told at once",
        "Who answers a number is kept by Switchboard only: {label} is not told",
    ),
    Ability(
        "can_bind_outbound",
        "Bind calls out",
        "Who calls from a number is set here, and {label} is told at once",
        "Who calls from a number is kept by Switchboard only: {label} is not told",
    ),
    Ability(
        "has_shares",
        "",
        "Several agents can share a number there, each with its weight",
        "{label} puts one agent on a number for calls in, and one for calls out",
    ),
    Ability(
        "has_versions",
        "Versions",
        "Agents have versions, and a call can name one",
        "{label} keeps no versions of agents: each speaks as it is now",
    ),
    Ability(
        "has_variables",
        "Variables",
        "A call can bring variables for what its agent says",
        "{label} takes no variables for one call",
    ),
    Ability(
        "has_overrides",
        "Overrides",
        "{overrides} can be changed for one call",
        "{label} offers no other voice, model, opening line or duration for one call",
    ),
    Ability(
        "has_sip_headers",
        "SIP headers",
        "SIP headers can be sent along",
        "{label} sends no SIP headers",
    ),
    Ability(
        "has_trunks",
        "Trunks",
        "A trunk can be chosen for a call",
        "{label} offers no choice of trunk",
    ),
    Ability(
        "has_web_calls",
        "Web calls",
        "Calls can take place in a browser",
        "{label} offers no calls in a browser",
    ),
    Ability(
        "can_carry_reference",
        "",
        "Calls carry our reference, so an unclear dial can be found again",
        "{label} carries no reference of ours: an unclear dial is looked for by agent, "
        "number and time",
    ),
    Ability(
        "dials_once",
        "",
        "A dial that is asked for twice with one reference rings once there",
        "{label} may dial twice when asked twice, so Switchboard asks once and looks",
    ),
)
# What may be wished of an agent for one call: a wish of it alone, and its name.
OVERRIDES = {
    "voice": (Overrides(voice="any"), "Voice"),
    "model": (Overrides(model="any"), "model"),
    "opening_line": (Overrides(opening_line="any"), "opening line"),
    "max_duration_ms": (Overrides(max_duration_ms=60_000), "longest duration"),
}
BY_FACT = {ability.fact: ability for ability in ABILITIES}
OWN_NUMBERS = (
    "{label} gives its agents their numbers itself: who answers and who calls is read "
    "at every sync, and changed there only"
)


def facts_of(kind: Kind) -> list[tuple[bool, str]]:
    """Say in words what a provider can and cannot do, a sentence without its stop."""
    bindings = ("can_bind_inbound", "can_bind_outbound", "has_shares")
    others = [a for a in ABILITIES if not (kind.picks_caller and a.fact in bindings)]
    said = [(bool(getattr(kind, a.fact)), a.fact) for a in others]
    facts = [(can, _said(kind, fact, can)) for can, fact in said]
    if kind.has_raw_fields and not kind.has_overrides:
        words = f"Fields of {kind.label}'s own can be sent for one call, as JSON"
        facts.append((True, words))
    if kind.picks_caller:
        facts.insert(1, (False, OWN_NUMBERS.format(label=kind.label)))
    if limit := kind.requests_per_minute:
        words = f"An account may ask {kind.label} {limit} times a minute, all together"
        facts.append((False, f"{words}, so syncs are rarer"))
    return facts


def chips(kind: Kind) -> list[tuple[bool, str]]:
    """Name shortly what a provider can and cannot do."""
    return [(bool(getattr(kind, a.fact)), a.short) for a in ABILITIES if a.short]


def lacks(kind: Kind, fact: str) -> str:
    """Say in a sentence that a provider cannot do this; empty where it can."""
    return "" if getattr(kind, fact) else f"{_said(kind, fact, False)}."


def refused_overrides(kind: Kind) -> dict[str, str]:
    """Say why some things of an agent cannot be changed for one call, by their names.

    The adapter is asked as for a launch, so that both say the same.
    """
    client = _account(kind)
    asked = {
        name: client.refuse_wish(LaunchWish(overrides=wished))[1]
        for name, (wished, _) in OVERRIDES.items()
    }
    return {name: why for name, why in asked.items() if why}


def _account(kind: Kind) -> Provider:
    """Return the adapter: of an account of which nothing is known, for a class."""
    return kind if isinstance(kind, Provider) else kind(Account(""))


def _overrides_of(kind: Kind) -> str:
    refused = refused_overrides(kind)
    names = [said for name, (_, said) in OVERRIDES.items() if name not in refused]
    text = " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    return text[:1].upper() + text[1:]


def _said(kind: Kind, fact: str, can: bool) -> str:
    ability = BY_FACT[fact]
    words = ability.yes if can else ability.no
    overrides = _overrides_of(kind) if "{overrides}" in words else ""
    return words.format(label=kind.label, overrides=overrides)


def hearing_of(kind: Kind) -> list[tuple[bool, str]]:
    """Say how we hear of what happens in a call, and how far that is to be trusted."""
    silent = f"open calls are asked about every {in_words(kind.poll_after)}"
    if not kind.has_webhooks:
        return [(False, f"{kind.label} sends no webhooks: {silent}")]
    signed = f"{kind.label} signs its webhooks, and each signature is checked"
    if not kind.webhooks_are_signed:
        who = "who knows the address can post to it"
        signed = f"{kind.label} signs no webhooks: {who}"
    elif not _account(kind).checks_signatures:
        signed = f"{kind.label} signs its webhooks where a signing secret is set up"
    facts = [(kind.webhooks_are_signed, signed)]
    if kind.webhooks_are_hints:
        words = "A webhook is only a hint: Switchboard asks before it believes it"
        facts.append((False, words))
    if kind.webhooks_may_miss:
        facts.append((False, f"Some ends of calls are told by no webhook: {silent}"))
    else:
        facts.append((True, f"Should one not arrive, {silent}"))
    return facts


def in_words(time: timedelta) -> str:
    """Write a short time as people say it: every second, every 30 seconds."""
    seconds = int(time.total_seconds())
    return "second" if seconds == 1 else f"{seconds} seconds"
