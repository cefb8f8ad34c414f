"""What looks like a secret never reaches the log."""

import pytest

from dashboard.logs import strike_out


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123456",
        "Forbidden: /webhooks/abcdef123456-_/",
        '{"api_key": "abcdef123456"}',
        "key_abcdef123456",
    ],
)
def test_a_secret_is_struck_out(text: str) -> None:
    assert "abcdef" not in strike_out(text)
    assert "•••" in strike_out(text)
