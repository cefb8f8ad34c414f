"""What is wrong with the wish itself: numbers, headers, variables, overrides."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from agents.models import E164, Carrier
from agents.providers.reading import kept
from calls.bounds import (
    LONGEST_HEADER,
    MAX_DURATION_MS,
    SIP_NAME,
    UNCHECKED_NUMBER,
    VARIABLE_NAME,
)
from calls.plan import Plan
from calls.refusals import Found, Refusal, Seen
from calls.variables import BUSINESS, CONTACT

# Where a variable comes from that the wish does not say.
WHENCE = {
    CONTACT: "from the contact",
    BUSINESS: "from the business",
    "missing": "said by nobody",
}


def number(plan: Plan) -> Iterator[Found]:
    """Is there a number, and can it be dialled?"""
    wish = plan.wish
    if wish.type == "web" and not wish.to_number.strip():
        return
    yield Seen("number", wish.to_number.strip(), plan.to_number)
    if not wish.to_number.strip():
        yield Refusal(
            "missing_phone_number",
            "There is no number to call.",
            "Type a name or a number.",
            "to_number",
        )
    elif wish.ignore_e164_validation and wish.type != "web":
        yield from _unchecked_number(plan)
    elif plan.phone is None or not re.fullmatch(E164, plan.to_number):
        yield Refusal(
            "invalid_phone_number",
            f"“{wish.to_number}” is not a phone number.",
            "Write it with its country code, for example +1 415 555 0100.",
            "to_number",
        )


def _unchecked_number(plan: Plan) -> Iterator[Refusal]:
    number, is_right = plan.number, re.fullmatch(E164, plan.to_number) and plan.phone
    if number is not None and number.carrier != Carrier.CUSTOM and not is_right:
        yield Refusal(
            "invalid_phone_number",
            f"The E.164 check can only be skipped on custom telephony; {number} is "
            f"carried by {number.get_carrier_display()}.",
            "Choose a custom telephony number, or leave the check on.",
            "ignore_e164_validation",
        )
    elif not UNCHECKED_NUMBER.fullmatch(plan.to_number):
        yield Refusal(
            "invalid_phone_number",
            f"“{plan.to_number}” cannot be dialled.",
            "Use up to 40 digits or letters, without spaces.",
            "to_number",
        )


def sip_headers(plan: Plan) -> Iterator[Found]:
    """Do the SIP headers have names and values that may be sent?"""
    if plan.wish.sip_headers:
        yield Seen(
            "SIP headers", "names with X-, one line each", _names(plan.wish.sip_headers)
        )
    for name, value in plan.wish.sip_headers.items():
        text = str(value)
        if not SIP_NAME.fullmatch(name):
            problem = f"The SIP header “{name}” does not begin with X-."
        elif not isinstance(value, str) or not text.isprintable():
            problem = f"The value of {name} must be one line of text."
        elif len(name) + len(text) > LONGEST_HEADER:
            most = f"{LONGEST_HEADER} characters"
            problem = f"The SIP header {name} is longer than {most}."
        else:
            continue
        yield Refusal(
            "invalid_sip_header",
            problem,
            "Use names such as X-Campaign and short text values.",
            "sip_headers",
        )


def variables(plan: Plan) -> Iterator[Found]:
    """Are the variables plain names with texts? And where does each come from?"""
    if plan.wish.variables:
        yield Seen("variables", "plain names, texts", _names(plan.wish.variables))
    for origin, where in WHENCE.items():
        if names := [row.name for row in plan.variables if row.origin == origin]:
            yield Seen("variables", where, ", ".join(names))
    for name, value in plan.wish.variables.items():
        if VARIABLE_NAME.fullmatch(name) and isinstance(value, str):
            continue
        yield Refusal(
            "invalid_variables",
            f"The variable “{name}” must have a plain name and a text value.",
            "Names are letters, digits and _; write numbers as text.",
            "variables",
        )


def free_fields(plan: Plan) -> Iterator[Found]:
    """Can the free fields be kept by any database?"""
    wish = asdict(plan.wish)
    if plan.wish.metadata:
        yield Seen("metadata", "JSON that can be kept", _names(plan.wish.metadata))
    for name in ("variables", "metadata", "overrides", "sip_headers"):
        if kept(wish[name]) != wish[name]:
            yield Refusal(
                "invalid_json",
                f"The {name.replace('_', ' ')} hold something that cannot be kept.",
                "Leave out NUL, half characters and NaN; nest at most 30 levels.",
                name,
            )


def overrides(plan: Plan) -> Iterator[Found]:
    """Are the overrides within their limits?"""
    limit = plan.wish.overrides.max_duration_ms
    if wanted := {k: v for k, v in asdict(plan.wish.overrides).items() if v}:
        yield Seen("overrides", "1 to 120 minutes, known fields", _names(wanted))
    low, high = MAX_DURATION_MS
    if limit is not None and not low <= limit <= high:
        yield Refusal(
            "invalid_override",
            "The maximum duration must be between 1 and 120 minutes.",
            "Choose another duration, or leave it to the agent.",
            "overrides",
        )


def _names(values: Mapping[str, object]) -> str:
    return ", ".join(map(str, values))
