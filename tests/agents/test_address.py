"""Which addresses secrets may go to."""

import pytest
from pytest_django import Settings

from agents.address import problem, problem_now
from agents.providers import careful


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
    [
        *("", "api.example.com", "ftp://x.example", "https://a:99999", "https://u:p@x"),
        *("https://a..b/", "https://.com", f"https://{'a' * 64}.com"),
    ],
)
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    assert problem(url).endswith((".", "com"))


@pytest.mark.parametrize(
    ("answer", "is_barred"),
    [
        ("203.0.114.7", False),
        ("10.0.0.7", True),
        ("127.0.0.1", True),
        ("::ffff:192.168.1.1", True),
        ("64:ff9b::a00:1", True),
        ("64:ff9b::808:808", False),
        ("2002:a00:1::1", True),
        ("2002:808:808::1", False),
        ("224.0.1.1", True),
        ("fe80::1%eth0", True),
        ("fec0::1", True),
        ("::127.0.0.1", True),
        ("::ffff:0:127.0.0.1", True),
        ("64:ff9b:1::a00:1", True),
        ("2001:4860:4860::8888", False),
    ],
)
def test_what_a_name_stands_for_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, answer: str, is_barred: bool
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [found(answer)])
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert bool(problem_now("https://client.example.com/")) is is_barred
    settings.ALLOW_PRIVATE_ADDRESSES = True
    assert problem_now("https://client.example.com/") == ""


def test_one_private_address_among_public_ones_is_one_too_many(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    both = [found("203.0.114.7"), found("10.0.0.7")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: both)
    assert problem_now("https://client.example.com/")


def test_an_address_of_this_machine_is_private(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    monkeypatch.setattr(careful, "_is_public", lambda _: True)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [found("127.0.0.1")])
    assert problem_now("https://client.example.com/")


def test_a_name_that_nobody_knows_yet_may_be_saved(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    settings.ALLOW_PRIVATE_ADDRESSES = False
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert problem_now("https://client.example.com/") == ""


def found(address: str) -> tuple[object, ...]:
    """Return an answer of the name server, as the socket module gives it."""
    return (2, 1, 6, "", (address, 443))
