"""Every code of the gate, from every way to launch: refused in its own shape and words."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from agents.models import Agent
from agents.providers.registry import DIALECTS
from calls.gate import our_side
from calls.models import Call
from calls.refusals import STATUSES
from dashboard.models import Member, Workspace
from tests.calls.ways import AGENT, FROM, TO, WAYS, Asker, Way, asker
from tests.factories import make_agent, make_call, make_connection, make_number

pytestmark = pytest.mark.django_db
Send = Callable[[Way, Asker], Any]


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent of a simulator connection that also has a number."""
    connection = make_connection(workspace)
    make_number(connection, number=FROM)
    return make_agent(connection, versions=2, provider_agent_id=AGENT)


@pytest.fixture
def who(agent: Agent, manager: Member) -> Asker:
    """Return somebody who may launch in every way."""
    return asker(agent.workspace, manager)


# --- What leads to each code ---------------------------------------------------------
def wishing(**changes: Any) -> Send:
    """Return a launch of a wish that is wrong in itself."""
    return lambda way, who: way.launch(who, **changes)


def no_json(way: Way, who: Asker) -> Any:
    """Send a text that is no JSON, where there is JSON to send."""
    if way.name == "button":
        return way.launch(who, metadata="{no")
    return way.send(who, "{no")


def switched_off(way: Way, who: Asker) -> Any:
    """Launch through a connection that is switched off."""
    who.workspace.connections.update(is_active=False)
    return way.launch(who)


def on_the_list(way: Way, who: Asker) -> Any:
    """Launch a call to somebody who asked not to be called."""
    who.workspace.suppressions.create(number=TO)
    return way.launch(who)


def elsewhere(way: Way, who: Asker) -> Any:
    """Launch from a number that may call another country only."""
    who.workspace.numbers.update(countries=["DE"])
    return way.launch(who)


def on_another_day(way: Way, who: Asker) -> Any:
    """Launch while people are called on one day only, and that is far off."""
    space = who.workspace
    space.has_calling_hours = True
    space.calling_days = [(timezone.now() + timedelta(days=3)).isoweekday()]
    space.save()
    return way.launch(who)


def once_more(way: Way, who: Asker) -> Any:
    """Launch the second call of a day that may have one."""
    space, now = who.workspace, timezone.now()
    space.attempts_per_day = 1
    space.save()
    make_call(space.connections.get(), status="ended", dialed_at=now)
    return way.launch(who)


def without_numbers(way: Way, who: Asker) -> Any:
    """Launch where the provider has taken the numbers away."""
    who.workspace.numbers.update(retired_at=timezone.now())
    return way.launch(who)


def into_a_full_queue(way: Way, who: Asker) -> Any:
    """Launch from a number that more calls wait for than may."""
    space = who.workspace
    line = {"phone_number": space.numbers.get(), "to_number": "+14155550142"}
    make_call(space.connections.get(), **line)
    return way.launch(who)


def broken(way: Way, who: Asker) -> Any:
    """Launch while our side is broken; a dialect's script has a number for that."""
    if way.name != "native":
        return way.launch(who, to="+14155550155")
    with connection.execute_wrapper(no_inserts):
        return way.launch(who)


def no_inserts(execute: Any, sql: str, *rest: Any) -> Any:
    """Fail as a database does that can be read and not be written."""
    if sql.startswith("INSERT"):
        raise OperationalError("disk I/O error")
    return execute(sql, *rest)


def keyless(way: Way, who: Asker) -> Any:
    """Launch without a key."""
    return way.launch(replace(who, key="", secret=""))


def with_a_wrong_key(way: Way, who: Asker) -> Any:
    """Launch with a key that is none."""
    return way.launch(replace(who, key="key_wrong"))


# A code: what leads to it, and what is then said, in any of the ways.
CASES: dict[str, tuple[Send, str]] = {
    "missing_phone_number": (
        wishing(to=""),
        r"no number to call|to_?[nN]umber is required|Type a name or a number",
    ),
    "missing_agent_id": (
        wishing(agent=""),
        r"No agent is chosen|agentId is required|Field required",
    ),
    "invalid_phone_number": (
        wishing(to="+12"),
        r"“\+12” is not a phone number|in E\.164",
    ),
    "invalid_json": (no_json, r"must be JSON|This is not JSON"),
    "invalid_sip_header": (
        wishing(sip_headers={"Subject": "hi"}),
        "“Subject” does not begin with X-",
    ),
    "invalid_variables": (
        wishing(variables={"two words": "x"}),
        "“two words” must have a plain name",
    ),
    "invalid_override": (wishing(longest=30_000), "between 1 and 120 minutes"),
    "authentication_required": (
        keyless,
        r"Send your API key|missing|No API key|are both needed",
    ),
    "invalid_key": (with_a_wrong_key, r"not valid|invalid|revoked|valid pair"),
    "permission_denied": (switched_off, "is switched off"),
    "do_not_call": (on_the_list, "is on the do-not-call list"),
    "country_not_allowed": (elsewhere, "may not call United States"),
    "outside_calling_hours": (on_another_day, r"in Los Angeles, and people are called"),
    "too_many_attempts": (once_more, "has been called once on this day"),
    "agent_not_found": (
        wishing(agent="nobody"),
        "There is no agent “nobody” in this workspace",
    ),
    "agent_version_not_found": (wishing(version=9), "has no version 9"),
    "no_phone_number": (without_numbers, "There is no caller number"),
    "limit_exceeded": (into_a_full_queue, "calls already wait for"),
    "server_error": (broken, r"An unexpected server error|wrong on our side"),
}
EVERY = [
    (way, code) for way in WAYS for code in STATUSES if code not in WAYS[way].exempt
]


def test_every_way_and_every_code_is_here() -> None:
    assert set(WAYS) == {"button", "native", *DIALECTS}
    for way in WAYS.values():
        assert set(STATUSES) == {*way.exempt, *(c for w, c in EVERY if w == way.name)}
        assert set(way.exempt) | set(CASES) == set(STATUSES)


@pytest.mark.parametrize("way", WAYS)
def test_the_usual_wish_goes_out(way: str, who: Asker) -> None:
    answer = WAYS[way].launch(who)
    assert answer.status_code in (201, 302)
    assert Call.objects.get().to_number == TO


@pytest.mark.parametrize(("way", "code"), EVERY)
def test_each_way_refuses_in_its_own_shape(
    way: str, code: str, who: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code == "limit_exceeded":
        monkeypatch.setattr(our_side, "MAX_WAITING", 0)
    send, words = CASES[code]
    answer = send(WAYS[way], who)
    assert answer.status_code == WAYS[way].status(code)
    assert re.search(words, WAYS[way].sentence(answer, code))
    # Nothing was launched: what is there was there before.
    assert not Call.objects.exclude(api_key=None, launched_by=None).exists()
