"""Our own API for context variables: what may be known of contacts and the business."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Schema, Status
from pydantic import ConfigDict

from calls import variables
from calls.api.native_door import api, key_of, text_like
from calls.api.native_problem import Problem
from calls.api.shapes import variable_json
from calls.models import ContextVariable, Scope, VariableKind
from calls.models.variables import LONGEST_VALUE
from calls.people import variable_book
from calls.people.variable_book import Unfit
from dashboard.models import ApiKey

Json = dict[str, Any]
READ, WRITE = "contacts:read", "contacts:write"
SCOPES, KINDS = "|".join(Scope.values), "|".join(VariableKind.values)
WhoseScope = Annotated[str, text_like(enum=["", *Scope.values])]


class VariableChange(Schema):
    """What may be changed of a variable; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field("", min_length=1, max_length=120)
    description: str = Field("", max_length=300)
    kind: str = Field(VariableKind.TEXT, pattern=f"^({KINDS})$")
    options: list[str] = Field(
        default_factory=list, max_length=variable_book.MOST_OPTIONS
    )
    value: str = Field("", max_length=LONGEST_VALUE)


class VariableIn(VariableChange):
    """A new variable; `value` is the business's, contacts have their attributes."""

    scope: str = Field(pattern=f"^({SCOPES})$")
    name: str = Field(max_length=60)
    label: str = Field(min_length=1, max_length=120)


@api.get("/variables", response=Json)
def list_variables(request: HttpRequest, scope: WhoseScope = "") -> Json:
    """List the variables, all of them or those of one scope."""
    key = key_of(request, READ)
    if scope and scope not in Scope.values:
        message = f"scope is one of {', '.join(Scope.values)}."
        raise Problem(400, "invalid_json", message, "scope")
    rows = variables.defined(key.workspace, scope)
    return {"items": [variable_json(row) for row in rows], "next": None}


@api.post("/variables", response={201: Json})
def create_variable(request: HttpRequest, body: VariableIn) -> Status[Json]:
    """Define a variable; 409 when there is one of this name and scope."""
    key = key_of(request, WRITE)
    row = ContextVariable(workspace=key.workspace)
    return Status(201, _saved(row, body.dict(), key))


@api.get("/variables/{variable_id}", response=Json)
def get_variable(request: HttpRequest, variable_id: int) -> Json:
    """Return one variable."""
    return variable_json(_variable(key_of(request, READ), variable_id))


@api.patch("/variables/{variable_id}", response=Json)
def update_variable(
    request: HttpRequest, variable_id: int, body: VariableChange
) -> Json:
    """Change what is said; 409 where it does not fit to the rest, as to its kind."""
    key = key_of(request, WRITE)
    said = body.dict(exclude_unset=True)
    return _saved(_variable(key, variable_id), said, key)


@api.delete("/variables/{variable_id}", response={204: None})
def delete_variable(request: HttpRequest, variable_id: int) -> Status[None]:
    """Delete a variable; contacts keep the attribute."""
    key = key_of(request, WRITE)
    variable_book.remove(_variable(key, variable_id), key)
    return Status(204, None)


def _variable(key: ApiKey, variable_id: int) -> ContextVariable:
    row = key.workspace.context_variables.filter(pk=variable_id).first()
    if row is None:
        raise Problem(404, "not_found", "There is no such variable.")
    return row


def _saved(row: ContextVariable, values: Json, key: ApiKey) -> Json:
    try:
        variable_book.save(row, values, key)
    except Unfit as problem:
        # Of a variable that there is, what is said must fit to what is not said.
        is_open = row.pk is not None and problem.field in ("options", "value")
        if is_open or problem.code in ("duplicate", "full"):
            raise Problem(409, "conflict", str(problem), problem.field) from None
        raise Problem(400, "invalid_json", str(problem), problem.field) from None
    return variable_json(row)
