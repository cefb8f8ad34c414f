"""The parameters in our own API's addresses: those an operation takes, and pages."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja.operation import Operation
from pydantic import WithJsonSchema

from calls.api.native_parameters import AN_ID
from calls.api.native_problem import Problem

View = Callable[..., Any]
Row = TypeVar("Row", bound=Model)
LONGEST_CURSOR = 40
ID_PATTERN = f"^(?:{AN_ID})?$"
IdCursor = Annotated[str, WithJsonSchema({"type": "string", "pattern": ID_PATTERN})]


def taking(*names: str) -> Callable[[View], View]:
    """Let an operation take parameters that its function reads by itself."""

    def mark(view: View) -> View:
        view.takes = names  # type: ignore[attr-defined]
        return view

    return mark


def refuse_others(operation: Operation) -> None:
    """Have an operation refuse what it does not take: a misspelt filter finds all."""
    view = operation.view_func
    models = (m for m in operation.models if m.__ninja_param_source__ == "query")
    single = {name for model in models for name in model.__ninja_flatten_map__}
    known = single | set(getattr(view, "takes", ()))

    @wraps(view)
    def careful(request: HttpRequest, *args: Any, **values: Any) -> Any:
        for name, given in sorted(request.GET.lists()):
            if name not in known:
                message = f"There is no parameter “{name}” here."
                raise Problem(400, "invalid_json", message, name)
            if name in single and len(given) > 1:
                message = f"{name} is there {len(given)} times."
                raise Problem(400, "invalid_json", message, name)
        return view(request, *args, **values)

    operation.view_func = careful


def page_of(
    rows: QuerySet[Row], cursor: str, limit: int
) -> tuple[list[Row], str | None]:
    """Return a page of rows, the oldest first, and the cursor of the next one."""
    ordered = rows.order_by("pk")
    if cursor:
        ordered = ordered.filter(pk__gt=_place(rows, cursor))
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].pk) if more else None


def _place(rows: QuerySet[Row], cursor: str) -> Any:
    try:
        if len(cursor) <= LONGEST_CURSOR:
            return rows.model._meta.pk.to_python(cursor)
    except ValidationError:
        pass
    raise Problem(400, "invalid_json", "This cursor is not ours.", "cursor")
