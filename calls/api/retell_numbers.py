"""Retell's number endpoints, answered from our own numbers."""

from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from agents import named, phone
from agents.binding import change
from agents.models import Carrier, Direction, PhoneNumber
from agents.providers.base import NumberFacts
from agents.providers.retell import rendering, server
from agents.setups import Setup, Side, SideRefused, shared_side
from calls.api.own_rows import home, plays_itself, string
from calls.api.retell_rows import is_ascending, pick
from calls.api.visit import Action, Json, Problem, Visit

SIDES = {"inbound_agents": Direction.INBOUND, "outbound_agents": Direction.OUTBOUND}
CHANGES = {*SIDES, "nickname", "allowed_outbound_country_list"}
# How a number reaches a carrier: of no use to a platform that calls nobody.
TRUNK = {
    "termination_uri",
    "sip_trunk_auth_username",
    "sip_trunk_auth_password",
    "auth_username",
    "auth_password",
    "transport",
    "codecs",
    "ignore_e164_validation",
    "area_code",
    "country_code",
    "toll_free",
}
# The simulated voices; their ids are what an agent's voice may be called.
VOICES = (
    ("11labs-Maya", "Maya", "elevenlabs", "female"),
    ("11labs-Adrian", "Adrian", "elevenlabs", "male"),
    ("openai-Alloy", "Alloy", "openai", "female"),
    ("cartesia-Robin", "Robin", "cartesia", "female"),
    ("cartesia-Nico", "Nico", "cartesia", "male"),
)


# --- Reading -------------------------------------------------------------------------
def list_numbers(visit: Visit) -> HttpResponse:
    """Return a page of numbers."""
    limit = visit.number("limit", 50, 1000)
    after = visit.parameter("pagination_key")
    rows = visit.workspace.numbers.current().for_list()
    if is_ascending(visit):
        rows, behind = rows.order_by("number", "pk"), Q(number__gt=after)
    else:
        rows, behind = rows.order_by("-number", "-pk"), Q(number__lt=after)
    found = list((rows.filter(behind) if after else rows)[: limit + 1])
    body: Json = {
        "items": [_shown(number) for number in found[:limit]],
        "has_more": len(found) > limit,
    }
    if body["has_more"]:
        body["pagination_key"] = found[limit - 1].number
    return JsonResponse(body)


def list_numbers_v1(visit: Visit) -> HttpResponse:
    """Return an old SDK's list: a bare array."""
    rows = visit.workspace.numbers.current().for_list()
    return JsonResponse([_shown(number) for number in rows], safe=False)


def get_number(visit: Visit) -> HttpResponse:
    """Return one number."""
    return JsonResponse(_shown(_find(visit)))


def _find(visit: Visit) -> PhoneNumber:
    rows = visit.workspace.numbers.current().for_list().filter(number=visit.id)
    found = rows.order_by("created_at").first()
    if found is None:
        raise Problem(422, server.NOT_THERE)
    return found


def _shown(number: PhoneNumber) -> Json:
    setup = Setup.of(number)
    facts = NumberFacts(
        number=number.number,
        label=number.label,
        carrier=number.carrier,
        countries=setup.countries,
        inbound=setup.inbound.facts(),
        outbound=setup.outbound.facts(),
    )
    # Retell writes numbers of North America with brackets; any way to read them will do.
    return rendering.number(facts, phone.pretty(number.number), number.created_at)


# --- Changing ------------------------------------------------------------------------
def update_number(visit: Visit) -> HttpResponse:
    """Bind agents, rename, limit countries: at the provider first, then here."""
    number = _find(visit)
    _only(visit.body, CHANGES | (TRUNK if plays_itself(number.connection) else set()))
    change(number, _setup(visit, number), visit.key)
    return JsonResponse(_shown(_find(visit)))


def _only(body: Json, known: set[str]) -> None:
    others = [name for name in body if name not in known and body[name] is not None]
    if others:
        raise Problem(400, f"{others[0]} is not offered here. Leave it out.")


def _setup(visit: Visit, number: PhoneNumber) -> Setup:
    """Return what the number is to have: what it has, with the body on top."""
    body, setup = visit.body, Setup.of(number)
    for name, direction in SIDES.items():
        if name in body:
            side = _side(visit, number, name)
            setup = (
                replace(setup, inbound=side)
                if direction == Direction.INBOUND
                else replace(setup, outbound=side)
            )
    if "nickname" in body:
        setup = replace(setup, label=string(body, "nickname", 120) or "")
    if "allowed_outbound_country_list" in body:
        listed = body["allowed_outbound_country_list"]
        setup = replace(setup, countries=_countries(listed))
    return setup


