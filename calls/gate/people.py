"""Who may call whom: the person who launches, and the person who is called."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Q, QuerySet, UUIDField, Value

from agents import phone
from agents.models import Carrier, PhoneNumber
from calls.models import Contact, Suppression
from calls.plan import Plan
from calls.refusals import Found, Refusal, Seen
from dashboard.models import Workspace
from dashboard.prepared import NOBODY, Given, GivenMany, Prepared


def may_launch(plan: Plan) -> Iterator[Found]:
    """May this person launch calls at all?"""
    if plan.member:
        role = plan.member.get_role_display()
        yield Seen("permission", str(plan.member.user), role)
    elif plan.api_key:
        yield Seen("permission", f"API key {plan.api_key}", "calls:write")
    if plan.member and not plan.member.may("launch"):
        yield Refusal(
            "permission_denied",
            "You may read calls, but not launch them.",
            "Ask an admin to make you a sales manager.",
        )


def do_not_call(plan: Plan) -> Iterator[Found]:
    """Did the person called ask not to be called?"""
    contact_id = plan.contact.pk if plan.contact else None
    written = plan.phone.e164 if plan.phone else ""
    numbers = meant(plan.to_number, written, plan.workspace)
    refusal = barred(plan.workspace, contact_id, numbers)
    saw = refusal.message if refusal else "not on the list"
    yield Seen("do-not-call", "contacts, and the list", saw)
    if refusal:
        yield refusal


def meant(to_number: str, written: str, workspace: Workspace) -> tuple[str, ...]:
    """Return a number as it is dialled, and as it may be understood: 001415… is +1415….

    What has no E.164 (`written` is empty: 9 and a number, a SIP address) may ring one
    all the same.
    """
    others = phone.dialled(to_number, workspace.country) if not written else {written}
    return (to_number, *sorted(others))


def barred(
    workspace: Workspace, contact_id: uuid.UUID | None, numbers: tuple[str, ...]
) -> Refusal | None:
    """Refuse the contact or the numbers (as dialled first) that must not be called."""
    named = {"contact": contact_id or NOBODY, "numbers": numbers}
    both = BARRED.all(workspace=workspace.pk, **named)
    found: list[tuple[str, str, str]] = sorted(map(tuple, both))
    if not found:
        return None
    kind, name, number = found[0]
    if kind == "contact":
        return Refusal(
            "do_not_call",
            f"{name or phone.pretty(number)} asked not to be called.",
            "Only if they agreed to calls again: edit the contact.",
            "to_number",
        )
    return Refusal(
        "do_not_call",
        f"{phone.pretty(numbers[0])} is on the do-not-call list.",
        "Only if they agreed to calls again: an admin can take it off the list.",
        "to_number",
    )


def _barred() -> QuerySet[Any, Any]:
    """Return who of a contact and some numbers must not be called.

    One question for both tables: it is asked at every launch and again at every dial.
    """
    numbers, space = GivenMany("numbers", CharField()), Given("workspace", UUIDField())
    meant = Q(number__among=numbers) | Q(pk=Given("contact", UUIDField()))
    people = Contact.objects.filter(meant, workspace=space, do_not_call=True)
    listed = Suppression.objects.filter(workspace=space, number__among=numbers)
    names = people.order_by().values_list(Value("contact"), "name", "number")
    rows = listed.order_by().values_list(Value("list"), Value(""), "number")
    return names.union(rows, all=True)


BARRED = Prepared(_barred)


def country(plan: Plan) -> Iterator[Found]:
    """May the caller number call this country?"""
    number, is_free = plan.number, plan.wish.ignore_e164_validation
    if not number or plan.wish.type == "web" or not (plan.phone or is_free):
        return
    own = set(number.countries)
    allowed = own or bought_for(number)
    listed = ", ".join(sorted(allowed))
    where = f"{number.number} may call {listed or 'every country'}"
    there = plan.phone.country if plan.phone else ""
    yield Seen("country", where, there or "unknown")
    if not allowed or there in allowed or _is_extension(plan):
        return
    label = number.connection.kind.label
    carrier = number.get_carrier_display()
    mend = (
        f"It may call {listed}. An admin can allow more under Numbers."
        if own
        else f"{label} lets numbers bought from it, on {carrier}, call {listed}. Call "
        "from a number of custom telephony."
    )
    callee = phone.country_name(there) if there else f"{plan.to_number}, wherever it is"
    yield Refusal(
        "country_not_allowed", f"{number} may not call {callee}.", mend, "to_number"
    )


def _is_extension(plan: Plan) -> bool:
    """Tell whether it rings nobody outside: it is too short for that."""
    short = len(phone.digits(plan.to_number)) < phone.SHORTEST
    return plan.phone is None and short


def bought_for(number: PhoneNumber) -> frozenset[str]:
    """Return what a number bought from its provider may call; empty: not stated."""
    if number.carrier == Carrier.CUSTOM:
        return frozenset()
    return number.connection.kind.bought_numbers_call.get(number.carrier, frozenset())
