"""What a provider tells the shared contract test: its wire words, as tables.

A module `<slug>.py` in this folder holds one `STAGE = Stage(…)`; `test_contract.py` finds
it and plays every scene on it. Write what the sheet says, not what the client does:
paths, bodies and answers are the provider's, what is expected is in our words.

Ids, numbers and times below are the same for all, so that a scene reads alike everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx

from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    CallRequest,
    InboundCall,
    LaunchWish,
    NumberFacts,
    Provider,
)

REFERENCE = "019b0000-0000-7000-8000-000000000001"
OTHER_REFERENCE = "019b0000-0000-7000-8000-0000000000ff"
TO, FROM = "+12137771234", "+14157774444"
OTHER_NUMBER = "+12137779999"
# When the unclear dial left us, and the "now" of signatures and webhooks.
DIALED_AT = datetime(2026, 1, 1, 0, 0, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 1, 0, 5, 0, tzinfo=UTC)
# The status word that no provider has.
ODD_WORD = "moonwalking"

# What the network answers: "METHOD /decoded/path" → JSON (sent with 200), an
# httpx.Response (see `reply`), an exception, a function of the request, or a list of
# these, given one after another (the last one stays). JSON arrays: `reply(200, [...])`.
Scene = Mapping[str, Any]
# Fields of a CallUpdate (or InboundCall …) and what they must be; the rest is free.
Fields = Mapping[str, Any]


def reply(status: int, json: Any = None, **headers: str) -> httpx.Response:
    """Return an answer with a status; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if json is None:
        return httpx.Response(status, headers=named)
    return httpx.Response(status, json=json, headers=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that must go out. Compared exactly, but for `headers` (those named).

    `path` is as it stands on the wire, percent-encoded, without the query; `params` is
    the whole query, values as text; `body` the decoded JSON, None where there is none.
    """

    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The key of this request in a Scene."""
        return f"{self.method} {unquote(self.path)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A call that is placed: the wish, the network, the one dial, what is learned.

    The wish has REFERENCE, TO and, where a caller can be named, FROM. `scene` holds the good answer to `ask` too, and to whatever may be read before it.
    """

    request: CallRequest
    scene: Scene
    ask: Ask
    told: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What `fetch_call(Stage.call_id)` must make of a scene."""

    scene: Scene
    told: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook's decoded body, and one `Fields` for each update it gives.

    `told` is empty for events that say nothing of a call.
    """

    payload: Any
    told: tuple[Fields, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error of the sheet for a dial: certain, so ProviderRefused, with our code.

    `words`: a part of the provider's own words that a person must be shown.
    """

    answer: Any
    code: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Three pages of `list_calls(since)`: answers in order, ids and requests by page."""

    since: datetime
    scene: Scene
    ids: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    asks: tuple[Ask, Ask, Ask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A binding: `ask` is the last request sent; reading before it is free."""

    direction: str
    number: str
    binding: BindingFacts
    scene: Scene
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something a provider is told to do: the network, and the last request sent."""

    scene: Scene
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A call as the provider's list is to show it; `Stage.listed` writes it in theirs.

    `reference` stands where the provider carries ours, and is ignored where it cannot.
    """

    id: str
    reference: str = REFERENCE
    agent_id: str = ""  # empty: the agent of `Stage.place_plain`
    to_number: str = TO
    from_number: str = FROM
    direction: str = "outbound"
    started_at: datetime = DIALED_AT


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One provider, as the contract test plays it."""

    client: type[Provider]
    # Every `--set` name, required or not, with values made up and unmistakable.
    credentials: Mapping[str, str]
    # Headers that every request carries, the key among them.
    headers: Mapping[str, str]
    base_url: str = ""

    # --- placing
    # With every parameter of the sheet that a phone call can have; `to_number` is TO.
    place: Place
    # With nothing but what must be given: shows that no empty field is sent.
    place_plain: Place
    # Exactly when the fact `has_web_calls` holds.
    place_web: Place | None = None
    # 2xx answers that hold no id, or leave open whether a call was placed.
    unclear: Mapping[str, Any]
    # Each error the sheet names, but 429 and 5xx.
    refusals: Mapping[str, Refusal]
    # The body of a 429, in the provider's shape.
    busy_body: Any
    # Wishes that `refuse_wish` must refuse, by the field it names. What the facts
    # (has_overrides …) say already is not here.
    wishes_refused: Mapping[str, LaunchWish] = field(default_factory=dict)

    # --- asking
    # The id by which the calls of the scenes below are fetched.
    call_id: str
    # By name: dialing, in_progress, ended, busy, no_answer. A call that the provider has
    # and nobody answered yet is `ringing` in our words: it moves an unclear dial on.
    # `ended` must tell units: duration_ms, ended_at and cost.
    states: Mapping[str, Told]
    # A state above, or a field of `ended`, that the sheet gives no words for, and why.
    never_told: Mapping[str, str] = field(default_factory=dict)
    # The call does not exist: None.
    unknown_call: Scene
    # The call exists and its status is ODD_WORD.
    unknown_status: Scene
    # Calls of the account in the provider's list, as `find_call` may read them after
    # the wish of `place_plain` was sent at DIALED_AT and no answer came.
    listed: Callable[[Sequence[Listed]], Scene]
    pages: Pages

    # --- webhooks
    # Each documented event and condition, by a name.
    events: Mapping[str, Event]
    unknown_event: Any
    # Whether by webhook or by asking: an inbound call, with direction and numbers.
    inbound_call: Event | Told
    # Headers of a webhook sent at that time; None where nothing is signed.
    sign: Callable[[bytes, datetime], Mapping[str, str]] | None
    # Whether the signature has a time, so that an old one is refused.
    signature_ages: bool = True
    # "A caller is ringing, what to do?": the payload, the call, our answer rendered for
    # agent "agent_x" and variables {"name": "Jamie"}. Exactly when `inbound_marker` is set.
    ringing: tuple[Any, InboundCall, Any] | None = None

    # --- agents and numbers
    agents: tuple[Scene, tuple[AgentFacts, ...]]
    numbers: tuple[Scene, tuple[NumberFacts, ...]]
    # At least one for each direction whose fact `can_bind_…` holds; none for others.
    binds: tuple[Bind, ...] = ()
    # Exactly when the fact `can_hang_up` holds.
    hang_up: Order | None = None
