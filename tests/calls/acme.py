"""A provider of the tests: what it can do is set by facts, what it says by the test.

Its webhooks are JSON with the fields of a CallUpdate, times as ISO 8601.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from agents.providers.base import (
    AgentFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    NumberFacts,
    Page,
    Provider,
    ProviderError,
)
from agents.providers.reading import mapping

TIMES = ("occurred_at", "ringing_at", "answered_at", "ended_at")
Reply = CallUpdate | ProviderError | Callable[[CallRequest], CallUpdate]


class Acme(Provider):
    """Acme Voice: carries no reference of ours unless a test says so."""

    slug = "acme"
    label = "Acme Voice"
    default_base_url = "https://acme.example"
    can_carry_reference = False
    # It believes everybody, unless a test says otherwise.
    checks_signatures = False
    ask_after = tuple(timedelta(seconds=s) for s in (4, 8))

    # What it knows, by any id; what it answers to dials; what it was asked.
    known: ClassVar[dict[str, CallUpdate]] = {}
    listed: ClassVar[list[CallUpdate]] = []
    replies: ClassVar[list[Reply]] = []
    trouble: ClassVar[ProviderError | None] = None
    asked: ClassVar[list[str]] = []
    page_size: ClassVar[int] = 100

    def place_call(self, request: CallRequest) -> CallUpdate:
        """Answer as the test wants it."""
        self.asked.append(f"place {request.to_number}")
        reply = self.replies.pop(0)
        if isinstance(reply, ProviderError):
            raise reply
        return reply if isinstance(reply, CallUpdate) else reply(request)

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return a known call."""
        self._ask(f"fetch {handle.provider_call_id}")
        return self.known.get(handle.provider_call_id)

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for a call to that number that is not taken."""
        self._ask(f"find {handle.request.to_number}")
        fitting = (
            update
            for update in self.known.values()
            if update.to_number == handle.request.to_number
            and update.provider_call_id not in handle.taken
        )
        return next(fitting, None)

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return what is listed, by pages."""
        self._ask(f"list {cursor}".strip())
        first = int(cursor or 0)
        end = first + self.page_size
        more = str(end) if end < len(self.listed) else ""
        return Page(tuple(self.listed[first:end]), more)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble

    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield nothing."""
        return ()

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield nothing."""
        return ()

    def check(self) -> list[Check]:
        """Say that all is well."""
        return []

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Believe everybody."""
        return True

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Read the fields of one update."""
        told = mapping(payload)
        for name in TIMES:
            if told.get(name):
                told[name] = datetime.fromisoformat(told[name])
        return [CallUpdate(**{"occurred_at": received_at, **told})]

    @classmethod
    def knows(cls, *updates: CallUpdate) -> None:
        """Know calls, and list them, the newest first."""
        for update in updates:
            for word in (update.provider_call_id, update.other_call_id):
                cls.known |= {word: update} if word else {}
            cls.listed.insert(0, replace(update, turns=None, tools=None))


def fresh(**facts: Any) -> type[Acme]:
    """Return a provider that knows nothing yet, with other facts."""
    state: dict[str, Any] = {"known": {}, "listed": [], "asked": [], "replies": []}
    return type("FreshAcme", (Acme,), state | facts)
