"""May this call go out?"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agents.models import Agent
from agents.providers.base import LaunchWish, Overrides
from calls import policy
from calls.gate import our_side
from calls.plan import Plan, prepare
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
)

pytestmark = pytest.mark.django_db

CALLEE = "+14155550100"


@pytest.fixture
def agent(workspace: Workspace) -> Agent:
    """Return an agent with a number to call from."""
    agent = make_agent(make_connection(workspace))
    make_number(agent.connection, number="+16285550170", label="Front desk")
    return agent


@pytest.fixture
def plan(workspace: Workspace, agent: Agent) -> Callable[..., Plan]:
    """Return a function that plans a call that may go out, with changes."""
    wish = LaunchWish(to_number=CALLEE, agent_id=str(agent.pk))

    def make(**changes: object) -> Plan:
        return prepare(workspace, replace(wish, **changes))  # type: ignore[arg-type]

    return make


def codes(plan: Plan) -> list[str]:
    """Return the codes of what speaks against a call."""
    return [refusal.code for refusal in policy.check(plan)]


def test_a_plain_call_may_go_out(plan: Callable[..., Plan]) -> None:
    assert policy.check(plan()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to_number": "  "}, "missing_phone_number"),
        ({"to_number": "hello"}, "invalid_phone_number"),
        ({"to_number": "12"}, "invalid_phone_number"),
        ({"agent_id": "nobody"}, "agent_not_found"),
        ({"agent_id": ""}, "missing_agent_id"),
        ({"agent_version": 9}, "agent_version_not_found"),
        ({"from_number": "+14155550199"}, "no_phone_number"),
        ({"sip_headers": {"Subject": "hi"}}, "invalid_sip_header"),
        ({"sip_headers": {"X-Note": "two\nlines"}}, "invalid_sip_header"),
        ({"sip_headers": {"X-Number": 5}}, "invalid_sip_header"),
        ({"sip_headers": {"X-Long": "x" * 1000}}, "invalid_sip_header"),
        ({"variables": {"age": 5}}, "invalid_variables"),
        ({"variables": {"two words": "x"}}, "invalid_variables"),
        ({"overrides": Overrides(max_duration_ms=1000)}, "invalid_override"),
        ({"overrides": Overrides(max_duration_ms=7_200_001)}, "invalid_override"),
        ({"to_number": "334", "ignore_e164_validation": True}, "invalid_phone_number"),
    ],
)
def test_what_is_wrong_is_refused(
    plan: Callable[..., Plan], changes: dict[str, object], code: str
) -> None:
    assert codes(plan(**changes)) == [code]


def test_every_refusal_has_a_sentence_a_mend_and_a_status(
    plan: Callable[..., Plan],
) -> None:
    refusals = policy.check(plan(to_number="", agent_id="", variables={"a b": "c"}))
    assert len(refusals) == 3
    for refusal in refusals:
        assert refusal.message.endswith(".")
        assert refusal.mend.endswith(".")
        assert refusal.status == 400


def test_an_extension_may_be_dialled_on_custom_telephony(
    plan: Callable[..., Plan], agent: Agent
) -> None:
    agent.connection.numbers.update(carrier="custom")
    assert codes(plan(to_number="334", ignore_e164_validation=True)) == []
    spaced = plan(to_number="3 34", ignore_e164_validation=True)
    assert codes(spaced) == ["invalid_phone_number"]


def test_nobody_on_the_do_not_call_list_is_called(
    plan: Callable[..., Plan], workspace: Workspace
) -> None:
    workspace.suppressions.create(number=CALLEE)
    assert codes(plan(to_number="(415) 555-0100")) == ["do_not_call"]


def test_a_contact_who_asked_not_to_be_called_is_not(
    plan: Callable[..., Plan], workspace: Workspace
) -> None:
    make_contact(workspace, number=CALLEE, name="Jamie", do_not_call=True)
    refusal = policy.check(plan())[0]
    assert refusal.code == "do_not_call"
    assert "Jamie" in refusal.message


def test_a_number_calls_only_the_countries_it_may(
    plan: Callable[..., Plan], agent: Agent
) -> None:
    agent.connection.numbers.update(countries=["DE", "FR"])
    refusal = policy.check(plan())[0]
    assert refusal.code == "country_not_allowed"
    assert "United States" in refusal.message
    agent.connection.numbers.update(countries=["US"])
    assert codes(plan()) == []


def test_number_and_agent_are_of_one_connection(
    plan: Callable[..., Plan], workspace: Workspace
) -> None:
    other = make_number(make_connection(workspace))
    assert codes(plan(from_number=other.number)) == ["no_phone_number"]


def test_a_connection_that_is_off_calls_nobody(
    plan: Callable[..., Plan], workspace: Workspace
) -> None:
    workspace.connections.update(is_active=False)
    assert codes(plan()) == ["permission_denied"]


def test_a_person_needs_the_permission_to_launch(
    plan: Callable[..., Plan], reviewer: Member, manager: Member
) -> None:
    wish = plan()
    wish.user = reviewer.user
    assert codes(wish) == ["permission_denied"]
    wish.user = manager.user
    assert codes(wish) == []


def test_a_wish_a_provider_cannot_honour_is_refused(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = plan().agent.connection.kind  # type: ignore[union-attr]
    for fact in ("has_overrides", "has_sip_headers", "has_trunks", "has_web_calls"):
        monkeypatch.setattr(kind, fact, False)
    wish = plan(
        overrides=Overrides(voice="nova"),
        sip_headers={"X-Campaign": "june"},
        trunk_name="east",
    )
    assert codes(wish) == ["invalid_override", "invalid_sip_header", "invalid_override"]
    assert codes(plan(type="web")) == ["invalid_override"]


def test_too_many_waiting_calls_are_refused(
    plan: Callable[..., Plan], agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(our_side, "MAX_WAITING", 1)
    number = plan().number
    make_call(agent.connection, phone_number=number, status="queued")
    assert codes(plan()) == []
    make_call(agent.connection, phone_number=number, status="queued")
    assert codes(plan()) == ["limit_exceeded"]


def test_the_evidence_says_what_was_seen(plan: Callable[..., Plan]) -> None:
    seen = {row["check"]: row["saw"] for row in policy.evidence(plan(), [])}
    assert seen["number"] == CALLEE
    assert seen["caller number"] == "+16285550170"
    assert seen["do-not-call"] == "not on the list"


@pytest.mark.parametrize("written", ["1-415-555-0100", "4155550100", CALLEE])
def test_the_do_not_call_list_holds_however_a_number_is_written(
    plan: Callable[..., Plan], workspace: Workspace, agent: Agent, written: str
) -> None:
    make_number(agent.connection, number="100", carrier="custom")
    workspace.suppressions.create(number=CALLEE)
    wish = {"to_number": written, "from_number": "100", "ignore_e164_validation": True}
    assert "do_not_call" in codes(plan(**wish))


def test_another_contact_does_not_lift_do_not_call(
    workspace: Workspace, agent: Agent
) -> None:
    make_contact(workspace, number=CALLEE, do_not_call=True)
    other = make_contact(workspace, number="+14155550101")
    wish = LaunchWish(to_number=CALLEE, agent_id=str(agent.pk))
    assert codes(prepare(workspace, wish, contact=other)) == ["do_not_call"]


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"a": "\x00"}},
        {"metadata": {"a": float("nan")}},
        {"overrides": Overrides(raw={"\ud800": 1})},
        {"variables": {"plan": "gold\x00"}},
    ],
)
def test_what_no_database_can_keep_is_refused(
    plan: Callable[..., Plan], changes: dict[str, object]
) -> None:
    assert "invalid_json" in codes(plan(**changes))


def test_a_number_longer_than_e164_is_none(plan: Callable[..., Plan]) -> None:
    assert codes(plan(to_number="+49" + "1" * 15)) == ["invalid_phone_number"]


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1"])
def test_an_odd_version_is_not_found(plan: Callable[..., Plan], version: str) -> None:
    assert codes(plan(agent_version=version)) == ["agent_version_not_found"]
