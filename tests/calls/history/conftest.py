"""The history's world: calls of every kind, most of them taken in."""

import pytest

from calls.history import taking
from calls.models import Call
from calls.models.call import FINAL
from dashboard.models import Workspace
from tests.calls.history import crowd


@pytest.fixture
def calls(workspace: Workspace) -> list[Call]:
    """Return calls of every kind; two of three that are over are taken in."""
    made = crowd.build(workspace)
    over = [call for call in made if call.status in FINAL]
    taken = [call for index, call in enumerate(over) if index % 3]
    taking.take_in(taken, crowd.NOW)
    for call in taken:
        call.digested_at = call.changed_at
    Call.objects.bulk_update(taken, ["digested_at"])
    rows = Call.objects.filter(workspace=workspace)
    return list(rows.prefetch_related("looks", "call_tags"))


@pytest.fixture(params=["walking", "asking", "merging"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have pages filled by walking, or after a few steps by asking or merging."""
    if request.param != "walking":
        monkeypatch.setattr("calls.history.finding.STEPS", 5)
        monkeypatch.setattr("calls.history.finding.STEPS_WORDS", 5)
    if request.param != "merging":
        monkeypatch.setattr("calls.history.finding.MERGED", 0)
    return str(request.param)
