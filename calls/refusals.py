"""The words of a refusal: its code, its HTTP status, a sentence, and how to mend it."""

from dataclasses import dataclass

# The HTTP status the API gives for each code (design.md, "The gate").
STATUSES = {
    "missing_phone_number": 400,
    "missing_agent_id": 400,
    "invalid_phone_number": 400,
    "invalid_json": 400,
    "invalid_sip_header": 400,
    "invalid_variables": 400,
    "invalid_override": 400,
    "authentication_required": 401,
    "invalid_key": 401,
    "insufficient_funds": 402,
    "permission_denied": 403,
    "do_not_call": 403,
    "country_not_allowed": 403,
    "outside_calling_hours": 403,
    "too_many_attempts": 403,
    "agent_not_found": 404,
    "agent_version_not_found": 404,
    "no_phone_number": 404,
    "limit_exceeded": 429,
    "server_error": 500,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not go out, and how to mend it; `field` is the API's name."""

    code: str
    message: str
    mend: str = ""
    field: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return STATUSES[self.code]
