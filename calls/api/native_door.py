"""The door of our own API, under /api/v1/: who asks, what is let in, how a no is said.

Errors are `{"error": code, "message": sentence, "field": name or null, "details": {}}`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from ninja import Header, NinjaAPI, Query
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.security import HttpBearer
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    WithJsonSchema,
)

from agents.providers.dialects import bearer
from calls.api import keys, native_openapi, native_queries
from calls.api.native_problem import Problem
from calls.api.visit import NOT_JSON, decode
from dashboard.models import ApiKey

Json = dict[str, Any]
View = Callable[..., HttpResponseBase]

# Times outside these cannot be turned into another zone, or kept.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def as_written(value: Any) -> Any:
    """Refuse a bare number: who sends one means seconds, or milliseconds, or a year."""
    if isinstance(value, str) and WRITTEN.match(value):
        return value
    raise ValueError("write it as ISO 8601, such as 2026-11-21T09:30:00Z")


def of_these_years(value: Any) -> Any:
    """Refuse a moment that is written with a year outside of ours."""
    if str(EPOCH.year) <= as_written(value)[:4] < str(LATEST.year):
        return value
    raise ValueError(f"write a year from {EPOCH.year} to {LATEST.year - 1}")


def rounded(places: int) -> BeforeValidator:
    """Read a JSON number as the decimal that it stands for: 0.1 + 0.2 is 0.3."""

    def read(value: Any) -> Any:
        if not isinstance(value, float) or not abs(value) < LARGE:
            return as_number(value)
        near = round(Decimal(value), places)
        return near if abs(near - Decimal(value)) < NEARLY else Decimal(str(value))

    return BeforeValidator(read)


def as_number(value: Any) -> Any:
    """Refuse true and false, which Python takes for numbers."""
    if type(value) is bool:
        raise ValueError("write a number")
    return value


def no_text(value: Any) -> Any:
    """Refuse a text, too: what is a number is to be written as one."""
    if type(value) is str:
        raise ValueError("write a number")
    return as_number(value)


def within(at: datetime) -> datetime:
    """Return the nearest time that can be asked for: no call is outside of these."""
    return min(max(at, EPOCH), LATEST)


def text_like(**more: Any) -> WithJsonSchema:
    """Describe a text that is read with more care than a pattern could say."""
    return WithJsonSchema({"type": "string", **more})


# By less than this a float is beside the decimal that was meant, up to some size.
NEARLY, LARGE = Decimal("1e-8"), 1e9
WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
# A time that is to be kept, and one that only bounds a search.
Moment = Annotated[AwareDatetime, BeforeValidator(of_these_years)]
Bound = Annotated[AwareDatetime, BeforeValidator(as_written), AfterValidator(within)]
Whole = Annotated[int, BeforeValidator(no_text)]
# How many rows a page of a list holds, and from where on; empty: from the first.
Limit = Annotated[int, Query(ge=1, le=200)]
RowCursor = Annotated[str, text_like(pattern="^([0-9]{1,18})?$")]
# What makes a repeat a repeat.
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
JSON_TYPE = "application/json"
UNKNOWN_KEY = "This API key is not valid."


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key row becomes `request.auth`."""

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        """Look for a key; ninja itself would write any other header into the log."""
        sent = bearer({"authorization": request.headers.get("Authorization", "")})
        return self.authenticate(request, sent) if sent else None

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        """Return the usable key, or answer 401 or 429; then look at what the body is."""
        try:
            key = keys.admit(request, token)
        except keys.KeyRefused as no:
            problem = Problem(no.status, no.code, no.message or UNKNOWN_KEY)
            problem.headers |= no.headers
            raise problem from None
        _refuse_other_media(request)
        return key


def _refuse_other_media(request: HttpRequest) -> None:
    """Answer 415 to a body that says it is no JSON; one that says nothing is read."""
    kind = request.content_type or ""
    is_json = kind in ("", JSON_TYPE) or kind.endswith("+json")
    if not is_json and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
        message = f"The body must be JSON: send it with Content-Type: {JSON_TYPE}."
        raise Problem(415, "unsupported_media_type", message)


class CarefulParser(Parser):
    """Reads only JSON that can be kept; anything else is answered with 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Decode the body; ninja turns what this raises into an HttpError."""
        return decode(request.body)


