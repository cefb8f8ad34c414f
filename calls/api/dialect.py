"""What every dialect's client can do, answered from our own rows.

The dialect's `server.py` reads what was asked and renders what is found; a dialect with
more than this has a module of its own beside this one.
"""

import uuid
from dataclasses import replace
from typing import cast

from django.http import JsonResponse
from django.http.response import HttpResponseBase

from agents import named
from agents.binding import change
from agents.mirror import agent_facts, number_facts
from agents.models import Agent, Direction, PhoneNumber
from agents.providers import numeric
from agents.providers.base import BindingFacts
from agents.providers.dialects import Dialect, Reply
from agents.providers.listing import AgentRecord, NumberRecord
from agents.providers.registry import DIALECTS
from agents.setups import Setup, Side, SideRefused, shared_side, side_with
from calls.api import call_filters, launching, manners
from calls.api.visit import Action, Json, Problem, Visit
from calls.models import Call
from calls.records import record

TEXT_FIELDS = ("turns", "tool_calls")


def _side(visit: Visit) -> Dialect:
    return cast(Dialect, DIALECTS[visit.dialect])


def answer(reply: Reply) -> JsonResponse:
    """Return a reply of a dialect as an answer of HTTP."""
    status, body = reply
    return JsonResponse(body, status=status, safe=False)


# --- Calls ---------------------------------------------------------------------------
def launch(visit: Visit) -> HttpResponseBase:
    """Launch a call of either type."""
    side = _side(visit)
    call = launching.launch(visit, side.wish(visit.door))
    if call is None:
        return manners.no_answer(visit.request)
    told = record(call, with_turns=False, is_heard=visit.may_read)
    return answer(side.launched(visit.door, told))


def get_call(visit: Visit) -> HttpResponseBase:
    """Return one call with everything known of it."""
    call = find_call(visit, visit.id)
    return answer((200, _side(visit).call(visit.door, record(call))))


def find_call(visit: Visit, written: str) -> Call:
    """Return the call that a client names; 404 where there is none."""
    calls = visit.workspace.calls.select_related("agent", "connection")
    calls = calls.prefetch_related(*TEXT_FIELDS)
    known = _side(visit).read_call_id(written)
    found = None
    if known.isascii() and known.isdigit():
        rows = calls.filter(pk__range=numeric.ids_of(int(known[:17])))
        same = (row for row in rows if numeric.number_of(str(row.pk)) == int(known))
        found = next(same, None)
    elif pk := call_filters.as_uuid(known):
        found = calls.filter(pk=pk).first()
    if found is None:
        raise Problem(404, f"There is no call “{written}”.", "not_found")
    return found


def list_calls(visit: Visit) -> HttpResponseBase:
    """Return a page of calls."""
    side = _side(visit)
    wish = side.list_wish(visit.door)
    rows = visit.workspace.calls.select_related("agent")
    if wish.with_turns:
        rows = rows.prefetch_related(*TEXT_FIELDS)
    page = call_filters.page(rows, wish, _cursor(wish.cursor))
    records = [record(call, with_turns=wish.with_turns) for call in page.calls]
    return answer((200, side.calls(visit.door, records, wish, page.total)))


def _cursor(written: str) -> uuid.UUID | None:
    cursor = call_filters.as_uuid(written) if written else None
    if written and cursor is None:
        raise Problem(400, "This place in the list is none of ours.")
    return cursor


# --- Agents --------------------------------------------------------------------------
def list_agents(visit: Visit) -> HttpResponseBase:
    """Return the workspace's agents."""
    rows = visit.workspace.agents.current().for_list().order_by("created_at", "pk")
    bound = _bound_numbers(visit)
    records = [agent_record(agent, bound) for agent in rows]
    return answer((200, _side(visit).agents(visit.door, records)))


def get_agent(visit: Visit) -> HttpResponseBase:
    """Return one agent with its versions."""
    agent = find_agent(visit, visit.id)
    told = agent_record(agent, _bound_numbers(visit))
    return answer((200, _side(visit).agent(visit.door, told)))


def find_agent(visit: Visit, written: str) -> Agent:
    """Return the agent that a client names; 404 where there is none."""
    agent = named.agent(visit.workspace, written)
    if agent is None:
        raise Problem(404, f"There is no agent “{written}”.", "agent_not_found")
    return agent


