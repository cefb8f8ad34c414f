"""What a provider can and cannot do, in words for a person."""

from datetime import timedelta

from agents.providers.base import Provider

# The fact, and what is said with and without it.
FACTS = (
    (
        "can_hang_up",
        "Live calls can be hung up from here",
        "Live calls cannot be hung up from here",
    ),
    (
        "can_bind_inbound",
        "Who answers a number is set there",
        "Who answers a number is kept by Switchboard only",
    ),
    (
        "can_bind_outbound",
        "Who calls from a number is set there",
        "Who calls from a number is kept by Switchboard only",
    ),
    (
        "has_versions",
        "Agents have versions",
        "Agents have no versions: the latest always speaks",
    ),
    (
        "has_overrides",
        "Voice, model and opening line can be changed for one call",
        "Nothing of an agent can be changed for one call",
    ),
    (
        "has_sip_headers",
        "SIP headers can be sent along",
        "No SIP headers can be sent along",
    ),
    (
        "has_trunks",
        "A trunk can be chosen for a call",
        "No trunk can be chosen for a call",
    ),
    (
        "has_web_calls",
        "Calls can take place in a browser",
        "No calls in a browser",
    ),
    (
        "can_carry_reference",
        "Calls carry our reference, so an unclear dial can be found again",
        "Calls carry no reference of ours: an unclear dial is matched by number and time",
    ),
)


def facts_of(kind: type[Provider]) -> list[tuple[bool, str]]:
    """Say in words what a provider can and cannot do."""
    said = [(getattr(kind, name), yes, no) for name, yes, no in FACTS]
    facts = [(can, yes if can else no) for can, yes, no in said]
    return [*facts, (kind.has_webhooks, webhook_words(kind))]


def webhook_words(kind: type[Provider]) -> str:
    """Say how we hear of what happens in a call."""
    silent = f"asked about every {in_words(kind.poll_after)}"
    if not kind.has_webhooks:
        return f"It sends no webhooks: open calls are {silent}"
    if kind.webhooks_are_hints:
        return "Its webhooks are not signed: each one makes us ask before we believe it"
    return f"It reports calls by signed webhooks; silent calls are {silent}"


def in_words(time: timedelta) -> str:
    """Write a short time as people say it: every second, every 30 seconds."""
    seconds = int(time.total_seconds())
    return "second" if seconds == 1 else f"{seconds} seconds"
