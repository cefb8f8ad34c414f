"""Answering as Zudu: its addresses, its requests, its errors, its one webhook.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`. Where the
two generations of its pages disagree, we answer as the newer one (S).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from agents.providers.base import (
    BindingFacts,
    CallRecord,
    Json,
    LaunchWish,
)
from agents.providers.dialects import (
    THREE_RETRIES,
    Door,
    Reply,
    Routes,
    SignedWith,
    Tenant,
)
from agents.providers.listing import AgentRecord, ListWish, NumberRecord
from agents.providers.reading import text
from agents.providers.zudu import directory, filters, rendering, requests

KEY_MISSING = "X-API-KEY and X-API-SECRET are both needed, and must be a valid pair."
# None are documented.
PERMISSIONS: dict[str, tuple[str, ...]] = {}
# Nothing is signed.
NEEDS_KEY = False
SIGNED_WITH = SignedWith.NOTHING
RETRIES = THREE_RETRIES  # undocumented: our choice
# The one event; it has no name there.
EVENT = "post_call"
EVENTS = (EVENT,)
ANALYSED = frozenset({"summary", "sentiment", "successful", "analysis"})
# The short text above an error's sentence; which numbers go with it is implied only.
TITLES = {
    400: "Validation error",
    401: "Unauthorized",
    402: "Payment required",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    429: "Too many requests",
}
SORTS_OF_AGENTS: Mapping[str, Callable[[AgentRecord], Any]] = {
    "created_at": lambda agent: agent.created_at,
    "updated_at": lambda agent: agent.changed_at,
    "agent_name": lambda agent: agent.facts.name,
}
SORTS_OF_NUMBERS: Mapping[str, Callable[[NumberRecord], Any]] = {
    "phone_number": lambda number: number.facts.number,
    "nickname": lambda number: number.facts.label,
    "area_code": lambda number: directory.area_code(number.facts.number) or 0,
    "updated_at": lambda number: number.created_at,
}
# Where an address has two ids, {account} is the second.
ROUTES = Routes(
    ("POST", "api/calls/create-phone-call", "create_phone_call"),
    ("POST", "api/calls/create-web-call", "create_web_call"),
    ("POST", "api/calls/create", "create_record"),
    ("GET", "api/calls", "list_calls"),
    ("POST", "api/calls", "search_calls"),
    ("GET", "api/calls/{id}", "get_call"),
    ("PUT", "api/calls/{id}", "update_call"),
    ("DELETE", "api/calls/{id}", "delete_call"),
    ("PUT", "api/calls/{id}/schedule", "schedule_call"),
    ("GET", "api/agents", "list_agents"),
    ("POST", "api/agents/create", "create_agent"),
    ("GET", "api/agents/{id}/full", "get_agent"),
    ("PATCH", "api/agents/{id}", "update_agent"),
    ("DELETE", "api/agents/{id}", "delete_agent"),
    ("POST", "api/agents/{id}/duplicate", "duplicate_agent"),
    ("POST", "api/agents/{id}/tools/post-call-webhook/assign", "assign_webhook"),
    ("DELETE", "api/agents/{id}/tools/post-call-webhook/{account}", "remove_webhook"),
    ("PATCH", "api/agents/{id}/unassign", "remove_any_webhook"),
    ("GET", "api/phone-numbers", "list_numbers"),
    ("POST", "api/phone-numbers/list", "search_numbers"),
    ("GET", "api/phone-numbers/available", "list_available_numbers"),
    ("POST", "api/phone-numbers/create", "create_number"),
    ("POST", "api/phone-numbers/import", "import_number"),
    ("GET", "api/phone-numbers/{id}", "get_number"),
    ("PATCH", "api/phone-numbers/{id}", "update_number"),
    ("DELETE", "api/phone-numbers/{id}", "delete_number"),
    ("POST", "api/post-call-webhooks/create", "create_webhook"),
    ("GET", "api/post-call-webhooks", "list_webhooks"),
    ("GET", "api/post-call-webhooks/{id}", "get_webhook"),
    ("PATCH", "api/post-call-webhooks/{id}", "update_webhook"),
    ("POST", "api/post-call-webhooks/{id}/toggle", "toggle_webhook"),
    ("POST", "batch-call", "create_batch_call"),
    ("GET", "batch-call/list", "list_batch_calls"),
    ("POST", "batch-call/list", "list_batch_calls"),
)


def credentials(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return both headers; a missing secret is an empty one, which fits no key."""
    return headers.get("x-api-key", ""), headers.get("x-api-secret", "")


