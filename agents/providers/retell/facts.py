"""Reading what Retell sends: any JSON in, our facts out; nothing here ever raises."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.providers.base import BindingFacts, CallUpdate, Json, NumberFacts
from agents.providers.reading import kept, moment, rows, span, strings, text
from agents.providers.retell import words
from agents.providers.voicewire import facts as wire
from agents.providers.voicewire.shares import heaviest


# --- A call --------------------------------------------------------------------------
def call_update(call: Json, received_at: datetime, event: str = "") -> CallUpdate:
    """Turn a call object, in the light of the event it came with, into an update."""
    update = wire.call_update(
        call, received_at, event, reasons=words.REASONS, at=moment
    )
    return replace(update, variables=strings(call.get(words.VARIABLES)))


# --- A number ------------------------------------------------------------------------
def number(row: Json) -> NumberFacts:
    """Turn a phone number object into facts."""
    countries = row.get("allowed_outbound_country_list")
    listed = countries if isinstance(countries, list) else []
    return NumberFacts(
        number=text(row.get("phone_number"), 20),
        label=text(row.get("nickname"), 120),
        carrier=words.CARRIERS.get(text(row.get("phone_number_type")), "custom"),
        countries=tuple(text(code, 2) for code in listed if isinstance(code, str)),
        inbound=binding(row.get("inbound_agents")),
        outbound=binding(row.get("outbound_agents")),
    )


def binding(value: Any) -> BindingFacts:
    """Return who is bound: of several the one with the most weight, all in `weights`."""
    bound = [row for row in rows(value) if text(row.get("agent_id"))]
    if not bound:
        return BindingFacts()
    first = heaviest(bound)
    version = version_number(first.get("agent_version"))
    # One agent at a plain version needs no more words; anything else is kept whole.
    is_plain = len(bound) == 1 and first.get("agent_version") in (
        None,
        "latest",
        version,
    )
    weights = () if is_plain else tuple(kept(row) for row in bound)
    return BindingFacts(text(first["agent_id"], 120), version, weights)


def version_number(value: Any) -> int | None:
    """Return a version given as a number, or as one in a string; None: by a name."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return span(int(value[:12]))
    return span(value)
