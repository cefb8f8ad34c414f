"""Who may call whom: the person who launches, and the person who is called."""

from collections.abc import Iterator

from agents import phone
from calls.models import Contact
from calls.plan import Plan
from calls.refusals import Refusal
from dashboard.models import Workspace


def may_launch(plan: Plan) -> Iterator[Refusal]:
    """May this person launch calls at all?"""
    if plan.user is None:
        return
    member = plan.workspace.members.filter(user=plan.user).first()
    if member is None or not member.may("launch"):
        yield Refusal(
            "permission_denied",
            "You may read calls, but not launch them.",
            "Ask an admin to make you a sales manager.",
        )


def do_not_call(plan: Plan) -> Iterator[Refusal]:
    """Did the person called ask not to be called?"""
    # The number as it is dialled, and as it is understood: 001415… is +1415….
    numbers = (plan.to_number, plan.phone.e164 if plan.phone else "")
    refusal = barred(plan.workspace, plan.contact, numbers)
    if refusal:
        yield refusal


def barred(
    workspace: Workspace, contact: Contact | None, numbers: tuple[str, ...]
) -> Refusal | None:
    """Refuse the contact or the numbers (as dialled first) that must not be called."""
    asked = workspace.contacts.filter(number__in=numbers, do_not_call=True)
    if contact and contact.do_not_call:
        asked = workspace.contacts.filter(pk=contact.pk)
    if found := asked.first():
        return Refusal(
            "do_not_call",
            f"{found} asked not to be called.",
            "Only if they agreed to calls again: edit the contact.",
            "to_number",
        )
    if workspace.suppressions.filter(number__in=numbers).exists():
        return Refusal(
            "do_not_call",
            f"{phone.pretty(numbers[0])} is on the do-not-call list.",
            "Only if they agreed to calls again: an admin can take it off the list.",
            "to_number",
        )
    return None


def country(plan: Plan) -> Iterator[Refusal]:
    """May the caller number call this country?"""
    number, callee = plan.number, plan.phone
    if not number or not callee or not number.countries:
        return
    if callee.country not in number.countries:
        allowed = ", ".join(number.countries)
        yield Refusal(
            "country_not_allowed",
            f"{number} may not call {phone.country_name(callee.country)}.",
            f"It may call {allowed}. An admin can allow more under Numbers.",
            "to_number",
        )
