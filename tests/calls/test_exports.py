"""Exports: what the filter shows, whole and once, for those who may have it."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse
from pyarrow import parquet

from agents.models import Connection
from calls import tasks
from calls.export import exports
from calls.export import parquet as our_parquet
from calls.export.export_columns import COLUMNS
from calls.models import Call, CallStatus, Export, ExportState, ToolCall
from dashboard.models import AuditEntry, Member, Role
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_member,
    make_workspace,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGAIN = b'data-poll="/calls/exports/"'
CARD = "My card is 4242 4242 4242 4242."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep exports in a folder of the test."""
    store = FileSystemStorage(tmp_path)
    known: dict[str, Any] = storages._storages  # type: ignore[attr-defined]
    monkeypatch.setitem(known, "exports", store)
    monkeypatch.setattr(Export._meta.get_field("file"), "storage", store)
    return tmp_path


@pytest.fixture
def connection(admin: Member) -> Connection:
    """Return a connection of the admin's workspace."""
    return make_connection(admin.workspace)


def ended(connection: Connection, minutes: int = 0, **fields: Any) -> Call:
    """Make a call that ended, some minutes before NOW."""
    at = NOW - timedelta(minutes=minutes)
    usual = {"status": CallStatus.ENDED, "created_at": at, "changed_at": at}
    return make_call(connection, **(usual | fields))


def ask(member: Member, query: str = "", **wish: Any) -> Export:
    """Ask for an export."""
    usual: dict[str, Any] = {
        "format": "csv",
        "columns": ["id", "status"],
        "has_transcripts": False,
        "is_masked": False,
        "now": NOW,
    }
    return exports.ask(member, query, **(usual | wish))


def written(export: Export) -> bytes:
    """Have it written; return the file."""
    assert exports.write(export.pk, NOW) == ExportState.DONE
    export.refresh_from_db()
    with export.file.open("rb") as file:
        return bytes(file.read())


def rows_of(body: bytes) -> list[list[str]]:
    """Return the rows of a CSV, without its heads."""
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[1:]


