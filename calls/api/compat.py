"""The door for clients that speak a provider's API: `/compat/<slug>/<their own path>`."""

import json
import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from agents.providers.base import ProviderBusy, ProviderError, ProviderUnclear
from agents.providers.dialects import Door, Server, Tenant
from agents.providers.registry import DIALECTS
from calls.api import (
    dialect,
    itellico,
    keys,
    klen,
    retell_agents,
    retell_calls,
    retell_llms,
    retell_numbers,
    uponai,
    zudu,
)
from calls.api.native_faults import OUR_FAULT
from calls.api.visit import Action, Problem, Visit, read_body
from calls.privacy import masking
from dashboard.models import ApiKey

logger = logging.getLogger(__name__)
# What needs one of these answers with calls.
SHOW_CALLS = (keys.READS_CALLS, keys.WRITES_CALLS)
# What only one dialect's clients can do, beside what all of them can.
MORE: dict[str, dict[str, Action]] = {
    "retell": retell_calls.ACTIONS
    | retell_agents.ACTIONS
    | retell_llms.ACTIONS
    | retell_numbers.ACTIONS,
    "itellico": itellico.ACTIONS,
    "klen": klen.ACTIONS,
    "uponai": uponai.ACTIONS,
    "zudu": zudu.ACTIONS,
}


@csrf_exempt
@login_not_required
def compat(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """Answer one request as the provider `slug` would."""
    side = DIALECTS.get(slug)
    if side is None:
        words = f"Switchboard does not speak “{slug}”."
        return JsonResponse({"error": "not_found", "message": words}, status=404)
    try:
        return _answer(side, slug, request, path)
    except Problem as problem:
        where = (problem.message, problem.field)
        return dialect.answer(side.error(problem.status, problem.code, *where))
    except keys.KeyRefused as no:
        words = no.message or side.KEY_MISSING
        status, body = side.error(no.status, no.code, words)
        return JsonResponse(body, status=status, safe=False, headers=no.headers)
    except ProviderError as error:
        return dialect.answer(side.error(*_meaning(error), error.message))
    except Exception:
        # Whatever nobody foresaw: a client reads no page of ours.
        logger.exception("%s %s failed", request.method, request.path)
        return dialect.answer(side.error(500, "server_error", OUR_FAULT))


def _answer(
    side: Server, slug: str, request: HttpRequest, path: str
) -> HttpResponseBase:
    key = _key(side, request)
    name, ids = _route(side, str(request.method), path)
    actions = dialect.ACTIONS | MORE.get(slug, {})
    if name not in actions:
        raise Problem(400, f"Switchboard does not offer {name.replace('_', ' ')}.")
    scope, act = actions[name]
    if not keys.may(key, scope):
        words = keys.lacking(scope, side.PERMISSIONS)
        raise Problem(403, words, "permission_denied")
    door = Door(
        action=name,
        tenant=Tenant(str(key.workspace.pk), key.workspace.name),
        id=ids.get("id", ""),
        account=ids.get("account", ""),
        query=request.GET.dict(),
        body=read_body(request),
    )
    done: HttpResponseBase = act(Visit(request, key, door, slug))
    return _as_seen(key, done) if scope in SHOW_CALLS else done


def _as_seen(key: ApiKey, done: HttpResponseBase) -> HttpResponseBase:
    """Mask an answer about calls, where the workspace has it masked for programs."""
    if isinstance(done, JsonResponse) and masking.key_reader(key).is_masked:
        done.content = json.dumps(masking.MASKED.value(json.loads(done.content)))
    return done


def _key(side: Server, request: HttpRequest) -> ApiKey:
    """Return the usable key the request carries, in the dialect's way."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    sent, secret = side.credentials(headers, request.GET.dict())
    return keys.admit(request, sent, secret)


def _route(side: Server, method: str, path: str) -> tuple[str, dict[str, str]]:
    plain = path.rstrip("/")
    # As it was written first: a dialect may insist on a slash at the end.
    found = side.ROUTES.match(method, path) or side.ROUTES.match(method, plain)
    if found is not None:
        return found
    if methods := side.ROUTES.methods(plain):
        words = f"/{path} takes {', '.join(methods)}, not {method}."
        raise Problem(405, words, "method_not_allowed")
    raise Problem(404, f"There is no {method} /{path} here.", "not_found")


def _meaning(error: ProviderError) -> tuple[int, str]:
    """Return status and code of what a provider behind us, or our reading, refused."""
    if isinstance(error, ProviderBusy):
        return 429, "limit_exceeded"
    if isinstance(error, ProviderUnclear):
        return 500, "server_error"
    return 400, "provider_error"
