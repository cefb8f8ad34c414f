"""What every provider offers Switchboard; each adapter is a subclass.

An adapter imports no models and keeps nothing: it turns our vocabulary into a
provider's words over HTTP, and back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from agents.providers.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    WishRefused,
)
from agents.providers.vocabulary import (
    Account,
    AgentFacts,
    Analysis,
    BindingFacts,
    CallHandle,
    CallRecord,
    CallRequest,
    CallUpdate,
    Check,
    InboundCall,
    Json,
    LaunchWish,
    Manner,
    NumberFacts,
    Overrides,
    Page,
    Setting,
    ToolFacts,
    TurnFacts,
    VersionFacts,
    unpaced,
)

__all__ = [
    "Account",
    "AgentFacts",
    "Analysis",
    "BindingFacts",
    "CallHandle",
    "CallRecord",
    "CallRequest",
    "CallUpdate",
    "Check",
    "InboundCall",
    "Json",
    "LaunchWish",
    "Manner",
    "NumberFacts",
    "Overrides",
    "Page",
    "Provider",
    "ProviderBusy",
    "ProviderError",
    "ProviderRefused",
    "ProviderUnclear",
    "Setting",
    "ToolFacts",
    "TurnFacts",
    "VersionFacts",
    "WishRefused",
    "unpaced",
]


class Provider:
    """What every provider offers; class attributes are facts, never `if slug == …`."""

    # Django templates would call the class: {{ connection.kind.label }} would be empty.
    do_not_call_in_templates: ClassVar[bool] = True

    slug: ClassVar[str]
    label: ClassVar[str]
    default_base_url: ClassVar[str] = ""
    settings: ClassVar[tuple[Setting, ...]] = ()
    documentation: ClassVar[str] = ""

    # It needs the words of the agent, as it has no agents of its own.
    plays_itself: ClassVar[bool] = False
    can_carry_reference: ClassVar[bool] = True
    # A call may come under ids that nobody says are the same: our reference decides.
    ids_may_differ: ClassVar[bool] = False
    # A repeat of a dial with the same reference returns the first call there.
    dials_once: ClassVar[bool] = False
    can_hang_up: ClassVar[bool] = False
    can_bind_inbound: ClassVar[bool] = False
    can_bind_outbound: ClassVar[bool] = False
    # Several agents can share a direction of a number, each with its weight.
    has_shares: ClassVar[bool] = False
    has_versions: ClassVar[bool] = False
    has_web_calls: ClassVar[bool] = False
    has_sip_headers: ClassVar[bool] = False
    has_overrides: ClassVar[bool] = False
    # Fields of the provider's own can be sent for one call, as `overrides.raw`.
    has_raw_fields: ClassVar[bool] = False
    has_trunks: ClassVar[bool] = False
    has_variables: ClassVar[bool] = True
    # The agent has the caller number; none can be named for a call.
    picks_caller: ClassVar[bool] = False
    # By carrier, the countries (ISO alpha-2) that numbers bought from the provider may
    # call; a carrier that is not there may call any, as far as it is stated.
    bought_numbers_call: ClassVar[Mapping[str, frozenset[str]]] = {}
    # A number calls nobody until an agent is bound to its calls out.
    numbers_need_agents: ClassVar[bool] = False
    # What of an agent a client may override for one call, as `overrides.raw` names it;
    # empty: not stated.
    override_groups: ClassVar[frozenset[str]] = frozenset()
    # Requests a minute that an account may make, all together; 0: no limit is known.
    requests_per_minute: ClassVar[int] = 0
    has_webhooks: ClassVar[bool] = True
    webhooks_are_signed: ClassVar[bool] = True
    # A webhook only says that there is something to ask, signed or not. An account
    # without a secret to check signatures with sets it on itself.
    webhooks_are_hints: bool = False
    # Some ends are told by no webhook: open calls are asked about all the same.
    webhooks_may_miss: ClassVar[bool] = False
    # Bytes that every "a caller is ringing, what to do?" webhook holds; empty: none.
    inbound_marker: ClassVar[bytes] = b""
    # Ask about an open call that has been silent for this long.
    poll_after: ClassVar[timedelta] = timedelta(seconds=20)
    # When to ask about an unclear dial, counted from the dial; after the last, it is
    # lost.
    ask_after: ClassVar[tuple[timedelta, ...]] = tuple(
        timedelta(seconds=seconds) for seconds in (4, 8, 16, 30)
    )
    # A call cannot last longer than this; past it, and unknown to the provider, it ends.
    longest_call: ClassVar[timedelta] = timedelta(hours=2, minutes=10)

    def __init__(self, account: Account) -> None:
        self.account = account

    @property
    def checks_signatures(self) -> bool:
        """Whether this account takes a webhook only with a signature that fits."""
        return self.webhooks_are_signed

    # calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once. Raise WishRefused, ProviderRefused, -Busy, -Unclear."""
        raise NotImplementedError

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what the provider knows of a call whose id we have; None: unknown."""
        raise NotImplementedError

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for a call by our reference after an unclear dial; None: not there."""
        raise NotImplementedError

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return calls that started at or after `since`, newest first, by pages.

        What of a call is not in the list stays unknown; it may be fetched.
        """
        raise NotImplementedError

    def hang_up(self, handle: CallHandle) -> None:
        """Ask the provider to end a live call."""
        raise WishRefused(f"{self.label} offers no way to hang up a call.")

    # agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every agent with its versions."""
        raise NotImplementedError

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield every phone number with what is bound to it."""
        raise NotImplementedError

    def bind(self, number: str, direction: str, binding: BindingFacts) -> None:
        """Bind or, with an empty agent id, unbind an agent. Direction: in-, outbound."""
        raise WishRefused(f"{self.label} offers no way to bind agents to numbers.")

    def check(self) -> list[Check]:
        """Try the account and say in words what works and what does not."""
        raise NotImplementedError

    # webhooks in
    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Tell in constant time whether the body is theirs. Header names: lower case."""
        raise NotImplementedError

    def signature_headers(self) -> tuple[str, ...]:
        """Return the headers, in lower case, that a webhook's origin is read from."""
        return ()

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Turn decoded JSON into updates; an unknown event gives an empty list."""
        raise NotImplementedError

    def parse_inbound(self, payload: Any) -> InboundCall | None:
        """Return the ringing call when the payload asks what to do with one."""
        return None

    def answer_inbound(
        self, agent_id: str, variables: Mapping[str, str], version: int | None = None
    ) -> Json:
        """Render our answer to `parse_inbound`; the empty id leaves their agent.

        No version is the latest one.
        """
        return {}

    # what is wished
    def refuse_wish(self, wish: LaunchWish) -> tuple[str, str]:
        """Say which field of a wish cannot be honoured, and why; empty: all of it can.

        Only what the facts above do not say already. Field: our API's name.
        """
        return "", ""

    # recordings
    def recording(self, url: str) -> tuple[str, dict[str, str]]:
        """Return the whole address of a recording and the headers to fetch it with.

        Our key goes along to the account's own host only, and only where it is needed.
        """
        return url, {}

    # as a stand-in
    def manner(self, to_number: str) -> Manner:
        """Say how a compat client that dials this number is to be treated."""
        return Manner()