def _bound_numbers(visit: Visit) -> dict[tuple[uuid.UUID, str], list[str]]:
    """Return the numbers each agent has, by agent and direction."""
    bound: dict[tuple[uuid.UUID, str], list[str]] = {}
    for number in visit.workspace.numbers.current().for_list():
        for direction in Direction.values:
            if row := number.binding(direction):
                bound.setdefault((row.agent_id, direction), []).append(number.number)
    return bound


def agent_record(
    agent: Agent, bound: dict[tuple[uuid.UUID, str], list[str]]
) -> AgentRecord:
    """Return an agent as a dialect renders it; `bound` holds the numbers of all."""
    return AgentRecord(
        id=str(agent.pk),
        facts=agent_facts(agent),
        created_at=agent.created_at,
        changed_at=agent.changed_at,
        inbound_numbers=tuple(bound.get((agent.pk, Direction.INBOUND), ())),
        outbound_numbers=tuple(bound.get((agent.pk, Direction.OUTBOUND), ())),
    )


# --- Numbers -------------------------------------------------------------------------
def list_numbers(visit: Visit) -> HttpResponseBase:
    """Return the workspace's numbers."""
    rows = visit.workspace.numbers.current().for_list().order_by("number", "pk")
    records = [_number_record(number) for number in rows]
    return answer((200, _side(visit).numbers(visit.door, records)))


def get_number(visit: Visit) -> HttpResponseBase:
    """Return one number."""
    told = _number_record(find_number(visit, visit.id))
    return answer((200, _side(visit).number(visit.door, told)))


def find_number(visit: Visit, written: str) -> PhoneNumber:
    """Return the number a client names, by E.164 or our id; 404 where there is none."""
    rows = visit.workspace.numbers.current().for_list()
    pk = call_filters.as_uuid(written)
    plain = {written, f"+{written.removeprefix('+').strip()}"}
    rows = rows.filter(pk=pk) if pk else rows.filter(number__in=plain)
    found = rows.order_by("created_at").first()
    if found is None:
        words = f"There is no phone number “{written}”."
        raise Problem(404, words, "no_phone_number")
    return found


def bind(visit: Visit) -> HttpResponseBase:
    """Bind agents to a number: at the provider first, then here."""
    number = find_number(visit, visit.id)
    setup = Setup.of(number)
    for direction, wanted in _side(visit).bindings(visit.door).items():
        side = _bound(visit, number, wanted)
        if direction == Direction.INBOUND:
            setup = replace(setup, inbound=side)
        else:
            setup = replace(setup, outbound=side)
    change(number, setup, visit.key)
    told = _number_record(find_number(visit, str(number.pk)))
    return answer((200, _side(visit).number(visit.door, told)))


def _bound(visit: Visit, number: PhoneNumber, wanted: BindingFacts) -> Side:
    """Return what a binding names, as rows of ours."""
    if not wanted.agent_id:
        return Side()
    alone: Json = {"agent_id": wanted.agent_id, "agent_version": wanted.version}
    try:
        parts = [
            (_one(visit, number, row), row.get("weight", 1))
            for row in wanted.weights or (alone,)
        ]
        return shared_side(number, parts)
    except SideRefused as error:
        status = 404 if error.code else 400
        raise Problem(status, str(error), error.code) from None


def _one(visit: Visit, number: PhoneNumber, row: Json) -> Side:
    agent = find_agent(visit, row["agent_id"])
    return side_with(number, agent, row.get("agent_version"))


def _number_record(number: PhoneNumber) -> NumberRecord:
    names = {
        direction: row.agent.name if (row := number.binding(direction)) else ""
        for direction in Direction.values
    }
    return NumberRecord(
        id=str(number.pk),
        facts=number_facts(number),
        created_at=number.created_at,
        inbound_name=names[Direction.INBOUND],
        outbound_name=names[Direction.OUTBOUND],
    )


ACTIONS: dict[str, Action] = {
    "launch": ("calls:write", launch),
    "create_phone_call": ("calls:write", launch),
    "create_web_call": ("calls:write", launch),
    "get_call": ("calls:read", get_call),
    "list_calls": ("calls:read", list_calls),
    "list_agents": ("agents:read", list_agents),
    "get_agent": ("agents:read", get_agent),
    "list_numbers": ("numbers:read", list_numbers),
    "get_number": ("numbers:read", get_number),
    "bind": ("numbers:write", bind),
}
