"""Many rows in one statement: written as each is, and nothing cut or left out."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from uuid_utils.compat import uuid7

from calls import batches
from calls.models import Call, CallStatus
from calls.models.call import Source
from dashboard.models import Workspace
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_each_row_gets_its_own_values_and_nulls(workspace: Workspace) -> None:
    line = make_connection(workspace)
    long, short = make_call(line), make_call(line)
    long.cost, long.ended_at, long.summary = Decimal("0.125"), AT, "It's “done”, 100 %"
    long.analysis, long.successful = {"plan": ["a", None]}, True
    fields = ["cost", "ended_at", "summary", "analysis", "successful", "duration_ms"]
    batches.save([long, short], fields)
    for call in (long, short):
        told = Call.objects.get(pk=call.pk)
        seen = [getattr(told, name) for name in fields]
        assert seen == [getattr(call, name) for name in fields]


def test_one_row_is_inserted_as_the_orm_would(workspace: Workspace) -> None:
    line = make_connection(workspace)
    call = Call(
        workspace=workspace,
        connection=line,
        status=CallStatus.QUEUED,
        source=Source.API,
        to_number="+14155550100",
        variables={"name": "It's “done”, 100 %", "none": None},
        cost=Decimal("0.125"),
        created_at=AT,
    )
    batches.insert(call)
    told = Call.objects.get()
    for field in Call._meta.concrete_fields:
        name = str(field.attname)
        assert getattr(told, name) == getattr(call, name), name
    told.note = "later"
    call.note = "saved as a row that is there"
    call.save()
    told.refresh_from_db()
    assert told.note == call.note


def test_a_row_that_may_not_be_is_refused(workspace: Workspace) -> None:
    first = make_call(make_connection(workspace), launch_key="once")
    second = Call.objects.get()
    second.pk = uuid7()
    with pytest.raises(IntegrityError), transaction.atomic():
        batches.insert(second)
    assert list(Call.objects.all()) == [first]


def test_other_fields_and_other_rows_stay(workspace: Workspace) -> None:
    line = make_connection(workspace)
    told, other = make_call(line, summary="kept"), make_call(line, note="kept")
    told.summary, told.note = "not to be saved", "saved"
    batches.save([told], ["note"])
    told.refresh_from_db()
    other.refresh_from_db()
    assert (told.summary, told.note, other.note) == ("kept", "saved", "kept")


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite keeps texts of any length"
)
def test_a_text_that_is_too_long_is_refused_and_not_cut(workspace: Workspace) -> None:
    call = make_call(make_connection(workspace), status_raw="ended")
    call.status_raw = "x" * 61
    with pytest.raises(DatabaseError), transaction.atomic():
        batches.save([call], ["status_raw"])
    call.refresh_from_db()
    assert call.status_raw == "ended"
