"""What Klen AI's clients can do beside the common actions, or in another way.

Its agents go by two ids, its calls show their contact, and webhooks are registered by
address.
"""

import secrets
from dataclasses import replace

from django.http.response import HttpResponseBase

from agents import address
from agents.providers.base import LaunchWish, Overrides
from agents.providers.klen import people, rendering, server, words
from calls.api import (
    call_filters,
    dialect,
    klen_contacts,
    klen_context,
    launching,
    manners,
)
from calls.api.visit import Action, Json, Problem, Visit
from calls.models import Call, Contact
from calls.records import record

# A 429 says when to come again (sheet, section 0), in seconds.
COME_AGAIN = "1"


# --- Launching -----------------------------------------------------------------------
def launch(visit: Visit) -> HttpResponseBase:
    """Launch a call, for an agent and a contact by either of their ids."""
    wish = server.wish(visit.door)
    wish = replace(wish, agent_id=_assistant_id(visit, wish.agent_id))
    try:
        call = launching.launch(visit, *_with_contact(visit, wish))
    except Problem as problem:
        if problem.status != 429:
            raise
        reply = server.error(problem.status, problem.code, problem.message)
        answer = dialect.answer(reply)
        answer["Retry-After"] = COME_AGAIN
        return answer
    if call is None:
        return manners.no_answer(visit.request)
    told = record(call, with_turns=False)
    return dialect.answer(server.launched(visit.door, told))


def _assistant_id(visit: Visit, written: str) -> str:
    """Return the assistant id for a database id; anything else stays as it is."""
    if not written.isascii() or not written.isdigit():
        return written
    ids = visit.workspace.agents.current().values_list("provider_agent_id", flat=True)
    same = (one for one in ids if str(rendering.agent_number(one)) == written)
    return next(same, written)


def _with_contact(visit: Visit, wish: LaunchWish) -> tuple[LaunchWish, Contact | None]:
    """Take a contact of ours out of the wish.

    An id that is none of ours goes on to the provider behind, in Klen's own word.
    """
    number = wish.overrides.raw.get("contact_id")
    contact = klen_contacts.known_as(visit, str(number)) if number else None
    return (replace(wish, overrides=Overrides()) if contact else wish), contact


# --- Reading -------------------------------------------------------------------------
def get_call(visit: Visit) -> HttpResponseBase:
    """Return one call with everything known of it, and its contact."""
    call = dialect.find_call(visit, visit.id)
    shown = server.call(visit.door, record(call))
    if call.contact:
        (person,) = klen_contacts.people_of(visit, [call.contact])
        shown["contact"] = people.of_detail(person)
    return dialect.answer((200, shown))


def list_calls(visit: Visit) -> HttpResponseBase:
    """Return a page of calls, newest first, with their contacts."""
    agent_id = _assistant_id(visit, visit.door.query.get("agent_id", ""))
    query = {**visit.door.query, "agent_id": agent_id}
    wish = server.list_wish(replace(visit.door, query=query))
    rows = visit.workspace.calls.select_related("agent", "contact")
    page = call_filters.page(rows, wish, None)
    told = [record(call, with_turns=False) for call in page.calls]
    shown = server.calls(visit.door, told, wish, page.total)
    for row, call in zip(shown["calls"], page.calls, strict=True):
        row["contact"] = _contact(call)
    return dialect.answer((200, shown))


def _contact(call: Call) -> Json | None:
    contact = call.contact
    return people.of_call(klen_contacts.person(contact)) if contact else None


# --- Webhooks ------------------------------------------------------------------------
def create_webhook(visit: Visit) -> HttpResponseBase:
    """Register an address for events; the secret is shown this once.

    The answer is unseen (sheet, section 7.1): it repeats what was asked.
    """
    name, url = _text(visit, "name", 120), _text(visit, "url", 600)
    if wrong := address.problem_now(url):
        raise Problem(400, f"url: {wrong}")
    row = visit.workspace.endpoints.create(
        dialect=visit.dialect,
        name=name,
        url=url,
        secret=f"whsec_{secrets.token_urlsafe(30)}",
        events=_events(visit),
    )
    visit.note("webhook.added", name, {}, {"url": url, "events": row.events})
    shown: Json = {
        "id": row.pk,
        "name": name,
        "url": url,
        "subscribed_events": row.events,
        "secret": row.secret,
        "is_active": True,
        "created_at": rendering.time(row.created_at),
    }
    return dialect.answer((201, shown))


def _text(visit: Visit, name: str, longest: int) -> str:
    value = visit.body.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
        raise Problem(400, f"{name} must be a text of at most {longest} characters.")
    return value.strip()


def _events(visit: Visit) -> list[str]:
    """Return the events asked for; those of the calendar never happen here."""
    events = visit.body.get("subscribed_events")
    known = (*words.CALL_EVENTS, *words.CALENDAR_EVENTS)
    if not isinstance(events, list) or not events:
        raise Problem(400, "subscribed_events must be an array with an event at least.")
    if others := [str(event) for event in events if event not in known]:
        raise Problem(
            400, f"There is no event “{others[0]}”. Known: {', '.join(known)}."
        )
    return events


ACTIONS: dict[str, Action] = {
    "launch": ("calls:write", launch),
    "get_call": ("calls:read", get_call),
    "list_calls": ("calls:read", list_calls),
    # Which permission this needs is undocumented.
    "create_webhook": ("calls:write", create_webhook),
    **klen_contacts.ACTIONS,
    **klen_context.ACTIONS,
}
