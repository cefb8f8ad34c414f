"""The yardstick of `launch`: one address that only inserts a call's row.

A settings and URL module for the benchmark alone; the product never reads it. The web
server, the middlewares and the database connection are those of a launch.
"""

import json
from functools import cache
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from calls.models import Call


@cache
def values() -> dict[str, Any]:
    """Return the row of the one call there is, to be written again and again."""
    call = Call.objects.order_by("created_at").first()
    assert call is not None
    columns: list[models.Field[Any, Any]] = list(Call._meta.concrete_fields)
    return {field.attname: getattr(call, field.attname) for field in columns}


def insert(request: HttpRequest) -> HttpResponse:
    """Insert the row under another id, and say which."""
    asked = json.loads(request.body)
    new = {"id": Call._meta.pk.get_default(), "launch_key": request.headers["X-Key"]}
    call = Call(**values() | new | {"to_number": asked["to_number"]})
    call.save(force_insert=True)
    answer = JsonResponse({"id": str(call.pk)}, status=201)
    answer["Content-Length"] = str(len(answer.content))
    return answer


urlpatterns = [path("api/bare", insert)]
