"""What was said: only what differs is written, and nothing known gets lost."""

from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.providers.base import CallUpdate, ToolFacts, TurnFacts
from calls import transcript
from calls.models import Call
from dashboard.models import Workspace
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db
HELLO, YES, BYE = (TurnFacts("agent", text) for text in ("Hello!", "Yes?", "Bye."))


@pytest.fixture
def call(workspace: Workspace) -> Call:
    return make_call(make_connection(workspace))


def hear(
    call: Call, *tellings: Sequence[TurnFacts], is_new: bool = True
) -> list[set[str]]:
    """Have one group of updates tell what was said; return what each changed."""
    spoken = transcript.known([call.pk])
    changed = [
        spoken.absorb(call.pk, CallUpdate(turns=tuple(told)), is_new=is_new)
        for told in tellings
    ]
    spoken.save()
    return changed


def said(call: Call) -> list[str]:
    rows = call.turns.order_by("index")
    assert [row.index for row in rows] == list(range(len(rows)))
    return [row.text for row in rows]


def test_lines_are_added_as_the_call_goes_on(call: Call) -> None:
    assert hear(call, [HELLO]) == [{"turns"}]
    first = call.turns.get()
    assert hear(call, [HELLO, YES], [HELLO, YES, BYE]) == [{"turns"}, {"turns"}]
    assert said(call) == ["Hello!", "Yes?", "Bye."]
    assert call.turns.get(index=0).pk == first.pk


def test_what_was_told_before_is_not_written_again(call: Call) -> None:
    hear(call, [HELLO, YES])
    with CaptureQueriesContext(connection) as asked:
        assert hear(call, [HELLO, YES]) == [set()]
    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)


def test_a_line_is_corrected_whether_it_is_written_yet_or_not(call: Call) -> None:
    hear(call, [HELLO])
    better = TurnFacts("agent", "Hello, Jamie!", start_ms=300, is_interrupted=True)
    assert hear(call, [better, YES], [better, BYE]) == [{"turns"}, {"turns"}]
    assert said(call) == ["Hello, Jamie!", "Bye."]
    row = call.turns.get(index=0)
    assert (row.start_ms, row.is_interrupted) == (300, True)


def test_an_older_telling_shortens_and_changes_nothing(call: Call) -> None:
    hear(call, [HELLO, YES])
    assert hear(call, [BYE], is_new=False) == [set()]
    assert said(call) == ["Hello!", "Yes?"]
    assert hear(call, [HELLO, YES, BYE], is_new=False) == [{"turns"}]
    assert said(call) == ["Hello!", "Yes?", "Bye."]


def test_tools_are_kept_and_get_their_results_later(call: Call) -> None:
    asked = ToolFacts(name="book", tool_id="t1", arguments='{"day": "Monday"}')
    done = ToolFacts(
        name="book", tool_id="t1", arguments='{"day": "Monday"}', result="ok"
    )
    for told in (asked, done):
        spoken = transcript.known([call.pk])
        update = CallUpdate(tools=(told,))
        assert spoken.absorb(call.pk, update, is_new=True) == {"turns"}
        spoken.save()
    row = call.tool_calls.get()
    assert (row.arguments, row.result) == ('{"day": "Monday"}', "ok")


def test_calls_are_kept_apart(call: Call) -> None:
    other = make_call(call.connection)
    spoken = transcript.known([call.pk, other.pk])
    spoken.absorb(call.pk, CallUpdate(turns=(HELLO,)), is_new=True)
    spoken.absorb(other.pk, CallUpdate(turns=(BYE, YES)), is_new=True)
    spoken.save()
    assert (said(call), said(other)) == (["Hello!"], ["Bye.", "Yes?"])
