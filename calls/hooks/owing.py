"""Webhooks we owe: who is told what of a change of a call.

The row is the queue. `owe` writes it in the transaction that changed the call, and has
it looked at on commit; `calls/hooks/outbox.py` sends what is due.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import UUIDField
from django.utils import timezone

from agents.providers.base import Account, Manner
from agents.providers.dialects import Telling
from calls import unclear
from calls.hooks import voices
from calls.models import Call, Delivery, WebhookEndpoint
from dashboard.celery import send
from dashboard.prepared import GivenMany, Prepared

# A held webhook waits for the one that overtakes it, but not for ever.
HOLD = timedelta(seconds=60)
AFTER = timedelta(microseconds=1)
# An unclear dial is settled this long after the last question about it, at the latest.
SETTLED = timedelta(minutes=1)
# Who listens. A secret costs its decryption, and nothing is signed here.
LISTENING = Prepared(
    lambda: (
        WebhookEndpoint.objects.filter(
            workspace__among=GivenMany("spaces", UUIDField())
        )
        .filter(is_active=True)
        .select_related("workspace")
        .defer("secret", "old_secret")
    )
)
# A call, its status before, and the names of what changed.
Change = tuple[Call, str, set[str]]


def owe(call: Call, before_status: str, changed: set[str]) -> None:
    """Write what is to be told of a change; called inside its transaction."""
    owe_all([(call, before_status, changed)])


def owe_all(changes: Iterable[Change]) -> None:
    """Write what is to be told of changes: call, status before, names of what changed.

    Who listens is asked once for all of them: most often nobody does.
    """
    changes = list(changes)
    if not changes:
        return
    spaces = {call.workspace_id for call, _, _ in changes}
    rows = LISTENING.all(spaces=spaces)
    endpoints = [row for row in rows if row.dialect in voices.VOICES]
    owed = False
    for call, before_status, changed in changes if endpoints else []:
        listeners = _listeners(call, endpoints)
        if listeners:
            owed |= _owe(call, before_status, changed, listeners)
    if owed:
        deliver_soon()


def deliver_soon() -> None:
    """Have what is owed sent after the commit; the sweep does when the broker is down."""
    transaction.on_commit(lambda: send("calls.tasks.deliver"), robust=True)


def _owe(
    call: Call, before_status: str, changed: set[str], listeners: list[WebhookEndpoint]
) -> bool:
    """Write what the listeners are to be told; return whether that is anything."""
    now, manner = timezone.now(), _manner(call)
    due_at = _due_at(call, now)
    rows: list[Delivery] = []
    for dialect in {endpoint.dialect for endpoint in listeners}:
        voice = voices.VOICES[dialect]
        events = voice.events(before_status, call.status, changed)
        mine = [endpoint for endpoint in listeners if endpoint.dialect == dialect]
        if dialect == voices.NATIVE:
            rows += _rows(call, voice, events, mine, due_at)
            continue
        told = _rows(call, voice, _told(voice, events, manner), mine, due_at)
        twice = manner.webhooks == "twice_reversed" and told
        rows += _twice_reversed(call, voice, told, now) if twice else told
    Delivery.objects.bulk_create(rows)
    return bool(rows)


def _due_at(call: Call, now: datetime) -> datetime:
    """Return when news of a call may go out: now, unless it may be a call of ours.

    A stranger's row may turn out to be one that we dialled and that is not confirmed
    yet. It then goes into that one, with all news of it that still waits
    (`merging.take_over`): so nobody hears of one call under two ids.
    """
    if call.is_ours:
        return now
    line, direction = call.connection, call.direction
    dialled = unclear.numbers(line)
    is_open = unclear.may_be_one(dialled, line, direction, call.to_number)
    due_at = now + line.kind.ask_after[-1] + SETTLED if is_open else now
    # What waits already goes out together with this, and before it.
    call.deliveries.filter(attempts=0, due_at__gt=now).update(due_at=due_at)
    return due_at


def _listeners(
    call: Call, endpoints: Iterable[WebhookEndpoint]
) -> list[WebhookEndpoint]:
    """Return who listens: the agent's own endpoints replace the workspace's."""
    found = [
        row
        for row in endpoints
        if row.workspace_id == call.workspace_id
        and row.agent_id in (None, call.agent_id)
    ]
    own = {row.dialect for row in found if row.agent_id}
    return [row for row in found if row.agent_id or row.dialect not in own]


def _manner(call: Call) -> Manner:
    """Return how the client that launched the call is to be treated."""
    if not call.dialect or call.type == "web":
        return Manner()
    return call.connection.kind(Account("")).manner(call.to_number)


def _told(voice: Telling, events: list[str], manner: Manner) -> list[str]:
    """Leave out what a scripted trouble keeps quiet."""
    if manner.webhooks == "none":
        return []
    if manner.webhooks == "no_end":
        return [event for event in events if not voice.is_terminal(event)]
    return events


def _rows(
    call: Call,
    voice: Telling,
    events: Iterable[str],
    listeners: Sequence[WebhookEndpoint],
    due_at: datetime,
) -> list[Delivery]:
    """Return the unsaved deliveries of some events to listeners of one format."""
    now = timezone.now()
    wanted = [
        (endpoint, event)
        for event in events
        for endpoint in listeners
        if voice.is_wanted(event, endpoint.events)
    ]
    if not wanted:
        return []
    names = dict.fromkeys(event for _, event in wanted)
    bodies = voices.bodies(listeners[0], names, call, now)
    return [
        Delivery(
            endpoint=endpoint,
            call=call,
            event=event,
            body=bodies[event],
            created_at=now,
            due_at=due_at,
        )
        for endpoint, event in wanted
    ]


def _twice_reversed(
    call: Call, voice: Telling, rows: list[Delivery], now: datetime
) -> list[Delivery]:
    """Send every webhook twice and in the wrong order: the later one goes first."""
    waiting = call.deliveries.filter(attempts=0, due_at__gt=now + AFTER)
    overtaken = waiting.update(due_at=now + AFTER)
    is_over = any(voice.is_terminal(row.event) for row in rows)
    due_at = now if overtaken or is_over else now + HOLD
    twice = [row for row in reversed(rows) for _ in range(2)]
    return [
        Delivery(
            endpoint=row.endpoint,
            call=row.call,
            event=row.event,
            body=row.body,
            created_at=now,
            due_at=due_at,
        )
        for row in twice
    ]
