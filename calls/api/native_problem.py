"""How our own API says no: a status, a code, a sentence and the field."""

from typing import Any

from django.forms import Form

from agents.providers.base import ProviderBusy, ProviderError, ProviderUnclear


class Problem(Exception):
    """An error answer: an HTTP status, a code, a sentence and the field."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body = {"error": code, "message": message, "field": field, "details": more}


def problem_of(form: Form, *conflicts: str) -> Problem | None:
    """Return what is first wrong with what a form was given; None: nothing.

    What is well formed and does not fit to what there is (the code `conflict`, or one of
    `conflicts`) is a 409.
    """
    for field, errors in form.errors.as_data().items():
        is_conflict = errors[0].code in {"conflict", *conflicts}
        status, code = (409, "conflict") if is_conflict else (400, "invalid_json")
        message = " ".join(map(str, form.errors[field]))
        return Problem(status, code, message, field)
    return None


def not_told(error: ProviderError) -> Problem:
    """Return the answer where a provider did not do what we asked it for."""
    if isinstance(error, ProviderBusy):
        return Problem(429, "limit_exceeded", error.message)
    status = 502 if isinstance(error, ProviderUnclear) else 409
    return Problem(status, "provider_error", error.message)
