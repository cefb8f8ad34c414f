"""Launching for a program, whatever its dialect: one wish, one call."""

import time

from django.utils import timezone

from agents.providers.base import LaunchWish
from calls import tasks
from calls.api import manners
from calls.api.visit import Problem, Visit
from calls.launch import LaunchConflict, ask
from calls.launch import launch as write_call
from calls.models import Call, Contact, Source
from calls.models.call import FINAL
from calls.plan import Plan, prepare
from calls.refusals import LaunchRefused, Refusal

# A web call's token comes with the provider's reply; its client waits for it this long.
JOIN_SECONDS = 10.0
JOIN_STEP = 0.02


def launch(
    visit: Visit, wish: LaunchWish, contact: Contact | None = None
) -> Call | None:
    """Launch what a client wished; None: its answer is to break off without a word.

    `contact` is the one the client named; else the number finds it.

    A repeat with the same key returns the first call. Raises Problem with the code of
    the gate that refused, or as a scripted trouble of the dialled number wants it.
    """
    plan = _plan(visit, wish, contact)
    try:
        call, is_new = _launch(plan, _key(plan))
    except LaunchConflict as conflict:
        words = f"This key was used for another call: {conflict.call.pk}."
        raise Problem(409, words, "idempotency_conflict") from None
    except LaunchRefused as error:
        raise _problem(error.refusal) from None
    if call is None or (is_new and manners.loses_answer(plan)):
        return None
    return _joined(call) if call.type == "web" else call


def _plan(visit: Visit, wish: LaunchWish, contact: Contact | None) -> Plan:
    return prepare(
        visit.workspace,
        wish,
        source=Source.COMPAT,
        dialect=visit.dialect,
        api_key=visit.key,
        contact=contact,
    )


def _key(plan: Plan) -> str:
    """Return what makes a repeat of this wish a repeat; empty: nothing does."""
    word = plan.wish.idempotency_key or plan.wish.external_id
    return f"{plan.dialect}:{word}" if word else ""


def _problem(refusal: Refusal) -> Problem:
    words = f"{refusal.message} {refusal.mend}".strip()
    return Problem(refusal.status, words, refusal.code, refusal.field)


def _launch(plan: Plan, key: str) -> tuple[Call | None, bool]:
    """Write the call's row and have it dialled; a repeat gives the first call.

    None: a scripted trouble lets it go no further. Raises LaunchConflict, LaunchRefused.
    """
    if first := ask(plan, key):
        return first, False
    if not manners.goes_on(plan):
        return None, False
    held = manners.HELD if manners.loses_answer(plan) else None
    call, is_new = write_call(plan, key, timezone.now() + held if held else None)
    if is_new:
        tasks.nudge(call)
    return call, is_new


def _joined(call: Call) -> Call:
    """Wait until the provider has said how to join the call."""
    until = time.monotonic() + JOIN_SECONDS
    while not call.join and time.monotonic() < until:
        if call.status in FINAL:
            words = call.note or "The web call could not be started."
            raise Problem(500, words, "server_error")
        time.sleep(JOIN_STEP)
        call.refresh_from_db()
    if not call.join:
        raise Problem(500, "The provider has not answered in time.", "server_error")
    return call
