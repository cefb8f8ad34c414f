"""Which addresses secrets may go to."""

import pytest
from pytest_django import Settings

from agents.address import problem


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "https://127.0.0.1/x",
        "https://10.0.0.7",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://localhost:8000",
        "https://vault.internal",
        "https://intranet",
    ],
)
def test_only_public_https_will_do(url: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert problem(url)


def test_public_https_is_fine(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert problem("https://api.retellai.com") == ""


def test_a_private_address_may_be_allowed(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    assert problem("http://127.0.0.1:8000/compat/retell") == ""


@pytest.mark.parametrize(
    "url",
    ["", "api.example.com", "ftp://x.example", "https://a:99999", "https://u:p@x"],
)
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    assert problem(url).endswith((".", "com"))
