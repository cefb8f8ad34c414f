"""Narrowing the list of calls, and its pages."""

import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest

from agents.models import Connection
from calls import history
from calls.forms.calls import FilterForm
from calls.history import Filters, narrow, page
from calls.models import Call
from dashboard.models import Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


def found(workspace: Workspace, text: str) -> list[Call]:
    """Return what a search finds."""
    return list(narrow(workspace, Filters(q=text)))


# --- filters
@pytest.mark.parametrize(
    ("wanted", "statuses"),
    [
        ("live", {"dialing", "unconfirmed", "ringing", "in_progress"}),
        ("waiting", {"queued", "scheduled"}),
        ("look", {"failed", "unconfirmed"}),
        ("ended", {"ended"}),
        ("", {"queued", "ended", "failed", "ringing"}),
    ],
)
def test_a_status_may_be_one_word_or_a_group(
    workspace: Workspace, connection: Connection, wanted: str, statuses: set[str]
) -> None:
    for status in statuses | {"not_connected"}:
        make_call(connection, status=status)
    rows = narrow(workspace, Filters(status=wanted))
    expected = statuses if wanted else statuses | {"not_connected"}
    assert {call.status for call in rows} == expected


def test_calls_are_narrowed_by_direction_agent_number_and_time(
    workspace: Workspace, connection: Connection
) -> None:
    agent, number = make_agent(connection), make_number(connection)
    mine = make_call(
        connection,
        agent=agent,
        phone_number=number,
        direction="inbound",
        created_at=NOW,
    )
    make_call(connection, created_at=NOW - timedelta(days=2))
    for filters in (
        Filters(direction="inbound"),
        Filters(agent=agent.pk),
        Filters(number=number.pk),
        Filters(since=NOW, until=NOW + timedelta(seconds=1)),
    ):
        assert list(narrow(workspace, filters)) == [mine]


def test_another_workspaces_calls_are_never_listed(connection: Connection) -> None:
    make_call(connection, external_id="order-7")
    stranger = make_workspace()
    assert not narrow(stranger, Filters())
    assert not narrow(stranger, Filters(q="order-7"))


# --- search
@pytest.mark.parametrize(
    "text",
    ["+14155550142", "(415) 555-0142", "415.555.0142", "0142", "555 01", "4155550142"],
)
def test_a_number_is_found_in_any_format_and_by_its_last_digits(
    workspace: Workspace, connection: Connection, text: str
) -> None:
    call = make_call(connection, to_number="+14155550142")
    make_call(connection, to_number="+493012345678")
    assert found(workspace, text) == [call]


def test_an_inbound_caller_is_found_as_well(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(
        connection, direction="inbound", from_number="+14155550142", to_number="+1628"
    )
    assert found(workspace, "0142") == [call]


def test_a_name_is_found_with_the_contact_or_with_the_call(
    workspace: Workspace, connection: Connection
) -> None:
    jamie = make_call(connection, contact=make_contact(workspace, name="Jamie Doe"))
    other = make_call(connection, customer_name="James Bond")
    assert set(found(workspace, "jam")) == {jamie, other}
    assert found(workspace, "jamie d") == [jamie]


def test_a_call_is_found_by_every_id_it_has(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection, provider_call_id="call_1ab", external_id="order-7")
    for text in (str(call.pk), call.pk.hex, "call_1ab", "order-7"):
        assert found(workspace, text) == [call]
    assert found(workspace, str(uuid.uuid4())) == []


def test_a_digit_or_two_find_nothing_rather_than_everything(
    workspace: Workspace, connection: Connection
) -> None:
    make_call(connection, to_number="+14155550142")
    assert found(workspace, "42") == []


# --- pages
def make_calls(connection: Connection, count: int) -> list[Call]:
    """Make calls, some at the very same moment; return them newest first."""
    calls = [
        make_call(connection, created_at=NOW - timedelta(minutes=index // 2))
        for index in range(count)
    ]
    return sorted(calls, key=lambda call: (call.created_at, call.pk), reverse=True)


def test_pages_hold_every_call_once_in_both_ways(
    workspace: Workspace, connection: Connection
) -> None:
    calls, seen = make_calls(connection, 7), []
    rows = narrow(workspace, Filters())
    shown = page(rows, size=3)
    while True:
        seen.append(shown.calls)
        if not shown.older:
            break
        shown = page(rows, after=shown.older, size=3)
    assert list(chain.from_iterable(seen)) == calls
    back = page(rows, before=shown.newer, size=3)
    assert back.calls == seen[1]
    assert page(rows, before=back.newer, size=3).calls == seen[0]


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older(
    workspace: Workspace, connection: Connection
) -> None:
    make_calls(connection, 3)
    shown = page(narrow(workspace, Filters()), size=3)
    assert (shown.older, shown.newer) == ("", "")


def test_new_calls_do_not_move_a_page(
    workspace: Workspace, connection: Connection
) -> None:
    calls = make_calls(connection, 5)
    first = page(narrow(workspace, Filters()), size=2)
    make_call(connection, created_at=NOW + timedelta(hours=1))
    second = page(narrow(workspace, Filters()), after=first.older, size=2)
    assert second.calls == calls[2:4]


@pytest.mark.parametrize("text", ["", "x", "12-34", "9" * 40 + "-" + "0" * 32, "-"])
def test_a_broken_cursor_is_the_first_page(text: str) -> None:
    assert history.read_cursor(text) is None


# --- days and the address
def test_days_begin_where_the_workspace_is() -> None:
    workspace = make_workspace(timezone="America/Los_Angeles")
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)  # still the 19th there
    assert history.days_back(workspace, 1, at).astimezone(UTC) == datetime(
        2026, 11, 19, 8, tzinfo=UTC
    )
    start = history.day_start(workspace, date(2026, 11, 20))
    assert start.astimezone(UTC) == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_days_by_hand_hold_the_last_day_whole(workspace: Workspace) -> None:
    form = FilterForm(workspace, {"since": "2026-11-18", "until": "2026-11-19"})
    filters = form.filters(NOW)
    assert filters.since == datetime(2026, 11, 18, tzinfo=UTC)
    assert filters.until == datetime(2026, 11, 20, tzinfo=UTC)
    assert form.date_chip().said == "2026-11-18 to 2026-11-19"


def test_what_is_not_understood_is_left_out(workspace: Workspace) -> None:
    form = FilterForm(workspace, {"status": "odd", "agent": "x", "q": "Jamie"})
    assert form.filters(NOW) == Filters(q="Jamie")
    assert form.address(status="ended") == "?status=ended&q=Jamie"


def test_a_choice_keeps_the_other_filters(workspace: Workspace) -> None:
    form = FilterForm(workspace, {"status": "ended", "when": "week"})
    status = next(chip for chip in form.chips() if chip.name == "status")
    assert status.said == "Ended"
    assert status.choices[0].href == "?when=week"
    assert form.others() == [("status", "ended"), ("when", "week")]
