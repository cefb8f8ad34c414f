"""Erasing what was said in calls, and the proof that it was erased.

What is erased stays away: a late webhook does not bring back a transcript
(`Call.transcript_erased_at`), a recording (its row stays, as erased) or a whole call
(`ErasedId`). Files go before the rows that name them: a crash in between leaves a row
without its file, never a file that nobody knows of.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from agents.models import Connection
from calls import batches, changes
from calls.billing import money
from calls.history import taking
from calls.models import (
    Attempt,
    Call,
    Delivery,
    Erasure,
    Recording,
    RecordingState,
    ToolCall,
    Turn,
    WebhookEvent,
)
from calls.models.call import FINAL
from calls.models.privacy import ErasedId, ErasedKind, RetentionRun
from calls.sound import audio
from calls.sums import summary
from dashboard.models import ApiKey, AuditEntry, Author, User

BY_HAND = "By hand"
IS_OPEN = "The call is not over yet. End it first, then erase it."
DROPPED = "Not sent any more: what it would have told was erased."
# How many of each sort were erased, by call.
Counts = dict[uuid.UUID, Counter[str]]


class CannotErase(Exception):
    """Why nothing was erased; `str()` is for people."""


@dataclass(frozen=True, slots=True)
class Why:
    """Who wants it, when, and by which rule; `run`: the going-through it is part of."""

    by: Author
    at: datetime
    rule: str = BY_HAND
    run: RetentionRun | None = None


def erase(call: Call, kinds: Collection[str], by: Author) -> list[Erasure]:
    """Erase parts of a call (words of ErasedKind), or the whole; return the proof.

    What is erased already is left out: a repeat returns nothing. Raises CannotErase
    while the call goes on.
    """
    if not set(kinds) <= set(ErasedKind.values):
        raise ValueError(f"{kinds} are not kinds of what can be erased.")
    if Call.objects.filter(pk=call.pk).exclude(status__in=FINAL).exists():
        raise CannotErase(IS_OPEN)
    why = Why(by, timezone.now())
    with transaction.atomic():
        proof = erase_all([call], kinds, why)
        if proof:
            AuditEntry.record(
                call.workspace,
                "call erased" if ErasedKind.CALL in kinds else "part of a call erased",
                by,
                subject=str(call.pk),
                after={row.kind: row.counts for row in proof},
            )
    return proof


def erase_all(calls: Sequence[Call], kinds: Collection[str], why: Why) -> list[Erasure]:
    """Erase the same parts of some calls of one workspace; return the proof.

    Calls that are not over are left alone. A statement or two for each sort of row,
    however many calls.
    """
    ids = [call.pk for call in calls]
    wanted = set(ErasedKind) if ErasedKind.CALL in kinds else set(kinds)
    _delete_files(ids, wanted)
    with transaction.atomic():
        rows = Call.objects.select_for_update(no_key=True).filter(pk__in=ids)
        locked = list(rows.filter(status__in=FINAL).order_by("pk"))
        parts = [kind for kind in ORDER if kind in wanted]
        found: dict[str, Counts] = {k: ERASERS[k](locked, why) for k in parts}
        if ErasedKind.CALL in kinds:
            found = {ErasedKind.CALL: _sums(locked, found.values())}
            _delete_calls(locked, why)
        proof = _proof(locked, found, why)
        batches.insert_new(proof)
        if ErasedKind.CALL not in kinds:
            _tell(locked, proof, why)
    return proof


def words(kind: str, counts: Counter[str] | dict[str, int]) -> str:
    """Say what was erased: `Transcript erased (12 lines, 1 tool)`."""
    label = ErasedKind(kind).label
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{label} erased ({told})" if told else f"{label} erased"


# --- The parts -----------------------------------------------------------------------
def _transcripts(calls: Sequence[Call], why: Why) -> Counts:
    """Erase what was said, and what was made of it; how it went stays."""
    fresh = [call for call in calls if call.transcript_erased_at is None]
    ids = [call.pk for call in fresh]
    found = _counted(Turn.objects.filter(call__in=ids), "lines", fresh)
    _add(found, _counted(ToolCall.objects.filter(call__in=ids), "tools", fresh))
    _add(found, _empty_deliveries(fresh))
    Turn.objects.filter(call__in=ids).delete()
    ToolCall.objects.filter(call__in=ids).delete()
    _add(found, _recordings([call for call in fresh if audio.is_ours(call)], why))
    for call in fresh:
        found[call.pk]["summaries"] += bool(call.summary or call.analysis)
        call.summary, call.analysis, call.transcript_erased_at = "", {}, why.at
    names = {"summary", "analysis", "transcript_erased_at"}
    batches.save(fresh, names)
    return found


def _recordings(calls: Sequence[Call], why: Why) -> Counts:
    """Erase what was recorded; the row stays, so that it is not fetched again."""
    rows = Recording.objects.filter(call__in=calls)
    rows = rows.exclude(state=RecordingState.ERASED)
    found: Counts = {}
    names = {call.pk: "" for call in calls if audio.is_ours(call)}
    for row in rows.select_for_update(no_key=True):
        count = Counter(files=int(bool(row.file.name)), bytes=row.bytes or 0)
        found[row.call_id] = count
        names[row.call_id] = row.file.name or ""
    # Somebody may have fetched or made a file since those that were there went.
    for call_id, name in names.items():
        late = partial(audio.delete_files, call_id, name)
        transaction.on_commit(late, robust=True)
    known = set(Recording.objects.filter(call__in=calls).values_list("call", flat=True))
    made = [call for call in calls if call.pk not in known and call.recording_url]
    for call in made:
        found[call.pk] = Counter(files=int(audio.is_ours(call)))
    # Who is fetching one just now finds that it was not its turn: `tries` has moved.
    rows.update(tries=F("tries") + 1, **GONE)
    batches.insert_new(
        [Recording(call=call, created_at=why.at, **GONE) for call in made]
    )
    linked = [call for call in calls if call.recording_url]
    for call in linked:
        call.recording_url = ""
    batches.save(linked, {"recording_url"})
    return found


GONE = {
    "state": RecordingState.ERASED,
    "file": "",
    "bytes": None,
    "source_url": "",
    "error": "",
    "due_at": None,
}


def _webhooks(calls: Sequence[Call], why: Why) -> Counts:
    """Empty webhooks, in and out; the rows stay, so that a repeat is known as one."""
    rows = WebhookEvent.objects.filter(call__in=calls).exclude(body="")
    found = _counted(rows, "webhooks in", calls)
    rows.update(body="", headers={}, error="")
    _add(found, _empty_deliveries(calls))
    return {pk: counts for pk, counts in found.items() if counts.total()}


def _empty_deliveries(calls: Sequence[Call]) -> Counts:
    """Empty what we told others of calls."""
    rows = Delivery.objects.filter(call__in=calls).exclude(body="")
    found = _counted(rows, "webhooks out", calls)
    empty_sent(rows)
    return found


def empty_sent(rows: "QuerySet[Delivery]") -> None:
    """Empty what we told others; what was not sent yet is not sent any more."""
    Attempt.objects.filter(delivery__in=rows).update(answer="")
    rows.filter(due_at__isnull=False).update(due_at=None, last_error=DROPPED)
    rows.update(body="")


Eraser = Callable[[Sequence[Call], Why], Counts]
ERASERS: dict[str, Eraser] = {
    ErasedKind.RECORDING: _recordings,
    ErasedKind.TRANSCRIPT: _transcripts,
    ErasedKind.WEBHOOKS: _webhooks,
}
ORDER = (ErasedKind.RECORDING, ErasedKind.TRANSCRIPT, ErasedKind.WEBHOOKS)


def _delete_files(ids: Collection[uuid.UUID], wanted: Collection[str]) -> None:
    """Delete the files of calls' recordings; raises what the storage raises.

    The sound that we make ourselves is what was said, and goes with that.
    """
    rows = Call.objects.filter(pk__in=ids, status__in=FINAL)
    for call in rows.select_related("recording"):
        is_said = ErasedKind.TRANSCRIPT in wanted and audio.is_ours(call)
        if ErasedKind.RECORDING in wanted or is_said:
            audio.delete(call)


def _delete_calls(calls: Sequence[Call], why: Why) -> None:
    """Delete the rows of calls, with all that hangs on them; remember their ids only.

    The ledger and the audit stay, and name the call by nothing.
    """
    money.settle(*calls)
    summary.mark_all_stale((call.workspace_id, call.created_at) for call in calls)
    batches.insert_new(
        [
            ErasedId(connection_id=call.connection_id, digest=digest(word), at=why.at)
            for call in calls
            for word in {str(call.pk), call.provider_call_id, call.other_call_id} - {""}
        ]
    )
    Call.objects.filter(pk__in=[call.pk for call in calls]).delete()


# --- Proof ---------------------------------------------------------------------------
def _proof(calls: Sequence[Call], found: dict[str, Counts], why: Why) -> list[Erasure]:
    """Return a row for each call and sort of which anything was there."""
    user = why.by if isinstance(why.by, User) else None
    api_key = why.by if isinstance(why.by, ApiKey) else None
    return [
        Erasure(
            workspace_id=call.workspace_id,
            call_id=call.pk,
            kind=kind,
            at=why.at,
            counts={name: count for name, count in counts[call.pk].items() if count},
            rule=why.rule,
            run=why.run,
            user=user,
            api_key=api_key,
        )
        for kind, counts in found.items()
        for call in calls
        if call.pk in counts and (kind == ErasedKind.CALL or counts[call.pk].total())
    ]


def _tell(calls: Sequence[Call], proof: Sequence[Erasure], why: Why) -> None:
    """Write in each call's story what was erased of it, and have it taken in anew."""
    told = {row.call_id for row in proof}
    touched = [call for call in calls if call.pk in told]
    for call in touched:
        call.changed_at = why.at
    batches.save(touched, {"changed_at"})
    taking.take_in(touched, why.at)
    notes = (f"{words(row.kind, row.counts)}. {why.rule}." for row in proof)
    pairs = zip((row.call_id for row in proof), notes, strict=True)
    changes.all_by_hand(pairs, why.by, why.at)


