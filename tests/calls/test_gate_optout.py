"""Opt-outs heard in a call: who asks not to be called again goes on the list."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Connection
from agents.providers.base import Analysis, CallUpdate, TurnFacts
from calls import lifecycle, tasks
from calls.models import Call, Suppression
from calls.people import optout
from dashboard.models import Workspace, usual_phrases
from tests.factories import make_call, make_connection

pytestmark = pytest.mark.django_db
CALLEE = "+14155550100"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Said = tuple[str, str]


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return a connection to have calls with."""
    return make_connection(workspace)


@pytest.fixture
def ended(connection: Connection) -> Callable[..., Call]:
    """Return a function that makes a call that is over, with what was said in it."""

    def make(*said: Said, **fields: Any) -> Call:
        fields = {"status": "ended", "answered_at": NOW} | fields
        call = make_call(connection, **fields)
        for index, (role, text) in enumerate(said):
            call.turns.create(index=index, role=role, text=text)
        return call

    return make


def fresh(*calls: Call) -> list[Call]:
    """Return the calls as they are now."""
    rows = Call.objects.select_related("workspace")
    return [rows.get(pk=call.pk) for call in calls]


def hear(*calls: Call) -> list[Suppression]:
    """Hear the calls as they are now."""
    return optout.hear(fresh(*calls))


def numbers(workspace: Workspace) -> list[str]:
    """Return the numbers on the do-not-call list."""
    return list(workspace.suppressions.values_list("number", flat=True))


@pytest.mark.parametrize(
    "said",
    [
        "Please do not call me again.",
        "DON’T CALL ME AGAIN!",
        "don't, call me... again",
        "I said: stop calling me, all right?",
        "Just take me off your list",
        "Would you remove my number, please",
    ],
)
def test_whoever_asks_for_it_is_put_on_the_list(
    workspace: Workspace, ended: Callable[..., Call], said: str
) -> None:
    call = ended(("agent", "Hello!"), ("callee", said))
    (row,) = hear(call)
    assert row.number == CALLEE
    assert row.reason == f"Said “{said}” in the call of 20 Nov 2026, {call.pk}."
    entry = workspace.audit.get()
    assert (entry.action, entry.subject) == ("opt-out heard", CALLEE)
    assert entry.after == {"call": str(call.pk), "reason": row.reason}


@pytest.mark.parametrize(
    "turns",
    [
        [("callee", "Yes, call me again on Monday.")],
        [("callee", "I will not stop calling the others.")],
        [("agent", "Shall I stop calling me-and-you names?")],
        [("agent", "Shall we stop calling you? Do not call me again, you mean?")],
        [("callee", "They never stopped calling mechanics.")],
        [("callee", "Do not"), ("agent", "Pardon?"), ("callee", "call me again")],
        [],
    ],
)
def test_other_words_leave_the_list_alone(
    workspace: Workspace, ended: Callable[..., Call], turns: list[Said]
) -> None:
    assert hear(ended(*turns)) == []
    assert numbers(workspace) == []
    assert not workspace.audit.exists()


def test_what_is_said_in_two_breaths_is_heard(
    workspace: Workspace, ended: Callable[..., Call]
) -> None:
    call = ended(("callee", "Do not"), ("callee", "call me again"))
    (row,) = hear(call)
    assert "“Do not call me again”" in row.reason


def test_of_a_long_speech_the_phrase_is_kept(ended: Callable[..., Call]) -> None:
    call = ended(("callee", "well " * 100 + "stop calling me " + "now " * 100))
    (row,) = hear(call)
    assert row.reason.startswith("Said “stop calling me” in the call of")
    longest = ended(("callee", "stop calling me " + "x" * 64), to_number="+14155550101")
    (other,) = hear(longest)
    assert len(other.reason) <= 200


def test_the_workspace_says_which_words_count(
    workspace: Workspace, ended: Callable[..., Call]
) -> None:
    workspace.optout_phrases = ["rufen sie mich nicht mehr an"]
    workspace.save()
    english = ended(("callee", "Stop calling me"))
    german = ended(
        ("callee", "Bitte rufen Sie mich nicht mehr an!"), to_number="+493012345678"
    )
    hear(english, german)
    assert numbers(workspace) == ["+493012345678"]


# --- What the provider noted ---------------------------------------------------------
@pytest.mark.parametrize(
    ("analysis", "is_asked"),
    [
        ({"do_not_call": True}, True),
        ({"Opt-out": "yes"}, True),
        ({"opted out": "TRUE"}, True),
        ({"opt_out": {"value": True, "reason": "said so"}}, True),
        ({"do_not_call": False}, False),
        ({"do_not_call": "no"}, False),
        ({"do_not_call": None}, False),
        ({"do_not_call": {"value": "false"}}, False),
        ({"interested": True}, False),
        ([], False),
    ],
)
def test_the_providers_analysis_counts_too(
    workspace: Workspace, ended: Callable[..., Call], analysis: Any, is_asked: bool
) -> None:
    call = ended(analysis=analysis)
    found = hear(call)
    assert bool(found) is is_asked
    if found:
        name = next(iter(analysis))
        assert found[0].reason.startswith(f"The provider noted “{name}” in the call of")


