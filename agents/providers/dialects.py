"""The providers Switchboard can answer as, and what it needs of each to tell of calls."""

from collections.abc import Collection
from typing import Protocol

from agents.providers.base import CallRecord, Json
from agents.providers.retell import server as retell


class Dialect(Protocol):
    """What the outbox asks of a provider's `server.py`."""

    def events(self, before: str, status: str, changed: Collection[str]) -> list[str]:
        """Return the events that a change of a call gives, in order."""

    def is_wanted(self, event: str, chosen: Collection[str]) -> bool:
        """Tell whether an endpoint that chose these events wants this one."""

    def is_terminal(self, event: str) -> bool:
        """Tell whether the event says that a call is over."""

    def webhook(self, event: str, record: CallRecord) -> Json:
        """Render the body of a webhook."""

    def headers(self, body: bytes, key: str, now_ms: int) -> dict[str, str]:
        """Return the headers of a webhook, its signature among them."""


DIALECTS: dict[str, Dialect] = {"retell": retell}
