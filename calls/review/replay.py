"""Applying a stored webhook once more: what that would change, and doing it.

The webhook goes through the door that it came by, `lifecycle`; nothing here dials. What
it would change is found by applying it in a transaction that is rolled back.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from agents.providers.base import CallUpdate
from calls import changes, facts, lifecycle, webhooks
from calls.changes import Heard
from calls.lifecycle import Applied
from calls.matching import Known
from calls.models import Call, ToldBy, ToolCall, Turn, WebhookEvent
from calls.transcript import TOOL_FIELDS, TURN_FIELDS
from dashboard.models import User

# What of a call is compared, beside what was said.
COMPARED = tuple(
    sorted({*facts.WATCHED, *facts.LATER, "currency", "note"} - {"status_raw"})
)
LONGEST = 400


class CannotApply(Exception):
    """Why a webhook is not applied again; `str()` is for people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would be otherwise; texts for reading, empty: nothing there."""

    name: str
    before: str
    after: str


def preview(event: WebhookEvent, now: datetime) -> list[Difference]:
    """Return what applying a webhook again would change; nothing is changed.

    Raises CannotApply.
    """
    told = _told(event)
    with transaction.atomic():
        before = _seen(event)
        _apply(event, told, now)
        after = _seen(event)
        transaction.set_rollback(True)
    return [
        Difference(name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def apply_again(event: WebhookEvent, by: User, now: datetime) -> list[Applied]:
    """Apply a webhook again; return what `tasks.follow` takes. Raises CannotApply."""
    told = _told(event)
    with transaction.atomic():
        done = _apply(event, told, now)
        WebhookEvent.objects.filter(pk=event.pk).update(applied_at=now, error="")
        for call in {row.call.pk: row.call for row in done}.values():
            changes.by_hand(call, by, now, "Applied a stored webhook again.")
    return done


def _told(event: WebhookEvent) -> list[CallUpdate]:
    """Return what of a webhook is about the call it belongs to."""
    if not event.body:
        raise CannotApply("What this webhook said was erased.")
    try:
        told = webhooks.updates(event)
    except Exception as error:
        # Whatever an adapter stumbled over then, it may stumble over now.
        why = f"{type(error).__name__}: {error}"
        raise CannotApply(f"The webhook cannot be read. {why}") from error
    known = Known([(event.connection, update) for update in told])
    ours = []
    for update in told:
        row = known.find(event.connection, update)
        if row and row.pk == event.call_id:
            ours.append(update)
    if not ours:
        raise CannotApply("This webhook says nothing that Switchboard knows to read.")
    return ours


def _apply(event: WebhookEvent, told: list[CallUpdate], now: datetime) -> list[Applied]:
    if event.call_id is None:
        return []
    pairs = [(event.call_id, webhooks.as_told(event, one, now)) for one in told]
    heard = [Heard(ToldBy.WEBHOOK, event.pk)] * len(pairs)
    return lifecycle.apply_all(pairs, now, heard)


# --- Comparing -----------------------------------------------------------------------
def _seen(event: WebhookEvent) -> dict[str, Any]:
    """Return the call as it is now: its fields, and each line of what was said."""
    call = Call.objects.filter(events=event.pk).first()
    if call is None:
        return {}
    seen = {_name(name): getattr(call, name) for name in COMPARED}
    rows: tuple[tuple[str, type[Turn | ToolCall], tuple[str, ...]], ...] = (
        ("Line", Turn, TURN_FIELDS),
        ("Tool", ToolCall, TOOL_FIELDS),
    )
    for label, model, fields in rows:
        for index, *values in model._default_manager.filter(call=call).values_list(
            "index", *fields
        ):
            seen[f"{label} {index + 1}"] = dict(zip(fields, values, strict=True))
    return seen


def _name(field: str) -> str:
    return field.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if value in (None, "", {}, []):
        return ""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    elif isinstance(value, datetime):
        value = value.isoformat(timespec="milliseconds")
    return str(value)[:LONGEST]
