"""Masking: cards, accounts and e-mail addresses, and nothing else."""

import time

import pytest

from calls.privacy.redaction import mask_name, mask_number, redact, redact_value


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("my card is 4242 4242 4242 4242 ok", "my card is •••• 4242 ok"),
        ("4242424242424242.", "•••• 4242."),
        ("378282246310005", "•••• 0005"),
        ("4111-1111-1111-1112", "•••• 1112"),  # one digit misheard
        ("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "•••• 4242"),
        ("four two " * 7 + "four two", "•••• 4242"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN DE•••• 3000 please"),
        ("account number is 12345678.", "account number is •••• 78."),
        ('{"account_number": "0012 3456"}', '{"account_number": "•••• 56"}'),
        ("write to jamie.doe+x@mail.example.co.uk", "write to ••••@mail.example.co.uk"),
        ("jamie dot doe at example dot com", "•••• at example dot com"),
    ],
)
def test_what_is_secret_is_masked(text: str, seen: str) -> None:
    assert redact(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "call +14155550100 or +4915112345678901",
        "order 1234567890123 at 2026-11-21 17:55",
        "id 0192f3a4-5678-7890-8123-456789012345",
        "the account manager in 2025 said 12 things",
        "your account is ready in 10 minutes",
        "one two three four five six",
        "we meet at noon",
        "",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


def test_masking_twice_changes_nothing() -> None:
    once = redact("4242 4242 4242 4242, a@b.de, account 12345678")
    assert redact(once) == once


def test_values_are_masked_in_the_light_of_their_names() -> None:
    seen = redact_value(
        {
            "account_number": "12345678",
            "card": 4242424242424242,
            "n": [1, True, "a@b.de"],
        }
    )
    assert seen == {
        "account_number": "•••• 78",
        "card": "•••• 4242",
        "n": [1, True, "••••@b.de"],
    }


@pytest.mark.parametrize("part", ["1 ", "a.", "one ", "account ", "a dot ", "x at "])
def test_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    redact(part * 30_000)
    assert time.process_time() - began < 2


def test_people_are_known_by_little() -> None:
    assert mask_number("+14155550123") == "•••• 0123"
    assert mask_number("334") == "••••"
    assert mask_name("Jamie van Doe") == "J. V. D."
    assert mask_name("+1 415 555 0100") == "•••• 0100"
