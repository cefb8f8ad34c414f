"""Erasing: gone with proof, gone for good, and nothing else gone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection as database

from agents.models import Connection
from agents.providers.base import CallUpdate, TurnFacts
from calls import changes, intake, lifecycle, webhooks
from calls.hooks import endpoints
from calls.models import (
    Call,
    CallStatus,
    Delivery,
    Erasure,
    Note,
    Recording,
    RecordingState,
    WebhookEndpoint,
    WebhookEvent,
)
from calls.privacy import erasing
from calls.sound import recordings
from dashboard.models import AuditEntry, Member
from tests.calls.acme import Acme
from tests.factories import make_call

pytestmark = pytest.mark.django_db
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARTS = {"transcript", "recording", "webhooks"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep recordings in a folder of the test."""
    store = FileSystemStorage(tmp_path)
    known: dict[str, Any] = storages._storages  # type: ignore[attr-defined]
    monkeypatch.setitem(known, "recordings", store)
    monkeypatch.setattr(Recording._meta.get_field("file"), "storage", store)
    return tmp_path


@pytest.fixture
def connection(make_acme: MakeAcme) -> Connection:
    """Return a connection to a provider."""
    return make_acme()[0]


def spoken(text: str = "Hello there.") -> CallUpdate:
    """Return what a provider says of a call that is over."""
    return CallUpdate(
        status="ended",
        provider_call_id="p1",
        ended_at=NOW,
        turns=(TurnFacts("agent", text, 0, 900), TurnFacts("callee", "Hi.", 900, 1500)),
        recording_url="https://cdn.acme.example/r/1.mp3",
    )


def whole(connection: Connection, folder: Path) -> Call:
    """Make a call of which everything is there."""
    call = make_call(connection, status=CallStatus.IN_PROGRESS, summary="All well.")
    lifecycle.apply(call.pk, spoken(), NOW)
    recording = Recording.objects.get(call=call)
    recording.file.save("one.mp3", ContentFile(b"ID3 sound"), save=False)
    recording.state, recording.bytes, recording.due_at = RecordingState.KEPT, 9, None
    recording.save()
    WebhookEvent.objects.create(
        connection=connection, event_key="k1", body="{}", call=call, applied_at=NOW
    )
    endpoint = WebhookEndpoint.objects.create(
        workspace=connection.workspace, dialect="native", url="https://x.example/"
    )
    for due_at in (None, NOW):
        Delivery.objects.create(
            endpoint=endpoint, call=call, event="e", body="{}", due_at=due_at
        )
    call.refresh_from_db()
    return call


