"""The page of the history: rows, chips, menus, columns, and what it asks for."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Connection
from calls.models import Call, Tag
from dashboard.models import Member, Workspace
from tests.factories import (
    make_agent,
    make_call,
    make_connection,
    make_contact,
    make_member,
    make_number,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace, name="Main line")


@pytest.fixture
def client(client_of: Callable[[Member], Client], reviewer: Member) -> Client:
    """Return the browser of somebody who only reads and reviews."""
    return client_of(reviewer)


def text(response: Any) -> str:
    """Return the words of a page, without tags and with single spaces."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", bare)


def part(client: Client, address: str, target: str, **params: str) -> Any:
    """Ask for a part of a page, as htmx does."""
    headers = {"HX-Request": "true", "HX-Target": target}
    return client.get(address, params, headers=headers)


def said(html: str, call: Call, q: str = "") -> str:
    """Say something in a call that is over."""
    call.turns.create(index=0, role="agent", text="Hello there!", start_ms=0)
    call.turns.create(index=1, role="callee", text=html, start_ms=83_400)
    return q


# --- rows
def test_a_hit_is_shown_marked_in_its_line_and_links_to_it(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ended", created_at=NOW)
    said("I want my <b>refund</b> today.", call)
    make_call(connection, status="ended")
    html = client.get("/calls/", {"q": "refund"}).content.decode()
    assert "<mark>refund</mark>" in html
    assert "&lt;b&gt;" in html
    assert f'href="{call.get_absolute_url()}?q=refund#t=83.4"' in html
    assert html.count('<tr id="call-') == 1


def test_a_line_is_masked_for_those_who_see_no_cards(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    call = make_call(connection, status="ended")
    said("My card is 4111 1111 1111 1111, refund it.", call)
    html = client.get("/calls/", {"q": "refund"}).content.decode()
    assert "<mark>refund</mark>" in html
    is_masked = "4111" not in html
    workspace.refresh_from_db()
    policy = getattr(workspace, "retention", None)
    assert is_masked == bool(policy is None or policy.masks_reviewers)


@pytest.mark.parametrize("shift", [3, 8, 13])
def test_a_card_is_masked_also_where_a_line_is_cut(
    client: Client, connection: Connection, shift: int
) -> None:
    card, gap = "4111 1111 1111 1111", "bla " * 40
    said(f"{card} {gap[: 60 - shift]} refund", make_call(connection, status="ended"))
    said(f"refund {gap[: 120 - shift]} {card}", make_call(connection, status="ended"))
    html = client.get("/calls/", {"q": "refund"}).content.decode()
    assert html.count("<mark>refund</mark>") == 2
    assert "1111 1111" not in html and "4111 1" not in html


def test_a_search_by_number_marks_no_lines(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ended", to_number="+14155550142")
    said("I have 1 dog.", call)
    html = client.get("/calls/", {"q": "+1 415 555 0142"}).content.decode()
    assert f'href="{call.get_absolute_url()}"' in html
    assert "<mark>" not in html


def test_the_page_names_the_time_zone(client: Client, workspace: Workspace) -> None:
    workspace.timezone = "Europe/Berlin"
    workspace.save()
    assert "Times are in Europe/Berlin." in text(client.get("/calls/"))
    client.cookies["zone"] = "Asia/Tokyo"
    words = text(client.get("/calls/"))
    assert "Times are in Asia/Tokyo, days of a filter in Europe/Berlin." in words


# --- chips
def test_each_filter_is_a_chip_in_words_that_can_be_taken_away(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    agent = make_agent(connection, name="Ava")
    tag = Tag.objects.create(workspace=workspace, name="callback")
    asked = {
        "agent": str(agent.pk),
        "tag": str(tag.pk),
        "outcome": ["busy", "voicemail"],
        "duration_min": "90",
        "reviewed": "no",
        "when": "week",
    }
    page = client.get("/calls/", asked)
    words = text(page)
    for chip in ("Agent Ava", "Tag callback", "Duration from 1:30", "Reviewed No"):
        assert chip in words
    html = page.content.decode()
    without = re.search(r'id="no-agent" href="([^"]+)"', html)
    assert without
    assert "agent=" not in without[1]
    assert "outcome=busy" in without[1]
    assert "Clear all" in words


def test_what_is_not_understood_is_said(client: Client) -> None:
    words = text(client.get("/calls/", {"duration_min": "soon", "status": "odd"}))
    assert "soon" in words
    assert "odd" in words


@pytest.mark.parametrize(
    "name",
    [
        "when",
        "status",
        "outcome",
        "end_reason",
        "fault",
        "answered_by",
        "direction",
        "agent",
        "number",
        "connection",
        "contact",
        "tag",
        "sentiment",
        "success",
        "duration",
        "cost",
        "reviewed",
        "recording",
        "launched",
        "type",
    ],
)
def test_every_filter_has_a_menu_that_is_a_page_too(
    client: Client, connection: Connection, name: str
) -> None:
    make_agent(connection)
    make_number(connection)
    address = f"/calls/filter/{name}/"
    whole = client.get(address, {"status": "ended"})
    menu = part(client, address, "filter", status="ended")
    assert b"<html" in whole.content
    assert b"<html" not in menu.content
    assert f'href="/calls/filter/{name}/' in client.get("/calls/").content.decode()
    if name not in {"status", "direction", "type", "reviewed", "recording"}:
        assert b'name="status" value="ended"' in menu.content


def test_there_is_no_menu_of_another_name(client: Client) -> None:
    assert client.get("/calls/filter/odd/").status_code == 404


def test_a_long_menu_is_searched_by_name_and_keeps_what_is_chosen(
    client: Client, workspace: Workspace
) -> None:
    chosen = make_contact(workspace, name="Zoe")
    for index in range(20):
        make_contact(workspace, name=f"Person {index:02}")
    address = "/calls/filter/contact/"
    words = text(part(client, address, "filter", contact=str(chosen.pk)))
    assert "Zoe" in words
    assert "Person 00" in words
    assert "Person 19" not in words
    found = text(part(client, address, "filter", contact=str(chosen.pk), find="on 19"))
    assert "Zoe" in found
    assert "Person 19" in found
    assert "Person 00" not in found


def test_versions_are_offered_once_one_agent_is_chosen(
    client: Client, connection: Connection
) -> None:
    agent = make_agent(connection, versions=3)
    assert "v2" not in text(part(client, "/calls/filter/agent/", "filter"))
    asked = {"agent": str(agent.pk)}
    assert "v2" in text(part(client, "/calls/filter/agent/", "filter", **asked))


# --- order, pages, count
def test_a_head_sorts_and_says_so(client: Client, connection: Connection) -> None:
    for ms in (30_000, 90_000, 60_000):
        make_call(connection, status="ended", duration_ms=ms)
    html = client.get("/calls/", {"sort": "-duration"}).content.decode()
    assert 'aria-sort="descending"' in html
    assert 'href="/calls/?sort=duration"' in html
    assert re.findall(r"\d:\d\d(?=</td>)", html) == ["1:30", "1:00", "0:30"]


def test_pages_keep_filters_and_order(client: Client, connection: Connection) -> None:
    for second in range(51):
        make_call(connection, status="ended", duration_ms=second * 1000)
    first = client.get("/calls/?status=ended&sort=duration").content.decode()
    older = re.search(r'href="(\?[^"]*after=[^"]+)"', first)
    assert older
    second_page = client.get("/calls/" + older[1].replace("&amp;", "&"))
    html = second_page.content.decode()
    assert html.count('<tr id="call-') == 1
    assert "0:50" in html
    assert 'rel="prev"' in html


def test_the_count_stops_at_a_limit_and_is_asked_for_later(
    client: Client, connection: Connection
) -> None:
    make_call(connection, status="ended")
    assert "1 call" not in text(client.get("/calls/"))
    assert "1 call" in text(part(client, "/calls/count/", "count", status="ended"))
    assert "0 calls" in text(client.get("/calls/count/", {"status": "failed"}))


# --- what lives
def test_a_choice_answers_with_the_address_as_we_write_it(
    client: Client, connection: Connection
) -> None:
    make_call(connection, status="ended")
    answer = part(client, "/calls/", "list", status="ended", q="", since="")
    assert answer.headers["HX-Push-Url"] == "/calls/?status=ended"
    assert answer.content.decode().strip().startswith('<div id="list"')


def test_nothing_new_is_204_also_with_filters(
    client: Client, connection: Connection
) -> None:
    call = make_call(connection, status="ended")
    html = client.get("/calls/?status=ended").content.decode()
    poll = re.search(r'id="rows"[^>]*data-poll="([^"]+)"[^>]*data-v="([^"]+)"', html)
    assert poll
    assert poll[1] == "/calls/?status=ended"
    assert part(client, poll[1], "rows", v=poll[2]).status_code == 204
    Call.objects.filter(pk=call.pk).update(changed_at=timezone.now())
    assert part(client, poll[1], "rows", v=poll[2]).status_code == 200


# --- columns
def test_chosen_columns_are_kept_per_person(
    client: Client,
    connection: Connection,
    client_of: Callable[[Member], Client],
    admin: Member,
) -> None:
    make_call(connection, status="ended", duration_ms=61_000)
    assert "1:01" in text(client.get("/calls/"))
    client.post("/calls/columns/", {"column": ["connection", "odd"], "query": ""})
    html = client.get("/calls/").content.decode()
    assert "1:01" not in html
    assert '<td class="hm">Main line</td>' in html
    assert "1:01" in text(client_of(admin).get("/calls/"))


def test_no_column_at_all_is_a_choice_too(
    client: Client, connection: Connection
) -> None:
    make_call(connection, status="ended", duration_ms=61_000)
    client.post("/calls/columns/", {"query": ""})
    assert "1:01" not in client.get("/calls/").content.decode()


# --- cost
def test_a_page_with_everything_takes_at_most_twelve_queries(
    client: Client, connection: Connection, workspace: Workspace, reviewer: Member
) -> None:
    agent, number = make_agent(connection), make_number(connection)
    columns = ["agent", "number", "launched", "tags", "connection", "end", "cost"]
    client.post("/calls/columns/", {"column": columns})
    for index in range(20):
        call = make_call(
            connection,
            status="ended",
            agent=agent,
            phone_number=number,
            contact=make_contact(workspace),
            launched_by=make_member(workspace).user,
            created_at=NOW - timedelta(minutes=index),
        )
        said("I want my refund today.", call)
        tag, _ = Tag.objects.get_or_create(workspace=workspace, name=f"t{index % 3}")
        tag.calls.add(call)
    asked = {
        "q": "refund",
        "agent": str(agent.pk),
        "number": str(number.pk),
        "connection": str(connection.pk),
        "status": "ended",
    }
    with CaptureQueriesContext(database) as queries:
        html = client.get("/calls/", asked).content.decode()
    assert html.count('<tr id="call-') == 20
    assert len(queries) <= 12, [q["sql"][:90] for q in queries]
