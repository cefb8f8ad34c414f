"""The free search, and where in a call the words are."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Connection
from calls import digest
from calls.history import counting, pages, search, taking
from calls.history.filters import Filters, read
from calls.models import Call, CallStatus, Turn
from calls.people import contact_book
from dashboard.models import Member, Workspace
from tests.factories import make_call, make_connection, make_contact, make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(workspace: Workspace) -> Connection:
    """Return an account that calls go through."""
    return make_connection(workspace)


@pytest.fixture(params=["open", "walking", "asking"])
def digested(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that takes calls in, or leaves them as they are."""
    if request.param == "asking":
        monkeypatch.setattr("calls.history.finding.STEPS", 1)
        monkeypatch.setattr("calls.history.finding.STEPS_WORDS", 1)

    def take(*calls: Call) -> None:
        if request.param != "open":
            Call.objects.update(status=CallStatus.ENDED)
            digest.run(timezone.now())

    return take


def found(workspace: Workspace, text: str, **more: Any) -> list[Call]:
    """Return what a search finds; the count says the same."""
    filters = Filters(q=text, **more)
    shown = pages.page(workspace, filters, timezone.now()).calls
    assert counting.count(workspace, filters, timezone.now()).value == len(shown)
    return shown


def say(call: Call, *lines: str) -> None:
    for index, text in enumerate(lines):
        Turn.objects.create(call=call, index=index, role="agent", text=text)


@pytest.mark.parametrize(
    "text",
    ["+14155550142", "(415) 555-0142", "415.555.0142", "0142", "4155550142", "555 01"],
)
def test_a_number_is_found_in_any_format_and_by_its_last_digits(
    workspace: Workspace, connection: Connection, digested: Any, text: str
) -> None:
    call = make_call(connection, to_number="+14155550142")
    make_call(connection, to_number="+493012345678")
    digested()
    assert found(workspace, text) == [call]


@pytest.mark.parametrize("text", ["0042", "030 123 00 42", "0049 30 1230042"])
def test_zeros_in_front_are_of_last_digits_or_of_a_country(
    workspace: Workspace, connection: Connection, digested: Any, text: str
) -> None:
    workspace.country = "DE"
    call = make_call(connection, to_number="+49301230042")
    make_call(connection, to_number="+49301230142")
    digested()
    assert found(workspace, text) == [call]


