"""May this call go out?"""

from collections.abc import Callable
from dataclasses import replace
from datetime import time

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent, Direction, bind
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
    wish.member = reviewer
    assert codes(wish) == ["permission_denied"]
    wish.member = manager
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


# --- Which countries a bought number may call -----------------------------------------
@pytest.fixture
def bought(workspace: Workspace) -> Callable[..., Plan]:
    """Return a function that plans a call from a number bought from a provider."""

    def make(to: str, provider: str = "retell", **number: object) -> Plan:
        connection = make_connection(workspace, provider=provider)
        agent = make_agent(connection)
        make_number(connection, **number)
        return prepare(workspace, LaunchWish(to_number=to, agent_id=str(agent.pk)))

    return make


SWISS, INDIAN, GERMAN = "+41446681800", "+912266781000", "+493012345678"


@pytest.mark.parametrize(
    ("to", "number", "expected"),
    [
        (GERMAN, {"carrier": "twilio"}, []),
        (SWISS, {"carrier": "twilio"}, ["country_not_allowed"]),
        (INDIAN, {"carrier": "telnyx"}, []),
        (GERMAN, {"carrier": "telnyx"}, ["country_not_allowed"]),
        # What was not bought there calls what its own carrier allows.
        (SWISS, {"carrier": "custom"}, []),
        # A list of one's own stands above the provider's.
        (SWISS, {"carrier": "twilio", "countries": ["CH"]}, []),
        (GERMAN, {"carrier": "twilio", "countries": ["CH"]}, ["country_not_allowed"]),
    ],
)
def test_a_bought_number_calls_what_its_provider_states(
    bought: Callable[..., Plan],
    to: str,
    number: dict[str, object],
    expected: list[str],
) -> None:
    assert codes(bought(to, **number)) == expected


def test_where_the_provider_states_no_countries_all_may_be_called(
    bought: Callable[..., Plan],
) -> None:
    assert codes(bought(SWISS, provider="itellico")) == []


def test_it_says_which_countries_a_bought_number_may_call(
    bought: Callable[..., Plan],
) -> None:
    (refused,) = policy.check(bought(SWISS, label="Sales"))
    assert refused.message == "Sales may not call Switzerland."
    assert "Retell AI lets numbers bought from it, on Twilio, call AU, CA," in (
        refused.mend
    )


# --- Numbers that need an agent ------------------------------------------------------
def test_a_number_without_an_outbound_agent_calls_nobody_where_that_is_so(
    bought: Callable[..., Plan], workspace: Workspace
) -> None:
    plan = bought(GERMAN, provider="uponai", label="Sales")
    (refused,) = policy.check(plan)
    assert refused.code == "no_phone_number"
    assert refused.message == (
        "Sales has no outbound agent, and at UponAI a number without one calls nobody."
    )
    assert plan.number
    assert plan.agent
    bind(plan.number, Direction.OUTBOUND, plan.agent)
    again = prepare(workspace, plan.wish)
    assert codes(again) == []


def test_an_agent_that_is_bound_there_and_not_here_counts(
    bought: Callable[..., Plan],
) -> None:
    theirs = {"outbound": {"agent_id": "agent_at_theirs", "version": None}}
    assert codes(bought(GERMAN, provider="uponai", theirs=theirs)) == []


def test_elsewhere_any_agent_may_call_from_any_number(
    bought: Callable[..., Plan],
) -> None:
    assert codes(bought(GERMAN, provider="retell")) == []


# --- Overrides of a dialect's own ----------------------------------------------------
def test_a_client_overrides_only_what_its_dialect_has(
    plan: Callable[..., Plan],
) -> None:
    wish = plan(overrides=Overrides(raw={"voice_agent": {}, "retell_llm": {"s2s": 1}}))
    # Whoever writes raw overrides in our own API asks for just these words.
    assert codes(wish) == []
    wish.dialect = "retell"
    (refused,) = policy.check(wish)
    assert refused.code == "invalid_override"
    assert refused.message == "Retell AI has no overrides called “voice_agent”."
    assert refused.mend == "It has agent, conversation_flow, retell_llm."
    # What UponAI's clients may override is not stated: nothing is refused.
    wish.dialect = "uponai"
    assert codes(wish) == []


@pytest.mark.parametrize("written", ["1-415-555-0100", "4155550100", CALLEE])
def test_the_do_not_call_list_holds_however_a_number_is_written(
    plan: Callable[..., Plan], workspace: Workspace, agent: Agent, written: str
) -> None:
    make_number(agent.connection, number="100", carrier="custom")
    workspace.suppressions.create(number=CALLEE)
    wish = {"to_number": written, "from_number": "100", "ignore_e164_validation": True}
    assert "do_not_call" in codes(plan(**wish))


@pytest.mark.parametrize(
    "written",
    [
        "sip:+14155550100@trunk.example",
        "+14155550100@trunk.example",
        "914155550100",
        "9011447911123456",
        "00447911123456",
        "447911123456",
        "#31#+447911123456",
        "94155550100",
    ],
)
def test_no_way_to_dial_leads_around_the_lists(
    plan: Callable[..., Plan], workspace: Workspace, agent: Agent, written: str
) -> None:
    own = make_number(agent.connection, number="100", carrier="custom")
    wish = {"to_number": written, "from_number": "100", "ignore_e164_validation": True}
    assert codes(plan(**wish)) == []
    for number in (CALLEE, "+447911123456"):
        workspace.suppressions.create(number=number)
    assert codes(plan(**wish)) == ["do_not_call"]
    workspace.suppressions.all().delete()
    own.countries = ["FR"]
    own.save()
    assert codes(plan(**wish)) == ["country_not_allowed"]


def test_an_extension_is_dialled_from_a_number_that_can(
    plan: Callable[..., Plan], agent: Agent
) -> None:
    wish = {"to_number": "334", "ignore_e164_validation": True}
    assert codes(plan(**wish)) == ["invalid_phone_number"]
    make_number(agent.connection, number="100", carrier="custom")
    found = plan(**wish)
    assert (codes(found), found.from_number) == ([], "100")


def test_a_check_that_would_pass_may_be_skipped_anywhere(
    plan: Callable[..., Plan],
) -> None:
    assert codes(plan(ignore_e164_validation=True)) == []


def test_an_extension_is_in_no_country(plan: Callable[..., Plan], agent: Agent) -> None:
    make_number(agent.connection, number="100", carrier="custom", countries=["FR"])
    wish = {"to_number": "334", "from_number": "100", "ignore_e164_validation": True}
    assert codes(plan(**wish)) == []


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


# --- In the path of the click --------------------------------------------------------
def test_the_gate_asks_the_database_little(
    plan: Callable[..., Plan],
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_contact(workspace, number=CALLEE, timezone="America/Los_Angeles")
    usual = plan()
    # do not call; who waits; the wallet
    with django_assert_num_queries(3):
        assert policy.check(usual) == []
    workspace.has_calling_hours, workspace.attempts_per_day = True, 3
    workspace.calling_days = [1, 2, 3, 4, 5, 6, 7]
    workspace.calling_from, workspace.calling_until = time.min, time.max
    strict = plan()
    # and the attempts; the wallet is in hand by now
    with django_assert_num_queries(3):
        assert policy.check(strict) == []
