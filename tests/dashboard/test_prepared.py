"""Queries that are written once: the rows of the query itself, each time."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import CharField, DateTimeField, QuerySet, UUIDField
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent
from dashboard.models import Workspace
from dashboard.prepared import Given, GivenMany, Prepared, PreparedUpdate
from tests.factories import make_agent, make_connection, make_workspace

pytestmark = pytest.mark.django_db

PK = Given("pk", UUIDField())


def agents() -> QuerySet[Agent]:
    return Agent.objects.select_related("connection").defer("settings").order_by("name")


@pytest.fixture
def three(workspace: Workspace) -> list[Agent]:
    connection = make_connection(workspace)
    return [make_agent(connection, name=name) for name in ("Ada", "Bo", "Cy")]


def test_each_time_the_rows_are_those_of_the_values_given(three: list[Agent]) -> None:
    one = Prepared(lambda: agents().filter(pk=PK))
    for agent in three:
        assert one.all(pk=agent.pk) == [agent]
    assert one.first(pk=uuid.uuid4()) is None


def test_the_query_is_built_once(three: list[Agent]) -> None:
    built = []

    def build() -> QuerySet[Agent]:
        built.append(1)
        return agents().filter(name=Given("name", CharField()))

    named = Prepared(build)
    assert [named.get(name=agent.name) for agent in three] == three
    assert built == [1]


def test_what_goes_with_a_row_comes_with_it(three: list[Agent]) -> None:
    one = Prepared(lambda: agents().filter(pk=PK).prefetch_related("versions"))
    with CaptureQueriesContext(connection) as asked:
        found = one.get(pk=three[0].pk)
        assert found.connection.name == three[0].connection.name
        assert [version.version for version in found.versions.all()] == [0]
    assert len(asked) == 2
    assert "settings" in found.get_deferred_fields()


def test_values_and_parts_of_rows_are_told_as_the_query_tells_them(
    three: list[Agent],
) -> None:
    rows = Prepared(lambda: agents().filter(name__gt=Given("name", CharField()))[:1])
    names: Prepared[Any] = Prepared(
        lambda: (
            agents()
            .filter(name__among=GivenMany("names", CharField()))
            .values_list("name", flat=True)
        )
    )
    assert rows.all(name="A") == three[:1]
    assert names.all(names=["Cy", "Bo"]) == ["Bo", "Cy"]
    assert names.all(names={"Ada"}) == ["Ada"]
    assert names.all(names=[]) == []


def test_none_is_refused_and_nobody_is_not_there(three: list[Agent]) -> None:
    one = Prepared(lambda: agents().filter(pk=PK))
    with pytest.raises(ValueError, match="pk is None"):
        one.all(pk=None)
    with pytest.raises(Agent.DoesNotExist):
        one.get(pk=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_its_transaction_at_the_first_use_and_later() -> None:
    space = make_workspace()
    rows = Workspace.objects.select_for_update(no_key=True)
    locked = Prepared(lambda: rows.filter(pk=PK))
    for _ in range(2):
        with transaction.atomic():
            assert locked.get(pk=space.pk) == space
    if connection.features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            locked.get(pk=space.pk)


def test_what_may_be_null_may_be_none(three: list[Agent]) -> None:
    retired = Given("at", DateTimeField(null=True))
    retire = PreparedUpdate(lambda: Agent.objects.filter(pk=PK), retired_at=retired)
    for at in (timezone.now(), None):
        retire.run(pk=three[0].pk, at=at)
        three[0].refresh_from_db()
        assert three[0].retired_at == at


def test_an_update_changes_the_rows_of_its_values_alone(three: list[Agent]) -> None:
    rename = PreparedUpdate(
        lambda: Agent.objects.filter(pk=PK, retired_at=None),
        name=Given("name", CharField()),
        settings={"renamed": True},
    )
    for agent in three[:2]:
        assert rename.run(pk=agent.pk, name=f"{agent.name} the second") == 1
    assert rename.run(pk=uuid.uuid4(), name="Nobody") == 0
    names = agents().values_list("name", "settings__renamed")
    assert list(names) == [
        ("Ada the second", True),
        ("Bo the second", True),
        ("Cy", None),
    ]
