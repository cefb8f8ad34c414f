"""Changing what is set on a number: the provider first, then our rows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from agents.binding import AdoptRefused, UndoRefused, adopt, change, undo
from agents.drift import drifts, has_drifted
from agents.models import Agent, Connection, PhoneNumber, bind
from agents.providers.base import ProviderError, ProviderUnclear
from agents.providers.http import network
from agents.setups import Setup, Side, differences
from dashboard.models import Member, Workspace
from tests.factories import make_agent, make_connection, make_number

pytestmark = pytest.mark.django_db


class FakeRetell:
    """Takes PATCHes of numbers.

    `refuse` names the fields it answers 422 to; `lose` is how many times it takes what
    it is told and breaks off without an answer.
    """

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refuse: tuple[str, ...] = ()
        self.lose = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as Retell does."""
        body = json.loads(request.content)
        self.heard.append(body)
        if self.lose:
            self.lose -= 1
            raise httpx.ReadTimeout("no answer")
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


def test_undo_does_not_bring_back_a_pace_above_the_ceiling(
    account: Connection, admin: Member
) -> None:
    account.concurrency = 100
    account.save()
    number = make_number(account, carrier="custom", cps=5)
    slow = change(number, replace(Setup.of(number), cps=Decimal(1)), admin.user)
    Connection.objects.update(concurrency=20)
    assert slow is not None
    with pytest.raises(UndoRefused, match="at most 1 call a second now"):
        undo(number.workspace.numbers.get(), slow, admin.user)


