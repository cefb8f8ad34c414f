"""What a key may do: our scopes, and providers' names for them."""

import pytest

from dashboard import scopes


def test_every_permission_of_a_provider_stands_for_scopes_of_ours() -> None:
    known = scopes.permissions()
    assert {scope for held in known.values() for scope in held} <= set(scopes.WORDS)
    assert not set(known) & set(scopes.WORDS)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("can_initiate_calls", ["calls:write"]),
        ("can_read_calls", ["calls:read"]),
        ("can_read_agents", ["agents:read"]),
        ("can_read_contacts", ["contacts:read"]),
        ("can_write_contacts", ["contacts:write"]),
        ("can_read_calendar", []),
    ],
)
def test_a_permission_becomes_a_scope(theirs: str, ours: list[str]) -> None:
    assert scopes.read_scopes([theirs]) == ours
    assert (ours[0] if ours else "nothing") in scopes.became([theirs])[0]


def test_each_scope_is_held_once() -> None:
    words = ["calls:write", "can_initiate_calls", "calls:write", "agents:read"]
    assert scopes.read_scopes(words) == ["calls:write", "agents:read"]
    assert scopes.became(words) == ["can_initiate_calls became calls:write."]


def test_an_unknown_word_is_refused_with_what_there_is() -> None:
    with pytest.raises(scopes.UnknownScope, match="“all”.*calls:read.*can_read_calls"):
        scopes.read_scopes(["all"])


def test_scopes_in_words() -> None:
    assert scopes.in_words(["calls:write", "calls:read"]) == "Read calls, launch calls"
    assert scopes.in_words(scopes.WORDS) == "Everything"
    assert scopes.in_words([]) == ""