def error(status: int, code: str, message: str, field: str = "") -> Reply:
    """Return an error; there are no machine codes, only sentences."""
    title = TITLES.get(status, "Internal server error")
    return status, {"message": title, "status": "error", "error": message}


# --- Launching -----------------------------------------------------------------------
def wish(door: Door) -> LaunchWish:
    """Read a launch; raise WishRefused with what is wrong."""
    if door.action == "create_web_call":
        return requests.web_wish(door.body)
    return requests.phone_wish(door.body)


def launched(door: Door, call: CallRecord) -> Reply:
    """Answer a launch; 201 is our choice, the number is not stated."""
    if call.type == "web":
        return 201, _web_launched(door, call)
    info = {
        "from_number": call.from_number,
        "to_number": call.to_number,
        "direction": "outbound",
        "call_status": "ongoing",
    }
    data = {
        "organization_id": door.tenant.id,
        "call_type": "phone_call",
        "status": "call_initiated",
        "call": rendering.started(call, door.tenant.id),
        "phone_call_info": info,
    }
    words = "Phone call created and initiated successfully"
    return 201, rendering.envelope(data, words)


def _web_launched(door: Door, call: CallRecord) -> Json:
    """Answer with what it takes to join; the room is named as the call."""
    join, room = call.update.join or {}, rendering.call_id(call)
    token = text(join.get("access_token"))
    server = text(join.get("server_url")) or text(join.get("url"))
    data = {
        "organization_id": door.tenant.id,
        "call_type": "web_call",
        "call": rendering.started(call, door.tenant.id),
        "web_call_info": {
            "room_name": room,
            "access_token": token,
            "call_status": "ongoing",
            "agent_id": call.agent_id,
        },
        "livekit_connection": {
            "server_url": server,
            "token": token,
            "room_name": text(join.get("room_name")) or room,
        },
    }
    return rendering.envelope(data, "Web call created successfully")


# --- Calls ---------------------------------------------------------------------------
def read_call_id(written: str) -> str:
    """Return our id from `call_<uuid>`, or from the record's own `id`."""
    return written.removeprefix("call_")


def call(door: Door, call: CallRecord) -> Json:
    """Answer with one call: `data` is the call."""
    shown = rendering.call(call, door.tenant.id)
    return rendering.envelope(shown, "Call retrieved successfully")


def created(tenant: Tenant, call: CallRecord) -> Json:
    """Answer with a call that was made, in lower case (section 1.1).

    A fresh one is registered and shows no numbers, also where it is to be dialled.
    """
    shown = rendering.lower(rendering.call(call, tenant.id, with_id=False))
    shown |= {"call_status": "registered"}
    shown = {name: v for name, v in shown.items() if name not in rendering.NUMBERS}
    data = {"organization_id": tenant.id, "call": shown}
    return rendering.envelope(data, "Call created successfully")


def updated(tenant: Tenant, call: CallRecord) -> Json:
    """Answer with a record that was changed, in lower case (section 1.4)."""
    shown = rendering.lower(rendering.call(call, tenant.id))
    data = {"operation": "update", "organization_id": tenant.id, "call": shown}
    return rendering.envelope(data, "Call updated successfully")


def list_wish(door: Door) -> ListWish:
    """Read what a client asks of the list; GET shows whole calls, POST shorter ones."""
    whole = door.action == "list_calls"
    return filters.list_wish(filters.asked(door), with_turns=whole)


