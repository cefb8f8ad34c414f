"""One account at UponAI, on the wire: its key, its two ids, its ways of saying no."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from agents.providers import http
from agents.providers.base import Account, Json, ProviderRefused
from agents.providers.reading import mapping
from agents.providers.uponai import facts

LABEL = "UponAI"
BASE_URL = "https://api.upon-ai.com"


class Line:
    """Sends requests to the account; raises ProviderError in words."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @property
    def key(self) -> str:
        """The API key."""
        return self.setting("api_key")

    @property
    def account_sid(self) -> str:
        """The telephony account; empty where it is not set."""
        return self.setting("account_sid")

    @property
    def workspace(self) -> int | None:
        """The workspace id; None where it is not set, or is no number."""
        written = self.setting("workspace_id")
        return int(written[:15]) if written.isascii() and written.isdigit() else None

    def setting(self, name: str) -> str:
        """Return a setting of the connection; empty where it is not set."""
        return str(self.account.credentials.get(name, "")).strip()

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send one request; what says `success: false` is the caller's to judge."""
        base = (self.account.base_url or BASE_URL).rstrip("/")
        headers = {"Authorization": f"Bearer {self.key}"}
        parts |= {"label": LABEL, "headers": headers, "pace": self.account.pace}
        return http.request(method, base + path, **parts)

    def read(self, path: str, **params: Any) -> Any:
        """Read, with patience: a sync reads thousands. What is None is not sent."""
        return self.ask("GET", path, params=params, tries=3)

    def refusal(self, answer: Any) -> ProviderRefused:
        """Return the error of an answer that says no with a 2xx, in its own words."""
        said = facts.message(answer) or "It did not say why."
        return ProviderRefused(f"{LABEL} refused: {self._hidden(said)}")

    def _hidden(self, said: str) -> str:
        """Return their words without our key, should they quote it."""
        return said.replace(self.key, "•••") if self.key else said


def part(value: str) -> str:
    """Return an id as one part of a path: a number's + is %2B there."""
    return quote(value, safe="")


def says_no(answer: Any) -> bool:
    """Tell whether a level of an answer says `success: false`; a launch has two."""
    outer: Json = mapping(answer)
    levels = (outer, mapping(outer.get("call")))
    return any(level.get("success") is False for level in levels)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(tz=UTC)
