"""Calls we did not start: whose number, whose contact, and what is told later."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.models import Connection, bind
from agents.providers.base import CallUpdate
from calls import facts, intake, lifecycle
from calls.models import Call, CallStatus, Source
from tests.calls.acme import Acme
from tests.factories import (
    make_agent,
    make_call,
    make_contact,
    make_number,
    make_workspace,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MakeAcme = Callable[..., tuple[Connection, type[Acme]]]


@pytest.fixture
def connection(make_acme: MakeAcme) -> Connection:
    """Return a connection of a German workspace."""
    connection, _ = make_acme()
    connection.workspace.country = "DE"
    connection.workspace.save()
    return connection


def came_in(connection: Connection, **told: Any) -> Call:
    """Take a call in that the provider tells of."""
    usual = {"provider_call_id": "p1", "direction": "inbound", "status": "in_progress"}
    update = CallUpdate(**(usual | told))
    done, _ = intake.take_in(connection, [update], NOW)
    return Call.objects.get(pk=done.call.pk)


@pytest.mark.parametrize(
    "written", ["+493012345678", "030 12345678", "0049 30 12345678", "493012345678"]
)
def test_an_inbound_call_finds_contact_and_number_however_written(
    connection: Connection, written: str
) -> None:
    contact = make_contact(connection.workspace, number="+493012345678")
    number = make_number(connection, number="+4940999999")
    call = came_in(connection, from_number=written, to_number="040 999999")
    assert (call.contact, call.phone_number) == (contact, number)
    assert (call.from_number, call.to_number) == ("+493012345678", "+4940999999")
    assert (call.source, call.direction) == (Source.INBOUND, "inbound")


def test_an_unknown_caller_is_written_as_e164(connection: Connection) -> None:
    call = came_in(connection, from_number="030 12345678", to_number="")
    assert (call.from_number, call.contact) == ("+493012345678", None)


@pytest.mark.parametrize("written", ["", "anonymous", "334", "sip:desk@pbx.example"])
def test_what_is_no_number_stays_as_it_is(connection: Connection, written: str) -> None:
    call = came_in(connection, from_number=written, to_number=written)
    assert (call.from_number, call.to_number) == (written, written)
    assert call.contact is None


def test_an_extension_of_ours_is_found(connection: Connection) -> None:
    number = make_number(connection, number="334", carrier="custom")
    assert came_in(connection, to_number="334").phone_number == number


def test_where_nobody_says_which_number_it_is_the_agents(
    connection: Connection,
) -> None:
    agent, number = make_agent(connection), make_number(connection)
    bind(number, "inbound", agent)
    call = came_in(connection, agent_id=agent.provider_agent_id)
    assert (call.agent, call.phone_number) == (agent, number)
    assert call.to_number == number.number


def test_an_agent_with_two_numbers_leaves_it_open(connection: Connection) -> None:
    agent = make_agent(connection)
    for _ in range(2):
        bind(make_number(connection), "inbound", agent)
    assert came_in(connection, agent_id=agent.provider_agent_id).phone_number is None


def test_a_web_call_has_no_number(connection: Connection) -> None:
    agent = make_agent(connection)
    bind(make_number(connection), "inbound", agent)
    call = came_in(connection, agent_id=agent.provider_agent_id, type="web")
    assert (call.phone_number, call.to_number) == (None, "")


def test_what_was_missing_is_filled_when_it_is_told(connection: Connection) -> None:
    agent, number = make_agent(connection), make_number(connection)
    contact = make_contact(connection.workspace, number="+493012345678")
    call = came_in(connection, direction="")
    assert (call.source, call.direction) == (Source.FOUND, "outbound")
    told = CallUpdate(
        direction="inbound",
        from_number="030 12345678",
        to_number=number.number,
        agent_id=agent.provider_agent_id,
        metadata={"ticket": 7},
    )
    lifecycle.apply(call.pk, told, NOW)
    call.refresh_from_db()
    assert (call.source, call.direction) == (Source.INBOUND, "inbound")
    assert (call.contact, call.phone_number, call.agent) == (contact, number, agent)
    assert call.from_number == "+493012345678"
    assert call.metadata == {"ticket": 7}


def test_what_is_known_of_a_stranger_is_not_replaced(connection: Connection) -> None:
    call = came_in(connection, from_number="+493012345678")
    later = CallUpdate(from_number="+493099999999", to_number="+4940999999")
    lifecycle.apply(call.pk, later, NOW)
    call.refresh_from_db()
    assert (call.from_number, call.to_number) == ("+493012345678", "+4940999999")


def test_our_own_call_keeps_its_wish(connection: Connection) -> None:
    call = make_call(connection, status=CallStatus.DIALING, metadata={"ours": 1})
    told = CallUpdate(
        direction="inbound", from_number="+493012345678", metadata={"theirs": 2}
    )
    lifecycle.apply(call.pk, told, NOW)
    call.refresh_from_db()
    assert (call.direction, call.metadata) == ("outbound", {"ours": 1})


def test_another_workspaces_contact_is_nobody(connection: Connection) -> None:
    elsewhere = make_contact(make_workspace(), number="+493012345678")
    call = came_in(connection, from_number=elsewhere.number)
    assert call.contact is None


def test_numbers_longer_than_any_are_cut(connection: Connection) -> None:
    call = came_in(connection, from_number="sip:" + "x" * 90)
    assert len(call.from_number) == facts.LONGEST