def test_without_trigrams_last_digits_are_found(
    workspace: Workspace, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.history.searching.has_trigrams", lambda: False)
    call = make_call(
        connection, status="ended", to_number="+14155550142", customer_name="Bo Ek"
    )
    make_call(connection, status="ended", to_number="+14155550143")
    digest.run(timezone.now())
    for steps in (5, 1):
        monkeypatch.setattr("calls.history.finding.STEPS", steps)
        monkeypatch.setattr("calls.history.finding.STEPS_WORDS", steps)
        for text in ("0142", "5550142", "+1 415 555 0142", "bo e", "ek"):
            if text != "bo e":
                assert found(workspace, text) == [call]


def test_the_other_number_is_meant_and_ours_only_as_a_whole(
    workspace: Workspace, connection: Connection, digested: Any
) -> None:
    ours = make_number(connection, number="+16285550199")
    inbound = make_call(
        connection,
        direction="inbound",
        from_number="+14155550142",
        to_number="+16285550199",
        phone_number=ours,
    )
    make_call(connection, to_number="+14155550100")
    digested()
    assert found(workspace, "0142") == [inbound]
    assert found(workspace, "+1 628 555 0199") == [inbound]


def test_names_ids_and_metadata_are_found(
    workspace: Workspace, connection: Connection, digested: Any
) -> None:
    call = make_call(
        connection,
        contact=make_contact(workspace, name="Jamie Döe", company="Bright Bakery"),
        customer_name="James Bond",
        provider_call_id="call_1ab",
        external_id="order-4711",
        metadata={"crm": {"deal": ["D-2045x"], "worth": 1200, "is_new": True}},
    )
    make_call(connection, customer_name="Somebody Else", provider_call_id="call_2cd")
    digested()
    for text in ("jam", "JAMIE D", "bond", "bakery", "call_1ab", "order-4711", "4711"):
        assert found(workspace, text) == [call], text
    for text in (
        "D-2045x",
        "1200",
        str(call.pk),
        call.pk.hex,
        "ames Bo",
        "bright jami",
    ):
        assert found(workspace, text) == [call], text
    assert found(workspace, str(uuid.uuid4())) == []


def test_words_of_transcripts_and_summaries_are_found(
    workspace: Workspace, connection: Connection, digested: Any
) -> None:
    call = make_call(connection, summary="Wants to cancel the contract")
    say(call, "Hello, this is Anna.", "I'd like a refund for invoice 20 47.")
    other = make_call(connection, summary="All is well")
    say(other, "Hello again")
    digested()
    assert set(found(workspace, "hello")) == {call, other}
    for text in ("refund", "REFUND invoice", "canc", "contract refund", '"a refund"'):
        assert found(workspace, text) == [call], text
    for text in ("refund again", '"refund a"', "zebra", '"invoice refund"'):
        assert found(workspace, text) == [], text


def test_accents_case_and_apostrophes_do_not_matter(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection, status="ended")
    say(call, "Don’t call me, José. Straße 5, Ελλάδα, 東京")
    digest.run(timezone.now())
    for text in ("jose", "JOSÉ", "dont", "don't", "strasse", "ελλαδα", "東京"):
        assert found(workspace, text) == [call], text


def test_a_search_and_filters_narrow_together(
    workspace: Workspace, connection: Connection, digested: Any
) -> None:
    good = make_call(connection, sentiment="positive", to_number="+14155550142")
    bad = make_call(connection, sentiment="negative", to_number="+14155550142")
    for call in (good, bad):
        say(call, "refund please")
    digested()
    assert found(workspace, "refund", sentiment=("negative",)) == [bad]
    assert found(workspace, "0142", sentiment=("positive",)) == [good]
    assert found(workspace, "refund", sort="time") == [good, bad]
    assert found(workspace, "refund", sentiment=("neutral",)) == []


ODD = [
    *("'", '"', '""', "\\", "%", "_", "a'b", "' | 'x", "!", "&", "a & b", "<->", ":*"),
    *(
        "\0",
        "re\0fund",
        "*",
        "(",
        "NEAR(a b)",
        "-refund",
        "x OR y",
        "{}",
        "%s",
        "zz\u0301",
    ),
    *("a" * 5_000, "ab " * 900, "1" * 300, "😀", "\u202e", "AND", "42", "- - -", "+"),
]


@pytest.mark.parametrize("text", ODD)
def test_odd_input_finds_nothing_and_breaks_nothing(
    workspace: Workspace, connection: Connection, digested: Any, text: str
) -> None:
    call = make_call(connection, customer_name="Kim", external_id="q9-1")
    say(call, "Nothing of the kind")
    digested()
    shown = pages.page(workspace, read(workspace, {"q": text}), timezone.now()).calls
    nothing = not read(workspace, {"q": text}).q
    assert shown == ([call] if nothing else [])
    search.hits([call, Call(summary=text)], text)


def test_percent_and_underscore_mean_themselves(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection, status="ended", customer_name="100%_sure")
    make_call(connection, status="ended", customer_name="100 quite sure")
    digest.run(timezone.now())
    assert found(workspace, "100%_sur") == [call]


# --- Taken in anew
def test_what_changes_after_the_end_is_found_by_its_new_words(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection, status="ended", summary="A refund")
    say(call, "Yes, a goodbye")
    digest.run(timezone.now())
    Turn.objects.all().delete()
    now = timezone.now()
    Call.objects.update(summary="An invoice", sentiment="negative", changed_at=now)
    digest.run(now)
    assert found(workspace, "invoice") == [call]
    assert found(workspace, "refund") == found(workspace, "goodbye") == []
    assert found(workspace, "", sentiment=("negative",)) == [call]


def test_a_person_who_is_renamed_is_found_by_the_new_name(
    workspace: Workspace, connection: Connection, admin: Member
) -> None:
    contact = make_contact(workspace, name="Jamie Doe")
    call = make_call(connection, status="ended", contact=contact)
    digest.run(timezone.now())
    contact_book.save(contact, {"name": "Robin Roe"}, admin.user)
    assert digest.run(timezone.now()) == 1
    assert found(workspace, "robin") == [call]


def test_a_person_who_is_deleted_is_found_no_more(
    workspace: Workspace, connection: Connection, admin: Member
) -> None:
    contact = make_contact(workspace, name="Jamie Doe", email="jamie@example.com")
    call = make_call(connection, status="ended", contact=contact)
    digest.run(timezone.now())
    assert found(workspace, "jamie@example.com") == [call]
    contact_book.delete(contact, admin.user)
    digest.run(timezone.now())
    assert found(workspace, "jamie@example.com") == found(workspace, "jamie") == []


def test_taking_in_at_once_shows_what_a_person_did(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection, status="ended")
    digest.run(timezone.now())
    call.reviewed_at = timezone.now()
    call.save(update_fields=["reviewed_at"])
    taking.take_in([call], timezone.now())
    assert found(workspace, "", reviewed=True) == [call]


def test_an_open_call_is_never_taken_in(
    workspace: Workspace, connection: Connection
) -> None:
    taking.take_in([make_call(connection, status="ringing")], timezone.now())
    taking.take_in([], timezone.now())
    assert not workspace.calls.filter(found__isnull=False)


# --- Where the words are
def test_hits_are_the_lines_with_the_words_marked(
    workspace: Workspace, connection: Connection, django_assert_num_queries: Any
) -> None:
    call = make_call(connection, summary="A refund was asked for.")
    say(call, "Good day.", "I want my Refund, José!", "No refunds here; refund?")
    with django_assert_num_queries(1):
        hits = search.hits([call], "refund jose")[call.pk]
    assert [line.index for line in hits.lines] == [-1, 1, 2]
    marked = [[p.text for p in line.pieces if p.is_hit] for line in hits.lines]
    assert marked == [["refund"], ["Refund", "José"], ["refund"]]
    assert hits.more == 0


def test_a_long_line_is_cut_around_its_first_hit(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection)
    say(call, *[f"{'bla ' * 200}refund {'blub ' * 200}"] * 5)
    hits = search.hits([call], "refund")[call.pk]
    assert (len(hits.lines), hits.more) == (3, 2)
    text = "".join(piece.text for piece in hits.lines[0].pieces)
    assert text.startswith("… bla")
    assert text.endswith(" blub\N{NO-BREAK SPACE}…")
    assert len(text) < 250


def test_numbers_and_nothing_have_no_hits(
    workspace: Workspace, connection: Connection, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert search.hits([make_call], "") == {}  # type: ignore[list-item]
        assert search.hits([], "refund") == {}


def test_a_number_with_signs_has_no_hits(
    workspace: Workspace, connection: Connection
) -> None:
    call = make_call(connection)
    say(call, "I have 1 dog, and it is 415 days old.")
    assert search.hits([call], "+1 415 555 0142") == {}
    assert search.hits([call], "415")[call.pk].lines


def test_marks_keep_the_text_as_it_is() -> None:
    call = Call(summary="Don’t stop: stopping is fine")
    pieces = search.hits([call], "don't stop")[call.pk].lines[0].pieces
    assert [(p.text, p.is_hit) for p in pieces] == [
        ("Don’t", True),
        (" ", False),
        ("stop", True),
        (": ", False),
        ("stopping", True),
        (" is fine", False),
    ]
