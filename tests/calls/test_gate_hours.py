"""Calling hours: by the clock of the person called, at the launch and at the dial."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agents import phone
from agents.models import Agent, PhoneNumber
from agents.providers.base import LaunchWish
from calls import dispatch, policy, tasks
from calls.gate import hours
from calls.gate.hours import Hours
from calls.models import Call, CallStatus
from calls.plan import Plan, prepare
from dashboard.models import ApiKey, Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
)

OFFICE = Hours((1, 2, 3, 4, 5), time(9), time(17))
ALWAYS = Hours((1, 2, 3, 4, 5, 6, 7), time(9), time(17))
LONDON, PARIS = ZoneInfo("Europe/London"), ZoneInfo("Europe/Paris")
NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
# A Friday, 22:14 in London.
LATE = datetime(2026, 11, 20, 22, 14, tzinfo=UTC)
CALLEE = "+14155550100"


def at(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- Which hours ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T08:59:59", False),
        ("2026-11-20T09:00:00", True),
        ("2026-11-20T16:59:59", True),
        ("2026-11-20T17:00:00", False),
        ("2026-11-21T12:00:00", False),
    ],
)
def test_hours_begin_at_the_first_minute_and_end_before_the_last(
    moment: str, is_open: bool
) -> None:
    assert OFFICE.hold(at(moment), LONDON) is is_open


def test_hours_are_those_of_the_place_in_summer_and_in_winter() -> None:
    assert not OFFICE.hold(at("2026-11-20T08:30:00"), LONDON)
    assert OFFICE.hold(at("2026-07-20T08:30:00"), LONDON)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((1, 2, 3, 4, 5), "Monday to Friday, 09:00 to 17:00"),
        ((1, 2, 3, 4, 5, 6, 7), "every day, 09:00 to 17:00"),
        ((1, 3, 5), "Monday, Wednesday and Friday, 09:00 to 17:00"),
        ((6, 7), "Saturday and Sunday, 09:00 to 17:00"),
        ((6,), "Saturday, 09:00 to 17:00"),
    ],
)
def test_hours_are_said_as_people_say_them(days: tuple[int, ...], words: str) -> None:
    assert str(Hours(days, time(9), time(17))) == words


# --- Which zone ----------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "contact_zone", "names"),
    [
        ("+442079460000", "", ["Europe/London"]),
        # The contact's zone is the finer one where the clocks agree.
        ("+442079460000", "Europe/Lisbon", ["Europe/Lisbon"]),
        # Where they do not, both count.
        ("+442079460000", "Asia/Tokyo", ["Asia/Tokyo", "Europe/London"]),
        # A zone that is none is as good as none.
        ("+442079460000", "Mars/Base", ["Europe/London"]),
        # A number without a place: the contact's, else the workspace's.
        ("+88213123456", "Asia/Tokyo", ["Asia/Tokyo"]),
        ("+88213123456", "", ["Europe/Berlin"]),
    ],
)
def test_the_zone_is_the_contacts_and_the_numbers(
    workspace: Workspace, number: str, contact_zone: str, names: list[str]
) -> None:
    workspace.timezone = "Europe/Berlin"
    callee = phone.parse(number)
    assert callee is not None
    found = hours.zones(callee, contact_zone, workspace, LATE)
    assert [str(zone) for zone in found] == names


@pytest.mark.django_db
def test_a_number_that_may_be_in_many_zones_counts_them_all(
    workspace: Workspace,
) -> None:
    free = phone.parse("+18003569377")
    zones = hours.zones(free, "", workspace, LATE)
    assert {"America/New_York", "Pacific/Honolulu"} <= {str(zone) for zone in zones}
    # With the contact's zone it is that one alone.
    assert hours.zones(free, "America/Chicago", workspace, LATE) == (
        ZoneInfo("America/Chicago"),
    )


# --- May it go out, and when else? ---------------------------------------------------
def test_outside_the_hours_it_is_refused_in_words() -> None:
    refused = hours.refusal(OFFICE, (LONDON,), LATE)
    assert refused is not None
    assert refused.code == "outside_calling_hours"
    assert refused.message == (
        "It is 22:14 on Friday in London, and people are called Monday to Friday, "
        "09:00 to 17:00."
    )
    assert refused.mend == (
        "Call from 09:00 on Monday, 23 Nov, there, or schedule the call for then."
    )
    assert refused.more == {
        "local_time": "22:14",
        "timezone": "Europe/London",
        "next_allowed_at": "2026-11-23T09:00:00+00:00",
        "mend": refused.mend,
    }


def test_it_is_allowed_only_where_every_zone_allows_it() -> None:
    noon = at("2026-11-20T12:00:00")
    assert hours.refusal(ALWAYS, (LONDON,), noon) is None
    refused = hours.refusal(ALWAYS, (LONDON, NEW_YORK), noon)
    assert refused is not None
    assert "07:00 on Friday in New York, one of 2 places" in refused.message
    # New York opens at 14:00 UTC, when London is still open.
    assert refused.next_at == at("2026-11-20T14:00:00")


def test_where_no_time_suits_every_zone_it_says_what_would_help() -> None:
    refused = hours.refusal(ALWAYS, (TOKYO, NEW_YORK), LATE)
    assert refused is not None
    assert refused.next_at is None
    assert "Give the contact a time zone" in refused.mend
    assert "next_allowed_at" not in refused.more


@pytest.mark.parametrize(
    ("asked", "zone", "opens"),
    [
        # Later today, tomorrow, after the weekend.
        ("2026-11-20T05:00:00", LONDON, "2026-11-20T09:00:00"),
        ("2026-11-19T20:00:00", LONDON, "2026-11-20T09:00:00"),
        ("2026-11-20T20:00:00", LONDON, "2026-11-23T09:00:00"),
        # Over the end of summer time: 09:00 in Paris is 07:00, then 08:00 UTC.
        ("2026-10-23T20:00:00", PARIS, "2026-10-26T08:00:00"),
        ("2026-03-27T20:00:00", PARIS, "2026-03-30T07:00:00"),
        # Where it is tomorrow already.
        ("2026-11-19T22:00:00", TOKYO, "2026-11-20T00:00:00"),
        # Open: at once.
        ("2026-11-20T10:30:00", LONDON, "2026-11-20T10:30:00"),
    ],
)
def test_the_next_allowed_time(asked: str, zone: ZoneInfo, opens: str) -> None:
    assert hours.next_allowed(OFFICE, (zone,), at(asked)) == at(opens)


def test_hours_that_begin_in_the_hour_that_is_skipped_begin_after_it() -> None:
    night = Hours((7,), time(2, 30), time(5))
    opens = hours.next_allowed(night, (PARIS,), at("2026-03-28T12:00:00"))
    assert opens == at("2026-03-29T01:30:00")
    assert opens.astimezone(PARIS).time() == time(3, 30)


def test_one_day_of_the_week_comes_round() -> None:
    sundays = Hours((7,), time(9), time(10))
    late = at("2026-11-22T10:00:00")
    assert hours.next_allowed(sundays, (LONDON,), late) == at("2026-11-29T09:00:00")


# --- At the launch -------------------------------------------------------------------
@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent with a number to call from."""
    agent = make_agent(make_connection(workspace), provider_agent_id="agent_1")
    make_number(agent.connection, number="+16285550170")
    return agent


