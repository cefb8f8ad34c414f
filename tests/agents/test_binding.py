"""Changing what is set on a number: the provider first, then our rows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from agents.binding import UndoRefused, change, undo
from agents.models import Agent, Connection, PhoneNumber
from agents.providers.base import ProviderError
from agents.providers.http import network
from agents.setups import Setup, Side, differences, drift, has_drifted
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number

pytestmark = pytest.mark.django_db


class FakeRetell:
    """Takes PATCHes of numbers; `refuse` names the fields it answers 422 to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refuse: tuple[str, ...] = ()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as Retell does."""
        body = json.loads(request.content)
        self.heard.append(body)
        if set(body) & set(self.refuse):
            words = {"status": "error", "message": "No such agent version."}
            return httpx.Response(422, json=words)
        return httpx.Response(200, json={"phone_number": "+14155550100"})


@pytest.fixture
def retell() -> Iterator[FakeRetell]:
    fake = FakeRetell()
    network.use(httpx.MockTransport(fake.answer))
    yield fake
    network.use(None)


@pytest.fixture
def account(workspace: Workspace) -> Connection:
    return make_connection(
        workspace,
        provider="retell",
        base_url="https://api.retellai.com",
        credentials={"api_key": "key_secret"},
    )


@pytest.fixture
def number(account: Connection) -> PhoneNumber:
    return make_number(account, number="+14155550100", carrier="twilio")


@pytest.fixture
def ava(account: Connection) -> Agent:
    return make_agent(account, versions=3, name="Ava", provider_agent_id="agent_ava")


def now_of(number: PhoneNumber) -> Setup:
    """Return what is set on a number, read again."""
    return Setup.of(number.workspace.numbers.get(pk=number.pk))


def test_the_provider_is_told_at_once(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    change(number, replace(Setup.of(number), inbound=Side(ava, 2)), admin.user)
    sent = {"agent_id": "agent_ava", "weight": 1, "agent_version": 2}
    assert retell.heard == [{"inbound_agents": [sent]}]
    assert now_of(number).inbound == Side(ava, 2)


def test_a_refusal_leaves_everything_as_it_was(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    before = Setup.of(number)
    retell.refuse = ("inbound_agents",)
    wish = replace(before, inbound=Side(ava), label="New", cps=Decimal(2))
    with pytest.raises(ProviderError, match="No such agent version"):
        change(number, wish, admin.user)
    assert now_of(number) == before
    assert not number.workspace.audit.exists()


def test_what_was_taken_before_a_refusal_is_put_back(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    retell.refuse = ("outbound_agents",)
    wish = replace(Setup.of(number), inbound=Side(ava), outbound=Side(ava))
    with pytest.raises(ProviderError):
        change(number, wish, admin.user)
    assert retell.heard[-1] == {"inbound_agents": None}
    assert now_of(number).inbound == Side()


def test_our_own_settings_do_not_bother_the_provider(
    number: PhoneNumber, admin: Member, retell: FakeRetell
) -> None:
    wish = replace(Setup.of(number), label="Sales", countries=("CA", "US"))
    change(number, wish, admin.user)
    assert retell.heard == []
    assert now_of(number).countries == ("CA", "US")


def test_nothing_to_change_writes_nothing(
    number: PhoneNumber, admin: Member, retell: FakeRetell
) -> None:
    assert change(number, Setup.of(number), admin.user) is None
    assert not number.workspace.audit.exists()


def test_the_audit_log_says_what_was_and_what_is(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    entry = change(number, replace(Setup.of(number), inbound=Side(ava, 1)), admin.user)
    assert entry is not None
    assert entry.user == admin.user
    assert entry.before == {"inbound": None}
    assert entry.after["inbound"]["agent"] == "Ava"
    assert "key_secret" not in json.dumps([entry.before, entry.after])


def test_a_switched_off_connection_cannot_be_told(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    number.connection.is_active = False
    with pytest.raises(ProviderError, match="switched off"):
        change(number, replace(Setup.of(number), inbound=Side(ava)), admin.user)
    assert retell.heard == []


def test_undo_puts_back_there_and_here(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    before = Setup.of(number)
    wish = replace(before, outbound=Side(ava, 0), cps=Decimal(3))
    entry = change(number, wish, admin.user)
    assert entry is not None
    undo(number.workspace.numbers.get(pk=number.pk), entry, admin.user)
    assert now_of(number) == before
    assert retell.heard[-1] == {"outbound_agents": None}


def test_undo_is_refused_when_something_changed_since(
    number: PhoneNumber, admin: Member
) -> None:
    entry = change(number, replace(Setup.of(number), label="One"), admin.user)
    fresh = number.workspace.numbers.get(pk=number.pk)
    change(fresh, replace(Setup.of(fresh), label="Two"), admin.user)
    assert entry is not None
    with pytest.raises(UndoRefused, match="changed again"):
        undo(number.workspace.numbers.get(pk=number.pk), entry, admin.user)


def test_undo_does_not_bring_back_an_agent_that_is_gone(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    change(number, replace(Setup.of(number), inbound=Side(ava)), admin.user)
    off = change(number, replace(Setup.of(number), inbound=Side()), admin.user)
    ava.retired_at = ava.created_at
    ava.save()
    assert off is not None
    with pytest.raises(UndoRefused, match="Ava is no longer there"):
        undo(number, off, admin.user)


def test_what_the_provider_has_is_known_after_a_change(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    change(number, replace(Setup.of(number), inbound=Side(ava, 2)), admin.user)
    number.refresh_from_db()
    assert number.theirs["inbound"] == {"agent_id": "agent_ava", "version": 2}
    assert drift(number) == []


def test_drift_is_said_in_words(number: PhoneNumber, ava: Agent) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ava", "version": None}}
    said = drift(number, {"agent_ava": "Ava"})
    assert said == ["Calls in: Retell AI has Ava, always the latest"]


@pytest.mark.parametrize(
    "theirs",
    [{}, {"inbound": {"agent_id": "", "version": None}}, {"label": "Sales"}],
)
def test_off_here_and_there_is_no_drift(
    number: PhoneNumber, theirs: dict[str, Any]
) -> None:
    number.theirs = theirs
    assert drift(number) == []


def test_several_agents_there_are_a_drift(number: PhoneNumber, ava: Agent) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ava", "weights": [{}, {}]}}
    assert drift(number) == ["Calls in: Retell AI has more than one agent"]


def test_drift_is_left_alone_unless_it_is_to_be_mended(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ava", "version": 1}}
    number.save()
    change(number, replace(Setup.of(number), label="Sales"), admin.user)
    assert retell.heard == []
    change(number, now_of(number), admin.user, resend=True)
    assert retell.heard == [{"inbound_agents": None}]
    assert not has_drifted(number.workspace.numbers.get(pk=number.pk), "inbound")


def test_differences_say_who_keeps_them(number: PhoneNumber, ava: Agent) -> None:
    before = Setup.of(number)
    wish = replace(before, inbound=Side(ava, 2), label="Sales")
    told = [(c.name, c.before, c.after, c.kept_by) for c in _all(number, before, wish)]
    assert told == [
        ("Calls in", "off", "Ava v2", "Retell AI"),
        ("Label", "none", "Sales", "Switchboard"),
    ]


def _all(number: PhoneNumber, before: Setup, wish: Setup) -> list[Any]:
    return list(differences(number, before, wish))
