"""The command palette."""

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.models import Member
from dashboard.palette import find
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_number,
    make_workspace,
)

ClientOf = Callable[[Member], Client]


def labels(member: Member, query: str) -> dict[str, list[str]]:
    """Return what is found, as group → labels."""
    return {g.label: [hit.label for hit in g.hits] for g in find(member, query)}


@pytest.mark.django_db
def test_without_words_it_offers_actions_and_places(manager: Member) -> None:
    found = labels(manager, "")
    assert set(found) == {"Actions", "Go to"}
    assert found["Actions"][0] == "Call now"
    assert "Connections" not in found["Go to"]


@pytest.mark.django_db
def test_a_reviewer_is_offered_no_call(reviewer: Member) -> None:
    assert "Call now" not in labels(reviewer, "")["Actions"]
    assert "Call" not in labels(reviewer, "+14155550142")


@pytest.mark.django_db
def test_a_contact_is_found_by_name_and_by_number(manager: Member) -> None:
    make_contact(manager.workspace, name="Maria Alvarez", number="+14155550142")
    for query in ("mari", "(415) 555-0142", "5550142"):
        assert labels(manager, query)["Contacts"] == ["Maria Alvarez"]


@pytest.mark.django_db
def test_a_number_that_is_no_contact_can_be_called(manager: Member) -> None:
    group = find(manager, "(415) 555-0142")[0]
    assert group.hits[0].label.startswith("Call +1 415")
    assert group.hits[0].href == "/calls/new/?to=%2B14155550142"


@pytest.mark.django_db
def test_a_number_of_a_contact_is_not_offered_bare(manager: Member) -> None:
    make_contact(manager.workspace, number="+14155550142")
    assert "Call" not in labels(manager, "(415) 555-0142")


@pytest.mark.django_db
def test_calls_are_found_by_number_either_way(manager: Member) -> None:
    connection = make_connection(manager.workspace)
    make_call(connection, to_number="+14155550142", status="failed")
    make_call(connection, from_number="+14155550142", direction="inbound")
    assert len(labels(manager, "415-555-0142")["Calls"]) == 2


@pytest.mark.django_db
def test_agents_and_numbers_are_found(manager: Member) -> None:
    connection = make_connection(manager.workspace)
    make_agent(connection, name="Noor Reception")
    make_number(connection, number="+16285550171", label="Front desk")
    assert labels(manager, "noor")["Agents"] == ["Noor Reception"]
    assert labels(manager, "front")["Numbers"] == ["Front desk"]
    assert labels(manager, "628 555")["Numbers"] == ["Front desk"]


@pytest.mark.django_db
def test_nothing_of_another_workspace_is_found(manager: Member) -> None:
    theirs = make_connection(make_workspace())
    make_contact(theirs.workspace, name="Secret Sam", number="+14155550142")
    make_agent(theirs, name="Secret agent")
    make_call(theirs, to_number="+14155550142")
    assert labels(manager, "secret") == {}
    assert set(labels(manager, "+14155550142")) == {"Call"}


@pytest.mark.django_db
def test_it_is_a_page_and_a_part_of_one(manager: Member, client_of: ClientOf) -> None:
    client = client_of(manager)
    page = client.get("/palette/", {"q": "call"}).content.decode()
    assert "<html" in page
    assert page.count('id="palette-results"') == 1
    headers = {"HX-Request": "true", "HX-Target": "palette-results"}
    part = client.get("/palette/", {"q": "zzz"}, headers=headers).content.decode()
    assert "<html" not in part
    assert "Nothing is called that" in part
