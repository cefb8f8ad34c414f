"""Answering as Klen AI: its addresses, its requests, its errors, its webhooks.

Pure: who asks, what is stored and what is dialled is decided in `calls/api/`. Klen has
no addresses for numbers, so there is nothing to list or bind.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from agents.providers.base import CallRecord, Json, LaunchWish, Overrides, WishRefused
from agents.providers.dialects import (
    THREE_RETRIES,
    Door,
    Reply,
    Routes,
    SignedWith,
    Tenant,
    bearer,
)
from agents.providers.klen import rendering, signing, words
from agents.providers.klen.facts import number_text
from agents.providers.listing import AgentRecord, Condition, ListWish
from agents.providers.reading import text

KEY_MISSING = "No API key was provided, or it is invalid or inactive."
PERMISSIONS = words.PERMISSIONS
NEEDS_KEY = True
SIGNED_WITH = SignedWith.SECRET
RETRIES = THREE_RETRIES  # undocumented: our choice
EVENTS = words.CALL_EVENTS
USUAL_LIMIT, MOST = 10, 100
# Deeper than this, variables have no names any more.
DEEPEST = 5

# The last one is theirs as it stands: without v1, and with the slash (sheet, section 0).
ROUTES = Routes(
    ("POST", "api/v1/calls", "launch"),
    ("GET", "api/v1/calls", "list_calls"),
    ("GET", "api/v1/calls/{id}", "get_call"),
    ("GET", "api/v1/agents", "list_agents"),
    ("GET", "api/v1/contacts", "list_contacts"),
    ("POST", "api/v1/contacts/create", "create_contact"),
    ("GET", "api/v1/contacts/{id}", "get_contact"),
    ("PUT", "api/v1/contacts/{id}/update", "replace_contact"),
    ("PATCH", "api/v1/contacts/{id}/update", "change_contact"),
    ("POST", "api/v1/contacts/{id}/context", "set_contact_context"),
    ("POST", "api/v1/business/context", "set_business_context"),
    ("GET", "api/v1/context-variables", "list_variables"),
    ("POST", "api/v1/context-variables/create", "create_variable"),
    ("PUT", "api/v1/context-variables/{id}/update", "replace_variable"),
    ("PATCH", "api/v1/context-variables/{id}/update", "change_variable"),
    ("DELETE", "api/v1/context-variables/{id}/delete", "delete_variable"),
    ("POST", "api/webhooks/create/", "create_webhook"),
)


def credentials(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return the key, sent in one of three ways: Bearer, X-API-Key, `?api_key=`."""
    sent = (bearer(headers), headers.get("x-api-key", ""), query.get("api_key", ""))
    return next(filter(None, (key.strip() for key in sent)), ""), None


def error(status: int, code: str, message: str, field: str = "") -> Reply:
    """Return an error in Klen's shape; its word is in `error`."""
    said, word = words.their_error(status, code)
    return said, {"error": word, "message": message}


# --- Requests ------------------------------------------------------------------------
def wish(door: Door) -> LaunchWish:
    """Read a launch; raise WishRefused with what is wrong.

    What is missing is for the gate to say. `contact_id` goes along in Klen's own word;
    `calls/api/klen.py` looks whether it is one of our contacts.
    """
    number = door.body.get("phone_number")
    if number is not None and not isinstance(number, str):
        raise WishRefused("phone_number must be a string.")
    contact = door.body.get("contact_id")
    if contact is not None and not number_text(contact):
        raise WishRefused("contact_id must be a whole number.")
    return LaunchWish(
        to_number=text(number, 200),
        agent_id=agent_id(door.body.get("agent_id")),
        variables=variables(door.body.get("variables")),
        overrides=Overrides(raw={} if contact is None else {"contact_id": contact}),
    )


def agent_id(value: Any) -> str:
    """Read an agent's id, a database id or an assistant id; empty: none is given."""
    if value is None or isinstance(value, str):
        return text(value, 200)
    if not number_text(value):
        raise WishRefused("agent_id must be a string or a whole number.")
    return number_text(value)


def variables(value: Any) -> dict[str, str]:
    """Read variables as flat texts.

    How nested ones are addressed is undocumented; here `{"a": {"b": 1}}` is `a.b`.
    """
    if value is not None and not isinstance(value, dict):
        raise WishRefused("variables must be an object.")
    return dict(_flat("", value or {}, 1))


def _flat(before: str, values: Json, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict) and depth < DEEPEST:
            yield from _flat(f"{before}{name}.", value, depth + 1)
        else:
            yield f"{before}{name}", _plain(value)


