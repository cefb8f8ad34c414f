"""The door for clients that speak a provider's API: `/compat/<slug>/<their own path>`."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from agents.providers.base import Json, ProviderBusy, ProviderError, ProviderUnclear
from agents.providers.retell import server as retell
from calls.api import keys, retell_agents, retell_calls, retell_llms, retell_numbers
from calls.api.visit import Action, Problem, Visit, read_body

logger = logging.getLogger(__name__)


class Server(Protocol):
    """What the door asks of a provider's `server.py`."""

    KEY_MISSING: str

    def route(self, method: str, path: str) -> tuple[str, str] | None:
        """Return the action an address stands for and the id in it."""

    def error(self, message: str) -> Json:
        """Return the body of an error."""


@dataclass(frozen=True, slots=True)
class Side:
    """One dialect: how it is spoken, and what it can do."""

    server: Server
    actions: Mapping[str, Action]


SIDES: dict[str, Side] = {
    "retell": Side(
        retell,
        retell_calls.ACTIONS
        | retell_agents.ACTIONS
        | retell_llms.ACTIONS
        | retell_numbers.ACTIONS,
    ),
}


@csrf_exempt
@login_not_required
def compat(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """Answer one request as the provider `slug` would."""
    side = SIDES.get(slug)
    if side is None:
        words = f"Switchboard does not speak “{slug}”."
        return JsonResponse({"error": "not_found", "message": words}, status=404)
    try:
        return _answer(side, request, path)
    except Problem as problem:
        return JsonResponse(side.server.error(problem.message), status=problem.status)
    except ProviderError as error:
        status = _status(error)
        return JsonResponse(side.server.error(error.message), status=status)


def _answer(side: Side, request: HttpRequest, path: str) -> HttpResponseBase:
    key = keys.authenticate(request)
    if key is None:
        raise Problem(401, side.server.KEY_MISSING)
    found = side.server.route(str(request.method), path.rstrip("/"))
    if found is None:
        raise Problem(404, f"There is no {request.method} /{path} here.")
    name, part = found
    scope, act = _action(side.actions, name)
    if not keys.may(key, scope):
        raise Problem(403, f"This API key does not have the scope {scope}.")
    return act(Visit(request, key, part, read_body(request)))


def _action(
    actions: Mapping[str, Action], name: str
) -> tuple[str, Callable[[Visit], HttpResponseBase]]:
    if name not in actions:
        raise Problem(400, f"Switchboard does not offer {name.replace('_', ' ')}.")
    return actions[name]


def _status(error: ProviderError) -> int:
    """Return the status for what a provider behind us, or our own reading, refused."""
    if isinstance(error, ProviderBusy):
        return 429
    return 500 if isinstance(error, ProviderUnclear) else 400
