"""What is too old is erased: so many days for each sort, in small batches, with proof.

A run (`RetentionRun`) is a row that keeps how far it came, so a killed worker's run goes
on from there, and nothing is counted twice. A run goes through everything that is older
than its day, as calls may come in late.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from calls.models import (
    Delivery,
    ErasedKind,
    Erasure,
    Recording,
    RecordingState,
    RetentionPolicy,
    RetentionRun,
    Turn,
    WebhookEvent,
)
from calls.models.call import FINAL, CallQuerySet
from calls.models.privacy import DAYS, RunState
from calls.privacy import erasing
from dashboard.models import AuditEntry, User, Workspace

# How many calls, and how many webhooks, go in one transaction.
BATCH = 100
WINDOW = 2_000
# How often it is looked whether something is too old.
EVERY = timedelta(hours=12)
# A run says so after every batch; silent for longer, nobody works on it.
LEASE = timedelta(minutes=2)
# What one task does before it lets others work.
TURN = timedelta(seconds=20)
# A preview counts no further than this.
MOST_COUNTED = 100_000
NEVER = "Never applied: it was erased by age."


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would erase now; `is_more`: that many, and more."""

    kind: str
    days: int
    count: int
    is_more: bool

    @property
    def label(self) -> str:
        """What is counted, in words."""
        one, many = NAMES[ErasedKind(self.kind)]
        return one if self.count == 1 else many


NAMES = {
    ErasedKind.RECORDING: ("recording", "recordings"),
    ErasedKind.TRANSCRIPT: ("transcript", "transcripts"),
    ErasedKind.WEBHOOKS: ("webhook body", "webhook bodies"),
}


# --- Looking ahead -------------------------------------------------------------------
def preview(
    workspace: Workspace, days: dict[str, int | None], now: datetime
) -> list[Preview]:
    """Count what rules would erase now: days by kind; None keeps everything."""
    found = []
    for kind, count in days.items():
        if count is None:
            continue
        rows = _old(workspace, kind, now - timedelta(days=count))
        counted = rows[: MOST_COUNTED + 1].count()
        is_more = counted > MOST_COUNTED
        found.append(Preview(kind, count, min(counted, MOST_COUNTED), is_more))
    return found


def _old(workspace: Workspace, kind: str, before: datetime) -> Any:
    """Return the rows of a kind that are older than a moment."""
    if kind == ErasedKind.WEBHOOKS:
        came = WebhookEvent.objects.filter(connection__workspace=workspace)
        came = came.filter(received_at__lt=before).exclude(body="").order_by()
        sent = _sent(workspace, before).values("pk")
        return came.values("pk").union(sent, all=True)
    return WITH[ErasedKind(kind)](_calls(workspace, before)).order_by()


def _sent(workspace: Workspace, before: datetime) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(endpoint__workspace=workspace, created_at__lt=before)
    return rows.exclude(body="")


def _calls(workspace: Workspace, before: datetime) -> CallQuerySet:
    return workspace.calls.filter(created_at__lt=before, status__in=FINAL)


def _recorded(calls: CallQuerySet) -> CallQuerySet:
    kept = Recording.objects.exclude(state=RecordingState.ERASED).values("call")
    return calls.filter(~Q(recording_url="") | Q(pk__in=kept))


def _spoken(calls: CallQuerySet) -> CallQuerySet:
    # Not every provider says when somebody picked up.
    is_said = Exists(Turn.objects.filter(call=OuterRef("pk")))
    has_words = Q(answered_at__isnull=False) | ~Q(summary="") | is_said
    return calls.filter(has_words, transcript_erased_at=None)


WITH: dict[str, Callable[[CallQuerySet], CallQuerySet]] = {
    ErasedKind.RECORDING: _recorded,
    ErasedKind.TRANSCRIPT: _spoken,
}


# --- Beginning -----------------------------------------------------------------------
def change(
    policy: RetentionPolicy, changed: Iterable[str], by: User, now: datetime
) -> None:
    """Save what is kept and shown, with an entry; what is too old goes soon."""
    names = sorted(changed)
    with transaction.atomic():
        before = RetentionPolicy.objects.filter(pk=policy.pk).values(*names).first()
        policy.next_at = now
        policy.save()
        AuditEntry.record(
            policy.workspace,
            "privacy changed",
            by,
            subject=str(policy.workspace),
            before=before or {},
            after={name: getattr(policy, name) for name in names},
        )
        runs = policy.workspace.retention_runs.filter(state=RunState.RUNNING)
        for run in runs:
            if policy.days(run.kind) != run.days:
                _stop(run, "The rule was changed.", now)


def due(now: datetime) -> list[uuid.UUID]:
    """Begin the runs whose time has come; return all runs that nobody works on."""
    policies = RetentionPolicy.objects.filter(next_at__lte=now)
    for policy in policies.select_related("workspace"):
        begin(policy, now)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = RetentionRun.objects.filter(free, state=RunState.RUNNING)
    return list(rows.order_by("created_at").values_list("pk", flat=True))


