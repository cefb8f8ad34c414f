"""Answering as itellico: its addresses, its requests, its errors, its webhooks.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from agents.providers.base import BindingFacts, CallRecord, Json, LaunchWish
from agents.providers.dialects import (
    THREE_RETRIES,
    Door,
    Reply,
    Routes,
    SignedWith,
    Tenant,
)
from agents.providers.itellico import asked, rendering, signing, words
from agents.providers.itellico.asked import FieldWrong
from agents.providers.listing import AgentRecord, ListWish, NumberRecord

SLUG = "itellico"
KEY_MISSING = "API key is missing, revoked or expired."
# A key may do what its owner may (contract sheet, section 0).
PERMISSIONS: dict[str, tuple[str, ...]] = {}
# Without a secret there is no signature (sheet, section 7.3).
NEEDS_KEY = False
SIGNED_WITH = SignedWith.SECRET
RETRIES = THREE_RETRIES  # undocumented: our choice
EVENTS = words.EVENTS
ANALYSED = frozenset({"summary", "sentiment", "successful", "analysis"})
ACCOUNT = "v1/accounts/{account}"
# Not offered here: making, archiving and removing agents and numbers, trunks, usage,
# subaccounts and the catalogues.
ROUTES = Routes(
    ("GET", "v1/accounts/current", "get_account"),
    ("POST", f"{ACCOUNT}/calls", "launch"),
    ("GET", f"{ACCOUNT}/calls", "list_calls"),
    ("GET", f"{ACCOUNT}/calls/{{id}}", "get_call"),
    ("GET", f"{ACCOUNT}/conversations", "list_conversations"),
    ("GET", f"{ACCOUNT}/agents", "list_agents"),
    ("GET", f"{ACCOUNT}/agents/{{id}}", "get_agent"),
    ("PATCH", f"{ACCOUNT}/agents/{{id}}", "update_agent"),
    ("GET", f"{ACCOUNT}/phone-numbers", "list_numbers"),
    ("GET", f"{ACCOUNT}/phone-numbers/{{id}}", "get_number"),
    ("PATCH", f"{ACCOUNT}/phone-numbers/{{id}}", "update_number"),
)
# What the gate says of a field is validation here; which errors a launch can have is
# not documented. An unknown agent stays 404.
OF_A_FIELD = frozenset(
    {
        *("missing_phone_number", "missing_agent_id", "invalid_phone_number"),
        *("invalid_sip_header", "invalid_variables", "invalid_override"),
        "no_phone_number",
    }
)
THEIR_FIELDS = {"variables": "test_variables"}


def credentials(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return the key of the X-API-Key header: no other will do."""
    return headers.get("x-api-key", "").strip(), None


def error(status: int, code: str, message: str, field: str = "") -> Reply:
    """Return an error; one of a field names it by its path, such as `body.type`."""
    said = 422 if code in OF_A_FIELD and field else status
    body: Json = {"code": words.ERRORS.get(said, "bad_request"), "message": message}
    if said == 422 and field:
        path = field if "." in field else f"body.{THEIR_FIELDS.get(field, field)}"
        body["errors"] = [{"field": path, "message": message}]
    return said, body


# --- Calls ---------------------------------------------------------------------------
def wish(door: Door) -> LaunchWish:
    """Read a launch; raise FieldWrong with what is wrong."""
    return asked.launch(door.body)


def launched(door: Door, call: CallRecord) -> Reply:
    """Answer a launch; a repeat with the same external_id gives the first call.

    That is our choice: what theirs does with a repeat is not documented.
    """
    return 201, rendering.created(call)


def read_call_id(written: str) -> str:
    """Return our id: calls have UUIDs on both sides."""
    try:
        return str(UUID(written))
    except ValueError:
        return ""


def call(door: Door, call: CallRecord) -> Json:
    """Answer with one call."""
    return rendering.call(call)


def list_wish(door: Door) -> ListWish:
    """Read what a client asks of the list of calls, or of conversations."""
    old = door.action == "list_conversations"
    return asked.list_wish(door.query, SLUG, old=old)


def calls(door: Door, calls: Sequence[CallRecord], wish: ListWish, total: int) -> Any:
    """Answer with a page; that `count` is the total is our choice."""
    show = rendering.summary
    if door.action == "list_conversations":
        show = rendering.conversation
    return {"count": total, "items": [show(call) for call in calls]}


# --- Agents and numbers --------------------------------------------------------------
def agents(door: Door, agents: Sequence[AgentRecord]) -> Any:
    """Answer with a page of the agents that are asked for."""
    wanted = [row for row in agents if asked.wants_agent(door.query, row)]
    return _page(door, [rendering.agent(row, door.tenant) for row in wanted])


def agent(door: Door, agent: AgentRecord) -> Any:
    """Answer with one agent."""
    return rendering.agent(agent, door.tenant)


def numbers(door: Door, numbers: Sequence[NumberRecord]) -> Any:
    """Answer with a page of numbers."""
    return _page(door, [rendering.number(row) for row in numbers])


def number(door: Door, number: NumberRecord) -> Any:
    """Answer with one number."""
    return rendering.number(number)


def _page(door: Door, rows: list[Json]) -> Json:
    limit, offset = asked.page_of(door.query)
    return {"count": len(rows), "items": rows[offset : offset + limit]}


def bindings(door: Door) -> Mapping[str, BindingFacts]:
    """Read who is to answer a number; null is nobody, and there is no outbound agent."""
    if "inbound_agent_id" not in door.body:
        return {}
    agent_id = asked.string(door.body, "inbound_agent_id", 200)
    if door.body["inbound_agent_id"] == "":
        raise FieldWrong("body.inbound_agent_id", "Send an agent's id, or null.")
    return {"inbound": BindingFacts(agent_id)}


# --- Webhooks ------------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the events a change gives, in their order.

    Of a call that nobody answered none is described, so none is sent.
    """
    return list(_events(before, status, frozenset(changed)))


def _events(before: str, status: str, changed: frozenset[str]) -> Iterator[str]:
    over, was_over = status in words.FINAL, before in words.FINAL
    talks = status in {"in_progress", "ended"}
    if talks and before != "in_progress" and not was_over:
        yield words.STARTED
    if over and not was_over and (talks or before == "in_progress"):
        yield words.ENDED
    if status == "ended" and changed & ANALYSED:
        yield words.ANALYSED


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event; an empty choice is all of them."""
    return event in (chosen or words.EVENTS)


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over."""
    return event in words.TERMINAL_EVENTS


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook."""
    return rendering.event(event, record, tenant)


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of a webhook, signed where there is a secret.

    Their names and the form of the time are our choice: the guide's are unseen.
    """
    told = {"Content-Type": "application/json"}
    if not key:
        return told
    timestamp = str(now_ms // 1000)
    signature = signing.sign(body, key, timestamp)
    return told | {
        words.SIGNATURE_HEADER: signature,
        words.TIMESTAMP_HEADER: timestamp,
    }
