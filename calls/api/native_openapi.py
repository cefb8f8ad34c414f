"""What the OpenAPI text says beyond what the code says by itself.

What each operation answers with, and every status with which it can say no.
"""

from http import HTTPStatus
from typing import Any, NamedTuple

from calls.api import native_bodies, native_parameters
from calls.api.native_shapes import SHAPES, TEXT, Json, page_of, ref

ABOUT = """\
Launch and read calls of AI voice agents, whichever provider they go out through.

Send an API key as `Authorization: Bearer <key>`; its scopes say what it may do. Every
error has one shape: `{"error": code, "message": sentence, "field": name or null,
"details": {}}`. Lists answer `{"items": [...], "next": cursor or null}`: give the cursor
back as `cursor` for the next page. Times are ISO 8601 in UTC.
"""
# Why an operation says no, where it is not the same everywhere.
WHY = {
    400: "Something that was sent cannot be so: `invalid_json` and, for a launch, the "
    "other codes of the gate with this status. `field` names it.",
    401: "`authentication_required`: no key was sent. `invalid_key`: it is not valid.",
    402: "`insufficient_funds`: `details` has the balance and the rate.",
    403: "`permission_denied`: the key lacks the scope. For a launch also what the gate "
    "forbids: `do_not_call`, `country_not_allowed`, `outside_calling_hours`, "
    "`too_many_attempts`.",
    404: "There is no such thing in the key's workspace.",
    405: "`method_not_allowed`: `Allow` says what this address takes.",
    409: "It conflicts with what there is: `idempotency_conflict`, `too_late`, "
    "`conflict`, or `provider_error` where the provider said no.",
    415: "`unsupported_media_type`: the body must be `application/json`.",
    416: "`invalid_range`: the recording has no such range.",
    429: "`limit_exceeded`: too many requests, or calls, for now. `Retry-After` says in "
    "how many seconds to come again, where that is known.",
    500: "`server_error`: something is wrong on our side.",
    502: "`provider_error`: the provider gave no usable answer.",
}
ALWAYS = (400, 401, 403, 405, 429, 500)
HEADERS: dict[int, Json] = {
    405: {"Allow": {"required": True, "schema": TEXT}},
    416: {"Content-Range": {"required": True, "schema": TEXT}},
    429: {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}
JSON_TYPE = "application/json"
# What says already which texts there are.
RESTRICTED = {"pattern", "enum", "format", "const"}


class Answer(NamedTuple):
    """What an operation answers with: a component (or a page of such), and its noes."""

    shape: str
    noes: tuple[int, ...] = ()
    is_list: bool = False


def _list(shape: str, *noes: int) -> Answer:
    return Answer(shape, noes, is_list=True)


ENDPOINT, SECRET = "WebhookEndpoint", "WebhookEndpointWithSecret"
ADDRESS = "ConnectionWithAddress"
# By the name of the function that answers.
ANSWERS: dict[str, Answer] = {
    "create_call": Answer("Call", (402, 404, 409)),
    "list_calls": _list("Call", 404, 409),
    "get_call": Answer("Call", (404,)),
    "cancel_call": Answer("Call", (404, 409)),
    "hang_up_call": Answer("Call", (404, 409, 502)),
    "get_recording": Answer("", (404, 409, 416)),
    "list_agents": _list("Agent"),
    "get_agent": Answer("Agent", (404,)),
    "list_numbers": _list("Number"),
    "get_number": Answer("Number", (404,)),
    "update_number": Answer("Number", (404, 409, 502)),
    "list_connections": _list("Connection"),
    "create_connection": Answer(ADDRESS, (409,)),
    "get_connection": Answer(ADDRESS, (404,)),
    "update_connection": Answer(ADDRESS, (404, 409)),
    "check_connection": Answer(ADDRESS, (404, 409, 502)),
    "sync_connection": Answer(ADDRESS, (404,)),
    "list_contacts": _list("Contact", 404),
    "create_contact": Answer("Contact", (409,)),
    "get_contact": Answer("Contact", (404,)),
    "update_contact": Answer("Contact", (404, 409)),
    "delete_contact": Answer("", (404,)),
    "list_variables": _list("Variable"),
    "create_variable": Answer("Variable", (409,)),
    "get_variable": Answer("Variable", (404,)),
    "update_variable": Answer("Variable", (404, 409)),
    "delete_variable": Answer("", (404,)),
    "list_suppressions": _list("Suppression"),
    "create_suppression": Answer("Suppression"),
    "get_suppression": Answer("Suppression", (404,)),
    "delete_suppression": Answer("", (404,)),
    "list_webhook_endpoints": _list(ENDPOINT),
    "create_webhook_endpoint": Answer(SECRET, (409,)),
    "get_webhook_endpoint": Answer(ENDPOINT, (404,)),
    "update_webhook_endpoint": Answer(ENDPOINT, (404, 409)),
    "delete_webhook_endpoint": Answer("", (404,)),
    "rotate_webhook_secret": Answer(SECRET, (404, 409)),
    "test_webhook_endpoint": Answer("Delivery", (404,)),
    "list_webhook_deliveries": _list("Delivery", 404),
    "get_webhook_delivery": Answer("DeliveryWithLog", (404,)),
    "replay_webhook_delivery": Answer("Delivery", (404,)),
    "replay_webhook_deliveries": Answer("Replayed", (404,)),
    "get_wallet": Answer("Wallet", (404,)),
    "list_ledger": _list("LedgerEntry", 404),
    "create_top_up": Answer("LedgerEntry", (404, 409)),
}
# What can be asked with the id that an answer holds, by its name there.
LINKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "create_call": ("call_id", ("get_call", "cancel_call", "hang_up_call")),
    "create_contact": (
        "contact_id",
        ("get_contact", "update_contact", "delete_contact"),
    ),
    "create_variable": (
        "variable_id",
        ("get_variable", "update_variable", "delete_variable"),
    ),
    "create_connection": ("connection_id", ("get_connection", "update_connection")),
    "create_webhook_endpoint": (
        "endpoint_id",
        (
            *("get_webhook_endpoint", "update_webhook_endpoint"),
            *("test_webhook_endpoint", "list_webhook_deliveries"),
            *("rotate_webhook_secret", "delete_webhook_endpoint"),
        ),
    ),
}
# Under which heading the pages show an address, by its first word.
GROUPS = {
    "calls": "Calls",
    "agents": "Agents",
    "numbers": "Numbers",
    "contacts": "Contacts",
    "suppressions": "Do not call",
    "connections": "Connections",
    "webhook-endpoints": "Webhooks",
    "variables": "Variables",
    "wallet": "Money",
}
# What a launch may look like.
LAUNCH = {
    "to_number": "+14155550100",
    "agent_id": "agent_renewals",
    "variables": {"first_name": "Jamie"},
    "metadata": {"order": "7"},
    "external_id": "order-7",
}
SOUND: Json = {"audio/*": {"schema": {"type": "string", "format": "binary"}}}
WORDS_OF_SOUND = {
    "200": "The whole recording.",
    "206": "The part that the header `Range: bytes=<first>-<last>` asked for.",
}