def test_what_the_provider_has_is_known_after_a_change(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    change(number, replace(Setup.of(number), inbound=Side(ava, 2)), admin.user)
    number.refresh_from_db()
    assert number.theirs["inbound"] == {"agent_id": "agent_ava", "version": 2}
    assert drifts(number) == []


def test_drift_is_said_in_words(number: PhoneNumber, ava: Agent) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ava", "version": None}}
    (found,) = drifts(number, {"agent_ava": "Ava"})
    assert str(found) == "Calls in: Retell AI has Ava, always the latest"
    assert (found.ours, found.obstacle) == ("off", "")


@pytest.mark.parametrize(
    "theirs",
    [{}, {"inbound": {"agent_id": "", "version": None}}, {"label": "Sales"}],
)
def test_off_here_and_there_is_no_drift(
    number: PhoneNumber, theirs: dict[str, Any]
) -> None:
    number.theirs = theirs
    assert drifts(number) == []


def test_drift_is_left_alone_unless_it_is_to_be_mended(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ava", "version": 1}}
    number.save()
    change(number, replace(Setup.of(number), label="Sales"), admin.user)
    assert retell.heard == []
    change(number, now_of(number), admin.user, resend=["inbound"])
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


# --- no answer, and half an answer
def test_a_lost_answer_is_taken_back(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    retell.lose = 1
    with pytest.raises(ProviderUnclear):
        change(number, replace(Setup.of(number), inbound=Side(ava)), admin.user)
    assert retell.heard[-1] == {"inbound_agents": None}
    assert now_of(number).inbound == Side()
    assert not has_drifted(number.workspace.numbers.get(), "inbound")


def test_what_cannot_be_taken_back_is_said_and_shown(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    retell.lose = 2
    wish = replace(Setup.of(number), inbound=Side(ava))
    with pytest.raises(ProviderUnclear, match="may have kept a part of the change"):
        change(number, wish, admin.user)
    (found,) = drifts(number.workspace.numbers.get())
    assert "nobody here knows" in found.theirs
    assert "Sync" in found.obstacle
    with pytest.raises(AdoptRefused):
        adopt(number.workspace.numbers.get(), "inbound", admin.user)


def test_what_they_had_is_put_back_and_not_what_we_had(
    number: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    number.theirs = {"inbound": {"agent_id": "agent_ben", "version": 4}}
    retell.refuse = ("outbound_agents",)
    wish = replace(Setup.of(number), inbound=Side(ava), outbound=Side(ava))
    with pytest.raises(ProviderError):
        change(number, wish, admin.user)
    sent = {"agent_id": "agent_ben", "weight": 1, "agent_version": 4}
    assert retell.heard[-1] == {"inbound_agents": [sent]}


# --- several agents with weights
SPLIT = [
    {"agent_id": "agent_ava", "agent_version": 1, "weight": 0.7, "note": "theirs"},
    {"agent_id": "agent_ben", "weight": 0.3},
]


@pytest.fixture
def shared(number: PhoneNumber, ava: Agent) -> PhoneNumber:
    """Return a number whose calls in Ava and Ben share, here and there."""
    theirs = {"agent_id": "agent_ava", "version": 1, "weights": SPLIT}
    number.theirs = {"inbound": theirs}
    number.save()
    bind(number, "inbound", ava, 1)
    number.bindings.update(weights=SPLIT)
    return number


def test_shares_are_said_in_words(shared: PhoneNumber) -> None:
    side = now_of(shared).inbound
    assert (
        side.words({"agent_ben": "Ben"}) == "Ava v1\u00a070\u00a0%, Ben\u00a030\u00a0%"
    )
    assert side.is_split


def test_the_same_shares_are_no_drift_whatever_their_order(shared: PhoneNumber) -> None:
    shared.theirs["inbound"]["weights"] = SPLIT[::-1]
    assert drifts(shared) == []
    shared.theirs["inbound"]["weights"] = [SPLIT[0], {**SPLIT[1], "weight": 0.2}]
    assert [found.ends_split for found in drifts(shared)] == [True]


def test_another_field_leaves_the_shares_alone(
    shared: PhoneNumber, admin: Member, retell: FakeRetell
) -> None:
    change(shared, replace(Setup.of(shared), label="Sales"), admin.user)
    assert retell.heard == []
    assert list(now_of(shared).inbound.weights) == SPLIT


def test_shares_are_sent_and_restored_whole(
    shared: PhoneNumber, ava: Agent, admin: Member, retell: FakeRetell
) -> None:
    entry = change(shared, replace(Setup.of(shared), inbound=Side(ava)), admin.user)
    assert now_of(shared).inbound == Side(ava)
    assert entry is not None
    undo(shared.workspace.numbers.get(), entry, admin.user)
    assert retell.heard[-1] == {"inbound_agents": SPLIT}
    fresh = shared.workspace.numbers.get()
    assert list(Setup.of(fresh).inbound.weights) == SPLIT
    assert drifts(fresh) == []


def test_shares_there_are_taken_over_without_a_word_to_the_provider(
    shared: PhoneNumber, admin: Member, retell: FakeRetell
) -> None:
    shared.bindings.all().delete()
    entry = adopt(shared, "inbound", admin.user)
    assert entry is not None
    assert entry.action == "number.adopted"
    assert list(now_of(shared).inbound.weights) == SPLIT
    assert retell.heard == []


def test_off_there_is_taken_over(
    shared: PhoneNumber, admin: Member, retell: FakeRetell
) -> None:
    shared.theirs["inbound"] = {"agent_id": "", "version": None}
    adopt(shared, "inbound", admin.user)
    assert now_of(shared).inbound == Side()
    assert retell.heard == []


def test_an_agent_not_known_here_is_not_taken_over(
    number: PhoneNumber, admin: Member
) -> None:
    number.theirs = {"outbound": {"agent_id": "agent_new", "version": None}}
    with pytest.raises(AdoptRefused, match="Sync"):
        adopt(number, "outbound", admin.user)


# --- a provider that gives its agents their numbers
def test_what_only_the_provider_changes_is_refused(
    number: PhoneNumber,
    ava: Agent,
    admin: Member,
    retell: FakeRetell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = number.connection.kind
    monkeypatch.setattr(kind, "can_bind_outbound", False)
    monkeypatch.setattr(kind, "picks_caller", True)
    wish = replace(Setup.of(number), inbound=Side(ava), outbound=Side(ava))
    with pytest.raises(ProviderError, match="gives its agents their numbers itself"):
        change(number, wish, admin.user)
    assert retell.heard == []
    assert now_of(number).inbound == Side()
