"""Taking calls that are over into the history: their narrow rows and their words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from agents import phone
from calls import batches, outcome
from calls.history import kinds, words
from calls.history.marks import lexeme, marks
from calls.models import Call, Contact, Found, FoundWords, Turn

MICROS = 1_000_000
# Of metadata so much is searched.
MOST_VALUES = 40
MOST_SIGNS = 2_000
COPIED = (
    *("workspace_id", "created_at", "connection_id", "agent_id", "phone_number_id"),
    *("contact_id", "api_key_id", "launched_by_id", "agent_version", "status"),
    *("answered_by", "end_reason", "fault", "direction", "type", "source"),
    *("sentiment", "successful"),
)
ROW = tuple(f.name for f in Found._meta.concrete_fields if not f.primary_key)
WORDS_ROW = ("call_id", "created_at", "names", "words")
INSERT_TEXT = "INSERT OR REPLACE INTO calls_foundtext (rowid, words) VALUES (%s, %s)"


def take_in(calls: Sequence[Call], now: datetime) -> None:
    """Write what the history finds these calls by; those not over are left out.

    In a transaction of the caller. `now` is there because the digest gives it.
    """
    over = [call for call in calls if not call.is_open]
    if not over:
        return
    found = rows_of(over)
    Found.objects.bulk_create(
        found, update_conflicts=True, unique_fields=["call"], update_fields=ROW
    )
    contacts = Contact.objects.in_bulk({c.contact_id for c in over if c.contact_id})
    spoken = _spoken([call.pk for call in over])
    names = [named(call, contacts) for call in over]
    documents = [
        document(call, name, spoken[call.pk])
        for call, name in zip(over, names, strict=True)
    ]
    FoundWords.objects.bulk_create(
        _words_rows(found, names, documents),
        update_conflicts=True,
        unique_fields=["call"],
        update_fields=WORDS_ROW[1:],
    )
    write_text([call.pk for call in over], documents)


def _spoken(ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    lines: dict[UUID, list[str]] = defaultdict(list)
    rows = Turn.objects.filter(call__in=ids).order_by("call", "index")
    for call_id, text in rows.values_list("call", "text"):
        lines[call_id].append(text)
    return lines


def write(
    calls: Sequence[Call], names: Sequence[str], documents: Sequence[list[str]]
) -> None:
    """Write the rows of calls that never had any: of a workspace that is filled."""
    found = rows_of(calls)
    batches.write(Found, batches.names_of(Found), batches.values_of(found))
    rows = _words_rows(found, names, documents)
    values = [[getattr(row, name) for name in WORDS_ROW] for row in rows]
    batches.write(FoundWords, WORDS_ROW, values)
    write_text([call.pk for call in calls], documents)


def _words_rows(
    found: Sequence[Found], names: Sequence[str], documents: Sequence[list[str]]
) -> list[FoundWords]:
    return [
        FoundWords(
            call_id=row.call_id,
            created_at=row.created_at,
            names=name,
            # Only where there are marks are the words kept in this row.
            words=words.as_vector(text, map(lexeme, row.marks)) if row.marks else None,
        )
        for row, name, text in zip(found, names, documents, strict=True)
    ]


def write_text(ids: Sequence[UUID], documents: Sequence[list[str]]) -> None:
    """Give SQLite's FTS5 the words of calls whose rows are written."""
    if connection.vendor != "sqlite":
        return
    texts = dict(zip(ids, documents, strict=True))
    rows = FoundWords.objects.filter(call__in=ids).values_list("pk", "call")
    with connection.cursor() as cursor:
        pairs = [(pk, " ".join(texts[call_id])) for pk, call_id in rows]
        cursor.executemany(INSERT_TEXT, pairs)


# --- What is written of a call -------------------------------------------------------
def rows_of(calls: Iterable[Call]) -> list[Found]:
    """Return the unsaved narrow rows of calls; their kinds are written."""
    found = [row(call) for call in calls]
    if connection.vendor == "postgresql":
        kinds.write(found)
    return found


def row(call: Call) -> Found:
    """Return the narrow row of a call."""
    digits = phone.digits(call.other_number)[:40]
    found = Found(
        call=call,
        duration_ms=-1 if call.duration_ms is None else call.duration_ms,
        cost_micros=-1 if call.cost is None else round(call.cost * MICROS),
        outcome=outcome.of(call),
        is_reviewed=call.reviewed_at is not None,
        has_recording=bool(call.recording_url),
        digits=digits,
        tail=digits[::-1],
        **{name: getattr(call, name) for name in COPIED},
    )
    if connection.vendor == "postgresql":
        found.marks = marks(found)
    return found


def named(call: Call, contacts: Mapping[UUID, Contact]) -> str:
    """Return names, ids and metadata values of a call, for searching."""
    contact = contacts.get(call.contact_id) if call.contact_id else None
    texts = [call.customer_name, call.external_id, call.provider_call_id]
    texts += [call.other_call_id, phone.digits(call.other_number)]
    if contact:
        texts = [contact.name, contact.company, contact.email, *texts]
    texts += _values(call.metadata)
    plain = dict.fromkeys(words.fold(text) for text in texts if text)
    return " ".join(plain)[:MOST_SIGNS].replace("\0", " ")


def _values(data: Any) -> list[str]:
    """Return what a JSON object holds, as texts; names of fields are left out."""
    return [text for _, text in zip(range(MOST_VALUES), _leaves(data), strict=False)]


def _leaves(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from _leaves(value)
    elif data is not None and not isinstance(data, bool):
        yield str(data)[:200]


def document(call: Call, names: str, lines: Iterable[str]) -> list[str]:
    """Return all words a call is found by, in their order."""
    return words.document([names, call.summary, *lines])


# --- Taking in anew ------------------------------------------------------------------
def renamed(contact: Contact) -> None:
    """Have the calls of a contact, renamed or to be deleted, taken in anew by the next sweep."""
    earlier = F("digested_at") - timedelta(microseconds=1)
    calls = Call.objects.filter(contact=contact, workspace=contact.workspace_id)
    calls.exclude(digested_at=None).update(digested_at=earlier)
