"""Kinds: what calls are alike in, and the spans in which their figures lie."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from calls.history import kinds, taking
from calls.models import Call, Found, FoundKind
from tests.calls.history.crowd import NOW

ON_POSTGRES = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="rows have kinds on PostgreSQL only"
)


@given(st.integers(-1, 2**40), st.sampled_from(["duration", "cost"]))
def test_every_figure_lies_in_one_span(value: int, name: str) -> None:
    first, below = kinds.span(name, value)
    assert first <= value < below
    assert {first, below} <= set(kinds.EDGES[name])


@pytest.mark.parametrize("bound", [10_000, 60_000, 3_600_000])
def test_a_bound_ends_one_span_and_begins_another(bound: int) -> None:
    assert kinds.span("duration", bound) == (bound, bound + 1)
    assert kinds.span("duration", bound - 1)[1] == bound


@ON_POSTGRES
@pytest.mark.django_db
def test_rows_that_are_alike_share_a_kind_and_others_do_not(calls: list[Call]) -> None:
    alike: dict[Any, set[int | None]] = {}
    for row in Found.objects.all():
        spans = (
            kinds.span("duration", row.duration_ms),
            kinds.span("cost", row.cost_micros),
        )
        facts = (*(getattr(row, name) for name in kinds.ALIKE), *spans)
        alike.setdefault(facts, set()).add(row.kind_id)
    known = [number for numbers in alike.values() for number in numbers]
    assert len(known) == len(alike) == len(set(known))
    assert set(known) == set(FoundKind.objects.values_list("pk", flat=True))


@ON_POSTGRES
@pytest.mark.django_db
def test_a_call_that_changes_changes_its_kind(calls: list[Call]) -> None:
    row = Found.objects.filter(is_reviewed=False)[0]
    call = Call.objects.get(pk=row.pk)
    call.reviewed_at = NOW
    taking.take_in([call], NOW)
    before = row.kind_id
    row.refresh_from_db()
    assert row.kind_id != before
    kind = call.workspace.kinds.get(pk=row.kind_id or 0)
    assert (kind.is_reviewed, kind.status) == (True, call.status)


@ON_POSTGRES
@pytest.mark.django_db
def test_the_migration_gives_rows_the_kinds_that_they_get_today(
    calls: list[Call],
) -> None:
    today = dict(Found.objects.values_list("pk", "kind_id"))
    Found.objects.update(kind_id=None)
    FoundKind.objects.all().delete()
    migration = import_module("calls.migrations.0004_kinds")
    migration.give_kinds(None, SimpleNamespace(connection=connection))
    assert dict(Found.objects.values_list("pk", "kind_id")) == today
