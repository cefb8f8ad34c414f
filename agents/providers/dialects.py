"""Answering as a provider: what its `server.py` offers to the door and the outbox.

Every function of a `server.py` is pure: who asks, what is stored and what is dialled is
decided in `calls/api/`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from agents.providers.listing import AgentRecord, ListWish, NumberRecord
from agents.providers.vocabulary import BindingFacts, CallRecord, Json, LaunchWish

# A status of HTTP and the body that goes with it.
Reply = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose data a client sees: our workspace, as a provider's account."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Door:
    """One request at the door, as far as a dialect needs to know it.

    `id` and `account` are those in the address, as the client wrote them.
    """

    action: str
    tenant: Tenant
    id: str = ""
    account: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)


class Routes:
    """The addresses of a dialect: (method, path with {id} and {account}, action)."""

    def __init__(self, *routes: tuple[str, str, str]) -> None:
        self.patterns = tuple(
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), action)
            for method, path, action in routes
        )

    def match(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the action an address stands for and its ids; None: no such one."""
        for known, pattern, action in self.patterns:
            found = pattern.fullmatch(path)
            if found and known == method:
                return action, found.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods an address takes; none: there is no such address."""
        found = {m for m, pattern, _ in self.patterns if pattern.fullmatch(path)}
        return sorted(found)


def bearer(headers: Mapping[str, str]) -> str:
    """Return the key of an `Authorization: Bearer` header; empty: there is none."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


class SignedWith(StrEnum):
    """What signs the webhooks of a dialect, where nobody said otherwise."""

    SECRET = "secret"  # the endpoint's own
    API_KEY = "api_key"  # the key that launched the call
    NOTHING = ""


# Waits in seconds before a webhook that was not taken is sent again. Where a provider
# says how often (three times), it does not say when; the others say neither.
THREE_RETRIES = (5.0, 30.0, 120.0)


class Telling(Protocol):
    """What is told of changes of calls, when, and how often it is tried."""

    SIGNED_WITH: SignedWith

    @property
    def EVENTS(self) -> Sequence[str]:
        """Every event that is ever told, in the order in which they happen."""

    @property
    def RETRIES(self) -> Sequence[float]:
        """The waits in seconds before a webhook is sent again, then given up."""

    def events(self, before: str, status: str, changed: Collection[str]) -> list[str]:
        """Return the events that a change of a call gives, in order."""

    def is_wanted(self, event: str, chosen: Collection[str]) -> bool:
        """Tell whether an endpoint that chose these events wants this one."""

    def is_terminal(self, event: str) -> bool:
        """Tell whether the event says that a call is over."""


class Voice(Telling, Protocol):
    """What the outbox asks of a `server.py`: how changes of calls are told."""

    # Whether a webhook cannot go out without a key to sign it with.
    NEEDS_KEY: bool

    def webhook(self, event: str, record: CallRecord, tenant: Tenant) -> Json:
        """Render the body of a webhook."""

    def headers(self, body: bytes, key: str, now_ms: int) -> dict[str, str]:
        """Return the headers of a webhook, its signature among them."""


class Server(Voice, Protocol):
    """What the door asks of every `server.py`."""

    ROUTES: Routes
    KEY_MISSING: str

    @property
    def PERMISSIONS(self) -> Mapping[str, Sequence[str]]:
        """The permissions a key can have there, each with our scopes for it."""

    def credentials(
        self, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> tuple[str, str | None]:
        """Return the key a client sent, and the secret where the dialect has pairs.

        Header names are lower case; what is missing is empty, and None means that
        there is no secret in this dialect.
        """

    def error(self, status: int, code: str, message: str, field: str = "") -> Reply:
        """Return an error in the dialect's own shape.

        `code` is a code of the gate (`calls/refusals.py`), `permission_denied`,
        `not_found`, `method_not_allowed`, `provider_error`, or empty.
        """


class Dialect(Server, Protocol):
    """What the common actions of `calls/api/dialect.py` ask of a `server.py`."""

    # The statuses of HTTP for a launch are in what `launched` returns.
    def wish(self, door: Door) -> LaunchWish:
        """Read a launch; raise WishRefused with what is wrong."""

    def launched(self, door: Door, call: CallRecord) -> Reply:
        """Answer a launch."""

    def read_call_id(self, written: str) -> str:
        """Return our id from one a client wrote: a UUID, or digits of `numeric`."""

    def call(self, door: Door, call: CallRecord) -> Json:
        """Answer with one call."""

    def list_wish(self, door: Door) -> ListWish:
        """Read what a client asks of the list of calls."""

    def calls(
        self, door: Door, calls: Sequence[CallRecord], wish: ListWish, total: int
    ) -> Any:
        """Answer with a page of calls; `total` counts all pages where that is wished."""

    def agents(self, door: Door, agents: Sequence[AgentRecord]) -> Any:
        """Answer with agents: all there are is given; filters and pages are here."""

    def agent(self, door: Door, agent: AgentRecord) -> Any:
        """Answer with one agent."""

    def numbers(self, door: Door, numbers: Sequence[NumberRecord]) -> Any:
        """Answer with numbers: all there are is given; filters and pages are here."""

    def number(self, door: Door, number: NumberRecord) -> Any:
        """Answer with one number, also after it was bound."""

    def bindings(self, door: Door) -> Mapping[str, BindingFacts]:
        """Read a binding: by direction, what is to be bound; the rest stays.

        Raise WishRefused for what cannot be kept here.
        """