def test_without_phrases_and_fields_nothing_is_heard(
    workspace: Workspace,
    ended: Callable[..., Call],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    workspace.optout_phrases = workspace.optout_fields = []
    workspace.save()
    call = ended(("callee", "Do not call me again"), analysis={"opt_out": True})
    with django_assert_num_queries(1):
        assert hear(call) == []


# --- When, and how often -------------------------------------------------------------
def test_a_call_that_goes_on_is_heard_when_it_is_over(
    ended: Callable[..., Call],
) -> None:
    call = ended(("callee", "Stop calling me"), status="in_progress")
    assert hear(call) == []
    Call.objects.filter(pk=call.pk).update(status="ended")
    assert len(hear(call)) == 1


def test_a_call_that_broke_off_is_heard_too(ended: Callable[..., Call]) -> None:
    broken = ended(("callee", "Stop calling me"), status="failed")
    assert len(hear(broken)) == 1


def test_a_call_is_heard_once_and_its_number_may_be_taken_off_again(
    workspace: Workspace, ended: Callable[..., Call]
) -> None:
    call = ended(("callee", "Stop calling me"))
    hear(call)
    hear(call)
    assert len(numbers(workspace)) == 1
    workspace.suppressions.all().delete()
    assert hear(call) == []
    assert numbers(workspace) == []
    # Another call in which it is said counts again.
    assert len(hear(ended(("callee", "Stop calling me")))) == 1


def test_a_number_that_is_on_the_list_stays_there_as_it_is(
    workspace: Workspace, ended: Callable[..., Call]
) -> None:
    workspace.suppressions.create(number=CALLEE, reason="By letter")
    assert hear(ended(("callee", "Stop calling me"))) == []
    assert workspace.suppressions.get().reason == "By letter"
    assert workspace.audit.get().after["reason"].startswith("Said “Stop calling me”")


def test_a_caller_may_say_it_too(
    workspace: Workspace, ended: Callable[..., Call]
) -> None:
    call = ended(
        ("callee", "Stop calling me"),
        direction="inbound",
        from_number="+14155550142",
        to_number="+16285550170",
    )
    hear(call)
    assert numbers(workspace) == ["+14155550142"]


@pytest.mark.parametrize("fields", [{"type": "web"}, {"ignore_e164_validation": True}])
def test_what_is_no_number_is_on_no_list(
    workspace: Workspace, ended: Callable[..., Call], fields: dict[str, Any]
) -> None:
    number = "" if "type" in fields else "334"
    call = ended(("callee", "Stop calling me"), to_number=number, **fields)
    assert hear(call) == []


def test_many_calls_cost_one_statement(
    ended: Callable[..., Call], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    calls = fresh(*[ended(("callee", "Good bye")) for _ in range(20)])
    with django_assert_num_queries(1):
        optout.hear(calls)
    with django_assert_num_queries(0):
        optout.hear([])


def test_only_changes_of_what_was_said_are_worth_a_look(
    connection: Connection,
) -> None:
    call = make_call(connection, status="ringing", dialed_at=NOW)
    turns = (TurnFacts("agent", "Hello"), TurnFacts("callee", "Stop calling me"))
    talks = CallUpdate(status="in_progress", occurred_at=NOW, turns=turns)
    over = CallUpdate(status="ended", occurred_at=NOW, ended_at=NOW)
    later = CallUpdate(occurred_at=NOW, analysis=Analysis(custom={"opt_out": "yes"}))
    cost = CallUpdate(occurred_at=NOW, duration_ms=1000)
    worth = []
    for update in (talks, over, later, cost):
        done = lifecycle.apply(call.pk, update, NOW)
        worth.append(optout.is_worth(done.call, done.changed))
    assert worth == [False, True, True, False]
    assert [row.number for row in hear(call)] == [CALLEE]


def test_the_usual_phrases_are_each_heard_by_themselves(
    connection: Connection, workspace: Workspace
) -> None:
    for index, phrase in enumerate(usual_phrases()):
        call = make_call(
            connection, status="ended", to_number=f"+1415555{1000 + index}"
        )
        call.turns.create(index=0, role="callee", text=f"Well, {phrase}, please.")
        assert hear(call), phrase


def test_it_follows_from_the_end_of_a_call(
    connection: Connection, workspace: Workspace
) -> None:
    call = make_call(connection, status="in_progress", dialed_at=NOW)
    turns = (TurnFacts("callee", "Never call me again!"),)
    over = CallUpdate(status="ended", occurred_at=NOW, ended_at=NOW, turns=turns)
    tasks.follow([lifecycle.apply(call.pk, over, NOW)])
    assert numbers(workspace) == [CALLEE]