def complete(said: dict[str, Any]) -> None:
    """Add to an OpenAPI text what it does not say yet."""
    said["components"]["schemas"] |= SHAPES | native_bodies.bodies()
    for path, operations in said["paths"].items():
        for operation in operations.values():
            operation["tags"] = [GROUPS[path.split("/")[3]]]
            _complete(operation)
    recording = said["paths"]["/api/v1/calls/{call_id}/recording"]["get"]
    for status, words in WORDS_OF_SOUND.items():
        answer = {"description": words, "content": SOUND}
        recording["responses"][status] = answer
    calls = said["paths"]["/api/v1/calls"]
    filters = list(native_parameters.parameters())
    _bar_nul(filters)
    calls["get"]["parameters"] += filters
    launch = calls["post"]
    launch["requestBody"]["content"][JSON_TYPE]["example"] = LAUNCH


def _complete(operation: Json) -> None:
    known = ANSWERS[operation["operationId"]]
    for parameter in operation["parameters"]:
        if parameter["in"] != "header":
            _bar_nul(parameter["schema"])
    shape = page_of(known.shape) if known.is_list else ref(known.shape)
    answers = {str(status): row for status, row in operation["responses"].items()}
    links = _links(operation["operationId"])
    for row in answers.values():
        if "content" in row:
            row["content"][JSON_TYPE]["schema"] = shape
            row |= links
    media = (415,) if "requestBody" in operation else ()
    for status in sorted({*ALWAYS, *known.noes, *media}):
        answers[str(status)] = _no(status)
    operation["responses"] = answers


def _links(name: str) -> Json:
    """Return which operations go on from an answer, and with what."""
    given, others = LINKS.get(name, ("", ()))
    with_it = {"parameters": {given: "$response.body#/id"}}
    rows = {other: {"operationId": other, **with_it} for other in others}
    return {"links": rows} if rows else {}


def _bar_nul(schema: Any) -> None:
    """Say of every text that is sent to us that it holds no NUL."""
    if isinstance(schema, list):
        for part in schema:
            _bar_nul(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "string" and not RESTRICTED & schema.keys():
            schema["pattern"] = r"^[^\u0000]*$"
        for part in schema.values():
            _bar_nul(part)


def _no(status: int) -> Json:
    row: Json = {
        "description": f"{HTTPStatus(status).phrase}. {WHY[status]}",
        "content": {JSON_TYPE: {"schema": ref("Problem")}},
    }
    return row | ({"headers": HEADERS[status]} if status in HEADERS else {})
