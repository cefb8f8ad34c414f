"""Everything that happened to a call, in order, each with who told us of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models.functions import Left

from agents.models import Direction
from calls.models import (
    Call,
    CallChange,
    CallStatus,
    Delivery,
    RecordingState,
    ToldBy,
    WebhookEvent,
)
from calls.models.call import FINAL
from calls.models.traffic import Verdict
from calls.sound import audio

# The name of an event stands near the beginning of a webhook, under one of these.
EVENT = re.compile(r'"(?:event|event_type|type)"\s*:\s*"([\w.:-]{1,60})"')
BEGINNING = 600
# More than this is no timeline: the webhooks have a page of their own.
MOST = 300
FIELDS = {
    "turns": "what was said",
    "summary": "the summary",
    "sentiment": "the sentiment",
    "successful": "whether the goal was reached",
    "analysis": "extracted data",
    "cost": "the cost",
    "cost_parts": "the parts of the cost",
    "latency": "response times",
    "recording_url": "the recording",
    "duration_ms": "the duration",
    "answered_by": "who answered",
    "answered_by_heard": "who answered, by the provider",
    "end_reason": "why it ended",
    "end_reason_raw": "",
    "fault": "whose fault it was",
    "ringing_at": "when it rang",
    "answered_at": "when it was answered",
    "ended_at": "when it ended",
    "contact": "the contact",
    "agent": "the agent",
    "from_number": "the caller’s number",
    "to_number": "the number called",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `source` says who told us, `event_id` by which webhook.

    `kind` chooses its mark: us, in, out, ask, person or state. Where the same happened
    `count` times in a row, `until` is when it did last.
    """

    at: datetime
    title: str
    source: str
    kind: str = "state"
    detail: str = ""
    event_id: int | None = None
    count: int = 1
    until: datetime | None = None

    def is_like(self, other: "Moment") -> bool:
        """Whether another says the same, but for its time."""
        mine = (self.title, self.source, self.detail)
        return mine == (other.title, other.source, other.detail)


def timeline(call: Call) -> list[Moment]:
    """Return all that is known to have happened, oldest first. Three queries."""
    changes = list(
        call.changes.select_related("user", "api_key").order_by("at", "id")[:MOST]
    )
    events = events_of(call)
    names = {event.pk: event.name for event in events}
    told = {change.status_after for change in changes} - {""}
    moments = [
        *_of_row(call, told),
        *(_of_change(change, names) for change in changes),
        *_of_events(events, {change.event_id for change in changes}),
        *_of_deliveries(call),
    ]
    return _folded(sorted(moments, key=lambda moment: moment.at))


def _folded(moments: Iterable[Moment]) -> list[Moment]:
    """Return the moments with those that say the same in a row as one."""
    told: list[Moment] = []
    for moment in moments:
        if told and told[-1].is_like(moment):
            first = told[-1]
            told[-1] = replace(first, count=first.count + 1, until=moment.at)
        else:
            told.append(moment)
    return told


@dataclass(frozen=True, slots=True)
class Came:
    """A webhook that came, without its body."""

    pk: int
    verdict: str
    received_at: datetime
    applied_at: datetime | None
    error: str
    name: str


def events_of(call: Call) -> list[Came]:
    """Return the webhooks of a call, oldest first; their bodies may be large."""
    fields = ("pk", "verdict", "received_at", "applied_at", "error")
    rows = WebhookEvent.objects.filter(call=call).order_by("id")
    told = rows.values_list(*fields, Left("body", BEGINNING))[:MOST]
    return [
        Came(pk, verdict, received_at, applied_at, error, name_of(body))
        for pk, verdict, received_at, applied_at, error, body in told
    ]


def name_of(body: str) -> str:
    """Return what a webhook calls its event; empty where it does not say."""
    found = EVENT.search(body)
    return found[1] if found else ""


