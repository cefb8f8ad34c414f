"""itellico's endpoints beyond the common ones, and the account in its addresses."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.db import transaction
from django.http import JsonResponse
from django.http.response import HttpResponseBase

from agents.binding import change
from agents.providers.itellico import asked, rendering
from agents.setups import Setup
from calls.api import dialect
from calls.api.own_rows import draft, own, touch
from calls.api.visit import Action, Problem, Visit

Act = Callable[[Visit], HttpResponseBase]


def in_account(act: Act) -> Act:
    """Answer only in the key's own account, and say which field of a request is wrong.

    That `me` stands for it is documented for the list of agents; here it does
    everywhere (our choice).
    """

    @wraps(act)
    def answered(visit: Visit) -> HttpResponseBase:
        if visit.door.account.lower() not in ("me", visit.door.tenant.id):
            words = f"This key may not act on the account “{visit.door.account}”."
            raise Problem(403, words, "permission_denied")
        try:
            return act(visit)
        except asked.FieldWrong as wrong:
            raise Problem(422, wrong.message, "invalid_field", wrong.field) from None

    return answered


def get_account(visit: Visit) -> HttpResponseBase:
    """Return the account the key belongs to."""
    made_at = visit.workspace.created_at
    return JsonResponse(rendering.account(visit.door.tenant, made_at))


@transaction.atomic
def update_agent(visit: Visit) -> HttpResponseBase:
    """Change an agent's name, opening line, voice, model or language.

    Where its latest version is published, a new one is begun: theirs have none, and
    show the latest.
    """
    agent = own(dialect.find_agent(visit, visit.id))
    name, changes = asked.agent_changes(visit.body)
    if changes:
        row = draft(agent)
        for field, value in changes.items():
            setattr(row, field, value)
        row.save()
    agent.name = name or agent.name
    touch(agent, "name")
    visit.note("agent.changed", agent.name, {}, {"fields": sorted(visit.body)})
    return dialect.get_agent(visit)


def update_number(visit: Visit) -> HttpResponseBase:
    """Bind the agent that answers, and rename: at the provider first, then here."""
    for field in ("number", "sip_trunk_id"):
        if field in visit.body:
            words = "This cannot be changed at this address."
            raise asked.FieldWrong(f"body.{field}", words)
    name = asked.string(visit.body, "name", 100)
    answer = dialect.bind(visit)
    if "name" not in visit.body:
        return answer
    number = dialect.find_number(visit, visit.id)
    change(number, replace(Setup.of(number), label=name), visit.key)
    return dialect.get_number(visit)


GUARDED: dict[str, Action] = {
    **{
        name: dialect.ACTIONS[name]
        for name in (
            *("launch", "get_call", "list_calls", "list_agents", "get_agent"),
            *("list_numbers", "get_number"),
        )
    },
    "list_conversations": ("calls:read", dialect.list_calls),
    "update_agent": ("agents:write", update_agent),
    "update_number": ("numbers:write", update_number),
}
ACTIONS: dict[str, Action] = {
    "get_account": ("", get_account),
    **{name: (scope, in_account(act)) for name, (scope, act) in GUARDED.items()},
}
