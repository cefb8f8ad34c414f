"""Webhooks that are only hints, about calls we do not know: the provider is asked first.

Whoever knows a webhook's address may send made-up ids. So no row is written from such a
body, and only so many are asked about in a minute; the rest wait, with words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from agents import budget
from agents.models import Connection
from agents.providers.base import (
    CallHandle,
    CallRequest,
    CallUpdate,
    Provider,
    ProviderError,
)
from calls import batches, changes, intake
from calls.lifecycle import Applied
from calls.matching import Known, ids_of
from calls.models import Watch, WebhookEvent
from calls.privacy import erasing

# While one worker asks, others leave the event alone for this long.
LEASE = timedelta(minutes=1)
# A call that the provider does not know yet may just be new there: so many times.
ASKS = 2
# So many calls that nobody here knows are asked about in a minute.
PER_MINUTE = 30
ASK_AGAIN = timedelta(seconds=20)

FIRST = "Not signed, and about a call we do not know: the provider is asked first."
TOO_MANY = (
    "Not signed, and about a call we do not know. So many of these came that this one "
    "has to wait before the provider is asked."
)
UNKNOWN = "Not signed, and {label} does not know the call: nothing was made of it."
LATER = "{label} could not be asked about this call: {words}"


@dataclass(frozen=True, slots=True)
class Hint:
    """A stored webhook that is to be looked up now."""

    event_id: int


def put_off(events: Iterable[WebhookEvent], now: datetime) -> list[Hint]:
    """Leave hints of unknown calls unapplied; return those to be looked up now."""
    hints, events = [], list(events)
    for event in events:
        if _may_look_up(event.connection, now):
            event.attempts += 1
            event.error, event.retry_at = FIRST, now + LEASE
            hints.append(Hint(event.pk))
        else:
            event.error, event.retry_at = TOO_MANY, now + _wait(event, now)
    batches.save(events, ["error", "retry_at", "attempts"])
    return hints


def _may_look_up(connection: Connection, now: datetime) -> bool:
    """Take one question about a call nobody knows; False: later."""
    rows = Watch.objects.filter(connection=connection)
    while True:
        watch, _ = Watch.objects.get_or_create(connection=connection)
        after, wait = budget.moved(watch.hints_until, PER_MINUTE, now)
        if wait > budget.NOW:
            return False
        if rows.filter(hints_until=watch.hints_until).update(hints_until=after):
            return True


def _wait(event: WebhookEvent, now: datetime) -> timedelta:
    """Wait as many minutes as it takes to ask about those that wait already."""
    waiting = WebhookEvent.objects.filter(
        connection=event.connection, applied_at=None, retry_at__gt=now
    )
    return timedelta(minutes=1 + waiting.count() // PER_MINUTE)


def look_up(event_id: int, now: datetime) -> list[Applied]:
    """Ask the provider about the calls of a hint, and write those it knows."""
    rows = WebhookEvent.objects.select_related("connection__workspace")
    event = rows.filter(pk=event_id, applied_at=None).first()
    if event is None:
        return []
    turns = budget.Turns(event.connection)
    client = event.connection.client(turns)
    told = client.parse_webhook(event.payload, event.received_at)
    known = Known([(event.connection, update) for update in told])
    unknown = [u for u in told if ids_of(u) and not known.find(event.connection, u)]
    if not unknown:
        return _again(event, "", now)
    if not turns.may_ask(now):
        return _later(event, "its requests for this minute are spent.", now)
    try:
        asked = [(fetch(client, update), update) for update in unknown]
    except ProviderError as error:
        return _later(event, error.message, now)
    found = [[answer, believed(event, u)] for answer, u in asked if answer]
    if not found and event.attempts < ASKS:
        return _again(event, FIRST, now + ASK_AGAIN)
    return _settle(event, found, is_all=len(unknown) == len(told), now=now)


def believed(event: WebhookEvent, update: CallUpdate) -> CallUpdate:
    """Return what of a hint is true whatever the provider answers: no status, no time.

    Where its signature was checked, its ids are, and its analysis, which some providers
    tell in webhooks only.
    """
    if not event.connection.client().checks_signatures:
        return CallUpdate()
    return CallUpdate(
        provider_call_id=update.provider_call_id,
        other_call_id=update.other_call_id,
        analysis=update.analysis,
    )


def fetch(client: Provider, update: CallUpdate) -> CallUpdate | None:
    """Return what the provider knows of a call that is not ours; None: no such call."""
    wish = CallRequest(reference="", type=update.type, agent_id="")
    call_id = update.provider_call_id or update.other_call_id
    return client.fetch_call(CallHandle(wish, call_id))


def _settle(
    event: WebhookEvent, found: list[list[CallUpdate]], *, is_all: bool, now: datetime
) -> list[Applied]:
    """Write what the provider said, and that the event is done with.

    One that hints at calls we know as well is applied once more, for these.
    """
    label = event.connection.kind.label
    with transaction.atomic():
        rows = WebhookEvent.objects.select_for_update(no_key=True)
        fresh = rows.filter(pk=event.pk, applied_at=None).first()
        if fresh is None:
            return []
        done = [applied for told in found for applied in _taken_in(event, told, now)]
        fresh.error = "" if done else UNKNOWN.format(label=label)
        fresh.call = done[-1].call if done else None
        fresh.applied_at = now if is_all else None
        fresh.retry_at = None
        fresh.save(update_fields=["applied_at", "retry_at", "error", "call"])
    return done


def _taken_in(
    event: WebhookEvent, told: list[CallUpdate], now: datetime
) -> list[Applied]:
    """Write one call; nothing where somebody erased it here."""
    try:
        return [intake.take_in(event.connection, told, now, changes.POLL)[0]]
    except intake.WasErased:
        erasing.empty(event)
        return []


def _later(event: WebhookEvent, words: str, now: datetime) -> list[Applied]:
    """Keep why the provider could not be asked; the event is looked up again."""
    words = LATER.format(label=event.connection.kind.label, words=words)
    return _again(event, words, now + timedelta(seconds=5.0 * 2**event.attempts))


def _again(event: WebhookEvent, words: str, at: datetime) -> list[Applied]:
    """Have the event applied again at `at`."""
    rows = WebhookEvent.objects.filter(pk=event.pk)
    rows.update(error=words[:2000], retry_at=at)
    return []