def test_parts_go_and_the_call_stays(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    note = Note.objects.create(call=call, turn=call.turns.first(), text="Nice.")
    proof = erasing.erase(call, PARTS, admin.user)
    call.refresh_from_db()
    assert not call.turns.exists() and not list(folder.rglob("*.mp3"))
    assert (call.summary, call.recording_url) == ("", "")
    assert call.transcript_erased_at and call.recording.state == RecordingState.ERASED
    assert WebhookEvent.objects.get().body == ""
    assert not Delivery.objects.exclude(body="", due_at=None).exists()
    note.refresh_from_db()
    assert note.text == "Nice."
    counts = {row.kind: row.counts for row in proof}
    assert counts["transcript"] == {"lines": 2, "webhooks out": 2, "summaries": 1}
    assert counts["recording"] == {"files": 1, "bytes": 9}
    assert counts["webhooks"] == {"webhooks in": 1}
    assert {row.who for row in Erasure.objects.all()} == {str(admin.user)}


def test_it_is_told_in_the_calls_story(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    erasing.erase(call, {"transcript"}, admin.user)
    told = call.changes.filter(told_by="person").get()
    assert told.note.startswith("Transcript erased (2 lines")
    assert AuditEntry.objects.get().subject == str(call.pk)


def test_a_repeat_erases_nothing(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    erasing.erase(call, PARTS, admin.user)
    assert erasing.erase(call, PARTS, admin.user) == []


def test_an_open_call_is_not_erased(connection: Connection, admin: Member) -> None:
    call = make_call(connection, status=CallStatus.IN_PROGRESS)
    with pytest.raises(erasing.CannotErase):
        erasing.erase(call, {"call"}, admin.user)
    assert Call.objects.filter(pk=call.pk).exists()


def test_the_whole_call_goes_and_its_proof_stays(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    [proof] = erasing.erase(call, {"call"}, admin.user)
    assert not Call.objects.exists() and not list(folder.rglob("*.mp3"))
    event = WebhookEvent.objects.get()
    assert (event.body, event.call_id) == ("", None)
    assert not Delivery.objects.exists()
    assert (proof.kind, proof.call_id) == ("call", call.pk)
    assert proof.counts["lines"] == 2


# --- Gone for good -------------------------------------------------------------------
def test_a_late_update_does_not_bring_the_parts_back(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    erasing.erase(call, PARTS, admin.user)
    lifecycle.apply(call.pk, spoken("Again."), NOW + timedelta(seconds=9))
    call.refresh_from_db()
    assert not call.turns.exists()
    assert call.recording.state == RecordingState.ERASED
    assert recordings.due(NOW + timedelta(days=1)) == []


def test_a_fetch_under_way_keeps_nothing(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    Recording.objects.update(state=RecordingState.PENDING, file="", tries=1)
    before = Recording.objects.get()
    erasing.erase(call, {"recording"}, admin.user)
    assert Recording.objects.get().tries == before.tries + 1


def test_a_late_webhook_does_not_bring_the_call_back(
    connection: Connection, folder: Path, admin: Member
) -> None:
    call = whole(connection, folder)
    erasing.erase(call, {"call"}, admin.user)
    with pytest.raises(intake.WasErased):
        intake.take_in(connection, [spoken()], NOW, changes.POLL)
    with pytest.raises(intake.WasErased):
        ours = CallUpdate(
            status="ended", provider_call_id="new", reference=str(call.pk)
        )
        intake.take_in(connection, [ours], NOW, changes.POLL)


def test_a_late_webhook_of_an_erased_call_is_emptied(
    connection: Connection, folder: Path, admin: Member
) -> None:
    erasing.erase(whole(connection, folder), {"call"}, admin.user)
    event = WebhookEvent.objects.create(
        connection=connection,
        event_key="late",
        verdict="signed",
        body='{"provider_call_id": "p1", "status": "ended"}',
    )
    webhooks.apply_pending(NOW)
    event.refresh_from_db()
    assert (event.body, event.error) == ("", "") and event.applied_at
    assert not Call.objects.exists()


def test_an_emptied_webhook_is_not_sent_again(
    connection: Connection, folder: Path, admin: Member
) -> None:
    erasing.erase(whole(connection, folder), {"webhooks"}, admin.user)
    endpoint = WebhookEndpoint.objects.get()
    assert endpoints.replay(endpoint.deliveries.all(), endpoint, admin.user, NOW) == 0


def test_a_file_that_comes_while_it_is_erased_goes_too(
    connection: Connection,
    folder: Path,
    admin: Member,
    django_capture_on_commit_callbacks: Any,
) -> None:
    call = whole(connection, folder)
    recording = Recording.objects.get(call=call)
    name = str(recording.file.name)
    recording.file.delete(save=False)
    savepoints = iter([False, True])

    def fetching(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("SAVEPOINT") and next(savepoints, False):
            recording.file.storage.save(name, ContentFile(b"ID3 sound"))
        return execute(sql, *rest)

    with django_capture_on_commit_callbacks(execute=True):
        with database.execute_wrapper(fetching):
            erasing.erase(call, {"recording"}, admin.user)
        assert (folder / name).exists()
    assert not (folder / name).exists()
