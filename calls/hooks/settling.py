"""What became of webhooks that were sent: the log, the next try, and pausing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from agents.providers.http import Receipt
from calls.hooks import voices
from calls.models import Attempt, Delivery, WebhookEndpoint
from dashboard.models import AuditEntry

# An endpoint that took nothing for so long, and of so many, is paused.
PAUSE_AFTER = timedelta(hours=24)
PAUSE_FAILURES = 20
FOR_LONG = "Nothing was taken for a day: {count} tries failed."
GONE, GONE_WORDS = 410, "It answered 410: it wants nothing any more."


@dataclass(frozen=True, slots=True)
class Sent:
    """One try: what was sent of a delivery, when, and what came of it."""

    delivery: Delivery
    endpoint: WebhookEndpoint
    at: datetime
    headers: dict[str, str]
    receipt: Receipt
    duration_ms: int

    @property
    def counts(self) -> bool:
        """Whether its failure says something of the endpoint: a test is a trial."""
        return self.delivery.call_id is not None


def settle(sent: Sequence[Sent], at: datetime) -> int:
    """Write down what became of some deliveries; return how many were taken."""
    if not sent:
        return 0
    with transaction.atomic():
        # What was deleted meanwhile, with its endpoint or its call, is forgotten.
        rows = Delivery.objects.filter(pk__in=[one.delivery.pk for one in sent])
        alive = set(rows.select_for_update().values_list("pk", flat=True))
        sent = [one for one in sent if one.delivery.pk in alive]
        Attempt.objects.bulk_create(map(_attempt, sent))
        taken = [one for one in sent if not one.receipt.problem]
        failed = [one for one in sent if one.receipt.problem]
        _take(taken, at)
        paused = _judge(failed, at)
        for one in failed:
            _fail(one, at, is_paused=one.endpoint.pk in paused)
    return len(taken)


def _attempt(one: Sent) -> Attempt:
    return Attempt(
        delivery=one.delivery,
        at=one.at,
        headers=one.headers,
        status=one.receipt.status or None,
        answer=one.receipt.answer,
        problem=one.receipt.problem,
        duration_ms=one.duration_ms,
    )


def _take(taken: Sequence[Sent], at: datetime) -> None:
    """Write down deliveries that were taken, and that their endpoints are well."""
    for status in {one.receipt.status for one in taken}:
        ids = [one.delivery.pk for one in taken if one.receipt.status == status]
        rows = Delivery.objects.filter(pk__in=ids)
        rows.update(due_at=None, delivered_at=at, last_status=status, last_error="")
    well = {one.endpoint.pk for one in taken if one.endpoint.failing_since}
    if well:
        endpoints = WebhookEndpoint.objects.filter(pk__in=well)
        endpoints.update(failing_since=None, failures=0)


def _fail(one: Sent, at: datetime, *, is_paused: bool) -> None:
    """Have a delivery sent again later, or give it up; what waits for it waits on.

    Nothing is given up to an endpoint that is paused: it waits for being resumed.
    """
    waits = voices.VOICES[one.endpoint.dialect].RETRIES if one.counts else ()
    tries = one.delivery.attempts
    again = at + timedelta(seconds=waits[tries - 1]) if tries <= len(waits) else None
    if is_paused and one.counts:
        again = again or at
    Delivery.objects.filter(pk=one.delivery.pk).update(
        due_at=again,
        last_status=one.receipt.status or None,
        last_error=one.receipt.problem,
    )
    if again and voices.in_strict_order(one.endpoint.dialect):
        # It cannot go before; so nobody has to look at it before.
        later = Delivery.objects.filter(
            endpoint=one.endpoint,
            call=one.delivery.call_id,
            pk__gt=one.delivery.pk,
            due_at__lt=again,
        )
        later.update(due_at=again)


# --- Endpoints that fail -------------------------------------------------------------
def _judge(failed: Sequence[Sent], at: datetime) -> set[int]:
    """Count failures, pause what failed for long; return which endpoints are paused."""
    counts = Counter(one.endpoint.pk for one in failed if one.counts)
    gone = {one.endpoint.pk for one in failed if one.receipt.status == GONE}
    for pk, count in sorted(counts.items()):
        WebhookEndpoint.objects.filter(pk=pk).update(
            failing_since=Coalesce("failing_since", at), failures=F("failures") + count
        )
    rows = WebhookEndpoint.objects.filter(pk__in=counts).order_by("pk")
    rows = rows.defer("secret", "old_secret")
    paused = set()
    for endpoint in rows:
        if why := "" if endpoint.paused_at else _why_pause(endpoint, gone, at):
            pause_for(endpoint, why, at)
        if endpoint.paused_at:
            paused.add(endpoint.pk)
    return paused


def _why_pause(endpoint: WebhookEndpoint, gone: set[int], at: datetime) -> str:
    """Say why an endpoint is to be paused; empty: it is not."""
    if endpoint.pk in gone:
        return GONE_WORDS
    since, count = endpoint.failing_since, endpoint.failures
    if since and at - since >= PAUSE_AFTER and count >= PAUSE_FAILURES:
        return FOR_LONG.format(count=count)
    return ""


def pause_for(endpoint: WebhookEndpoint, why: str, at: datetime) -> None:
    """Pause an endpoint by ourselves, with an entry that says why."""
    endpoint.paused_at, endpoint.paused_why = at, why
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, paused_at=None)
    if rows.update(paused_at=at, paused_why=why):
        AuditEntry.record(
            endpoint.workspace,
            "webhook paused",
            subject=str(endpoint)[:200],
            after={"url": endpoint.url, "why": why},
        )
