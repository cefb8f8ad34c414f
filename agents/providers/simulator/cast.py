"""Who is in a conversation and what they talk about: the words for `{names}`."""

from random import Random
from typing import Any

from agents.providers.base import CallRequest
from agents.providers.simulator.plays.stage import Cast

PRICES = ("$49", "$79", "$129", "$199")
DISCOUNTS = ("5 %", "10 %", "15 %")
SLOTS = (
    "next Tuesday at 2:30 pm",
    "next Wednesday at 9:00 am",
    "Friday at 11:15 am",
    "Monday at 4:00 pm",
)
MOMENTS = (
    "tomorrow after 3 pm",
    "Thursday morning",
    "next Monday around ten",
    "this evening after six",
)
TOPICS = ("the app", "the support team", "the setup", "the monthly report")
WISHES = (
    "a quicker answer from support",
    "a clearer invoice",
    "an app for the tablet",
    "fewer e-mails",
)


def cast_for(request: CallRequest, random: Random) -> Cast:
    """Return every word a play may ask for, from the variables where they have it."""
    given = {key: value for key, value in request.variables.items() if value}
    name = given.get("name") or given.get("customer_name") or request.customer_name
    first = given.get("first_name") or name.partition(" ")[0]
    company = given.get("company", "")
    return {
        "first_name": first,
        # With what leads up to them, so that a sentence reads well without them.
        "comma_name": f", {first}" if first else "",
        "for_company": f" for {company}" if company else "",
        "at_company": f" at {company}" if company else "",
        "hello": f"{first} here." if first else "Hello, yes?",
        "name_or_me": name or first or "me",
        "who": name or first or "The person called",
        "company": company or "your team",
        "plan": given.get("plan") or given.get("plan_tier") or "current",
        "renewal_date": given.get("renewal_date", "the last day of the month"),
        "appointment_time": given.get("appointment_time", "Thursday at 10:30"),
        "email": given.get("email", "the address we have for you"),
        **_facts(random),
    }


def _facts(random: Random) -> dict[str, Any]:
    """Return what the agent finds out: prices, codes, free times."""
    slot, other = random.sample(SLOTS, 2)
    return {
        "price": random.choice(PRICES),
        "discount": random.choice(DISCOUNTS),
        "usage": f"{random.randint(45, 95)} %",
        "code": f"{random.choice('ABCDEFGHKLMNPR')}{random.randint(1_000, 9_999)}",
        "slot": slot,
        "other_slot": other,
        "moment": random.choice(MOMENTS),
        "score": random.randint(7, 10),
        "low_score": random.randint(2, 5),
        "topic": random.choice(TOPICS),
        "wish": random.choice(WISHES),
    }
