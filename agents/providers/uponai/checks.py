"""Trying an account at UponAI: what works, what does not, and how to mend it."""

from collections.abc import Callable

from agents.providers import badge
from agents.providers.base import (
    Check,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
)
from agents.providers.reading import mapping, span
from agents.providers.uponai import catalog, numbers, pages
from agents.providers.uponai.line import LABEL, Line

NO_WORKSPACE = (
    "No workspace id is set, so agents and the call history may not be readable. Copy "
    "the number of the workspace from the dashboard."
)
NO_ACCOUNT = (
    "No account SID is set, so phone numbers cannot be read or bound. Copy it from the "
    "dashboard."
)


def check(line: Line) -> list[Check]:
    """Look at the key first, and only with a good one at the rest."""
    key = _tried("API key", lambda: _key(line), "Paste the API key again.")
    if not key.is_ok:
        return [key]
    return [
        key,
        _workspace(line),
        _tried("Agents", lambda: _agents(line), "Check the workspace id."),
        _numbers(line),
        badge.check(has_own_key=bool(line.setting("webhook_key"))),
    ]


def _tried(name: str, look: Callable[[], str], mend: str) -> Check:
    """Look at one thing; say what to do where UponAI refused."""
    try:
        return Check(name, True, look())
    except ProviderRefused as error:
        return Check(name, False, f"{_sentence(error)} {mend}")
    except ProviderError as error:
        return Check(name, False, _sentence(error))


def _sentence(error: ProviderError) -> str:
    said = error.message.strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _key(line: Line) -> str:
    answer = line.ask("GET", pages.LIST, params={"page": 1, "limit": 1})
    if pages.calls_in(answer) is None:
        raise ProviderUnclear(f"{LABEL} answered without a list of calls.")
    return "The key is accepted."


def _workspace(line: Line) -> Check:
    written = line.setting("workspace_id")
    if written and line.workspace is None:
        return Check("Workspace", False, "The workspace id must be a whole number.")
    if not written:
        return Check("Workspace", False, NO_WORKSPACE)
    mend = "Check the workspace id."
    return _tried("Workspace", lambda: _concurrency(line), mend)


def _concurrency(line: Line) -> str:
    answer = mapping(line.read("/api/concurrency", workspaceId=line.workspace))
    most, live = span(answer.get("maxConcurrent")), span(answer.get("currentUsage"))
    if most is None or live is None:
        raise ProviderUnclear(f"{LABEL} answered without its limits.")
    return f"It may hold {most} calls at the same time; {live} are live now."


def _agents(line: Line) -> str:
    catalog.page(line, 1, {})
    return "Agents can be listed."


def _numbers(line: Line) -> Check:
    if not line.account_sid:
        return Check("Phone numbers", False, NO_ACCOUNT)
    mend = "Check the account SID."
    return _tried("Phone numbers", lambda: _count(line), mend)


def _count(line: Line) -> str:
    found = numbers.listed(line)
    return f"Phone numbers can be listed; there are {len(found)}."
