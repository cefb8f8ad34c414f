"""UponAI as we call it: one class for Switchboard, over the modules beside it.

Reference: https://documentation.uponai.com/api-reference/calls/create-phone-call
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from agents.providers import badge, http
from agents.providers.base import (
    Account,
    AgentFacts,
    BindingFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    InboundCall,
    Json,
    LaunchWish,
    NumberFacts,
    Overrides,
    Page,
    Provider,
    ProviderUnclear,
    Setting,
    WishRefused,
)
from agents.providers.uponai import calls, catalog, checks, facts, numbers
from agents.providers.uponai.line import BASE_URL, LABEL, Line, says_no, utc_now
from agents.providers.uponai.wish import order, placed, with_join
from agents.providers.uponai.words import SIGNATURE_HEADER
from agents.providers.voicewire.facts import (
    INBOUND_MARKER,
    event_of,
    inbound,
    inbound_answer,
)

# What a web call is not known to take, by our API's name.
NOT_FOR_WEB = {
    "overrides": "overrides for one call",
    "agent_version": "a version of the agent",
    "sip_headers": "SIP headers",
    "trunk_name": "a choice of trunk",
}


class UponAI(Provider):
    """UponAI."""

    slug = "uponai"
    label = LABEL
    default_base_url = BASE_URL
    documentation = "https://documentation.uponai.com/Accounts/keys/api-keys-overview"
    settings = (
        Setting("api_key", "API key", "In UponAI under your profile settings."),
        Setting(
            "webhook_key",
            "Webhook key",
            "The API key that carries the webhook badge in UponAI. Leave it empty when "
            "it is the same key.",
            is_required=False,
        ),
        Setting(
            "account_sid",
            "Account SID",
            "The telephony account, such as 29e90072-fb58-4c6c-870a-43005115131e, from "
            "UponAI's dashboard. Phone numbers need it.",
            is_secret=False,
            is_required=False,
        ),
        Setting(
            "workspace_id",
            "Workspace id",
            "The number of your workspace in UponAI. Agents, bindings and the call "
            "history need it.",
            is_secret=False,
            is_required=False,
        ),
        Setting(
            "signature_header",
            "Header of the signature",
            "In which UponAI signs its webhooks. Its guide names this one.",
            is_secret=False,
            is_required=False,
            default=SIGNATURE_HEADER,
        ),
    )
    # Whether its four call ids are the same is not documented (contract sheet, 12.2).
    ids_may_differ = True
    can_bind_inbound = True
    can_bind_outbound = True
    has_shares = True
    has_versions = True
    # Not documented, but seen on UponAI's own website (contract sheet, section 1.2).
    has_web_calls = True
    has_sip_headers = True
    has_overrides = True
    has_trunks = True
    # "A number can neither receive nor place calls until agents are bound" (contract
    # sheet, section 5). Which 15 countries bought numbers may call is not in the sheet.
    numbers_need_agents = True
    inbound_marker = INBOUND_MARKER
    # A repeat would ring twice there, and how soon a call is in the list is not
    # documented: we ask for longer before we call one lost.
    ask_after: ClassVar[tuple[timedelta, ...]] = tuple(
        timedelta(seconds=seconds) for seconds in (4, 8, 16, 30, 60)
    )

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.line = Line(account)

    # --- calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once. Either level of the answer may say that it failed."""
        if request.type == "web" and request.overrides != Overrides():
            raise WishRefused(_not_for_web("overrides"))
        path, body = order(request)
        asked_at = utc_now()
        answer = self.line.ask("POST", path, json=body, read_seconds=http.DIAL_SECONDS)
        call = placed(answer)
        is_named = bool(facts.ids(call)[0])
        if says_no(answer) and not is_named:
            raise self.line.refusal(answer)
        if says_no(answer):
            raise ProviderUnclear(f"{LABEL} said that it failed, but named a call.")
        update = facts.call_update(call, asked_at)
        if request.type == "web":
            return self._joined(request, with_join(update, call))
        if not is_named:
            raise ProviderUnclear(f"{LABEL} answered without a call id.")
        return update

    def _joined(self, request: CallRequest, update: CallUpdate) -> CallUpdate:
        if not (update.join or {}).get("access_token"):
            raise ProviderUnclear(f"{LABEL} answered without an access token.")
        # It takes no metadata that could bring our reference back.
        return replace(update, reference=request.reference)

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what UponAI knows of a call; None when it does not know the id."""
        return calls.fetch(self.line, handle)

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for a call by our reference after an unclear dial; None: not there."""
        return calls.find(self.line, handle)

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return a page of the calls since then; their order is not documented."""
        return calls.page(self.line, since, cursor)

    def refuse_wish(self, wish: LaunchWish) -> tuple[str, str]:
        """Refuse for a web call what only a phone call can be told."""
        if wish.type != "web":
            return "", ""
        wanted = {
            "overrides": wish.overrides != Overrides(),
            "agent_version": wish.agent_version not in (None, "", "latest"),
            "sip_headers": bool(wish.sip_headers),
            "trunk_name": bool(wish.trunk_name),
        }
        field = next((name for name, is_wished in wanted.items() if is_wished), "")
        return (field, _not_for_web(field)) if field else ("", "")

    # --- agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every voice agent with its versions; their prompts are not offered."""
        return catalog.agents(self.line)

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield every phone number; none where the account SID is not set."""
        if self.line.account_sid:
            yield from map(numbers.number, numbers.listed(self.line))

    def bind(self, number: str, direction: str, binding: BindingFacts) -> None:
        """Put an agent on the number, several with their weights, or none."""
        numbers.put(self.line, number, direction, binding)

    def check(self) -> list[Check]:
        """Try the account: the key, the workspace, agents, numbers, webhooks."""
        return checks.check(self.line)

    # --- webhooks
    def signature_headers(self) -> tuple[str, ...]:
        """Return the header that carries the signature: that of the platform below."""
        name = self.line.setting("signature_header") or SIGNATURE_HEADER
        return (name.lower(),)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Check the badge: `v=<ms>,d=<hex>`, ± 5 minutes."""
        key = self.line.setting("webhook_key") or self.line.key
        (name,) = self.signature_headers()
        return badge.is_signed(headers.get(name, ""), body, key, now)

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Turn an event about a call into its update; other events say nothing."""
        event, call = event_of(payload)
        if not facts.ids(call)[0]:
            return []
        return [facts.call_update(call, received_at, event)]

    def parse_inbound(self, payload: Any) -> InboundCall | None:
        """Return the ringing call of a `call_inbound` event; it has no id yet."""
        return inbound(payload)

    def answer_inbound(
        self, agent_id: str, variables: Mapping[str, str], version: int | None = None
    ) -> Json:
        """Say who answers and what they are told; everything in it is optional."""
        return inbound_answer(agent_id, variables, version)


def _not_for_web(field: str) -> str:
    return f"{LABEL}'s web calls are not known to take {NOT_FOR_WEB[field]}."
