"""Zudu AI as we call it: calls, numbers, webhooks. Agents are read in `catalog.py`.

Reference: https://docs.zudu.ai/api-reference/introduction, whose two generations of
pages disagree; the contract sheet says which is which.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from agents.providers import checking, http
from agents.providers.base import (
    AgentFacts,
    BindingFacts,
    CallHandle,
    CallRequest,
    CallUpdate,
    Check,
    Json,
    LaunchWish,
    NumberFacts,
    Page,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    Setting,
)
from agents.providers.reading import mapping, text
from agents.providers.zudu import catalog, facts
from agents.providers.zudu.answers import data
from agents.providers.zudu.calls import CallList
from agents.providers.zudu.wish import refuse_numbers, wish, with_join

# Where a webhook may name its call: the payload is undocumented (section 7).
PLACES: tuple[tuple[str, ...], ...] = ((), ("call",), ("data",), ("data", "call"))


class Zudu(Provider):
    """Zudu AI."""

    slug = "zudu"
    label = "Zudu AI"
    default_base_url = "https://api.zudu.ai"
    documentation = "https://docs.zudu.ai/quick-start/authentication"
    settings = (
        Setting("api_key", "API key", "Begins with sk_. Zudu sends it as X-API-KEY."),
        Setting(
            "api_secret",
            "API secret",
            "Begins with s3cr3t_. Zudu shows it once, together with the API key; both "
            "are needed.",
        ),
    )
    can_bind_inbound = True
    can_bind_outbound = True
    has_web_calls = True
    # On single calls none are documented; batch tasks have them (section 8).
    has_variables = False
    # There is one webhook, after the call, and nothing in it proves whose it is.
    webhooks_are_signed = False
    webhooks_are_hints = True
    # Whether it comes for calls that failed or nobody answered is undocumented.
    webhooks_may_miss = True
    # No event tells of the answer: asking does.
    poll_after: ClassVar[timedelta] = timedelta(seconds=5)

    # --- calls
    def place_call(self, request: CallRequest) -> CallUpdate:
        """Ask for the call, once; a repeat would ring again (there is no key for it)."""
        path, body = wish(request)
        now = _now()
        answer = self.ask("POST", path, json=body, read_seconds=http.DIAL_SECONDS)
        held = mapping(data(answer))
        update = facts.call_update(mapping(held.get("call")), now)
        if not update.provider_call_id:
            raise ProviderUnclear(f"{self.label} answered without a call id.")
        return with_join(update, held) if request.type == "web" else update

    def fetch_call(self, handle: CallHandle) -> CallUpdate | None:
        """Return what Zudu knows of the call; None when it does not know the id."""
        path = f"/api/calls/{_part(handle.provider_call_id)}"
        try:
            answer = self.ask("GET", path)
        except ProviderRefused as error:
            if error.status == 404:
                return None
            raise
        update = facts.call_update(facts.call_object(answer), _now())
        if update.provider_call_id != handle.provider_call_id:
            raise ProviderUnclear(f"{self.label} answered without this call.")
        return update

    def find_call(self, handle: CallHandle) -> CallUpdate | None:
        """Look for the call that carries our reference; None: it is not there."""
        dialed_at = handle.dialed_at or _now()
        request = handle.request
        found = self._calls().find(request.agent_id, request.reference, dialed_at)
        if len({text(call.get("call_id")) for call in found}) > 1:
            raise ProviderUnclear(
                f"{self.label} has more than one call with our reference; a person "
                "must decide which one this is."
            )
        return facts.call_update(found[0], _now()) if found else None

    def list_calls(self, since: datetime, cursor: str = "") -> Page[CallUpdate]:
        """Return calls that began, or failed to, at or after `since`, newest first.

        What only is a record, or waits for its time, is left out: it is no call yet.
        """
        page = self._calls().page(since, cursor)
        now = _now()
        updates = (facts.call_update(call, now) for call in page.items)
        return Page(tuple(u for u in updates if u.provider_call_id), page.next)

    # --- agents and numbers
    def list_agents(self) -> Iterable[AgentFacts]:
        """Yield every agent with its words."""
        return catalog.agents(self.ask)

    def list_numbers(self) -> Iterable[NumberFacts]:
        """Yield every phone number with what is bound to it."""
        for row in catalog.pages(self.ask, "/api/phone-numbers", "phone_numbers"):
            if text(row.get("phone_number")):
                yield facts.number(row)

    def bind(self, number: str, direction: str, binding: BindingFacts) -> None:
        """Put an agent on the number; null takes it off, fields left out stay.

        The version goes along with every agent, as the number would else keep the one
        of the agent before.
        """
        body: Json = {f"{direction}_agent_id": binding.agent_id or None}
        if binding.agent_id:
            version = binding.version
            known = facts.ONLY_VERSION if version is None else version
            body[f"{direction}_agent_version"] = known
        self.ask("PATCH", f"/api/phone-numbers/{_part(number)}", json=body)

    def check(self) -> list[Check]:
        """Try the account: both keys, then what may be read with them."""
        both = "API key and secret"
        looks = (
            (both, self._check_keys),
            ("Phone numbers", self._check_numbers),
            ("Calls", self._check_calls),
        )
        after = [_about_webhooks()]
        return checking.tried(looks, _mend, vital=(both,), after=after)

    def _check_keys(self) -> str:
        catalog.read_page(self.ask, "/api/agents", "agents", limit=1)
        return "Both are accepted, and agents can be listed."

    def _check_numbers(self) -> str:
        catalog.read_page(self.ask, "/api/phone-numbers", "phone_numbers", limit=1)
        return "Phone numbers can be listed."

    def _check_calls(self) -> str:
        self._calls().newest(1)
        return "Calls can be listed, so that silent ones can be asked about."

    # --- webhooks
    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Let any body in: nothing is signed, and it only makes us ask.

        What protects the address is the long random part in its path.
        """
        return True

    def parse_webhook(self, payload: Any, received_at: datetime) -> list[CallUpdate]:
        """Say which call there is something to ask about; without one, nothing."""
        for place in PLACES:
            held = mapping(payload)
            for name in place:
                held = mapping(held.get(name))
            if call_id := text(held.get("call_id"), 160):
                return [CallUpdate(provider_call_id=call_id, ask_again_at=received_at)]
        return []

    # --- what is wished
    def refuse_wish(self, wish: LaunchWish) -> tuple[str, str]:
        """Refuse numbers that are not E.164, and a call from a number to itself."""
        to, caller = wish.to_number.strip(), wish.from_number.strip()
        # Where the check is on, we make E.164 of any way to write a number.
        is_sent_as_is = wish.ignore_e164_validation or to == caller
        if wish.type == "web" or not is_sent_as_is:
            return "", ""
        return refuse_numbers(to, caller)

    # --- asking
    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send one request to the account; raises ProviderError in words."""
        base = (self.account.base_url or self.default_base_url).rstrip("/")
        keys = self.account.credentials
        headers = {
            "X-API-KEY": str(keys.get("api_key", "")),
            "X-API-SECRET": str(keys.get("api_secret", "")),
        }
        parts |= {"label": self.label, "headers": headers, "pace": self.account.pace}
        return http.request(method, base + path, **parts)

    def _calls(self) -> CallList:
        return CallList(self.ask)


def _about_webhooks() -> Check:
    words_ = (
        "Zudu signs nothing, so a webhook only makes us ask: the address is its only "
        "protection, and silent calls are asked about all the same."
    )
    return Check("Webhooks", True, words_)


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _part(value: str) -> str:
    """Return an id or a number (whose plus must be encoded) as one part of a path."""
    return quote(value, safe="")


def _mend(name: str, error: ProviderError) -> str:
    """Say what to do about a failed check."""
    if error.status == 401:
        return f"{error.message} Paste the API key and the API secret again."
    if error.status == 403:
        return f"{error.message} Use a key pair that may read this."
    if error.status in (0, 404):
        return f"{error.message} Check the base URL."
    return error.message