class OurAPI(NinjaAPI):
    """Ninja's API with our own errors everywhere, and our own words about it."""

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        for _, router in self._routers:
            for path in router.path_operations.values():
                for operation in path.operations:
                    native_queries.refuse_others(operation)
        patterns = super()._get_urls()
        for pattern in patterns:
            assert isinstance(pattern, URLPattern)
            pattern.callback = in_our_shape(pattern.callback)
        return patterns

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name an operation as its function is named."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        """Describe the API, every status that an operation answers with included."""
        said = super().get_openapi_schema(**where)
        native_openapi.complete(said)
        return said


def in_our_shape(view: View) -> View:
    """Let a view answer in our shape where it is ninja or Django that says no."""

    @wraps(view)
    def careful(request: HttpRequest, *args: Any, **ids: Any) -> HttpResponseBase:
        asked = (request.path_info, request.META.get("QUERY_STRING", ""))
        if "\x00" in asked[0] or "%00" in asked[1]:
            # PostgreSQL cannot even look for it.
            message = "An address cannot hold a NUL."
            return answer_problem(request, Problem(400, "invalid_json", message))
        try:
            answer = view(request, *args, **ids)
        except Http404:
            return nothing_here(request)
        keys.mark(request, answer)
        if answer.status_code != 405:
            return _with_length(answer)
        return _not_allowed(request, sorted(answer["Allow"].split(", ")))

    return careful


def _with_length(answer: HttpResponseBase) -> HttpResponseBase:
    """Say how long an answer is, so that it goes out whole and not in chunks."""
    if isinstance(answer, HttpResponse) and answer.status_code != 204:
        answer["Content-Length"] = str(len(answer.content))
    return answer


def _not_allowed(request: HttpRequest, methods: list[str]) -> HttpResponse:
    known = ", ".join(methods)
    message = f"This address takes {known}, not {request.method}."
    problem = Problem(405, "method_not_allowed", message)
    problem.headers["Allow"] = known
    return answer_problem(request, problem)


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer for an address below /api/ that there is not."""
    message = "There is nothing at this address; /api/v1/docs lists what there is."
    return answer_problem(request, Problem(404, "not_found", message))


api = OurAPI(
    title="Switchboard",
    version="1",
    description=native_openapi.ABOUT,
    auth=KeyAuth(),
    parser=CarefulParser(),
    urls_namespace="api",
    docs_url="/docs",
)


# --- How a no is said ----------------------------------------------------------------
@api.exception_handler(Problem)
def answer_problem(request: HttpRequest, error: Problem) -> HttpResponse:
    """Answer in our error shape."""
    answer = api.create_response(request, error.body, status=error.status)
    for name, value in error.headers.items():
        answer[name] = value
    return answer


@api.exception_handler(AuthenticationError)
def answer_no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Answer a request without a key."""
    message = "Send your API key as `Authorization: Bearer <key>`."
    return answer_problem(request, Problem(401, "authentication_required", message))


# What the gate calls a field of a launch that has the wrong form.
CODES = {
    "overrides": "invalid_override",
    "sip_headers": "invalid_sip_header",
    "variables": "invalid_variables",
    "number": "invalid_phone_number",
}


@api.exception_handler(ValidationError)
def answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer a body or query that does not fit, naming the first field."""
    first = error.errors[0]
    where, last = first["loc"][0], str(first["loc"][-1])
    if where == "path":
        # An id that cannot be one is as good as any other that is not there.
        message = f"There is nothing with this {last.replace('_', ' ')}."
        return answer_problem(request, Problem(404, "not_found", message, last))
    field = ".".join(str(part) for part in first["loc"][2:]) or None
    field = field if where == "body" else last
    message = f"{field or 'The request'}: {first['msg']}."
    code = CODES.get((field or "").partition(".")[0], "invalid_json")
    return answer_problem(request, Problem(400, code, message, field))


@api.exception_handler(RequestDataTooBig)
@api.exception_handler(UnreadablePostError)
def answer_no_body(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a body that cannot be taken in."""
    message = "The body is too large, or broke off."
    return answer_problem(request, Problem(400, "invalid_json", message))


@api.exception_handler(HttpError)
def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer a body that is not JSON at all."""
    if error.status_code == 400:
        return answer_problem(request, Problem(400, "invalid_json", NOT_JSON))
    problem = Problem(error.status_code, "server_error", str(error))
    return answer_problem(request, problem)


def key_of(request: HttpRequest, scope: str) -> ApiKey:
    """Return the key of the request, if it has the scope."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if not keys.may(key, scope):
        message = f"This API key does not have the scope {scope}."
        raise Problem(403, "permission_denied", message)
    return key
