"""The vocabulary between Switchboard and every voice provider, both ways.

Dataclasses in, dataclasses out. An adapter turns these into a provider's words and
back; nothing else in the project knows a provider's words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

Json = dict[str, Any]
T = TypeVar("T")


# --- What we ask ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Overrides:
    """Settings of an agent for one call. `raw` is in the provider's own words."""

    voice: str = ""
    model: str = ""
    opening_line: str = ""
    max_duration_ms: int | None = None
    raw: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One wish to call. `reference` is our call's id; `attempt` counts from 1.

    `prompt` and `opening_line` are those of the agent version, for a provider that
    plays by itself; others know their agents. `at_door` says that a compat client
    launched it, whose side of any scripted trouble was already played.
    """

    reference: str
    type: str
    agent_id: str
    to_number: str = ""
    from_number: str = ""
    agent_version: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=Overrides)
    sip_headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    trunk_name: str = ""
    customer_name: str = ""
    ignore_e164_validation: bool = False
    agent_name: str = ""
    prompt: str = ""
    opening_line: str = ""
    attempt: int = 1
    at_door: bool = False


@dataclass(frozen=True, slots=True)
class CallHandle:
    """A call we asked for, as a provider needs it to be asked about it again."""

    request: CallRequest
    provider_call_id: str = ""
    dialed_at: datetime | None = None
    hang_up_requested_at: datetime | None = None
    # Ids that other calls of ours to that number have, for a provider that cannot
    # carry our reference: none of them is the call we look for.
    taken: frozenset[str] = frozenset()
    other_call_id: str = ""  # a second id, where the provider has two


# --- What we learn -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TurnFacts:
    """One thing said. Times are ms from the start of the call's audio."""

    role: str  # agent, callee, other
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    latency_ms: int | None = None
    is_interrupted: bool = False

    def words(self) -> list[tuple[str, float, float]]:
        """Return each word with its start and end in ms, spread evenly over the turn.

        Empty where the turn has no words or no times.
        """
        said, start, end = self.text.split(), self.start_ms, self.end_ms
        if not said or start is None or end is None:
            return []
        step = (end - start) / len(said)
        return [
            (word, start + step * n, start + step * (n + 1))
            for n, word in enumerate(said)
        ]


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """One tool the agent used. `after_turn` is the index of the turn before it, or -1."""

    name: str
    tool_id: str = ""
    arguments: str = ""  # JSON as text, as providers send it
    result: str = ""
    succeeded: bool | None = None
    start_ms: int | None = None
    duration_ms: int | None = None
    after_turn: int = -1


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the provider concluded after the call."""

    summary: str = ""
    sentiment: str = ""  # positive, neutral, negative, unknown, or empty
    successful: bool | None = None
    custom: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallUpdate:
    """What a reply, a webhook or a poll says of one call; None or empty is unknown.

    `status`, `end_reason`, `answered_by` are our words, `*_raw` theirs. `turns` and
    `tools` are whole (they replace what was known) when not None. `occurred_at` says
    how new the facts are. `other_call_id` is a second id, where a provider has two. The
    last block serves calls we did not start.
    """

    provider_call_id: str = ""
    other_call_id: str = ""
    reference: str = ""
    occurred_at: datetime | None = None
    status: str = ""
    status_raw: str = ""
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    answered_by: str = ""
    end_reason: str = ""
    end_reason_raw: str = ""
    fault: str = ""
    turns: tuple[TurnFacts, ...] | None = None
    tools: tuple[ToolFacts, ...] | None = None
    latency: Json | None = None
    analysis: Analysis | None = None
    cost: Decimal | None = None
    # What the cost is made of, by the provider's names: amounts as texts, for JSON.
    cost_parts: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"
    recording_url: str = ""
    join: Json | None = None
    ask_again_at: datetime | None = None
    type: str = "phone"
    direction: str = ""
    from_number: str = ""
    to_number: str = ""
    agent_id: str = ""
    agent_version: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a provider's list; `next` is opaque, empty at the end."""

    items: tuple[T, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of an agent at the provider."""

    version: int
    is_published: bool = False
    prompt: str = ""
    opening_line: str = ""
    voice: str = ""
    model: str = ""
    language: str = ""
    title: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """An agent at the provider, with the versions it has."""

    agent_id: str
    name: str
    versions: tuple[VersionFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingFacts:
    """Which agent (empty id: off) answers or calls; version None means latest."""

    agent_id: str = ""
    version: int | None = None
    # More than one agent, or a version that is no number: their own rows, kept whole.
    # Read by the pages: agent_id, agent_version, weight (any scale; may be missing).
    weights: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """A phone number at the provider."""

    number: str
    label: str = ""
    carrier: str = ""  # twilio, telnyx, custom
    countries: tuple[str, ...] = ()  # allowed outbound; empty: all
    inbound: BindingFacts = field(default_factory=BindingFacts)
    outbound: BindingFacts = field(default_factory=BindingFacts)
    trouble: str = ""  # what the provider says is wrong with it, for a person


@dataclass(frozen=True, slots=True)
class Check:
    """One thing "Check" looked at, in words."""

    name: str
    is_ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class InboundCall:
    """A caller is ringing and the provider asks what to do."""

    from_number: str
    to_number: str
    agent_id: str = ""
    provider_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a stand-in behaves toward its compat client; real providers have none.

    `reply`: ok, error (500, nothing placed), lost (nothing placed, no answer),
    lost_placed (placed, no answer). `busy_first`: how many 429 before it places.
    `webhooks`: once, twice_reversed, no_end, none.
    """

    reply: str = "ok"
    busy_first: int = 0
    webhooks: str = "once"


# --- What a provider needs from us ---------------------------------------------------
def unpaced() -> None:
    """Let a request go at once: nobody counts it."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach one account at a provider; secrets are only ever in here.

    `pace` is called before each request: it counts it, may wait for its turn, and may
    raise ProviderBusy (`agents/budget.py`).
    """

    base_url: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    pace: Callable[[], None] = field(default=unpaced, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the connection form: a `--set` name, its label and its help.

    `default` holds where nothing is set; only one that is no secret has one. `choices`
    are all the values it can have; empty: any.
    """

    name: str
    label: str
    help: str = ""
    is_secret: bool = True
    is_required: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()


# --- What we show as a provider ------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallRecord:
    """A whole call in our words, for a `server.py` or our own API to render."""

    id: str
    status: str
    type: str
    direction: str
    agent_id: str
    agent_name: str
    agent_version: int
    from_number: str
    to_number: str
    created_at: datetime
    update: CallUpdate
    overrides: Overrides
    variables: Mapping[str, str]
    sip_headers: Mapping[str, str]
    metadata: Json
    external_id: str = ""
    # In which dialect it was launched; empty: in none.
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class LaunchWish:
    """A launch request read from a client's dialect; numbers and ids as written."""

    to_number: str = ""
    from_number: str = ""
    agent_id: str = ""
    agent_version: int | str | None = None
    type: str = "phone"
    variables: Mapping[str, Any] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=Overrides)
    sip_headers: Mapping[str, Any] = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    trunk_name: str = ""
    customer_name: str = ""
    ignore_e164_validation: bool = False
    external_id: str = ""
    idempotency_key: str = ""