def _side(visit: Visit, number: PhoneNumber, name: str) -> Side:
    parts = [
        (_one(visit, number, agent_id, version), weight)
        for agent_id, version, weight in server.agents_of(visit.body, name)
    ]
    try:
        return shared_side(number, parts)
    except SideRefused as error:
        raise Problem(400, str(error)) from None


def _one(
    visit: Visit, number: PhoneNumber, agent_id: str, version: int | str | None
) -> Side:
    agent = named.agent(visit.workspace, agent_id)
    if agent is None:
        raise Problem(422, server.NOT_THERE)
    if agent.connection_id != number.connection_id:
        raise Problem(400, f"{agent} and {number} belong to different connections.")
    latest = version in (None, "latest")
    return Side(agent, None if latest else pick(agent, version).version)


def _countries(listed: Any) -> tuple[str, ...]:
    codes = listed or []
    good = isinstance(codes, list) and all(
        isinstance(code, str) and len(code) == 2 and code.isalpha() for code in codes
    )
    if not good:
        raise Problem(400, "allowed_outbound_country_list must hold codes such as US.")
    return tuple(code.upper() for code in codes)


# --- Adding and removing -------------------------------------------------------------
def import_number(visit: Visit) -> HttpResponse:
    """Take in a number of one's own carrier."""
    string(visit.body, "termination_uri", 400, required=True)
    return _add(visit, Carrier.CUSTOM)


def create_number(visit: Visit) -> HttpResponse:
    """Take in a simulated number; which one must be said, as nothing is bought."""
    carrier = visit.body.get("number_provider") or "twilio"
    if carrier not in ("twilio", "telnyx"):
        raise Problem(400, "number_provider must be twilio or telnyx.")
    return _add(visit, carrier)


def _add(visit: Visit, carrier: str) -> HttpResponse:
    _only(visit.body, CHANGES | TRUNK | {"phone_number", "number_provider"})
    written = string(visit.body, "phone_number", 20, required=True) or ""
    if not phone.is_e164(written):
        raise Problem(
            400, "phone_number must be in E.164 format, such as +14155550100."
        )
    try:
        with transaction.atomic():
            number = PhoneNumber(
                workspace=visit.workspace,
                connection=home(visit.workspace),
                number=written,
                carrier=carrier,
                theirs={"made_here": True},
            )
            number.save()
            change(number, _setup(visit, number), visit.key)
    except IntegrityError:
        raise Problem(400, f"{written} is here already.") from None
    visit.note("number.added", written, {}, {"carrier": carrier})
    shown = visit.workspace.numbers.for_list().get(pk=number.pk)
    return JsonResponse(_shown(shown), status=201)


@transaction.atomic
def delete_number(visit: Visit) -> HttpResponse:
    """Retire a number; its calls stay readable."""
    number = _find(visit)
    if not plays_itself(number.connection):
        label = number.connection.kind.label
        raise Problem(400, f"{number} lives at {label}: remove it there, then sync.")
    number.retired_at = timezone.now()
    number.save(update_fields=["retired_at"])
    visit.note("number.deleted", number.number, {"number": number.number}, {})
    return HttpResponse(status=204)


def list_voices(visit: Visit) -> HttpResponse:
    """Return the voices of the simulated platform."""
    return JsonResponse(list(map(_voice, VOICES)), safe=False)


def get_voice(visit: Visit) -> HttpResponse:
    """Return one voice of the simulated platform."""
    found = next((_voice(one) for one in VOICES if one[0] == visit.id), None)
    if found is None:
        raise Problem(422, server.NOT_THERE)
    return JsonResponse(found)


def _voice(voice: tuple[str, ...]) -> Json:
    names = ("voice_id", "voice_name", "provider", "gender")
    return dict(zip(names, voice, strict=True))


ACTIONS: dict[str, Action] = {
    "list_numbers": ("numbers:read", list_numbers),
    "list_numbers_v1": ("numbers:read", list_numbers_v1),
    "get_number": ("numbers:read", get_number),
    "update_number": ("numbers:write", update_number),
    "create_number": ("numbers:write", create_number),
    "import_number": ("numbers:write", import_number),
    "delete_number": ("numbers:write", delete_number),
    "list_voices": ("agents:read", list_voices),
    "get_voice": ("agents:read", get_voice),
}
