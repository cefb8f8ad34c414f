"""The history's world: calls of every kind, most of them taken in."""

import pytest
from django.db.models import F
from pytest_django import DjangoDbBlocker

from calls.history import kind_rows, taking
from calls.models import Call
from calls.models.call import FINAL
from dashboard.models import Workspace
from tests.calls.history import crowd
from tests.factories import make_workspace


@pytest.fixture(scope="module")
def crowded(lasting_db: DjangoDbBlocker) -> Workspace:
    """Make a workspace with calls of every kind; two of three that are over are in."""
    with lasting_db.unblock():
        workspace = make_workspace(name="Crowded")
        over = [call for call in crowd.build(workspace) if call.status in FINAL]
        taken = [call for index, call in enumerate(over) if index % 3]
        taking.take_in(taken, crowd.NOW)
        ids = [call.pk for call in taken]
        Call.objects.filter(pk__in=ids).update(digested_at=F("changed_at"))
    return workspace


@pytest.fixture(scope="module")
def crowd_calls(lasting_db: DjangoDbBlocker, crowded: Workspace) -> list[Call]:
    """Return the calls of the crowded workspace, read once: they are only compared."""
    with lasting_db.unblock():
        return list(crowded.calls.prefetch_related("looks", "call_tags"))


@pytest.fixture
def town(db: None, crowded: Workspace) -> Workspace:
    """Return the workspace with calls of every kind."""
    return Workspace.objects.get(pk=crowded.pk)


@pytest.fixture
def calls(town: Workspace, crowd_calls: list[Call]) -> list[Call]:
    """Return the calls of every kind."""
    return list(crowd_calls)


@pytest.fixture(params=["walking", "asking", "merging"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have pages filled by walking, or after a few steps by asking or merging."""
    if request.param == "merging" and not kind_rows.has_kinds():
        pytest.skip("There are no kinds to merge here: it would be asked again.")
    if request.param != "walking":
        monkeypatch.setattr("calls.history.finding.STEPS", 5)
        monkeypatch.setattr("calls.history.finding.STEPS_WORDS", 5)
    if request.param != "merging":
        monkeypatch.setattr("calls.history.finding.MERGED", 0)
    return str(request.param)