def begin(
    policy: RetentionPolicy, now: datetime, by: User | None = None
) -> list[RetentionRun]:
    """Write a run for each rule of which something is too old; others are not needed."""
    turn = RetentionPolicy.objects.filter(pk=policy.pk, next_at=policy.next_at)
    if not turn.update(next_at=now + EVERY, looked_at=now):
        return []
    runs = []
    for seen in preview(policy.workspace, {k: policy.days(k) for k in DAYS}, now):
        if not seen.count:
            continue
        run = RetentionRun(
            workspace=policy.workspace,
            kind=seen.kind,
            days=seen.days,
            before=now - timedelta(days=seen.days),
            expected=seen.count,
            created_by=by,
            created_at=now,
        )
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            continue  # one of the kind is under way
        runs.append(run)
    return runs


# --- Going through -------------------------------------------------------------------
def work(run_id: uuid.UUID, now: datetime) -> bool:
    """Do a turn of a run; True when there is more to do.

    Of many workers one does: the row's lease is taken first.
    """
    rows = RetentionRun.objects.filter(pk=run_id, state=RunState.RUNNING)
    free = rows.filter(Q(lease_until=None) | Q(lease_until__lte=now))
    if not free.update(lease_until=now + LEASE):
        return False
    run = rows.select_related("workspace", "created_by").get()
    until = _now() + TURN
    step = _webhooks if run.kind == ErasedKind.WEBHOOKS else _batch
    while _now() < until:
        if not step(run):
            _finish(run, _now())
            return False
        still = rows.update(lease_until=_now() + LEASE)
        if not still:
            return False
    rows.update(lease_until=None)
    return True


def _batch(run: RetentionRun) -> bool:
    """Erase a batch of calls' parts, the oldest first; False when none are left."""
    calls = WITH[ErasedKind(run.kind)](_calls(run.workspace, run.before))
    if run.cursor:
        at, _, pk = run.cursor.partition("/")
        since = datetime.fromisoformat(at)
        behind = Q(created_at__gt=since) | Q(created_at=since, pk__gt=pk)
        calls = calls.filter(behind, created_at__gte=since)
    batch = list(calls.order_by("created_at", "id")[:BATCH])
    if not batch:
        return False
    why = erasing.Why(run.created_by, _now(), run.rule, run)
    with transaction.atomic():
        proof = erasing.erase_all(batch, {run.kind}, why)
        last = batch[-1]
        cursor = f"{last.created_at.isoformat()}/{last.pk}"
        _advance(run, cursor, len(proof), proof)
    return True


def _webhooks(run: RetentionRun) -> bool:
    """Empty webhooks by windows of their ids, the oldest first; False at the end."""
    after = int(run.cursor or 0)
    window = WebhookEvent.objects.filter(pk__gt=after).order_by("pk")
    told = list(window.values_list("pk", "received_at")[:WINDOW])
    sent = _sent(run.workspace, run.before).order_by("pk").values_list("pk", flat=True)
    sent_ids = list(sent[:WINDOW])
    last = told[-1][0] if told else after
    mine = WebhookEvent.objects.filter(connection__workspace=run.workspace)
    old = mine.filter(pk__gt=after, pk__lte=last, received_at__lt=run.before)
    old = old.exclude(body="")
    with transaction.atomic():
        # What could not be applied for so long never will be.
        stuck = old.filter(applied_at=None)
        count = stuck.update(
            body="", headers={}, error=NEVER, applied_at=_now(), retry_at=None
        )
        count += old.update(body="", headers={}, error="")
        erasing.empty_sent(Delivery.objects.filter(pk__in=sent_ids))
        _advance(run, str(last), count + len(sent_ids), ())
    return bool(sent_ids) or any(at < run.before for _, at in told)


def _advance(
    run: RetentionRun, cursor: str, count: int, proof: Iterable[Erasure]
) -> None:
    """Move a run on, in the transaction that erased."""
    counts = dict(run.counts)
    for row in proof:
        for name, more in row.counts.items():
            counts[name] = counts.get(name, 0) + more
    run.cursor, run.done, run.counts = cursor, run.done + count, counts
    run.save(update_fields=["cursor", "done", "counts"])


def _finish(run: RetentionRun, now: datetime) -> None:
    """Close a run; one that found nothing is no proof of anything, and goes."""
    rows = RetentionRun.objects.filter(pk=run.pk, state=RunState.RUNNING)
    if not run.done:
        rows.delete()
    elif rows.update(state=RunState.DONE, finished_at=now, lease_until=None):
        _note(run, "erased what was too old")


def _stop(run: RetentionRun, reason: str, now: datetime) -> None:
    rows = RetentionRun.objects.filter(pk=run.pk, state=RunState.RUNNING)
    if rows.update(state=RunState.STOPPED, error=reason, finished_at=now):
        _note(run, "erasing stopped")


def _note(run: RetentionRun, action: str) -> None:
    after = {"rule": run.rule, "before": run.before.isoformat(), "done": run.done}
    AuditEntry.record(run.workspace, action, subject=run.rule, after=after | run.counts)


def _now() -> datetime:
    return datetime.now(tz=UTC)


# --- Proof ---------------------------------------------------------------------------
def open_runs(workspace: Workspace) -> list[RetentionRun]:
    """Return the runs that are under way."""
    return list(workspace.retention_runs.filter(state=RunState.RUNNING))
