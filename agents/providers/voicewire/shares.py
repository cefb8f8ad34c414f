"""Who is bound to a number: rows of an agent, perhaps its version, and its weight.

The weights of a number's agents are together 1.
"""

from collections.abc import Sequence

from agents.providers.base import BindingFacts, Json, WishRefused
from agents.providers.bodies import string
from agents.providers.reading import LARGEST, number, rows

# How far weights may be from 1 together: thirds are written in few digits.
SLACK = 0.011


def shares(bound: BindingFacts) -> list[Json]:
    """Return the rows of who is bound; without a version it is the latest."""
    if bound.weights or not bound.agent_id:
        return list(bound.weights)
    one: Json = {"agent_id": bound.agent_id, "weight": 1}
    if bound.version is not None:
        one["agent_version"] = bound.version
    return [one]


def heaviest(bound: Sequence[Json]) -> Json:
    """Return the row with the most weight, of several the first."""
    return max(bound, key=_weight)


def _weight(row: Json) -> float:
    """Return a weight for comparing; anything that is no number weighs nothing."""
    weight = number(row.get("weight"))
    if weight is None or not abs(weight) < LARGEST:
        return 0.0
    return float(weight)


def wanted(body: Json, name: str) -> list[Json]:
    """Read the rows that a client binds: nobody, one, or several with their weights."""
    given = body.get(name)
    found = rows(given)
    if given not in (None, []) and (not found or len(found) != len(given)):
        raise WishRefused(f"{name} must be an array of objects with agent_id, weight.")
    for row in found:
        if not string(row, "agent_id"):
            raise WishRefused(f"{name}: agent_id is required.")
    weights = [_weight(row) for row in found]
    if len(found) > 1 and (min(weights) <= 0 or abs(sum(weights) - 1) > SLACK):
        raise WishRefused(
            f"{name}: the weights of several agents must be above 0, and together 1."
        )
    return found


def weighed(row: Json) -> float:
    """Return the weight of a row that was wanted; one alone has all."""
    return _weight(row) or 1.0
