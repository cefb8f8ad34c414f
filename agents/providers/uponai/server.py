"""Answering as UponAI: its addresses, its requests, its envelopes, its webhooks.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`.
"""

from collections.abc import Mapping, Sequence

from agents.providers import badge, numeric
from agents.providers.base import (
    BindingFacts,
    CallRecord,
    Json,
    LaunchWish,
    WishRefused,
)
from agents.providers.dialects import (
    THREE_RETRIES,
    Door,
    Reply,
    Routes,
    SignedWith,
    Tenant,
    bearer,
)
from agents.providers.listing import AgentRecord, ListWish, NumberRecord
from agents.providers.uponai import orders, rendering, telling
from agents.providers.uponai.words import SIGNATURE_HEADER
from agents.providers.voicewire import telling as wire

KEY_MISSING = "The API token is missing or not valid."
# Every key may do the same (contract sheet, section 0).
PERMISSIONS: dict[str, tuple[str, ...]] = {}
NEEDS_KEY = True
SIGNED_WITH = SignedWith.API_KEY
# Up to three times (contract sheet, section 6.3); ours never transfer.
RETRIES = THREE_RETRIES
EVENTS = wire.EVENTS

# Three roots: calls have a v1, their change has none, web calls have a v2.
ROUTES = Routes(
    ("POST", "api/v1/calls/initiate", "create_phone_call"),
    ("POST", "api/v2/calls/web", "create_web_call"),
    ("GET", "api/v1/calls", "list_calls"),
    ("GET", "api/v1/calls/history", "call_history"),
    ("GET", "api/v1/calls/{id}", "get_call"),
    ("PATCH", "api/calls/{id}", "update_call"),
    ("GET", "api/agents", "list_agents"),
    ("POST", "api/agents", "create_agent"),
    ("GET", "api/agents/{id}", "get_agent"),
    ("PATCH", "api/agents/{id}", "update_agent"),
    ("GET", "api/agents/{id}/versions", "list_agent_versions"),
    ("GET", "api/numbers/{account}", "list_numbers"),
    ("PUT", "api/numbers/{id}/agent", "bind"),
    ("GET", "api/concurrency", "get_concurrency"),
    ("GET", "api/workspaces", "list_workspaces"),
)


def credentials(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return the key of the Authorization header."""
    return bearer(headers), None


def error(status: int, code: str, message: str, field: str = "") -> Reply:
    """Return an error; its statuses and its body are our choice: undocumented."""
    return status, {"success": False, "message": message}


# --- Who asks ------------------------------------------------------------------------
def workspace_id(door: Door) -> int:
    """Return the workspace id a client named, or the one its key stands for.

    The key alone decides whose data is shown; any id is taken (our choice).
    """
    named = door.body.get("workspaceId", door.query.get("workspaceId"))
    written = str(named)
    if written.isascii() and written.isdigit() and len(written) < 16:
        return int(written)
    return numeric.number_of(door.tenant.id)


def need_workspace(door: Door) -> None:
    """Raise WishRefused where the workspace id is missing, or is no whole number."""
    named = door.body.get("workspaceId", door.query.get("workspaceId"))
    written = "" if named is None or isinstance(named, bool) else str(named)
    if not (written.isascii() and written.isdigit()):
        raise WishRefused("workspaceId is required, as a whole number.")


# --- Calls ---------------------------------------------------------------------------
def wish(door: Door) -> LaunchWish:
    """Read a launch."""
    if door.action == "create_web_call":
        return orders.web_wish(door.body)
    return orders.phone_wish(door.body)


def launched(door: Door, call: CallRecord) -> Reply:
    """Answer a launch; of a web call only the token on the first level is known."""
    if call.type == "web":
        return 201, {"success": True} | rendering.call(call)
    return 201, rendering.launched(call)


def read_call_id(written: str) -> str:
    """Return our id from either of the two that a call has."""
    return written.removeprefix("call_")


def call(door: Door, call: CallRecord) -> Json:
    """Answer with one call."""
    return {"success": True, "call": rendering.call(call)}


def list_wish(door: Door) -> ListWish:
    """Read what a client asks of the list or of the history."""
    return orders.list_wish(door.query)


def calls(door: Door, calls: Sequence[CallRecord], wish: ListWish, total: int) -> Json:
    """Answer with a page of calls, newest first (our choice)."""
    return {
        "success": True,
        "calls": [rendering.call(record) for record in calls],
        "pagination": pagination(wish, total),
    }


def pagination(wish: ListWish, total: int) -> Json:
    """Say which page it is, and how many calls there are."""
    page = wish.skip // wish.limit + 1
    return {"page": page, "limit": wish.limit, "total": total}


# --- Agents and numbers --------------------------------------------------------------
def agents(door: Door, agents: Sequence[AgentRecord]) -> list[Json]:
    """Answer with a page of agents: a bare array behind the key in the query."""
    shown = [row for agent in agents for row in rendering.agent_rows(agent)]
    limit = orders.whole(door.query, "limit", 1000, 1000)
    if key := door.query.get("paginationKey"):
        version = door.query.get("paginationKeyVersion", "")
        places = [
            index
            for index, row in enumerate(shown)
            if row["agent_id"] == key and version in ("", str(row["version"]))
        ]
        if not places:
            raise WishRefused("This paginationKey is none of ours.")
        shown = shown[places[-1] + 1 :]
    return shown[:limit]


def agent(door: Door, agent: AgentRecord) -> Json:
    """Answer with the latest version of an agent."""
    return rendering.agent(agent, agent.latest, {})


def numbers(door: Door, numbers: Sequence[NumberRecord]) -> Json:
    """Answer with all numbers; how they are wrapped is cut off in the sheet."""
    named = (door.account, workspace_id(door))
    return {
        "success": True,
        "numbers": [rendering.number(record, *named) for record in numbers],
    }


def number(door: Door, number: NumberRecord) -> Json:
    """Answer a binding with the number as it is now."""
    account = orders.string(door.body, "accountSid", 200) or door.tenant.id
    return rendering.bound(number, account, workspace_id(door))


def bindings(door: Door) -> Mapping[str, BindingFacts]:
    """Read a binding: by direction, what is to be bound; the rest stays."""
    orders.string(door.body, "accountSid", 200)
    return orders.bindings(door.body)


# --- Webhooks ------------------------------------------------------------------------
events = wire.events
is_wanted = wire.is_wanted
is_terminal = wire.is_terminal


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook."""
    return telling.payload(event, record)


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of a webhook; the signature has the name of Retell's."""
    return {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: badge.sign(body, key, now_ms),
    }
