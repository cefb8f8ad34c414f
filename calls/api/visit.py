"""One request of a program that speaks a provider's dialect."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase

from agents.providers.dialects import Door
from agents.providers.reading import kept
from calls.api import keys
from calls.api.keys import READS_CALLS
from dashboard.models import ApiKey, AuditEntry, Workspace

Json = dict[str, Any]


class Problem(Exception):
    """An answer that says no: a status of HTTP, a sentence, and what a dialect needs.

    `code` is one of the gate's (`calls/refusals.py`), `permission_denied`, `not_found`,
    `method_not_allowed`, or empty; `field` is our API's name for what is wrong.
    """

    def __init__(
        self, status: int, message: str, code: str = "", field: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, for what (the id in the address), in which dialect, with which words."""

    request: HttpRequest
    key: ApiKey
    door: Door
    dialect: str

    @property
    def id(self) -> str:
        """The id in the address."""
        return self.door.id

    @property
    def body(self) -> Json:
        """The JSON object that was sent."""
        return self.door.body

    @property
    def may_read(self) -> bool:
        """Whether the key may read calls, and not only launch and change them."""
        return keys.may(self.key, READS_CALLS)

    @property
    def workspace(self) -> Workspace:
        """The key's workspace: every query starts here."""
        return self.key.workspace

    def parameter(self, name: str) -> str:
        """Return a parameter of the address, or an empty string."""
        return str(self.request.GET.get(name, ""))

    def number(self, name: str, usual: int, most: int) -> int:
        """Return a parameter that is a whole number from 1 to `most`."""
        written = self.parameter(name) or str(usual)
        if not written.isascii() or not written.isdigit() or not int(written[:9]):
            raise Problem(400, f"{name} must be a whole number from 1 to {most}.")
        return min(int(written[:9]), most)

    def note(self, action: str, subject: str, before: Json, after: Json) -> None:
        """Write down what the program changed."""
        AuditEntry.record(
            self.workspace,
            action,
            api_key=self.key,
            subject=subject[:200],
            before=before,
            after=after,
        )


NOT_JSON = (
    "The body must be JSON without NUL, half characters or NaN, at most 30 levels deep."
)
# The scope an action needs, and what does it.
Action = tuple[str, Callable[[Visit], HttpResponseBase]]


def decode(body: bytes) -> Any:
    """Decode a request's JSON; ValueError where no database could keep it."""
    value = json.loads(body)
    if kept(value) != value:
        raise ValueError(NOT_JSON)
    return value


def read_body(request: HttpRequest) -> Json:
    """Return the JSON object a request carries; an empty body is an empty object."""
    try:
        body = decode(request.body or b"{}")
    except RequestDataTooBig:
        raise Problem(400, "The request is too large.", "invalid_json") from None
    except (ValueError, RecursionError, UnreadablePostError):
        words = f"Invalid request format. {NOT_JSON}"
        raise Problem(400, words, "invalid_json") from None
    if not isinstance(body, dict):
        words = "Invalid request format: the body must be a JSON object."
        raise Problem(400, words, "invalid_json")
    return body
