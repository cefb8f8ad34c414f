"""Launching for a program, whatever its dialect: one wish, one call."""

import time
from datetime import timedelta

from django.utils import timezone

from agents.providers.base import LaunchWish
from calls import tasks
from calls.api import manners
from calls.api.visit import Problem, Visit
from calls.launch import LaunchConflict, against, is_repeat
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
    key = _key(plan)
    if not is_repeat(plan, key):
        if refusal := against(plan, key):
            raise _problem(refusal)
        if not manners.goes_on(plan):
            return None
    loses_answer = manners.loses_answer(plan)
    call, is_new = _launch(plan, key, manners.HELD if loses_answer else None)
    if call.type == "web":
        call = _joined(call)
    return None if is_new and loses_answer else call


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


def _launch(plan: Plan, key: str, held: timedelta | None) -> tuple[Call, bool]:
    """Write the call's row and have it dialled; a repeat gives the first call."""
    scheduled_at = timezone.now() + held if held else None
    try:
        call, is_new = write_call(plan, key, scheduled_at)
    except LaunchConflict as conflict:
        words = f"This key was used for another call: {conflict.call.pk}."
        raise Problem(409, words, "idempotency_conflict") from None
    except LaunchRefused as error:
        raise _problem(error.refusal) from None
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
