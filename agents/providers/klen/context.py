"""Context variables as Klen AI shows and takes them (sheet, section 5.4).

What the sheet leaves open is on https://docs.klen.ai/api-reference/context-variables/…:
the required fields and the errors of `create-context-variable`; the values that fit, and
that null takes one away, of `set-contact-context`; and of `set-business-context` that
agents write `business_` before the business's names. Update and delete are unseen.
"""

from dataclasses import dataclass
from typing import Any

from agents.providers.base import Json, WishRefused
from agents.providers.bodies import object_of, string

# Their field, and ours.
FIELDS = {
    "name": "name",
    "display_name": "label",
    "description": "description",
    "variable_type": "kind",
    "context_type": "scope",
    "select_options": "options",
}
REQUIRED = ("name", "display_name", "variable_type", "context_type")
# Theirs are ours.
TYPES = ("text", "number", "date", "boolean", "select")
SCOPES = ("contact", "business")
# What one request may set.
MOST, LONGEST = 200, 400


@dataclass(frozen=True, slots=True)
class Definition:
    """One variable of ours, for rendering."""

    id: int
    name: str
    label: str
    description: str
    kind: str
    scope: str
    options: tuple[str, ...]


# --- Showing -------------------------------------------------------------------------
def shown(variable: Definition) -> Json:
    """Return a variable. None of ours is one of their system."""
    return {
        "id": variable.id,
        "name": variable.name,
        "display_name": variable.label,
        "description": variable.description,
        "variable_type": variable.kind,
        "context_type": variable.scope,
        "is_default": False,
        "select_options": list(variable.options) or None,
    }


def listed(variables: list[Definition]) -> Json:
    """Return all variables: there are no pages of them."""
    return {"count": len(variables), "variables": list(map(shown, variables))}


def saved(variable: Definition, what: str) -> Json:
    """Return the answer to a create or an update; `what` happened."""
    return {
        "id": variable.id,
        "name": variable.name,
        "display_name": variable.label,
        "message": f"Variable definition {what} successfully",
    }


# --- Taking --------------------------------------------------------------------------
def scope_of(written: str) -> str:
    """Return the scope that a list is narrowed to; empty: both."""
    if written and written not in SCOPES:
        raise WishRefused("context_type must be contact or business.")
    return written


def missing(body: Json) -> list[str]:
    """Return the required fields that a body lacks."""
    return [name for name in REQUIRED if body.get(name) in (None, "")]


def changes(body: Json) -> dict[str, Any]:
    """Read what is given of a variable, by our names; WishRefused where it is odd."""
    found: dict[str, Any] = {
        ours: string(body, theirs, longest=LONGEST).strip()
        for theirs, ours in FIELDS.items()
        if theirs in body and ours != "options"
    }
    for theirs, ours, known in (
        ("variable_type", "kind", TYPES),
        ("context_type", "scope", SCOPES),
    ):
        if ours in found and found[ours] not in known:
            raise WishRefused(f"{theirs} must be one of {', '.join(known)}.")
    if "select_options" in body:
        found["options"] = _options(body["select_options"])
    return found


def _options(value: Any) -> list[str]:
    options = [] if value is None else value
    if not isinstance(options, list) or any(not isinstance(o, str) for o in options):
        raise WishRefused("select_options must be an array of strings.")
    return options


def told(body: Json) -> tuple[Json, bool]:
    """Read what is to be set, and whether names that are not defined are to be."""
    variables, creates = object_of(body, "variables"), body.get("auto_create_variables")
    if body.get("variables") is None or len(variables) > MOST:
        raise WishRefused(f"variables must be an object of at most {MOST} names.")
    if creates is not None and not isinstance(creates, bool):
        raise WishRefused("auto_create_variables must be true or false.")
    return variables, bool(creates)
