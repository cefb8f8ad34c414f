"""Reading phone numbers as people type them."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex

from agents import phone

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("(415) 555-0100", "US", "+14155550100"),
        ("415.555.0100", "US", "+14155550100"),
        ("1 415 555 0100", "US", "+14155550100"),
        ("+1 415 555 01 00", "DE", "+14155550100"),
        ("001 415 555 0100", "DE", "+14155550100"),
        ("0171 2345678", "DE", "+491712345678"),
        ("+49 (0)171 2345678", "US", "+491712345678"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("٤١٥ ٥٥٥ ٠١٠٠", "US", "+14155550100"),
    ],
)
def test_any_usual_format_is_read(typed: str, country: str, e164: str) -> None:
    found = phone.parse(typed, country)
    assert found is not None
    assert found.e164 == e164


@pytest.mark.parametrize(
    "typed",
    [
        *("", "Jamie Doe", "911", "+1 415 555", "415 555 0100 ext. 5", "+999 1234"),
        *("+49151234567**", "+1415555010*", "#31#+14155550100", "+4920000000000000"),
    ],
)
def test_what_is_no_number_is_not_read(typed: str) -> None:
    assert phone.parse(typed) is None


def test_a_number_without_its_area_code_cannot_be_dialled() -> None:
    assert phone.parse("555-0100", "US") is None


def test_the_country_is_told_apart_within_one_calling_code() -> None:
    toronto = phone.parse("+1 416 555 0100")
    assert toronto is not None
    assert toronto.country == "CA"


def test_a_number_is_written_for_reading() -> None:
    assert phone.pretty("+14155550100") == "+1 415 555 0100"
    assert phone.pretty("+442079460958") == "+44 20 7946 0958"


@pytest.mark.parametrize("other", ["334", "", "+", "+1", "sip:334"])
def test_what_is_no_number_is_written_as_it_is(other: str) -> None:
    assert phone.pretty(other) == other


@pytest.mark.parametrize(
    ("text", "answer"),
    [("+14155550100", True), ("14155550100", False), ("+1 415 555 0100", False)],
)
def test_e164_is_exact(text: str, answer: bool) -> None:
    assert phone.is_e164(text) is answer


@given(number=from_regex(phone.pattern(), fullmatch=True))
def test_what_fits_the_pattern_is_a_number(number: str) -> None:
    read = phone.parse(number)
    assert read is not None
    assert 7 <= len(read.e164) <= 16


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("+14155550100", True),
        ("+390612345678", True),
        ("+2250712345678", True),
        ("+13234567", False),
        ("+999123456", False),
        ("14155550100", False),
    ],
)
def test_the_pattern_is_that_of_numbering_plans(number: str, fits: bool) -> None:
    assert bool(re.search(phone.pattern(), number)) is fits


def test_the_local_time_is_that_of_the_number() -> None:
    berlin = phone.parse("+49 30 901820")
    assert berlin is not None
    assert [f"{at:%H:%M}" for at in berlin.local_times(NOON)] == ["13:00"]


def test_local_times_of_a_number_in_many_zones_go_from_early_to_late() -> None:
    toll_free = phone.parse("+1 800 356 9377")
    assert toll_free is not None
    times = [at.replace(tzinfo=None) for at in toll_free.local_times(NOON)]
    assert len(times) > 3
    assert times == sorted(set(times))


def test_local_times_west_of_utc_go_from_early_to_late() -> None:
    russia = phone.Phone("+7", "RU", ("Asia/Tokyo", "Europe/Moscow"), "+7")
    assert [f"{at:%H:%M}" for at in russia.local_times(NOON)] == ["15:00", "21:00"]


def test_digits_are_written_in_one_script() -> None:
    assert phone.digits("+1 (415) ٥٥٥-0100") == "14155550100"


@pytest.mark.parametrize(
    ("typed", "country", "looked_for"),
    [
        ("(415) 555-0100", "US", {"14155550100", "4155550100"}),
        ("0171 234", "DE", {"171234"}),
        ("0171 2345678", "DE", {"491712345678", "1712345678"}),
        ("555", "US", {"555"}),
        ("Suite 5", "US", set()),
        ("5", "US", set()),
        ("", "US", set()),
    ],
)
def test_a_search_finds_numbers_in_any_format(
    typed: str, country: str, looked_for: set[str]
) -> None:
    assert phone.spellings(typed, country) >= looked_for
    assert bool(phone.spellings(typed, country)) == bool(looked_for)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("us", "US"), (" Germany ", "DE"), ("united kingdom", "GB"), ("Atlantis", "")],
)
def test_a_country_is_read_by_code_or_name(typed: str, code: str) -> None:
    assert phone.read_country(typed) == code


def test_a_country_has_a_name() -> None:
    assert phone.country_name("CA") == "Canada"
    assert phone.country_name("XX") == "XX"


@pytest.mark.parametrize(
    ("typed", "e164"), [("(415) 555-0100", "+14155550100"), ("555-0100", ""), ("x", "")]
)
def test_the_quick_way_reads_the_same(typed: str, e164: str) -> None:
    assert phone.e164(typed, "US") == e164
