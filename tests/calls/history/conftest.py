"""The history's world: calls of every kind, most of them taken in."""

import pytest
from django.db.models import F
from pytest_django import DjangoDbBlocker

from calls.history import taking
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


@pytest.fixture
def town(db: None, crowded: Workspace) -> Workspace:
    """Return the workspace with calls of every kind."""
    return Workspace.objects.get(pk=crowded.pk)


@pytest.fixture
def calls(town: Workspace) -> list[Call]:
    """Return the calls of every kind."""
    return list(town.calls.prefetch_related("looks", "call_tags"))


@pytest.fixture(params=["walking", "asking", "merging"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have pages filled by walking, or after a few steps by asking or merging."""
    if request.param != "walking":
        monkeypatch.setattr("calls.history.finding.STEPS", 5)
        monkeypatch.setattr("calls.history.finding.STEPS_WORDS", 5)
    if request.param != "merging":
        monkeypatch.setattr("calls.history.finding.MERGED", 0)
    return str(request.param)
