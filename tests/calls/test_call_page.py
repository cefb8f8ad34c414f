"""The page of a call that is over: its lines, marks, tabs, and who sees it masked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Connection
from agents.providers.base import CallUpdate
from calls import changes, lifecycle, story
from calls.models import Call, Note, ToldBy, Turn, WebhookEvent
from calls.models.traffic import Verdict
from dashboard.models import Member, Workspace
from tests.calls.test_call_pages import ended_call, text
from tests.factories import make_call, make_connection, make_contact

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
IN_PANE = {"HX-Request": "true", "HX-Target": "pane"}


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture
def client(client_of: Callable[[Member], Client], admin: Member) -> Client:
    """Return the browser of an admin."""
    return client_of(admin)


def webhook(call: Call, body: str = '{"event": "call_ended"}', **facts: Any) -> Any:
    """Store a webhook of a call, as it came."""
    facts = {"verdict": Verdict.SIGNED, "applied_at": NOW, "received_at": NOW} | facts
    count = WebhookEvent.objects.count()
    return call.events.create(
        connection=call.connection, event_key=f"key-{count}", body=body, **facts
    )


# --- lines and lanes
def test_a_slow_answer_a_tool_and_an_interruption_are_marked(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    call.turns.create(
        index=2,
        role="agent",
        text="Well…",
        start_ms=15_000,
        end_ms=16_000,
        latency_ms=1_800,
        is_interrupted=True,
    )
    lanes = story.lanes(call, story.lines(call))
    assert [(mark.kind, mark.x) for mark in lanes.marks] == [
        ("tool", 30.0),
        ("slow", 500.0),
        ("cut", 533.3),
    ]
    words = text(client.get(call.get_absolute_url()))
    assert "1800 ms, slow" in words
    assert "Slow answer" in words


def test_notes_stand_under_the_line_they_are_about(
    client: Client, connection: Connection, admin: Member
) -> None:
    call = ended_call(connection)
    turn = call.turns.get(index=1)
    note = Note.objects.create(call=call, turn=turn, user=admin.user, text="Polite")
    told = story.lines(call, [note])
    assert [line.notes for line in told if line.turn] == [(), (note,)]
    assert "Polite" in text(client.get(call.get_absolute_url()))


def test_the_transcript_is_plain_text_to_take_away(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    call = ended_call(connection, contact=make_contact(workspace, name="Jamie Doe"))
    told = client.get(reverse("call_transcript", args=[call.pk])).content.decode()
    assert told.splitlines() == [
        "[0:00] Agent: Hello Jamie!",
        '    (look_up {"a": 1} → found)',
        "[0:01] Jamie Doe: Hi.",
    ]


def test_what_was_said_is_never_markup(
    client: Client, connection: Connection, workspace: Workspace
) -> None:
    contact = make_contact(workspace, name="<i>Jamie</i>")
    call = ended_call(connection, contact=contact)
    call.turns.create(index=2, role="callee", text="<script>alert(1)</script> & so")
    call.turns.create(index=3, role="<b>", text="Who?")
    html = client.get(call.get_absolute_url()).content.decode()
    assert "<script>alert" not in html
    assert "<i>Jamie" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; so" in html
    assert "Someone else" in html


def test_a_transcript_of_2000_lines_costs_as_many_queries(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    rows = [
        Turn(call=call, index=i, role="agent", text="Hm", start_ms=i, latency_ms=1)
        for i in range(2, 2_000)
    ]
    Turn.objects.bulk_create(rows)
    with CaptureQueriesContext(database) as queries:
        page = client.get(call.get_absolute_url())
    assert page.content.count(b' data-start="') == 2_000
    assert len(queries) <= 12


def test_what_was_searched_is_in_the_box(
    client: Client, connection: Connection
) -> None:
    page = client.get(ended_call(connection).get_absolute_url(), {"q": 'a "word"'})
    assert 'value="a &quot;word&quot;"' in page.content.decode()


def test_reviewers_see_accounts_masked_and_admins_as_they_are(
    client: Client,
    client_of: Callable[[Member], Client],
    reviewer: Member,
    connection: Connection,
) -> None:
    contact = make_contact(connection.workspace)
    call = ended_call(
        connection,
        analysis={"email": "jamie@example.com"},
        summary="Jamie is jamie@example.com.",
        contact=contact,
    )
    said = "Wrong address: jamie@example.com"
    evidence = [{"check": "variables", "saw": said, "looked_at": said}]
    Call.objects.filter(pk=call.pk).update(
        note=said, evidence=evidence, overrides={"first_message": said}
    )
    call.turns.create(index=2, role="callee", text="Write to jamie@example.com.")
    webhook(call, '{"event": "x", "to": "jamie@example.com"}')
    pages = [
        call.get_absolute_url(),
        f"{call.get_absolute_url()}?tab=webhooks",
        reverse("call_transcript", args=[call.pk]),
        contact.get_absolute_url(),
        reverse("call_evidence", args=[call.pk]),
        reverse("event_body", args=[call.pk, call.events.get().pk]),
    ]
    for page in pages:
        assert b"jamie@example.com" in client.get(page).content, page
        assert b"jamie@example.com" not in client_of(reviewer).get(page).content, page


# --- its end
def test_the_end_is_one_sentence_with_the_raw_words_below(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection, fault="provider", status_raw="done_word")
    html = client.get(call.get_absolute_url()).content.decode()
    assert "On the side of the provider, Simulator." in html
    raw = html[html.index('<details class="raw">') :]
    assert raw.index("user_hungup_word") < raw.index("</details>")


def test_the_cost_is_shown_in_the_parts_that_were_told(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection, provider_call_id="c1")
    parts = {"voice": "0.09", "llm": "0.03"}
    update = CallUpdate(cost=Decimal("0.12"), cost_parts=parts)
    lifecycle.apply(call.pk, update, NOW)
    words = text(client.get(call.get_absolute_url()))
    assert "Cost $0.12 Voice $0.09 Llm $0.03" in words
    lifecycle.apply(call.pk, CallUpdate(cost=Decimal("0.2")), NOW)
    call.refresh_from_db()
    assert call.cost_parts == {}


# --- its tabs
def test_the_timeline_says_who_told_us_of_each_change(
    client: Client, connection: Connection, manager: Member
) -> None:
    call = make_call(
        connection,
        status="dialing",
        dialed_at=NOW,
        created_at=NOW - timedelta(seconds=1),
        provider_call_id="c1",
        launched_by=manager.user,
    )
    event = webhook(call)
    ended = CallUpdate(status="ended", end_reason="user_hangup")
    heard = changes.Heard(ToldBy.WEBHOOK, event.pk)
    lifecycle.apply(call.pk, ended, NOW + timedelta(seconds=9), heard)
    quiet = webhook(call, '{"event": "call_started"}')
    call.refresh_from_db()
    moments = [(m.title, m.source, m.event_id) for m in story.timeline(call)]
    assert moments[0] == ("Launched", f"Call now, {manager.user}", None)
    assert ("Simulator was asked to place the call", "Our request", None) in moments
    assert ("Ended", "Webhook call_ended", event.pk) in moments
    assert ("A webhook came", "Webhook call_started", quiet.pk) in moments
    words = text(client.get(call.get_absolute_url(), {"tab": "timeline"}))
    assert "It said nothing new." in words


def test_the_same_many_times_in_a_row_is_one_moment(connection: Connection) -> None:
    call = ended_call(connection, created_at=NOW)
    for second in range(3):
        at = NOW + timedelta(minutes=1, seconds=second)
        call.changes.create(told_by="poll", fields=["turns"], at=at)
    last = story.timeline(call)[-1]
    assert (last.title, last.count) == ("Learned what was said", 3)
    assert last.until == NOW + timedelta(minutes=1, seconds=2)


def test_a_webhook_is_shown_with_what_became_of_it(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    webhook(call, '{"event":"call_analyzed","n":1}')
    webhook(call, "not json", verdict=Verdict.HINT, error="KeyError: x")
    html = client.get(call.get_absolute_url(), {"tab": "webhooks"}).content.decode()
    assert "&quot;n&quot;: 1" in html
    assert "Signed" in html
    assert "A hint" in html
    assert "KeyError: x" in html


def test_a_webhook_that_is_cut_is_indented_as_far_as_it_goes() -> None:
    body = '{"a":[1,{"b":"x, {y}: \\"z\\""}],"c":{},"said":"Hello the'
    assert story.pretty(body, str).splitlines() == [
        *("{", '  "a": [', "    1,", "    {", '      "b": "x, {y}: \\"z\\""'),
        *("    }", "  ],", '  "c": {', "    ", "  },", '  "said": "Hello the'),
    ]
    assert story.pretty("not: json", str) == "not: json"


def test_a_long_webhook_is_cut_on_the_page_and_whole_in_the_file(
    client: Client, connection: Connection
) -> None:
    call = ended_call(connection)
    event = webhook(call, '{"event": "x", "text": "%s last"}' % ("word " * 5_000))
    page = client.get(call.get_absolute_url(), {"tab": "webhooks"}).content.decode()
    assert "Only its beginning is shown" in page
    file = client.get(reverse("event_body", args=[call.pk, event.pk]))
    assert b"last" in file.content


# --- beside the list, and quick
def test_the_pane_beside_the_list_gets_the_main_part_alone(
    client: Client, connection: Connection
) -> None:
    part = client.get(ended_call(connection).get_absolute_url(), headers=IN_PANE)
    assert part.content.decode().strip().startswith('<div id="live"')


@pytest.mark.parametrize("tab", ["", "timeline", "webhooks"])
@pytest.mark.parametrize("role", ["admin", "reviewer"])
def test_the_page_takes_12_queries_at_most(
    client_of: Callable[[Member], Client],
    request: pytest.FixtureRequest,
    connection: Connection,
    tab: str,
    role: str,
) -> None:
    member: Member = request.getfixturevalue(role)
    call = ended_call(connection, reviewed_by=member.user, launched_by=member.user)
    for _ in range(3):
        event = webhook(call)
        call.changes.create(told_by="webhook", event=event, fields=["summary"])
        changes.by_hand(call, member.user, NOW, "Did something.")
        Note.objects.create(call=call, user=member.user, text="Hm")
    browser = client_of(member)
    with CaptureQueriesContext(database) as queries:
        browser.get(call.get_absolute_url(), {"tab": tab})
    assert len(queries) <= 12, [query["sql"][:90] for query in queries]
