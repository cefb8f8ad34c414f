"""Part (a), second half: how long from a webhook's sending to its being applied."""

import hashlib
import time
from datetime import datetime
from pathlib import Path

from django.db import connection

from bench import events, load, scene
from bench.arena import Figures, Programs
from bench.figures import spread
from calls.models import Call, Turn, WebhookEvent

LINES = 16
PATIENCE = 60.0
# Fires when the transaction that applied an event commits, not when it began.
NOTE_COMMITS = """
CREATE TABLE bench_applied (event_key text, at timestamptz);
CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.applied_at IS NOT NULL THEN
    INSERT INTO bench_applied VALUES (NEW.event_key, clock_timestamp());
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bench_note AFTER UPDATE ON calls_webhookevent
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bench_note();
"""


def run(programs: Programs, folder: Path, *, count: int = 1000) -> Figures:
    """Send bursts to two web workers, with one and with two Celery workers."""
    here = scene.build(9, cps=1)
    with connection.cursor() as cursor:
        cursor.execute(NOTE_COMMITS)
    programs.granian()
    figures = {}
    for workers in (1, 2):
        programs.worker()
        scene.wait_for_workers(workers)
        burst(here, programs.port, folder, 50)
        figures[f"{workers} worker"] = burst(here, programs.port, folder, count)
    return figures


def burst(here: scene.Scene, port: int, folder: Path, count: int) -> Figures:
    """Send one event to each of `count` open calls at once; wait for the last."""
    calls = scene.open_calls(here.number, count)
    know_the_rows()
    requests = [prepared(here, port, *pair) for pair in enumerate(calls)]
    noted = load.send(requests, port, folder, LINES, PATIENCE)
    keys = [key_of(request) for request in requests]
    applied = when_applied(keys)
    check(calls)
    received = when_received(keys)
    sent = dict(zip(keys, noted["sent"], strict=True))
    return {
        "from_received": spread([applied[key] - received[key] for key in keys]),
        "from_sent": spread([applied[key] - sent[key] for key in keys]),
        "events": count,
        "sent_per_second": round(count / noted["seconds"]),
    }


def know_the_rows() -> None:
    """Have PostgreSQL's statistics taken, as it does by itself within a minute.

    Rows that are seconds old are else planned for as if there were ten.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def prepared(here: scene.Scene, port: int, index: int, call: Call) -> bytes:
    """Return the call's webhook: by turns that it began, and that it ended."""
    make = events.call_ended if index % 2 else events.call_started
    payload = make(call.provider_call_id, str(call.pk))
    return events.request(here.webhook_path, port, payload)


def key_of(request: bytes) -> str:
    """Return the key under which the event is stored."""
    return hashlib.sha256(request.partition(b"\r\n\r\n")[2]).hexdigest()


def when_applied(keys: list[str]) -> dict[str, float]:
    """Wait for all; return when each one's transaction committed (wall clock)."""
    deadline = time.monotonic() + PATIENCE
    found: dict[str, datetime] = {}
    while len(found) < len(keys) and time.monotonic() < deadline:
        time.sleep(0.3)
        with connection.cursor() as cursor:
            words = "SELECT event_key, at FROM bench_applied WHERE event_key = ANY(%s)"
            cursor.execute(words, [keys])
            found = dict(cursor.fetchall())
    return {key: found[key].timestamp() for key in keys}


def when_received(keys: list[str]) -> dict[str, float]:
    """Return when the web server had read each event."""
    rows = WebhookEvent.objects.filter(event_key__in=keys)
    pairs = rows.values_list("event_key", "received_at")
    return {key: at.timestamp() for key, at in pairs}


def check(calls: list[Call]) -> None:
    """Raise unless every call is where its event put it, with what was said."""
    ended = calls[1::2]
    rows = Call.objects.filter(pk__in=[call.pk for call in ended], status="ended")
    turns = Turn.objects.filter(call__in=[call.pk for call in ended])
    begun = Call.objects.filter(
        pk__in=[call.pk for call in calls[::2]], status="in_progress"
    )
    seen = (rows.count(), turns.count(), begun.count())
    wanted = (len(ended), len(ended) * len(events.LINES), len(calls[::2]))
    if seen != wanted:
        raise RuntimeError(f"Applied wrongly: {seen} instead of {wanted}.")