@pytest.fixture
def opens(workspace: Workspace) -> datetime:
    """Open on one day only, the third from now; return when that is in California."""
    there = timezone.now().astimezone(ZoneInfo("America/Los_Angeles"))
    day = there.date() + timedelta(days=3)
    workspace.has_calling_hours = True
    workspace.calling_days = [day.isoweekday()]
    workspace.save()
    begin = datetime.combine(day, workspace.calling_from, tzinfo=there.tzinfo)
    return begin.astimezone(UTC)


def planned(workspace: Workspace, now: datetime, to: str = CALLEE) -> Plan:
    """Return the plan of a call, as it would be at another time."""
    agent = workspace.agents.get()
    plan = prepare(workspace, LaunchWish(to_number=to, agent_id=str(agent.pk)))
    plan.asked_at = now
    return plan


@pytest.mark.django_db
def test_without_hours_people_are_called_at_any_time(
    workspace: Workspace, agent: Agent
) -> None:
    plan = planned(workspace, LATE)
    assert policy.check(plan) == []
    assert {
        "check": "calling hours",
        "looked_at": "none are set",
        "saw": "any time",
    } in plan.evidence


@pytest.mark.django_db
def test_the_contacts_zone_decides_with_the_number(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.has_calling_hours = True
    # 13:30 in California, and 06:30 on Saturday in Tokyo.
    plan = planned(workspace, at("2026-11-20T21:30:00"))
    assert policy.check(plan) == []
    make_contact(workspace, number=CALLEE, timezone="Asia/Tokyo")
    again = planned(workspace, at("2026-11-20T21:30:00"))
    refusals = policy.check(again)
    assert [refusal.code for refusal in refusals] == ["outside_calling_hours"]
    row = next(r for r in again.evidence if r["check"] == "calling hours")
    assert row["looked_at"] == (
        "Monday to Friday, 09:00 to 20:00, in Asia/Tokyo, America/Los_Angeles"
    )
    assert row["saw"] == "06:30 on Saturday in Tokyo"


@pytest.mark.django_db
def test_a_web_call_and_a_number_that_is_none_are_not_asked_the_time(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.has_calling_hours = True
    nobody = planned(workspace, LATE, to="12")
    assert [r.code for r in policy.check(nobody)] == ["invalid_phone_number"]
    wish = LaunchWish(type="web", agent_id=str(agent.pk))
    web = prepare(workspace, wish)
    web.asked_at = LATE + timedelta(days=1)
    assert policy.check(web) == []


@pytest.mark.django_db
def test_hours_cost_no_query(
    workspace: Workspace,
    agent: Agent,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    plan = planned(workspace, LATE)
    with django_assert_num_queries(0):
        list(hours.check(plan))
    workspace.has_calling_hours = True
    with django_assert_num_queries(0):
        assert len(list(hours.check(plan))) == 1


# --- From the API --------------------------------------------------------------------
@pytest.fixture
def launch(workspace: Workspace, agent: Agent) -> Callable[..., Any]:
    """Return a function that launches through our own API."""
    key = ApiKey.issue(workspace, "Hours", ["calls:write"])[1]

    def send(**more: Any) -> Any:
        body = {"to_number": CALLEE, "agent_id": "agent_1"} | more
        return Client().post(
            "/api/v1/calls",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )

    return send


@pytest.mark.django_db
def test_the_api_says_when_the_call_may_go_out(
    launch: Callable[..., Any], opens: datetime
) -> None:
    answer = launch()
    error = answer.json()
    assert (answer.status_code, error["error"]) == (403, "outside_calling_hours")
    assert error["field"] == "scheduled_at"
    assert error["details"]["next_allowed_at"] == opens.isoformat()
    assert error["details"]["timezone"] == "America/Los_Angeles"


@pytest.mark.django_db
def test_a_call_scheduled_for_then_is_taken(
    launch: Callable[..., Any], opens: datetime
) -> None:
    answer = launch(scheduled_at=opens.isoformat())
    assert answer.status_code == 201
    call = Call.objects.get()
    assert (call.status, call.due_at) == (CallStatus.SCHEDULED, opens)
    before = launch(scheduled_at=(opens - timedelta(minutes=1)).isoformat())
    assert before.json()["error"] == "outside_calling_hours"
    assert before.json()["message"].startswith("It will be 08:59 on ")


# --- From the button -----------------------------------------------------------------
@pytest.fixture
def browser(client_of: Callable[[Member], Client], manager: Member) -> Client:
    """Return the browser of a sales manager."""
    return client_of(manager)


@pytest.fixture
def form(agent: Agent) -> dict[str, str]:
    """Return the call form as a browser sends it."""
    key = str(uuid.uuid4())
    return {"launch_key": key, "who": CALLEE, "agent": str(agent.pk)}


@pytest.mark.django_db
def test_the_form_offers_the_next_allowed_time(
    browser: Client, form: dict[str, str], opens: datetime
) -> None:
    page = browser.post("/calls/new/", form)
    assert page.status_code == 422
    assert f'name="scheduled_at" value="{opens.isoformat()}"' in page.content.decode()
    answer = browser.post("/calls/new/", form | {"scheduled_at": opens.isoformat()})
    assert answer.status_code == 302
    call = Call.objects.get()
    assert (call.status, call.scheduled_at) == (CallStatus.SCHEDULED, opens)
    shown = browser.get(call.get_absolute_url()).content.decode()
    assert "It goes out " in shown


@pytest.mark.django_db
def test_no_time_is_offered_where_more_speaks_against_the_call(
    browser: Client, form: dict[str, str], opens: datetime, workspace: Workspace
) -> None:
    workspace.suppressions.create(number=CALLEE)
    page = browser.post("/calls/new/", form).content.decode()
    assert "and people are called" in page
    assert 'name="scheduled_at"' not in page


@pytest.mark.django_db
def test_a_time_that_is_not_allowed_is_not_taken_from_the_form(
    browser: Client, form: dict[str, str], opens: datetime
) -> None:
    early = opens - timedelta(days=1)
    answer = browser.post("/calls/new/", form | {"scheduled_at": early.isoformat()})
    assert answer.status_code == 422
    nonsense = browser.post("/calls/new/", form | {"scheduled_at": "soon"})
    assert nonsense.status_code == 422
    assert not Call.objects.exists()


# --- Just before the dial ------------------------------------------------------------
@pytest.mark.django_db
def test_a_call_that_comes_due_outside_the_hours_is_held_back(
    workspace: Workspace, agent: Agent
) -> None:
    call = make_call(agent.connection, to_number="+442079460000")
    assert policy.held_back(call, LATE) is None
    workspace.has_calling_hours = True
    held = policy.held_back(call, LATE)
    assert held is not None
    assert held.code == "outside_calling_hours"
    assert held.until == at("2026-11-23T09:00:00")
    assert held.note.endswith("It goes out from 09:00 on Monday, 23 Nov, there.")
    assert policy.held_back(call, held.until) is None


@pytest.mark.django_db
def test_whoever_is_barred_since_is_not_held_for_later(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.has_calling_hours = True
    workspace.suppressions.create(number=CALLEE)
    held = policy.held_back(make_call(agent.connection), LATE)
    assert held is not None
    assert (held.code, held.until) == ("do_not_call", None)
    assert held.note.endswith("is on the do-not-call list. It did not go out.")


@pytest.mark.django_db
def test_a_call_that_never_suits_everybody_does_not_wait_for_ever(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.has_calling_hours = True
    workspace.calling_from, workspace.calling_until = time(9), time(10)
    call = make_call(agent.connection, to_number="+18003569377")
    held = policy.held_back(call, LATE)
    assert held is not None
    assert (held.code, held.until) == ("outside_calling_hours", None)


@pytest.mark.django_db
def test_the_look_before_the_dial_costs_one_query_more_at_most(
    workspace: Workspace,
    agent: Agent,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    contact = make_contact(workspace, number=CALLEE)
    made = make_call(agent.connection, contact=contact)
    call = Call.objects.select_related("workspace").get(pk=made.pk)
    with django_assert_num_queries(1):
        policy.held_back(call, LATE)
    call.workspace.has_calling_hours = True
    with django_assert_num_queries(2):
        policy.held_back(call, LATE)


def come_due(call: Call) -> Call:
    """Take a call that is due and dial it, as a worker does."""
    number = call.phone_number
    assert number
    step = dispatch.step(PhoneNumber, number.pk, datetime.now(tz=UTC))
    assert (step.call_id, bool(step.start)) == (call.pk, True)
    assert step.start
    tasks.follow([dispatch.dial(call.pk, step.attempt, step.start)])
    call.refresh_from_db()
    return call


@pytest.mark.django_db
def test_it_is_put_back_to_the_next_allowed_time_and_goes_out_then(
    workspace: Workspace, agent: Agent, opens: datetime
) -> None:
    due = datetime.now(tz=UTC) - timedelta(seconds=1)
    number = agent.connection.numbers.get()
    line = {"agent": agent, "phone_number": number, "from_number": number.number}
    call = come_due(make_call(agent.connection, due_at=due, **line))
    assert (call.status, call.due_at, call.dialed_at) == ("queued", opens, None)
    assert call.note.startswith("It is ")
    assert f"It goes out from 09:00 on {opens:%A}" in call.note
    # The hours change, and the same call goes out: once. Seconds have passed.
    workspace.has_calling_hours = False
    workspace.save()
    agent.connection.numbers.update(starts=[])
    Call.objects.filter(pk=call.pk).update(due_at=due)
    gone = come_due(call)
    assert (gone.status, gone.attempts) == ("ringing", 2)
    assert gone.dialed_at is not None


@pytest.mark.django_db
def test_a_call_that_may_not_go_out_any_more_ends_in_words(
    workspace: Workspace, agent: Agent
) -> None:
    workspace.attempts_per_day = 1
    workspace.save()
    now = datetime.now(tz=UTC)
    make_call(agent.connection, status="ended", dialed_at=now)
    number = agent.connection.numbers.get()
    line = {"agent": agent, "phone_number": number, "from_number": number.number}
    call = come_due(make_call(agent.connection, due_at=now, **line))
    assert (call.status, call.end_reason) == ("failed", "not_permitted")
    assert (call.end_reason_raw, call.dialed_at) == ("too_many_attempts", None)
    assert call.note.endswith("1 a day is allowed. It did not go out.")
