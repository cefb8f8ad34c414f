"""Retell's call endpoints, answered from our own calls."""

import uuid
from datetime import timedelta

from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from agents.providers.base import LaunchWish
from agents.providers.retell import filters, rendering, server
from agents.providers.voicewire import telling
from calls import tasks
from calls.api import call_filters, launching, manners
from calls.api.visit import Action, Json, Problem, Visit
from calls.models import Call
from calls.models.call import FINAL
from calls.records import record

# Where a provider does not say how long a token may be used (Retell: 30 s).
TOKEN_LIFE = timedelta(seconds=30)
TEXT_FIELDS = ("turns", "tool_calls")


# --- Launching -----------------------------------------------------------------------
def create_phone_call(visit: Visit) -> HttpResponseBase:
    """Launch a call: 201 with the call as registered, or Retell's error."""
    call = _launched(visit, server.phone_wish(visit.body))
    if call is None:
        return manners.no_answer(visit.request)
    told = record(call, with_turns=False, is_heard=visit.may_read)
    return JsonResponse(rendering.call(told), status=201)


def create_web_call(visit: Visit) -> HttpResponse:
    """Launch a web call and answer with what is needed to join it."""
    return JsonResponse(_join(_web_call(visit)), status=201)


def create_web_call_v2(visit: Visit) -> HttpResponse:
    """Launch a web call for an old SDK, which expects the whole call."""
    told = record(_web_call(visit), with_turns=False, is_heard=visit.may_read)
    return JsonResponse(rendering.call(told), status=201)


def _web_call(visit: Visit) -> Call:
    call = _launched(visit, server.web_wish(visit.body))
    assert call is not None  # no number is dialled whose answer could get lost
    return call


def _launched(visit: Visit, wish: LaunchWish) -> Call | None:
    """Launch; a key used for another call is an invalid request in this dialect."""
    try:
        return launching.launch(visit, wish)
    except Problem as problem:
        if problem.code != "idempotency_conflict":
            raise
        words = problem.message.replace("This key", "This idempotency_key")
        raise Problem(400, words, problem.code) from None


def _join(call: Call) -> Json:
    expires = parse_datetime(str(call.join.get("expires_at", "")))
    servers = call.join.get("ice_servers")
    return {
        "access_token": str(call.join.get("access_token", "")),
        "call_id": telling.call_id(str(call.pk)),
        "expires_at": telling.milliseconds(
            expires or (call.dialed_at or call.created_at) + TOKEN_LIFE
        ),
        "ice_servers": servers if isinstance(servers, list) else [],
        "transport": "gateway",
    }


# --- Reading -------------------------------------------------------------------------
def get_call(visit: Visit) -> HttpResponse:
    """Return one call with everything known of it."""
    return JsonResponse(rendering.call(record(_call(visit))))


def _call(visit: Visit) -> Call:
    """Return the call the address names; unknown ids are 422 in this dialect."""
    calls = visit.workspace.calls.select_related("agent", "connection")
    pk = call_filters.as_uuid(visit.id.removeprefix("call_"))
    found = calls.prefetch_related(*TEXT_FIELDS).filter(pk=pk).first() if pk else None
    if found is None:
        raise Problem(422, server.NOT_THERE)
    return found


def list_calls(visit: Visit) -> HttpResponse:
    """Return a page of calls, without what was said in them."""
    wish = filters.list_wish(visit.body)
    rows = visit.workspace.calls.select_related("agent")
    page = call_filters.page(rows, wish, _cursor(wish.cursor))
    shown = [
        rendering.call(record(call, with_turns=False), with_transcript=False)
        for call in page.calls
    ]
    body: Json = {"items": shown, "has_more": page.has_more}
    if page.has_more and shown:
        body["pagination_key"] = shown[-1]["call_id"]
    if wish.with_total:
        body["total"] = page.total
    return JsonResponse(body)


def list_calls_v2(visit: Visit) -> HttpResponse:
    """Return an old SDK's list: a bare array of whole calls."""
    wish = filters.list_wish(visit.body, old=True)
    rows = visit.workspace.calls.select_related("agent").prefetch_related(*TEXT_FIELDS)
    page = call_filters.page(rows, wish, _cursor(wish.cursor))
    shown = [rendering.call(record(call)) for call in page.calls]
    return JsonResponse(shown, safe=False)


def _cursor(written: str) -> uuid.UUID | None:
    if not written:
        return None
    cursor = call_filters.as_uuid(written.removeprefix("call_"))
    if cursor is None:
        raise Problem(400, "This pagination_key is none of ours.")
    return cursor


# --- Changing ------------------------------------------------------------------------
def stop_call(visit: Visit) -> HttpResponse:
    """End a call; one that is over already stays as it is."""
    call = _call(visit)
    if call.status not in FINAL:
        tasks.hang_up(call)
    return HttpResponse(status=204)


def update_call(visit: Visit) -> HttpResponse:
    """Replace the metadata of a call that is over."""
    call = _call(visit)
    others = set(visit.body) - {"metadata"}
    metadata = visit.body.get("metadata")
    if others:
        raise Problem(400, f"Only metadata can be changed, not {min(others)}.")
    if not isinstance(metadata, dict) or len(visit.request.body) > 50_000:
        raise Problem(400, "metadata must be an object of at most 50 kB.")
    if call.status not in FINAL:
        raise Problem(400, "Only a call that has ended can be changed.")
    call.metadata, call.changed_at = metadata, timezone.now()
    call.save(update_fields=["metadata", "changed_at"])
    return JsonResponse(rendering.call(record(call, is_heard=visit.may_read)))


# --- The account ---------------------------------------------------------------------
def get_concurrency(visit: Visit) -> HttpResponse:
    """Return how many calls are live, and how many may be."""
    rooms = visit.workspace.connections.filter(is_active=True)
    limit = sum(rooms.values_list("concurrency", flat=True))
    return JsonResponse(
        {
            "current_concurrency": visit.workspace.calls.at_provider().count(),
            "concurrency_limit": limit,
            "base_concurrency": limit,
            "purchased_concurrency": 0,
            "concurrency_burst_enabled": False,
            "concurrency_burst_limit": 0,
            "reserved_inbound_concurrency": 0,
        }
    )


def get_api_key_info(visit: Visit) -> HttpResponse:
    """Return whose key this is."""
    workspace = visit.workspace
    return JsonResponse(
        {
            "org_id": f"org_{workspace.pk.hex}",
            "org_name": workspace.name,
            "api_key_name": visit.key.name,
        }
    )


ACTIONS: dict[str, Action] = {
    "create_phone_call": ("calls:write", create_phone_call),
    "create_web_call": ("calls:write", create_web_call),
    "create_web_call_v2": ("calls:write", create_web_call_v2),
    "get_call": ("calls:read", get_call),
    "list_calls": ("calls:read", list_calls),
    "list_calls_v2": ("calls:read", list_calls_v2),
    "stop_call": ("calls:write", stop_call),
    "update_call": ("calls:write", update_call),
    "get_concurrency": ("calls:read", get_concurrency),
    "get_api_key_info": ("", get_api_key_info),
}