def _counted(rows: "QuerySet[Any]", name: str, calls: Sequence[Call]) -> Counts:
    """Count rows by their call."""
    counted = rows.order_by().values_list("call").annotate(Count("pk"))
    found = {call.pk: Counter[str]() for call in calls}
    for call_id, count in counted:
        found[call_id][name] += count
    return found


def _add(found: Counts, more: Counts) -> None:
    for pk, counts in more.items():
        found.setdefault(pk, Counter()).update(counts)


def _sums(calls: Sequence[Call], parts: Iterable[Counts]) -> Counts:
    found: Counts = {call.pk: Counter() for call in calls}
    for counts in parts:
        _add(found, counts)
    return found


# --- Calls that are gone -------------------------------------------------------------
def digest(word: str) -> str:
    """Return the form in which an id of an erased call is remembered."""
    return sha256(word.encode()).hexdigest()


def was_erased(connection: Connection, ids: Iterable[str]) -> bool:
    """Tell whether a provider's id, or our own, is that of a call erased here."""
    digests = [digest(word) for word in ids if word]
    return connection.erased_ids.filter(digest__in=digests).exists()


def empty(event: WebhookEvent) -> None:
    """Empty a webhook about a call that was erased before it came."""
    event.body, event.headers = "", {}
    event.save(update_fields=["body", "headers"])