def calls(door: Door, calls: Sequence[CallRecord], wish: ListWish, total: int) -> Json:
    """Answer with a page of calls."""
    cut = filters.Slice(wish.skip // wish.limit, wish.limit)
    shown = [rendering.call(each, door.tenant.id) for each in calls]
    wanted = filters.asked(door)
    data = {
        "organization_id": door.tenant.id,
        "calls": shown if wish.with_turns else list(map(rendering.short, shown)),
        "pagination": cut.counts(total)
        | {
            "has_next_page": cut.page + 1 < cut.pages(total),
            "has_previous_page": cut.page > 0,
        },
        "returned_count": len(shown),
        "sort_order": filters.order_of(wanted),
        "sort_by": filters.sort_of(wanted),
        "applied_filters": filters.criteria(wanted),
    }
    return rendering.envelope(data, "Calls retrieved successfully")


# --- Agents --------------------------------------------------------------------------
def agents(door: Door, agents: Sequence[AgentRecord]) -> Json:
    """Answer with a page of agents, oldest first unless asked otherwise."""
    cut = filters.slice_of(door.query)
    ordered = filters.in_order(door.query, agents, SORTS_OF_AGENTS)
    total = len(agents)
    paging = {"page": cut.page, "limit": cut.limit, "total": total}
    data = {
        "organization_id": door.tenant.id,
        "agents": [directory.agent_row(each) for each in cut.of(ordered)],
        "pagination": paging | {"total_pages": cut.pages(total)},
    }
    return rendering.envelope(data, "Agents retrieved successfully")


def agent(door: Door, agent: AgentRecord, webhook: str = "") -> Json:
    """Answer with one agent; `webhook` is the id of what it tells after a call."""
    shown = directory.agent(agent, door.tenant.id, webhook)
    return rendering.envelope(shown, "Agent retrieved successfully")


# --- Numbers -------------------------------------------------------------------------
def numbers(door: Door, numbers: Sequence[NumberRecord]) -> Json:
    """Answer with a page of numbers, or with all that nobody is bound to."""
    if door.action == "list_available_numbers":
        return _available(door, numbers)
    wanted = filters.asked(door)
    narrowed = filters.number_filter(wanted)
    narrow = [each for each in numbers if narrowed.fits(each)]
    found = filters.in_order(wanted, narrow, SORTS_OF_NUMBERS)
    cut = filters.slice_of(wanted)
    data = {
        "organization_id": door.tenant.id,
        "phone_numbers": [directory.number(n, door.tenant.id) for n in cut.of(found)],
        "pagination": cut.counts(len(found))
        | {
            "has_next": cut.page + 1 < cut.pages(len(found)),
            "has_previous": cut.page > 0,
        },
    }
    return rendering.envelope(data, "Phone numbers retrieved successfully")


def _available(door: Door, numbers: Sequence[NumberRecord]) -> Json:
    free = [
        directory.number(each, door.tenant.id)
        for each in numbers
        if not each.facts.inbound.agent_id and not each.facts.outbound.agent_id
    ]
    data = {"organization_id": door.tenant.id, "available_count": len(free)}
    told = data | {"phone_numbers": free}
    return rendering.envelope(told, "Available phone numbers retrieved successfully")


def number(door: Door, number: NumberRecord) -> Json:
    """Answer with one number, also after it was bound."""
    what = "updated" if door.action == "update_number" else "retrieved"
    shown = directory.number(number, door.tenant.id)
    return rendering.envelope(shown, f"Phone number {what} successfully")


def bindings(door: Door) -> Mapping[str, BindingFacts]:
    """Read a binding: null unassigns, fields left out stay (section 4)."""
    return requests.bindings(door.body)


# --- The webhook ---------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the one event, once a call that took place is analysed.

    For calls that failed, or that nobody answered, none is sent (our choice; whether
    Zudu sends one is undocumented).
    """
    return [EVENT] if status == "ended" and ANALYSED & set(changed) else []


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event: there is only one to choose."""
    return not chosen or event in chosen


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over."""
    return event == EVENT


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of the webhook (our choice; undocumented)."""
    return {"call": rendering.call(record, tenant.id)}


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of the webhook; nothing in them says whose it is."""
    return {"Content-Type": "application/json"}