# --- What is in it -------------------------------------------------------------------
def test_it_holds_what_the_filter_shows_newest_first(
    connection: Connection, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BATCH", 2)
    calls = [ended(connection, minutes) for minutes in range(5)]
    ended(connection, 9, status=CallStatus.FAILED)
    export = ask(admin, "status=ended")
    found = rows_of(written(export))
    assert [row[0] for row in found] == [str(call.pk) for call in calls]
    assert (export.done, export.expected, export.query) == (5, 5, "status=ended")
    assert export.bytes == export.file.size


def test_other_workspaces_are_never_in_it(connection: Connection) -> None:
    ended(connection)
    assert rows_of(written(ask(make_member_elsewhere()))) == []


def make_member_elsewhere() -> Member:
    """Return somebody in another workspace."""
    return make_member(make_workspace())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1"])
def test_nothing_in_a_csv_is_run(
    connection: Connection, admin: Member, text: str
) -> None:
    ended(connection, summary=text, duration_ms=5, cost=Decimal("-0.5"))
    export = ask(admin, columns=["summary", "cost"])
    [row] = rows_of(written(export))
    assert Decimal(row[0]) == Decimal("-0.5")
    assert row[1].startswith("'")


def test_every_column_is_written_in_every_sort_of_file(
    connection: Connection, admin: Member
) -> None:
    agent = make_agent(connection, name="Ava")
    ended(
        connection,
        agent=agent,
        duration_ms=61_000,
        cost=Decimal("0.123456"),
        successful=True,
        analysis={"plan": "gold"},
        reviewed_at=NOW,
        reviewed_by=admin.user,
    ).tags.create(workspace=connection.workspace, name="vip")
    for sort in ("csv", "jsonl", "parquet"):
        body = written(ask(admin, format=sort, columns=list(COLUMNS)))
        if sort == "csv":
            told = dict(zip(COLUMNS, rows_of(body)[0], strict=True))
            assert (told["tags"], told["successful"]) == ("vip", "yes")
        elif sort == "jsonl":
            told = json.loads(body)
            assert (told["analysis"], told["tags"]) == ({"plan": "gold"}, ["vip"])
            assert told["outcome"] == "conversation"
        else:
            [told] = parquet.read_table(io.BytesIO(body)).to_pylist()
            assert (told["cost"], told["duration_ms"]) == (Decimal("0.123456"), 61_000)
            assert told["created_at"] == NOW
        assert list(told) == list(COLUMNS) and told["agent"] == "Ava"


def test_parquet_is_written_group_by_group(
    connection: Connection, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(our_parquet, "GROUP", 2)
    for minutes in range(5):
        ended(connection, minutes)
    file = parquet.ParquetFile(io.BytesIO(written(ask(admin, format="parquet"))))
    assert (file.num_row_groups, file.metadata.num_rows) == (3, 5)


def test_transcripts_come_along_where_they_are_wanted(
    connection: Connection, admin: Member
) -> None:
    call = ended(connection)
    call.turns.create(index=0, role="callee", text=CARD, start_ms=0)
    ToolCall.objects.create(call=call, index=0, name="pay", arguments='{"n": 1}')
    told = json.loads(written(ask(admin, format="jsonl", has_transcripts=True)))
    assert told["transcript"][0]["text"] == CARD
    assert told["tool_calls"][0]["name"] == "pay"
    assert b"transcript" not in written(ask(admin, format="jsonl"))


def test_who_sees_things_masked_has_them_masked_in_files(
    connection: Connection, admin: Member
) -> None:
    call = ended(connection, summary=CARD, analysis={"mail": "a@b.de"})
    call.turns.create(index=0, role="callee", text=CARD, start_ms=0)
    export = ask(
        admin,
        format="jsonl",
        columns=["summary", "analysis"],
        has_transcripts=True,
        is_masked=True,
    )
    body = written(export).decode()
    assert "4242 4242" not in body and "a@b.de" not in body
    assert body.count("•••• 4242") == 2


# --- The queue -----------------------------------------------------------------------
def test_two_workers_write_it_once(
    connection: Connection, admin: Member, folder: Path
) -> None:
    export = ask(admin)
    assert exports.write(export.pk, NOW) == ExportState.DONE
    assert exports.write(export.pk, NOW) is None
    assert len(list(folder.rglob("*.csv"))) == 1


def test_a_killed_worker_has_its_file_begun_anew(
    connection: Connection, admin: Member
) -> None:
    ended(connection)
    export = ask(admin)
    assert exports._claim(export.pk, NOW)
    assert exports.due(NOW) == []
    later = NOW + exports.LEASE
    assert exports.due(later) == [export.pk]
    assert exports.write(export.pk, later) == ExportState.DONE
    export.refresh_from_db()
    assert (export.tries, export.done) == (2, 1)


def test_the_worker_that_was_too_slow_changes_nothing(
    connection: Connection, admin: Member, folder: Path
) -> None:
    ended(connection)
    slow = exports._claim(ask(admin).pk, NOW)
    assert slow
    assert exports.write(slow.pk, NOW + exports.LEASE) == ExportState.DONE
    with pytest.raises(exports.Canceled):
        exports._go_on(slow, done=1)


def test_its_task_writes_it(connection: Connection, admin: Member) -> None:
    export = ask(admin, now=datetime.now(tz=UTC))
    tasks.write_export(str(export.pk))
    export.refresh_from_db()
    assert export.state == ExportState.DONE


def test_it_is_given_up_in_words(connection: Connection, admin: Member) -> None:
    export = ask(admin)
    Export.objects.update(tries=exports.TRIES)
    assert exports.write(export.pk, NOW) == ExportState.FAILED
    export.refresh_from_db()
    assert export.error == exports.TOO_OFTEN


def test_a_canceled_one_leaves_no_file(
    connection: Connection, admin: Member, folder: Path
) -> None:
    ended(connection)
    export = exports._claim(ask(admin).pk, NOW)
    assert export and exports.cancel(export, NOW)
    with pytest.raises(exports.Canceled):
        exports._go_on(export, done=1)
    assert exports.write(export.pk, NOW) is None
    assert not exports.cancel(export, NOW)
    assert not list(folder.iterdir())


def test_files_go_after_a_week(connection: Connection, admin: Member) -> None:
    export = ask(admin)
    written(export)
    assert exports.drop_expired(NOW) == 0
    far = datetime.now(tz=UTC) + exports.KEPT + timedelta(minutes=1)
    assert exports.drop_expired(far) == 1
    export.refresh_from_db()
    assert (export.state, export.file.name) == (ExportState.EXPIRED, "")


def test_nobody_fills_the_queue(connection: Connection, admin: Member) -> None:
    for _ in range(exports.MOST_OPEN):
        ask(admin)
    with pytest.raises(exports.TooMany):
        ask(admin)


def test_today_stays_the_day_it_was_asked_for(
    connection: Connection, admin: Member
) -> None:
    ended(connection, 5)
    export = ask(admin, "when=today")
    assert exports.write(export.pk, NOW + timedelta(days=2)) == ExportState.DONE
    export.refresh_from_db()
    assert export.done == 1


# --- The pages -----------------------------------------------------------------------
ClientOf = Callable[[Member], Client]


def test_the_page_asks_for_what_the_history_shows(
    connection: Connection, admin: Member, client_of: ClientOf
) -> None:
    ended(connection)
    client, address = client_of(admin), reverse("export_new")
    page = client.get(f"{address}?status=ended").content.decode()
    assert 'value="status=ended"' in page and "1 call" in page
    body = {"query": "status=ended", "format": "csv", "columns": ["id"]}
    assert client.post(address, body).headers["Location"] == reverse("export_list")
    export = Export.objects.get()
    assert (export.query, export.columns) == ("status=ended", ["id"])
    assert export.created_by == admin.user
    assert AuditEntry.objects.get().action == "calls exported"


def test_mistakes_are_said_in_words(admin: Member, client_of: ClientOf) -> None:
    body = {"format": "csv", "columns": [], "has_transcripts": "on"}
    answer = client_of(admin).post(reverse("export_new"), body)
    assert answer.status_code == 422
    assert b"Choose JSON Lines" in answer.content
    assert b"one column at least" in answer.content


def test_only_who_asked_and_admins_fetch_it(
    connection: Connection, admin: Member, manager: Member, client_of: ClientOf
) -> None:
    ended(connection)
    mine = ask(manager)
    written(mine)
    address = reverse("export_file", args=[mine.pk])
    other = make_member(admin.workspace, Role.MANAGER)
    assert client_of(other).get(address).status_code == 404
    assert client_of(make_member_elsewhere()).get(address).status_code == 404
    for member in (manager, admin):
        answer = client_of(member).get(address)
        assert answer.status_code == 200
        assert answer.getvalue().startswith(b"\xef\xbb\xbf")
    assert AuditEntry.objects.filter(action="export downloaded").count() == 2


def test_reviewers_files_are_masked(
    connection: Connection, reviewer: Member, client_of: ClientOf
) -> None:
    body = {"format": "csv", "columns": ["id"]}
    client_of(reviewer).post(reverse("export_new"), body)
    assert Export.objects.get().is_masked


def test_the_list_asks_for_news_while_one_is_open(
    connection: Connection, admin: Member, client_of: ClientOf
) -> None:
    client, address = client_of(admin), reverse("export_list")
    assert b"No exports yet" in client.get(address).content
    export = ask(admin)
    page = client.get(address)
    assert AGAIN in page.content
    version = page.context["version"]
    assert client.get(address, {"v": version}).status_code == 204
    written(export)
    page = client.get(address, {"v": version})
    assert AGAIN not in page.content and b"Download" in page.content


def test_it_can_be_canceled(
    connection: Connection, admin: Member, client_of: ClientOf
) -> None:
    export = ask(admin)
    client_of(admin).post(reverse("export_cancel", args=[export.pk]))
    export.refresh_from_db()
    assert export.state == ExportState.CANCELED
