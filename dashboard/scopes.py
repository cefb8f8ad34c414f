"""What a key may do: our scopes, and the names that providers give their permissions.

A provider's permission, such as `can_initiate_calls`, may be written wherever a scope is
asked for; what it stands for here is in its folder (`PERMISSIONS` of its `server.py`).
"""

from collections.abc import Iterable, Sequence

from agents.providers.registry import DIALECTS

# The scope, what it lets a program do, and more about that.
SCOPES = (
    ("calls:read", "Read calls", "Calls, transcripts, recordings and costs."),
    ("calls:write", "Launch calls", "Launch, cancel and hang up calls."),
    ("agents:read", "Read agents", "Agents and their versions."),
    ("agents:write", "Change agents", "Create and change agents, where that works."),
    ("numbers:read", "Read numbers", "Numbers and what is bound to them."),
    ("numbers:write", "Change numbers", "Bind agents to numbers."),
    ("contacts:read", "Read contacts", "Contacts, their attributes, and variables."),
    ("contacts:write", "Change contacts", "Create and change contacts and variables."),
    ("suppressions:read", "Read do-not-call", "The do-not-call list."),
    ("suppressions:write", "Change do-not-call", "Add numbers to the list."),
    ("connections:read", "Read connections", "Connections; never their secrets."),
    ("connections:write", "Change connections", "Add and sync connections."),
    ("webhooks:read", "Read webhooks", "Who is told of calls, and what was told."),
    ("webhooks:write", "Change webhooks", "Add and change them; send them again."),
    ("money:read", "Read money", "The wallet's balance, limits and ledger."),
    ("money:write", "Top up", "Add to the wallet's balance."),
)
WORDS = tuple(word for word, _, _ in SCOPES)
LABELS = {word: label for word, label, _ in SCOPES}
USUAL = ["calls:read", "calls:write", "agents:read", "numbers:read"]


class UnknownScope(Exception):
    """A word that is neither a scope nor a permission of a provider; says so."""


def permissions() -> dict[str, Sequence[str]]:
    """Return each permission that a provider knows, with the scopes it stands for."""
    known = (side.PERMISSIONS for side in DIALECTS.values())
    return {name: scopes for table in known for name, scopes in table.items()}


def read_scopes(words: Iterable[str]) -> list[str]:
    """Return the scopes that words stand for, each once; raise UnknownScope."""
    theirs = permissions()
    found: dict[str, None] = {}
    for word in words:
        if word not in WORDS and word not in theirs:
            known = ", ".join((*WORDS, *theirs))
            raise UnknownScope(f"There is no scope “{word}”. There are: {known}.")
        found |= dict.fromkeys(theirs.get(word, (word,)))
    return list(found)


def became(words: Iterable[str]) -> list[str]:
    """Say of each permission of a provider what it became; known words only."""
    theirs = permissions()
    return [
        f"{word} became {', '.join(theirs[word])}."
        if theirs[word]
        else f"{word} became nothing: there is nothing here that it could allow."
        for word in dict.fromkeys(words)
        if word in theirs
    ]


def in_words(scopes: Iterable[str]) -> str:
    """Write scopes for a person: “Read calls, launch calls”."""
    held = set(scopes)
    if held >= set(WORDS):
        return "Everything"
    said = [LABELS[word] for word in WORDS if word in held]
    return ", ".join([*said[:1], *(label[0].lower() + label[1:] for label in said[1:])])