def _plain(value: Any) -> str:
    """Write a value as text, as an agent may say it."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def list_wish(door: Door) -> ListWish:
    """Read what a client asks of the list of calls; an unknown word is refused."""
    page = page_number(door.query, "page", 1, 1_000_000)
    limit = page_number(door.query, "limit", USUAL_LIMIT, MOST)
    return ListWish(
        conditions=tuple(_conditions(door.query)),
        limit=limit,
        skip=(page - 1) * limit,
        with_total=True,
    )


def page_number(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """Read a whole number from 1 on; what is more than `most` counts as that."""
    written = query.get(name) or str(usual)
    if not written.isascii() or not written.isdigit() or not int(written[:9]):
        raise WishRefused(f"{name} must be a whole number from 1 to {most}.")
    return min(int(written[:9]), most)


def _conditions(query: Mapping[str, str]) -> Iterator[Condition]:
    if agent := text(query.get("agent_id"), 200):
        yield Condition("agent", "in", [(agent, None)])
    if status := query.get("status"):
        ours = [mine for mine, word in words.THEIR_STATUSES.items() if word == status]
        if not ours:
            known = ", ".join(words.STATUSES)
            raise WishRefused(f"status must be one of {known}.")
        yield Condition("status", "in", ours)
    if direction := query.get("type"):
        if direction not in ("inbound", "outbound"):
            raise WishRefused("type must be inbound or outbound.")
        yield Condition("direction", "in", [direction])


def read_call_id(written: str) -> str:
    """Return our id, from a database id or from Klen's call id."""
    plain = written.removeprefix("call_")
    if plain == written:
        return written
    try:
        return str(UUID(plain))
    except ValueError:
        return plain if not plain.isdigit() else ""


# --- Answers -------------------------------------------------------------------------
def launched(door: Door, call: CallRecord) -> Reply:
    """Answer a launch; the exact status is undocumented, 201 is our choice."""
    return 201, rendering.created(call)


def call(door: Door, call: CallRecord) -> Json:
    """Answer with one call."""
    return rendering.detail(call, door.tenant)


def calls(door: Door, calls: Sequence[CallRecord], wish: ListWish, total: int) -> Json:
    """Answer with a page of calls."""
    return page("calls", list(map(rendering.listed, calls)), wish, total)


def page(name: str, rows: Sequence[Json], wish: ListWish, total: int) -> Json:
    """Return a page in Klen's envelope."""
    return {
        "count": total,
        "page": wish.skip // wish.limit + 1,
        "limit": wish.limit,
        "pages": -(-total // wish.limit),
        name: list(rows),
    }


def agents(door: Door, agents: Sequence[AgentRecord]) -> Json:
    """Answer with all agents: Klen has no pages of them."""
    return {"agents": [rendering.agent(agent, door.tenant) for agent in agents]}


# --- Webhooks ------------------------------------------------------------------------
def events(before: str, status: str, changed: Collection[str]) -> list[str]:
    """Return the events a change gives, in the order that Klen calls usual."""
    return list(_events(before, status, frozenset(changed)))


def _events(before: str, status: str, changed: frozenset[str]) -> Iterator[str]:
    over, was_over = status in words.FINAL, before in words.FINAL
    took_place = status == "ended"
    was_quiet = not was_over and before != "in_progress"
    if was_quiet and status in ("in_progress", "ended"):
        yield words.STARTED
    if over and not was_over:
        yield words.ENDED if took_place else words.FAILED
    if took_place and ("turns" in changed or not was_over):
        yield words.TRANSCRIPT
    if took_place and "summary" in changed:
        yield words.SUMMARY
    if took_place and "recording_url" in changed:
        yield words.RECORDING


def is_wanted(event: str, chosen: Collection[str]) -> bool:
    """Tell whether an endpoint wants an event; an empty choice is all of them."""
    return event in (chosen or words.CALL_EVENTS)


def is_terminal(event: str) -> bool:
    """Tell whether the event says that a call is over: all but the first do."""
    return event != words.STARTED


def webhook(event: str, record: CallRecord, tenant: Tenant) -> Json:
    """Return the body of a webhook."""
    call = rendering.told(record) | _more(event, record)
    made_at = record.update.occurred_at or record.created_at
    return {"event_type": event, "call": call, "timestamp": rendering.time(made_at)}


def _more(event: str, record: CallRecord) -> Json:
    """Return what an event says beside the rest.

    For a failure, a transcript, a recording and a summary the fields are unseen: they
    are called here as in the detail, and the reason `reason`.
    """
    update = record.update
    summary = update.analysis.summary if update.analysis else ""
    match event:
        case words.STARTED:
            # It tells of a moment that may be past when it is made.
            open_end = {"ended_at": None, "duration_seconds": None}
            status = words.THEIR_STATUSES["in_progress"]
            return {"assistant_id": record.agent_id, "status": status, **open_end}
        case words.ENDED:
            lasted = {"duration": rendering.seconds(update.duration_ms)}
            return lasted | ({"summary": summary} if summary else {})
        case words.FAILED:
            raw, ours = update.end_reason_raw, update.end_reason
            return {"reason": words.their_reason(record.status, ours, raw)}
        case words.TRANSCRIPT:
            return {"transcript": rendering.transcript(update.turns or ())}
        case words.SUMMARY:
            return {"summary": summary}
    return {"recording_url": update.recording_url}


def headers(body: bytes, key: str, now_ms: int) -> dict[str, str]:
    """Return the headers of a webhook; its signature's form is unseen (our choice)."""
    told = {"Content-Type": "application/json"}
    return told | {words.SIGNATURE_HEADER: signing.sign(body, key)}
