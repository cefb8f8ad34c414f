"""Who is bound to a number: rows of an agent, perhaps its version, and its weight.

The weights of a number's agents are together 1.
"""

from collections.abc import Sequence

from agents.providers.base import BindingFacts, Json, WishRefused
from agents.providers.reading import LARGEST, number, rows


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


def only(body: Json, name: str) -> Json | None:
    """Read the one row a client may bind; None: nobody is to be bound."""
    bound = rows(body.get(name))
    if body.get(name) not in (None, []) and not bound:
        raise WishRefused(f"{name} must be an array of objects with agent_id, weight.")
    if len(bound) > 1:
        raise WishRefused(
            f"{name}: Switchboard binds one agent to a number. Send one, with weight 1."
        )
    return bound[0] if bound else None
