"""The figures of the whole house for Prometheus; no workspace is named in them."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from calls.models import Call, CallStatus, Delivery, WebhookEvent
from calls.models.call import AT_PROVIDER, WAITING


class House(Collector):
    """Reads the database at every scrape: the rows are the queue."""

    def collect(self) -> Iterator[Metric]:
        """Yield what is open, what waits, and for how long it has been waiting."""
        now = timezone.now()
        yield open_calls()
        due = Call.objects.filter(status=CallStatus.QUEUED, due_at__lte=now)
        oldest_call = due.aggregate(oldest=Min("due_at"))["oldest"]
        yield gauge(
            "switchboard_queue_age_seconds",
            "How long the oldest call that may start now has been waiting",
            age(oldest_call, now),
        )
        backlog = WebhookEvent.objects.filter(applied_at=None)
        facts = backlog.aggregate(count=Count("id"), oldest=Min("received_at"))
        yield gauge(
            "switchboard_webhook_backlog",
            "Webhooks stored and not applied yet",
            facts["count"],
        )
        yield gauge(
            "switchboard_webhook_age_seconds",
            "How long the oldest webhook has been waiting to be applied",
            age(facts["oldest"], now),
        )
        yield gauge(
            "switchboard_deliveries_waiting",
            "Webhooks we owe to others",
            Delivery.objects.filter(due_at__isnull=False).count(),
        )


def open_calls() -> Metric:
    """Count the calls that are not over, by status; every status has a line."""
    family = GaugeMetricFamily(
        "switchboard_calls_open", "Calls that are not over", labels=["status"]
    )
    statuses = WAITING + AT_PROVIDER
    rows = Call.objects.filter(status__in=statuses).values_list("status")
    counts = dict(rows.annotate(count=Count("id")).order_by())
    for status in statuses:
        family.add_metric([status.value], counts.get(status.value, 0))
    return family


def gauge(name: str, words: str, value: float) -> Metric:
    """Return a figure without labels."""
    return GaugeMetricFamily(name, words, value=value)


def age(since: datetime | None, now: datetime) -> float:
    """Return the seconds since a moment; 0 where nothing is waiting."""
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def as_text() -> bytes:
    """Return everything in Prometheus' text format, the process's own figures too."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(House())
    return generate_latest(registry)