# --- The row itself ------------------------------------------------------------------
def _of_row(call: Call, told: set[str]) -> Iterator[Moment]:
    """Yield the moments that the row keeps; what a change tells is left to that."""
    label = call.connection.kind.label
    yield _beginning(call)
    if call.scheduled_at and not call.is_open:
        yield Moment(call.scheduled_at, "Its time came", "Switchboard", "us")
    if call.dialed_at and call.direction == Direction.OUTBOUND and call.is_ours:
        asked = f"{label} was asked to place the call"
        yield Moment(call.dialed_at, asked, "Our request", "us")
    if call.hang_up_requested_at:
        at = call.hang_up_requested_at
        yield Moment(at, f"{label} was asked to hang up", "Our request", "us")
    if call.found_at:
        found = "Found when our calls were compared with the provider’s list"
        yield Moment(call.found_at, found, str(ToldBy.LIST.label), "ask")
    final = call.status if call.status in FINAL else ""
    stages: tuple[tuple[str, datetime | None], ...] = (
        (CallStatus.RINGING, call.ringing_at),
        (CallStatus.IN_PROGRESS, call.answered_at),
        (final, call.ended_at),
    )
    for status, reached in stages:
        if reached and status and status not in told:
            yield Moment(reached, str(CallStatus(status).label), label)
    yield from _of_recording(call)


def _beginning(call: Call) -> Moment:
    if call.is_ours:
        by = str(call.launched_by or (call.api_key and call.api_key.name) or "")
        source = f"{call.get_source_display()}{f', {by}' if by else ''}"
        return Moment(call.created_at, "Launched", source, "person")
    came = "Came in" if call.direction == Direction.INBOUND else "Began"
    return Moment(call.created_at, came, call.connection.kind.label)


def _of_recording(call: Call) -> Iterator[Moment]:
    recording = audio.kept(call)
    if recording is None:
        return
    if recording.state == RecordingState.KEPT and recording.fetched_at:
        yield Moment(
            recording.fetched_at, "The recording was fetched", "Our request", "us"
        )
    elif recording.state == RecordingState.FAILED:
        what = "The recording could not be fetched"
        yield Moment(recording.created_at, what, "Our request", "us", recording.error)


# --- Changes and webhooks ------------------------------------------------------------
def _of_change(change: CallChange, names: dict[int, str]) -> Moment:
    learned = _learned(change.fields)
    title = str(CallStatus(change.status_after).label) if change.status_after else ""
    detail = f"Learned {learned}." if title and learned else ""
    if not title:
        title = f"Learned {learned}" if learned else change.note or "Changed"
    if change.note and change.note != title:
        detail = " ".join(filter(None, (change.note, detail)))
    return Moment(
        change.at,
        title,
        _source(change, names),
        KINDS[ToldBy(change.told_by)],
        detail,
        change.event_id,
    )


KINDS = {
    ToldBy.REPLY: "in",
    ToldBy.WEBHOOK: "in",
    ToldBy.POLL: "ask",
    ToldBy.LIST: "ask",
    ToldBy.MERGE: "us",
    ToldBy.PERSON: "person",
    ToldBy.PROGRAM: "person",
    ToldBy.US: "us",
}


def _source(change: CallChange, names: dict[int, str]) -> str:
    label = str(ToldBy(change.told_by).label)
    if change.told_by == ToldBy.WEBHOOK and change.event_id:
        return f"{label} {names.get(change.event_id, '')}".strip()
    return str(change.user or (change.api_key and change.api_key.name) or label)


def _learned(fields: Iterable[str]) -> str:
    """Say in words which fields became known."""
    words = [FIELDS.get(name, name.replace("_", " ")) for name in fields]
    told = [word for word in words if word]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def _of_events(events: Iterable[Came], used: set[int | None]) -> Iterator[Moment]:
    """Yield the webhooks that changed nothing, and why."""
    for event in events:
        if event.pk in used:
            continue
        if event.error:
            detail = f"It could not be applied: {event.error}"
        elif event.applied_at is None:
            detail = "It is not applied yet."
        elif event.verdict == Verdict.HINT:
            detail = "It is unsigned: taken as a hint to go and ask."
        else:
            detail = "It said nothing new."
        source = f"Webhook {event.name}".strip()
        at = event.received_at
        yield Moment(at, "A webhook came", source, "in", detail, event.pk)


def _of_deliveries(call: Call) -> Iterator[Moment]:
    """Yield whom we told of the call, and whether they took it."""
    rows = Delivery.objects.filter(call=call).select_related("endpoint")
    for row in rows.defer("body").order_by("id")[:MOST]:
        at = row.delivered_at or row.created_at
        detail = str(row.state.label) + (
            f": {row.last_error}" if row.last_error and not row.delivered_at else ""
        )
        yield Moment(
            at, f"{row.endpoint} told", f"Webhook out {row.event}", "out", detail
        )
