"""Zudu's addresses beyond the common ones: lists by status, records, number labels."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import or_

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http.response import HttpResponseBase
from django.utils import timezone

from agents.binding import change
from agents.providers.bodies import object_of, string
from agents.providers.zudu import filters, requests, server, words
from agents.setups import Setup
from calls import lifecycle
from calls.api import call_filters, dialect, zudu_callee, zudu_webhooks
from calls.api.visit import Action, Problem, Visit
from calls.models import Call, Source
from calls.models.call import CallQuerySet
from calls.records import record

RECORD_NOTE = (
    "Only a record, made by a client of the Zudu API: it was never to be dialled."
)
IS_RECORD = Q(end_reason_raw=words.RECORD_ONLY)
WAITS_FOR_JOINING = Q(type="web", status__in=words.BEFORE_JOINING)
# What may be sent about a number; the rest cannot be kept here.
OF_A_NUMBER = {
    *("inbound_agent_id", "inbound_agent_version", "nickname", "label"),
    *("outbound_agent_id", "outbound_agent_version"),
}
LONGEST_ID = 160
OF_A_RECORD = {"call_status", "direction", "from_number", "metadata"}


# --- Reading -------------------------------------------------------------------------
def list_calls(visit: Visit) -> HttpResponseBase:
    """Return a page of calls, whole ones by GET and shorter ones by POST."""
    wish = server.list_wish(visit.door)
    rows = visit.workspace.calls.select_related("agent")
    if wish.with_turns:
        rows = rows.prefetch_related(*dialect.TEXT_FIELDS)
    wanted = filters.statuses(filters.asked(visit.door))
    if wanted is not None:
        rows = rows.filter(reduce(or_, map(_has_status, sorted(wanted))))
    page = call_filters.page(rows, wish, None)
    records = [record(call, with_turns=wish.with_turns) for call in page.calls]
    return dialect.answer((200, server.calls(visit.door, records, wish, page.total)))


def _has_status(word: str) -> Q:
    """Return what holds for the calls that are shown with a status, in lower case."""
    statuses = [ours for ours, w in words.THEIR_STATUSES.items() if w.lower() == word]
    if word == "registered":
        others = WAITS_FOR_JOINING
    else:
        others = Q(status__in=statuses) & ~WAITS_FOR_JOINING
    return (IS_RECORD & Q(status_raw=word)) | (~IS_RECORD & others)


def get_call(visit: Visit) -> HttpResponseBase:
    """Return one call with everything known of it."""
    told = record(_find(visit))
    return dialect.answer((200, server.call(visit.door, told)))


def _find(visit: Visit) -> Call:
    """Return the call a client names: one that it made may have an id of its own."""
    own = Q(launch_key=f"{visit.dialect}:{visit.id}")
    records = _records(visit, visit.id) | visit.workspace.calls.filter(own)
    found = records.select_related("agent", "connection").first()
    return found or dialect.find_call(visit, visit.id)


# --- Records -------------------------------------------------------------------------
def create_record(visit: Visit) -> HttpResponseBase:
    """Make a record of a call (contract sheet, section 1.1).

    It dials nobody, unless the client's key says where the metadata names the callee.
    """
    call_id = string(visit.body, "call_id", longest=LONGEST_ID)
    if call_id and _records(visit, call_id).exists():
        raise _taken(call_id)
    return zudu_callee.dialled(visit) or _recorded(visit, call_id)


def _recorded(visit: Visit, call_id: str) -> HttpResponseBase:
    body = visit.body
    agent = dialect.find_agent(visit, string(body, "agent_id", required=True))
    now = datetime.now(tz=UTC)
    made = lifecycle.imported(
        workspace=visit.workspace,
        connection=agent.connection,
        agent=agent,
        api_key=visit.key,
        source=Source.COMPAT,
        dialect=visit.dialect,
        status="canceled",
        status_raw="registered",
        end_reason="canceled",
        end_reason_raw=words.RECORD_ONLY,
        note=RECORD_NOTE,
        type=requests.type_of(body),
        direction=requests.direction_of(body),
        provider_call_id=call_id,
        metadata=object_of(body, "metadata"),
        ignore_e164_validation=True,
        created_at=now,
        ended_at=now,
        changed_at=now,
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise _taken(call_id) from None
    told = server.created(visit.door.tenant, record(made))
    return dialect.answer((201, told))


def _taken(call_id: str) -> Problem:
    """Refuse a second record: what a repeated id does is undocumented, our choice."""
    return Problem(400, f"Call with ID '{call_id}' already exists.")


def _records(visit: Visit, call_id: str) -> CallQuerySet:
    return visit.workspace.calls.filter(IS_RECORD, provider_call_id=call_id)


def update_call(visit: Visit) -> HttpResponseBase:
    """Merge metadata into a call; the rest can be changed of a mere record only."""
    call, body = _find(visit), visit.body
    others = set(body) - (OF_A_RECORD if _is_record(call) else {"metadata"})
    if others:
        words_ = (
            f"{min(others)} of this call cannot be changed: it tells what happened."
        )
        raise Problem(400, words_)
    call.metadata = call.metadata | object_of(body, "metadata")
    call.changed_at = timezone.now()
    fields = ["metadata", "changed_at"]
    if _is_record(call):
        known = words.RECORD_STATUSES
        call.status_raw = requests.word(body, "call_status", known, call.status_raw)
        call.direction = requests.direction_of(body, call.direction)
        number = string(body, "from_number", longest=40)
        call.from_number = number or call.from_number
        fields += ["status_raw", "direction", "from_number"]
    call.save(update_fields=fields)
    told = record(call, is_heard=visit.may_read)
    return dialect.answer((200, server.updated(visit.door.tenant, told)))


def _is_record(call: Call) -> bool:
    return call.end_reason_raw == words.RECORD_ONLY


# --- Agents and numbers --------------------------------------------------------------
def get_agent(visit: Visit) -> HttpResponseBase:
    """Return one agent in full, with the webhook that is assigned to it."""
    agent = dialect.find_agent(visit, visit.id)
    told = dialect.agent_record(agent, {})
    webhook = zudu_webhooks.assigned(agent)
    return dialect.answer((200, server.agent(visit.door, told, webhook)))


def update_number(visit: Visit) -> HttpResponseBase:
    """Bind agents to a number at the provider, then label it here."""
    others = [name for name in visit.body if name not in OF_A_NUMBER]
    if others:
        raise Problem(400, f"{others[0]} is not offered here. Leave it out.")
    names = ("nickname", "label")
    labels = [string(visit.body, name, longest=120) for name in names]
    answer = dialect.bind(visit)
    if not {"nickname", "label"} & set(visit.body):
        return answer
    number = dialect.find_number(visit, visit.id)
    label = next(filter(None, labels), "")
    change(number, replace(Setup.of(number), label=label), visit.key)
    return dialect.get_number(visit)


ACTIONS: dict[str, Action] = {
    "list_calls": ("calls:read", list_calls),
    "search_calls": ("calls:read", list_calls),
    "get_call": ("calls:read", get_call),
    "create_record": ("calls:write", create_record),
    "update_call": ("calls:write", update_call),
    "get_agent": ("agents:read", get_agent),
    "search_numbers": ("numbers:read", dialect.list_numbers),
    "list_available_numbers": ("numbers:read", dialect.list_numbers),
    "update_number": ("numbers:write", update_number),
    **zudu_webhooks.ACTIONS,
}
